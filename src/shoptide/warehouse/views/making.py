"""Puts a layout's views into a warehouse, and makes anew those that would be made otherwise now.

A view that is as it would be made is left alone: whoever reads it is not waited for. All views of a layout are one
transaction; what goes wrong leaves those there that there were.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

from shoptide.errors import ConfigError
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.views.aside import Remake, Standing, grant, granted, put_aside
from shoptide.warehouse.views.layout import Gaps, Layout, layout

MADE_BY, EVERYBODY = "Made by Shoptide", "all shops"
SAID = re.compile(rf"{MADE_BY}: layout (?P<layout>\w+), the rows of (?P<shop>[^,]+),")
HERE = {"duckdb": " AND table_catalog = current_database()", "postgres": ""}
COMMENTS = {
    "duckdb": (
        "SELECT view_name, comment FROM duckdb_views() WHERE database_name = current_database() AND schema_name = {}"
    ),
    "postgres": (
        "SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND n.nspname = {}"
    ),
}


class Engine(Protocol):
    """What making views asks of a warehouse; SQL is the engine's own."""

    schema: str

    @property
    def dialect(self) -> str: ...

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[tuple[Any, ...]]]: ...

    def transaction(self) -> AbstractContextManager[object]: ...


@dataclass(frozen=True)
class Made:
    """The schemas of a layout that there are now, the views that were made anew, and what they lack."""

    schemas: tuple[str, ...]
    anew: tuple[str, ...]
    gaps: Gaps


def make_views(engine: Engine, chosen: Layout, shops: Sequence[str]) -> Made:
    """Bring a layout's views up to date with the tables that are there.

    One schema has the rows of all shops; where there is more than one shop, each has a schema with its own besides.
    Raises ConfigError on an engine that they are not written for, WarehouseError when it refuses.
    """
    refuse_engine(engine.dialect)
    held = held_columns(engine, engine.schema)
    wanted: list[tuple[str, str | None]] = [(chosen.schema(engine.schema), None)]
    if len(set(shops)) > 1:
        wanted += sorted((chosen.schema(engine.schema, shop), shop) for shop in set(shops))
    anew: list[str] = []
    with engine.transaction():
        for schema, shop in wanted:
            anew += _make(engine, chosen, held, schema, shop)
    return Made(tuple(schema for schema, _ in wanted), tuple(anew), chosen.gaps(held))


def refuse_engine(dialect: str) -> None:
    if dialect not in COMMENTS:
        raise ConfigError(
            f"[warehouse] views: they are made on {' and '.join(COMMENTS)}, not on {dialect}",
            hint="leave views out, or choose another warehouse",
        )


def held_columns(engine: Engine, schema: str) -> dict[str, dict[str, str]]:
    """Table or view → column → type, of a whole schema."""
    _, rows = engine.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema = {literal(schema)}{HERE[engine.dialect]} ORDER BY table_name, ordinal_position"
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        found.setdefault(table, {})[column] = "JSON" if kind == "json" else kind
    return found


def _make(
    engine: Engine, chosen: Layout, held: Mapping[str, Mapping[str, str]], schema: str, shop: str | None
) -> list[str]:
    engine.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
    there = dict(engine.execute(COMMENTS[engine.dialect].format(literal(schema)))[1])
    anew = []
    for name in chosen.columns:
        mark = comment_of(engine, chosen, held, name, shop)
        if there.get(name) == mark:
            continue
        view = f"{quoted(schema)}.{quoted(name)}"
        query = statement_of(engine, chosen, held, name, shop)
        if name in there and engine.dialect == "postgres" and not _same_columns(engine, chosen, schema, name):
            _replace(engine, schema, name, query)
        else:
            engine.execute(f"CREATE OR REPLACE VIEW {view} AS {query}")
        engine.execute(f"COMMENT ON VIEW {view} IS {literal(mark)}")
        anew.append(f"{schema}.{name}")
    return anew


def _same_columns(engine: Engine, chosen: Layout, schema: str, name: str) -> bool:
    """Whether a view has the layout's columns: then Postgres lets its query be another."""
    _, rows = engine.execute(
        "SELECT column_name FROM information_schema.columns"
        f" WHERE table_schema = {literal(schema)} AND table_name = {literal(name)} ORDER BY ordinal_position"
    )
    return [row[0] for row in rows] == [*chosen.columns[name], "_shop"]


def _replace(engine: Engine, schema: str, name: str, query: str) -> None:
    """A view of other columns in place of one that others may stand on and that some may read."""
    view, grants = f"{quoted(schema)}.{quoted(name)}", granted(engine, schema, name)
    with put_aside(engine, schema, name, as_now(engine)):
        engine.execute(f"DROP VIEW {view}")
        engine.execute(f"CREATE VIEW {view} AS {query}")
    grant(engine, view, grants)


def as_now(engine: Engine) -> Remake:
    """Tells the query of a layout's view as the tables are when it is asked; of others nothing."""

    def remake(view: Standing) -> str | None:
        met = SAID.match(view.comment or "")
        if met is None:
            return None
        shop = None if met["shop"] == EVERYBODY else met["shop"]
        return statement_of(engine, layout(met["layout"]), held_columns(engine, engine.schema), view.name, shop)

    return remake


@contextmanager
def views_aside(engine: Engine, table: str) -> Iterator[None]:
    """Change columns of a table that views read; call it inside a transaction. Raises WarehouseError, naming a view."""
    with put_aside(engine, engine.schema, table, as_now(engine)):
        yield


def statement_of(
    engine: Engine, chosen: Layout, held: Mapping[str, Mapping[str, str]], name: str, shop: str | None
) -> str:
    # Only here: a pull that makes no view anew does without what translates SQL.
    from shoptide.warehouse.views.building import view_query

    return view_query(
        chosen.queries[name],
        chosen.columns[name],
        lambda table: held.get(table, {}),
        schema=engine.schema,
        dialect=engine.dialect,
        shop=shop,
    )


def comment_of(
    engine: Engine, chosen: Layout, held: Mapping[str, Mapping[str, str]], name: str, shop: str | None
) -> str:
    """What a view says of itself: whose rows it has, and a mark of all that its statement is made from."""
    there = {table: sorted(held.get(table, {}).items()) for table in chosen.sources(name)}
    made_from = (_code(), engine.schema, engine.dialect, shop, chosen.queries[name], chosen.columns[name], there)
    mark = hashlib.sha256(repr(made_from).encode()).hexdigest()[:16]
    return f"{MADE_BY}: layout {chosen.name}, the rows of {shop or EVERYBODY}, {mark}"


@cache
def _code() -> str:
    """The modules that make a statement: when they change, what they would make may be another."""
    texts = [(files(__package__) / module).read_bytes() for module in ("building.py", "marks.py")]
    return hashlib.sha256(b"".join(texts)).hexdigest()
