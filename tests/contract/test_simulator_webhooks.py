"""Webhooks of the simulator: delivered over a real socket to a receiver on loopback."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from receiver import Receiver

from shoptide.simulator import deliveries
from shoptide.simulator.deliveries import Delivery
from shoptide.simulator.execution import Request
from shoptide.simulator.world import World

VERSION = "2026-10"
SUBSCRIBE = """mutation Subscribe($topic: WebhookSubscriptionTopic!, $webhook: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $webhook) {
    webhookSubscription { id } userErrors { field message } } }"""
CUSTOMER = """mutation Add($input: CustomerInput!) { customerCreate(input: $input) {
  customer { id } userErrors { message } } }"""
CHANGE = """mutation Change($input: CustomerInput!) { customerUpdate(input: $input) {
  customer { id } userErrors { message } } }"""


@pytest.fixture
def world() -> Iterator[World]:
    made = World.seeded(customers=3, products=3, orders=6, plan="plus")
    yield made
    made.first.post.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def ask(world: World, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    body = world.first.execute(Request(query, variables or {}), VERSION, "http://127.0.0.1")
    assert "errors" not in body, body
    for payload in body["data"].values():
        assert not payload.get("userErrors"), payload
    world.first.bucket.give_back(2000)
    found: dict[str, Any] = body["data"]
    return found


def subscribe(world: World, receiver: Receiver, topic: str, **wanted: Any) -> str:
    given = {"topic": topic, "webhook": {"uri": receiver.url, **wanted}}
    found: str = ask(world, SUBSCRIBE, given)["webhookSubscriptionCreate"]["webhookSubscription"]["id"]
    return found


def add_customer(world: World, **given: Any) -> str:
    found: str = ask(world, CUSTOMER, {"input": given})["customerCreate"]["customer"]["id"]
    return found


def until(true: Callable[[], object], seconds: float = 5) -> None:
    """Wait for another thread to note something."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.005)


def tried(delivery: Delivery, times: int) -> None:
    until(lambda: len(delivery.attempts) == times)


def only(world: World) -> Delivery:
    (found,) = world.first.post.all()
    return found


def test_a_change_is_told_with_signature_and_headers(world: World, receiver: Receiver) -> None:
    """Everything a receiver checks and dedupes by is there; the signature is over the raw bytes."""
    subscribe(world, receiver, "CUSTOMERS_CREATE", name="people")
    gid = add_customer(world, firstName="Zoë", email="zoe@example.net")
    (message,) = receiver.wait(1)
    assert message.signed
    assert message.payload["admin_graphql_api_id"] == gid
    assert message.payload["first_name"] == "Zoë"
    headers = message.headers
    assert headers["content-type"] == "application/json"
    assert headers["x-shopify-topic"] == "customers/create"
    assert headers["x-shopify-shop-domain"] == "simulated.myshopify.com"
    assert headers["x-shopify-api-version"] == VERSION
    assert headers["x-shopify-name"] == "people"
    assert headers["x-shopify-triggered-at"].endswith("Z")
    assert len({headers["x-shopify-webhook-id"], headers["x-shopify-event-id"]}) == 2
    until(lambda: only(world).status == "delivered")


def test_without_a_subscription_nothing_is_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No payload is built and nothing is kept, also when another topic has a subscription."""
    monkeypatch.setattr("shoptide.simulator.payloads.build", lambda *_: pytest.fail("a payload was built"))
    add_customer(world, email="a@example.net")
    quiet = Receiver()
    subscribe(world, quiet, "PRODUCTS_CREATE")
    add_customer(world, email="b@example.net")
    quiet.close()
    assert world.first.post.all() == []


def test_the_mutation_does_not_wait_for_the_receiver(world: World, receiver: Receiver) -> None:
    """The answer is there while the receiver still holds the message."""
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.gate.clear()
    add_customer(world, email="c@example.net")
    assert receiver.messages == []
    receiver.gate.set()
    receiver.wait(1)


def test_deliveries_of_one_mutation_share_the_event(world: World, receiver: Receiver) -> None:
    """The event's id is one for all that a change set off, the delivery's id is its own."""
    subscribe(world, receiver, "ORDERS_UPDATED")
    subscribe(world, receiver, "ORDERS_CANCELLED")
    order = next(row for row in world.shop.table("Order") if not row.get("cancelledAt"))
    ask(
        world,
        """mutation($id: ID!) { orderCancel(orderId: $id, reason: CUSTOMER, restock: false,
        refundMethod: {originalPaymentMethodsRefund: false}) { orderCancelUserErrors { message } } }""",
        {"id": order["id"]},
    )
    first, second = receiver.wait(2)
    assert {first.topic, second.topic} == {"orders/updated", "orders/cancelled"}
    assert first.headers["x-shopify-event-id"] == second.headers["x-shopify-event-id"]
    assert first.headers["x-shopify-webhook-id"] != second.headers["x-shopify-webhook-id"]
    assert first.payload["cancelled_at"] is not None


def test_a_failed_delivery_comes_again_as_it_was(world: World, receiver: Receiver) -> None:
    """A retry waits for the shop's clock, and carries the first payload and ids."""
    world.shop.clock.stop()
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.answers[:] = [500]
    gid = add_customer(world, email="d@example.net")
    receiver.wait(1)
    until(lambda: only(world).attempts)
    assert only(world).status == "waiting"
    ask(world, CHANGE, {"input": {"id": gid, "note": "later"}})
    world.shop.clock.move(deliveries.RETRIES[0].total_seconds())
    first, second = receiver.wait(2)
    assert (second.body, second.headers) == (first.body, first.headers)
    until(lambda: only(world).status == "delivered")
    assert [attempt["status"] for attempt in only(world).attempts] == [500, 200]


def test_a_receiver_that_never_answers_well_loses_its_subscription(world: World, receiver: Receiver) -> None:
    """Eight retries within four hours; then the subscription is gone, and with it what still waits."""
    world.shop.clock.stop()
    gid = subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.status = 503
    add_customer(world, email="e@example.net")
    receiver.wait(1)
    for count, wait in enumerate(deliveries.RETRIES, 2):
        tried(only(world), count - 1)
        assert world.shop.get(gid) is not None
        world.shop.clock.move(wait.total_seconds())
        receiver.wait(count)
    until(lambda: only(world).status == "failed")
    assert sum(deliveries.RETRIES, timedelta()) == timedelta(hours=4)
    assert len(receiver.messages) == 9
    until(lambda: world.shop.get(gid) is None)


def test_a_success_in_between_keeps_the_subscription(world: World, receiver: Receiver) -> None:
    """Only failures in a row count."""
    world.shop.clock.stop()
    gid = subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.answers[:] = [500, 200, *[500] * 8]
    add_customer(world, email="f@example.net")
    receiver.wait(1)
    add_customer(world, email="g@example.net")
    receiver.wait(2)
    failing, _arrived = world.first.post.all()
    for count, wait in enumerate(deliveries.RETRIES, 3):
        tried(failing, count - 2)
        world.shop.clock.move(wait.total_seconds())
        receiver.wait(count)
    until(lambda: failing.status == "failed")
    assert world.shop.get(gid) is not None


def test_a_silent_receiver_is_given_up_on(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds in all; shortened here."""
    monkeypatch.setattr(deliveries, "TOTAL_SECONDS", 0.2)
    assert deliveries.CONNECT_SECONDS == 1.0
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.gate.clear()
    add_customer(world, email="h@example.net")
    until(lambda: only(world).attempts)
    assert only(world).attempts[0]["status"] is None
    assert "no answer" in only(world).attempts[0]["error"]
    assert only(world).status == "waiting"


def test_nobody_listening_is_a_failure_like_another(world: World, receiver: Receiver) -> None:
    """A refused connection is retried."""
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.close()
    add_customer(world, email="i@example.net")
    until(lambda: only(world).attempts)
    assert "refused" in only(world).attempts[0]["error"]


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("https://hooks.example.com/in", "webhook_hosts"),
        ("pubsub://some-project:some-topic", "cloud"),
        ("arn:aws:events:us-east-1::event-source/aws.partner/shopify.com/20000000001/name", "cloud"),
    ],
)
def test_other_addresses_are_recorded_not_sent_to(uri: str, reason: str, world: World) -> None:
    """Nothing leaves this machine unasked; what would have been sent can be looked at."""
    ask(world, SUBSCRIBE, {"topic": "CUSTOMERS_CREATE", "webhook": {"uri": uri}})
    add_customer(world, email="j@example.net")
    found = only(world)
    assert found.status == "not_sent"
    assert reason in (found.reason or "")
    assert b"j@example.net" in found.body


def test_hosts_are_allowed_by_name_or_with_their_port(world: World) -> None:
    """`webhook_hosts` of the settings opens an address."""
    assert deliveries.refusal("https://hooks.example.com/in", ["hooks.example.com"]) is None
    assert deliveries.refusal("https://hooks.example.com:444/in", ["hooks.example.com:444"]) is None
    assert deliveries.refusal("https://hooks.example.com:444/in", ["hooks.example.com:445"]) is not None
    assert deliveries.refusal("https://[::1]:8443/in", []) is None
    assert deliveries.refusal("https://10.0.0.1/in", []) is not None
