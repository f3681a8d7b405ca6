"""Rules of arguments that the schema's types don't state."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import answer, ask, opened

from shoptide.simulator.world import World


@pytest.fixture
def world() -> World:
    return opened()


def refusal(world: World, query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> Any:
    """The one error of an answer whose field is null."""
    body = answer(world, query, variables, version)
    assert list(body["data"].values()) == [None]
    (error,) = body["errors"]
    return error["extensions"]["code"], error["message"]


CREATE = """mutation { productCreate(product: {title: "Hat"}) { product {
  variants(first: 1) { nodes { inventoryItem { id } } } } } }"""
ADJUST = """mutation($item: ID!, $place: ID!) { inventoryAdjustQuantities(input: {
  name: "available", reason: "correction",
  changes: [{inventoryItemId: $item, locationId: $place, delta: 1}]}) %s { userErrors { message } } }"""


def test_quantities_say_what_they_change_from(world: World) -> None:
    """Since 2026-04 the field must be there, null or not, though the schema lets it be left out."""
    product = ask(world, CREATE)
    item = product["productCreate"]["product"]["variants"]["nodes"][0]["inventoryItem"]["id"]
    places = {"item": item, "place": next(iter(world.shop.table("Location")))["id"]}
    code, message = refusal(world, ADJUST % '@idempotent(key: "a")', places)
    assert code == "INVALID_FIELD_ARGUMENTS"
    assert message == "InventoryChangeInput must include the following argument: changeFromQuantity."
    body = ask(world, ADJUST % "", places, "2026-01")
    assert body["inventoryAdjustQuantities"]["userErrors"] == []


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        (
            'mutation { productCreate(product: {title: "A"}, input: {title: "B"}) { product { id } } }',
            "INVALID_FIELD_ARGUMENTS",
            "productCreate must include exactly one of the following arguments: input, product.",
        ),
        (
            'mutation { fileCreate(files: [{originalSource: ""}]) { files { id } } }',
            "INVALID_FIELD_ARGUMENTS",
            "originalSource is too short (minimum is 1)",
        ),
        (
            'mutation { collectionUpdate(input: {title: "A"}) { collection { id } } }',
            "BAD_REQUEST",
            "id must be specified on collectionUpdate",
        ),
        (
            "mutation { orderCreate(order: {currency: XXX, lineItems: []}) { order { id } } }",
            "CURRENCY_CODE_INVALID",
            'CurrencyCode "XXX" is invalid. It can only be used as a result and not as an input value.',
        ),
    ],
)
def test_the_field_is_null_and_the_rule_is_named(world: World, query: str, code: str, message: str) -> None:
    """Each broken rule has the store's code and words."""
    assert refusal(world, query) == (code, message)
