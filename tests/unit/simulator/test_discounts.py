"""Discounts in the simulated store: what they say of themselves, when they apply, their codes, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

BASIC = """mutation($given: DiscountCodeBasicInput!) { discountCodeBasicCreate(basicCodeDiscount: $given) {
  codeDiscountNode { id codeDiscount { ... on DiscountCodeBasic {
    status summary discountClasses codes(first: 5) { nodes { code } } } } }
  userErrors { field message code } } }"""
BXGY = """mutation($given: DiscountAutomaticBxgyInput!) { discountAutomaticBxgyCreate(automaticBxgyDiscount: $given) {
  automaticDiscountNode { id automaticDiscount { ... on DiscountAutomaticBxgy { summary customerBuys {
    value { ... on DiscountQuantity { quantity } } } } } } userErrors { field code } } }"""
FREE = """mutation($given: DiscountAutomaticFreeShippingInput!) {
  discountAutomaticFreeShippingCreate(freeShippingAutomaticDiscount: $given) {
    automaticDiscountNode { automaticDiscount { ... on DiscountAutomaticFreeShipping { summary status } } }
    userErrors { field code } } }"""
TENTH = {"items": {"all": True}, "value": {"percentage": 0.1}}


@pytest.fixture
def store() -> Store:
    return Store()


def basic(store: Store, **given: Any) -> Any:
    return store.ask(BASIC, given={"title": "Tenth", "code": "TENTH", "customerGets": TENTH, **given})


def product(store: Store, title: str) -> str:
    query = "mutation($t: String!) { productCreate(product: {title: $t}) { product { id } } }"
    gid: str = store.ask(query, t=title)["product"]["id"]
    return gid


@pytest.mark.parametrize(
    ("given", "summary", "kind"),
    [
        ({}, "10% off entire order", "ORDER"),
        (
            {
                "minimumRequirement": {"subtotal": {"greaterThanOrEqualToSubtotal": "50"}},
                "appliesOncePerCustomer": True,
            },
            "10% off entire order • Minimum purchase of $50.00 • One use per customer",
            "ORDER",
        ),
        (
            {"minimumRequirement": {"quantity": {"greaterThanOrEqualToQuantity": "3"}}},
            "10% off entire order • Minimum quantity of 3",
            "ORDER",
        ),
    ],
)
def test_a_code_tells_what_it_takes_off(store: Store, given: Any, summary: str, kind: str) -> None:
    found = basic(store, **given)["codeDiscountNode"]["codeDiscount"]
    assert (found["summary"], found["discountClasses"]) == (summary, [kind])
    assert found["codes"]["nodes"] == [{"code": "TENTH"}]


def test_a_discount_of_articles_names_one_and_counts_several(store: Store) -> None:
    one, two = product(store, "Cap"), product(store, "Mug")
    value = {"discountAmount": {"amount": "5", "appliesOnEachItem": False}}
    gets = {"items": {"products": {"productsToAdd": [one]}}, "value": value}
    made = basic(store, customerGets=gets)["codeDiscountNode"]
    assert made["codeDiscount"]["summary"] == "$5.00 off Cap"
    assert made["codeDiscount"]["discountClasses"] == ["PRODUCT"]
    query = """mutation($id: ID!, $given: DiscountCodeBasicInput!) {
      discountCodeBasicUpdate(id: $id, basicCodeDiscount: $given) {
        codeDiscountNode { codeDiscount { ... on DiscountCodeBasic { summary } } } userErrors { field } } }"""
    more = {"customerGets": {"items": {"products": {"productsToAdd": [two]}}}}
    changed = store.ask(query, id=made["id"], given=more)["codeDiscountNode"]["codeDiscount"]
    assert changed["summary"] == "$5.00 off 2 products"


def test_a_discount_begins_and_ends(store: Store) -> None:
    """By its dates, and by hand."""
    made = basic(store, startsAt="2026-10-02T00:00:00Z", endsAt="2026-10-03T00:00:00Z")["codeDiscountNode"]
    assert made["codeDiscount"]["status"] == "SCHEDULED"
    query = """query($id: ID!) { codeDiscountNode(id: $id) { codeDiscount { ... on DiscountCodeBasic {
      status endsAt } } } }"""
    store.later(24 * 3600)
    assert store.ask(query, id=made["id"])["codeDiscount"]["status"] == "ACTIVE"
    store.later(24 * 3600)
    assert store.ask(query, id=made["id"])["codeDiscount"]["status"] == "EXPIRED"
    for name, status, ends in (("Activate", "ACTIVE", None), ("Deactivate", "EXPIRED", "2026-10-03T12:00:00Z")):
        store.ask(f"mutation($id: ID!) {{ discountCode{name}(id: $id) {{ userErrors {{ message }} }} }}", id=made["id"])
        found = store.ask(query, id=made["id"])["codeDiscount"]
        assert found == {"status": status, "endsAt": ends}


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"title": " "}, "title", "BLANK"),
        ({"code": ""}, "code", "BLANK"),
        ({"endsAt": "2020-01-01T00:00:00Z"}, "endsAt", "INVALID"),
        ({"usageLimit": 0}, "usageLimit", "GREATER_THAN"),
        (
            {"customerGets": {**TENTH, "value": {"percentage": 1.5}}},
            "customerGets.value.percentage",
            "VALUE_OUTSIDE_RANGE",
        ),
        (
            {"customerGets": {**TENTH, "items": {"collections": {"add": ["gid://shopify/Collection/1"]}}}},
            "customerGets.items.collections.add",
            "INVALID",
        ),
    ],
)
def test_what_is_refused(store: Store, given: Any, path: str, code: str) -> None:
    errors = basic(store, **given)["userErrors"]
    assert [(error["field"], error["code"]) for error in errors] == [(["basicCodeDiscount", *path.split(".")], code)]


def test_a_contradiction_is_an_error_of_the_request(store: Store) -> None:
    value = {"percentage": 0.1, "discountAmount": {"amount": "5"}}
    given = {"title": "T", "code": "T", "customerGets": {"items": {"all": True}, "value": value}}
    body = store.answer(BASIC, given=given)
    assert body["data"] == {"discountCodeBasicCreate": None}
    assert body["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


def test_buying_some_gets_some(store: Store) -> None:
    cap, mug = product(store, "Cap"), product(store, "Mug")
    gets = {"quantity": "1", "effect": {"percentage": 1.0}}
    given = {
        "title": "Free mug",
        "customerBuys": {"items": {"products": {"productsToAdd": [cap]}}, "value": {"quantity": "2"}},
        "customerGets": {"items": {"products": {"productsToAdd": [mug]}}, "value": {"discountOnQuantity": gets}},
    }
    found = store.ask(BXGY, given=given)["automaticDiscountNode"]["automaticDiscount"]
    assert found == {"summary": "Buy 2 items, get 1 item free", "customerBuys": {"value": {"quantity": "2"}}}
    errors = store.ask(BXGY, given={"title": "Free mug", "customerGets": TENTH})["userErrors"]
    assert [error["field"][1:] for error in errors] == [
        ["customerBuys", "items"],
        ["customerGets", "items", "all"],
        ["customerGets", "value", "percentage"],
    ]


def test_free_shipping_to_some_countries(store: Store) -> None:
    """It does not add up with other free shipping."""
    given = {"title": "Free", "destination": {"countries": {"add": ["CA"]}}, "maximumShippingPrice": "20"}
    found = store.ask(FREE, given=given)["automaticDiscountNode"]["automaticDiscount"]
    summary = "Free shipping on all products • For Canada • Applies to shipping rates under $20.00"
    assert found == {"summary": summary, "status": "ACTIVE"}
    errors = store.ask(FREE, given={**given, "combinesWith": {"shippingDiscounts": True}})["userErrors"]
    assert errors == [
        {
            "field": ["freeShippingAutomaticDiscount", "combinesWith"],
            "code": "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS",
        }
    ]


def test_codes_come_and_go_by_the_hundred(store: Store) -> None:
    """A code is one discount's, whatever its case."""
    gid = basic(store)["codeDiscountNode"]["id"]
    query = """mutation($id: ID!, $codes: [DiscountRedeemCodeInput!]!) {
      discountRedeemCodeBulkAdd(discountId: $id, codes: $codes) { bulkCreation { importedCount failedCount } } }"""
    made = store.ask(query, id=gid, codes=[{"code": "A1"}, {"code": "tenth"}])["bulkCreation"]
    assert made == {"importedCount": 1, "failedCount": 1}
    assert store.ask('{ codeDiscountNodeByCode(code: "a1") { id } }')["id"] == gid
    query = """mutation($id: ID!) { discountCodeRedeemCodeBulkDelete(discountId: $id, search: "code:A1") {
      userErrors { message } } }"""
    assert store.ask(query, id=gid)["userErrors"] == []
    assert store.ask('{ codeDiscountNodeByCode(code: "a1") { id } }') is None


def test_both_kinds_stand_in_one_list(store: Store) -> None:
    code = basic(store)["codeDiscountNode"]["id"]
    store.ask(FREE, given={"title": "Free"})
    query = "query($q: String) { discountNodes(first: 5, query: $q) { nodes { id discount { __typename } } } }"
    rows = store.ask(query, q=None)["nodes"]
    assert [row["discount"]["__typename"] for row in rows] == ["DiscountCodeBasic", "DiscountAutomaticFreeShipping"]
    assert rows[0]["id"] == code.replace("DiscountCodeNode", "DiscountNode")
    rows = store.ask(query, q="method:automatic")["nodes"]
    assert [row["discount"]["__typename"] for row in rows] == ["DiscountAutomaticFreeShipping"]


def test_many_at_once(store: Store) -> None:
    """Chosen by ids or by a search, not by both nor by neither."""
    gid = basic(store)["codeDiscountNode"]["id"]
    query = """mutation($ids: [ID!], $search: String) { discountCodeBulkDelete(ids: $ids, search: $search) {
      job { done } userErrors { code } } }"""
    assert store.ask(query)["userErrors"] == [{"code": "MISSING_ARGUMENT"}]
    assert store.ask(query, ids=[gid], search="x")["userErrors"] == [{"code": "TOO_MANY_ARGUMENTS"}]
    assert store.ask(query, search="title:Tenth")["job"] == {"done": False}
    assert store.ask("query($id: ID!) { codeDiscountNode(id: $id) { id } }", id=gid) is None
