"""Streams with more connections than one operation takes, or deeper ones: joined from several, equal to the pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pulling import HastyClock, Puller, pulling, store, stream_of

from shoptide.resources.stream import Child
from shoptide.resources.streams import STREAMS
from shoptide.simulator.execution import Request
from shoptide.simulator.server import Running

ORDERS = 70
WIDE = replace(
    STREAMS["orders"],
    children=(
        *STREAMS["orders"].children,
        Child(
            "fulfillmentOrders",
            "order_fulfillment_orders",
            children=(
                Child("lineItems", "order_fulfillment_order_line_items"),
                Child(
                    "fulfillments",
                    "order_fulfillment_order_fulfillments",
                    children=(Child("fulfillmentLineItems", "order_fulfillment_order_fulfillment_line_items"),),
                ),
            ),
        ),
        Child("metafields", "order_metafields"),
    ),
)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with store(customers=10, products=6, orders=ORDERS) as found:
        yield found


@pytest.fixture
def wide(running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Puller]:
    monkeypatch.setitem(STREAMS, "orders", WIDE)
    with pulling(tmp_path / "bulk", running, "orders", clock=HastyClock(20)) as found:
        found.slow()
        yield found
        found.quick()


def test_several_operations_and_second_passes_make_the_whole(wide: Puller, tmp_path: Path) -> None:
    """Two documents a window, connections below lists and three levels down by ids: every table as by pages."""
    proof = stream_of(wide.whole(window_records=100), "orders").proof
    assert proof is not None
    assert proof.windows > 1
    assert len(proof.operations) == 2 * proof.windows
    wide.quick()
    with pulling(tmp_path / "pages", wide.running, "orders") as pages:
        assert stream_of(pages.whole(limit=10 * ORDERS), "orders").path == "paged"
        by_pages = pages.content()
    found = wide.content()
    assert found.keys() == by_pages.keys()
    for table, rows in by_pages.items():
        assert found[table] == rows, table
    for child in ("order_fulfillment_order_line_items", "order_fulfillment_order_fulfillment_line_items"):
        assert len(found[child]) > 10, child


def test_records_that_only_one_operation_met_come_whole_with_the_next_read(wide: Puller) -> None:
    """Orders made and deleted between the operations of one window: no orphan, no failure, in the end all is there."""
    real = wide.client.execute
    made: list[str] = []

    def busy(document: str, *given: object, **options: object) -> object:
        answer = real(document, *given, **options)  # type: ignore[arg-type]  # passed on as it came
        if "BulkRunQuery" in document and len(made) < 6:
            made.append(make(wide))
            if len(made) % 2 == 0:
                shop = wide.running.world.shop
                with shop.lock:
                    doomed = next(record["id"] for record in shop.table("Order"))
                real("mutation($id: ID!) { orderDelete(orderId: $id) { deletedId } }", {"id": doomed})
        return answer

    wide.client.execute = busy  # type: ignore[method-assign, assignment]  # a store where something happens all the time
    wide.whole(window_records=100)
    del wide.client.execute
    assert len(made) >= 4
    wide.quick()
    wide.whole()
    wide.whole(reconcile=True)
    with wide.running.world.shop.lock:
        there = {record["id"] for record in wide.running.world.shop.table("Order")}
    assert {row[0] for row in wide.rows("select gid from orders where _deleted_at is null")} == there
    lines = wide.rows("select order_gid, count(*) from order_line_items where _deleted_at is null group by 1")
    assert {gid for gid, _count in lines} >= set(made) & there


def make(puller: Puller) -> str:
    price = {"shopMoney": {"amount": "1.00", "currencyCode": puller.running.world.shop.currency}}
    given = {"lineItems": [{"title": "between", "quantity": 1, "priceSet": price}]}
    document = "mutation($o: OrderCreateOrderInput!) { orderCreate(order: $o) { order { id } userErrors { message } } }"
    found = puller.running.world.first
    body = found.execute(Request(document, {"o": given}), "2026-10", puller.running.url)
    gid: str = body["data"]["orderCreate"]["order"]["id"]
    return gid
