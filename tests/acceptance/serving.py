"""`shoptide serve` for the acceptance tests: its parts in this process, on a store that runs, and looked at beside."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shoptide.clock import SystemClock
from shoptide.config import Config, LedgerConfig, PullConfig, Secret, ServeConfig, ShopConfig, WarehouseConfig
from shoptide.inbound.events import Listener, PullReport
from shoptide.inbound.pull import Options, pull
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.inbox import Inbox
from shoptide.serve.http import HttpPart
from shoptide.serve.parts import Opened, open_parts
from shoptide.shopify.client import AdminClient
from shoptide.simulator.execution import Request
from shoptide.simulator.server import Running
from shoptide.warehouse import Warehouse, open_warehouse

SECRET = "simulated-secret"  # what the simulator signs with
SHOP = "simulated.myshopify.com"
VERSION = "2026-10"


@dataclass
class Serving:
    """A process that serves; `warehouse` is a connection of the test's own."""

    base: Path
    running: Running
    config: Config
    ledger: Ledger
    warehouse: Warehouse
    http: HttpPart

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.ledger)

    def rows(self, sql: str) -> list[Any]:
        return self.warehouse.run_query(sql)[1]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """A change in the store, as another app makes it."""
        body = self.running.world.first.execute(Request(query, variables), VERSION, self.running.url)
        assert "errors" not in body, body
        found: dict[str, Any] = body["data"]
        assert not any(payload.get("userErrors") for payload in found.values() if isinstance(payload, dict)), found
        return found

    def pull(self, clock: SystemClock | None = None, on_event: Listener | None = None, **options: Any) -> PullReport:
        """A pull beside what serves, as a schedule runs it."""
        with client_of(self.config) as client:
            return pull(
                self.config.pulls["store"],
                client=client,
                warehouse=self.warehouse,
                ledger=self.ledger,
                on_event=on_event,
                clock=clock or SystemClock(),
                spool=self.base / "spool",
                options=Options(**options),
            )

    def settled(self) -> bool:
        return not {"waiting", "again"} & self.inbox.depth().keys()


def client_of(config: Config, alias: str = "main", clock: SystemClock | None = None) -> AdminClient:
    return AdminClient(config.shops[alias], clock=clock or SystemClock())


def until(true: Callable[[], Any], seconds: float = 60) -> None:
    """Wait for other threads."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def config_of(base: Path, running: Running, *streams: str, **serve: Any) -> Config:
    port = free_port()
    shop = ShopConfig("main", SHOP, access_token=Secret("shpat_simulated"), base_url=running.url)
    settings = ServeConfig(port=port, manage_port=0, public_url=f"http://127.0.0.1:{port}", secrets=(Secret(SECRET),))
    return Config(
        base / "shoptide.toml",
        {"main": shop},
        WarehouseConfig("duckdb:///warehouse.duckdb"),
        LedgerConfig("sqlite:///.shoptide/ledger.db"),
        {"store": PullConfig("store", "main", streams)},
        {},
        serve=replace(settings, **serve),
    )


@contextmanager
def serving(
    base: Path, running: Running, *streams: str, config: Config | None = None, **serve: Any
) -> Iterator[Serving]:
    """Serve until the block ends, then drain."""
    chosen = config or config_of(base, running, *streams, **serve)
    clock = SystemClock()
    ready, failed = threading.Event(), list[BaseException]()
    with (
        open_ledger(chosen.ledger, base=base, clock=clock) as ledger,
        open_warehouse(chosen.warehouse, base=base) as warehouse,
    ):
        opened = Opened(
            chosen,
            clock,
            clock.stop,
            ledger,
            warehouse,
            lambda alias: client_of(chosen, alias, clock),
            base / ".shoptide",
        )
        process, http, _manage = open_parts(opened)

        def work() -> None:
            try:
                process.run(ready.set)
            except BaseException as error:  # noqa: BLE001  # handed to the test
                failed.append(error)
                ready.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert ready.wait(60)
        beside = warehouse.beside()
        try:
            yield Serving(base, running, chosen, ledger, beside, http)
        finally:
            clock.stop.set()
            thread.join(40)
            beside.close()
        assert failed == []
        assert not thread.is_alive()
