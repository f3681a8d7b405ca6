"""Payloads of returns/*, reverse_fulfillment_orders/* and reverse_deliveries/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import MONEY, low, money_set, nodes, number

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

DOCUMENT = (
    """
query Return($id: ID!) { node(id: $id) { ... on Return {
  id name status order { id } decline { reason note }
  returnLineItems(first: 250) { nodes {
    id quantity returnReason returnReasonNote customerNote
    ... on ReturnLineItem { fulfillmentLineItem { id lineItem { id } } }
  } }
  returnShippingFees { id amountSet { ...M } }
} } }
"""
    + MONEY
)


def _named(gid: str) -> Record:
    return {"id": number(gid), "admin_graphql_api_id": gid}


@payload("returns/request", "returns/approve")
def whole(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(DOCUMENT, record["id"], shop)
    if found is None:
        return None
    rows = [_line(row) for row in nodes(found["returnLineItems"])]
    return {
        **_named(found["id"]),
        "status": low(found["status"]),
        "order": _named(found["order"]["id"]),
        "name": found["name"],
        "total_return_line_items": len(rows),
        "return_line_items": rows,
        "total_exchange_line_items": 0,
        "exchange_line_items": [],
        "return_shipping_fees": [
            {**_named(fee["id"]), "price": money_set(fee["amountSet"])} for fee in found["returnShippingFees"]
        ],
    }


def _line(row: Record) -> Record:
    piece = row["fulfillmentLineItem"]
    return {
        **_named(row["id"]),
        "fulfillment_line_item": {**_named(piece["id"]), "line_item": _named(piece["lineItem"]["id"])},
        "quantity": row["quantity"],
        "return_reason": low(row["returnReason"]),
        "return_reason_note": row["returnReasonNote"],
        "customer_note": row["customerNote"],
    }


@payload("returns/decline")
def declined(_topic: str, record: Record, _shop: Shop) -> Record:
    held = record["decline"]
    return {
        **_named(record["id"]),
        "status": low(record["status"]),
        "order": _named(record["_order"]),
        "decline": {"reason": low(held["reason"]), "note": held["note"] or ""},
    }


@payload("returns/close", "returns/cancel", "returns/reopen")
def state(_topic: str, record: Record, _shop: Shop) -> Record:
    return {**_named(record["id"]), "order_id": number(record["_order"]), "status": low(record["status"])}


@payload("returns/process")
def processed(_topic: str, record: Record, _shop: Shop) -> Record:
    return {
        **_named(record["id"]),
        "order_id": number(record["_order"]),
        "status": low(record["status"]),
        "return_line_items": [
            {**_named(row["id"]), "quantity": row["quantity"], "processed_quantity": row.get("processed", 0)}
            for row in record["_lines"]
        ],
    }


@payload("returns/update")
def updated(_topic: str, record: Record, _shop: Shop) -> Record:
    """What was taken off the return."""
    return {
        "admin_graphql_api_id": record["id"],
        "restocking_fees": {"updates": [], "removals": []},
        "return_line_items": {
            "removals": [{"admin_graphql_api_id": gid, "delta": -taken} for gid, taken in record.get("_taken", ())]
        },
        "return_shipping_fees": {"updates": [], "removals": []},
    }


@payload("reverse_deliveries/attach_deliverable")
def shipped_back(_topic: str, record: Record, shop: Shop) -> Record | None:
    work = shop.table("ReverseFulfillmentOrder").get(record["_work"])
    if work is None:
        return None
    return {
        **_named(record["id"]),
        "reverse_fulfillment_order": _named(work["id"]),
        "return": _named(work["_return"]),
        "reverse_delivery_line_items": [{**_named(row["id"]), "quantity": row["quantity"]} for row in record["_lines"]],
    }


@payload("reverse_fulfillment_orders/dispose")
def disposed(_topic: str, record: Record, _shop: Shop) -> Record:
    return {
        **_named(record["id"]),
        "return": _named(record["_return"]),
        "reverse_fulfillment_order_line_items": [
            {
                **_named(row["id"]),
                "dispositions": [
                    {"type": low(held["type"]), "quantity": held["quantity"], "location_id": number(held["location"])}
                    for held in row["dispositions"]
                ],
            }
            for row in record["_lines"]
        ],
    }
