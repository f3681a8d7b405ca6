"""Pulls of a simulated store for the acceptance tests: a project, its runs, its tables, and a clock in a hurry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from shoptide.clock import Clock, SystemClock
from shoptide.config import LedgerConfig, PullConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.inbound.events import Event, PullReport, StreamReport
from shoptide.inbound.pull import Options, pull
from shoptide.ledger import Ledger, open_ledger
from shoptide.shopify.client import AdminClient
from shoptide.shopify.schema import Schema
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World
from shoptide.warehouse import Warehouse, open_warehouse

OWN = ("_synced_at", "_run_id", "_row_hash", "_deleted_at")


class HastyClock:
    """Real time, but so many times as fast: minutes of waiting pass in a blink."""

    def __init__(self, pace: float) -> None:
        self.pace = pace
        self._began = (time.monotonic(), datetime.now(UTC))

    def now(self) -> datetime:
        return self._began[1] + timedelta(seconds=self.monotonic() - self._began[0])

    def monotonic(self) -> float:
        return self._began[0] + (time.monotonic() - self._began[0]) * self.pace

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds) / self.pace)


@dataclass
class Puller:
    """One shop, one warehouse, one ledger; `events` are those of all its runs."""

    base: Path
    running: Running
    client: AdminClient
    warehouse: Warehouse
    ledger: Ledger
    clock: Clock
    config: PullConfig
    events: list[Event] = field(default_factory=list)

    def run(self, **options: Any) -> PullReport:
        settings = {
            name: options.pop(name)
            for name in ("overlap", "window_records", "stalled_after", "reconcile_every")
            if name in options
        }
        stop = options.pop("stop", None)
        return pull(
            replace(self.config, **settings),
            client=self.client,
            warehouse=self.warehouse,
            ledger=self.ledger,
            clock=self.clock,
            spool=self.base / "spool",
            options=Options(**options),
            on_event=self.events.append,
            stop=stop,
        )

    def whole(self, **options: Any) -> PullReport:
        """A run in which nothing fails."""
        report = self.run(**options)
        assert [each.error for each in report.failed] == [], [str(each.error) for each in report.failed]
        return report

    def fault(self, *rules: dict[str, Any]) -> None:
        """Ask the simulator for disasters; none ends those under way."""
        answer = httpx2.post(f"{self.running.url}/_simulator/faults", json=list(rules))
        assert answer.status_code == 200, answer.text

    def settings(self, **settings: Any) -> None:
        answer = httpx2.post(f"{self.running.url}/_simulator/settings", json=settings)
        assert answer.status_code == 200, answer.text

    def slow(self) -> None:
        """Points come back so slowly that bulk operations are the quicker way; the bucket is full."""
        bucket = self.running.world.first.bucket
        bucket.resize(2_000, 15)
        bucket.give_back(2_000)

    def quick(self) -> None:
        """Points are no matter."""
        bucket = self.running.world.first.bucket
        bucket.resize(40_000, 2_000)
        bucket.give_back(40_000)

    def rows(self, sql: str) -> list[Any]:
        return self.warehouse.run_query(sql)[1]

    def content(self) -> dict[str, list[Any]]:
        """The living rows of every table, without what a run writes of itself."""
        found = {}
        for name in self.warehouse.tables():
            if not name.startswith("_"):
                left_out = ", ".join(OWN)
                found[name] = self.rows(
                    f"select * exclude ({left_out}) from {name} where _deleted_at is null order by all"
                )
        return found

    def cursor(self, stream: str) -> Any:
        found = self.rows(f"select cursor from _shoptide_cursors where stream = '{stream}'")
        return found[0][0] if found else None

    def operations(self) -> list[dict[str, Any]]:
        """What the store knows of its bulk operations, oldest first."""
        with self.running.world.shop.lock:
            return [dict(record) for record in self.running.world.shop.table("BulkOperation").all()]


def stream_of(report: PullReport, name: str) -> StreamReport:
    return next(each for each in report.streams if each.stream == name)


@contextmanager
def pulling(
    base: Path,
    running: Running,
    *streams: str,
    clock: Clock | None = None,
    url: str = "duckdb:///warehouse.duckdb",
    **shop: Any,
) -> Iterator[Puller]:
    """A project in a folder, on a store that runs."""
    ticking: Clock = clock or SystemClock()
    config = ShopConfig(
        "main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=running.url, **shop
    )
    base.mkdir(exist_ok=True)
    client = AdminClient(config, clock=ticking)
    warehouse = open_warehouse(WarehouseConfig(url), base=base)
    ledger = open_ledger(LedgerConfig("sqlite:///.shoptide/ledger.db"), base=base)
    try:
        yield Puller(base, running, client, warehouse, ledger, ticking, PullConfig("store", "main", streams))
    finally:
        ledger.close()
        warehouse.close()
        client.close()


@contextmanager
def store(*, customers: int = 0, products: int = 0, orders: int = 0) -> Iterator[Running]:
    """A store of its own, whose operations take no time to speak of."""
    world = World.seeded(customers=customers, products=products, orders=orders, seed=9, plan="enterprise")
    world.shop.settings["bulk_seconds"] = 0.05
    with start(world) as found:
        yield found


def every_scope(schema: Schema) -> set[str]:
    """Also those that no ordinary app is granted."""
    types = [schema.type(name) for name in schema.names()]
    groups = [group for kind in types for group in kind.scopes]
    groups += [group for kind in types for item in kind.fields.values() for group in item.scopes]
    return {scope for group in groups for scope in group} | {"read_all_orders"}
