"""Pulls into a folder of Parquet, Delta or Iceberg tables: the whole store, then changes, from another machine too."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulling import Puller, pulling, store

from shoptide.simulator.server import Running
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.lake.folder import folder_outlet
from shoptide.warehouse.lake.mirror import MirroredWarehouse

STREAMS = ("customers", "products", "orders")


def change(running: Running) -> None:
    """One order is noted, and loses a line; one customer goes."""
    shop = running.world.shop
    with shop.lock:
        order = next(iter(shop.table("Order")))
        order["note"] = "changed"
        shop.touch(order)
        shop.table("Order").put(order)
        gone = list(shop.table("Customer"))[-1]["id"]
        shop.table("Customer").remove(gone)


def into_lake(puller: Puller, kind: str, base: Path) -> MirroredWarehouse:
    """The puller of another machine: it shares the lake and nothing else."""
    outlet = folder_outlet(f"filesystem:///lake?format={kind}", base, "shopify")
    found = MirroredWarehouse(puller.base / "mirror.duckdb", "shopify", outlet)
    puller.warehouse = found
    return found


@pytest.mark.parametrize("kind", ["parquet", "delta", "iceberg"])
def test_a_lake_holds_what_a_duckdb_does(kind: str, tmp_path: Path) -> None:
    """Table by table: after the first pull, after changes and a delete, and read by a machine that has no mirror."""
    with store(customers=8, products=4, orders=10) as running, pulling(tmp_path / "plain", running, *STREAMS) as plain:
        plain.whole()
        with pulling(tmp_path / "one", running, *STREAMS) as one, into_lake(one, kind, tmp_path):
            one.whole()
            assert one.content() == plain.content()
        change(running)
        plain.whole(reconcile=True)
        with pulling(tmp_path / "two", running, *STREAMS) as two, into_lake(two, kind, tmp_path):
            report = two.whole(reconcile=True)
            assert {each.stream: each.path for each in report.streams}["products"] == "none"
            assert two.content() == plain.content()
        with pulling(tmp_path / "three", running, *STREAMS) as three, into_lake(three, kind, tmp_path):
            assert three.content() == plain.content()
            assert three.rows("select count(*) from orders where note = 'changed'") == [(1,)]
            assert three.rows("select count(*) from customers where _deleted_at is not null") == [(1,)]


def test_a_lake_is_reached_by_its_url(tmp_path: Path) -> None:
    """The mirror stands beside the ledger; what only reads makes nothing."""
    from shoptide.config import WarehouseConfig

    config = WarehouseConfig("filesystem:///lake?format=parquet")
    with open_warehouse(config, base=tmp_path) as warehouse:
        warehouse.publish("_shoptide_runs", {"run_id": "VARCHAR"}, [("r",)])
    assert (tmp_path / "lake/shopify/_shoptide_runs.parquet").is_file()
    assert list((tmp_path / ".shoptide/mirrors").iterdir())
    with open_warehouse(config, base=tmp_path, read_only=True) as warehouse:
        assert warehouse.run_query("from _shoptide_runs")[1] == [("r",)]
