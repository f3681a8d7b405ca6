"""The conformance kit: which warehouses there are, and what each of its tests needs.

A warehouse is a name, a way to open it, and what it is known to lack, with the reason; everything else has to pass.
`capability` names what a test shows: the rows of the table in docs/reference/warehouses.md.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from shoptide.config import WarehouseConfig
from shoptide.inbound import cursors, history
from shoptide.inbound.cursors import Cursor
from shoptide.inbound.landing import Landing, TableChange
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load
from shoptide.warehouse import Warehouse, open_warehouse
from shoptide.warehouse.names import quoted

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
NOW = datetime(2026, 11, 1, tzinfo=UTC)
SHOP, PULL = "acme.myshopify.com", "store"
ONE, TWO = "gid://shopify/Order/1", "gid://shopify/Order/2"
LARGE = int(os.environ.get("SHOPTIDE_KIT_ROWS", "20000"))  # rows of the large load; a million takes minutes
FIELDS = ("name", "note", "updatedAt", "totalPriceSet", "taxLines", "test", "customerJourneySummary")


@dataclass(frozen=True)
class Kind:
    """A kind of warehouse: `url` is asked with pytest's fixtures, `lacks` is capability → why."""

    name: str
    url: Callable[[Any, Path], str]
    lacks: dict[str, str] = field(default_factory=dict)
    run_by: str = "make test"  # the command that runs the kit on it


WAREHOUSES = (
    Kind("DuckDB", lambda _request, folder: f"duckdb:///{folder / 'warehouse.duckdb'}"),
    Kind("Postgres", lambda request, _folder: str(request.getfixturevalue("postgres_url"))),
    Kind(
        "Snowflake",
        lambda request, _folder: str(request.getfixturevalue("snowflake_url")),
        {
            "DECIMAL": "the stand-in adds decimals up as floating point numbers; each of them is exact",
            "JSON": "VARIANT keeps what a document says, not how it was written",
            "cursor with rows or not at all": "a table that was made stays, empty: making it can't be undone there",
            **dict.fromkeys(
                ("history", "redaction", "schema change"),
                "the stand-in does not see tables that were made since a transaction began, as Snowflake does",
            ),
        },
        run_by="make test-snowflake",
    ),
    Kind("Parquet folder", lambda _request, folder: f"filesystem:///{folder / 'lake'}?format=parquet"),
    Kind("Delta folder", lambda _request, folder: f"filesystem:///{folder / 'lake'}?format=delta"),
    Kind("Iceberg folder", lambda _request, folder: f"filesystem:///{folder / 'lake'}?format=iceberg"),
)


@dataclass
class Kit:
    """A warehouse under test; `other()` opens it a second time."""

    kind: Kind
    folder: Path
    url: str
    opened: list[Warehouse] = field(default_factory=list)
    hour: int = 0

    def other(self, **options: Any) -> Warehouse:
        found = open_warehouse(WarehouseConfig(self.url), base=self.folder, **options)
        self.opened.append(found)
        return found

    @property
    def warehouse(self) -> Warehouse:
        return self.opened[0] if self.opened else self.other()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask in DuckDB's dialect; `{orders}` is a table."""
        return self.warehouse.rows(sql.format_map(_Tables(self.warehouse)), values)

    def plan(self, *fields: str) -> StreamPlan:
        return plan_stream(STREAMS["orders"], load("2026-10"), include=fields or FIELDS)

    def landing(self, plan: StreamPlan | None = None) -> Landing:
        """The next hour's landing."""
        self.hour += 1
        moment = NOW + timedelta(hours=self.hour)
        return Landing(self.warehouse, plan or self.plan(), SHOP, f"run-{self.hour}", moment)

    def land(
        self, *records: dict[str, Any], whole: bool = False, keep: bool = False, plan: StreamPlan | None = None
    ) -> dict[str, TableChange]:
        landing = self.landing(plan)
        self.prove(landing, *records)
        with self.warehouse.transaction():
            landing.declare()
            changes = landing.merge(whole=whole)
            if keep:
                history.keep(self.warehouse, landing.plan, SHOP, landing.now)
        landing.staging.drop()
        return {change.table: change for change in changes}

    def prove(self, landing: Landing, *records: dict[str, Any]) -> None:
        path = self.folder / "lines.jsonl"
        path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
        with self.warehouse.errors():
            landing.staging.scan([path])
            landing.staging.split()

    def save_cursor(self, hour: int) -> None:
        moment = NOW + timedelta(hours=hour)
        cursors.save(self.warehouse, SHOP, PULL, "orders", Cursor(moment, moment, hour, None, moment), "run")

    def cursor(self) -> Cursor | None:
        return cursors.load(self.warehouse, SHOP, PULL, "orders")

    def fill(self, name: str, columns: dict[str, str], query: str, keys: tuple[str, ...] = ()) -> None:
        """A table of what a query of the workbench gives."""
        self.warehouse.workbench.execute(f"CREATE OR REPLACE TEMP TABLE _filled AS {query}")
        with self.warehouse.transaction():
            self.warehouse.create(name, columns, [keys] if keys else ())
            self.warehouse.insert(name, {each: f"s.{quoted(each)}" for each in columns}, "_filled", keys)

    def close(self) -> None:
        for each in self.opened:
            each.close()


class _Tables(dict[str, str]):
    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__()
        self.warehouse = warehouse

    def __missing__(self, name: str) -> str:
        return self.warehouse.table(name)


def money(amount: str) -> dict[str, Any]:
    held = {"amount": amount, "currencyCode": "CAD"}
    return {"shopMoney": held, "presentmentMoney": held}


def order(gid: str = ONE, **fields: Any) -> dict[str, Any]:
    return {"__typename": "Order", "id": gid, "name": "#1", "updatedAt": "2026-10-01T10:00:00Z", **fields}


def taxes(*titles: str) -> dict[str, Any]:
    return {"taxLines": [{"title": title, "priceSet": money("1.00")} for title in titles]}
