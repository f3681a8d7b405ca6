"""How a stream's tables look to Omnata: names, keys, JSON schemas with Snowflake's types, what depends on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from shoptide.resources.extraction import StreamPlan
from shoptide.resources.rows import Row
from shoptide.resources.streams import STREAMS
from shoptide.resources.tables import ColumnType, Table, singular, snake

# JSON has money and rates as text, so that no digit is lost; the view's columns are numbers. JSON columns stay VARIANT:
# a cast would refuse either objects or lists.
TYPES: dict[ColumnType, dict[str, Any]] = {
    "text": {"type": ["null", "string"]},
    "bigint": {"type": ["null", "integer"]},
    "double": {"type": ["null", "number"]},
    "decimal": {"type": ["null", "number"], "snowflakePrecision": 20, "snowflakeScale": 6},
    "rate": {"type": ["null", "number"], "snowflakePrecision": 38, "snowflakeScale": 18},
    "boolean": {"type": ["null", "boolean"]},
    "timestamp": {"type": ["null", "string"], "format": "date-time", "snowflakeTimestampType": "TIMESTAMP_TZ"},
    "date": {"type": ["null", "string"], "format": "date"},
    "json": {"type": ["null", "object"], "snowflakeColumnExpression": "{{variant_path}}"},
}


@dataclass(frozen=True)
class Layout:
    """One table as a stream of Omnata's. `incremental` says whether the store can be asked what changed."""

    name: str
    primary_key: tuple[str, ...]
    properties: dict[str, dict[str, Any]]
    depends_on: str | None
    cursor: str | None
    incremental: bool

    @property
    def json_schema(self) -> dict[str, Any]:
        return {"type": "object", "properties": self.properties}


def layouts(plan: StreamPlan) -> Iterator[Layout]:
    """A plan's tables, parents before children."""
    for table in plan.tables:
        yield Layout(
            table.name,
            table.key,
            _properties(plan, table),
            table.parent or _carried_by(plan),
            snake(plan.stream.cursor) if plan.stream.cursor and table.parent is None and not plan.stream.via else None,
            plan.stream.search is not None,
        )


def _carried_by(plan: StreamPlan) -> str | None:
    """The stream of the carriers: fulfillments are found through orders."""
    if plan.stream.via is None:
        return None
    same = (each.name for each in STREAMS.values() if each.root == plan.stream.root and each.via is None)
    return next(same, None)


def _properties(plan: StreamPlan, table: Table) -> dict[str, dict[str, Any]]:
    found = {column.name: dict(TYPES[column.type]) for column in table.columns}
    for name in (table.parent_column, *owner_columns(plan, table)):
        if name:
            found.setdefault(name, dict(TYPES["text"]))
    if "position" in table.key:
        found["position"] = dict(TYPES["bigint"])
    return found


def owner_columns(plan: StreamPlan, table: Table) -> tuple[str, str | None]:
    """The columns with the gids of a row's record, and of what that was found through: rows are replaced by them.

    Beside what the tables of the command line have, rows that hang on rows of a record name the record itself too.
    """
    own = plan.tables[0]
    return ("gid" if table is own else f"{singular(own.name)}_gid"), own.parent_column


def record_of(plan: StreamPlan, table: Table, row: Row) -> dict[str, Any]:
    """A row as the record that Omnata keeps."""
    root, carrier = owner_columns(plan, table)
    found = {**row.values, root: row.root}
    return {**found, carrier: row.carrier} if carrier else found


def unselected(plan: StreamPlan, selected: Iterable[str]) -> dict[str, str]:
    """The parts of a stream whose tables nobody asked for, by their path: they are not read."""
    wanted = set(selected)
    paths: dict[str, str] = {}
    for table, path in _paths(plan):
        if not wanted & {table, *_below(plan, table)}:
            paths[path] = "not selected"
    return paths


def _paths(plan: StreamPlan) -> Iterator[tuple[str, str]]:
    def walk(children: Any, where: str) -> Iterator[tuple[str, str]]:
        for child in children:
            yield child.table, f"{where}{child.field}"
            yield from walk(child.children, f"{where}{child.field}.")

    return walk(plan.stream.children, "")


def _below(plan: StreamPlan, name: str) -> set[str]:
    direct = {table.name for table in plan.tables if table.parent == name}
    return direct.union(*(_below(plan, each) for each in direct))
