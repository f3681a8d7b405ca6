"""Draft orders in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, opened

from shoptide.simulator.world import World

FIELDS = """id name status email tags totalPriceSet { shopMoney { amount } } subtotalPriceSet { shopMoney { amount } }
  totalDiscountsSet { shopMoney { amount } } lineItems(first: 5) { nodes { title quantity custom
  originalTotal discountedTotal } } order { id displayFinancialStatus totalPriceSet { shopMoney { amount } }
  lineItems(first: 5) { nodes { title quantity } } }"""


def done(world: World, name: str, arguments: str, declared: str, **variables: Any) -> Any:
    query = (
        f"mutation({declared}) {{ {name}({arguments}) {{ draftOrder {{ {FIELDS} }} userErrors {{ field message }} }} }}"
    )
    return ask(world, query, variables)[name]


def created(world: World, **given: Any) -> Any:
    line = {"title": "Hat", "quantity": 2, "originalUnitPrice": "10.00"}
    return done(
        world, "draftOrderCreate", "input: $input", "$input: DraftOrderInput!", input={"lineItems": [line], **given}
    )


@pytest.fixture
def world() -> World:
    return opened()


def test_a_draft_adds_up(world: World) -> None:
    """Ten per cent off the whole, shipping on top."""
    discount = {"value": 10.0, "valueType": "PERCENTAGE", "title": "Friend"}
    shipping = {"title": "Courier", "price": "5.00"}
    draft = created(world, appliedDiscount=discount, shippingLine=shipping, tags=["b", "a"])["draftOrder"]
    assert (draft["name"], draft["status"], draft["tags"]) == ("#D1", "OPEN", ["a", "b"])
    assert draft["subtotalPriceSet"]["shopMoney"]["amount"] == "18.0"
    assert draft["totalPriceSet"]["shopMoney"]["amount"] == "23.0"
    assert draft["totalDiscountsSet"]["shopMoney"]["amount"] == "2.0"


@pytest.mark.parametrize(("pending", "status"), [(False, "PAID"), (True, "PENDING")])
def test_completing_makes_an_order(world: World, pending: bool, status: str) -> None:
    """The order has the draft's lines and total, and is paid by hand or waits for it; it can be done once."""
    draft = created(world)["draftOrder"]
    arguments, declared = "id: $id, paymentPending: $pending", "$id: ID!, $pending: Boolean"
    after = done(world, "draftOrderComplete", arguments, declared, id=draft["id"], pending=pending)["draftOrder"]
    assert after["status"] == "COMPLETED"
    assert after["order"]["displayFinancialStatus"] == status
    assert after["order"]["totalPriceSet"]["shopMoney"]["amount"] == "20.0"
    again = done(world, "draftOrderComplete", arguments, declared, id=draft["id"], pending=pending)
    assert again["userErrors"] == [{"field": None, "message": "This order has been paid"}]


def test_paths_of_an_update_begin_with_its_input(world: World) -> None:
    """The same mistakes have other paths when a draft is changed."""
    wrong = {"appliedDiscount": {"value": 101.0, "valueType": "PERCENTAGE"}, "tags": ["x" * 41]}
    errors = created(world, **wrong)["userErrors"]
    assert [error["field"] for error in errors] == [["appliedDiscount", "value"], ["tags", "0"]]
    gid = created(world)["draftOrder"]["id"]
    arguments, declared = "id: $id, input: $input", "$id: ID!, $input: DraftOrderInput!"
    errors = done(world, "draftOrderUpdate", arguments, declared, id=gid, input=wrong)["userErrors"]
    assert [error["field"] for error in errors] == [["input", "appliedDiscount", "value"], ["input", "tags", "0"]]


def test_an_invoice_needs_an_address(world: World) -> None:
    """Without an e-mail address it is refused; with one the draft shows it was sent."""
    gid = created(world)["draftOrder"]["id"]
    refused = done(world, "draftOrderInvoiceSend", "id: $id", "$id: ID!", id=gid)
    assert refused["userErrors"] == [{"field": None, "message": "To can't be blank"}]
    arguments = 'id: $id, email: {to: "a@example.com"}'
    assert done(world, "draftOrderInvoiceSend", arguments, "$id: ID!", id=gid)["draftOrder"]["status"] == "INVOICE_SENT"


def test_nothing_is_no_draft(world: World) -> None:
    """A draft needs a line."""
    assert created(world, lineItems=[])["userErrors"] == [{"field": None, "message": "Add at least 1 product"}]
