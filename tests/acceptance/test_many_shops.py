"""Several shops into one warehouse: rows are told apart by `_shop`, and one shop's failure stops no other."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import TOKEN, Folder

from shoptide.simulator.server import start
from shoptide.simulator.world import World

CONFIG = """[shop.{name}]
name = "{name}"
access_token = "{token}"
base_url = "{url}"
[pull.{name}]
shop = "{name}"
streams = ["customers", "locations"]
"""
WAREHOUSE = '[warehouse]\nurl = "duckdb:///acme.duckdb"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_two_shops_share_tables_and_one_fails_alone(folder: Folder) -> None:
    """The same seeds give the same gids: only `_shop` keeps the rows apart."""
    worlds = [World.seeded(name=name, customers=number, products=2, orders=2) for name, number in (("a", 5), ("b", 8))]
    with start(worlds[0]) as one, start(worlds[1]) as two:
        good = [CONFIG.format(name=name, token=TOKEN, url=url) for name, url in (("a", one.url), ("b", two.url))]
        wrong = CONFIG.format(name="c", token="shpat_wrong", url=one.url)
        (folder.path / "shoptide.toml").write_text("\n".join([wrong, *good, WAREHOUSE]))
        done = folder.run("pull")
        assert done.code == 1, done.err
        assert "c: failed: " in done.err
        asked = folder.run("--json", "query", "select _shop, count(*) as n from customers group by 1 order by 1")
        assert [(row["_shop"], row["n"]) for row in asked.document["rows"]] == [
            ("a.myshopify.com", 5),
            ("b.myshopify.com", 8),
        ]
        again = folder.run("pull", "a", "b")
        assert again.code == 0, again.err
        alone = folder.run("pull", "c")
        assert alone.code == 3
