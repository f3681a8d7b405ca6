"""The client and the simulated store over a real socket: they were written apart and have to agree."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from shoptide.config import Secret, ShopConfig
from shoptide.errors import MaxCostExceeded, NotFound, ScopeMissing, TokenRejected
from shoptide.shopify import bulk
from shoptide.shopify.client import AdminClient
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

TEN_POINTS = 'mutation { bulkOperationCancel(id: "gid://shopify/BulkOperation/1") { userErrors { message } } }'


class StoreTime:
    """The store's clock as the client's: it stands still but for what the client sleeps."""

    def __init__(self, world: World) -> None:
        self._clock = world.shop.clock
        self._clock.stop()
        self._start = self._clock.now()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return (self._clock.now() - self._start) / timedelta(seconds=1)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._clock.move(seconds)


@pytest.fixture
def store() -> Iterator[Running]:
    with start(World.empty(plan="standard", token="shpat_t")) as running:  # made up
        yield running


def client_of(store: Running, clock: StoreTime | None = None, **shop: object) -> AdminClient:
    facts = {"access_token": Secret("shpat_t"), "base_url": store.url, **shop}
    return AdminClient(ShopConfig("main", store.world.shop.domain, **facts), clock=clock)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", ["2026-01", "2026-04", "2026-07", "2026-10"])
def test_reads_shop_and_scopes_in_every_version(store: Running, version: str) -> None:
    """The first thing every command asks."""
    with client_of(store, api_version=version) as client:
        assert client.access().domain == store.world.shop.domain
        assert client.access().has("read_orders")


def test_a_thousand_mutations_are_never_throttled_and_use_the_restore_rate(store: Running) -> None:
    """Sixteen threads on a Standard plan, in the store's own time: the burst, then 100 points a second."""
    clock = StoreTime(store.world)
    with client_of(store, clock) as client, ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: client.execute(TEN_POINTS), range(1000)))
        used = client.meter.snapshot()
    assert (used.throttled, used.calls, used.cost) == (0, 1000, 10_000)
    # Sixteen sleepers move one clock, so time may only run too fast here; it never may run too slow.
    assert clock.monotonic() >= (10_000 - 2_000) / 100


def test_one_thread_waits_no_longer_than_the_points_take(store: Running) -> None:
    """8,000 points beyond the burst take 80 seconds, and no second more."""
    clock = StoreTime(store.world)
    with client_of(store, clock) as client:
        for _ in range(400):
            client.execute(TEN_POINTS)
        assert client.meter.snapshot().throttled == 0
    assert (4_000 - 2_000) / 100 <= clock.monotonic() <= (4_000 - 2_000) / 100 * 1.03


def test_costs_are_foreseen(store: Running) -> None:
    """What the client reserves is what the store asks."""
    with client_of(store) as client:
        for document in (
            "{ shop { name } }",
            "{ products(first: 250) { nodes { id variants(first: 10) { nodes { id } } } } }",
            "{ ordersCount { count } }",
            TEN_POINTS,
        ):
            cost = client.execute(document).cost
            assert cost is not None
            assert cost.requested == client.cost(document)


def test_a_wrong_token_is_rejected(store: Running) -> None:
    """401, over the socket."""
    with client_of(store, access_token=Secret("shpat_wrong")) as client, pytest.raises(TokenRejected):
        client.access()


def test_a_missing_scope_is_named() -> None:
    """With the scope to grant."""
    with (
        start(World.empty(scopes=["read_products"])) as store,
        client_of(store, access_token=Secret("shpat_simulated")) as client,
        pytest.raises(ScopeMissing) as caught,
    ):
        client.execute("{ orders(first: 1) { nodes { id } } }")
    assert "read_orders" in caught.value.required


def test_a_query_above_the_limit_is_refused(store: Running) -> None:
    """MAX_COST_EXCEEDED: shrinking is the caller's."""
    inner = "metafields(first: 250) { nodes { id } }"
    document = f"{{ products(first: 250) {{ nodes {{ variants(first: 250) {{ nodes {{ id {inner} }} }} }} }} }}"
    with client_of(store) as client, pytest.raises(MaxCostExceeded):
        client.execute(document)


def test_client_credentials_are_granted_and_renewed(store: Running) -> None:
    """A day later the token has ended, and the run goes on."""
    clock = StoreTime(store.world)
    app = {"access_token": None, "client_id": "simulated-client", "client_secret": Secret("simulated-secret")}
    with client_of(store, clock, **app) as client:
        client.access()
        clock.sleep(86_400)
        assert client.access(refresh=True).domain


SUBSCRIBE = """mutation($topic: WebhookSubscriptionTopic!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: {uri: "https://example.com/hook"}) {
    webhookSubscription { id } userErrors { field message }
  }
}"""


def test_a_bulk_query_runs_to_its_proved_file(store: Running, tmp_path: Path) -> None:
    """Started, watched, downloaded, proved; found again by its id and among the recent ones."""
    with client_of(store) as client:
        for topic in ("ORDERS_CREATE", "PRODUCTS_UPDATE", "CUSTOMERS_DELETE"):
            assert client.execute(SUBSCRIBE, {"topic": topic}).data["webhookSubscriptionCreate"]["userErrors"] == []
        started = bulk.start_query(client, "{ webhookSubscriptions { edges { node { id topic } } } }")
        done = bulk.wait(client, started.id)
        found = bulk.download(client, done, tmp_path / "subscriptions.jsonl")
        assert found.lines == done.object_count == done.root_object_count == 3
        assert started.id in [each.id for each in bulk.recent(client)]
        assert bulk.running(client) == []


def test_an_unknown_bulk_operation_is_not_found(store: Running) -> None:
    """An id from another store."""
    with client_of(store) as client, pytest.raises(NotFound):
        bulk.read(client, "gid://shopify/BulkOperation/99")
