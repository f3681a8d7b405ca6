"""Webhooks of the simulator: delivered over a real socket to a receiver on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx2
import pytest
from receiver import Receiver

from shoptide.cli.simulate import command, world_of
from shoptide.simulator import deliveries, payload_filter, state
from shoptide.simulator.deliveries import Delivery
from shoptide.simulator.execution import Request
from shoptide.simulator.server import Running, start
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


# what a subscription wants to hear


def test_a_filter_decides_what_is_told(world: World, receiver: Receiver) -> None:
    """Search syntax over the payload's own fields."""
    subscribe(world, receiver, "CUSTOMERS_CREATE", filter='email:*@example.org OR (note:vip AND NOT state:"enabled")')
    for given in ({"email": "a@example.net"}, {"email": "b@example.net", "note": "VIP"}):
        add_customer(world, **given)
    (message,) = receiver.wait(1)
    assert message.payload["email"] == "b@example.net"
    assert len(world.first.post.all()) == 1


@pytest.mark.parametrize(
    ("text", "agrees"),
    [
        ("variants.price:>=10.00", True),
        ("variants.price:>=30", False),
        ("variants.price:9.5", True),
        ("id:7", True),
        ("id:*", True),
        ("gone:*", False),
        ("-gone:*", True),
        ("status:active AND (product_type:Music OR product_type:Movies)", False),
        ("status:ACTIVE product_type:hat*", True),
        ("NOT status:active", False),
        ("tags:cotton", True),
        ('title:"Felt hat"', True),
        ("taxable:true", True),
        ('updated_at:>"2026-10-01T00:00:00Z"', True),
        ('updated_at:<"2026-10-01T00:00:00Z"', False),
        ("", True),
    ],
)
def test_filters_read_payloads_as_search_does(text: str, *, agrees: bool) -> None:
    """Of a list one entry is enough; numbers and times compare as such, words whatever their case."""
    payload = {
        "id": 7,
        "title": "Felt hat",
        "status": "active",
        "product_type": "Hats",
        "tags": "cotton, new",
        "taxable": True,
        "updated_at": "2026-10-01T08:00:00-04:00",
        "gone": None,
        "variants": [{"price": "9.50"}, {"price": "20.00"}],
    }
    assert payload_filter.matcher(text)(payload) is agrees


def test_included_fields_are_all_that_is_told(world: World, receiver: Receiver) -> None:
    """Names with dots go through objects and lists."""
    subscribe(world, receiver, "CUSTOMERS_CREATE", includeFields=["id", "addresses.city", "default_address.zip"])
    add_customer(world, email="k@example.net", addresses=[{"city": "Bonn", "zip": "53111", "countryCode": "DE"}])
    payload = receiver.wait(1)[0].payload
    assert payload == {
        "id": payload["id"],
        "addresses": [{"city": "Bonn"}],
        "default_address": {"zip": "53111"},
    }


def test_cut_payloads_that_say_nothing_new_are_debounced(world: World, receiver: Receiver) -> None:
    """Two changes at once that the fields don't show come as one; later ones, and those that show, come."""
    world.shop.clock.stop()
    subscribe(world, receiver, "CUSTOMERS_UPDATE", includeFields=["id", "first_name"])
    gid = add_customer(world, email="l@example.net", firstName="Lia")
    for given in ({"note": "1"}, {"note": "2"}, {"firstName": "Lea"}):
        ask(world, CHANGE, {"input": {"id": gid, **given}})
    receiver.wait(2)
    world.shop.clock.move(60)
    ask(world, CHANGE, {"input": {"id": gid, "note": "3"}})
    assert [message.payload["first_name"] for message in receiver.wait(3)] == ["Lia", "Lea", "Lea"]
    assert [each.status for each in world.first.post.all()].count("debounced") == 1


def test_metafields_come_with_their_namespace(world: World, receiver: Receiver) -> None:
    """The namespaces asked for, the app's own too; no others."""
    subscribe(world, receiver, "CUSTOMERS_UPDATE", metafieldNamespaces=["crm", "$app"])
    gid = add_customer(world, email="m@example.net")
    fields = [
        {"ownerId": gid, "namespace": namespace, "key": "key", "type": "single_line_text_field", "value": "v"}
        for namespace in ("crm", "$app", "other")
    ]
    document = """mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { userErrors { message } } }"""
    ask(world, document, {"m": fields})
    (message,) = receiver.wait(1)
    told = message.payload["metafields"]
    assert [each["namespace"] for each in told] == ["crm", world.first.app().namespace]
    assert told[0]["owner_id"] == message.payload["id"]
    assert (told[0]["owner_resource"], told[0]["value"]) == ("customer", "v")


# faults


def faults(world: World, *rules: dict[str, Any]) -> None:
    world.shop.faults.set([{"on": "webhook", **rule} for rule in rules])


def emails(receiver: Receiver) -> list[str]:
    return [message.payload["email"].partition("@")[0] for message in receiver.messages]


def test_lost_deliveries_never_come(world: World, receiver: Receiver) -> None:
    """The one that is lost is kept in the list, and nobody tries it."""
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    faults(world, {"action": "lose", "operation": "customers/create", "nth": 2})
    for name in "abc":
        add_customer(world, email=f"{name}@example.net")
    receiver.wait(2)
    assert emails(receiver) == ["a", "c"]
    lost = world.first.post.all()[1]
    assert (lost.status, lost.attempts) == ("lost", [])


def test_duplicates_have_the_ids_of_the_first(world: World, receiver: Receiver) -> None:
    """So a receiver that notes the delivery's id knows them."""
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    faults(world, {"action": "duplicate", "by": 2})
    add_customer(world, email="a@example.net")
    messages = receiver.wait(3)
    assert len({message.headers["x-shopify-webhook-id"] for message in messages}) == 1
    assert len({message.body for message in messages}) == 1


def test_delayed_deliveries_wait_for_the_shops_clock(world: World, receiver: Receiver) -> None:
    """A day late, with the payload of yesterday."""
    world.shop.clock.stop()
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    faults(world, {"action": "delay", "seconds": 86_400, "nth": 1})
    for name in "ab":
        add_customer(world, email=f"{name}@example.net")
    receiver.wait(1)
    assert emails(receiver) == ["b"]
    world.shop.clock.move(86_400)
    receiver.wait(2)
    assert emails(receiver) == ["b", "a"]


def test_disorder_is_the_same_for_the_same_seed(world: World, receiver: Receiver) -> None:
    """Later deliveries overtake; all come."""
    world.shop.clock.stop()
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    orders = []
    for again in range(2):
        faults(world, {"action": "disorder", "by": 2, "seed": 5, "every": 2})
        receiver.messages.clear()
        for number in range(6):
            add_customer(world, email=f"{number}@again{again}.example.net")
        world.shop.clock.move(30)
        receiver.wait(6)
        orders.append(emails(receiver))
    assert orders[0] == orders[1] != sorted(orders[0])
    assert sorted(orders[0]) == list("012345")


# other ways for a change to come about


def test_bulk_mutations_and_their_end_are_told(world: World, receiver: Receiver) -> None:
    """Each line tells of its own change, the operation of its finish."""
    world.shop.settings["bulk_seconds"] = 0
    for topic in ("CUSTOMERS_CREATE", "BULK_OPERATIONS_FINISH"):
        subscribe(world, receiver, topic)
    rows = b"".join(b'{"input": {"email": "n%d@example.net"}}\n' % number for number in range(3))
    path = world.shop.vault.new_path("tmp/rows.jsonl")
    path.write_bytes(rows)
    ask(
        world,
        """mutation { bulkOperationRunMutation(stagedUploadPath: "tmp/rows.jsonl", mutation:
        "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } userErrors { message } } }")
        { userErrors { message } } }""",
    )
    messages = receiver.wait(4)
    assert [message.topic for message in messages] == ["customers/create"] * 3 + ["bulk_operations/finish"]
    assert messages[-1].payload["status"] == "completed"
    assert messages[-1].payload["type"] == "mutation"
    assert len({message.headers["x-shopify-event-id"] for message in messages}) == 4


@pytest.fixture
def running(world: World) -> Iterator[Running]:
    with start(world) as found:
        yield found


def control(running: Running, method: str, path: str, body: Any = None) -> Any:
    answer = httpx2.request(method, f"{running.url}/_simulator/{path}", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_changes_through_the_control_addresses_are_told(running: Running, receiver: Receiver) -> None:
    """Records when it is asked for, settings of the shop and the app always."""
    world = running.world
    for topic in ("CUSTOMERS_UPDATE", "CUSTOMERS_DELETE", "SHOP_UPDATE", "APP_SCOPES_UPDATE"):
        subscribe(world, receiver, topic)
    gid = next(iter(world.shop.table("Customer")))["id"]
    control(running, "POST", "records", {"id": gid, "set": {"note": "silent"}})
    control(running, "POST", "records", {"id": gid, "set": {"note": "told"}, "emit": True})
    control(running, "DELETE", f"records?id={gid}&emit=1")
    control(running, "POST", "settings", {"plan": "advanced", "scopes": ["read_customers"]})
    messages = {message.topic: message.payload for message in receiver.wait(4)}
    assert messages["customers/update"]["note"] == "told"
    assert messages["customers/delete"]["admin_graphql_api_id"] == gid
    assert messages["shop/update"]["plan_display_name"] == "Advanced"
    assert messages["app/scopes_update"]["current"] == ["read_customers"]
    assert messages["app/scopes_update"]["previous"] == ["*"]


def test_deliveries_are_listed_and_forgotten(running: Running, receiver: Receiver) -> None:
    """With status, attempts, and on request the payload."""
    subscribe(running.world, receiver, "CUSTOMERS_CREATE")
    add_customer(running.world, email="o@example.net")
    receiver.wait(1)
    until(lambda: only(running.world).status == "delivered")
    found = control(running, "GET", "webhooks?topic=customers/create&status=delivered&payload=1")
    assert found["counts"] == {"delivered": 1}
    (delivery,) = found["deliveries"]
    assert delivery["address"] == receiver.url
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200]
    assert '"o@example.net"' in delivery["payload"]
    assert delivery["headers"]["X-Shopify-Topic"] == "customers/create"
    assert control(running, "GET", "webhooks?status=waiting")["deliveries"] == []
    assert control(running, "DELETE", "webhooks")["deliveries"] == []
    assert control(running, "GET", "webhooks")["deliveries"] == []


def test_a_topic_is_told_on_request(running: Running, receiver: Receiver) -> None:
    """Compliance topics, which no mutation subscribes, go to an address; others to their subscriptions."""
    world = running.world
    order = next(row for row in world.shop.table("Order") if row.get("customer"))
    asked = {"topic": "customers/redact", "id": order["customer"], "address": receiver.url}
    (listed,) = control(running, "POST", "webhooks", asked)["deliveries"]
    assert listed["topic"] == "customers/redact"
    (message,) = receiver.wait(1)
    assert message.signed
    assert int(order["id"].rsplit("/", 1)[-1]) in message.payload["orders_to_redact"]
    subscribe(world, receiver, "ORDERS_UPDATED")
    control(running, "POST", "webhooks", {"topic": "orders/updated", "id": order["id"]})
    assert receiver.wait(2)[1].payload["admin_graphql_api_id"] == order["id"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "tell of a topic"),
        ({"topic": "orders/updated"}, "no subscription to orders/updated"),
        ({"topic": "orders/updated", "id": "7"}, "no record with the id '7'"),
        ({"topic": "shop/redact", "address": "https://example.com"}, "webhook_hosts"),
        ({"topic": "shop/redact", "to": "x"}, "unknown to"),
    ],
)
def test_mistaken_requests_are_told_so(body: Any, words: str, running: Running) -> None:
    """What is wrong, and what to do."""
    answer = httpx2.post(f"{running.url}/_simulator/webhooks", json=body, timeout=10)
    assert answer.status_code == 422
    assert words in answer.json()["error"]


def test_an_uninstalled_app_is_told_once_and_then_out(running: Running, receiver: Receiver) -> None:
    """Its token is void, its subscriptions are gone."""
    world = running.world
    subscribe(world, receiver, "APP_UNINSTALLED")
    control(running, "POST", "uninstall")
    (message,) = receiver.wait(1)
    assert message.topic == "app/uninstalled"
    assert message.payload["myshopify_domain"] == world.shop.domain
    assert len(world.shop.table("WebhookSubscription")) == 0
    url = f"{running.url}/admin/api/{VERSION}/graphql.json"
    answer = httpx2.post(
        url, json={"query": "{ shop { name } }"}, headers={"X-Shopify-Access-Token": "shpat_simulated"}
    )
    assert answer.status_code == 401


def test_a_reset_shop_sends_nothing_any_more(world: World, receiver: Receiver) -> None:
    """What waited is gone with the shop it told of."""
    world.shop.clock.stop()
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    receiver.status = 500
    add_customer(world, email="p@example.net")
    receiver.wait(1)
    threads = [thread for thread in threading.enumerate() if thread.name == f"webhooks {receiver.url}"]
    world.reset()
    assert world.first.post.all() == []
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def test_only_loopback_addresses_may_do_without_tls(world: World) -> None:
    """A real store takes https alone; here a receiver on this machine may speak http."""
    for uri, taken in (("http://127.0.0.1:8080/x", True), ("http://[::1]/x", True), ("http://10.0.0.1/x", False)):
        given = {"topic": "ORDERS_CREATE", "webhook": {"uri": uri}}
        body = world.first.execute(Request(SUBSCRIBE, given), VERSION, "http://127.0.0.1")
        errors = body["data"]["webhookSubscriptionCreate"]["userErrors"]
        assert [error["message"] for error in errors] == (
            [] if taken else ["Address protocol http:// is not supported"]
        )


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (b"HTTP/1.1 204 No Content\r\n", None),
        (b"", "closed without an answer"),
        (b"220 mail.example\r\n", "no HTTP"),
        (b"HTTP/1.1 ", "no answer within"),
    ],
)
def test_what_counts_as_an_answer(sent: bytes, words: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A status line within the time, whatever follows it; a line that never ends is none."""
    monkeypatch.setattr(deliveries, "TOTAL_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        done = threading.Event()

        def answer() -> None:
            taken, _ = listening.accept()
            taken.recv(65_536)
            taken.sendall(sent)
            if words and "within" in words:
                done.wait(5)
            taken.close()

        thread = threading.Thread(target=answer)
        thread.start()
        delivery = Delivery(1, "orders/create", "", address, {}, b"{}", datetime.now(timezone.utc))  # noqa: UP017
        status, error = deliveries.send(delivery)
        done.set()
        thread.join(5)
    assert status == (None if words else 204)
    assert (error is None) if words is None else (words in (error or ""))


def test_hosts_are_allowed_by_a_flag() -> None:
    """`--webhook-host`, once for each."""
    arguments = ["--empty", "--webhook-host", "hooks.example.com", "--webhook-host", "10.0.0.1:8080"]
    with command.make_context("simulate", arguments) as context:
        given = {name: value for name, value in context.params.items() if name not in ("host", "port")}
        world = world_of(**given)
    assert world.shop.settings["webhook_hosts"] == ["hooks.example.com", "10.0.0.1:8080"]


def test_a_restored_shop_goes_on_telling(world: World, receiver: Receiver) -> None:
    """Subscriptions are part of a dump; putting it back tells nobody, changes from then on do."""
    subscribe(world, receiver, "CUSTOMERS_CREATE")
    kept = state.dump(world.shop)
    world.reset()
    with world.shop.lock:
        state.restore(world.shop, kept)
        world.shop.settle()
    assert world.first.post.all() == []
    add_customer(world, email="q@example.net")
    assert receiver.wait(1)[0].payload["email"] == "q@example.net"
