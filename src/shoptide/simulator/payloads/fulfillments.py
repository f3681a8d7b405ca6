"""Payloads of fulfillments/* and fulfillment_events/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.order_lines import ALLOCATION, LINE, TAX, line_item
from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import ADDRESS, MONEY, address, low, nodes, number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

FULFILLMENT = """
fragment F on Fulfillment {
  id name status createdAt updatedAt location { id } service { handle }
  originAddress { address1 address2 city countryCode provinceCode zip }
  trackingInfo(first: 250) { company number url }
  events(first: 250, reverse: true) { nodes { status } }
  fulfillmentLineItems(first: 250) { nodes { quantity lineItem { ...L } } }
}
"""
PARTS = MONEY + TAX + ALLOCATION + LINE
DOCUMENT = (
    "query Fulfillment($id: ID!) { node(id: $id) { ... on Fulfillment "
    "{ ...F order { id email shippingAddress { ...A } } } } }" + FULFILLMENT + PARTS + ADDRESS
)


def fulfillment(found: Record, order: str, shop: Shop) -> Record:
    """A fulfillment as orders and fulfillments/* show it."""
    tracking = found["trackingInfo"]
    numbers = [held["number"] for held in tracking if held["number"]]
    urls = [held["url"] for held in tracking if held["url"]]
    latest = nodes(found["events"])
    return {
        "id": number(found["id"]),
        "admin_graphql_api_id": found["id"],
        "created_at": stamp(found["createdAt"], shop),
        "location_id": number(found["location"]["id"]) if found["location"] else None,
        "name": found["name"].replace("-F", "."),
        "order_id": number(order),
        "origin_address": _origin(found["originAddress"]),
        "receipt": {},
        "service": (found["service"] or {"handle": "manual"})["handle"],
        "shipment_status": low(latest[0]["status"]) if latest else None,
        "status": low(found["status"]),
        "tracking_company": next((held["company"] for held in tracking if held["company"]), None),
        "tracking_number": numbers[0] if numbers else None,
        "tracking_numbers": numbers,
        "tracking_url": urls[0] if urls else None,
        "tracking_urls": urls,
        "updated_at": stamp(found["updatedAt"], shop),
        "line_items": [_piece(row) for row in nodes(found["fulfillmentLineItems"])],
    }


def _origin(found: Record | None) -> Record:
    if not found:
        return {}
    return {
        "address1": found["address1"],
        "address2": found["address2"],
        "city": found["city"],
        "country_code": found["countryCode"],
        "province_code": found["provinceCode"],
        "zip": found["zip"],
    }


def _piece(row: Record) -> Record:
    """A line with the pieces fulfilled here."""
    return {**line_item(row["lineItem"]), "quantity": row["quantity"]}


@payload("fulfillments/create", "fulfillments/update")
def whole(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(DOCUMENT, record["id"], shop)
    if found is None:
        return None
    order = found["order"]
    shown = fulfillment(found, order["id"], shop)
    return {**shown, "email": order["email"], "destination": address(order["shippingAddress"])}


@payload("fulfillment_events/create")
def event(_topic: str, record: Record, shop: Shop) -> Record | None:
    held = shop.table("Fulfillment").get(record["_fulfillment"])
    if held is None:
        return None
    return {
        "id": number(record["id"]),
        "fulfillment_id": number(held["id"]),
        "status": low(record["status"]),
        "message": record.get("message"),
        "happened_at": stamp(record["happenedAt"], shop),
        "city": record.get("city"),
        "province": record.get("province"),
        "country": record.get("country"),
        "zip": record.get("zip"),
        "address1": record.get("address1"),
        "latitude": record.get("latitude"),
        "longitude": record.get("longitude"),
        "shop_id": shop.number,
        "created_at": stamp(record["createdAt"], shop),
        "updated_at": stamp(record["createdAt"], shop),
        "estimated_delivery_at": stamp(record.get("estimatedDeliveryAt"), shop),
        "order_id": number(held["_order"]),
        "admin_graphql_api_id": record["id"],
    }
