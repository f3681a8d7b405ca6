"""`shoptide export` on a pulled store: what the tables hold stands in the files."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from command_line import Folder

from shoptide.simulator.server import start
from shoptide.simulator.world import World

QUERY = '[pull.store.query.gift_cards]\nroot = "giftCards"\nfields = ["createdAt"]\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A project whose warehouse holds customers with their history, products, and a query's stream."""
    with start(World.seeded(customers=12, products=5, orders=3, seed=2)) as running:
        made = Folder.of(tmp_path_factory.mktemp("project"), running, QUERY)
        made.edit('streams = "all"', 'streams = ["customers", "products"]\nhistory = ["customers"]')
        done = made.run("pull", "--quiet")
        assert done.code == 0, done.err
    return made


def rows(folder: Folder, pattern: str) -> int:
    [(found,)] = duckdb.execute(f"select count(*) from '{folder.path}/{pattern}'").fetchall()
    return int(found)


def test_all_tables_become_files_and_are_named(folder: Folder) -> None:
    """Bookkeeping and histories stay out unless asked for; twice is the same as once."""
    for _ in range(2):
        done = folder.run("export", "--to", "out/all", "--json")
        assert done.code == 0, done.err
    tables = {each["table"]: each for each in done.document["tables"]}
    assert {"customers", "customer_addresses", "products", "product_variants", "gift_cards"} <= tables.keys()
    assert not [name for name in tables if name.startswith("_") or name.endswith("_history")]
    assert tables["customers"]["rows"] == rows(folder, "out/all/customers.parquet") == 12
    assert {path.name for path in (folder.path / "out/all").glob("*.parquet")} == {
        name for each in tables.values() for name in each["files"]
    }


def test_chosen_streams_come_with_their_children_and_histories(folder: Folder) -> None:
    done = folder.run("export", "--to", "out/some", "--stream", "customers", "--format", "csv", "--with-history")
    assert done.code == 0, done.err
    assert "12 " in done.out
    assert "rows in" in done.err
    names = {path.name for path in (folder.path / "out/some").glob("*.csv")}
    assert {"customers.csv", "customers_history.csv", "customer_addresses.csv"} <= names
    assert not [name for name in names if not name.startswith("customer")]
    own = folder.run("export", "--to", "out/own", "--stream", "gift_cards", "--json").document
    assert own["tables"][0]["table"] == "gift_cards"


def test_mistakes_are_told(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "customers.parquet").write_text("mine")
    for arguments, said in (
        (("--stream", "custmers", "--to", "out"), "there is no such stream"),
        (("--stream", "orders", "--to", "out"), "the warehouse has no table of it"),
        (("--to", str(tmp_path)), "customers.parquet would be overwritten"),
        (("--to", "shoptide.toml"), "shoptide.toml can't be written"),
        ((), "--to"),
    ):
        done = folder.run("export", *arguments)
        assert (done.code, said in done.err) == (2, True), done.err
