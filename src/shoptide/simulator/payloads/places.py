"""Payloads of locations/* and collections/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import low, number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

LOCATION = """
query Location($id: ID!) { node(id: $id) { ... on Location {
  id name isActive isFulfillmentService createdAt updatedAt
  address { address1 address2 city zip province provinceCode country countryCode phone }
} } }
"""
COLLECTION = """
query Collection($id: ID!) { node(id: $id) { ... on Collection {
  id title handle descriptionHtml updatedAt sortOrder templateSuffix
  image { url altText width height } ruleSet { appliedDisjunctively rules { column relation condition } }
} } }
"""


@payload("locations/create", "locations/update", "locations/activate", "locations/deactivate")
def location(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(LOCATION, record["id"], shop)
    if found is None:
        return None
    held = found["address"]
    return {
        "id": number(found["id"]),
        "name": found["name"],
        "address1": held["address1"],
        "address2": held["address2"] or "",
        "city": held["city"],
        "zip": held["zip"],
        "province": held["province"],
        "country": held["countryCode"],
        "phone": held["phone"] or "",
        "created_at": stamp(found["createdAt"], shop),
        "updated_at": stamp(found["updatedAt"], shop),
        "country_code": held["countryCode"],
        "country_name": held["country"],
        "province_code": held["provinceCode"],
        "legacy": found["isFulfillmentService"],
        "active": found["isActive"],
        "admin_graphql_api_id": found["id"],
    }


@payload("locations/delete")
def deleted_location(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"id": number(record["id"])}


@payload("collections/create", "collections/update")
def collection(_topic: str, record: Record, shop: Shop) -> Record | None:
    """Collections by rule tell their rules; no others do."""
    found = read(COLLECTION, record["id"], shop)
    if found is None:
        return None
    shown = {
        "id": number(found["id"]),
        "handle": found["handle"],
        "title": found["title"],
        "updated_at": stamp(found["updatedAt"], shop),
        "body_html": found["descriptionHtml"],
        "published_at": stamp(min(record["_publications"].values(), default=None), shop),
        "sort_order": (low(found["sortOrder"]) or "").replace("_", "-"),
        "template_suffix": found["templateSuffix"],
        "published_scope": "web",
        "admin_graphql_api_id": found["id"],
    }
    if rules := found["ruleSet"]:
        shown["disjunctive"] = rules["appliedDisjunctively"]
        shown["rules"] = [
            {"column": low(rule["column"]), "relation": low(rule["relation"]), "condition": rule["condition"]}
            for rule in rules["rules"]
        ]
    if picture := found["image"]:
        sizes = {"width": picture["width"], "height": picture["height"]}
        told = {"src": picture["url"], "alt": picture["altText"], "created_at": shown["updated_at"], **sizes}
        shown["image"] = {name: value for name, value in told.items() if value is not None}
    return shown


@payload("collections/delete")
def deleted_collection(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"id": number(record["id"]), "published_scope": "web", "admin_graphql_api_id": record["id"]}
