"""History of rows, deletes told by events, and redaction of a person, on tables landed from lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from shoptide.inbound import deletions, history
from shoptide.inbound.landing import Landing
from shoptide.inbound.redaction import redact_customer
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load
from shoptide.warehouse.duckdb import DuckDBWarehouse

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
START = datetime(2026, 11, 1, tzinfo=UTC)
SHOP = "acme.myshopify.com"
ORDER, CUSTOMER = "gid://shopify/Order/1", "gid://shopify/Customer/7"


@pytest.fixture
def warehouse() -> Iterator[DuckDBWarehouse]:
    with DuckDBWarehouse(None, "shopify") as found:
        yield found


def landing(warehouse: DuckDBWarehouse, stream: str, hour: int = 0, **choice: Any) -> Landing:
    plan = plan_stream(STREAMS[stream], load("2026-10"), **choice)
    return Landing(warehouse, plan, SHOP, f"run-{hour}", START + timedelta(hours=hour))


def land(into: Landing, folder: Path, *records: dict[str, Any], whole: bool = False) -> None:
    """Land the records and keep their history, as one transaction."""
    path = folder / "lines.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    into.staging.scan([path])
    into.staging.split()
    with into.warehouse.transaction():
        into.declare()
        into.merge(whole=whole)
        history.keep(into.warehouse, into.plan, into.shop, into.now)
    into.staging.drop()


def order(gid: str = ORDER, **fields: Any) -> dict[str, Any]:
    return {"__typename": "Order", "id": gid, **fields}


def line(number: int, **fields: Any) -> dict[str, Any]:
    return {"__typename": "LineItem", "id": f"gid://shopify/LineItem/{number}", "__parentId": ORDER, **fields}


def rows(warehouse: DuckDBWarehouse, sql: str) -> list[tuple[Any, ...]]:
    return warehouse.connection.execute(sql).fetchall()


def versions(warehouse: DuckDBWarehouse, table: str, column: str) -> list[tuple[Any, ...]]:
    """Value, and the hours after the start from and to which it stood."""
    hours = "date_diff('hour', TIMESTAMP '2026-11-01', {})"
    return rows(
        warehouse,
        f"select {column}, {hours.format('_valid_from')}, {hours.format('_valid_to')}"
        f" from shopify.{table}_history order by gid, _valid_from",
    )


def test_each_version_is_kept_once(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    for hour, note in enumerate(["one", "one", "two", "two", "one"]):
        land(landing(warehouse, "orders", hour), tmp_path, order(note=note))
    assert versions(warehouse, "orders", "note") == [("one", 0, 2), ("two", 2, 4), ("one", 4, None)]


def test_children_have_versions_too(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    land(landing(warehouse, "orders", 0), tmp_path, order(), line(1, quantity=2), line(2, quantity=5))
    land(landing(warehouse, "orders", 1), tmp_path, order(), line(1, quantity=3))
    found = versions(warehouse, "order_line_items", "quantity")
    assert found == [(2, 0, 1), (3, 1, None), (5, 0, 1)]


def test_a_deleted_record_ends_and_begins_again_when_it_is_back(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    land(landing(warehouse, "orders", 0), tmp_path, order(), line(1, quantity=1))
    land(landing(warehouse, "orders", 1), tmp_path, whole=True)
    land(landing(warehouse, "orders", 2), tmp_path, order(), line(1, quantity=1))
    assert versions(warehouse, "orders", "note") == [(None, 0, 1), (None, 2, None)]
    assert versions(warehouse, "order_line_items", "quantity") == [(1, 0, 1), (1, 2, None)]


def test_another_shops_versions_stay_open(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    land(landing(warehouse, "orders", 0), tmp_path, order(note="mine"))
    land(replace(landing(warehouse, "orders", 1), shop="other.myshopify.com"), tmp_path, order(note="theirs"))
    found = rows(warehouse, "select _shop, note from shopify.orders_history where _valid_to is null order by all")
    assert found == [(SHOP, "mine"), ("other.myshopify.com", "theirs")]


def test_a_new_column_reaches_the_history(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    land(landing(warehouse, "orders", 0, exclude=["note"]), tmp_path, order())
    land(landing(warehouse, "orders", 1), tmp_path, order(note="n"))
    assert versions(warehouse, "orders", "note") == [(None, 0, 1), ("n", 1, None)]


def test_events_mark_records_and_their_children(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    into = landing(warehouse, "orders", 0)
    land(into, tmp_path, order(), line(1), order("gid://shopify/Order/2"))
    changes = deletions.mark(warehouse, into.plan, SHOP, [ORDER, "gid://shopify/Product/1"], START)
    assert {change.table: change.deleted for change in changes if change.deleted} == {
        "orders": 1,
        "order_line_items": 1,
    }
    assert rows(warehouse, "select gid from shopify.orders where _deleted_at is null") == [("gid://shopify/Order/2",)]
    again = deletions.mark(warehouse, into.plan, SHOP, [ORDER], START)
    assert sum(change.deleted for change in again) == 0


def test_an_order_that_goes_takes_its_fulfillments(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    into = landing(warehouse, "fulfillments", 0)
    parcel = {"id": "gid://shopify/Fulfillment/5", "trackingInfo": [{"number": "T1"}]}
    land(into, tmp_path, order(fulfillments=[parcel]))
    changes = deletions.mark(warehouse, into.plan, SHOP, [ORDER], START)
    assert {change.table: change.deleted for change in changes if change.deleted} == {
        "fulfillments": 1,
        "fulfillment_tracking_info": 1,
    }


def test_redaction_leaves_no_word_of_the_person(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """In no table and no version; what was bought stays."""
    person = {
        "__typename": "Customer", "id": CUSTOMER, "email": "ann.tide@example.com", "firstName": "Anntide",
        "note": "Anntide likes blue",
    }  # fmt: skip
    address = {"__typename": "MailingAddress", "id": "gid://shopify/MailingAddress/3", "__parentId": CUSTOMER}
    land(landing(warehouse, "customers", 0), tmp_path, person, address | {"address1": "1 Anntide Way", "city": "Hull"})
    land(landing(warehouse, "customers", 1), tmp_path, person | {"note": "ann.tide@example.com moved"})
    other = {**person, "id": "gid://shopify/Customer/8", "email": "bob@example.com", "firstName": "Bob", "note": None}
    land(landing(warehouse, "customers", 1), tmp_path, other)
    bought = order(
        customer={"id": CUSTOMER},
        email="ann.tide@example.com",
        shippingAddress={"address1": "1 Anntide Way"},
        note="for Anntide",
        name="#1001",
    )
    land(landing(warehouse, "orders", 0), tmp_path, bought, line(1, title="Mug", quantity=2))
    land(landing(warehouse, "orders", 1), tmp_path, order("gid://shopify/Order/2", email="bob@example.com"))
    redact_customer(warehouse, SHOP, CUSTOMER, START)
    for table in warehouse.tables():
        found = rows(warehouse, f"select cast(t as varchar) from shopify.{table} t")
        text = " ".join(row[0] for row in found).lower()
        assert "anntide" not in text, table
        assert "ann.tide" not in text, table
    assert rows(warehouse, "select name, customer_gid from shopify.orders where gid like '%/1'") == [
        ("#1001", CUSTOMER)
    ]
    assert rows(warehouse, "select title, quantity from shopify.order_line_items") == [("Mug", 2)]
    kept = rows(warehouse, "select first_name, email from shopify.customers where _deleted_at is null")
    assert kept == [("Bob", "bob@example.com")]
