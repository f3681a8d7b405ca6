"""`shoptide records`: what became of a push's rows."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session
from shoptide.errors import UsageError
from shoptide.ledger import HistoryEntry, RecordState
from shoptide.outbound.events import OUTCOMES


@click.command("records")
@click.argument("name")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only records of this outcome.")
@click.option("--key", help="One record, with its history.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
@with_flags
@click.pass_context
def command(context: click.Context, name: str, outcome: str | None, key: str | None, limit: int | None) -> None:
    """Show the record states of a push. Works while another process holds the warehouse."""
    flags = flags_of(context)
    session = open_session(flags)
    session.push(name)
    with session.ledger() as ledger:
        found = ledger.records(name, outcome=outcome, key=key, limit=limit)
        history = ledger.history(name, key) if key is not None else []
    if key is not None and not found and not history:
        raise UsageError(
            f"push {name} has no record with the key {key!r}", hint=f"`shoptide records {name}` lists them"
        )
    if flags.json:
        body: dict[str, Any] = {"records": [document(state) for state in found]}
        output.document(body | ({"history": [entry_document(entry) for entry in history]} if key is not None else {}))
        return
    output.table(
        ["key", "outcome", "action", "record", "column", "value", "reason", "attempts"],
        [(s.key, s.outcome, s.action, s.gid, s.column, s.value, s.message, s.attempts) for s in found],
    )
    for entry in history:
        changes = ", ".join(entry.changes or {})
        told = entry.message or (f"changed {changes}" if changes else "")
        output.line(f"  {entry.at.isoformat(timespec='seconds')}  {entry.action} {entry.outcome}  {told}")


def document(state: RecordState) -> dict[str, Any]:
    names = (
        "key",
        "outcome",
        "action",
        "gid",
        "message",
        "code",
        "field",
        "column",
        "value",
        "attempts",
        "order",
        "run_id",
    )
    updated = state.updated_at.isoformat() if state.updated_at else None
    return {name: getattr(state, name) for name in names} | {"updated_at": updated}


def entry_document(entry: HistoryEntry) -> dict[str, Any]:
    names = ("key", "run_id", "action", "outcome", "gid", "changes", "message", "code", "field")
    return {name: getattr(entry, name) for name in names} | {"at": entry.at.isoformat()}
