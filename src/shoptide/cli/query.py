"""`shoptide query`: SQL against the warehouse, read only."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session


@click.command("query")
@click.argument("sql")
@with_flags
@click.pass_context
def command(context: click.Context, sql: str) -> None:
    """Ask the warehouse with SQL; tables of the configured schema need no prefix."""
    flags = flags_of(context)
    session = open_session(flags)
    with session.warehouse(read_only=True) as warehouse:
        columns, rows = warehouse.run_query(sql)
    if flags.json:
        output.document({"columns": columns, "rows": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        output.table(columns, rows)
        output.note(flags, f"{len(rows)} rows")
