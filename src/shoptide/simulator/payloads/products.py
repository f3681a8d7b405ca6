"""Payloads of products/* and variants/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.domain import variants
from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import UNITS, grams, low, nodes, number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

MOST_VARIANTS = 100  # told in full; of the others only the gids
VARIANT = """
fragment V on ProductVariant {
  id title price compareAtPrice barcode sku position inventoryPolicy inventoryQuantity taxable createdAt updatedAt
  selectedOptions { name value } image { id }
  inventoryItem { id tracked requiresShipping measurement { weight { value unit } } }
}
"""
DOCUMENT = (
    """
query Product($id: ID!) { node(id: $id) { ... on Product {
  id title handle descriptionHtml vendor productType status tags templateSuffix createdAt updatedAt publishedAt
  hasVariantsThatRequiresComponents category { id name fullName }
  options { id name position values }
  variants(first: 100) { nodes { ...V } }
  media(first: 250) { nodes {
    id alt mediaContentType status preview { status image { url width height } }
    ... on MediaImage { createdAt updatedAt image { id url width height altText } }
    ... on Video { createdAt updatedAt } ... on ExternalVideo { createdAt updatedAt }
    ... on Model3d { createdAt updatedAt }
  } }
} } }
"""
    + VARIANT
)
VARIANT_DOCUMENT = (
    "query Variant($id: ID!) { node(id: $id) { ... on ProductVariant { ...V product { id } } } }" + VARIANT
)


def variant(found: Record, product: int | None, shop: Shop) -> Record:
    item = found["inventoryItem"]
    weight = item["measurement"]["weight"]
    options = [held["value"] for held in found["selectedOptions"]]
    return {
        "id": number(found["id"]),
        "admin_graphql_api_id": found["id"],
        "barcode": found["barcode"],
        "compare_at_price": found["compareAtPrice"],
        "created_at": stamp(found["createdAt"], shop),
        "fulfillment_service": "manual",
        "grams": grams(weight),
        "image_id": number(found["image"]["id"]) if found["image"] else None,
        "inventory_item_id": number(item["id"]),
        "inventory_management": "shopify" if item["tracked"] else None,
        "inventory_policy": low(found["inventoryPolicy"]),
        "inventory_quantity": found["inventoryQuantity"],
        "old_inventory_quantity": found["inventoryQuantity"],
        **{f"option{place}": options[place - 1] if len(options) >= place else None for place in (1, 2, 3)},
        "position": found["position"],
        "price": found["price"],
        "product_id": product,
        "requires_shipping": item["requiresShipping"],
        "sku": found["sku"],
        "taxable": found["taxable"],
        "title": found["title"],
        "updated_at": stamp(found["updatedAt"], shop),
        "weight": weight["value"] if weight else 0.0,
        "weight_unit": UNITS[weight["unit"]] if weight else "kg",
    }


def image(found: Record, place: int, product: int | None, rows: list[Record], shop: Shop) -> Record:
    shown = found["image"]
    gid = number(shown["id"])
    return {
        "id": gid,
        "admin_graphql_api_id": f"gid://shopify/ProductImage/{gid}",
        "alt": found["alt"] or None,
        "created_at": stamp(found["createdAt"], shop),
        "height": shown["height"],
        "position": place,
        "product_id": product,
        "src": shown["url"],
        "updated_at": stamp(found["updatedAt"], shop),
        "variant_ids": [row["id"] for row in rows if row["image_id"] == gid],
        "width": shown["width"],
    }


def medium(found: Record, place: int, product: int | None, rows: list[Record], shop: Shop) -> Record:
    preview = found["preview"] or {"status": "READY", "image": None}
    shown = preview["image"] or {"url": None, "width": None, "height": None}
    own = found.get("image")
    own_id = number(own["id"]) if own else None
    return {
        "id": number(found["id"]),
        "admin_graphql_api_id": found["id"],
        "alt": found["alt"],
        "created_at": stamp(found.get("createdAt"), shop),
        "media_content_type": found["mediaContentType"],
        "position": place,
        "preview_image": {
            "width": shown["width"],
            "height": shown["height"],
            "src": shown["url"],
            "status": preview["status"],
        },
        "product_id": product,
        "status": found["status"],
        "updated_at": stamp(found.get("updatedAt"), shop),
        "variant_ids": [row["id"] for row in rows if own_id is not None and row["image_id"] == own_id],
    }


def _category(found: Record | None) -> Record | None:
    if found is None:
        return None
    return {"admin_graphql_api_id": found["id"], "name": found["name"], "full_name": found["fullName"]}


def _option(found: Record, product: int | None) -> Record:
    return {
        "id": number(found["id"]),
        "name": found["name"],
        "position": found["position"],
        "product_id": product,
        "values": found["values"],
    }


@payload("products/create", "products/update")
def product(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(DOCUMENT, record["id"], shop)
    if found is None:
        return None
    gid = number(found["id"])
    rows = [variant(row, gid, shop) for row in nodes(found["variants"])]
    media = list(enumerate(nodes(found["media"]), 1))
    pictures = [held for _place, held in media if held.get("image")]
    images = [image(held, place, gid, rows, shop) for place, held in enumerate(pictures, 1)]
    return {
        "id": gid,
        "admin_graphql_api_id": found["id"],
        "body_html": found["descriptionHtml"],
        "category": _category(found["category"]),
        "created_at": stamp(found["createdAt"], shop),
        "handle": found["handle"],
        "has_variants_that_requires_components": found["hasVariantsThatRequiresComponents"],
        "image": images[0] if images else None,
        "images": images,
        "media": [medium(held, place, gid, rows, shop) for place, held in media],
        "options": [_option(held, gid) for held in found["options"]],
        "product_type": found["productType"],
        "published_at": stamp(found["publishedAt"], shop),
        "published_scope": "web",
        "status": low(found["status"]),
        "tags": ", ".join(found["tags"]),
        "template_suffix": found["templateSuffix"],
        "title": found["title"],
        "updated_at": stamp(found["updatedAt"], shop),
        "variant_gids": [
            {"admin_graphql_api_id": row["id"], "updated_at": stamp(row["updatedAt"], shop)}
            for row in variants.of_product(shop, record["id"])
        ],
        "variants": rows,
        "vendor": found["vendor"],
    }


@payload("products/delete")
def deleted(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"id": number(record["id"])}


@payload("variants/in_stock", "variants/out_of_stock")
def stocked(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(VARIANT_DOCUMENT, record["id"], shop)
    if found is None:
        return None
    shown = variant(found, number(found["product"]["id"]), shop)
    return {name: value for name, value in shown.items() if name not in ONLY_IN_PRODUCTS}


ONLY_IN_PRODUCTS = frozenset(
    {
        "fulfillment_service",
        "grams",
        "inventory_item_id",
        "inventory_management",
        "requires_shipping",
        "weight",
        "weight_unit",
    }
)
