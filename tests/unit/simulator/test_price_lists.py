"""Catalogs, their publications and price lists in the simulated store."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

CATALOG = """mutation($input: CatalogCreateInput!) { catalogCreate(input: $input) {
  catalog { __typename id priceList { id } publication { id } } userErrors { field code } } }"""
LIST = """mutation($input: PriceListCreateInput!) { priceListCreate(input: $input) {
  priceList { id catalog { id } } userErrors { field code } } }"""
PRICES = """query($id: ID!) { priceList(id: $id) { fixedPricesCount prices(first: 9) { nodes {
  originType price { amount } compareAtPrice { amount } } } } }"""
TENTH_OFF = {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 10}}


@pytest.fixture
def store() -> Store:
    return Store()


def market(store: Store, name: str = "Europe") -> str:
    query = """mutation($name: String!) { marketCreate(input: {name: $name, regions: [{countryCode: FR}]}) {
      market { id } } }"""
    gid: str = store.ask(query, name=name)["market"]["id"]
    return gid


def catalog(store: Store, **given: Any) -> Any:
    context = given.pop("context", None) or {"marketIds": [market(store)]}
    return store.ask(CATALOG, input={"title": "Europe", "status": "ACTIVE", "context": context, **given})


def price_list(store: Store, **given: Any) -> Any:
    return store.ask(LIST, input={"name": "Europe", "currency": "CAD", "parent": TENTH_OFF, **given})


def variant(store: Store, price: str = "20.00", compare: str | None = None) -> str:
    query = 'mutation { productCreate(product: {title: "P"}) { product { id variants(first: 1) { nodes { id } } } } }'
    made = store.ask(query)["product"]
    gid: str = made["variants"]["nodes"][0]["id"]
    query = """mutation($id: ID!, $rows: [ProductVariantsBulkInput!]!) { productVariantsBulkUpdate(
      productId: $id, variants: $rows) { userErrors { message } } }"""
    store.ask(query, id=made["id"], rows=[{"id": gid, "price": price, "compareAtPrice": compare}])
    return gid


def test_a_price_list_lowers_and_fixes_prices(store: Store) -> None:
    """Prices are the shop's less the share until one is fixed; a fixed one can be taken back."""
    gid = price_list(store)["priceList"]["id"]
    piece = variant(store, "20.00", "30.00")
    reckoned = {"originType": "RELATIVE", "price": {"amount": "18.0"}, "compareAtPrice": {"amount": "27.0"}}
    assert store.ask(PRICES, id=gid) == {"fixedPricesCount": 0, "prices": {"nodes": [reckoned]}}
    query = """mutation($id: ID!, $prices: [PriceListPriceInput!]!) { priceListFixedPricesAdd(
      priceListId: $id, prices: $prices) { prices { originType } userErrors { field code } } }"""
    money = {"amount": "15.5", "currencyCode": "CAD"}
    store.ask(query, id=gid, prices=[{"variantId": piece, "price": money}])
    fixed = {"originType": "FIXED", "price": {"amount": "15.5"}, "compareAtPrice": None}
    assert store.ask(PRICES, id=gid) == {"fixedPricesCount": 1, "prices": {"nodes": [fixed]}}
    wrong = store.ask(query, id=gid, prices=[{"variantId": piece, "price": {**money, "currencyCode": "EUR"}}])
    path = ["prices", "0", "price", "currencyCode"]
    assert wrong["userErrors"] == [{"field": path, "code": "PRICE_LIST_CURRENCY_MISMATCH"}]
    query = """mutation($id: ID!, $gids: [ID!]!) { priceListFixedPricesDelete(priceListId: $id, variantIds: $gids) {
      userErrors { field code } } }"""
    assert store.ask(query, id=gid, gids=[piece])["userErrors"] == []
    again = store.ask(query, id=gid, gids=[piece])["userErrors"]
    assert again == [{"field": ["variantIds", "0"], "code": "PRICE_NOT_FIXED"}]


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"name": " "}, ["input", "name"], "BLANK"),
        (
            {"parent": {"adjustment": {"type": "PERCENTAGE_DECREASE", "value": 101}}},
            ["input", "parent", "adjustment", "value"],
            "INVALID_ADJUSTMENT_VALUE",
        ),
        ({"catalogId": "gid://shopify/MarketCatalog/1"}, ["input", "catalogId"], "CATALOG_DOES_NOT_EXIST"),
    ],
)
def test_what_a_price_list_may_not_be(store: Store, given: Any, path: list[str], code: str) -> None:
    assert price_list(store, **given)["userErrors"] == [{"field": path, "code": code}]


def test_a_price_list_belongs_to_one_catalog(store: Store) -> None:
    """Given to another, the first lets go of it; deleted with its catalog only on request."""
    first = catalog(store)["catalog"]["id"]
    prices = price_list(store, catalogId=first)["priceList"]
    assert prices["catalog"] == {"id": first}
    context = {"marketIds": [market(store, "Asia")]}
    second = store.ask(
        CATALOG, input={"title": "Asia", "status": "ACTIVE", "context": context, "priceListId": prices["id"]}
    )
    assert second["catalog"]["priceList"] == {"id": prices["id"]}
    query = "query($id: ID!) { catalog(id: $id) { priceList { id } } }"
    assert store.ask(query, id=first) == {"priceList": None}
    query = "mutation($id: ID!) { catalogDelete(id: $id, deleteDependentResources: true) { deletedId } }"
    store.ask(query, id=second["catalog"]["id"])
    assert store.ask(PRICES, id=prices["id"]) is None


def test_a_catalog_is_for_one_sort_of_customers(store: Store) -> None:
    assert store.ask(CATALOG, input={"title": "None", "status": "ACTIVE", "context": {}})["userErrors"] == [
        {"field": ["input", "context"], "code": "MUST_PROVIDE_EXACTLY_ONE_CONTEXT_TYPE"}
    ]
    unknown = catalog(store, context={"marketIds": ["gid://shopify/Market/1"]})["userErrors"]
    assert unknown == [{"field": ["input", "context", "marketIds", "0"], "code": "MARKET_NOT_FOUND"}]
    made = catalog(store, context={"marketIds": [market(store, "Asia")]})["catalog"]
    assert made["__typename"] == "MarketCatalog"
    listed = store.ask("{ catalogs(first: 5, type: COMPANY_LOCATION) { nodes { id } } }")["nodes"]
    assert listed == []
    markets = store.ask("{ markets(first: 5) { nodes { catalogs(first: 5) { nodes { id } } } } }")["nodes"]
    assert [row["catalogs"]["nodes"] for row in markets if row["catalogs"]["nodes"]] == [[{"id": made["id"]}]]


def test_a_catalog_s_publication_has_its_products(store: Store) -> None:
    made = catalog(store)["catalog"]["id"]
    query = """mutation($catalog: ID!) { publicationCreate(input: {catalogId: $catalog, defaultState: EMPTY}) {
      publication { id catalog { id } } userErrors { field code } } }"""
    publication = store.ask(query, catalog=made)["publication"]
    assert publication["catalog"] == {"id": made}
    assert store.ask(query, catalog=made)["userErrors"] == [{"field": ["input", "catalogId"], "code": "TAKEN"}]
    product = store.ask('mutation { productCreate(product: {title: "P"}) { product { id } } }')["product"]["id"]
    query = """mutation($id: ID!, $input: PublicationUpdateInput!) { publicationUpdate(id: $id, input: $input) {
      publication { includedProductsCount { count } } userErrors { field code } } }"""
    found = store.ask(query, id=publication["id"], input={"publishablesToAdd": [product]})
    assert found["publication"] == {"includedProductsCount": {"count": 1}}
    wrong = store.ask(query, id=publication["id"], input={"publishablesToAdd": ["gid://shopify/Product/1"]})
    path = ["input", "publishablesToAdd", "0"]
    assert wrong["userErrors"] == [{"field": path, "code": "INVALID_PUBLISHABLE_ID"}]
    query = "mutation($id: ID!) { publicationDelete(id: $id) { deletedId userErrors { code } } }"
    assert store.ask(query, id=publication["id"])["deletedId"] == publication["id"]
    channel = store.ask("{ publications(first: 1, catalogType: APP) { nodes { id } } }")["nodes"][0]["id"]
    refused = store.ask(query, id=channel)["userErrors"]
    assert refused == [{"code": "CANNOT_MODIFY_APP_CATALOG_PUBLICATION"}]


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        ({"minimum": 0, "increment": 1}, "minimum", "GREATER_THAN_OR_EQUAL_TO"),
        ({"minimum": 2, "increment": 3}, "increment", "INCREMENT_IS_GREATER_THAN_MINIMUM"),
        ({"minimum": 5, "increment": 2}, "minimum", "MINIMUM_NOT_MULTIPLE_OF_INCREMENT"),
        ({"minimum": 6, "maximum": 4, "increment": 2}, "minimum", "MINIMUM_IS_GREATER_THAN_MAXIMUM"),
        ({"minimum": 2, "maximum": 5, "increment": 2}, "maximum", "MAXIMUM_NOT_MULTIPLE_OF_INCREMENT"),
    ],
)
def test_rules_of_numbers_agree_with_themselves(store: Store, rule: Any, path: str, code: str) -> None:
    gid, piece = price_list(store)["priceList"]["id"], variant(store)
    query = """mutation($id: ID!, $rules: [QuantityRuleInput!]!) { quantityRulesAdd(
      priceListId: $id, quantityRules: $rules) { quantityRules { isDefault } userErrors { field code } } }"""
    errors = store.ask(query, id=gid, rules=[{"variantId": piece, **rule}])["userErrors"]
    assert errors == [{"field": ["quantityRules", "0", path], "code": code}]
    good = store.ask(query, id=gid, rules=[{"variantId": piece, "minimum": 2, "increment": 2}])
    assert good == {"quantityRules": [{"isDefault": False}], "userErrors": []}


def test_larger_numbers_cost_less(store: Store) -> None:
    """A break needs a fixed price of its variant; all of an input is written or nothing."""
    gid, piece = price_list(store)["priceList"]["id"], variant(store)
    query = """mutation($id: ID!, $input: QuantityPricingByVariantUpdateInput!) { quantityPricingByVariantUpdate(
      priceListId: $id, input: $input) { productVariants { id } userErrors { field code } } }"""
    names = ["pricesToAdd", "pricesToDeleteByVariantId", "quantityPriceBreaksToAdd", "quantityPriceBreaksToDelete"]
    names += ["quantityRulesToAdd", "quantityRulesToDeleteByVariantId"]
    given: dict[str, Any] = {name: [] for name in names}
    money = {"amount": "9", "currencyCode": "CAD"}
    given["quantityPriceBreaksToAdd"] = [{"variantId": piece, "minimumQuantity": 10, "price": money}]
    wrong = store.ask(query, id=gid, input=given)["userErrors"]
    assert [error["code"] for error in wrong] == ["QUANTITY_PRICE_BREAK_ADD_PRICE_LIST_PRICE_NOT_FOUND"]
    given["pricesToAdd"] = [{"variantId": piece, "price": {"amount": "12", "currencyCode": "CAD"}}]
    assert store.ask(query, id=gid, input=given)["productVariants"] == [{"id": piece}]
    query = """query($id: ID!) { priceList(id: $id) { prices(first: 1) { nodes { quantityPriceBreaks(first: 5) {
      nodes { minimumQuantity price { amount } } } } } } }"""
    found = store.ask(query, id=gid)["prices"]["nodes"][0]["quantityPriceBreaks"]["nodes"]
    assert found == [{"minimumQuantity": 10, "price": {"amount": "9.0"}}]
