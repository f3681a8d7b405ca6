"""The same configuration with another URL does the same: pulls into Postgres beside pulls into DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pulling import Puller, pulling, store

from shoptide.inbound.redaction import redact_customer
from shoptide.simulator.server import Running
from shoptide.warehouse import Warehouse
from shoptide.warehouse.names import listed

STREAMS = ("customers", "products", "orders", "fulfillments")
OWN = ("_synced_at", "_run_id", "_row_hash", "_deleted_at", "_valid_from", "_valid_to")


@pytest.fixture
def both(tmp_path: Path, postgres_url: str) -> Iterator[tuple[Running, Puller, Puller]]:
    """A store, and a pull of it into each warehouse."""
    with (
        store(customers=30, products=6, orders=24) as running,
        pulling(tmp_path / "duckdb", running, *STREAMS) as one,
        pulling(tmp_path / "postgres", running, *STREAMS, url=postgres_url) as other,
    ):
        for each in (one, other):
            each.config = replace(each.config, history=("orders",))
        yield running, one, other


def content(warehouse: Warehouse) -> dict[str, list[Any]]:
    """Every table's rows, each with whether it is deleted or over; what a run writes of itself is left out."""
    found = {}
    for name in warehouse.tables():
        if not name.startswith("_shoptide"):
            columns = warehouse.columns(name)
            kept = sorted(each for each in columns if each not in OWN)
            ended = "_valid_to" if name.endswith("_history") else "_deleted_at"
            rows = warehouse.rows(f"SELECT {listed(kept)}, {ended} IS NULL FROM {warehouse.table(name)}")
            found[name] = sorted(rows, key=repr)
    return found


def differences(one: Warehouse, other: Warehouse) -> list[Any]:
    """Table and value of each cell that differs, or the table with its numbers of rows."""
    first, second = content(one), content(other)
    found: list[Any] = sorted(first.keys() ^ second.keys())
    for name in first.keys() & second.keys():
        ours, theirs = first[name], second[name]
        if len(ours) != len(theirs):
            found.append((name, len(ours), len(theirs)))
        found += [
            (name, *pair)
            for rows in zip(ours, theirs, strict=False)
            for pair in zip(*rows, strict=True)
            if pair[0] != pair[1]
        ]
    return found


def written(puller: Puller) -> set[Any]:
    """The runs that wrote the rows there are."""
    return {
        (name, *row)
        for name in puller.warehouse.tables()
        if not name.startswith("_")
        for row in puller.warehouse.rows(
            f"SELECT _run_id, count(*) FROM {puller.warehouse.table(name)} GROUP BY _run_id"
        )
    }


def test_postgres_has_every_row_that_duckdb_has(both: tuple[Running, Puller, Puller]) -> None:
    """Table by table and column by column; a second pull writes nothing, later ones what changed and what went."""
    running, one, other = both
    for each in (one, other):
        each.whole()
    assert len(content(one.warehouse)["orders"]) == 24
    assert differences(one.warehouse, other.warehouse) == []
    runs = written(other)
    report = other.whole()
    assert {change.table for each in report.streams for change in each.changes if change.new + change.changed} == set()
    assert written(other) == runs

    changed = change(running)
    for each in (one, other):
        each.whole()
    assert differences(one.warehouse, other.warehouse) == []
    notes = other.warehouse.rows(f"SELECT note FROM {other.warehouse.table('orders')} WHERE note = ?", ["changed"])
    assert len(notes) == changed > 0

    gone = vanish(running)
    for each in (one, other):
        each.whole(reconcile=True)
        customers = each.warehouse.table("customers")
        assert each.warehouse.rows(f"SELECT gid FROM {customers} WHERE _deleted_at IS NOT NULL") == [(gone,)]
    assert differences(one.warehouse, other.warehouse) == []

    buyer = one.rows("select customer_gid from orders where customer_gid is not null order by 1 limit 1")[0][0]
    told = [redact_customer(each.warehouse, each.client.domain, buyer, datetime.now(UTC)) for each in (one, other)]
    assert told[0] == told[1]
    assert told[0]["orders"] > 0
    assert differences(one.warehouse, other.warehouse) == []


def change(running: Running) -> int:
    """Edits behind the API, as other apps make them."""
    shop, number = running.world.shop, 0
    with shop.lock:
        for index, record in enumerate(list(shop.table("Order"))):
            if index % 3 == 0:
                record["note"] = "changed"
                shop.touch(record)
                shop.table("Order").put(record)
                number += 1
    return number


def vanish(running: Running) -> str:
    """A customer without orders goes without a trace."""
    shop = running.world.shop
    with shop.lock:
        buyers = {order["customer"] for order in shop.table("Order")}
        gid: str = next(each["id"] for each in shop.table("Customer") if each["id"] not in buyers)
        shop.table("Customer").remove(gid)
    return gid
