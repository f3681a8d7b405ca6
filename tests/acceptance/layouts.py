"""Layouts in tests: a Postgres as the views see it, and a DuckDB warehouse's tables copied into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from shoptide.errors import WarehouseError
from shoptide.warehouse import DuckDBWarehouse
from shoptide.warehouse.names import listed, literal, quoted

KINDS = {"VARCHAR": "text", "DOUBLE": "double precision", "JSON": "json"}


class PostgresEngine:
    """A connection that runs what making views asks for."""

    dialect = "postgres"

    def __init__(self, url: str, schema: str = "shopify", views: tuple[str, ...] = ("fivetran",)) -> None:
        self.schema = schema
        self.views = views
        self.connection = psycopg.connect(url, autocommit=True)

    def execute(self, sql: str, values: Sequence[object] = ()) -> tuple[int, list[tuple[Any, ...]]]:
        assert not values
        try:
            found = self.connection.execute(sql.encode())
        except psycopg.Error as error:
            raise WarehouseError(f"postgres: {error}") from error
        return found.rowcount, found.fetchall() if found.description else []

    @contextmanager
    def transaction(self) -> Iterator[object]:
        with self.connection.transaction():
            yield self


def copy_tables(source: duckdb.DuckDBPyConnection, target: PostgresEngine, folder: Path) -> None:
    """Every table of the source's schema, with its rows, into the target's."""
    schema = quoted(target.schema)
    target.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    names = source.execute(
        f"SELECT table_name FROM information_schema.tables WHERE table_schema = {literal(target.schema)}"
    ).fetchall()
    for (name,) in names:
        columns = [row[:2] for row in source.execute(f"DESCRIBE {schema}.{quoted(name)}").fetchall()]
        # Names longer than 63 bytes are cut by Postgres; none of those is in a layout.
        declared = ", ".join(f"{quoted(column[:63])} {KINDS.get(kind, kind)}" for column, kind in columns)
        target.execute(f"CREATE TABLE {schema}.{quoted(name)} ({declared})")
        file = folder / f"{name}.csv"
        source.execute(f"COPY {schema}.{quoted(name)} TO {literal(str(file))} (FORMAT csv, HEADER false, NULL '~')")
        chosen = listed([column[:63] for column, _ in columns])
        into = f"COPY {schema}.{quoted(name)} ({chosen}) FROM STDIN (FORMAT csv, NULL '~')"
        with target.connection.cursor() as cursor, cursor.copy(into.encode()) as copy:
            copy.write(file.read_bytes())


def table(engine: DuckDBWarehouse | PostgresEngine, name: str, columns: dict[str, str], *rows: tuple[Any, ...]) -> None:
    """A table as pulls leave it, as far as these columns go."""
    own = {"_shop": "VARCHAR", "_synced_at": "TIMESTAMP", "_deleted_at": "TIMESTAMP"}
    declared = ", ".join(f"{quoted(column)} {kind}" for column, kind in (own | columns).items())
    engine.execute(f"CREATE TABLE shopify.{quoted(name)} ({declared})")
    for row in rows:
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in row)
        engine.execute(f"INSERT INTO shopify.{quoted(name)} VALUES ({values})")
