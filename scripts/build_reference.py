"""Write the generated pages below docs/reference: commands, streams, tables, what a push accepts.

python scripts/build_reference.py            # writes them
python scripts/build_reference.py --check    # exits 1 when one is not what it would write
"""

from __future__ import annotations

import importlib
import pathlib
import sys
from datetime import timedelta

import click

from shoptide.cli.app import COMMANDS, app
from shoptide.cli.schema import accepted_columns, table_columns
from shoptide.hosts.omnata.fields import MappedField, mapped_fields
from shoptide.hosts.omnata.layout import layouts
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.objects import IDENTITY, OBJECTS, PushObject
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import LATEST_VERSION, SUPPORTED_VERSIONS, load

FOLDER = pathlib.Path(__file__).parent.parent / "docs" / "reference"
EXIT_CODES = """| code | means |
|---|---|
| 0 | done |
| 1 | finished, some streams or rows failed |
| 2 | usage or configuration |
| 3 | authentication or scopes |
| 4 | the plan has changes (`--exit-code`) |
| 5 | another run holds the lock |
| 75 | temporary, try later |
| 130 | interrupted, resumable |
"""


def commands() -> str:
    lines = ["# Commands", "", "Written by `make docs`.", "", "## Global flags", ""]
    lines += [_option(each) for each in app.params if isinstance(each, click.Option)]
    for name in COMMANDS:
        command = importlib.import_module(f"shoptide.cli.{name}").command
        shared = {each.name for each in app.params}
        given = " ".join(each.human_readable_name for each in command.params if isinstance(each, click.Argument))
        lines += ["", f"## shoptide {name} {given}".rstrip(), "", " ".join((command.help or "").split()), ""]
        options = [each for each in command.params if isinstance(each, click.Option) and each.name not in shared]
        lines += [_option(each) for each in options]
        for inner in command.commands.values() if isinstance(command, click.Group) else ():
            told = " ".join((inner.help or "").split())
            own = [each for each in inner.params if isinstance(each, click.Option) and each.name not in shared]
            lines += [f"### shoptide {name} {inner.name}", "", told, "", *map(_option, own)]
    return "\n".join([*lines, "", "## Exit codes", "", EXIT_CODES])


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    return f"- {names}: {option.help or 'see the command'}"


def tables() -> str:
    return _columns("Tables and columns", table_columns(load(LATEST_VERSION)), BOOKKEEPING)


BOOKKEEPING = (
    "Every row also has `_synced_at`, `_run_id`, `_row_hash` and `_deleted_at` (null while the record exists). "
    "Times are UTC, money is DECIMAL."
)


def streams() -> str:
    """Every stream: what it reads, how changes are found, which scopes and versions it needs."""
    schema = load(LATEST_VERSION)
    lines = ["# Streams", "", f"Written by `make docs` for API version {LATEST_VERSION}. {HOW}", ""]
    lines += ["| stream | read from | changes found by | tables | scopes | not in |", "|---|---|---|---|---|---|"]
    for stream in STREAMS.values():
        plan = plan_stream(stream, schema)
        tables = ", ".join(f"`{table.name}`" for table in plan.tables)
        absent = [version for version in SUPPORTED_VERSIONS if plan_stream(stream, load(version)).closed]
        scopes = ", and ".join(" or ".join(f"`{scope}`" for scope in group) for group in plan.place.scopes)
        way = f"`{stream.root}`" + (f" → `{stream.via}`" if stream.via else "")
        row = (f"`{stream.name}`", way, _found_by(plan), tables, scopes, ", ".join(absent))
        lines.append(f"| {' | '.join(row)} |".replace("|  |", "| |"))
    return "\n".join([*lines, ""])


HOW = (
    "A stream is read where its root, or the list below it, is; any scope of an `or` will do. Streams without a search "
    "are read whole every time, by pages or by a bulk operation; what is gone then is marked deleted."
)


def _found_by(plan: StreamPlan) -> str:
    stream = plan.stream
    if stream.search is None:
        told = "count and newest change, then whole" if plan.probe_document() else "reading it whole"
    else:
        told = f"`{stream.search}`" + (" of the carrier" if stream.via and not stream.search_via else "")
    if stream.refresh is not None and stream.search:
        told += f"; whole every {stream.refresh // timedelta(hours=1)} h"
    return told if plan.bulkable else f"{told}; by pages only"


def pushes() -> str:
    note = "Columns may be written in snake_case or camelCase; `id`, `record_id` and `gid` name the record."
    return _columns("What a push accepts", accepted_columns(load(LATEST_VERSION)), note)


def _columns(title: str, rows: list[dict[str, str]], note: str) -> str:
    lines = [f"# {title}", "", f"Written by `make docs` for API version {LATEST_VERSION}. {note}"]
    for table in dict.fromkeys(row["table"] for row in rows):
        names = ["column", "type", *(["note"] if "note" in rows[0] else [])]
        lines += ["", f"## {table}", "", f"| {' | '.join(names)} |", f"|{'---|' * len(names)}"]
        lines += [_row(row, names) for row in rows if row["table"] == table]
    return "\n".join([*lines, ""])


def _row(row: dict[str, str], names: list[str]) -> str:
    cells = [f"`{row[name]}`" if name == "column" else row[name] for name in names]
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def omnata() -> str:
    """What the plugin for Omnata offers: every stream as it is listed there, and the fields of each target type."""
    schema = load(LATEST_VERSION)
    lines = [
        "# The plugin for Omnata",
        "",
        f"Written by `make docs` for API version {LATEST_VERSION}.",
        "",
        "## Streams",
        "",
    ]
    lines += [OMNATA_STREAMS, "", "| stream | key | depends on | strategies |", "|---|---|---|---|"]
    for stream in STREAMS.values():
        for layout in layouts(plan_stream(stream, schema)):
            key = ", ".join(f"`{name}`" for name in layout.primary_key)
            ways = "Incremental, Full Refresh" if layout.incremental else "Full Refresh"
            above = f"`{layout.depends_on}`" if layout.depends_on else ""
            lines.append(f"| `{layout.name}` | {key} | {above} | {ways} |".replace("|  |", "| |"))
    lines += ["", "## Source data structures", "", OMNATA_FIELDS]
    for target in OBJECTS.values():
        lines += ["", *_mapped_fields(target)]
    return "\n".join([*lines, ""])


OMNATA_STREAMS = (
    "Columns are those of [the tables](tables.md) without the ones that begin with `_`. Rows that hang on rows of a "
    "record name the record itself too: `order_line_item_tax_lines` have `order_gid` beside `order_line_item_gid`."
)
OMNATA_FIELDS = (
    "Fields that columns of the source can be mapped to, by strategy: ● is needed for a new record, ○ may be there. "
    "Fields of an input type take an OBJECT, those in brackets an ARRAY, or the same as JSON text. Mirror takes what "
    "Upsert takes."
)


def _mapped_fields(target: PushObject) -> list[str]:
    strategies = ("create", "update", "upsert", "delete")
    known = {name: mapped_fields(target.name, name, LATEST_VERSION) for name in strategies}
    kinds = {each.name: each.kind for fields in reversed(known.values()) for each in fields}
    lines = [f"### {target.name.capitalize()}", "", "| field | type | Create | Update | Upsert | Delete |"]
    lines.append("|---|---|---|---|---|---|")
    for field, kind in sorted(kinds.items(), key=lambda each: (each[0] not in IDENTITY, each[0])):
        marks = [_mark(field, known[strategy]) for strategy in strategies]
        lines.append(f"| `{field}` | {kind} | {' | '.join(marks)} |".replace("|  |", "| |").replace("|  |", "| |"))
    return lines


def _mark(field: str, known: list[MappedField]) -> str:
    found = next((each for each in known if each.name == field), None)
    return "" if found is None else "●" if found.required else "○"


PAGES = {
    "commands.md": commands,
    "streams.md": streams,
    "tables.md": tables,
    "pushes.md": pushes,
    "omnata.md": omnata,
}


def stale() -> list[str]:
    """The pages that are not what would be written now."""
    return [
        name
        for name, page in PAGES.items()
        if not (FOLDER / name).exists() or (FOLDER / name).read_text(encoding="utf-8") != page()
    ]


def main() -> None:
    if "--check" in sys.argv:
        found = stale()
        sys.exit(f"out of date: {', '.join(found)}; run `make docs`" if found else 0)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
