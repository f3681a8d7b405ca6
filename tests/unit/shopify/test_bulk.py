"""Bulk operations on a scripted store: slots, adoption, polling, ends of every kind, and downloads that break."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from modelled_time import EPOCH, ModelClock
from shop_server import Heard, Says, ShopServer, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import (
    BulkBusy,
    BulkFailed,
    ConnectionLost,
    Interrupted,
    InvalidDocument,
    NotFound,
    ProofFailed,
    ServerFault,
)
from shoptide.shopify import bulk
from shoptide.shopify.bulk import BulkOperation
from shoptide.shopify.client import AdminClient

if TYPE_CHECKING:
    from pathlib import Path

GID = "gid://shopify/BulkOperation/7"
QUERY = "{ products { edges { node { id __typename } } } }"
LINES = b"".join(b'{"id":"gid:\\/\\/shopify\\/Product\\/%d"}\n' % n for n in range(50_000))


def operation(status: str = "COMPLETED", **facts: Any) -> dict[str, Any]:
    return {
        "id": GID,
        "status": status,
        "errorCode": None,
        "type": "QUERY",
        "createdAt": "2026-10-01T12:16:40Z",
        "completedAt": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "url": None,
        "partialDataUrl": None,
        "query": QUERY,
        **facts,
    }


def started(**facts: Any) -> Says:
    return graphql({"bulkOperationRunQuery": {"bulkOperation": operation("CREATED", **facts), "userErrors": []}})


def refused(code: str | None, message: str = "A bulk query operation is already in progress") -> Says:
    errors = [{"field": None, "message": message, "code": code}]
    return graphql({"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": errors}})


def seen(status: str = "COMPLETED", **facts: Any) -> Says:
    return graphql({"bulkOperation": operation(status, **facts)})


def client_of(server: ShopServer, clock: ModelClock | None = None) -> AdminClient:
    config = ShopConfig("main", "acme", access_token=Secret("shpat_1"), base_url=server.url)
    return AdminClient(config, clock=clock or ModelClock(), chance=random.Random(1))


def completed(url: str, content: bytes = LINES, **facts: Any) -> BulkOperation:
    told = {"url": url, "fileSize": str(len(content)), "objectCount": str(content.count(b"\n")), **facts}
    return BulkOperation.of(operation("COMPLETED", **told))


def test_starts_with_ungrouped_objects() -> None:
    """groupObjects is slower and times out more; its default differs between versions, so it is said."""
    with serving(started()) as server, client_of(server) as client:
        found = bulk.start_query(client, QUERY)
        assert "groupObjects: false" in server.heard[0].json["query"]
        assert server.heard[0].json["variables"] == {"query": QUERY}
    assert (found.id, found.status, found.object_count, found.is_terminal) == (GID, "CREATED", 0, False)


@pytest.mark.parametrize("code", ["OPERATION_IN_PROGRESS", "LIMIT_REACHED"])
def test_waits_for_a_free_slot(code: str) -> None:
    """Five run at once; the sixth comes when one has ended."""
    clock = ModelClock()
    with serving(refused(code), refused(code), started()) as server, client_of(server, clock) as client:
        assert bulk.start_query(client, QUERY).id == GID
    assert len(clock.slept) == 2


def test_a_slot_that_never_comes_free_ends_the_patience() -> None:
    """The caller may have better things to do, and learns who holds the slots."""
    clock = ModelClock()
    begin = clock.seconds
    message = "A bulk query operation for this app and shop is already in progress: gid://shopify/BulkOperation/1."
    with (
        serving(refused("OPERATION_IN_PROGRESS", message)) as server,
        client_of(server, clock) as client,
        pytest.raises(BulkBusy, match="BulkOperation/1") as caught,
    ):
        bulk.start_query(client, QUERY, patience=60)
    assert clock.seconds - begin <= 60
    assert caught.value.exit_code == 75


def test_a_query_that_shopify_refuses_is_not_tried_again() -> None:
    """With the store's own words."""
    with serving(refused("INVALID", "Bulk queries must contain at least one connection.")) as server:
        with client_of(server) as client, pytest.raises(InvalidDocument, match="at least one connection"):
            bulk.start_query(client, QUERY)
        assert len(server.heard) == 1


def listed(*operations: dict[str, Any]) -> Says:
    return graphql({"bulkOperations": {"nodes": list(operations), "pageInfo": {"hasNextPage": False}}})


def test_adopts_the_operation_whose_start_was_answered_by_silence() -> None:
    """The request arrived, its answer did not: the operation runs, and a second one would cost a slot."""
    clock = ModelClock()
    stamp = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    others = [
        operation(id="gid://shopify/BulkOperation/8", query="{ orders { edges { node { id } } } }", createdAt=stamp)
    ]
    with serving(Says(reset=True), listed(*others, operation("RUNNING", createdAt=stamp))) as server:
        with client_of(server, clock) as client:
            assert bulk.start_query(client, QUERY).id == GID
        assert len(server.heard) == 2


def test_starts_again_when_the_lost_start_left_no_operation() -> None:
    """An operation of an earlier day with the same query is not ours, nor is there one after a while."""
    old = operation("COMPLETED", createdAt="2026-09-01T00:00:00Z")
    with serving(Says(502, b"<html>"), listed(old), listed(old), started()) as server, client_of(server) as client:
        assert bulk.start_query(client, QUERY).status == "CREATED"


def test_a_bulk_mutation_whose_start_was_lost_is_never_repeated() -> None:
    """Its lines may be running."""
    with serving(Says(reset=True)) as server, client_of(server) as client:
        with pytest.raises(ConnectionLost):
            bulk.start_mutation(client, "mutation { x }", "tmp/1/bulk/2/rows.jsonl")
        assert len(server.heard) == 1


def test_a_bulk_mutation_of_a_name_of_its_own_is_looked_for_before_it_is_repeated() -> None:
    """It may come to life a moment after the first look."""
    named = "mutation Ours_1($input: X) { x }"
    ours = operation(type="MUTATION", query=named)
    with serving(Says(reset=True), listed(), listed(ours)) as server, client_of(server) as client:
        assert bulk.start_mutation(client, named, "tmp/1/rows.jsonl", only_ours=True).id == ours["id"]
        assert len(server.heard) == 3


def test_waits_with_quick_looks_first_and_rare_ones_later() -> None:
    """A tiny job is done in a second; a long one is not asked about all the time."""
    clock = ModelClock()
    looked: list[tuple[int, float]] = []
    looks = [seen("RUNNING", objectCount=str(n)) for n in range(20)]
    with serving(*looks, seen("COMPLETED", objectCount="20")) as server, client_of(server, clock) as client:
        done = bulk.wait(client, GID, on_progress=lambda each: looked.append((each.object_count, clock.seconds)))
    assert done.object_count == 20
    assert [count for count, _ in looked] == list(range(21))
    waits = [after - before for (_, before), (_, after) in pairwise(looked)]
    assert waits[:4] == pytest.approx([0.2, 0.4, 0.7, 1.0])
    assert all(1.8 <= wait <= 30 for wait in waits[4:])
    assert waits[-1] >= 27


def test_an_operation_that_stands_still_is_cancelled() -> None:
    """Moving slowly is no standing still; a count that has not changed for the time given is."""
    clock = ModelClock()
    looked: list[float] = []
    moving = [seen("RUNNING", objectCount=str(n // 3)) for n in range(12)]
    cancelled = graphql({"bulkOperationCancel": {"bulkOperation": operation("CANCELING"), "userErrors": []}})

    def answer(heard: Heard) -> Says:
        return cancelled if "bulkOperationCancel" in heard.json["query"] else seen("RUNNING", objectCount="4")

    with serving(*moving, answer) as server, client_of(server, clock) as client:
        with pytest.raises(BulkFailed, match="STALLED after 4 objects") as caught:
            bulk.wait(client, GID, stalled_after=600, on_progress=lambda _each: looked.append(clock.seconds))
        assert sum("bulkOperationCancel" in heard.json["query"] for heard in server.heard) == 1
    assert caught.value.operation_status == "STALLED"
    stood = [moment - looked[12] for moment in looked]  # since the look that was the first to see the fourth object
    assert stood[-2] < 600 <= stood[-1]


def test_an_operation_that_ends_while_it_is_cancelled_has_ended_well() -> None:
    """The store was quicker than our patience."""

    def answer(heard: Heard) -> Says:
        if "bulkOperationCancel" in heard.json["query"]:
            refusal = [{"field": None, "message": "A bulk operation cannot be canceled when it is completed"}]
            return graphql({"bulkOperationCancel": {"bulkOperation": operation(), "userErrors": refusal}})
        return seen("RUNNING")

    with serving(answer) as server, client_of(server) as client:
        assert bulk.wait(client, GID, stalled_after=60).status == "COMPLETED"


def test_a_result_that_is_on_disk_already_is_not_fetched_again(tmp_path: Path) -> None:
    """Killed between the download and the landing; a file that does not prove itself is fetched anew."""
    path = tmp_path / "p.jsonl"
    path.write_bytes(LINES)
    with serving(Store()) as server, client_of(server) as client:
        assert bulk.download(client, completed(f"{server.url}/r"), path).lines == 50_000
        assert server.heard == []
        path.write_bytes(LINES[:-1])
        assert bulk.download(client, completed(f"{server.url}/r"), path).bytes == len(LINES)
        assert len(server.heard) == 1


def test_slots_by_version() -> None:
    """One operation of a kind at a time before 2026-01, five since (FACTS 50)."""
    assert [bulk.slots(version) for version in ("2025-10", "2026-01", "2026-10")] == [1, 5, 5]


def test_an_operation_is_adopted_by_its_id() -> None:
    """Whoever knows the id goes on, whichever process started it."""
    with serving(seen("RUNNING"), seen("COMPLETED", completedAt="2026-10-01T12:30:00Z")) as server:
        with client_of(server) as client:
            assert bulk.wait(client, GID).completed_at is not None
        assert server.heard[0].json["variables"] == {"id": GID}


def test_an_operation_that_the_store_does_not_know_is_not_waited_for() -> None:
    """Another app's, or of another store."""
    with (
        serving(graphql({"bulkOperation": None})) as server,
        client_of(server) as client,
        pytest.raises(NotFound, match=GID),
    ):
        bulk.wait(client, GID)


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        ("FAILED", "ACCESS_DENIED", "shoptide check"),
        ("FAILED", "TIMEOUT", "shorter window"),
        ("FAILED", "INTERNAL_SERVER_ERROR", "start it again"),
        ("CANCELED", None, "stalled"),
        ("EXPIRED", None, "seven days"),
    ],
)
def test_every_bad_end_is_told(status: str, code: str | None, told: str) -> None:
    """With what it left behind for whoever wants to salvage, and without showing that address."""
    partial = "https://storage.example/part?signature=s3cret"
    with (
        serving(seen(status, errorCode=code, objectCount="12", partialDataUrl=partial)) as server,
        client_of(server) as client,
        pytest.raises(BulkFailed) as caught,
    ):
        bulk.wait(client, GID)
    failed = caught.value
    assert (failed.operation, failed.operation_status, failed.error_code) == (GID, status, code)
    assert failed.partial_data_url == partial
    assert told in str(failed.hint)
    assert "s3cret" not in f"{failed!r} {failed} {failed.hint}"


def test_waiting_can_be_stopped() -> None:
    """Within half a second; the operation goes on at the store."""
    clock = ModelClock()
    with serving(seen("RUNNING")) as server, client_of(server, clock) as client, pytest.raises(Interrupted):
        bulk.wait(client, GID, stop=lambda: clock.seconds > 1010)
    assert clock.seconds <= 1010.6


def test_cancelling_an_operation_that_has_ended_is_a_race_and_no_error() -> None:
    """The store answers a userError; what counts is how it stands."""
    payload = {
        "bulkOperation": None,
        "userErrors": [{"field": None, "message": "cannot be canceled when it is completed"}],
    }
    with serving(graphql({"bulkOperationCancel": payload}), seen("COMPLETED")) as server, client_of(server) as client:
        assert bulk.cancel(client, GID).status == "COMPLETED"


def test_running_lists_what_holds_a_slot() -> None:
    """Of one kind: queries and mutations have five slots each."""
    mutation = operation("RUNNING", type="MUTATION", id="gid://shopify/BulkOperation/9")
    with serving(listed(operation("RUNNING"), operation("COMPLETED"), mutation)) as server, client_of(server) as client:
        assert [each.id for each in bulk.running(client)] == [GID]
        assert [each.id for each in bulk.running(client, kind="MUTATION")] == ["gid://shopify/BulkOperation/9"]


class Store:
    """Serves `content` with ranges; each entry of `cuts` breaks one answer after so many bytes."""

    def __init__(self, content: bytes = LINES, cuts: tuple[int, ...] = (), *, ranges: bool = True) -> None:
        self.content = content
        self.cuts = list(cuts)
        self.ranges = ranges
        self.asked: list[str | None] = []

    def __call__(self, heard: Heard) -> Says:
        asked = heard.headers.get("range")
        self.asked.append(asked)
        begin = int(re.sub(r"\D", "", asked)) if asked and self.ranges else 0
        if begin and begin >= len(self.content):
            return Says(416, b"")
        told = {"Content-Range": f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}"} if begin else {}
        return Says(206 if begin else 200, self.content[begin:], told, cut=self.cuts.pop(0) if self.cuts else None)


def test_downloads_with_proof(tmp_path: Path) -> None:
    """Bytes are fileSize, lines are objectCount; the signed URL needs no token, and gets none."""
    with serving(Store()) as server, client_of(server) as client:
        found = bulk.download(client, completed(f"{server.url}/result?sig=1"), tmp_path / "new" / "products.jsonl")
        assert server.heard[0].token is None
    assert (found.bytes, found.lines) == (len(LINES), 50_000)
    assert found.path.read_bytes() == LINES
    assert [each.name for each in found.path.parent.iterdir()] == ["products.jsonl"]


def test_goes_on_where_the_download_was_cut(tmp_path: Path) -> None:
    """Three breaks, one file; nothing is fetched twice."""
    store = Store(cuts=(100_000, 7, 300_001))
    with serving(store) as server, client_of(server) as client:
        found = bulk.download(client, completed(f"{server.url}/r"), tmp_path / "p.jsonl")
    assert found.path.read_bytes() == LINES
    assert store.asked == [None, "bytes=100000-", "bytes=100007-", "bytes=400008-"]


def test_goes_on_where_another_process_was_killed(tmp_path: Path) -> None:
    """The part it left is named by the operation, so it can only be this result's."""
    store = Store()
    (tmp_path / "p.jsonl.7.part").write_bytes(LINES[:123_456])
    with serving(store) as server, client_of(server) as client:
        found = bulk.download(client, completed(f"{server.url}/r"), tmp_path / "p.jsonl")
    assert store.asked == ["bytes=123456-"]
    assert found.path.read_bytes() == LINES


def test_a_complete_part_needs_no_byte_more(tmp_path: Path) -> None:
    """Killed between the last byte and the renaming."""
    (tmp_path / "p.jsonl.7.part").write_bytes(LINES)
    with serving(Store()) as server, client_of(server) as client:
        assert bulk.download(client, completed(f"{server.url}/r"), tmp_path / "p.jsonl").lines == 50_000


def test_a_server_without_ranges_is_read_from_the_start(tmp_path: Path) -> None:
    """What it sends again replaces what was there."""
    with serving(Store(cuts=(100_000,), ranges=False)) as server, client_of(server) as client:
        found = bulk.download(client, completed(f"{server.url}/r"), tmp_path / "p.jsonl")
    assert found.path.read_bytes() == LINES


def test_an_address_that_has_expired_is_asked_for_anew(tmp_path: Path) -> None:
    """Signed URLs end; the operation gives a new one."""

    def store(heard: Heard) -> Says:
        if heard.method == "POST":
            return seen(url=f"{server.url}/fresh", fileSize=str(len(LINES)), objectCount="50000")
        return Says(200, LINES) if heard.path == "/fresh" else Says(403, b"<Error>expired</Error>")

    with serving(store) as server, client_of(server) as client:
        assert bulk.download(client, completed(f"{server.url}/old"), tmp_path / "p.jsonl").lines == 50_000


@pytest.mark.parametrize(
    ("served", "facts", "told"),
    [
        (LINES, {"fileSize": "5"}, "Shopify counted 5"),
        (LINES, {"objectCount": "50001"}, "Shopify counted 50001 objects"),
        (LINES[:-20], {}, "ends after"),
        (LINES[:-1], {"fileSize": None, "objectCount": "50001"}, "50000 lines arrived"),
    ],
)
def test_what_does_not_prove_itself_gets_no_name(
    served: bytes, facts: dict[str, Any], told: str, tmp_path: Path
) -> None:
    """A file under its final name is a complete one; a cursor may move on nothing less."""
    with serving(Store(served)) as server, client_of(server) as client, pytest.raises(ProofFailed, match=told):
        bulk.download(client, completed(f"{server.url}/r", **facts), tmp_path / "p.jsonl")
    assert not (tmp_path / "p.jsonl").exists()


def test_an_operation_that_matched_nothing_gives_an_empty_file(tmp_path: Path) -> None:
    """No URL, no request, no row, and no failure."""
    with serving(Says(500)) as server, client_of(server) as client:
        found = bulk.download(client, BulkOperation.of(operation()), tmp_path / "p.jsonl")
        assert server.heard == []
    assert (found.bytes, found.lines, found.path.read_bytes()) == (0, 0, b"")


def test_objects_without_an_address_are_a_failed_proof(tmp_path: Path) -> None:
    """No URL stands for no rows, and only for that."""
    with serving(Says(500)) as server, client_of(server) as client, pytest.raises(ProofFailed):
        bulk.download(client, BulkOperation.of(operation(objectCount="3")), tmp_path / "p.jsonl")


def test_a_download_that_keeps_breaking_is_left_for_the_next_run(tmp_path: Path) -> None:
    """What has arrived stays, and the next run goes on from there."""
    store = Store(cuts=(1000, *[0] * 50))
    with serving(store) as server, client_of(server) as client, pytest.raises(ConnectionLost, match="after 1000 bytes"):
        bulk.download(client, completed(f"{server.url}/r"), tmp_path / "p.jsonl")
    assert (tmp_path / "p.jsonl.7.part").read_bytes() == LINES[:1000]


def test_a_result_that_is_gone_is_told(tmp_path: Path) -> None:
    """After seven days."""
    gone = [Says(404, b""), seen(url=None)]
    with serving(*gone) as server, client_of(server) as client, pytest.raises(ServerFault, match="refused"):
        bulk.download(client, completed(f"{server.url}/r"), tmp_path / "p.jsonl")


def test_what_a_failed_operation_left_can_be_salvaged(tmp_path: Path) -> None:
    """Without proof, since there are no counts for it."""
    with serving(Store(LINES[:2000])) as server, client_of(server) as client:
        failed = BulkOperation.of(operation("FAILED", partialDataUrl=f"{server.url}/part", objectCount="9"))
        assert bulk.download_partial(client, failed, tmp_path / "p.jsonl").bytes == 2000


def test_an_operation_shows_no_address() -> None:
    """The URL of a result is a key to customers' data."""
    found = BulkOperation.of(operation(url="https://x/?sig=s3cret", partialDataUrl="https://x/?sig=s3cret"))
    assert "s3cret" not in repr(found)
    assert found.created_at == EPOCH.replace(minute=16, second=40)
    assert json.loads(json.dumps(found.status)) == "COMPLETED"


def test_waiting_bears_an_outage() -> None:
    """The operation runs on while Shopify can't be asked; five failed requests are one look in vain."""
    looks = [seen("RUNNING"), *[Says(503, b"")] * 12, Says(reset=True), seen("RUNNING"), seen("COMPLETED")]
    with serving(*looks) as server, client_of(server) as client:
        assert bulk.wait(client, GID).status == "COMPLETED"


def test_waiting_ends_when_nobody_answers_any_more() -> None:
    """With the last reason; the operation can be adopted later."""
    with serving(Says(503, b"")) as server, client_of(server) as client, pytest.raises(ServerFault):
        bulk.wait(client, GID)
