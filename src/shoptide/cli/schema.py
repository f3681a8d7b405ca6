"""`shoptide schema`: tables and columns as pulled, or the columns that a push accepts."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.errors import UsageError


@click.command("schema")
@click.argument("name", required=False)
@click.option("--push", "pushes", is_flag=True, help="The columns that pushes accept, instead of tables.")
@click.option("--api-version", default=None, help="Another API version than the latest.")
@with_flags
@click.pass_context
def command(context: click.Context, name: str | None, pushes: bool, api_version: str | None) -> None:
    """Show the tables of the streams, or with --push the columns of customers, products, orders, fulfillments."""
    from shoptide.shopify.schema import LATEST_VERSION, SUPPORTED_VERSIONS, load

    version = api_version or LATEST_VERSION
    if version not in SUPPORTED_VERSIONS:
        raise UsageError(
            f"API version {version} is not supported", hint=f"choose one of {', '.join(SUPPORTED_VERSIONS)}"
        )
    rows = accepted_columns(load(version)) if pushes else table_columns(load(version))
    chosen = [row for row in rows if name is None or name in (row["table"], row["stream"])]
    if not chosen:
        known = ", ".join(sorted({row["table"] for row in rows}))
        raise UsageError(f"there is no {name}", hint=f"choose from {known}")
    if flags_of(context).json:
        output.document({"api_version": version, "columns": chosen})
    else:
        names = ["table", "column", "type", *(["note"] if pushes else [])]
        output.table(names, [tuple(row[name] for name in names) for row in chosen])


def table_columns(schema: Any) -> list[dict[str, str]]:
    from shoptide.inbound.reading import TYPES
    from shoptide.resources.planning import plan_stream
    from shoptide.resources.streams import STREAMS

    found = []
    for stream in STREAMS.values():
        for table in plan_stream(stream, schema).tables:
            own = {"_shop": "VARCHAR"} | ({table.parent_column: "VARCHAR"} if table.parent_column else {})
            own |= {"position": "BIGINT"} if "position" in table.key else {}
            for column, kind in (own | {each.name: TYPES[each.type] for each in table.columns}).items():
                found.append({"stream": stream.name, "table": table.name, "column": column, "type": kind})
    return found


def accepted_columns(schema: Any) -> list[dict[str, str]]:
    from shoptide.outbound.rows import snaked
    from shoptide.resources.objects import IDENTITY, OBJECTS
    from shoptide.resources.objects.notes import note_of

    found = []
    for target in OBJECTS.values():
        rows = [(name, "ID", "names the record") for name in IDENTITY]
        rows += [(snaked(name), kind, note_of(target, schema, name)) for name, kind in target.fields(schema).items()]
        found += [
            {"stream": target.name, "table": target.name, "column": column, "type": kind, "note": note}
            for column, kind, note in rows
        ]
    return found
