"""kill -9 in the middle of pushes, and a store that loses answers: every row has exactly one record in the end."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import pytest
from killing import POINTS, Ended, count, run

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

FRESH = 6  # rows that the source has more at each attempt
ROWS = FRESH * POINTS

CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
plan = "plus"
[warehouse]
url = "duckdb:///w.duckdb"
[pull.store]
streams = ["orders"]
[push.rows]
object = "{object}"
strategy = "{strategy}"
source = "rows.jsonl"
key = "k"
match = {match}
apply = "{apply}"
"""


def source(name: str, turn: int) -> list[dict[str, Any]]:
    """The rows as they stand at an attempt: some more each time, and of upserts some with another text."""
    rows = range(FRESH * (turn + 1))
    said = [max(each for each in range(turn + 1) if each % 5 == i % 5 or each == 0) for i in rows]
    if name == "customers":
        return [
            {"k": f"c{i}", "email": f"c{i}@example.com", "first_name": f"F{i}", "note": f"n{said[i]}"} for i in rows
        ]
    if name == "products":
        return [{"k": f"p{i}", "title": f"Product {i}", "vendor": f"v{said[i]}"} for i in rows]
    line = {"quantity": 1, "price": "5.00"}
    return [{"k": f"o{i}", "email": f"o{i}@example.com", "line_items": [{"title": f"T{i}", **line}]} for i in rows]


STRATEGIES = {"customers": ("upsert", '["email"]'), "products": ("upsert", "[]"), "orders": ("create", "[]")}
OPEN_ORDERS = """select gid as k, gid as "order", 'TN' || id as tracking_number from orders
  where display_fulfillment_status = 'UNFULFILLED' and cancelled_at is null order by gid"""
KINDS = {"customers": "Customer", "products": "Product", "orders": "Order"}
NAMES = {"customers": "email", "products": "title", "orders": "email"}
TEXTS = {"customers": ("note", "note"), "products": ("vendor", "vendor")}  # the store's field, the source's column
FAULTS = [
    {"action": "reset_after", "probability": 0.05, "seed": 1},
    {"action": "internal_error", "probability": 0.04, "seed": 2},
    {"action": "reset", "probability": 0.03, "seed": 3},
]


BULK_FAULTS = [
    {"on": "bulk", "operation": "mutation", "action": "fail", "probability": 0.15, "seed": 4},
    {"on": "bulk", "operation": "mutation", "action": "lose_lines", "probability": 0.15, "seed": 5},
    {"on": "line", "action": "internal_error", "probability": 0.1, "seed": 6},
    {"on": "upload", "action": "reset", "probability": 0.1, "seed": 7},
    {"on": "download", "action": "truncate", "probability": 0.1, "seed": 8},
]
WAYS = [
    ("customers", "rows"),
    ("products", "rows"),
    ("orders", "rows"),
    ("customers", "documents"),
    ("orders", "documents"),
    ("customers", "bulk"),
    ("products", "bulk"),
    ("orders", "bulk"),
]


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_every_row_has_one_record_after_kills_and_lost_answers(name: str, way: str, tmp_path: Path) -> None:
    """No double, no loss, fields as the source has them, and nothing left to do at the end, however rows leave."""
    _every_row_has_one_record(name, way, tmp_path)


@pytest.mark.parametrize("way", ["rows", "bulk"])
def test_every_row_has_one_record_with_a_ledger_in_postgres(way: str, tmp_path: Path, postgres_url: str) -> None:
    """What is noted there before a request leaves is there after the kill."""
    _every_row_has_one_record("orders", way, tmp_path, f'[ledger]\nurl = "{postgres_url}"\n')


def _every_row_has_one_record(name: str, way: str, tmp_path: Path, more: str = "") -> None:
    strategy, match = STRATEGIES[name]
    with start(World.empty(plan="plus")) as running:
        running.world.shop.settings["bulk_seconds"] = 0.05
        settings = {"url": running.url, "object": name, "strategy": strategy, "match": match, "apply": way}
        (tmp_path / "shoptide.toml").write_text(CONFIG.format(**settings) + more)

        def prepare(turn: int) -> None:
            (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in source(name, turn)))

        kills = _killed(running, tmp_path, prepare, FAULTS + (BULK_FAULTS if way == "bulk" else []))
        assert f"{ROWS} unchanged" in _finished(running, tmp_path).output
        shop = running.world.shop
        with shop.lock:
            records = shop.table(KINDS[name]).all()
        rows = source(name, POINTS - 1)
        counts = Counter(record[NAMES[name]] for record in records)
        wanted = {row[NAMES[name]] for row in rows}
        doubles = {each for each, number in counts.items() if number > 1}
        count(
            outbound__kill_points=kills,
            outbound__rows=ROWS,
            outbound__doubles=len(doubles),
            outbound__losses=len(wanted - set(counts)),
        )
        assert kills > 0
        assert doubles == set()
        assert set(counts) == wanted
        if name != "orders":
            field, column = TEXTS[name]
            held = {record[NAMES[name]]: record[field] for record in records}
            assert held == {row[NAMES[name]]: row[column] for row in rows}


def test_a_fulfillment_is_never_made_twice(tmp_path: Path) -> None:
    """Orders are fulfilled once, whatever was killed or lost."""
    with start(World.seeded(customers=20, products=10, orders=16 * POINTS, plan="plus", seed=2)) as running:
        settings = {
            "url": running.url, "object": "fulfillments", "strategy": "create", "match": "[]", "apply": "rows",
        }  # fmt: skip
        config = CONFIG.format(**settings).replace('source = "rows.jsonl"', f"source = '''{OPEN_ORDERS}'''")
        (tmp_path / "shoptide.toml").write_text(config)
        assert run(tmp_path, ["pull", "--quiet"]).code == 0
        with duckdb.connect(str(tmp_path / "w.duckdb")) as warehouse:
            asked = len(warehouse.execute(OPEN_ORDERS.replace("orders", "shopify.orders")).fetchall())
        assert asked >= POINTS

        def prepare(turn: int) -> None:
            some = f"{OPEN_ORDERS} limit {1 + asked * (turn + 1) // POINTS}"
            (tmp_path / "shoptide.toml").write_text(config.replace(OPEN_ORDERS, some))

        kills = _killed(running, tmp_path, prepare)
        _finished(running, tmp_path)
        shop = running.world.shop
        with shop.lock:
            found = [
                (each["number"], line["line"])
                for record in shop.table("Fulfillment")
                for each in record["_tracking"]
                for line in record["_lines"]
                if each["number"].startswith("TN")
            ]
        # An order's lines may lie at two locations and leave in two parcels; none of them leaves twice.
        numbers = {number for number, _line in found}
        doubles = {each for each, times in Counter(found).items() if times > 1}
        count(outbound__kill_points=kills, outbound__rows=asked, outbound__doubles=len(doubles))
        count(outbound__losses=asked - len(numbers))
        assert doubles == set()
        assert len(numbers) == asked


def _killed(
    running: Running, folder: Path, prepare: Callable[[int], None], faults: Sequence[dict[str, Any]] = FAULTS
) -> int:
    """Pushes killed at points of what is left to do, while the store loses answers; returns how many were."""
    kills = 0
    for rule in faults:
        httpx2.post(f"{running.url}/_simulator/faults", json=rule).raise_for_status()
    chance = random.Random(5)
    for turn in range(POINTS):
        prepare(turn)
        kills += run(folder, ["push", "rows"], die_at=chance.randrange(6, 50)).killed
    return kills


def _finished(running: Running, folder: Path) -> Ended:
    """Pushes until nothing is left, with a store that answers."""
    httpx2.delete(f"{running.url}/_simulator/faults").raise_for_status()
    for _ in range(3):
        done = run(folder, ["push", "rows"])
    assert done.code == 0, done.output
    return done
