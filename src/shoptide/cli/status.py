"""`shoptide status`: the health of every sync, from the ledger alone."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import Session, open_session
from shoptide.ledger import Ledger, Run

HEALTH = {
    "succeeded": "Healthy",
    "incomplete": "Incomplete",
    "failed": "Failed",
    "interrupted": "Delayed",
    None: "Pending",
}


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
    runs = [run for run in ledger.runs(name=name, limit=50) if run.kind == kind]
    last = runs[0] if runs else None
    counts = ledger.counts(name) if kind == "push" else {}
    return {
        "kind": kind,
        "name": name,
        "shop": (session.config.pulls if kind == "pull" else session.config.pushes)[name].shop,
        "health": health(last, counts),
        "last_run": last.started_at.isoformat(timespec="seconds") if last else None,
        "run_id": last.id if last else None,
        "records": counts,
        "told": told(last, counts),
    }


def health(last: Run | None, counts: dict[str, int]) -> str:
    """A push whose rows were only put off by limits is Delayed; a killed run is one that did not end."""
    if last is None:
        return "Pending"
    if last.outcome is None:
        return "Delayed" if last.ended_at is None else "Pending"
    if last.outcome == "incomplete" and counts and set(counts) <= {"applied", "delayed", "skipped"}:
        return "Delayed"
    return HEALTH[last.outcome]


def told(last: Run | None, counts: dict[str, int]) -> str:
    if last is None:
        return "never run"
    if counts:
        return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    rows = [table for stream in last.summary.get("streams", []) for table in stream["tables"]]
    if not rows:
        return "nothing changed" if last.outcome == "succeeded" else str(last.outcome or "running, or killed")
    new, changed = sum(row["new"] for row in rows), sum(row["changed"] for row in rows)
    return f"{new} new, {changed} changed rows"
