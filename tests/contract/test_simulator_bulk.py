"""Bulk operations of the simulator over a real socket: life cycle, lines, slots, files."""

from __future__ import annotations

import json
import time
import tracemalloc
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import simulated

from shoptide.simulator.domain import bulk_operations
from shoptide.simulator.server import Running, start

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = "id status errorCode objectCount rootObjectCount fileSize url partialDataUrl completedAt"
RUN = (
    f"mutation($q: String!) {{ bulkOperationRunQuery(query: $q) {{ bulkOperation {{ {FIELDS} }}"
    " userErrors { message code } } }"
)
READ = f"query($id: ID!) {{ bulkOperation(id: $id) {{ {FIELDS} }} }}"
PRODUCTS = "{ products { edges { node { id title variants { edges { node { id sku } } } } } } }"
STAGE = """mutation($input: [StagedUploadInput!]!) { stagedUploadsCreate(input: $input) {
  stagedTargets { url parameters { name value } } userErrors { message } } }"""
RUN_MUTATION = """mutation($m: String!, $p: String!) { bulkOperationRunMutation(mutation: $m, stagedUploadPath: $p) {
  bulkOperation { id status } userErrors { message code } } }"""


@pytest.fixture
def running() -> Iterator[Running]:
    world = simulated.world(3)
    world.shop.settings["bulk_seconds"] = 0.2
    with start(world) as found:
        yield found


def started(running: Running, query: str = PRODUCTS) -> dict[str, Any]:
    payload = simulated.post(running.url, RUN, {"q": query})["data"]["bulkOperationRunQuery"]
    assert payload["userErrors"] == []
    operation: dict[str, Any] = payload["bulkOperation"]
    return operation


def read(running: Running, gid: str) -> dict[str, Any]:
    found: dict[str, Any] = simulated.post(running.url, READ, {"id": gid})["data"]["bulkOperation"]
    return found


def finished(running: Running, gid: str, seconds: float = 10) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        operation = read(running, gid)
        if operation["status"] not in ("CREATED", "RUNNING", "CANCELING"):
            return operation
        time.sleep(0.02)
    raise AssertionError(f"{gid} is still {operation['status']}")


def test_operation_is_created_first_and_completed_later(running: Running) -> None:
    """The mutation answers CREATED with empty counters; the finished operation has strings and a signed url."""
    operation = started(running)
    assert (operation["status"], operation["objectCount"], operation["url"]) == ("CREATED", "0", None)
    done = finished(running, operation["id"])
    assert (done["status"], done["objectCount"], done["rootObjectCount"]) == ("COMPLETED", "9", "3")
    assert done["completedAt"] is not None


def test_lines_carry_their_parents_and_follow_all_of_them(running: Running) -> None:
    """Slashes are escaped, types are not told, children come after the parents they name."""
    done = finished(running, started(running)["id"])
    raw = httpx2.get(done["url"]).content
    assert len(raw) == int(done["fileSize"])
    assert raw.endswith(b"\n")
    assert b'"gid:\\/\\/shopify\\/Product\\/' in raw
    rows = [json.loads(line) for line in raw.splitlines()]
    assert ["__parentId" in row for row in rows] == [False] * 3 + [True] * 6
    assert {row["__parentId"] for row in rows[3:]} == {row["id"] for row in rows[:3]}
    assert set(rows[0]) == {"id", "title"}


def test_grouped_children_follow_their_own_parent(running: Running) -> None:
    """groupObjects puts each parent's children right after it."""
    query = RUN.replace("query: $q", "query: $q, groupObjects: true")
    gid = simulated.post(running.url, query, {"q": PRODUCTS})["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"]
    rows = [json.loads(line) for line in httpx2.get(finished(running, gid)["url"]).content.splitlines()]
    assert [("__parentId" in row) for row in rows] == [False, True, True] * 3


def test_result_is_served_in_parts(running: Running) -> None:
    """A download that broke off can be taken up by Range."""
    url = finished(running, started(running)["id"])["url"]
    whole = httpx2.get(url).content
    part = httpx2.get(url, headers={"Range": "bytes=10-29"})
    assert (part.status_code, part.content) == (206, whole[10:30])


def test_no_rows_mean_no_url(running: Running) -> None:
    """Nothing matched: completed, no url, no error."""
    query = '{ products(query: "tag:nothing-has-this") { edges { node { id } } } }'
    done = finished(running, started(running, query)["id"])
    assert (done["status"], done["url"], done["objectCount"]) == ("COMPLETED", None, "0")


def test_sixth_operation_has_no_slot(running: Running) -> None:
    """Five queries may run at once; the refusal names them."""
    running.world.shop.settings["bulk_seconds"] = 5
    running_ids = [started(running)["id"] for _ in range(5)]
    payload = simulated.post(running.url, RUN, {"q": PRODUCTS})["data"]["bulkOperationRunQuery"]
    assert payload["bulkOperation"] is None
    assert payload["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"
    assert all(gid in payload["userErrors"][0]["message"] for gid in running_ids)


def test_cancelled_operation_ends_without_completion(running: Running) -> None:
    """CANCELING at once, CANCELED soon, completedAt stays null; a second cancel is refused."""
    gid = started(running)["id"]
    cancel = (
        f'mutation {{ bulkOperationCancel(id: "{gid}") {{ bulkOperation {{ status }} userErrors {{ message }} }} }}'
    )
    first = simulated.post(running.url, cancel)["data"]["bulkOperationCancel"]
    assert first["bulkOperation"]["status"] == "CANCELING"
    done = finished(running, gid)
    assert (done["status"], done["completedAt"]) == ("CANCELED", None)
    again = simulated.post(running.url, cancel)["data"]["bulkOperationCancel"]
    assert again["userErrors"][0]["message"] == "A bulk operation cannot be canceled when it is canceled"


def test_field_without_its_scope_fails_the_operation(running: Running) -> None:
    """One closed field ends the whole operation with ACCESS_DENIED."""
    running.world.shop.scopes = {"read_products"}
    done = finished(running, started(running, "{ orders { edges { node { id } } } }")["id"])
    assert (done["status"], done["errorCode"]) == ("FAILED", "ACCESS_DENIED")


def test_results_expire_after_a_week(running: Running) -> None:
    """The operation becomes EXPIRED and its address stops answering."""
    done = finished(running, started(running)["id"])
    running.world.shop.clock.move(8 * 86_400)
    assert read(running, done["id"])["status"] == "EXPIRED"
    assert read(running, done["id"])["url"] is None
    assert httpx2.get(done["url"]).status_code == 400


def test_prepared_file_is_served_as_a_result(running: Running, tmp_path: Any) -> None:
    """Large loads can be measured without generating them: the file's own lines are counted."""
    path = tmp_path / "orders.jsonl"
    path.write_text('{"id":"gid:\\/\\/shopify\\/Order\\/1"}\n{"id":"a","__parentId":"gid:\\/\\/shopify\\/Order\\/1"}\n')
    settings = {"bulk_files": {"orders": str(path)}}
    httpx2.post(f"{running.url}/_simulator/settings", json=settings).raise_for_status()
    done = finished(running, started(running, "{ orders { edges { node { id } } } }")["id"])
    assert (done["objectCount"], done["rootObjectCount"], done["fileSize"]) == ("2", "1", str(path.stat().st_size))
    assert httpx2.get(done["url"]).content == path.read_bytes()


def test_root_of_a_prepared_file_counts_its_records(running: Running, tmp_path: Any) -> None:
    """Who asks how many there are before reading is told what the file holds, up to the limit asked for."""
    path = tmp_path / "orders.jsonl"
    path.write_text("".join(f'{{"id":"gid:\\/\\/shopify\\/Order\\/{number}"}}\n' for number in range(5)))
    running.world.shop.settings["bulk_files"] = {"orders": str(path)}
    count = "{ a: ordersCount { count precision } b: ordersCount(limit: 3) { count precision } }"
    found = simulated.post(running.url, count)["data"]
    assert found == {"a": {"count": 5, "precision": "EXACT"}, "b": {"count": 3, "precision": "AT_LEAST"}}


def test_prepared_records_changed_just_now(running: Running, tmp_path: Any) -> None:
    """A window that ends before now holds none of them, one that doesn't holds all: a read in windows ends."""
    path = tmp_path / "orders.jsonl"
    path.write_text('{"id":"gid:\\/\\/shopify\\/Order\\/1"}\n')
    running.world.shop.settings["bulk_files"] = {"orders": str(path)}
    for bound, rows in ((">=", "1"), ("<", "0")):
        search = f"updated_at:{bound}'2026-10-01T12:00:00Z'"
        count = f'{{ ordersCount(query: "{search}") {{ count }} }}'
        assert simulated.post(running.url, count)["data"]["ordersCount"]["count"] == int(rows)
        query = f'{{ orders(query: "{search}") {{ edges {{ node {{ id }} }} }} }}'
        done = finished(running, started(running, query)["id"])
        assert (done["status"], done["objectCount"], done["url"] is None) == ("COMPLETED", rows, rows == "0")


def test_prepared_records_were_created_one_after_the_other(running: Running, tmp_path: Any) -> None:
    """Windows of created_at give parts of the file: together all of it, nothing twice, families whole."""
    path = tmp_path / "orders.jsonl"
    rows = []
    for batch in range(40):
        gids = [f"gid://shopify/Order/{batch * 10 + number}" for number in range(10)]
        rows += [json.dumps({"id": gid}) for gid in gids]
        rows += [json.dumps({"id": f"{gid}-line", "__parentId": gid}) for gid in gids]
    path.write_text("".join(row + "\n" for row in rows))
    running.world.shop.settings["bulk_files"] = {"orders": str(path)}
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    cuts = [None, *((written - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ") for days in (300, 200, 31)), None]
    seen: list[str] = []
    for begin, end in pairwise(cuts):
        search = " ".join(
            f"created_at:{bound}'{moment}'" for bound, moment in ((">=", begin), ("<", end)) if moment is not None
        )
        counted = simulated.post(running.url, f'{{ ordersCount(query: "{search}") {{ count }} }}')
        done = finished(
            running, started(running, f'{{ orders(query: "{search}") {{ edges {{ node {{ id }} }} }} }}')["id"]
        )
        assert int(done["rootObjectCount"]) == counted["data"]["ordersCount"]["count"] > 20
        lines = httpx2.get(done["url"]).text.splitlines()
        assert len(lines) == int(done["objectCount"])
        known = {json.loads(line)["id"] for line in lines}
        assert all(json.loads(line).get("__parentId", json.loads(line)["id"]) in known for line in lines)
        seen += lines
    assert seen == rows


def test_prepared_file_must_be_there(running: Running) -> None:
    """A path without a file is refused when it is given, not when a bulk operation wants it."""
    answer = httpx2.post(f"{running.url}/_simulator/settings", json={"bulk_files": {"orders": "/nowhere.jsonl"}})
    assert answer.status_code == 422
    assert "/nowhere.jsonl" in answer.json()["error"]


def test_large_prepared_file_is_served_without_being_held(running: Running, tmp_path: Any) -> None:
    """Fifty megabytes pass through a few: the file is streamed from disk."""
    path = tmp_path / "orders.jsonl"
    line = b'{"id":"gid:\\/\\/shopify\\/Order\\/1","note":"' + b"x" * 4000 + b'"}\n'
    path.write_bytes(line * 12_500)
    running.world.shop.settings["bulk_files"] = {"orders": str(path)}
    done = finished(running, started(running, "{ orders { edges { node { id } } } }")["id"])
    tracemalloc.start()
    try:
        with httpx2.stream("GET", done["url"]) as answer:
            received = sum(len(chunk) for chunk in answer.iter_bytes(1 << 16))
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (received, done["objectCount"]) == (len(line) * 12_500, "12500")
    assert held < 20_000_000


def test_slots_depend_on_the_version() -> None:
    """Five of a type at once since 2026-01, one before."""
    assert [bulk_operations.slots(version) for version in ("2025-10", "2026-01", "2026-10")] == [1, 5, 5]


def test_slots_are_of_a_type(running: Running) -> None:
    """Mutations have five of their own; one slot only can be asked for."""
    running.world.shop.settings.update(bulk_seconds=5, bulk_slots=1)
    started(running)
    payload = simulated.post(running.url, RUN, {"q": PRODUCTS})["data"]["bulkOperationRunQuery"]
    assert payload["userErrors"][0]["code"] == "OPERATION_IN_PROGRESS"
    path = staged(running, json.dumps({"topic": "SHOP_UPDATE"}).encode())
    given = {"m": SUBSCRIBE, "p": path}
    payload = simulated.post(running.url, RUN_MUTATION, given)["data"]["bulkOperationRunMutation"]
    assert payload["userErrors"] == []


def test_cancelled_mutation_keeps_what_it_did(running: Running) -> None:
    """A mutation that breaks off half way has applied its first lines, and tells of them."""
    running.world.shop.faults.set([{"on": "bulk", "action": "fail", "operation": "mutation", "code": "TIMEOUT"}])
    done = subscribed(running, 6)
    assert (done["status"], done["errorCode"], done["objectCount"]) == ("FAILED", "TIMEOUT", "3")
    rows = [json.loads(line) for line in httpx2.get(done["partialDataUrl"]).content.splitlines()]
    assert [row["__lineNumber"] for row in rows] == [0, 1, 2]
    assert len(running.world.shop.table("WebhookSubscription")) == 3


def test_lines_fail_on_request(running: Running) -> None:
    """One line's error hides work that was done, another's work that was not."""
    running.world.shop.faults.set(
        [
            {"on": "line", "action": "internal_error", "nth": 1},
            {"on": "line", "action": "internal_error_before", "operation": "webhookSubscriptionCreate", "nth": 2},
        ]
    )
    done = subscribed(running, 4)
    rows = [json.loads(line) for line in httpx2.get(done["url"]).content.splitlines()]
    assert ["errors" in row for row in rows] == [True, False, True, False]
    assert [row["__lineNumber"] for row in rows] == [0, 1, 2, 3]
    kept = {row["uri"] for row in running.world.shop.table("WebhookSubscription")}
    assert kept == {f"https://example.com/{number}" for number in (0, 1, 3)}


SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!, $webhookSubscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhookSubscription) {
    webhookSubscription { uri } userErrors { message } } }"""


def subscribed(running: Running, count: int) -> dict[str, Any]:
    """A bulk mutation of so many subscriptions, when it ended."""
    lines = [
        {"topic": "SHOP_UPDATE", "webhookSubscription": {"uri": f"https://example.com/{number}"}}
        for number in range(count)
    ]
    path = staged(running, b"\n".join(json.dumps(line).encode() for line in lines))
    given = {"m": SUBSCRIBE, "p": path}
    payload = simulated.post(running.url, RUN_MUTATION, given)["data"]["bulkOperationRunMutation"]
    assert payload["userErrors"] == []
    return finished(running, payload["bulkOperation"]["id"])


def staged(running: Running, content: bytes) -> str:
    """Upload variables the way Shopify asks for: the form's fields in their order, the file last."""
    wanted = {
        "resource": "BULK_MUTATION_VARIABLES",
        "filename": "v.jsonl",
        "mimeType": "text/jsonl",
        "httpMethod": "POST",
    }
    answer = simulated.post(running.url, STAGE, {"input": [wanted]})["data"]["stagedUploadsCreate"]
    target = answer["stagedTargets"][0]
    fields = {one["name"]: one["value"] for one in target["parameters"]}
    assert httpx2.post(target["url"], data=fields, files={"file": ("v.jsonl", content)}).status_code == 201
    return str(fields["key"])


def test_bulk_mutation_answers_line_by_line(running: Running) -> None:
    """Every line has its own outcome, its number from zero; a line that can't be read fails alone."""
    lines = [
        {"topic": "SHOP_UPDATE", "webhookSubscription": {"uri": "https://example.com/a"}},
        {"topic": "SHOP_UPDATE", "webhookSubscription": {"uri": "http://example.com/a"}},
        {"topic": "NO_SUCH_TOPIC", "webhookSubscription": {"uri": "https://example.com/b"}},
    ]
    content = b"\n".join(json.dumps(line).encode() for line in lines) + b"\nno json\n"
    path = staged(running, content)
    payload = simulated.post(running.url, RUN_MUTATION, {"m": SUBSCRIBE, "p": path})["data"]["bulkOperationRunMutation"]
    assert payload["userErrors"] == []
    done = finished(running, payload["bulkOperation"]["id"])
    rows = [json.loads(line) for line in httpx2.get(done["url"]).content.splitlines()]
    assert [row["__lineNumber"] for row in rows] == [0, 1, 2, 3]
    assert rows[0]["data"]["webhookSubscriptionCreate"]["userErrors"] == []
    assert rows[1]["data"]["webhookSubscriptionCreate"]["userErrors"] != []
    assert rows[2]["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"
    assert "errors" in rows[3]
    assert len(running.world.shop.table("WebhookSubscription")) == 1


def test_empty_upload_is_refused(running: Running) -> None:
    """A file without content starts nothing."""
    payload = simulated.post(running.url, RUN_MUTATION, {"m": "mutation { x: bulkNothing }", "p": "nowhere"})
    assert payload["data"]["bulkOperationRunMutation"]["userErrors"][0]["code"] == "NO_SUCH_FILE"
    path = staged(running, b"")
    payload = simulated.post(running.url, RUN_MUTATION, {"m": "mutation { x: bulkNothing }", "p": path})
    assert payload["data"]["bulkOperationRunMutation"]["userErrors"][0]["code"] == "INVALID_STAGED_UPLOAD_FILE"
