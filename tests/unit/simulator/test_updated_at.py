"""Which edits of what belongs to a record move the record's own updatedAt, and which leave it (FACTS §4, §6)."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

from shoptide.simulator import index

CREATE = """mutation { productCreate(product: {title: "Hat"}) {
  product { id variants(first: 1) { nodes { id inventoryItem { id } } } } userErrors { message } } }"""
ADJUST = """mutation($input: InventoryAdjustQuantitiesInput!) {
  inventoryAdjustQuantities(input: $input) { userErrors { field message } } }"""
METAFIELD = """mutation($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { metafields { id } userErrors { message } } }"""
TAG = 'mutation($id: ID!) { tagsAdd(id: $id, tags: ["new"]) { userErrors { message } } }'
READ = "query($id: ID!) { product(id: $id) { updatedAt } }"


@pytest.fixture
def store() -> Store:
    return Store()


def product(store: Store) -> Any:
    payload = store.ask(CREATE)
    assert payload["userErrors"] == []
    store.later(60)
    return payload["product"]


def moved(store: Store, gid: str) -> bool:
    return bool(store.ask(READ, id=gid)["updatedAt"] == "2026-10-01T12:01:00Z")


def adjusted(store: Store, made: Any) -> None:
    item = made["variants"]["nodes"][0]["inventoryItem"]["id"]
    place = store.shop.table("Location").all()[0]["id"]
    change = {"inventoryItemId": item, "locationId": place, "delta": 3}
    given = {"name": "available", "reason": "correction", "changes": [change]}
    assert store.ask(ADJUST, "2026-01", input=given)["userErrors"] == []


def test_stock_moves_its_product(store: Store) -> None:
    """Every adjustment of a quantity makes the product look changed."""
    made = product(store)
    adjusted(store, made)
    assert moved(store, made["id"])


def test_metafields_do_not_move_their_owner(store: Store) -> None:
    """A pull by updated_at does not see them change."""
    made = product(store)
    entry = {"ownerId": made["id"], "namespace": "custom", "key": "fit", "type": "single_line_text_field", "value": "v"}
    assert store.ask(METAFIELD, metafields=[entry])["userErrors"] == []
    assert not moved(store, made["id"])


def test_tags_move_their_owner(store: Store) -> None:
    """They are the record's own."""
    made = product(store)
    assert store.ask(TAG, id=made["id"])["userErrors"] == []
    assert moved(store, made["id"])


def test_lagging_index_hears_of_moves_by_others(store: Store) -> None:
    """A product that its stock moved is found by its new updatedAt once the index caught up."""
    made = product(store)
    index.set_lag(store.shop, {"Product": 10})
    adjusted(store, made)
    changed = """{ products(first: 5, query: "updated_at:>='2026-10-01T12:01:00Z'") { nodes { id } } }"""
    assert store.ask(changed)["nodes"] == []
    store.later(10)
    assert store.ask(changed)["nodes"] == [{"id": made["id"]}]
