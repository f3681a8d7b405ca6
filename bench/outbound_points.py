"""Outbound: what a row costs of the store's query budget, for each object, strategy and way of sending.

Points are those that a simulated store charges, whose costs are held to recorded ones by a test; they don't depend on
the machine. Look-ups of match keys are part of them. Rows: new and changed ones of every object as users push them.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.ledger import open_ledger
from shoptide.outbound.push import Options, push
from shoptide.shopify.client import AdminClient
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World
from shoptide.warehouse import open_warehouse

ROWS = 100
WAYS = ("rows", "documents", "bulk")
MATCH = {"customers": ("email",), "products": ("handle",), "orders": ("name",), "fulfillments": ()}
OPEN = "{ orders(first: 200) { nodes { id displayFulfillmentStatus cancelledAt } } }"


def customers(turn: int) -> list[dict[str, Any]]:
    return [
        {"k": f"k{i}", "email": f"bench{i}@example.com", "first_name": f"F{i}", "note": f"n{turn}", "tags": ["vip"]}
        for i in range(ROWS)
    ]


def products(turn: int) -> list[dict[str, Any]]:
    return [
        {"k": f"k{i}", "title": f"P{i}", "handle": f"bench-{i}", "vendor": f"v{turn}", "sku": f"B{i}", "price": "5.00"}
        for i in range(ROWS)
    ]


def orders(turn: int) -> list[dict[str, Any]]:
    line = {"title": "Thing", "quantity": 1, "price": "5.00"}
    return [
        {"k": f"k{i}", "name": f"#B{i}", "email": f"o{i}@example.com", "note": f"n{turn}", "line_items": [line]}
        for i in range(ROWS)
    ]


SOURCES = {"customers": customers, "products": products, "orders": orders}


class Bench:
    """One store, and pushes to it with their points a row."""

    def __init__(self, running: Running, base: Path) -> None:
        shop = ShopConfig("main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"),
                          base_url=running.url, plan="enterprise")  # fmt: skip
        running.world.shop.settings["bulk_seconds"] = 0.05
        self.client = AdminClient(shop, clock=SystemClock())
        self.base = base
        self.warehouse = open_warehouse(WarehouseConfig("duckdb:///w.duckdb"), base=base)
        self.ledger = open_ledger(LedgerConfig("sqlite:///ledger.db"), base=base)

    def points(self, name: str, object_: str, strategy: str, rows: list[dict[str, Any]], way: str) -> float:
        (self.base / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        config = PushConfig(name, "main", object_, strategy, "rows.jsonl", "k", MATCH[object_])
        report = push(
            config,
            client=self.client,
            warehouse=self.warehouse,
            ledger=self.ledger,
            clock=SystemClock(),
            base=self.base,
            options=Options(apply=way),
        )
        if report.outcomes != {"applied": len(rows)}:
            failed = report.failures[0] if report.failures else None
            raise RuntimeError(f"{object_} {strategy} {way}: {report.outcomes} {failed}")
        return round(report.cost / len(rows), 2)


def figures() -> dict[str, float]:
    found: dict[str, float] = {}
    for way in WAYS:
        with (
            start(World.seeded(customers=40, products=20, orders=150, seed=1, plan="enterprise")) as running,
            tempfile.TemporaryDirectory() as folder,
        ):
            bench = Bench(running, Path(folder))
            for object_, source in SOURCES.items():
                for strategy, turn in (("create", 0), ("upsert", 1), ("update", 2), ("delete", 3)):
                    # Each strategy is a push of its own: it finds by match key what the one before it made.
                    name = f"{object_}_{strategy}"
                    given = source(turn) if strategy != "update" else [changeable(row) for row in source(turn)]
                    found[f"outbound.points.{object_}.{strategy}.{way}"] = bench.points(
                        name, object_, strategy, given, way
                    )
            if way == "rows":  # they go in no other
                given = parcels(bench.client)
                found["outbound.points.fulfillments.create.rows"] = bench.points(
                    "f", "fulfillments", "create", given, way
                )
    return found


def changeable(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what the store does not change once the record exists."""
    return {name: value for name, value in row.items() if name != "line_items"}


def parcels(client: AdminClient) -> list[dict[str, Any]]:
    nodes = client.execute(OPEN).data["orders"]["nodes"]
    gids = [
        each["id"] for each in nodes if each["displayFulfillmentStatus"] == "UNFULFILLED" and not each["cancelledAt"]
    ]
    return [{"k": gid, "order": gid, "tracking_number": f"T{index}"} for index, gid in enumerate(gids[:20])]
