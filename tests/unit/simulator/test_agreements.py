"""The agreements of an order in the simulated store: their sales add up to what the order is now."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from ordering import ask, created, line, money, opened, order_of, sale

from shoptide.simulator.world import World

FIELDS = """edited currentTotalPriceSet { shopMoney { amount } }
  agreements(first: 9) { nodes { __typename reason sales(first: 9) { nodes {
    __typename id actionType lineType quantity totalAmount { shopMoney { amount } }
    totalTaxAmount { shopMoney { amount } } totalDiscountAmountBeforeTaxes { shopMoney { amount } }
    taxes { id amount { shopMoney { amount } } taxLine { title } } } } } }"""


@pytest.fixture
def world() -> World:
    return opened()


def told(world: World, gid: str) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """Reason and (action, pieces, amount) of each sale; the amounts add up to the order's."""
    order = order_of(world, gid, FIELDS)
    found = [(row["reason"], row["sales"]["nodes"]) for row in order["agreements"]["nodes"]]
    amounts = [Decimal(each["totalAmount"]["shopMoney"]["amount"]) for _reason, sales in found for each in sales]
    assert sum(amounts) == Decimal(order["currentTotalPriceSet"]["shopMoney"]["amount"])
    ids = [each["id"] for _reason, sales in found for each in sales]
    assert len(set(ids)) == len(ids)
    return [
        (reason, [(each["actionType"], each["quantity"], each["totalAmount"]["shopMoney"]["amount"]) for each in sales])
        for reason, sales in found
    ]


def refund(world: World, gid: str, **given: Any) -> None:
    query = """mutation($input: RefundInput!) { refundCreate(input: $input) @idempotent(key: "k") {
      userErrors { message } } }"""
    payload = ask(world, query, {"input": {"orderId": gid, **given}})["refundCreate"]
    assert payload["userErrors"] == []


def test_a_refund_takes_sales_back(world: World) -> None:
    """Lines with their taxes, and shipping."""
    taxes = [{"title": "GST", "rate": 0.05, "priceSet": money("1.00")}]
    shipping = [{"title": "Post", "priceSet": money("5.00")}]
    lines = [line("Hat", 2, "10.00", taxLines=taxes)]
    order = created(world, *lines, shippingLines=shipping, transactions=[sale("26.00")])
    assert told(world, order["id"]) == [("ORDER", [("ORDER", 2, "21.0"), ("ORDER", 1, "5.0")])]
    rows = [{"lineItemId": order["lineItems"]["nodes"][0]["id"], "quantity": 1, "restockType": "NO_RESTOCK"}]
    refund(world, order["id"], refundLineItems=rows, shipping={"amount": "2.00"})
    assert told(world, order["id"])[1] == ("REFUND", [("RETURN", -1, "-10.5"), ("RETURN", None, "-2.0")])
    sales = order_of(world, order["id"], FIELDS)["agreements"]["nodes"][1]["sales"]["nodes"]
    assert sales[0]["taxes"][0]["amount"]["shopMoney"]["amount"] == "-0.5"


def test_an_edit_adds_and_takes_back(world: World) -> None:
    """What an edit adds is no part of the order's own agreement; what it removes is no refund's."""
    order = created(world, line("Hat", 3, "10.00"))
    query = (
        "mutation($id: ID!) { orderEditBegin(id: $id) { calculatedOrder { id lineItems(first: 1) { nodes { id } } } } }"
    )
    edit = ask(world, query, {"id": order["id"]})["orderEditBegin"]["calculatedOrder"]
    query = """mutation($id: ID!, $line: ID!) {
      orderEditSetQuantity(id: $id, lineItemId: $line, quantity: 1) { userErrors { message } }
      orderEditAddCustomItem(id: $id, title: "Box", quantity: 2, price: {amount: "4.00", currencyCode: CAD}) {
        userErrors { message } }
      orderEditCommit(id: $id) { userErrors { message } } }"""
    payloads = ask(world, query, {"id": edit["id"], "line": edit["lineItems"]["nodes"][0]["id"]})
    assert [payload["userErrors"] for payload in payloads.values()] == [[], [], []]
    assert order_of(world, order["id"], "edited") == {"edited": True}
    assert told(world, order["id"]) == [
        ("ORDER", [("ORDER", 3, "30.0")]),
        ("ORDER_EDIT", [("RETURN", -2, "-20.0"), ("ORDER", 2, "8.0")]),
    ]
