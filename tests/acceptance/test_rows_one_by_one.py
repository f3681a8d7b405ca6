"""Rows cut out of pages in Python are the rows that DuckDB reads out of files: one layout, whoever makes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PullConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.hosts.omnata import bulk_reading
from shoptide.hosts.omnata.bulk_reading import BulkReading
from shoptide.inbound.paging import batches, lines_of, pages, pass_lines
from shoptide.inbound.plans import plan_one
from shoptide.inbound.pull import pull
from shoptide.ledger import open_ledger
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.rows import rows_of
from shoptide.shopify.client import AdminClient
from shoptide.simulator.server import start
from shoptide.simulator.world import Opening, World
from shoptide.warehouse import Warehouse, open_warehouse

STREAMS = ("customers", "products", "orders", "fulfillments", "returns", "inventory_levels", "collections", "discounts")
CONFIG = PullConfig("store", "main", STREAMS)


@pytest.fixture(scope="module")
def shop() -> Iterator[AdminClient]:
    with start(World([Opening(customers=30, products=12, orders=40, plan="plus")])) as running:
        token = Secret("shpat_simulated")
        config = ShopConfig("main", "simulated.myshopify.com", access_token=token, base_url=running.url, plan="plus")
        with AdminClient(config) as client:
            yield client


@pytest.fixture(scope="module")
def warehouse(shop: AdminClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    base: Path = tmp_path_factory.mktemp("pulled")
    with (
        open_warehouse(WarehouseConfig("duckdb:///w.duckdb"), base=base) as opened,
        open_ledger(LedgerConfig("sqlite:///.shoptide/ledger.db"), base=base) as ledger,
    ):
        pull(CONFIG, client=shop, warehouse=opened, ledger=ledger, clock=SystemClock(), spool=base / "spool")
        yield opened


def by_pages(client: AdminClient, plan: StreamPlan) -> dict[str, list[dict[str, Any]]]:
    """A stream's rows by table, made page by page."""
    lines: list[dict[str, Any]] = []
    for page in pages(client, plan, search=plan.stream.always or None, first=plan.page_size):
        for node in page.nodes:
            lines += lines_of(client, node, plan.paged_children)
    for second in plan.passes:
        ids = [row.values["gid"] for row in rows_of(plan, lines)[second.parent_table]]
        for batch in batches(ids, second.batch):
            lines += pass_lines(client, second, batch)
    return {table: [row.values for row in rows] for table, rows in rows_of(plan, lines).items()}


def by_files(client: AdminClient, plan: StreamPlan, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """A stream's rows by table, made of bulk operations' files a few lines at a time."""
    reading = BulkReading(client, plan, folder, lambda: False, {})
    made: dict[str, list[dict[str, Any]]] = {table.name: [] for table in plan.tables}
    for path in reading.files(plan.stream.always or None, lambda: None):
        for rows in reading.rows(path):
            for table, some in rows.items():
                made[table] += [row.values for row in some]
    return made


def plain(value: Any, kind: str) -> Any:
    """A value of either side in one spelling."""
    if value is None:
        return None
    if kind == "json":
        return json.dumps(json.loads(value) if isinstance(value, str) and value[:1] in '[{"' else value, sort_keys=True)
    if kind in ("decimal", "rate", "double"):
        return Decimal(str(value)).normalize()
    if isinstance(value, (datetime, date)):
        return value.isoformat() + ("Z" if isinstance(value, datetime) else "")
    return value


@pytest.mark.parametrize("name", STREAMS)
def test_the_rows_are_those_of_the_warehouse(shop: AdminClient, warehouse: Warehouse, name: str) -> None:
    """Every table of the stream, every column, every value, read by pages."""
    plan = plan_one(CONFIG, shop.schema, shop.access().scopes, name)
    compare(warehouse, plan, by_pages(shop, plan))


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "discounts"])
def test_rows_of_bulk_files_are_the_same(
    shop: AdminClient, warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Cut anywhere, records and what hangs on them in different pieces."""
    monkeypatch.setattr(bulk_reading, "LINES", 7)
    plan = plan_one(CONFIG, shop.schema, shop.access().scopes, name)
    assert plan.bulkable
    compare(warehouse, plan, by_files(shop, plan, tmp_path))


def compare(warehouse: Warehouse, plan: StreamPlan, made: dict[str, list[dict[str, Any]]]) -> None:
    for table in plan.tables:
        kinds = {column.name: str(column.type) for column in table.columns}
        kinds |= {table.parent_column: "text"} if table.parent_column else {}
        kinds |= {"position": "bigint"} if "position" in table.key else {}
        chosen = ", ".join(f'"{column}"' for column in kinds)
        found = warehouse.rows(f"SELECT {chosen} FROM {warehouse.table(table.name)}")
        theirs = {tuple(map(str, map(plain, row, kinds.values()))) for row in found}
        ours = {tuple(str(plain(row[column], kind)) for column, kind in kinds.items()) for row in made[table.name]}
        assert ours == theirs, table.name
