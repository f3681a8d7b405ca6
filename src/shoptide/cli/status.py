"""`shoptide status`: the health of every sync, from the ledger alone."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import Session, open_session
from shoptide.ledger import Ledger
from shoptide.serve.health import health_of


@click.command("status")
@with_flags
@click.pass_context
def command(context: click.Context) -> None:
    """Show the health of every sync: Pending, Healthy, Incomplete, Failed or Delayed.

    Works while another process holds the warehouse.
    """
    flags = flags_of(context)
    session = open_session(flags)
    with session.ledger() as ledger:
        syncs = [_sync(session, ledger, "pull", name) for name in session.config.pulls]
        syncs += [_sync(session, ledger, "push", name) for name in session.config.pushes]
    if flags.json:
        output.document({"syncs": syncs})
        return
    rows = [(each["kind"], each["name"], each["health"], each["last_run"], each["told"]) for each in syncs]
    output.table(["kind", "name", "health", "last run", "what it did"], rows)


def _sync(session: Session, ledger: Ledger, kind: str, name: str) -> dict[str, Any]:
    found = health_of(session.config, ledger, kind, name)
    return {
        "kind": kind,
        "name": name,
        "shop": found.shop,
        "health": found.health,
        "last_run": found.last_run.isoformat(timespec="seconds") if found.last_run else None,
        "run_id": found.run_id,
        "records": found.records,
        "told": found.told,
    }
