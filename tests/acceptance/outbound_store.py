"""A project on disk, a simulated store on a socket and pushes between them, for the acceptance tests of push."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig
from shoptide.ledger import Ledger, RecordState, open_ledger
from shoptide.outbound import push as pushing
from shoptide.outbound.events import PushReport
from shoptide.outbound.planning import Plan
from shoptide.shopify.client import AdminClient
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World
from shoptide.warehouse import DuckDBWarehouse


@dataclass
class Project:
    """One shop, one warehouse, one ledger."""

    base: Path
    running: Running
    client: AdminClient
    warehouse: DuckDBWarehouse
    ledger: Ledger

    def config(self, name: str, object_: str, strategy: str, source: str, **settings: Any) -> PushConfig:
        return PushConfig(name, "main", object_, strategy, source, settings.pop("key", "k"), **settings)

    def push(self, config: PushConfig, **options: Any) -> PushReport:
        return pushing.push(
            config,
            client=self.client,
            warehouse=self.warehouse,
            ledger=self.ledger,
            clock=SystemClock(),
            base=self.base,
            options=pushing.Options(**options),
        )

    def plan(self, config: PushConfig, **options: Any) -> Plan:
        return pushing.plan(
            config,
            client=self.client,
            warehouse=self.warehouse,
            ledger=self.ledger,
            base=self.base,
            options=pushing.Options(**options),
        )

    def rows(self, *rows: dict[str, Any], name: str = "rows") -> str:
        """A JSONL file of the rows, as a source; nested values are lists and objects."""
        (self.base / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return f"{name}.jsonl"

    def states(self, name: str) -> dict[str, RecordState]:
        return {state.key: state for state in self.ledger.records(name)}

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        return self.client.execute(document, variables).data

    def mutate(self, name: str, arguments: str, select: str) -> dict[str, Any]:
        """A mutation that the store's own staff makes; `arguments` are GraphQL."""
        document = f"mutation {{ {name}({arguments}) {{ {select} userErrors {{ field message }} }} }}"
        payload: dict[str, Any] = self.ask(document)[name]
        assert payload["userErrors"] == [], payload["userErrors"]
        return payload

    def fault(self, **rule: Any) -> None:
        """Ask the simulator for a disaster."""
        answer = httpx2.post(f"{self.running.url}/_simulator/faults", json=rule)
        assert answer.status_code == 200, answer.text

    def count(self, kind: str) -> int:
        with self.running.world.shop.lock:
            return len(self.running.world.shop.table(kind))


class LeapingClock(SystemClock):
    """Waits by moving its own hands and the store's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.leapt = 0.0
        self.moves_store = True

    def monotonic(self) -> float:
        return super().monotonic() + self.leapt

    def sleep(self, seconds: float) -> None:
        self.leapt += seconds
        if self.moves_store:
            httpx2.post(f"{self.url}/_simulator/clock", json={"move": seconds}).raise_for_status()


@contextmanager
def opened(
    base: Path,
    *,
    world: World | None = None,
    running: Running | None = None,
    leaping: bool = False,
    transport: httpx2.Client | None = None,
    **settings: Any,
) -> Iterator[Project]:
    """A project in a folder, on a store of its own or one that runs already; `leaping` waits by moving the clocks.

    `settings` are the shop's, as its API version.
    """
    serving = running or start(world or World.empty())
    token = Secret("shpat_simulated")
    shop = ShopConfig("main", "simulated.myshopify.com", access_token=token, base_url=serving.url, **settings)
    clock = LeapingClock(serving.url) if leaping else SystemClock()
    client = AdminClient(shop, clock=clock, transport=transport)
    warehouse = DuckDBWarehouse(base / "warehouse.duckdb", "shopify")
    ledger = open_ledger(LedgerConfig("sqlite:///.shoptide/ledger.db"), base=base)
    try:
        yield Project(base, serving, client, warehouse, ledger)
    finally:
        ledger.close()
        warehouse.close()
        client.close()
        if running is None:
            serving.stop()
