"""The SQL that reads a stream's spooled JSONL: one typed scan of the file, then each table's rows out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptide.resources.extraction import STUB, StreamPlan
from shoptide.resources.rows import parent_kinds
from shoptide.resources.tables import Column, ColumnType, Table
from shoptide.warehouse.names import literal, quoted

TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "decimal": "DECIMAL(20, 6)",
    "rate": "DECIMAL(38, 18)",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "JSON",
}
NUMBERS: tuple[ColumnType, ...] = ("decimal", "rate")
# A line of any kind has room for every number of all kinds: 16 bytes each, of a text that isn't there four.
AS_READ = TYPES | dict.fromkeys(NUMBERS, "VARCHAR")
# Bytes of one line; an order with thousands of inline transactions is one. DuckDB takes less than 16 MB for 16 MB.
USUAL_LINE, LARGEST_LINE = 16 * 1024 * 1024, 256 * 1024 * 1024

Tree = dict[str, Any]  # JSON key → a DuckDB type, a subtree, or a list's subtree in a one-item list
LINE: Tree = {"__typename": "VARCHAR", "__parentId": "VARCHAR", "id": "VARCHAR"}  # what every line may have
ROOTS = f"__parentId IS NULL AND {STUB} IS NULL"  # a root that is there by name only came in another file


class MixedTypesError(Exception):
    """Two tables of a stream read the same JSON key as different types."""


def file_tree(plan: StreamPlan, types: Mapping[ColumnType, str] = TYPES) -> Tree:
    """What the lines of a stream's file hold, all tables taken together."""
    tree: Tree = {**LINE, STUB: "VARCHAR"}
    if plan.stream.via is not None and plan.stream.cursor:
        tree[plan.stream.cursor] = "TIMESTAMP"
    spots: dict[str, Tree] = {}
    for table in plan.tables:
        spots[table.name] = _spot(table, tree, spots)
        for column in table.columns:
            for path in (column.path, *column.others):
                _plant(spots[table.name], path, "VARCHAR" if column.tail else types[column.type])
        if table.position_path:
            _plant(spots[table.name], table.position_path, "BIGINT")
    return tree


def ids_tree(plan: StreamPlan, table: Table) -> Tree:
    """What has to be read of the lines to know the ids of a table's nodes."""
    tree: Tree = {**LINE, STUB: "VARCHAR"}
    spots: dict[str, Tree] = {}
    above = [table]
    while (parent := above[0].parent) is not None:
        above.insert(0, plan.table(parent))
    for each in above:
        spots[each.name] = _spot(each, tree, spots)
        spots[each.name].setdefault("id", "VARCHAR")
    return tree


def _spot(table: Table, tree: Tree, spots: dict[str, Tree]) -> Tree:
    """Where a table's fields are: lines share the top, a list has its own place inside its parent's."""
    if table.origin != "list":
        return tree
    above = spots[table.parent] if table.parent else tree
    for key in table.path[:-1]:
        above = above.setdefault(key, {})
        if not isinstance(above, dict):
            raise MixedTypesError(f"{table.name}: {key} is an object and {above}")
    inner: Tree = {}
    held = above.setdefault(table.path[-1], [inner])
    if not isinstance(held, list):
        raise MixedTypesError(f"{table.name}: {table.path[-1]} is a list and {held}")
    found: Tree = held[0]
    return found


def _plant(tree: Tree, path: tuple[str, ...], kind: str) -> None:
    for key in path[:-1]:
        below = tree.setdefault(key, {})
        if not isinstance(below, dict):
            raise MixedTypesError(f"{'.'.join(path)} is an object and {below}")
        tree = below
    held = tree.setdefault(path[-1], kind)
    if held != kind:
        raise MixedTypesError(f"{'.'.join(path)} is {held} and {kind}")


def type_text(node: Any) -> str:
    """A tree as a DuckDB type."""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        return type_text(node[0]) + "[]"
    inner = ", ".join(f"{quoted(key)} {type_text(below)}" for key, below in node.items())
    return f"STRUCT({inner})"


def scan(paths: list[Path], tree: Tree, *, longest: int = LARGEST_LINE) -> str:
    """A FROM item that reads the files with the tree's types; each thread holds buffers of twice `longest` bytes."""
    files = "[" + ", ".join(literal(str(path)) for path in paths) + "]"
    columns = ", ".join(f"{literal(key)}: {literal(type_text(below))}" for key, below in tree.items())
    return f"read_json({files}, format = 'newline_delimited', columns = {{{columns}}}, maximum_object_size = {longest})"


@dataclass(frozen=True)
class Nodes:
    """Where a table's nodes are: `at(path)` reads a value, `parent` is their parent's gid.

    `line` is the row number of the line that holds the node, `order` its place there or among the lines. No `SELECT *`
    is in it: DuckDB spends milliseconds on binding the types of a wide line.
    """

    source: str
    prefix: str
    parent: str | None
    order: str
    line: str
    where: str = ""

    def at(self, path: tuple[str, ...]) -> str:
        return ".".join([self.prefix, *(quoted(key) for key in path)])

    def rows(self, condition: str = "") -> str:
        """What stands behind FROM, to the end of a query."""
        conditions = " AND ".join(filter(None, (self.where, condition)))
        return f"{self.source} WHERE {conditions}" if conditions else self.source


def nodes(plan: StreamPlan, table: Table, landed: str) -> Nodes:
    """The nodes of a table inside `landed`, the temporary table that holds the scanned lines."""
    if table.origin == "list":
        return _list_nodes(plan, table, landed)
    if table.origin == "lines":
        return Nodes(f"{landed} n", "n", "n.__parentId", "n.rowid", "n.rowid", is_line_of(plan, table))
    return _root_nodes(landed)


def _root_nodes(landed: str) -> Nodes:
    return Nodes(f"{landed} n", "n", None, "n.rowid", "n.rowid", ROOTS)


def is_line_of(plan: StreamPlan, table: Table) -> str:
    """The condition for a child line to belong to a table: its own type, and its parent's kind."""
    names = ", ".join(literal(name) for name in table.typenames)
    kinds = ", ".join(literal(name) for name in parent_kinds(plan, table))
    return f"__parentId IS NOT NULL AND __typename IN ({names}) AND split_part(__parentId, '/', 4) IN ({kinds})"


def _above(plan: StreamPlan, table: Table, landed: str) -> Nodes:
    """The nodes that a list's own are found in."""
    return _root_nodes(landed) if table.parent is None else nodes(plan, plan.table(table.parent), landed)


def _list_nodes(plan: StreamPlan, table: Table, landed: str) -> Nodes:
    above = _above(plan, table, landed)
    owner, items = above.at(("id",)), above.at(table.path)
    source = (
        f"(SELECT {owner} AS _parent, unnest({items}) AS item, unnest(range(len({items}))) AS _line,"
        f" {above.line} AS _at FROM {above.rows()}) n"
    )
    return Nodes(source, "n.item", "n._parent", "n._line", "n._at")


def value(column: Column, at: Nodes) -> str:
    """A column's value, typed: `AS_READ` leaves numbers to be made here. What is none fails when rows are read."""
    found = at.at(column.path)
    if column.tail:
        return f"TRY_CAST(regexp_extract({found}, '/(\\d+)(?:\\?.*)?$', 1) AS BIGINT)"
    whole = f"coalesce({', '.join([found, *map(at.at, column.others)])})" if column.others else found
    return f"CAST({whole} AS {TYPES[column.type]})" if column.type in NUMBERS else whole
