"""No cursor moves before the proof: whatever goes wrong in the middle is that stream's failure, and is in the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_line import Folder
from pulling import HastyClock, Puller, pulling, store, stream_of

from shoptide.resources.streams import STREAMS
from shoptide.simulator.server import Running

CUSTOMERS, ORDERS = 30, 120


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with store(customers=CUSTOMERS, products=6, orders=ORDERS) as found:
        yield found


@pytest.fixture
def puller(running: Running, tmp_path: Path) -> Iterator[Puller]:
    with pulling(tmp_path, running, "customers", "orders", clock=HastyClock(50)) as found:
        yield found
        found.fault()
        found.quick()
        found.settings(index_lag=0)


def touch(puller: Puller, kind: str) -> None:
    """Every record of a kind changes: there is a lot to read again."""
    shop = puller.running.world.shop
    with shop.lock:
        for record in list(shop.table(kind)):
            record["note"] = f"touched {len(puller.events)}"
            shop.touch(record)
            shop.table(kind).put(record)


@pytest.mark.parametrize(
    ("path", "status"),
    [("paged", 401), ("paged", 402), ("paged", 403), ("paged", 404), ("bulk", 401), ("bulk", 403), ("bulk", 503)],
)
def test_a_refusal_in_the_middle_fails_the_stream_and_no_other(puller: Puller, path: str, status: int) -> None:
    """Never zero rows and a green tick: the error is there, the cursor is where it was, the other stream is landed."""
    if path == "bulk":
        puller.slow()
    puller.whole()
    touch(puller, "Customer")
    touch(puller, "Order")
    held = puller.cursor("orders")
    before = puller.content()["orders"]
    operation = "orders" if path == "paged" else "bulkOperation"
    # The first page (or looks) are answered, what comes after is not.
    answered = {"action": "slow", "seconds": 0, "operation": operation, "times": 1}
    puller.fault(answered, {"action": "status", "status": status, "operation": operation})
    report = puller.run()
    orders = stream_of(report, "orders")
    assert orders.path == path
    assert orders.error is not None
    assert orders.error.retry.helps is (status in (402, 503))
    assert puller.cursor("orders") == held
    assert puller.content()["orders"] == before
    assert stream_of(report, "customers").error is None
    puller.fault()
    puller.quick()
    assert stream_of(puller.whole(), "orders").changes[0].changed == ORDERS


@pytest.mark.parametrize("action", ["partial", "internal_error"])
def test_answers_that_hold_only_a_part_are_failures(puller: Puller, action: str) -> None:
    """Data beside errors is not all of the data."""
    puller.fault({"action": action, "operation": "orders"})
    report = puller.run()
    assert [each.stream for each in report.failed] == ["orders"]
    assert report.outcome == "incomplete"
    assert puller.cursor("orders") is None


def test_a_search_that_the_store_does_not_understand_is_a_failure(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It matches everything; by bulk operation nobody would be told."""
    monkeypatch.setitem(STREAMS, "orders", replace(STREAMS["orders"], search="changed_at"))
    puller.run()
    error = stream_of(puller.run(), "orders").error
    assert error is not None
    assert error.kind == "search_ignored"


def test_a_window_field_that_the_store_does_not_understand_splits_nothing(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read itself is sound: it is done by one operation."""
    monkeypatch.setattr("shoptide.resources.extraction.StreamPlan.window_field", "colour")
    puller.slow()
    proof = stream_of(puller.whole(window_records=100), "orders").proof
    puller.quick()
    assert proof is not None
    assert proof.records == ORDERS


def test_lost_lines_are_noticed(puller: Puller) -> None:
    """A complete file that holds less than the operation counted."""
    puller.slow()
    puller.fault({"on": "bulk", "action": "lose_lines", "lines": 5, "operation": "orders"})
    error = stream_of(puller.run(), "orders").error
    puller.quick()
    assert error is not None
    assert error.kind == "proof_failed"


def test_the_run_records_the_proof(puller: Puller) -> None:
    """Counts expected and seen, operations, bytes and lines, in the ledger and in the warehouse."""
    puller.slow()
    report = puller.whole(window_records=100)
    puller.quick()
    run = puller.ledger.run(report.run_id)
    assert run is not None
    orders = next(each for each in run.summary["streams"] if each["stream"] == "orders")
    proof = orders["proof"]
    assert (orders["expected"], orders["seen"]) == (ORDERS, ORDERS)
    assert (proof["counted"], proof["announced"], proof["records"]) == (ORDERS, ORDERS, ORDERS)
    assert len(proof["operations"]) == proof["windows"] > 1
    assert proof["lines"] > ORDERS
    assert proof["bytes"] > proof["lines"]
    published = puller.rows("select summary->'$.streams[0].proof' from _shoptide_runs")
    assert json.loads(published[0][0])["records"] == CUSTOMERS


def test_a_run_counts_its_own_calls(puller: Puller) -> None:
    """Not those of runs before it with the same client; streams' calls are among them."""
    first = puller.whole()
    puller.running.world.shop.clock.move(2)
    puller.whole()
    again = puller.whole()
    assert all(each.path == "none" and each.calls == 1 for each in again.streams)
    assert len(again.streams) <= again.calls <= len(again.streams) + 2
    assert again.cost < first.cost


def test_runs_show_the_proof(running: Running, tmp_path: Path) -> None:
    """`shoptide runs --json`: what was counted and what arrived, for whoever audits."""
    folder = Folder.of(tmp_path, running)
    assert folder.run("pull", "--stream", "customers").code == 0
    listed = json.loads(folder.run("runs", "--json").out)["runs"]
    stream = listed[0]["summary"]["streams"][0]
    assert stream["proof"]["records"] == stream["seen"] == CUSTOMERS
    assert folder.run("runs", listed[0]["run_id"]).out.count(f"expected {CUSTOMERS}, seen {CUSTOMERS}") == 1


# the overlap


def orders_made(puller: Puller, number: int) -> None:
    price = {"shopMoney": {"amount": "1.00", "currencyCode": puller.running.world.shop.currency}}
    given = {"lineItems": [{"title": "late", "quantity": 1, "priceSet": price}]}
    document = "mutation($o: OrderCreateOrderInput!) { orderCreate(order: $o) { order { id } userErrors { message } } }"
    for _ in range(number):
        assert puller.client.execute(document, {"o": given}).data["orderCreate"]["userErrors"] == []


def counts(puller: Puller) -> tuple[int, int]:
    shop = puller.running.world.shop
    with shop.lock:
        return puller.rows("select count(*) from orders where _deleted_at is null")[0][0], len(shop.table("Order"))


def test_rows_that_the_index_shows_late_are_read_in_the_overlap(puller: Puller) -> None:
    """Made before a read, found by the search only after it."""
    puller.whole()
    puller.settings(index_lag=240)
    orders_made(puller, 3)
    puller.whole()
    held, there = counts(puller)
    assert held == there - 3
    puller.running.world.shop.clock.move(241)
    report = puller.whole()
    assert counts(puller) == (there, there)
    assert stream_of(report, "orders").changes[0].changed == 0


def test_the_second_of_the_read_is_read_again(puller: Puller) -> None:
    """updatedAt has whole seconds: what changes in the second of a read may stand on either side of it."""
    clock = puller.running.world.shop.clock
    clock.stop()
    try:
        orders_made(puller, 1)
        puller.whole()
        orders_made(puller, 2)
        puller.whole()
        held, there = counts(puller)
        assert held == there
    finally:
        clock.go()


def test_the_cursor_is_when_the_earliest_operation_began(puller: Puller) -> None:
    """Less the overlap for the next read's floor; what is read again and did not change is dropped by its hash."""
    puller.slow()
    clock = puller.running.world.shop.clock
    report = puller.whole(window_records=100, overlap=timedelta(minutes=7))
    proof = stream_of(report, "orders").proof
    assert proof is not None
    began = min(each["createdAt"] for each in puller.operations() if each["id"] in proof.operations)
    found = puller.rows(
        "select strftime(cursor, '%Y-%m-%dT%H:%M:%SZ'), cursor - floor from _shoptide_cursors where stream = 'orders'"
    )
    puller.quick()
    assert found == [(began, timedelta(minutes=7))]
    clock.move(1)
    touch(puller, "Order")
    orders = stream_of(puller.whole(), "orders")
    assert (orders.changes[0].changed, orders.changes[0].new) == (counts(puller)[1], 0)


def test_rows_that_change_while_operations_run_are_not_lost(puller: Puller) -> None:
    """Every order is edited while the windows are read, and some are made: the next read ends as the store is."""
    puller.slow()
    shop = puller.running.world.shop
    shop.settings["bulk_slots"] = 1
    busy = Busy(puller)
    puller.client.execute = busy.execute  # type: ignore[method-assign]  # a busy shop: something happens at each request
    try:
        proof = stream_of(puller.whole(window_records=100), "orders").proof
    finally:
        del puller.client.execute
        shop.settings.pop("bulk_slots")
        puller.quick()
    assert proof is not None
    assert proof.windows > 1
    assert busy.edits > 10
    puller.whole()
    with shop.lock:
        truth = {record["id"]: record["note"] for record in shop.table("Order")}
    assert dict(puller.rows("select gid, note from orders where _deleted_at is null")) == truth


class Busy:
    """Edits the next order at every look at an operation."""

    def __init__(self, puller: Puller) -> None:
        self.puller = puller
        self.real = puller.client.execute
        self.edits = 0

    def execute(self, document: str, *given: Any, **options: Any) -> Any:
        if "BulkRead" in document:
            shop = self.puller.running.world.shop
            with shop.lock:
                records = list(shop.table("Order"))
                record = records[self.edits * 7 % len(records)]
                record["note"] = f"edit {self.edits}"
                shop.touch(record)
                shop.table("Order").put(record)
            self.edits += 1
        return self.real(document, *given, **options)
