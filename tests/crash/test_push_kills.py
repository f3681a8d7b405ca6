"""kill -9 in the middle of pushes, and a store that loses answers: every row has exactly one record in the end."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
from killing import finish, killed, moments

from shoptide.simulator.server import start
from shoptide.simulator.world import World

ROWS = 60
POINTS = int(os.environ.get("SHOPTIDE_KILL_POINTS", "8"))  # an object; `make crash` sets more

CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
plan = "plus"
[warehouse]
url = "duckdb:///w.duckdb"
[pull.store]
streams = "all"
[push.rows]
object = "{object}"
strategy = "{strategy}"
source = "rows.jsonl"
key = "k"
match = {match}
"""
SOURCES: dict[str, list[dict[str, Any]]] = {
    "customers": [
        {"k": f"c{i}", "email": f"c{i}@example.com", "first_name": f"F{i}", "note": f"n{i}"} for i in range(ROWS)
    ],
    "products": [{"k": f"p{i}", "title": f"Product {i}", "vendor": f"v{i}"} for i in range(ROWS)],
    "orders": [
        {"k": f"o{i}", "email": f"o{i}@example.com", "line_items": [{"title": f"T{i}", "quantity": 1, "price": "5.00"}]}
        for i in range(ROWS)
    ],
}
STRATEGIES = {"customers": ("upsert", '["email"]'), "products": ("upsert", "[]"), "orders": ("create", "[]")}
KINDS = {"customers": "Customer", "products": "Product", "orders": "Order"}
NAMES = {"customers": "email", "products": "title", "orders": "email"}
FAULTS = [
    {"action": "reset_after", "probability": 0.05, "seed": 1},
    {"action": "internal_error", "probability": 0.04, "seed": 2},
    {"action": "reset", "probability": 0.03, "seed": 3},
]


@pytest.mark.parametrize("name", ["customers", "products", "orders"])
def test_every_row_has_one_record_after_kills_and_lost_answers(name: str, tmp_path: Path) -> None:
    """No double, no loss, fields as the source has them, and nothing left to do at the end."""
    strategy, match = STRATEGIES[name]
    with start(World.empty(plan="plus")) as running:
        settings = {"url": running.url, "object": name, "strategy": strategy, "match": match}
        (tmp_path / "shoptide.toml").write_text(CONFIG.format(**settings))
        (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in SOURCES[name]))
        for rule in [*FAULTS, {"action": "slow", "seconds": 0.02, "every": 1}]:
            httpx2.post(f"{running.url}/_simulator/faults", json=rule).raise_for_status()
        kills = sum(killed(tmp_path, ["push", "rows"], after) for after in moments(7, POINTS, 0.6, 1.6))
        httpx2.delete(f"{running.url}/_simulator/faults").raise_for_status()
        for _ in range(3):
            done = finish(tmp_path, ["push", "rows"])
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{ROWS} unchanged" in done.stdout
        assert kills > 0
        shop = running.world.shop
        with shop.lock:
            records = shop.table(KINDS[name]).all()
        counts = Counter(record[NAMES[name]] for record in records)
        wanted = {row["email" if NAMES[name] == "email" else "title"] for row in SOURCES[name]}
        assert {each for each, count in counts.items() if count > 1} == set()
        assert set(counts) == wanted
        if name == "customers":
            assert {(r["email"], r["firstName"], r["note"]) for r in records} == {
                (row["email"], row["first_name"], row["note"]) for row in SOURCES[name]
            }


def test_a_fulfillment_is_never_made_twice(tmp_path: Path) -> None:
    """Orders are fulfilled once, whatever was killed or lost."""
    with start(World.seeded(customers=20, products=10, orders=60, plan="plus", seed=2)) as running:
        settings = {"url": running.url, "object": "fulfillments", "strategy": "create", "match": "[]"}
        config = CONFIG.format(**settings).replace(
            'source = "rows.jsonl"',
            'source = """select gid as k, gid as \\"order\\", \'TN\' || id as tracking_number from shopify.orders'
            ' where display_fulfillment_status = \'UNFULFILLED\' and cancelled_at is null"""',
        )
        (tmp_path / "shoptide.toml").write_text(config)
        assert finish(tmp_path, ["pull", "--quiet"]).returncode == 0
        for rule in [*FAULTS, {"action": "slow", "seconds": 0.03, "every": 1}]:
            httpx2.post(f"{running.url}/_simulator/faults", json=rule).raise_for_status()
        for after in moments(11, POINTS, 0.6, 1.4):
            killed(tmp_path, ["push", "rows"], after)
        httpx2.delete(f"{running.url}/_simulator/faults").raise_for_status()
        for _ in range(3):
            finish(tmp_path, ["push", "rows"])
        shop = running.world.shop
        with shop.lock:
            found = [record for record in shop.table("Fulfillment") if "TN" in json.dumps(record)]
        numbers = Counter(number for record in found for number in _numbers(record))
        assert numbers, "nothing was fulfilled"
        assert {number for number, count in numbers.items() if count > 1} == set()


def _numbers(record: dict[str, object]) -> list[str]:
    """The tracking numbers of a stored fulfillment, wherever its record keeps them."""
    text = json.dumps(record)
    return [part.split('"')[0] for part in text.split('"TN')[1:]]
