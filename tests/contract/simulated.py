"""A small shop: a few gadgets, enough to search, sort, page and export."""

from __future__ import annotations

from typing import Any

import httpx2

from shoptide.simulator.execution import Request
from shoptide.simulator.world import World

HEADERS = {"X-Shopify-Access-Token": "shpat_simulated"}


def world(products: int = 7) -> World:
    """A world whose only shop has that many products with two variants each, made a minute apart."""
    made = World.empty(plan="plus")
    for number in range(products):
        add_product(made, number)
    return made


SET = """mutation($input: ProductSetInput!) { productSet(input: $input) {
  product { id } userErrors { field message } } }"""


def add_product(made: World, number: int) -> dict[str, Any]:
    """A product with two variants, made through the API and then dated."""
    values = [{"name": f"V{index}"} for index in range(2)]
    variants = [
        {"optionValues": [{"optionName": "Kind", **value}], "sku": f"S-{number}-{index}", "price": "9.9"}
        for index, value in enumerate(values)
    ]
    given = {
        "title": f"Gadget {number}/x",
        "handle": f"gadget-{number}",
        "vendor": "Acme",
        "status": "ACTIVE" if number % 2 else "DRAFT",
        "tags": [f"t{number}", "all"],
        "productOptions": [{"name": "Kind", "values": values}],
        "variants": variants,
    }
    body = made.first.execute(Request(SET, {"input": given}), "2026-10", "http://127.0.0.1")
    payload = body["data"]["productSet"]
    assert payload["userErrors"] == []
    product = made.shop.table("Product").get(payload["product"]["id"])
    assert product is not None
    product["createdAt"] = product["updatedAt"] = f"2026-10-01T12:{number:02d}:00Z"
    made.first.bucket.give_back(1000)
    return made.shop.table("Product").put(product)


def post(url: str, query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> dict[str, Any]:
    body = {"query": query, "variables": variables or {}}
    answer = httpx2.post(f"{url}/admin/api/{version}/graphql.json", json=body, headers=HEADERS, timeout=30)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
