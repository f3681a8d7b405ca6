"""kill -9 in the middle of pulls into Postgres: run again, every table is as if nothing had happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from killing import POINTS, count, points, run

from shoptide.config import WarehouseConfig
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.names import listed

CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
[warehouse]
url = "{warehouse}"
[pull.store]
streams = ["customers", "products", "orders", "fulfillments"]
history = ["orders"]
"""
OWN = ("_synced_at", "_run_id", "_valid_from", "_valid_to")


@pytest.fixture
def project(tmp_path: Path, postgres_server: Any) -> Callable[[str, Running], tuple[Path, str]]:
    """Makes a project with a database of its own: its folder, and the database's URL."""

    def make(name: str, running: Running) -> tuple[Path, str]:
        postgres_server.psql(f"CREATE DATABASE kills_{name}")
        url = str(postgres_server.get_uri(database=f"kills_{name}"))
        folder = tmp_path / name
        folder.mkdir()
        (folder / "shoptide.toml").write_text(CONFIG.format(url=running.url, warehouse=url))
        return folder, url

    return make


def content(url: str) -> dict[str, list[Any]]:
    """Every table's rows without the moments and names of runs."""
    found = {}
    with open_warehouse(WarehouseConfig(url), base=Path(), read_only=True) as warehouse:
        for name in warehouse.tables():
            if not name.startswith("_shoptide"):
                columns = [each for each in warehouse.columns(name) if each not in OWN]
                ended = ", _valid_to IS NULL" if name.endswith("_history") else ""
                rows = warehouse.rows(f"SELECT {listed(sorted(columns))}{ended} FROM {warehouse.table(name)}")
                found[name] = sorted(rows, key=repr)
    return found


def differences(one: str, other: str) -> list[str]:
    first, second = content(one), content(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def test_a_killed_pull_into_postgres_run_again_equals_an_undisturbed_one(
    project: Callable[[str, Running], tuple[Path, str]],
) -> None:
    """First reads killed at seeded points, between the rows' COPY and the commit too; then a later read's."""
    world = World.seeded(customers=20, products=8, orders=30, seed=6, plan="plus")
    world.shop.settings["bulk_seconds"] = 0.1
    kills = 0
    with start(world) as running:
        (calm, calm_url), (rough, rough_url) = project("calm", running), project("rough", running)
        first = run(calm, ["pull"])
        assert first.code == 0, first.output
        kills += _killed(rough, POINTS // 2, first.points)
        assert run(rough, ["pull"]).code == 0
        assert content(rough_url)["orders"]
        wrong = differences(rough_url, calm_url)
        _change(running)
        later = run(calm, ["pull"])
        assert later.code == 0, later.output
        kills += _killed(rough, POINTS // 2, later.points, seed=1)
        assert run(rough, ["pull"]).code == 0
        wrong += differences(rough_url, calm_url)
    assert kills > POINTS // 2
    count(warehouse__kill_points=kills, warehouse__differences=len(wrong))
    assert wrong == []


def _killed(folder: Path, times: int, passed: int, seed: int = 0) -> int:
    return sum(run(folder, ["pull"], die_at=point).killed for point in points(seed, times, passed))


def _change(running: Running) -> None:
    shop = running.world.shop
    with shop.lock:
        for kind in ("Customer", "Order"):
            for index, record in enumerate(list(shop.table(kind))):
                if index % 2:
                    record["note"] = f"changed {index}"
                    shop.touch(record)
                    shop.table(kind).put(record)
