"""The requested query cost, before the store tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoptide.errors import InvalidDocument
from shoptide.shopify import access, bulk
from shoptide.shopify.cost import page_weight, requested_cost
from shoptide.shopify.schema import LATEST_VERSION, SUPPORTED_VERSIONS, load

RECORDED = Path(__file__).resolve().parents[4] / "shared" / "shopify" / "costs.jsonl"
SCHEMA = load(LATEST_VERSION)


@pytest.mark.parametrize(
    ("size", "weight"),
    [(0, 0), (1, 1), (2, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (200, 10), (250, 11)],
)
def test_pages_cost_by_the_logarithm_of_their_size(size: int, weight: int) -> None:
    """FACTS §3 gives these."""
    assert page_weight(size) == weight


@pytest.mark.parametrize(
    ("document", "variables", "cost"),
    [
        ("{ shop { name } }", {}, 1),
        ("{ products(first: 250) { nodes { id } } }", {}, 13),
        ("{ products(first: 250) { nodes { id } edges { node { id } } } }", {}, 24),
        ("query($n: Int = 10) { products(first: $n) { nodes { id } } }", {}, 6),
        ("query($n: Int = 10) { products(first: $n) { nodes { id } } }", {"n": 50}, 9),
        ("{ orders(last: 10) { edges { node { id lineItems(first: 5) { nodes { id } } } } } }", {}, 26),
        ("{ ordersCount { count } customersCount { count } }", {}, 20),
        ("{ order(id: 1) { totalPriceSet { shopMoney { amount } } customer { id defaultAddress { city } } } }", {}, 2),
        ("query($no: Boolean!) { shop { name } products(first: 10) @skip(if: $no) { nodes { id } } }", {"no": True}, 1),
        (
            "query($i: [ID!]!) { nodes(ids: $i) { ... on Order { customer { id } } ... on Product { id } } }",
            {"i": []},
            2,
        ),
        ("mutation($i: [ID!]!) { tagsAdd(id: 1, tags: $i) { node { id } userErrors { field message } } }", {}, 10),
        (
            "mutation { a: tagsAdd(id: 1, tags: []) { node { id } } b: tagsAdd(id: 2, tags: []) { node { id } } }",
            {},
            20,
        ),
        ("mutation { productCreate(product: {}) { product { id seo { title } } } }", {}, 11),
        (
            "mutation($p: ProductSetInput!) { productSet(input: $p) { product { id } } }",
            {"p": {"variants": [{}] * 2049}},
            420,
        ),
    ],
)
def test_documents_cost_what_shopify_asks(document: str, variables: dict[str, Any], cost: int) -> None:
    """Each line is one clause of the formula."""
    assert requested_cost(SCHEMA, document, variables) == cost


def test_is_exact_on_recorded_costs() -> None:
    """At least 95 % of what real stores answered."""
    if not RECORDED.exists():
        pytest.skip("recorded costs are not part of the project")
    lines = [json.loads(line) for line in RECORDED.read_text("utf-8").splitlines()]
    usable = [line for line in lines if set(line["valid_on"]) & set(SUPPORTED_VERSIONS)]
    exact = sum(_recorded_cost(line) == line["requestedQueryCost"] for line in usable)
    assert exact / len(usable) >= 0.95


def _recorded_cost(line: dict[str, Any]) -> int:
    versions = [each for each in line["valid_on"] if each in SUPPORTED_VERSIONS]
    version = line["api_version"] if line["api_version"] in versions else versions[0]
    return requested_cost(load(version), line["query"], line["variables"])


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
@pytest.mark.parametrize(
    "document", [access.DOCUMENT, bulk.RUN_QUERY, bulk.RUN_MUTATION, bulk.READ, bulk.RECENT, bulk.CANCEL]
)
def test_the_clients_own_documents_fit_every_version(version: str, document: str) -> None:
    """They can be priced, so all their fields exist."""
    assert 1 <= requested_cost(load(version), document, {"first": 25}) <= 30


def test_an_unknown_field_is_told_with_its_type_and_version() -> None:
    """What the store would refuse needs no request."""
    with pytest.raises(InvalidDocument, match="'nmae' does not exist on type 'Shop' in API version 2026-10"):
        requested_cost(SCHEMA, "{ shop { nmae } }")
