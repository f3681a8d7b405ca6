"""Webhook subscriptions: made for the streams of the configuration, repaired, and no one else's touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pulling import Puller, pulling, store
from serving import serving, until

from shoptide.ledger.subscriptions import Subscriptions
from shoptide.resources.topics import constant, topics_of
from shoptide.serve.subscriptions import Repair, address_of, repair
from shoptide.simulator.server import Running

URI = "https://hooks.example.com/webhooks/main"
SHOP = "simulated.myshopify.com"


@pytest.fixture
def puller(tmp_path: Path) -> Iterator[Puller]:
    with store() as running, pulling(tmp_path, running, "customers") as found:
        yield found


def repaired(puller: Puller, *streams: str, uri: str = URI) -> Repair:
    topics = topics_of(streams, puller.client.schema)
    return repair(puller.client, puller.ledger, uri, topics, puller.clock.now())


def there(running: Running) -> dict[str, str]:
    """Address by topic."""
    with running.world.shop.lock:
        return {row["topic"]: row["uri"] for row in running.world.shop.table("WebhookSubscription").all()}


def test_they_are_made_once(puller: Puller) -> None:
    """With payloads cut to what says which record, and when; a second look changes nothing."""
    done = repaired(puller, "customers")
    assert set(done.created) == {
        "CUSTOMERS_CREATE", "CUSTOMERS_UPDATE", "CUSTOMERS_DELETE", "CUSTOMERS_MERGE", "BULK_OPERATIONS_FINISH",
        "APP_UNINSTALLED",
    }  # fmt: skip
    assert there(puller.running) == dict.fromkeys(done.created, URI)
    with puller.running.world.shop.lock:
        rows = {row["topic"]: row for row in puller.running.world.shop.table("WebhookSubscription").all()}
    assert "updated_at" in rows["CUSTOMERS_UPDATE"]["includeFields"]
    assert repaired(puller, "customers") == Repair()


def test_what_the_store_dropped_is_made_again_and_said(puller: Puller) -> None:
    """Shopify takes away what failed for hours."""
    repaired(puller, "customers")
    table = puller.running.world.shop.table("WebhookSubscription")
    with puller.running.world.shop.lock:
        gone = next(row["id"] for row in table.all() if row["topic"] == "CUSTOMERS_UPDATE")
        table.remove(gone)
    done = repaired(puller, "customers")
    assert (done.dropped, done.created) == (["CUSTOMERS_UPDATE"], ["CUSTOMERS_UPDATE"])
    assert repaired(puller, "customers") == Repair()


def test_they_follow_the_address_and_the_streams(puller: Puller) -> None:
    """Another tunnel: changed. A stream less: deleted. Cut otherwise by hand: cut as it was."""
    repaired(puller, "customers")
    other = "https://other.example.com/webhooks/main"
    assert len(repaired(puller, "customers", uri=other).changed) == 6
    assert set(there(puller.running).values()) == {other}
    done = repaired(puller, "locations", uri=other)
    assert set(done.deleted) == {f"CUSTOMERS_{verb}" for verb in ("CREATE", "UPDATE", "DELETE", "MERGE")}
    table = puller.running.world.shop.table("WebhookSubscription")
    with puller.running.world.shop.lock:
        row = next(row for row in table.all() if row["topic"] == "LOCATIONS_UPDATE")
        table.put({**row, "includeFields": ["id"]})
    assert repaired(puller, "locations", uri=other).changed == ["LOCATIONS_UPDATE"]


def test_those_of_others_are_left_alone(puller: Puller) -> None:
    """Another program of the same app sends its own elsewhere."""
    table = puller.running.world.shop.table("WebhookSubscription")
    row = {"id": puller.running.world.shop.new_id("WebhookSubscription"), "topic": "CUSTOMERS_UPDATE",
           "uri": "https://elsewhere.example.com/", "format": "JSON", "createdAt": "2026-10-01T00:00:00Z",
           "updatedAt": "2026-10-01T00:00:00Z", "filter": None}  # fmt: skip
    with puller.running.world.shop.lock:
        table.put(row)
    repaired(puller, "customers")
    repaired(puller, "locations")
    with puller.running.world.shop.lock:
        assert table.get(row["id"]) == row


def test_what_the_store_refuses_is_said_and_the_rest_is_made(puller: Puller) -> None:
    """An address that it does not like."""
    done = repaired(puller, "customers", uri="pubsub://x:topic")
    assert set(done.refused.values()) == {"Address is invalid; Address is not a valid GCP project id."}
    assert done.created == []
    assert Subscriptions(puller.ledger).of(SHOP) == {}


@pytest.mark.parametrize(
    ("public", "address"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/webhooks/main"),
        ("https://hooks.example.com/shoptide", "https://hooks.example.com/shoptide/webhooks/main"),
        ("pubsub://some-project:shopify", "pubsub://some-project:shopify"),
        ("arn:aws:events:us-east-1::event-source/aws.partner/shopify.com/1/x", None),
    ],
)
def test_each_shop_has_a_path_and_a_cloud_service_one_address(public: str, address: str | None) -> None:
    """What Shopify is told to send to."""
    assert address_of(public, "main") == (address or public)


def test_a_stream_that_may_not_be_read_is_not_subscribed(puller: Puller) -> None:
    """Topics follow what is pulled; all of them exist in the version."""
    known = set(puller.client.schema.type("WebhookSubscriptionTopic").values)
    assert {constant(topic) for topic in topics_of(["orders"], puller.client.schema)} <= known


def test_serve_repairs_and_pulls_what_was_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subscription vanishes while something changes: both are made good by themselves. Looked at often here."""
    monkeypatch.setattr("shoptide.serve.subscriptions.EVERY", 0.5)
    with store(customers=3) as running, serving(tmp_path, running, "customers") as found:
        until(lambda: len(there(running)) == 6)
        shop = running.world.shop
        with shop.lock:
            for row in shop.table("WebhookSubscription").all():
                shop.table("WebhookSubscription").remove(row["id"])
        until(lambda: len(there(running)) == 6)
        until(lambda: found.warehouse.has_table("customers"), 30)
        until(lambda: found.rows("select count(*) from customers") == [(3,)], 30)
        assert {run.kind for run in found.ledger.runs()} == {"webhooks", "pull"}
