"""Faults on request and the control addresses, over a real socket."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import simulated

from shoptide.simulator.server import Running, start

if TYPE_CHECKING:
    from collections.abc import Iterator

SHOP = "query Look { shop { name } }"
CREATE = """mutation Subscribe { webhookSubscriptionCreate(topic: SHOP_UPDATE,
  webhookSubscription: {uri: "https://example.com/a"}) { webhookSubscription { id } userErrors { message } } }"""


@pytest.fixture
def running() -> Iterator[Running]:
    world = simulated.world(2)
    world.shop.settings["bulk_seconds"] = 0.1
    with start(world) as found:
        yield found


def control(running: Running, path: str, body: Any, method: str = "POST") -> httpx2.Response:
    return httpx2.request(method, f"{running.url}/_simulator/{path}", json=body, timeout=10)


def rules(running: Running, *given: dict[str, Any]) -> None:
    assert control(running, "faults", list(given)).status_code == 200


def raw(running: Running, query: str, timeout: float = 5) -> httpx2.Response:
    url = f"{running.url}/admin/api/2026-10/graphql.json"
    return httpx2.post(url, json={"query": query}, headers=simulated.HEADERS, timeout=timeout)


@pytest.mark.parametrize("status", [401, 402, 403, 423, 429, 430, 500, 502, 503])
def test_status_is_answered_in_its_shape(status: int, running: Running) -> None:
    """Shop states are JSON, machines in front of it answer pages; 429 says when to come back."""
    rules(running, {"action": "status", "status": status, "times": 1})
    answer = raw(running, SHOP)
    assert answer.status_code == status
    assert ("text/html" in answer.headers["content-type"]) == (status >= 500)
    assert ("retry-after" in answer.headers) == (status == 429)
    assert raw(running, SHOP).status_code == 200


def test_reset_before_the_work_leaves_nothing_done(running: Running) -> None:
    """The connection is cut and the mutation never ran."""
    rules(running, {"action": "reset", "operation": "Subscribe"})
    with pytest.raises(httpx2.TransportError):
        raw(running, CREATE)
    assert len(running.world.shop.table("WebhookSubscription")) == 0
    assert raw(running, SHOP).status_code == 200


def test_reset_after_the_work_leaves_it_done(running: Running) -> None:
    """The connection is cut although the mutation was applied: an unknown outcome."""
    rules(running, {"action": "reset_after", "operation": "webhookSubscriptionCreate"})
    with pytest.raises(httpx2.TransportError):
        raw(running, CREATE)
    assert len(running.world.shop.table("WebhookSubscription")) == 1


def test_internal_error_may_hide_done_work(running: Running) -> None:
    """INTERNAL_SERVER_ERROR with null data, and the record is there."""
    rules(running, {"action": "internal_error", "nth": 1})
    body = raw(running, CREATE).json()
    assert body["data"] is None
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(running.world.shop.table("WebhookSubscription")) == 1


def test_partial_answer_loses_one_root(running: Running) -> None:
    """One root field is null with an error of its own, the other holds."""
    rules(running, {"action": "partial", "field": "b"})
    body = raw(running, "{ a: shop { name } b: shop { name } }").json()
    assert body["data"]["a"]["name"]
    assert body["data"]["b"] is None
    assert body["errors"][0]["path"] == ["b"]


def test_one_value_deep_in_the_answer_can_be_lost(running: Running) -> None:
    """A nested value is null and its path told; its neighbours hold."""
    rules(running, {"action": "partial", "field": "products.nodes.1.vendor", "times": 1})
    asked = "{ products(first: 2) { nodes { id vendor } } }"
    body = raw(running, asked).json()
    assert [row["vendor"] for row in body["data"]["products"]["nodes"]] == ["Acme", None]
    assert body["errors"][0]["path"] == ["products", "nodes", 1, "vendor"]
    assert raw(running, asked).json()["data"]["products"]["nodes"][1]["vendor"] == "Acme"


def test_connection_is_refused_without_a_word(running: Running) -> None:
    """The connection is closed before anything is done."""
    rules(running, {"action": "refuse", "times": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        raw(running, CREATE)
    assert len(running.world.shop.table("WebhookSubscription")) == 0


@pytest.mark.parametrize(("action", "done"), [("status", 0), ("status_after", 1)])
def test_error_page_may_come_before_or_after_the_work(action: str, done: int, running: Running) -> None:
    """A 502 says nothing of whether the mutation was applied."""
    rules(running, {"action": action, "status": 502, "operation": "Subscribe"})
    assert raw(running, CREATE).status_code == 502
    assert len(running.world.shop.table("WebhookSubscription")) == done


def test_internal_error_may_come_before_the_work(running: Running) -> None:
    """The same answer as after it, and nothing was done."""
    rules(running, {"action": "internal_error_before"})
    assert raw(running, CREATE).json()["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert len(running.world.shop.table("WebhookSubscription")) == 0


def test_slow_answer_is_a_whole_one(running: Running) -> None:
    """It takes its time and is right."""
    rules(running, {"action": "slow", "seconds": 0.2})
    begun = time.monotonic()
    assert raw(running, SHOP).json()["data"]["shop"]["name"]
    assert time.monotonic() - begun >= 0.2


def test_silence_runs_into_the_callers_time_limit(running: Running) -> None:
    """A call that is never answered, and one whose work was done before the silence."""
    rules(running, {"action": "timeout_after", "seconds": 1.0, "operation": "Subscribe"})
    with pytest.raises(httpx2.TimeoutException):
        raw(running, CREATE, timeout=0.3)
    assert len(running.world.shop.table("WebhookSubscription")) == 1


def test_throttled_call_is_not_run(running: Running) -> None:
    """THROTTLED at 200, with the bucket's state, and nothing done."""
    rules(running, {"action": "throttle", "times": 1})
    body = raw(running, CREATE).json()
    assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert body["extensions"]["cost"]["actualQueryCost"] is None
    assert len(running.world.shop.table("WebhookSubscription")) == 0


def test_rules_strike_the_nth_call_or_by_chance_alike(running: Running) -> None:
    """nth counts matching calls; the same seed strikes the same calls."""
    rules(running, {"action": "status", "status": 503, "nth": 2})
    assert [raw(running, SHOP).status_code for _ in range(3)] == [200, 503, 200]
    runs = []
    for _ in range(2):
        rules(running, {"action": "status", "status": 503, "probability": 0.5, "seed": 7})
        runs.append([raw(running, SHOP).status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": "explode"},
        {"action": "status"},
        {"action": "stuck"},
        {"action": "reset", "on": "moon"},
        {"action": "slow", "x": 1},
        {"action": "slow", "seconds": "long"},
        {"action": "status", "status": 200},
        {"action": "reset", "nth": 0},
        {"action": "reset", "probability": 2},
        {"action": "fail", "on": "bulk", "code": "TIRED"},
    ],
)
def test_rule_nobody_can_follow_is_refused(rule: dict[str, Any], running: Running) -> None:
    """A mistaken rule is an answer with words, not a fault that never strikes."""
    answer = control(running, "faults", [rule])
    assert answer.status_code == 422
    assert answer.json()["error"]


QUERY = "{ products { edges { node { id } } } }"
RUN = f'mutation {{ bulkOperationRunQuery(query: "{QUERY}") {{ bulkOperation {{ id }} }} }}'


def bulk(running: Running, seconds: float = 5) -> dict[str, Any]:
    """A bulk query of the two products, as it is when it ended or the time is up."""
    return ending(running, raw(running, RUN).json()["data"]["bulkOperationRunQuery"]["bulkOperation"]["id"], seconds)


def ending(running: Running, gid: str, seconds: float = 5) -> dict[str, Any]:
    fields = "status errorCode url partialDataUrl objectCount"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found: dict[str, Any] = raw(running, f'{{ bulkOperation(id: "{gid}") {{ {fields} }} }}').json()["data"][
            "bulkOperation"
        ]
        if found["status"] in ("COMPLETED", "FAILED", "CANCELED"):
            break
        time.sleep(0.02)
    return found


def test_bulk_operation_fails_with_part_of_its_data(running: Running) -> None:
    """FAILED with its code; half of the lines can be had, and the counters tell of them."""
    rules(running, {"on": "bulk", "action": "fail", "code": "TIMEOUT"})
    found = bulk(running)
    assert (found["status"], found["errorCode"], found["url"]) == ("FAILED", "TIMEOUT", None)
    assert len(httpx2.get(found["partialDataUrl"]).content.splitlines()) == 1
    assert found["objectCount"] == "1"


def test_bulk_operation_fails_before_it_wrote_anything(running: Running) -> None:
    """Without a line there is no partialDataUrl."""
    rules(running, {"on": "bulk", "action": "fail", "lines": 0})
    found = bulk(running)
    assert (found["status"], found["errorCode"]) == ("FAILED", "INTERNAL_SERVER_ERROR")
    assert found["partialDataUrl"] is None


def test_file_can_lack_lines_that_were_counted(running: Running) -> None:
    """The counters are right, the file is not."""
    rules(running, {"on": "bulk", "action": "lose_lines"})
    found = bulk(running)
    assert (found["status"], found["objectCount"]) == ("COMPLETED", "2")
    assert len(httpx2.get(found["url"]).content.splitlines()) == 1


def test_store_gives_up_a_stalled_operation(running: Running) -> None:
    """CANCELED without anybody having asked."""
    rules(running, {"on": "bulk", "action": "cancel", "operation": "products"})
    assert bulk(running)["status"] == "CANCELED"


def test_operation_that_never_ends_is_timed_out_by_the_clock(running: Running) -> None:
    """RUNNING for good; ten days later it has FAILED with TIMEOUT."""
    rules(running, {"on": "bulk", "action": "stuck"})
    assert bulk(running, seconds=0.5)["status"] == "RUNNING"
    control(running, "clock", {"move": 11 * 86_400})
    gid = running.world.shop.table("BulkOperation").all()[0]["id"]
    assert (ended := ending(running, gid))["status"] == "FAILED"
    assert ended["errorCode"] == "TIMEOUT"


def test_stuck_operation_can_be_cancelled(running: Running) -> None:
    """A caller who has waited long enough gets rid of it."""
    rules(running, {"on": "bulk", "action": "stuck"})
    bulk(running, seconds=0.3)
    gid = running.world.shop.table("BulkOperation").all()[0]["id"]
    raw(running, f'mutation {{ bulkOperationCancel(id: "{gid}") {{ userErrors {{ message }} }} }}')
    assert ending(running, gid)["status"] == "CANCELED"


def test_counts_can_disagree_with_the_file(running: Running) -> None:
    """objectCount says one line more than there is."""
    rules(running, {"on": "bulk", "action": "wrong_counts"})
    found = bulk(running)
    assert found["objectCount"] == "3"
    assert len(httpx2.get(found["url"]).content.splitlines()) == 2


def test_download_is_cut_short(running: Running) -> None:
    """The announced length is not reached; asking again gives it whole."""
    rules(running, {"on": "download", "action": "truncate", "bytes": 10, "times": 1})
    url = bulk(running)["url"]
    with pytest.raises(httpx2.TransportError):
        httpx2.get(url)
    assert len(httpx2.get(url).content.splitlines()) == 2


def test_resumed_download_can_be_cut_again(running: Running) -> None:
    """A Range request meets the fault as well; what came fits what is left."""
    url = bulk(running)["url"]
    whole = httpx2.get(url).content
    rules(running, {"on": "download", "action": "truncate", "bytes": 5, "times": 1})
    with pytest.raises(httpx2.TransportError):
        httpx2.get(url, headers={"Range": "bytes=10-"})
    assert httpx2.get(url, headers={"Range": "bytes=10-"}).content == whole[10:]


def test_download_is_corrupted(running: Running) -> None:
    """As long as announced, one byte of it wrong."""
    url = bulk(running)["url"]
    whole = httpx2.get(url).content
    rules(running, {"on": "download", "action": "corrupt", "bytes": 7, "times": 1})
    assert httpx2.get(url).content == whole[:7] + b"\x00" + whole[8:]
    assert httpx2.get(url).content == whole


def test_tokens_can_be_revoked(running: Running) -> None:
    """Every call is 401 until the token is accepted again."""
    control(running, "settings", {"tokens": []})
    assert raw(running, SHOP).status_code == 401
    control(running, "settings", {"tokens": ["shpat_simulated"]})
    assert raw(running, SHOP).status_code == 200


def test_clock_is_set_stopped_and_moved(running: Running) -> None:
    """The store's time is the caller's to say, and shows in the Date header."""
    assert control(running, "clock", {"stop": True, "set": "2026-02-03T04:05:06Z"}).json()["stopped"]
    assert raw(running, SHOP).headers["date"] == "Tue, 03 Feb 2026 04:05:06 GMT"
    assert control(running, "clock", {"move": 60}).json()["now"] == "2026-02-03T04:06:06+00:00"
    assert control(running, "clock", {"jump": 1}).status_code == 422


def test_state_is_dumped_and_restored(running: Running) -> None:
    """A dump put back after a reset gives the same records and goes on counting where it stood."""
    dump = httpx2.get(f"{running.url}/_simulator/state").json()
    products = dump["tables"]["Product"]
    httpx2.post(f"{running.url}/_simulator/reset")
    assert len(running.world.shop.table("Product")) == 0
    assert control(running, "state", dump, "PUT").status_code == 200
    assert running.world.shop.table("Product").all() == products
    assert running.world.shop.new_id("Product") not in {row["id"] for row in products}
    assert control(running, "state", {"format": 99}, "PUT").status_code == 422


def test_limits_change_while_running(running: Running) -> None:
    """Plan, bucket and scopes are settings; the next call sees them."""
    control(running, "clock", {"stop": True})
    assert control(running, "settings", {"plan": "advanced"}).json()["bucket"]["maximumAvailable"] == 4000
    control(running, "settings", {"available": 5})
    assert raw(running, CREATE).json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert control(running, "settings", {"plan": "golden"}).status_code == 422
