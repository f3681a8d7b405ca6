"""`shoptide status`: the health of every sync, from the ledger alone."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import Session, open_session
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Inbox
from shoptide.ledger.syncs import Syncs, SyncState
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
        states = Syncs(ledger).states()
        syncs = [_sync(session, ledger, states, "pull", name) for name in session.config.pulls]
        syncs += [_sync(session, ledger, states, "push", name) for name in session.config.pushes]
        webhooks = webhooks_of(ledger)
    if flags.json:
        output.document({"syncs": syncs, "webhooks": webhooks})
        return
    shown = ("kind", "name", "health", "last_run", "told", "queue")
    output.table(
        ["kind", "name", "health", "last run", "what it did", "queue"], [[each[key] for key in shown] for each in syncs]
    )

    if any(webhooks.values()):
        output.line(
            f"webhooks: {webhooks['waiting']} wait, {webhooks['failed']} were given up (the next pulls have them)"
        )


def webhooks_of(ledger: Ledger) -> dict[str, int]:
    """How many deliveries wait to be worked off, and how many were given up and are left to pulls."""
    depth = Inbox(ledger).depth()
    return {"waiting": depth.get("waiting", 0) + depth.get("again", 0), "failed": depth.get("failed", 0)}


def queue_of(state: SyncState) -> str:
    """What is to be known beside its runs: paused, waiting for its turn, why its last turn came to nothing."""
    told = ["paused"] if state.paused_at else []
    told += [f"waits since {state.waiting_at:%H:%M:%S}"] if state.waiting_at else []
    told += [state.error] if state.error else []
    return "; ".join(told)


def _sync(session: Session, ledger: Ledger, states: dict[str, SyncState], kind: str, name: str) -> dict[str, Any]:
    found = health_of(session.config, ledger, kind, name)
    state = states.get(f"{kind}.{name}", SyncState(f"{kind}.{name}"))
    return found.document | {
        "paused": state.paused_at is not None,
        "queue": queue_of(state),
    }
