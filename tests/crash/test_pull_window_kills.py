"""kill -9 in the middle of reads by several bulk operations: what was read is adopted, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

from killing import POINTS, count, points, run
from test_pull_kills import content

from shoptide.simulator.server import start
from shoptide.simulator.world import World

ORDERS = 110
CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
[warehouse]
url = "duckdb:///w.duckdb"
[pull.store]
streams = ["orders"]
window_records = 100
"""


def project(path: Path, url: str) -> Path:
    path.mkdir()
    (path / "shoptide.toml").write_text(CONFIG.format(url=url))
    return path


def refill(world: World) -> None:
    """Few points that come back slowly make bulk operations the quicker way; each run has them all."""
    bucket = world.first.bucket
    bucket.resize(2_000, 15)
    bucket.give_back(2_000)


def operations(world: World) -> int:
    with world.shop.lock:
        return len(world.shop.table("BulkOperation"))


def test_a_killed_read_in_windows_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed again and again while windows are sized, started, watched, fetched and landed."""
    world = World.seeded(customers=10, products=5, orders=ORDERS, seed=4)
    world.shop.settings["bulk_seconds"] = 0.3
    with start(world) as running:
        refill(world)
        calm = project(tmp_path / "calm", running.url)
        first = run(calm, ["pull"])
        assert first.code == 0, first.output
        undisturbed = operations(world)
        assert undisturbed >= 4
        kills = 0
        wrong = 0
        for turn in range(2):
            rough = project(tmp_path / f"rough{turn}", running.url)
            for point in points(turn, POINTS // 2, first.points):
                refill(world)
                kills += run(rough, ["pull"], die_at=point).killed
            refill(world)
            last = run(rough, ["pull"])
            assert last.code == 0, last.output
            wrong += content(rough) != content(calm)
        # Starts that nobody could note before the death, one in each slot, are the only thing done twice.
        assert operations(world) <= 3 * undisturbed + 4 * kills
    assert kills > POINTS // 2
    count(inbound__kill_points=kills, inbound__differences=wrong)
    assert wrong == 0
