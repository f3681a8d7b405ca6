"""Gift cards, store credit, segments and the data sale opt-out of customers in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from ordering import ask, created, opened, sale

from shoptide.simulator.world import World

CUSTOMER = """mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id }
  userErrors { message } } }"""
CARD = """mutation($input: GiftCardCreateInput!) { giftCardCreate(input: $input) { giftCardCode
  giftCard { id lastCharacters balance { amount } enabled } userErrors { field message code } } }"""
MERGE = """mutation($one: ID!, $two: ID!) { customerMerge(customerOneId: $one, customerTwoId: $two) {
  userErrors { field message code } } }"""
DELETE = "mutation($id: ID!) { customerDelete(input: {id: $id}) { userErrors { field message } } }"
MEMBERS = """query($query: String!) { customerSegmentMembers(query: $query, first: 9) {
  totalCount edges { node { displayName } } } }"""


@pytest.fixture
def world() -> World:
    return opened()


def customer(world: World, **given: Any) -> str:
    gid: str = ask(world, CUSTOMER, {"input": given})["customerCreate"]["customer"]["id"]
    return gid


def card(world: World, **given: Any) -> Any:
    return ask(world, CARD, {"input": {"initialValue": "20.00", **given}})["giftCardCreate"]


def moved(world: World, gid: str, side: str, amount: str) -> Any:
    name = f"giftCard{side.capitalize()}"
    query = f"""mutation($id: ID!, $money: MoneyInput!) {{ {name}(id: $id, {side}Input: {{{side}Amount: $money}}) {{
      {name}Transaction {{ amount {{ amount }} giftCard {{ balance {{ amount }} }} }} userErrors {{ code }} }} }}"""
    return ask(world, query, {"id": gid, "money": {"amount": amount, "currencyCode": "CAD"}})[name]


def test_a_card_s_balance_moves(world: World) -> None:
    """Credits add, debits take; more than there is can't be taken."""
    made = card(world, code="summer2026")
    assert (made["giftCardCode"], made["giftCard"]["lastCharacters"]) == ("summer2026", "2026")
    gid = made["giftCard"]["id"]
    assert moved(world, gid, "credit", "5.00")["giftCardCreditTransaction"]["giftCard"]["balance"]["amount"] == "25.0"
    assert moved(world, gid, "debit", "10.00")["giftCardDebitTransaction"]["amount"]["amount"] == "-10.00"
    assert moved(world, gid, "debit", "99.00")["userErrors"] == [{"code": "INSUFFICIENT_FUNDS"}]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"initialValue": "0"}, "GREATER_THAN"),
        ({"code": "short"}, "TOO_SHORT"),
        ({"customerId": "gid://shopify/Customer/1"}, "CUSTOMER_NOT_FOUND"),
    ],
)
def test_what_a_card_may_not_be(world: World, given: dict[str, Any], code: str) -> None:
    """Each mistake has its code."""
    assert [error["code"] for error in card(world, **given)["userErrors"]] == [code]


def test_cards_keep_customers_apart(world: World) -> None:
    """Who holds a card can't be merged; whom one is scheduled for can't be deleted."""
    one, two = customer(world, firstName="Merge", lastName="Blocker"), customer(world, email="two@example.com")
    card(world, customerId=one)
    errors = ask(world, MERGE, {"one": one, "two": two})["customerMerge"]["userErrors"]
    assert [error["message"] for error in errors] == ["Merge Blocker has gift cards and can’t be merged."]
    card(world, recipientAttributes={"id": two, "sendNotificationAt": "2027-01-01T00:00:00Z"})
    (error,) = ask(world, DELETE, {"id": two})["customerDelete"]["userErrors"]
    assert error["message"].endswith("they are the recipient of an unsent scheduled gift card")


def test_store_credit_belongs_to_a_customer(world: World) -> None:
    """The first credit opens the account; a debit can't exceed it."""
    gid = customer(world, email="a@example.com")
    query = """mutation($id: ID!, $money: MoneyInput!) {
      storeCreditAccountCredit(id: $id, creditInput: {creditAmount: $money}) {
        storeCreditAccountTransaction { balanceAfterTransaction { amount } } userErrors { code } } }"""
    money = {"amount": "12.50", "currencyCode": "CAD"}
    payload = ask(world, query, {"id": gid, "money": money})["storeCreditAccountCredit"]
    assert payload["storeCreditAccountTransaction"] == {"balanceAfterTransaction": {"amount": "12.50"}}
    debit = """mutation($id: ID!, $money: MoneyInput!) {
      storeCreditAccountDebit(id: $id, debitInput: {debitAmount: $money}) { userErrors { code } } }"""
    refused = ask(world, debit, {"id": gid, "money": {"amount": "13", "currencyCode": "CAD"}})
    assert refused["storeCreditAccountDebit"]["userErrors"] == [{"code": "INSUFFICIENT_FUNDS"}]


def test_a_segment_s_query_finds_its_members(world: World) -> None:
    """AND binds before OR; orders count."""
    gid = customer(world, firstName="Ada", email="ada@example.com", tags=["vip"])
    customer(world, firstName="Bo", email="bo@example.com", tags=["new"])
    created(world, customerId=gid, currency="CAD", transactions=[sale("10.00")])
    for query, names in (
        ("customer_tags CONTAINS 'vip' AND number_of_orders > 0", ["Ada"]),
        ("customer_tags CONTAINS 'new' OR amount_spent >= 10", ["Ada", "Bo"]),
        ("customer_tags NOT CONTAINS 'vip'", ["Bo"]),
    ):
        found = ask(world, MEMBERS, {"query": query})["customerSegmentMembers"]
        assert sorted(edge["node"]["displayName"] for edge in found["edges"]) == names


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "You must provide one of segment_id or query."),
        (
            {"query": "not a", "segmentId": "gid://shopify/Segment/1"},
            "Providing both segment_id and query is not supported.",
        ),
        ({"segmentId": "gid://shopify/Segment/1"}, "Invalid segment ID."),
        ({"query": "hello valid"}, "Line 1 Column 6: 'valid' is unexpected."),
    ],
)
def test_what_members_can_be_asked_by(world: World, given: dict[str, Any], message: str) -> None:
    """One of segment and query, and it must make sense."""
    query = """mutation($input: CustomerSegmentMembersQueryInput!) { customerSegmentMembersQueryCreate(input: $input) {
      userErrors { message code } } }"""
    errors = ask(world, query, {"input": given})["customerSegmentMembersQueryCreate"]["userErrors"]
    assert errors == [{"message": message, "code": "INVALID"}]


def test_a_stranger_may_opt_out(world: World) -> None:
    """An unknown address becomes a customer who opted out."""
    query = 'mutation { dataSaleOptOut(email: "who@example.com") { customerId userErrors { message } } }'
    gid = ask(world, query)["dataSaleOptOut"]["customerId"]
    found = ask(world, "query($id: ID!) { customer(id: $id) { email dataSaleOptOut } }", {"id": gid})["customer"]
    assert found == {"email": "who@example.com", "dataSaleOptOut": True}
