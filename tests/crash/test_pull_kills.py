"""kill -9 in the middle of pulls: run again, every table is as if nothing had happened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import duckdb
from killing import finish, killed, length, moments

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

POINTS = int(os.environ.get("SHOPTIDE_KILL_POINTS", "8"))  # `make crash` sets more

CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
[warehouse]
url = "duckdb:///w.duckdb"
[pull.store]
streams = "all"
"""
OWN = ("_synced_at", "_run_id")


def project(path: Path, running: Running) -> Path:
    path.mkdir()
    (path / "shoptide.toml").write_text(CONFIG.format(url=running.url))
    return path


def content(folder: Path) -> dict[str, list[Any]]:
    """Every table's rows without what a run writes of itself, in a fixed order."""
    with duckdb.connect(str(folder / "w.duckdb"), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'shopify'"
            " and table_name not like '!_shoptide%' escape '!'"
        ).fetchall()
        return {
            name: connection.execute(f"select * exclude ({', '.join(OWN)}) from shopify.{name} order by all").fetchall()
            for (name,) in names
        }


def test_a_killed_pull_run_again_equals_an_undisturbed_one(tmp_path: Path) -> None:
    """First reads killed at seeded moments, then finished; then the store changes and later reads are killed too."""
    with start(World.seeded(customers=60, products=20, orders=80, seed=4)) as running:
        calm, rough = project(tmp_path / "calm", running), project(tmp_path / "rough", running)
        seconds = length(calm, ["pull"])
        kills = sum(killed(rough, ["pull"], after) for after in moments(1, POINTS, 0.5, seconds))
        assert finish(rough, ["pull"]).returncode == 0
        assert kills > 0
        assert content(rough) == content(calm)
        assert content(rough)["orders"]
        _change(running)
        assert finish(calm, ["pull"]).returncode == 0
        for after in moments(2, POINTS // 2, 0.5, 1.2):
            killed(rough, ["pull"], after)
        assert finish(rough, ["pull"]).returncode == 0
        assert content(rough) == content(calm)


def _change(running: Running) -> None:
    """Edits behind the API, as other apps make them."""
    shop = running.world.shop
    with shop.lock:
        for index, record in enumerate(shop.table("Customer")):
            if index % 3 == 0:
                record["note"] = f"changed {index}"
                shop.touch(record)
                shop.table("Customer").put(record)
