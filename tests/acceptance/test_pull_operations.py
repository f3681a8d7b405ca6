"""Reads by bulk operations: several at once, adopted, cut, started again; what fails leaves the cursor where it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pulling import HastyClock, Puller, pulling, store, stream_of

from shoptide.errors import Interrupted
from shoptide.inbound import choice
from shoptide.inbound.events import PullReport
from shoptide.resources.streams import STREAMS
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

ORDERS = 130


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with store(customers=20, products=8, orders=ORDERS) as found:
        yield found


@pytest.fixture(autouse=True)
def calm(running: Running) -> Iterator[None]:
    """Each test begins and ends without faults, and with a store that keeps no operations."""
    yield
    shop = running.world.shop
    shop.faults.set([])
    shop.settings.pop("bulk_slots", None)
    shop.settings["bulk_seconds"] = 0.05


@pytest.fixture
def puller(running: Running, tmp_path: Path) -> Iterator[Puller]:
    with pulling(tmp_path, running, "orders", clock=HastyClock(20)) as found:
        found.slow()
        yield found


def truth(running: Running, path: Path) -> dict[str, list[Any]]:
    """The store by pages: the other way to read it."""
    with pulling(path, running, "orders") as found:
        found.quick()
        found.whole(limit=10 * ORDERS)
        return found.content()


def started(puller: Puller, since: int) -> list[dict[str, Any]]:
    return puller.operations()[since:]


def test_a_large_first_read_is_split_and_fills_the_slots(puller: Puller, tmp_path: Path) -> None:
    """Windows by created_at, none overlapping, four at once and one slot left free; the tables equal the pages'."""
    before = len(puller.operations())
    most = Watch(puller)
    report = most.during(lambda: puller.whole(window_records=100))
    orders = stream_of(report, "orders")
    proof = orders.proof
    assert orders.path == "bulk"
    assert f"the first read takes everything; {ORDERS} records: about" in orders.reason
    assert proof is not None
    assert proof.windows >= 4
    assert (proof.counted, proof.announced, proof.records) == (ORDERS, ORDERS, ORDERS)
    assert len(started(puller, before)) == proof.windows
    assert most.seen == 4
    assert puller.content() == truth(puller.running, tmp_path / "pages")


@pytest.mark.parametrize("stream", ["customers", "product_variant_metafields"])
def test_what_is_not_searched_by_created_at_is_split_too(stream: str, tmp_path: Path) -> None:
    """Customers by `customer_date`, variants by their ids."""
    with store(customers=1_600, products=400) as running:
        with pulling(tmp_path / "windows", running, stream, clock=HastyClock(20)) as puller:
            puller.slow()
            puller.running.world.first.bucket.resize(600, 10)
            proof = stream_of(puller.whole(window_records=1_000), stream).proof
            assert proof is not None
            assert proof.windows >= 4
            assert proof.counted == proof.records
            found = puller.content()
            puller.quick()
        with pulling(tmp_path / "pages", running, stream) as puller:
            puller.whole(limit=10_000)
            assert puller.content() == found


class Watch:
    """How many operations held a slot at one moment, at most."""

    def __init__(self, puller: Puller) -> None:
        self.puller = puller
        self.seen = 0
        puller.running.world.shop.settings["bulk_seconds"] = 0.6

    def during(self, work: Any) -> Any:
        done = threading.Event()
        watcher = threading.Thread(target=self._look, args=(done,))
        watcher.start()
        try:
            return work()
        finally:
            done.set()
            watcher.join()

    def _look(self, done: threading.Event) -> None:
        while not done.wait(0.02):
            taken = [each for each in self.puller.operations() if each["status"] in ("CREATED", "RUNNING")]
            self.seen = max(self.seen, len(taken))


def test_the_slots_left_free_are_a_setting(running: Running, tmp_path: Path) -> None:
    """Three left free of five: two at once."""
    with pulling(tmp_path, running, "orders", clock=HastyClock(20), free_bulk_slots=3) as puller:
        puller.slow()
        most = Watch(puller)
        most.during(lambda: puller.whole(window_records=100))
    assert most.seen == 2


def test_a_store_with_one_slot_is_read_one_by_one(puller: Puller) -> None:
    """Where fewer slots are free than thought, starting waits; nothing fails."""
    puller.settings(bulk_slots=1)
    most = Watch(puller)
    assert stream_of(most.during(lambda: puller.whole(window_records=100)), "orders").seen == ORDERS
    assert most.seen == 1


def test_operations_of_others_are_respected(puller: Puller) -> None:
    """Three run already for somebody else: one more may start, so that one slot stays free."""
    shop = puller.running.world.shop
    puller.fault({"on": "bulk", "action": "stuck", "operation": "products"})
    other = "{ products { edges { node { id __typename } } } }"
    document = "mutation($q: String!) { bulkOperationRunQuery(query: $q) { bulkOperation { id } } }"
    gids = [
        puller.client.execute(document, {"q": other}).data["bulkOperationRunQuery"]["bulkOperation"]["id"]
        for _ in range(3)
    ]
    most = Watch(puller)
    report = most.during(lambda: puller.whole(window_records=100))
    assert stream_of(report, "orders").seen == ORDERS
    assert most.seen == 4
    with shop.lock:
        assert {each["status"] for each in puller.operations() if each["id"] in gids} == {"RUNNING"}
    for gid in gids:
        puller.client.execute(
            "mutation($id: ID!) { bulkOperationCancel(id: $id) { userErrors { message } } }", {"id": gid}
        )


def test_a_timeout_cuts_the_window(puller: Puller, tmp_path: Path) -> None:
    """The halves are read in its place; nothing is lost, nothing is read twice."""
    puller.fault({"on": "bulk", "action": "fail", "code": "TIMEOUT", "times": 2})
    report = puller.whole(window_records=150)
    proof = stream_of(report, "orders").proof
    assert proof is not None
    assert proof.windows >= 3
    assert proof.records == ORDERS
    assert puller.content() == truth(puller.running, tmp_path / "pages")


@pytest.mark.parametrize("code", ["INTERNAL_SERVER_ERROR"])
def test_an_operation_that_failed_inside_is_started_again(puller: Puller, code: str) -> None:
    before = len(puller.operations())
    puller.fault({"on": "bulk", "action": "fail", "code": code, "times": 2})
    assert stream_of(puller.whole(), "orders").seen == ORDERS
    assert [each["status"] for each in started(puller, before)].count("FAILED") == 2


def test_an_operation_that_always_fails_is_the_streams_failure(puller: Puller) -> None:
    """After a few starts; the cursor stays, and the next run reads what is missing."""
    puller.fault({"on": "bulk", "action": "fail", "code": "INTERNAL_SERVER_ERROR"})
    report = puller.run()
    error = stream_of(report, "orders").error
    assert error is not None
    assert error.kind == "bulk_failed"
    assert puller.cursor("orders") is None
    puller.fault()
    assert stream_of(puller.whole(), "orders").seen == ORDERS


def test_an_operation_that_stands_still_is_cancelled_and_started_again(puller: Puller) -> None:
    """On the clock that is passed in: half an hour of standing still passes in a moment."""
    puller.clock.pace = 2000  # type: ignore[attr-defined]  # a hasty clock
    before = len(puller.operations())
    puller.fault({"on": "bulk", "action": "stuck", "times": 1})
    assert stream_of(puller.whole(stalled_after=timedelta(minutes=30)), "orders").seen == ORDERS
    assert [each["status"] for each in started(puller, before)] == ["CANCELED", "COMPLETED"]


def test_an_operation_that_somebody_cancels_is_started_again(puller: Puller) -> None:
    """Shopify cancels what it takes for stalled; another process may too."""
    before = len(puller.operations())
    puller.fault({"on": "bulk", "action": "stuck", "times": 1})

    def cancel() -> None:
        while not (found := [each for each in started(puller, before) if each["status"] == "RUNNING"]):
            threading.Event().wait(0.05)
        mutation = "mutation($id: ID!) { bulkOperationCancel(id: $id) { userErrors { message } } }"
        puller.client.execute(mutation, {"id": found[0]["id"]})

    canceller = threading.Thread(target=cancel)
    canceller.start()
    assert stream_of(puller.whole(), "orders").seen == ORDERS
    canceller.join()
    assert [each["status"] for each in started(puller, before)] == ["CANCELED", "COMPLETED"]


def test_what_an_interrupted_run_left_is_adopted(puller: Puller, tmp_path: Path) -> None:
    """Windows that run or have run are taken as they are, the rest is read; no window twice."""
    puller.running.world.shop.settings["bulk_seconds"] = 0.4
    before = len(puller.operations())
    stopping = threading.Event()
    timer = threading.Timer(1.0, stopping.set)
    timer.start()
    with pytest.raises(Interrupted):
        puller.run(window_records=100, stop=stopping.is_set)
    left = len(started(puller, before))
    assert left >= 1
    report = puller.whole(window_records=100)
    proof = stream_of(report, "orders").proof
    assert proof is not None
    everything = [each["id"] for each in started(puller, before)]
    assert set(everything[:left]) <= set(proof.operations)
    assert sorted(everything) == sorted(proof.operations)
    assert proof.records == ORDERS
    assert puller.content() == truth(puller.running, tmp_path / "pages")


def test_windows_that_were_read_serve_the_next_run_when_one_failed(puller: Puller) -> None:
    """A denied window fails the stream at once; those that are complete are not read again."""
    puller.settings(bulk_slots=1)
    before = len(puller.operations())
    puller.fault({"on": "bulk", "action": "fail", "code": "ACCESS_DENIED", "nth": 3})
    report = puller.run(window_records=40)
    assert stream_of(report, "orders").error is not None
    assert puller.cursor("orders") is None
    complete = [each["id"] for each in started(puller, before) if each["status"] == "COMPLETED"]
    assert complete
    puller.fault()
    proof = stream_of(puller.whole(window_records=40), "orders").proof
    assert proof is not None
    assert set(complete) <= set(proof.operations)
    assert proof.records == ORDERS


def test_an_operation_of_an_earlier_read_is_not_taken_for_this_one(puller: Puller) -> None:
    """A whole read begun before another was landed would take what came since for deleted."""
    stopping = threading.Event()
    puller.running.world.shop.settings["bulk_seconds"] = 2
    threading.Timer(0.8, stopping.set).start()
    with pytest.raises(Interrupted):
        puller.run(stop=stopping.is_set)
    old = {each["id"] for each in puller.operations()}
    puller.running.world.shop.settings["bulk_seconds"] = 0.05
    puller.ledger.close_operation(max(old), "set aside")
    puller.whole()
    with puller.ledger.store.write() as connection:
        connection.exec_driver_sql("update bulk_operations set closed_at = null where status = 'set aside'")
    proof = stream_of(puller.whole(full_refresh=True), "orders").proof
    assert proof is not None
    assert not old & set(proof.operations)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"on": "bulk", "action": "wrong_counts"}, "proof_failed"),
        ({"on": "download", "action": "truncate", "bytes": 0}, "connection_lost"),
        ({"on": "download", "action": "corrupt", "bytes": 4000}, "proof_failed"),
        ({"on": "bulk", "action": "fail", "code": "ACCESS_DENIED"}, "bulk_failed"),
    ],
)
def test_what_does_not_prove_itself_is_not_landed(puller: Puller, fault: dict[str, Any], kind: str) -> None:
    """No row, no cursor, an error; and the next run is as if nothing had happened."""
    puller.fault(fault)
    report = puller.run()
    error = stream_of(report, "orders").error
    assert error is not None
    assert error.kind == kind
    assert report.outcome == "failed"
    assert puller.cursor("orders") is None
    assert "orders" not in puller.warehouse.tables() or puller.rows("select count(*) from orders") == [(0,)]
    puller.fault()
    assert stream_of(puller.whole(), "orders").seen == ORDERS


@pytest.mark.parametrize(("pages", "path"), [(3, "bulk"), (50, "paged")])
def test_a_stream_that_the_store_does_not_count_is_tried_by_pages(
    puller: Puller, monkeypatch: pytest.MonkeyPatch, pages: int, path: str
) -> None:
    """A few pages tell whether there are few; else an operation is started, and the run says why."""
    monkeypatch.setitem(STREAMS, "orders", replace(STREAMS["orders"], count_root=None))
    monkeypatch.setattr(choice, "TRIAL_PAGES", pages)
    puller.quick()
    orders = stream_of(puller.whole(), "orders")
    assert (orders.path, orders.seen) == (path, ORDERS)
    assert "the store does not count this" in orders.reason
    again = stream_of(puller.whole(), "orders")
    assert again.path == "paged"


def test_dear_pages_are_not_read_in_vain(puller: Puller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids tell for a few points that there is too much for pages: not one page of all the content is read."""
    monkeypatch.setitem(STREAMS, "orders", replace(STREAMS["orders"], count_root=None))
    monkeypatch.setattr(choice, "TRIAL_PAGES", 2)
    pages = Sent(puller, "lineItems(")
    orders = stream_of(pages.during(puller.whole), "orders")
    assert (orders.path, orders.seen) == ("bulk", ORDERS)
    assert "more than 2 pages" in orders.reason
    assert pages.documents == []


def test_a_stream_without_records_costs_two_points(tmp_path: Path) -> None:
    """An empty page is not charged as if it were full, and nothing is counted twice."""
    with start(World.empty()) as running, pulling(tmp_path, running, "segments", "draft_orders") as puller:
        report = puller.whole()
    assert stream_of(report, "segments").cost == 2
    assert stream_of(report, "draft_orders").cost == 2 + 10


@dataclass
class Sent:
    """The plain queries of a run that ask for a field."""

    puller: Puller
    asking_for: str
    documents: list[str] = field(default_factory=list)

    def during(self, run: Callable[[], PullReport]) -> PullReport:
        real = self.puller.client.execute

        def listening(document: str, *given: Any, **options: Any) -> Any:
            if self.asking_for in document and not document.lstrip().startswith("mutation"):
                self.documents.append(document)
            return real(document, *given, **options)

        self.puller.client.execute = listening  # type: ignore[method-assign]  # passed on as it came
        try:
            return run()
        finally:
            del self.puller.client.execute


def test_a_download_ends_when_it_is_told_to(puller: Puller) -> None:
    """Ctrl-C does not wait for gigabytes; what came is gone on with."""
    stopping = threading.Event()
    puller.fault({"on": "download", "action": "slow", "seconds": 1})
    timer = threading.Timer(0.9, stopping.set)
    timer.start()
    with pytest.raises(Interrupted):
        puller.run(stop=stopping.is_set)
    left = list((puller.base / "spool").rglob("*.part"))
    puller.fault()
    assert stream_of(puller.whole(), "orders").seen == ORDERS
    assert not any(path.exists() for path in left)


def test_many_orders_use_four_slots_at_once(tmp_path: Path) -> None:
    """With the settings as they come, on a shop of the standard plan, from a prepared result."""
    prepared = tmp_path / "orders.jsonl"
    with prepared.open("w") as file:
        for number in range(20_000):
            gid = f"gid://shopify/Order/{number}"
            file.write(json.dumps({"__typename": "Order", "id": gid, "updatedAt": "2026-01-01T00:00:00Z"}) + "\n")
    with start(World.empty()) as running, pulling(tmp_path / "x", running, "orders", clock=HastyClock(5)) as puller:
        puller.settings(bulk_files={"orders": str(prepared)})
        most = Watch(puller)
        orders = stream_of(most.during(puller.whole), "orders")
    assert (orders.path, orders.seen) == ("bulk", 20_000)
    assert most.seen == 4
