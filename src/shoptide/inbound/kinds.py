"""What a chunk's lines are: which tables have rows among them, and which lines no table takes.

Planning a statement for one of a wide stream's tables takes DuckDB milliseconds, so none is made for nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import duckdb

from shoptide.resources.extraction import STUB, StreamPlan
from shoptide.resources.rows import parent_kinds
from shoptide.resources.tables import Table
from shoptide.warehouse.names import quoted


@dataclass(frozen=True)
class Kind:
    """Lines of one type below one type of parent, which is None where they name none."""

    typename: str | None
    parent: str | None
    stub: bool
    number: int

    def is_root_of(self, plan: StreamPlan) -> bool:
        return self.parent is None and not self.stub and self.typename in plan.root_types

    def is_line_of(self, plan: StreamPlan, table: Table) -> bool:
        """As the condition of that name in `reading`."""
        below = self.parent is not None and self.parent in parent_kinds(plan, table)
        return below and table.origin == "lines" and self.typename in table.typenames

    def __str__(self) -> str:
        return (self.typename or "no type") + ("" if self.parent is None else f" below {self.parent}")


@dataclass(frozen=True)
class Contents:
    """What kinds of lines there are, and at which paths any of them has a list with something in it."""

    kinds: list[Kind]
    lists: frozenset[tuple[str, ...]]

    @property
    def lines(self) -> int:
        return sum(kind.number for kind in self.kinds)

    def strangers(self, plan: StreamPlan) -> Counter[str]:
        """How many lines no table takes, by kind."""
        found: Counter[str] = Counter()
        for kind in self.kinds:
            taken = kind.stub or kind.is_root_of(plan) or any(kind.is_line_of(plan, table) for table in plan.tables)
            found[str(kind)] += 0 if taken else kind.number
        return +found

    def tables(self, plan: StreamPlan) -> list[Table]:
        """The tables that may have rows among the lines; the others have none."""
        found: dict[str, Table] = {}
        for table in plan.tables:
            if self._may_have(plan, table, found):
                found[table.name] = table
        return list(found.values())

    def _may_have(self, plan: StreamPlan, table: Table, above: dict[str, Table]) -> bool:
        if table.origin == "root":
            return any(kind.parent is None and not kind.stub for kind in self.kinds)
        if table.origin == "lines":
            return any(kind.is_line_of(plan, table) for kind in self.kinds)
        return table.parent in above if _is_nested(plan, table) else table.path in self.lists


def contents(reader: duckdb.DuckDBPyConnection, plan: StreamPlan, landed: str) -> Contents:
    """Look through the typed lines."""
    parent = "CASE WHEN __parentId IS NOT NULL THEN split_part(__parentId, '/', 4) END"
    found = reader.execute(
        f"SELECT __typename, {parent}, {STUB} IS NOT NULL, count(*) FROM {landed} GROUP BY ALL"
    ).fetchall()
    paths = sorted({table.path for table in plan.tables if table.origin == "list" and not _is_nested(plan, table)})
    looks = [f"bool_or(len({'.'.join(['n', *map(quoted, path)])}) > 0)" for path in paths]
    (held,) = reader.execute(f"SELECT {', '.join(looks)} FROM {landed} n").fetchall() if looks else [()]
    lists = frozenset(path for path, here in zip(paths, held, strict=True) if here)
    return Contents([Kind(*each) for each in found], lists)


def _is_nested(plan: StreamPlan, table: Table) -> bool:
    """Whether a table's nodes are in a list that is itself in one."""
    return table.origin == "list" and table.parent is not None and plan.table(table.parent).origin == "list"
