"""Order editing in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, created, line, money, opened, order_of

from shoptide.simulator.world import World

EDIT = """calculatedOrder { id totalPriceSet { shopMoney { amount } } subtotalLineItemsQuantity
  lineItems(first: 10) { nodes { id title quantity editableQuantity } }
  stagedChanges(first: 10) { nodes { __typename } } } userErrors { field message }"""


def begun(world: World, order: Any) -> Any:
    query = f"mutation($id: ID!) {{ orderEditBegin(id: $id) {{ {EDIT} }} }}"
    return ask(world, query, {"id": order["id"]})["orderEditBegin"]["calculatedOrder"]


def edited(world: World, name: str, arguments: str, **variables: Any) -> Any:
    """The payload of one staging mutation; its arguments as text, their values as variables."""
    kinds = {"id": "ID!", "line": "ID!", "quantity": "Int!", "title": "String!", "price": "MoneyInput!", "off": "Float"}
    declared = ", ".join(f"${key}: {kinds[key]}" for key in variables)
    return ask(world, f"mutation({declared}) {{ {name}({arguments}) {{ {EDIT} }} }}", variables)[name]


def committed(world: World, gid: str) -> Any:
    query = """mutation($id: ID!) { orderEditCommit(id: $id) { order { id currentTotalPriceSet { shopMoney { amount } }
      lineItems(first: 10) { nodes { title quantity currentQuantity } } refunds { id }
      fulfillmentOrders(first: 10) { nodes { status lineItems(first: 10) { nodes { remainingQuantity } } } } }
      userErrors { field message } } }"""
    return ask(world, query, {"id": gid})["orderEditCommit"]


@pytest.fixture
def world() -> World:
    return opened()


def test_an_edit_is_nothing_until_it_is_committed(world: World) -> None:
    """Staged changes show on the calculated order only; committing brings lines, work and totals to the order."""
    order = created(world, line("Hat", 2, "10.00"), currency="CAD")
    edit = begun(world, order)
    price = {"amount": "5.00", "currencyCode": "CAD"}
    arguments = "id: $id, title: $title, quantity: $quantity, price: $price, requiresShipping: true"
    payload = edited(world, "orderEditAddCustomItem", arguments, id=edit["id"], title="Box", quantity=3, price=price)
    assert payload["calculatedOrder"]["totalPriceSet"]["shopMoney"]["amount"] == "35.0"
    assert [row["title"] for row in order_of(world, order["id"])["lineItems"]["nodes"]] == ["Hat"]
    after = committed(world, edit["id"])["order"]
    assert after["currentTotalPriceSet"]["shopMoney"]["amount"] == "35.0"
    assert [row["quantity"] for row in after["lineItems"]["nodes"]] == [2, 3]
    work = [row["lineItems"]["nodes"][0]["remainingQuantity"] for row in after["fulfillmentOrders"]["nodes"]]
    assert work == [2, 3]


def test_removed_pieces_are_refunded_without_money(world: World) -> None:
    """A lower quantity takes pieces off what is current and off the work; the line keeps what was ordered."""
    order = created(world, line("Hat", 3, "10.00"), currency="CAD")
    edit = begun(world, order)
    gid = edit["lineItems"]["nodes"][0]["id"]
    arguments = "id: $id, lineItemId: $line, quantity: $quantity"
    payload = edited(world, "orderEditSetQuantity", arguments, id=edit["id"], line=gid, quantity=1)
    assert payload["calculatedOrder"]["stagedChanges"]["nodes"] == [{"__typename": "OrderStagedChangeDecrementItem"}]
    after = committed(world, edit["id"])["order"]
    assert after["lineItems"]["nodes"] == [{"title": "Hat", "quantity": 3, "currentQuantity": 1}]
    assert after["currentTotalPriceSet"]["shopMoney"]["amount"] == "10.0"
    assert len(after["refunds"]) == 1


def test_a_line_discount_counts_by_piece(world: World) -> None:
    """Ten per cent off each of two hats."""
    order = created(world, line("Hat", 2, "10.00"), currency="CAD")
    edit = begun(world, order)
    gid = edit["lineItems"]["nodes"][0]["id"]
    arguments = "id: $id, lineItemId: $line, discount: {percentValue: $off}"
    payload = edited(world, "orderEditAddLineItemDiscount", arguments, id=edit["id"], line=gid, off=10.0)
    assert payload["calculatedOrder"]["totalPriceSet"]["shopMoney"]["amount"] == "18.0"
    assert committed(world, edit["id"])["order"]["currentTotalPriceSet"]["shopMoney"]["amount"] == "18.0"


def test_what_an_edit_refuses(world: World) -> None:
    """Unknown edits, nothing staged, wrong quantities and currencies each have their words."""
    edit = begun(world, created(world, currency="CAD"))
    nothing = committed(world, edit["id"])["userErrors"]
    assert nothing == [{"field": ["id"], "message": "There must be at least one change to be made."}]
    unknown = committed(world, "gid://shopify/CalculatedOrder/1")["userErrors"]
    assert unknown == [{"field": ["id"], "message": "The calculated order does not exist."}]
    arguments = "id: $id, title: $title, quantity: $quantity, price: $price"
    price = money("1.00", "USD")["shopMoney"]
    payload = edited(world, "orderEditAddCustomItem", arguments, id=edit["id"], title=" ", quantity=0, price=price)
    assert [error["message"] for error in payload["userErrors"]] == [
        "can't be blank",
        "must be greater than 0",
        "Currency must be CAD.",
    ]
