"""`shoptide plan`: what a push would do, row by row."""

from __future__ import annotations

import json
from pathlib import Path

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import Flags, flags_of, with_flags
from shoptide.cli.session import open_session
from shoptide.errors import UsageError
from shoptide.outbound.planning import Plan, Planned
from shoptide.outbound.rows import snaked

SHOWN = 50


@click.command("plan")
@click.argument("name")
@click.option("--live", is_flag=True, help="Compare with what the store holds now.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan; `push --plan` applies it."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most this many writes.")
@click.option("--exit-code", is_flag=True, help="Exit 4 if anything would change.")
@with_flags
@click.pass_context
def command(context: click.Context, name: str, live: bool, out: Path | None, limit: int | None, exit_code: bool) -> int:
    """Show what a push would do: counts, and for each row the fields that change. The store is only read."""
    from shoptide.outbound.push import Options, plan, plan_document

    flags = flags_of(context)
    session = open_session(flags)
    config = session.push(name)
    with session.warehouse() as warehouse, session.ledger() as ledger, session.client(config.shop) as client:
        found = plan(
            config,
            client=client,
            warehouse=warehouse,
            ledger=ledger,
            base=session.base,
            options=Options(limit=limit, live=live),
        )
    body = plan_document(found)
    if out is not None:
        _write(out, body)
    if flags.json:
        output.document(body)
    else:
        _show(flags, found, live=live)
    return 4 if exit_code and found.changes_anything else 0


def _write(path: Path, body: object) -> None:
    try:
        path.write_text(json.dumps(body, ensure_ascii=False, indent=1, default=output.plain), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {path} can't be written: {error.strerror}") from None


def _show(flags: Flags, found: Plan, *, live: bool) -> None:
    rows = [row for row in found.rows if row.action != "unchanged"]
    if rows:
        output.table(["key", "action", "record", "changes"], [_row(row) for row in rows[:SHOWN]])
    if len(rows) > SHOWN:
        output.line(f"… and {len(rows) - SHOWN} more rows (--json has them all)")
    for text in found.notes:
        output.note(flags, text)
    if found.estimate is not None and found.estimate.writes:
        output.note(flags, str(found.estimate))
    counts = ", ".join(f"{count} {name}" for name, count in found.counts().items()) or "no rows"
    against = "what the store holds now" if live else "what was last sent"
    output.line(f"{found.push} ({found.object}, {found.strategy}): {counts}; compared with {against}")


def _row(row: Planned) -> tuple[str, str, str, str]:
    if row.reason and row.action not in ("create", "update"):
        where = f"{snaked(row.problem.column)}: " if row.problem else ""
        return row.key, row.action, row.gid or "", f"{where}{row.reason}"
    changes = "; ".join(f"{snaked(name)}: {_short(c.before)} → {_short(c.after)}" for name, c in row.changes.items())
    lost = "; ".join(
        f"{snaked(name)} is {_short(c.after)}, sent was {_short(c.before)}" for name, c in row.conflicts.items()
    )
    return row.key, row.action, row.gid or "", f"{changes} (changed in the store: {lost})" if lost else changes


def _short(value: object) -> str:
    text = "∅" if value is None else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 40 else text[:37] + "…"
