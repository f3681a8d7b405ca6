"""Serve, over real sockets: what changes in the store is in the tables within seconds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pulling import store
from serving import SECRET, SHOP, Serving, client_of, config_of, serving, until

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, WarehouseConfig
from shoptide.inbound.events import Event, StreamProgress
from shoptide.inbound.gap import told_since
from shoptide.serve.health import health_of
from shoptide.shopify import bulk
from shoptide.shopify.webhooks import signature
from shoptide.simulator.server import Running

ADD = (
    """mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } userErrors { message } } }"""
)
CHANGE = (
    """mutation($input: CustomerInput!) { customerUpdate(input: $input) { customer { id } userErrors { message } } }"""
)
REMOVE = """mutation($input: CustomerDeleteInput!) { customerDelete(input: $input) { deletedCustomerId
  userErrors { message } } }"""
NOTE = """mutation($input: OrderInput!) { orderUpdate(input: $input) { userErrors { message } } }"""
PRODUCT = """mutation($product: ProductCreateInput!) { productCreate(product: $product) { product { id }
  userErrors { message } } }"""
LEVEL = """{ inventoryItems(first: 1) { nodes { id inventoryLevels(first: 1) { nodes { location { id } } } } } }"""


@pytest.fixture
def running() -> Iterator[Running]:
    with store(customers=6, products=4, orders=8) as found:
        yield found


def subscriptions(running: Running) -> list[dict[str, Any]]:
    with running.world.shop.lock:
        return [dict(row) for row in running.world.shop.table("WebhookSubscription").all()]


def subscribed(found: Serving, count: int = 3) -> None:
    until(lambda: len(subscriptions(found.running)) >= count)


def test_changes_arrive_by_themselves(tmp_path: Path, running: Running) -> None:
    """Made, changed and deleted; nobody pulls."""
    with serving(tmp_path, running, "customers", "products") as found:
        subscribed(found, 9)
        gid = found.ask(ADD, input={"email": "ada@example.com"})["customerCreate"]["customer"]["id"]
        until(lambda: found.warehouse.has_table("customers"))
        until(lambda: found.rows(f"select email from customers where gid = '{gid}'") == [("ada@example.com",)])
        found.ask(CHANGE, input={"id": gid, "note": "first of all"})
        until(lambda: found.rows(f"select note from customers where gid = '{gid}'") == [("first of all",)])
        found.ask(REMOVE, input={"id": gid})
        until(lambda: found.rows(f"select _deleted_at is not null from customers where gid = '{gid}'") == [(True,)])
        found.ask(PRODUCT, product={"title": "Lantern"})
        until(lambda: found.warehouse.has_table("product_variants"))
        until(lambda: found.rows("select title from products") == [("Lantern",)])
        until(found.settled)
        assert found.inbox.depth().keys() == {"done"}


def test_the_record_is_read_as_it_is_now(tmp_path: Path, running: Running) -> None:
    """Deliveries that come late, twice and out of order end as what the store has."""
    running.world.shop.faults.set(
        [{"on": "webhook", "action": "disorder", "by": 3, "seconds": 1, "probability": 0.5, "seed": 3},
         {"on": "webhook", "action": "duplicate", "probability": 0.5, "seed": 4}]
    )  # fmt: skip
    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        gids = [row["id"] for row in running.world.shop.table("Customer").all()]
        for turn in range(12):
            found.ask(CHANGE, input={"id": gids[turn % 4], "note": f"note {turn}"})
        until(lambda: len(found.rows("from customers")) == 4 if found.warehouse.has_table("customers") else False)
        until(found.settled)
        notes = {row["id"]: row["note"] for row in running.world.shop.table("Customer").all()}
        assert dict(found.rows("select gid, note from customers")) == {gid: notes[gid] for gid in gids[:4]}


def test_what_was_received_is_brought_in_after_a_restart(tmp_path: Path, running: Running) -> None:
    """The store can't be reached while it comes; the next process has it."""
    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        config = found.config
        running.world.shop.faults.set([{"action": "status", "status": 503}])
        found.ask(ADD, input={"email": "late@example.com"})
        until(lambda: found.inbox.depth().get("waiting") == 1)
    running.world.shop.faults.set([])
    with serving(tmp_path, running, config=config) as found:
        until(found.settled, 30)
        assert found.rows("select email from customers") == [("late@example.com",)]


def test_what_names_no_record_is_pulled(tmp_path: Path, running: Running) -> None:
    """Stock levels: what changed is searched for, from the cursor."""
    with serving(tmp_path, running, "inventory_levels") as found:
        subscribed(found)
        assert found.pull().outcome == "succeeded"
        item = found.ask(LEVEL)["inventoryItems"]["nodes"][0]
        place = item["inventoryLevels"]["nodes"][0]["location"]["id"]
        document = """mutation($input: InventorySetQuantitiesInput!) { inventorySetQuantities(input: $input)
          @idempotent(key: "k1") { userErrors { message } } }"""
        quantities = [{"inventoryItemId": item["id"], "locationId": place, "quantity": 77, "changeFromQuantity": None}]
        found.ask(document, input={"name": "available", "reason": "correction", "quantities": quantities})
        sql = "select count(*) from inventory_level_quantities where name = 'available' and quantity = 77"
        until(lambda: found.rows(sql) == [(1,)])
        until(found.settled)


class Later(SystemClock):
    """Five minutes later."""

    def now(self) -> datetime:
        return super().now() + timedelta(minutes=5)


def a_second_old(found: Serving) -> bool:
    """The store's times are whole seconds: a change in the second of the subscription may be older than that."""
    since = told_since(found.ledger, SHOP, "customers")
    return since is not None and SystemClock().now() - since > timedelta(seconds=1)


def test_what_webhooks_missed_is_counted(tmp_path: Path, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pull finds what was lost on the way, and the run says how many; what was told is none of them."""
    monkeypatch.setattr("shoptide.serve.sweeping.BUSY", 3_600)  # else it would be found within seconds
    shop = running.world.shop
    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        until(found.ledger.runs)
        found.pull()
        until(lambda: a_second_old(found))
        told, lost = (row["id"] for row in shop.table("Customer").all()[:2])
        found.ask(CHANGE, input={"id": told, "note": "told"})
        until(lambda: found.rows(f"select note from customers where gid = '{told}'") == [("told",)])
        with shop.lock:
            record = {**(shop.get(lost) or {}), "note": "lost"}
            shop.touch(record)
            shop.table("Customer").put(record)
        report = found.pull(Later())
        assert found.rows(f"select note from customers where gid = '{lost}'") == [("lost",)]
        assert [each.missed for each in report.streams] == [1]
        assert "1 records missed by webhooks" in health_of(found.config, found.ledger, "pull", "store").told
        until(found.settled)


def test_what_is_lost_is_found_within_seconds(tmp_path: Path, running: Running) -> None:
    """Between the webhooks the store is asked what changed; what was found so is counted."""
    running.world.shop.faults.set([{"on": "webhook", "action": "lose", "every": 2}])
    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        until(found.ledger.runs)
        gids = [row["id"] for row in running.world.shop.table("Customer").all()]
        for number, gid in enumerate(gids):
            found.ask(CHANGE, input={"id": gid, "note": f"note {number}"})
        until(lambda: found.warehouse.has_table("customers"))
        until(lambda: found.rows("select count(*) from customers where note like 'note %'") == [(len(gids),)], 30)
    with serving(tmp_path, running, config=found.config) as again:
        run = next(run for run in again.ledger.runs() if run.kind == "webhooks" and run.outcome)
        assert run.summary["missed"] == {"customers": len(gids) // 2}


def test_a_second_change_with_the_same_stamp_is_found(
    tmp_path: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store tells whole seconds: what was read before one was over is read once more when it is."""
    monkeypatch.setattr("shoptide.inbound.sweep.SECOND", timedelta(minutes=1))  # however slow this machine is
    monkeypatch.setattr("shoptide.serve.sweeping.ON_ITS_WAY", timedelta(seconds=5))
    table = running.world.shop.table("Customer")
    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        gid = table.all()[0]["id"]
        note = f"select note from customers where gid = '{gid}'"
        found.ask(CHANGE, input={"id": gid, "note": "first"})
        until(lambda: found.warehouse.has_table("customers"))
        until(lambda: found.rows(note) == [("first",)])
        with running.world.shop.lock:  # no webhook tells of this one, and its stamp is the first one's
            table.put({**(running.world.shop.get(gid) or {}), "note": "second"})
        until(lambda: found.rows(note) == [("second",)])


def test_the_end_of_an_operation_wakes_who_waits_for_it(tmp_path: Path, running: Running) -> None:
    """A pull by bulk operation looks at once when its end is told, not at its next turn."""
    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        ended = "gid://shopify/BulkOperation/42"
        raw = json.dumps({"admin_graphql_api_id": ended, "status": "completed"}).encode()
        headers = {
            "x-shopify-topic": "bulk_operations/finish",
            "x-shopify-hmac-sha256": signature(SECRET.encode(), raw).decode(),
            "x-shopify-shop-domain": SHOP,
            "x-shopify-api-version": "2026-10",
            "x-shopify-event-id": "e-1",
        }
        with client_of(found.config) as client:
            waiting = threading.Thread(
                target=bulk.rest, args=(client, 600.0, None, lambda: bulk.FINISHED.heard(ended)), daemon=True
            )
            waiting.start()
            assert httpx2.post(f"{found.http.url}/webhooks/main", content=raw, headers=headers).status_code == 200
            waiting.join(10)
            assert not waiting.is_alive()
        until(lambda: found.inbox.depth() == {"ignored": 1})


def test_another_warehouse_and_ledger_serve_as_well(tmp_path: Path, running: Running, postgres_url: str) -> None:
    """Both in Postgres: what is told arrives, and goes, there."""
    config = config_of(tmp_path, running, "customers", "orders")
    there = replace(config, warehouse=WarehouseConfig(postgres_url), ledger=LedgerConfig(postgres_url))
    with serving(tmp_path, running, config=there) as found:
        subscribed(found, 10)
        gid = found.ask(ADD, input={"email": "ada@example.com"})["customerCreate"]["customer"]["id"]
        until(lambda: found.warehouse.has_table("customers"))
        until(lambda: found.rows(f"select email from shopify.customers where gid = '{gid}'") == [("ada@example.com",)])
        order = running.world.shop.table("Order").all()[0]["id"]
        found.ask(NOTE, input={"id": order, "note": "told"})
        until(lambda: found.warehouse.has_table("orders"))
        until(lambda: found.rows("select gid, note from shopify.orders") == [(order, "told")])
        found.ask(REMOVE, input={"id": gid})
        until(lambda: found.rows("select count(*) from shopify.customers where _deleted_at is not null") == [(1,)])
        until(found.settled)


def test_what_a_pull_lands_late_does_not_stay(
    tmp_path: Path, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull read a record before it changed, and lands it after the webhook's: it is read again afterwards."""
    monkeypatch.setattr("shoptide.serve.sweeping.BUSY", 3_600)  # nothing else shall make it good
    monkeypatch.setattr("shoptide.serve.sweeping.QUIET", 3_600)
    read, gate = threading.Event(), threading.Event()

    def hold(event: Event) -> None:
        if isinstance(event, StreamProgress):
            read.set()
            gate.wait(30)

    with serving(tmp_path, running, "customers") as found:
        subscribed(found)
        found.pull()
        gid = running.world.shop.table("Customer").all()[0]["id"]
        beside = replace(found, warehouse=found.warehouse.beside())
        pulling = threading.Thread(target=lambda: beside.pull(on_event=hold, full_refresh=True))
        pulling.start()
        assert read.wait(30)
        found.ask(CHANGE, input={"id": gid, "note": "newest"})
        note = f"select note from customers where gid = '{gid}'"
        until(lambda: found.rows(note) == [("newest",)])
        until(lambda: found.inbox.depth() == {"again": 1})
        gate.set()
        pulling.join(30)
        until(found.settled)
        assert found.rows(note) == [("newest",)]
        assert found.inbox.depth() == {"done": 1}
