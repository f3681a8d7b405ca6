"""`shoptide export`: the tables of streams as Parquet or CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import Flags, flags_of, with_flags
from shoptide.cli.session import Session, open_session
from shoptide.errors import UsageError

if TYPE_CHECKING:
    from shoptide.warehouse.export import Format, Written


@click.command("export")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="The folder that takes the files.")
@click.option("--stream", "streams", multiple=True, help="Only this stream's tables; may be repeated.")
@click.option("--format", "kind", type=click.Choice(["parquet", "csv"]), default="parquet", help="How files look.")
@click.option("--with-deleted", is_flag=True, help="Also rows that are gone from the store (_deleted_at).")
@click.option("--with-history", is_flag=True, help="Also the histories that were kept (<table>_history).")
@with_flags
@click.pass_context
def command(
    context: click.Context,
    folder: Path,
    streams: tuple[str, ...],
    kind: Format,
    with_deleted: bool,
    with_history: bool,
) -> None:
    """Write the streams' tables as files, one a table, in place of those of an earlier export."""
    from shoptide.warehouse.export import Export

    flags = flags_of(context)
    session = open_session(flags)
    target = folder.expanduser().absolute()
    with session.ledger() as ledger, ledger.lock(f"export:{target}"), session.warehouse(read_only=True) as warehouse:
        tables = chosen_tables(session, warehouse.tables(), streams, with_history=with_history)
        found = Export(warehouse, target, kind, with_deleted=with_deleted).write(tables)
    _render(flags, target, kind, found)


def chosen_tables(session: Session, held: list[str], streams: tuple[str, ...], *, with_history: bool) -> list[str]:
    """The tables of these streams (of all) that the warehouse has. Raises UsageError for a stream it has none of."""
    from shoptide.inbound.history import history_of

    own = [name for name in held if not name.startswith("_")]
    histories = {history_of(name) for name in own}
    current = [name for name in own if name not in histories]
    found: list[str] = []
    for stream in streams:
        tables = [name for name in tables_of(session, stream) if name in current]
        if not tables:
            raise UsageError(f"--stream {stream}: the warehouse has no table of it", hint="run `shoptide pull` first")
        found += tables
    chosen = list(dict.fromkeys(found)) if streams else current
    if not chosen:
        raise UsageError("the warehouse has no tables yet", hint="run `shoptide pull` first")
    return [
        each for name in chosen for each in (name, history_of(name)) if each == name or (with_history and each in own)
    ]


def tables_of(session: Session, stream: str) -> list[str]:
    """The tables that a stream fills, whether it ships with Shoptide or is a query of the configuration's."""
    from shoptide.inbound.plans import plan_one
    from shoptide.resources.streams import STREAMS
    from shoptide.resources.streams.by_configuration import table_names
    from shoptide.shopify.schema import load

    for pull in session.config.pulls.values():
        if stream in pull.query:
            plan = plan_one(pull, load(session.config.shops[pull.shop].api_version), None, stream)
            return [table.name for table in plan.tables]
    if stream not in STREAMS:
        raise UsageError(f"--stream {stream}: there is no such stream", hint=f"streams are {', '.join(STREAMS)}")
    return list(table_names(STREAMS[stream]))


def _render(flags: Flags, folder: Path, kind: str, found: list[Written]) -> None:
    if flags.json:
        tables = [
            {"table": each.table, "rows": each.rows, "bytes": each.size, "files": list(each.files)} for each in found
        ]
        output.document({"folder": str(folder), "format": kind, "tables": tables})
        return
    output.table(
        ("table", "rows", "bytes", "file"),
        [(each.table, each.rows, each.size, _files(each)) for each in found],
    )
    output.note(flags, f"{len(found)} tables, {sum(each.rows for each in found)} rows in {folder}")


def _files(written: Written) -> str:
    first, *others = written.files
    return f"{first} … {others[-1]}" if others else first
