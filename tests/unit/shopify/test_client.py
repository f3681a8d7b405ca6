"""The client on a socket: what it sends, what it sends again, and what it must not."""

from __future__ import annotations

import json
import logging
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from modelled_time import ModelClock
from shop_server import Says, ShopServer, error, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import (
    ApiError,
    ConfigError,
    ConnectionLost,
    InvalidVariable,
    PartialData,
    RateLimited,
    SearchIgnored,
    SecurityRejected,
    ServerFault,
    Throttled,
    TokenRejected,
    Unreachable,
    WriteOutcome,
)
from shoptide.shopify.client import AdminClient, Patience

QUERY = "{ shop { name } }"
MUTATION = 'mutation { customerDelete(input: {id: "1"}) { deletedCustomerId userErrors { message } } }'
SHOP = graphql({"shop": {"name": "Acme"}})
DONE = graphql({"customerDelete": {"deletedCustomerId": "1", "userErrors": []}})
THROTTLED = graphql(errors=[error("THROTTLED", "Throttled")], requested=862, actual=None, available=572, rate=200)


def client_of(server: ShopServer, clock: ModelClock | None = None, **shop: object) -> AdminClient:
    config = ShopConfig("main", "acme", **{"access_token": Secret("shpat_1"), "base_url": server.url, **shop})  # type: ignore[arg-type]
    return AdminClient(config, clock=clock or ModelClock(), chance=random.Random(7))


@pytest.fixture
def clock() -> ModelClock:
    return ModelClock()


def test_sends_the_document_to_the_versioned_endpoint_with_the_token(clock: ModelClock) -> None:
    """One POST, JSON, the token in its header and nowhere else."""
    with serving(SHOP) as server, client_of(server, clock, api_version="2026-07") as client:
        answer = client.execute("query A($x: Int) { shop { name } }", {"x": 1}, operation="A")
        (heard,) = server.heard
    assert answer.data == {"shop": {"name": "Acme"}}
    assert (heard.method, heard.path, heard.token) == ("POST", "/admin/api/2026-07/graphql.json", "shpat_1")
    assert heard.json == {"query": "query A($x: Int) { shop { name } }", "variables": {"x": 1}, "operationName": "A"}
    assert heard.headers["user-agent"].startswith("Shoptide/")


@pytest.mark.parametrize(
    "fault",
    [
        Says(502, b"<html>"),
        Says(200, b"<html>"),
        Says(200, b""),
        Says(reset=True),
        Says(200, b'{"data": {}}', cut=5),
        graphql(errors=[error("INTERNAL_SERVER_ERROR")], requested=None),
        THROTTLED,
        Says(429, b"{}", {"Retry-After": "2.0"}),
    ],
)
def test_a_query_is_sent_again_after_a_passing_fault(fault: Says, clock: ModelClock) -> None:
    """Reading twice harms nobody."""
    with serving(fault, SHOP) as server, client_of(server, clock) as client:
        assert client.execute(QUERY).data["shop"]["name"] == "Acme"
        assert len(server.heard) == 2
        assert client.meter.snapshot().retries == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Says(502, b"<html>"), ServerFault),
        (Says(200, b"<html>"), ServerFault),
        (Says(200, b""), ServerFault),
        (Says(reset=True), ConnectionLost),
        (Says(200, b'{"data": {}}', cut=5), ConnectionLost),
        (graphql(errors=[error("INTERNAL_SERVER_ERROR")], requested=None), ServerFault),
        (
            graphql({"customerDelete": {}}, errors=[error("ACCESS_DENIED", path=["customerDelete", "shop"])]),
            PartialData,
        ),
    ],
)
def test_a_mutation_is_never_sent_again_after_an_unknown_outcome(
    fault: Says, kind: type[ApiError], clock: ModelClock
) -> None:
    """It may have run: the caller looks it up."""
    with serving(fault, DONE) as server, client_of(server, clock) as client:
        with pytest.raises(kind) as caught:
            client.execute(MUTATION)
        assert len(server.heard) == 1
    assert caught.value.outcome is WriteOutcome.UNKNOWN
    assert clock.slept == []


@pytest.mark.parametrize("refusal", [THROTTLED, Says(429, b"{}", {"Retry-After": "2.0"}), Says(429, b"")])
def test_a_mutation_is_sent_again_when_it_certainly_did_not_run(refusal: Says, clock: ModelClock) -> None:
    """THROTTLED and 429 are answered before anything is done."""
    with serving(refusal, refusal, DONE) as server, client_of(server, clock) as client:
        client.execute(MUTATION)
        assert len(server.heard) == 3
        assert client.meter.snapshot().throttled == 2


def test_a_mutation_that_never_left_is_sent_again(clock: ModelClock) -> None:
    """Connection refused: nobody heard it. With nobody there at all, it ends as Unreachable."""
    with serving(DONE) as server:
        client = client_of(server, clock)
    with pytest.raises(Unreachable) as caught:
        client.execute(MUTATION)
    assert caught.value.outcome is WriteOutcome.NOT_APPLIED
    assert client.meter.snapshot().retries == 5


def test_waits_as_long_as_retry_after_says(clock: ModelClock) -> None:
    """To the tenth of a second, as the store words it."""
    with serving(Says(429, b"{}", {"Retry-After": "2.5"}), SHOP) as server, client_of(server, clock) as client:
        client.execute(QUERY)
    assert clock.slept == [2.5]


def test_a_retry_after_beyond_patience_is_the_callers(clock: ModelClock) -> None:
    """1,000 new variants a day: waiting for tomorrow is a decision, not a retry."""
    with serving(Says(429, b"{}", {"Retry-After": "3600"})) as server, client_of(server, clock) as client:
        with pytest.raises(RateLimited):
            client.execute(QUERY)
        assert len(server.heard) == 1


def test_waits_for_the_points_after_throttled(clock: ModelClock) -> None:
    """The cost that the store named is learnt, and so is how long its bucket needs for it."""
    with serving(THROTTLED, SHOP) as server, client_of(server, clock) as client:
        client.execute(QUERY)
        assert client.cost(QUERY) != 862  # learnt from the last answer, which said 10
    assert sum(clock.slept) == pytest.approx(1.45 + 0.1)


def test_gives_up_on_a_store_that_stays_down(clock: ModelClock) -> None:
    """Growing, capped, jittered waits; then the error, which says it may pass."""
    with serving(Says(503, b"")) as server, client_of(server, clock) as client:
        with pytest.raises(ServerFault) as caught:
            client.execute(QUERY)
        assert len(server.heard) == 6
    assert caught.value.exit_code == 75
    assert all(0.5 * 2**n / 2 <= slept <= 0.5 * 2**n for n, slept in enumerate(clock.slept))


def test_does_not_hammer_a_store_that_refuses() -> None:
    """430 and the like are not for trying again at once."""
    with serving(Says(430, b"{}")) as server, client_of(server) as client:
        with pytest.raises(SecurityRejected):
            client.execute(QUERY)
        assert len(server.heard) == 1


def test_a_static_token_that_is_refused_is_told_at_once() -> None:
    """There is no other token to try."""
    with serving(Says(401, b'{"errors": "[API] Invalid API key or access token"}')) as server:
        with client_of(server) as client, pytest.raises(TokenRejected) as caught:
            client.execute(QUERY)
        assert len(server.heard) == 1
    assert "app is still installed" in str(caught.value.hint) or "copy" in str(caught.value.hint)


def test_partial_data_is_returned_when_allowed() -> None:
    """With the errors beside it."""
    said = graphql({"shop": {"name": None}}, errors=[error("ACCESS_DENIED", "Required: `read_x`", ["shop", "name"])])
    with serving(said) as server, client_of(server) as client:
        with pytest.raises(PartialData):
            client.execute(QUERY)
        assert client.execute(QUERY, allow_partial=True).errors[0].code == "ACCESS_DENIED"


SEARCH = [{"path": ["shop"], "query": "tgs:x", "warnings": [{"field": "tgs", "message": "Invalid search field"}]}]


def test_a_search_that_was_not_understood_is_an_error() -> None:
    """It matched everything (FACTS 8); who can live with that says so."""
    with serving(graphql({"shop": {}}, search=SEARCH)) as server, client_of(server) as client:
        with pytest.raises(SearchIgnored, match="'tgs:x' on 'tgs': Invalid search field"):
            client.execute(QUERY)
        assert len(client.execute(QUERY, allow_ignored_search=True).search_warnings) == 1


def test_another_version_than_asked_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """A warning for the operator, and on every answer for the caller."""
    told = graphql({"shop": {}}, headers={"X-Shopify-API-Version": "2026-07"})
    with serving(told) as server, client_of(server) as client, caplog.at_level(logging.WARNING):
        assert [client.execute(QUERY).version for _ in range(3)] == ["2026-07"] * 3
    warned = [each for each in caplog.records if each.message == "api.version_differs"]
    assert [(each.__dict__["asked"], each.__dict__["answered"]) for each in warned] == [("2026-10", "2026-07")]


def test_the_cost_of_a_document_is_learnt_where_the_formula_errs() -> None:
    """The store's requestedQueryCost replaces ours for the same document and size."""
    with serving(graphql({"shop": {}}, requested=61, actual=61)) as server, client_of(server) as client:
        assert client.cost(QUERY) == 1
        client.execute(QUERY)
        assert client.cost(QUERY) == 61


def test_the_meter_counts_calls_and_points() -> None:
    """A pull's summary is made of these."""
    with serving(graphql({"shop": {}}, requested=13, actual=4)) as server, client_of(server) as client:
        before = client.meter.snapshot()
        for _ in range(3):
            client.execute(QUERY)
        used = client.meter.snapshot() - before
    assert (used.calls, used.cost, used.throttled, used.waits) == (3, 12, 0, 0)


def test_threads_share_a_client() -> None:
    """Sixteen at once over kept connections."""
    with serving(SHOP) as server, client_of(server) as client, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: client.execute(QUERY), range(100)))
        assert len(answers) == len(server.heard) == 100
        assert client.meter.snapshot().calls == 100


def test_values_that_json_lacks_are_sent_as_shopify_reads_them() -> None:
    """Decimals keep their digits; times are ISO; anything else is the caller's error, and named."""
    moment = datetime(2026, 1, 2, tzinfo=UTC)  # Python 3.10
    with serving(SHOP) as server, client_of(server) as client:
        client.execute(QUERY, {"price": Decimal("19.90"), "at": moment, "name": "Zoë"})
        assert server.heard[0].json["variables"] == {"price": "19.90", "at": "2026-01-02T00:00:00+00:00", "name": "Zoë"}
        for value in (float("nan"), object()):
            with pytest.raises(InvalidVariable):
                client.execute(QUERY, {"price": value})
        assert len(server.heard) == 1


def test_access_is_asked_once() -> None:
    """Scopes and the store's facts."""
    shop = {
        "name": "Acme",
        "myshopifyDomain": "acme.myshopify.com",
        "plan": {"publicDisplayName": "Basic", "partnerDevelopment": False, "shopifyPlus": False},
        "currencyCode": "EUR",
        "ianaTimezone": "Europe/Berlin",
    }
    scopes = {"accessScopes": [{"handle": "read_orders"}, {"handle": "write_products"}]}
    with serving(graphql({"currentAppInstallation": scopes, "shop": shop})) as server, client_of(server) as client:
        access = client.access()
        assert client.access() is access
        assert len(server.heard) == 1
    assert (access.plan.name, access.currency, access.timezone) == ("Basic", "EUR", "Europe/Berlin")
    assert access.has("read_products")
    assert not access.has("write_orders")
    assert access.missing((("read_orders",), ("read_x", "read_y"))) == (("read_x", "read_y"),)


def test_a_version_that_is_not_supported_is_told_before_any_request() -> None:
    """With the ones that are."""
    with pytest.raises(ConfigError, match="'2024-01'") as caught:
        AdminClient(ShopConfig("main", "acme", access_token=Secret("x"), api_version="2024-01"))
    assert "2026-10" in str(caught.value.hint)


def test_proxies_of_the_environment_do_not_stand_before_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's HTTP_PROXY must not see what goes to the simulator."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(SHOP) as server, client_of(server) as client:
        assert client.execute(QUERY).data


def test_a_slow_answer_reserves_its_cost_until_it_is_in() -> None:
    """Another thread sees the points as spent meanwhile."""
    gate = threading.Event()
    slow = Says(200, json.dumps({"data": {"shop": {}}}).encode(), pause=gate)
    with serving(slow) as server, client_of(server) as client, ThreadPoolExecutor(1) as pool:
        pending = pool.submit(client.execute, "{ products(first: 250) { nodes { id } } }")
        while not server.heard:
            pass
        assert client.governor.available() == 2000 - 13
        gate.set()
        pending.result(10)


def test_throttling_without_end_is_handed_on(clock: ModelClock) -> None:
    """Patience has a limit; nothing was changed."""
    with serving(THROTTLED) as server:
        config = ShopConfig("main", "acme", access_token=Secret("x"), base_url=server.url)
        with AdminClient(config, clock=clock, patience=Patience(throttles=3)) as client, pytest.raises(Throttled):
            client.execute(MUTATION)
        assert len(server.heard) == 4
