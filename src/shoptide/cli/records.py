"""`shoptide records`: what became of a push's rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
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
@click.option("--values", is_flag=True, help="Also the values that the store accepted last and what each run sent.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
@with_flags
@click.pass_context
def command(
    context: click.Context, name: str, outcome: str | None, key: str | None, limit: int | None, *, values: bool
) -> None:
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
        body: dict[str, Any] = {"records": [document(state, values=values) for state in found]}
        output.document(body | ({"history": [entry_document(entry) for entry in history]} if key is not None else {}))
    else:
        _show(found, history, values=values)


def _show(found: Sequence[RecordState], history: Sequence[HistoryEntry], *, values: bool) -> None:
    output.table(
        ["key", "outcome", "action", "record", "column", "value", "reason", "attempts"],
        [(s.key, s.outcome, s.action, s.gid, s.column, s.value, s.message, s.attempts) for s in found],
    )
    for state in found if values else ():
        output.line(f"  {state.key} holds {_json(state.sent)}")
    for entry in history:
        output.line("  " + "  ".join(filter(None, _told(entry))))
        for field, change in (entry.changes or {}).items() if values else ():
            output.line(f"    {field}: {_json(change[0])} -> {_json(change[1])}")


def _told(entry: HistoryEntry) -> Iterator[str | None]:
    """When, in which run, what was done and came of it, and what it cost."""
    yield entry.at.isoformat(timespec="seconds")
    yield entry.run_id
    yield f"{entry.action} {entry.outcome}"
    yield entry.gid
    yield None if entry.cost is None else f"{entry.cost:.4g} points"
    yield f"{entry.code}:" if entry.code and entry.message else None
    yield entry.message or (f"changed {', '.join(entry.changes)}" if entry.changes else None)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=output.plain)


def document(state: RecordState, *, values: bool = False) -> dict[str, Any]:
    names = (
        "key",
        "outcome",
        "action",
        "gid",
        "hash",
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
    found = {name: getattr(state, name) for name in names} | {"updated_at": updated}
    return found | ({"values": state.sent} if values else {})


def entry_document(entry: HistoryEntry) -> dict[str, Any]:
    names = ("key", "run_id", "action", "outcome", "gid", "hash", "changes", "message", "code", "field", "cost")
    return {name: getattr(entry, name) for name in names} | {"at": entry.at.isoformat()}
