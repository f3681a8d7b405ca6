"""A small shop on the engine alone: gadgets stored as products, enough to search, sort, page and export."""

from __future__ import annotations

from typing import Any

import httpx2

from shoptide.simulator.registry import SEARCHES, SORTS, instant, numeric_id, search, sort, text, token
from shoptide.simulator.shop import tail_of
from shoptide.simulator.world import World

HEADERS = {"X-Shopify-Access-Token": "shpat_simulated"}


def world(products: int = 7) -> World:
    """A world whose only shop has that many products with two variants each, made a minute apart."""
    made = World.empty(plan="plus")
    for number in range(products):
        add_product(made, number)
    return made


def register() -> None:
    """What the engine must know of products, where no domain module says it."""
    if "Product" not in SEARCHES:
        fields = {
            "title": text(lambda row, _shop: row["title"]),
            "tag": token(lambda row, _shop: row["tags"]),
            "status": token(lambda row, _shop: row["status"], ["active", "draft", "archived"]),
            "updated_at": instant(lambda row, _shop: row["updatedAt"]),
            "id": numeric_id(lambda row, _shop: row["id"]),
        }
        search("Product", fields, text=[lambda row, _shop: row["title"]])
    if "products" not in SORTS:
        keys = {
            "TITLE": lambda row, _shop: row["title"],
            "UPDATED_AT": lambda row, _shop: row["updatedAt"],
            "ID": lambda row, _shop: int(tail_of(row["id"])),
        }
        sort("products", keys, default="ID")


def add_product(made: World, number: int) -> dict[str, Any]:
    shop = made.shop
    stamp = f"2026-10-01T12:{number:02d}:00Z"
    product = {
        "id": shop.new_id("Product"),
        "title": f"Gadget {number}/x",
        "handle": f"gadget-{number}",
        "vendor": "Acme",
        "productType": "",
        "status": "ACTIVE" if number % 2 else "DRAFT",
        "tags": [f"t{number}", "all"],
        "createdAt": stamp,
        "updatedAt": stamp,
        "description": "",
        "descriptionHtml": "",
        "variants": [
            {"id": shop.new_id("ProductVariant"), "title": f"V{index}", "sku": f"S-{number}-{index}", "price": "9.9"}
            for index in range(2)
        ],
    }
    return shop.table("Product").put(product)


def post(url: str, query: str, variables: dict[str, Any] | None = None, version: str = "2026-10") -> dict[str, Any]:
    body = {"query": query, "variables": variables or {}}
    answer = httpx2.post(f"{url}/admin/api/{version}/graphql.json", json=body, headers=HEADERS, timeout=30)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
