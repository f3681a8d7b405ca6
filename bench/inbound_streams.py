"""Inbound: what a pull of all streams costs a store, the first time and when nothing changed.

On the plan with the smallest budget: there points are time.
"""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PullConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.inbound.events import PullReport
from shoptide.inbound.pull import pull
from shoptide.ledger import open_ledger
from shoptide.shopify.client import AdminClient
from shoptide.simulator.server import start
from shoptide.simulator.world import World
from shoptide.warehouse import open_warehouse


def figures() -> dict[str, float]:
    """Calls and points of two pulls of a seeded store; a stream that is left out asks nothing and does not count."""
    logging.disable(logging.WARNING)
    world = World.seeded(customers=200, products=60, orders=500, seed=3)
    with tempfile.TemporaryDirectory() as folder, start(world) as running:
        first, idle = pulled(Path(folder), running.url)
    read = [each for each in idle.streams if each.calls]
    return {
        "inbound.streams": len(idle.streams),
        "inbound.all_seconds": round(first.seconds, 1),
        "inbound.all_calls": first.calls,
        "inbound.all_points": first.cost,
        "inbound.nochange_calls_per_stream": round(sum(each.calls for each in read) / len(read), 2),
        "inbound.nochange_most_calls": max(each.calls for each in read),
        "inbound.nochange_points": idle.cost,
    }


def pulled(base: Path, url: str) -> tuple[PullReport, PullReport]:
    shop = ShopConfig("main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=url)
    warehouse = open_warehouse(WarehouseConfig("duckdb:///all.duckdb"), base=base)
    ledger = open_ledger(LedgerConfig("sqlite:///ledger.db"), base=base)
    config = PullConfig("all", "main", ("all",))
    with AdminClient(shop, clock=SystemClock()) as client:
        first, idle = (
            pull(config, client=client, warehouse=warehouse, ledger=ledger, clock=SystemClock(), spool=base / "spool")
            for _ in range(2)
        )
    warehouse.close()
    ledger.close()
    return first, idle
