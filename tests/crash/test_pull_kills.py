"""kill -9 in the middle of pulls: run again, every table is as if nothing had happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
from killing import POINTS, count, points, run

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
[warehouse]
url = "duckdb:///w.duckdb"
[pull.store]
streams = ["customers", "products", "orders", "fulfillments"]
history = ["orders"]
"""
OWN = ("_synced_at", "_run_id", "_valid_from", "_valid_to")


def project(path: Path, running: Running) -> Path:
    path.mkdir()
    (path / "shoptide.toml").write_text(CONFIG.format(url=running.url))
    return path


def content(folder: Path) -> dict[str, list[Any]]:
    """Every table's rows without the moments and names of runs, in a fixed order."""
    with duckdb.connect(str(folder / "w.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'shopify'"
            " and table_name not like '!_shoptide%' escape '!'"
        ).fetchall()
        found = {}
        for (name,) in names:
            own = f"columns(lambda c: c not in {OWN})"
            deleted = ", _valid_to is null" if name.endswith("_history") else ""
            found[name] = connection.execute(f"select {own}{deleted} from shopify.{name} order by all").fetchall()
        return found


def differences(rough: Path, calm: Path) -> list[str]:
    """The tables that differ."""
    one, other = content(rough), content(calm)
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def test_a_killed_pull_run_again_equals_an_undisturbed_one(tmp_path: Path) -> None:
    """First reads killed at seeded points, then finished; then the store changes and later reads are killed too."""
    world = World.seeded(customers=40, products=15, orders=60, seed=4, plan="plus")
    world.shop.settings["bulk_seconds"] = 0.1
    kills = 0
    with start(world) as running:
        calm, rough = project(tmp_path / "calm", running), project(tmp_path / "rough", running)
        first = run(calm, ["pull"])
        assert first.code == 0, first.output
        kills += _killed(rough, POINTS // 2, first.points)
        assert run(rough, ["pull"]).code == 0
        assert content(rough)["orders"]
        wrong = differences(rough, calm)
        for turn in range(3):
            _change(running, turn)
            later = run(calm, ["pull"])
            assert later.code == 0, later.output
            kills += _killed(rough, POINTS // 6, later.points, seed=turn)
            assert run(rough, ["pull"]).code == 0
            wrong += differences(rough, calm)
    assert kills > POINTS // 2
    count(inbound__kill_points=kills, inbound__differences=len(wrong))
    assert wrong == []


def _killed(folder: Path, times: int, passed: int, seed: int = 0) -> int:
    """Pulls killed at so many of the points that an undisturbed one passes; returns how many were."""
    return sum(run(folder, ["pull"], die_at=point).killed for point in points(seed, times, passed))


def _change(running: Running, turn: int) -> None:
    """Edits behind the API, as other apps make them."""
    shop = running.world.shop
    with shop.lock:
        for kind in ("Customer", "Order"):
            for index, record in enumerate(shop.table(kind)):
                if index % 3 == turn:
                    record["note"] = f"changed {index}"
                    shop.touch(record)
                    shop.table(kind).put(record)
