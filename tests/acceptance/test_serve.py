"""Serve, over real sockets: what changes in the store is in the tables within seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pulling import store
from serving import Serving, serving, until

from shoptide.simulator.server import Running

ADD = (
    """mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } userErrors { message } } }"""
)
CHANGE = (
    """mutation($input: CustomerInput!) { customerUpdate(input: $input) { customer { id } userErrors { message } } }"""
)
REMOVE = """mutation($input: CustomerDeleteInput!) { customerDelete(input: $input) { deletedCustomerId
  userErrors { message } } }"""
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
