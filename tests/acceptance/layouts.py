"""Layouts in tests: an engine with nothing in it, and tables as pulls leave them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import WarehouseConfig
from shoptide.warehouse import Warehouse, open_warehouse
from shoptide.warehouse.names import quoted

ENGINES = ("duckdb", "postgres")


@contextmanager
def opened(request: pytest.FixtureRequest, engine: str) -> Iterator[Warehouse]:
    """A warehouse of the test's own, empty; Postgres from the fixture `postgres_url`."""
    url = "duckdb://" if engine == "duckdb" else str(request.getfixturevalue("postgres_url"))
    with open_warehouse(WarehouseConfig(url), base=Path()) as found:
        yield found


def asked(engine: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query in the engine's own SQL."""
    return engine.execute(sql)[1]


def table(engine: Warehouse, name: str, columns: dict[str, str], *rows: tuple[Any, ...]) -> None:
    """A table as pulls leave it, as far as these columns go."""
    own = {"_shop": "VARCHAR", "_synced_at": "TIMESTAMP", "_deleted_at": "TIMESTAMP"}
    engine.create(name, own | columns)
    for row in rows:
        values = ", ".join("NULL" if value is None else f"'{value}'" for value in row)
        engine.execute(f"INSERT INTO shopify.{quoted(name)} VALUES ({values})")
