"""A record's lines as rows of its stream's tables, one by one: the same rows that a warehouse reads out of whole files.

For engines that take records as they come. Values are as JSON has them (times as text, money as text with all its
digits); the columns' types say what they are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptide.errors import ProofFailed
from shoptide.resources.extraction import STUB

if TYPE_CHECKING:
    from shoptide.resources.extraction import StreamPlan
    from shoptide.resources.tables import Column, ColumnType, Table

Line = Mapping[str, Any]
# Types whose gids name another one.
GID_KINDS = {
    "Article": ("OnlineStoreArticle",),
    "Blog": ("OnlineStoreBlog",),
    "DiscountNode": ("DiscountAutomaticNode", "DiscountCodeNode"),
    "Page": ("OnlineStorePage",),
}
TAIL = re.compile(r"/(\d+)(?:\?.*)?$")
READ: dict[ColumnType, Callable[[Any], Any]] = {
    "text": lambda value: value if isinstance(value, str) else str(value),
    "bigint": int,
    "double": float,
    "decimal": str,
    "rate": str,
    "boolean": bool,
    "timestamp": str,
    "date": str,
    "json": lambda value: value,
}


@dataclass(frozen=True)
class Row:
    """A row's columns, its parent's gid and its position included where its table has them.

    `root` is the gid of the stream's own record that it belongs to, `carrier` that of what that was found through.
    """

    values: dict[str, Any]
    root: str
    carrier: str | None = None


@dataclass(frozen=True)
class _Node:
    value: Line
    parent: str | None
    root: str
    carrier: str | None
    position: int


def parent_kinds(plan: StreamPlan, table: Table) -> list[str]:
    """What may stand in the gid of a table's parents: their types, an interface's own name, and what it was called."""
    if table.parent is None:
        names = [plan.place.carrier.name, *plan.root_types]
    else:
        above = plan.table(table.parent)
        names = [above.node_type, *above.typenames]
    return sorted({*names, *(kind for name in names for kind in GID_KINDS.get(name, ()))})


def rows_of(plan: StreamPlan, lines: Iterable[Line]) -> dict[str, list[Row]]:
    """Sort the whole lines of some records into rows by table; raises ProofFailed for lines that no table takes."""
    return Sorter(plan).rows(lines)


def owners_of(plan: StreamPlan, lines: Iterable[Line]) -> dict[str, str]:
    """What a file's lines tell of each other: the parent's gid of every node that lines elsewhere hang on."""
    above = [plan.table(table.parent) for table in plan.tables if table.origin == "lines" and table.parent]
    kinds = {kind for table in above if table.origin == "lines" for kind in table.typenames}
    return {
        line["id"]: line["__parentId"] for line in lines if "__parentId" in line and line.get("__typename") in kinds
    }


class Sorter:
    """Cuts lines into rows, in one go or some lines of a file at a time.

    With the whole lines of each record at a time `owners` is not needed; of a file whose records are spread over it
    they are `owners_of`, and positions go on from call to call.
    """

    def __init__(self, plan: StreamPlan, owners: Mapping[str, str] | None = None) -> None:
        self.plan = plan
        self.owners = owners or {}
        self._counts: dict[str, Counter[str]] = {table.name: Counter() for table in plan.tables}

    def rows(self, lines: Iterable[Line]) -> dict[str, list[Row]]:
        """Rows by table, in the lines' order. Raises ProofFailed for lines that no table takes, and for orphans."""
        return _Sorting(self.plan, list(lines), self.owners, self._counts).rows()


class _Sorting:
    """One pass over lines: tables stand parents before children, so each row's record is known when its turn comes."""

    def __init__(
        self, plan: StreamPlan, lines: list[Line], owners: Mapping[str, str], counts: Mapping[str, Counter[str]]
    ) -> None:
        self.plan = plan
        self.lines = lines
        self.owners = owners
        self.counts = counts
        self.nodes: dict[str, list[_Node]] = {}
        self.records: dict[str, tuple[str, str | None]] = {}  # gid → its record and that one's carrier
        self.taken = 0

    def rows(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for table in self.plan.tables:
            nodes = self.nodes[table.name] = list(self._nodes(table))
            for node in nodes:
                if isinstance(gid := node.value.get("id"), str):
                    self.records.setdefault(gid, (node.root, node.carrier))
            real = (node for node in nodes if STUB not in node.value)
            found[table.name] = [Row(_values(table, node), node.root, node.carrier) for node in real]
        carriers = sum("__parentId" not in line for line in self.lines) if self.plan.stream.via else 0
        if self.taken + carriers != len(self.lines):
            left = len(self.lines) - self.taken - carriers
            raise ProofFailed(
                f"stream {self.plan.stream.name}: {left} lines came that no table takes",
                hint="nothing was taken over; the store's API may be newer than api_version",
            )
        return found

    def _nodes(self, table: Table) -> Iterator[_Node]:
        if table.origin == "list":
            return self._in_lists(table)
        return self._roots() if table.origin == "root" else self._below(table)

    def _roots(self) -> Iterator[_Node]:
        for index, line in enumerate(self.lines):
            if "__parentId" not in line:
                self.taken += 1
                yield _Node(line, None, line["id"], None, index)

    def _below(self, table: Table) -> Iterator[_Node]:
        kinds, counts = frozenset(parent_kinds(self.plan, table)), self.counts[table.name]
        for line in self.lines:
            parent = line.get("__parentId")
            if parent is None or line.get("__typename") not in table.typenames or parent.split("/")[3] not in kinds:
                continue
            self.taken += 1
            root, carrier = self._owner(table, parent, line.get("id"))
            yield _Node(line, parent, root, carrier, counts[parent])
            counts[parent] += 1

    def _in_lists(self, table: Table) -> Iterator[_Node]:
        for above in self._above(table):
            items: Any = _dig(above, table.path)
            for index, item in enumerate(items or ()):
                if item is not None:
                    root, carrier = self._owner(table, above["id"], item.get("id"))
                    yield _Node(item, above["id"], root, carrier, index)

    def _above(self, table: Table) -> Iterator[Line]:
        if table.parent is None:
            return (line for line in self.lines if "__parentId" not in line)
        return (node.value for node in self.nodes[table.parent])

    def _owner(self, table: Table, parent: str, own: str | None) -> tuple[str, str | None]:
        """The record that a node belongs to, which is itself in a stream's own table, and that record's carrier."""
        if table.parent is None:
            return own or "", parent
        if parent in self.records:
            return self.records[parent]
        record = parent if self.plan.table(table.parent).parent is None else self.owners.get(parent)
        if record is None:
            raise ProofFailed(
                f"stream {self.plan.stream.name}: a row of {table.name} came without its parent {parent}",
                hint="nothing was taken over; run it again",
            )
        return record, self.owners.get(record)


def _values(table: Table, node: _Node) -> dict[str, Any]:
    found = {column.name: _value(column, node.value) for column in table.columns}
    if table.parent_column:
        found[table.parent_column] = node.parent
    if "position" in table.key:
        found["position"] = _dig(node.value, table.position_path) if table.position_path else node.position
    return found


def _value(column: Column, node: Line) -> Any:
    found = next((held for path in (column.path, *column.others) if (held := _dig(node, path)) is not None), None)
    if column.tail:
        number = TAIL.search(found) if isinstance(found, str) else None
        return int(number[1]) if number else None
    return None if found is None else READ[column.type](found)


def _dig(node: Any, path: Iterable[str]) -> Any:
    for key in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(key)
    return node
