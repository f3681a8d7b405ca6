"""One view's statement: a layout's query, for an engine and for what is really there. Nothing is run here.

Each column is cast to the layout's type, in the layout's order; `_fivetran_synced` comes from the row's landing, and a
row that was deleted is flagged where the layout has a flag for it and left out where it has none. Behind the layout's
own columns stands `_shop`, the shop that the row is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sqlglot
from sqlglot import exp

from shoptide.warehouse.views.marks import json_columns, projections, spell

Held = Callable[[str], Mapping[str, str]]  # a table of ours → its columns with DuckDB's names of their types; or none

SHOP = "_shop"
TYPES = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "float": "DOUBLE",
    "integer": "INT",
    "text": "TEXT",
    "timestamp": "TIMESTAMP",
}
WHOLE = frozenset({"bigint", "integer"})
NUMBERED = frozenset({"id", "position", "quantity"})


def view_query(
    query: str, columns: Mapping[str, str], held: Held, *, schema: str, dialect: str, shop: str | None = None
) -> str:
    """The SELECT of a view in an engine's SQL; `schema` is where our tables are, `shop` narrows it to one shop's rows.

    Raises ValueError for a query that does not give just the layout's columns.
    """
    tree = sqlglot.parse_one(query, read="duckdb")
    for arm in list(_arms(tree)):
        _arm(arm, columns, held, schema, dialect, shop)
    for name in tree.find_all(exp.Identifier):
        name.set("quoted", True)
    found: str = tree.sql(dialect=dialect, comments=False)
    return found


def _arms(tree: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(tree, exp.SetOperation):
        yield from _arms(tree.left)
        yield from _arms(tree.right)
    elif isinstance(tree, exp.Select):
        yield tree


def _arm(
    select: exp.Select, columns: Mapping[str, str], held: Held, schema: str, dialect: str, shop: str | None
) -> None:
    own = select.args["from_"].this.alias
    found = dict(projections(select))
    found["_fivetran_synced"] = exp.column("_synced_at", table=own)
    gone = exp.column("_deleted_at", table=own)
    if "_fivetran_deleted" in columns:
        found["_fivetran_deleted"] = gone.is_(exp.null()).not_()
    else:
        select.where(gone.is_(exp.null()), copy=False)
    if shop is not None:
        select.where(exp.column(SHOP, table=own).eq(shop), copy=False)
    if found.keys() != columns.keys():
        raise ValueError(f"not the layout's columns: {sorted(found.keys() ^ columns.keys())}")
    chosen = [_cast(found[name], kind).as_(name) for name, kind in columns.items()]
    select.set("expressions", [*chosen, exp.cast(exp.column(SHOP, table=own), "TEXT").as_(SHOP)])
    as_json = json_columns(select)
    used = {(column.table, column.name) for column in select.find_all(exp.Column)}
    for table in list(select.find_all(exp.Table)):
        if isinstance(table.this, exp.Identifier):
            alias = table.alias
            needed = {name: (alias, name) in as_json for place, name in sorted(used) if place == alias}
            table.replace(_source(table, needed, held(table.name), schema))
    spell(select, dialect)


def _cast(value: exp.Expr, kind: str) -> exp.Expr:
    if kind in WHOLE and isinstance(value, exp.JSONExtractScalar):
        value = exp.cast(value, TYPES["float"])  # a number in JSON may have a point
    return exp.cast(value, TYPES[kind])


def _source(table: exp.Table, needed: Mapping[str, bool], held: Mapping[str, str], schema: str) -> exp.Expr:
    """The table itself, or what stands in for it where it is not there or lacks columns; JSON is JSON in any case."""
    there = exp.table_(table.name, db=schema)
    if all(name in held and (held[name] == "JSON" or not as_json) for name, as_json in needed.items()):
        return exp.alias_(there, table.alias, table=True)
    chosen: list[exp.Expr] = []
    for name, as_json in needed.items():
        value: exp.Expr = exp.column(name) if name in held else exp.null()
        if name not in held or (as_json and held[name] != "JSON"):
            value = exp.cast(value, "JSON" if as_json else _likely(name))
        chosen.append(value.as_(name))
    inner = exp.select(*chosen)
    inner = inner.from_(there) if held else inner.where(exp.false())
    return exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(table.alias)))


def _likely(name: str) -> str:
    """The type of a column that is not there, as far as it matters for NULLs."""
    if name.endswith("_at"):
        return TYPES["timestamp"]
    return TYPES["bigint"] if name in NUMBERED else TYPES["text"]
