"""Payloads of refunds/create and order_transactions/create."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shoptide.simulator.payloads.order_lines import ALLOCATION, LINE, SHIPPING, TAX, line_item, shipping_line
from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import (
    MONEY,
    amount,
    low,
    money_set,
    nodes,
    number,
    plain,
    stamp,
    summed,
    unsettled,
)

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

TRANSACTION = """
fragment X on OrderTransaction {
  id kind status gateway test createdAt processedAt authorizationCode errorCode paymentId manualPaymentGateway
  receiptJson amountSet { ...M } totalUnsettledSet { ...M } parentTransaction { id } location { id }
}
"""
REFUND = """
fragment R on Refund {
  id note createdAt processedAt return { id }
  refundLineItems(first: 250) {
    nodes { id quantity restockType location { id } subtotalSet { ...M } totalTaxSet { ...M } lineItem { ...L } }
  }
  refundShippingLines(first: 250) {
    nodes { id subtotalAmountSet { ...M } taxAmountSet { ...M } shippingLine { ...S } }
  }
  orderAdjustments(first: 250) { nodes { id reason amountSet { ...M } taxAmountSet { ...M } } }
  transactions(first: 250) { nodes { ...X } }
}
"""
PARTS = MONEY + TAX + ALLOCATION + LINE + SHIPPING + TRANSACTION
REFUND_DOCUMENT = (
    "query Refund($id: ID!) { node(id: $id) { ... on Refund { ...R order { id presentmentCurrencyCode } } } }"
    + REFUND
    + PARTS
)
TRANSACTION_DOCUMENT = (
    "query Transaction($id: ID!) { node(id: $id) { ... on OrderTransaction { ...X order { id } } } }"
    + TRANSACTION
    + MONEY
)


def transaction(row: Record, order: str, shop: Shop) -> Record:
    """A payment; its amount is in the currency the customer paid in."""
    paid = row["amountSet"]["presentmentMoney"]
    receipt: Any = row["receiptJson"]
    return {
        "id": number(row["id"]),
        "admin_graphql_api_id": row["id"],
        "amount": amount(paid["amount"], paid["currencyCode"]),
        "amount_rounding": None,
        "authorization": row["authorizationCode"],
        "created_at": stamp(row["createdAt"], shop),
        "currency": paid["currencyCode"],
        "device_id": None,
        "error_code": low(row["errorCode"]),
        "gateway": row["gateway"],
        "kind": low(row["kind"]),
        "location_id": number(row["location"]["id"]) if row["location"] else None,
        "manual_payment_gateway": row["manualPaymentGateway"],
        "message": None,
        "order_id": number(order),
        "parent_id": number(row["parentTransaction"]["id"]) if row["parentTransaction"] else None,
        "payment_id": row["paymentId"],
        "processed_at": stamp(row["processedAt"], shop),
        "receipt": json.loads(receipt) if isinstance(receipt, str) and receipt else receipt or {},
        "source_name": "web",
        "status": low(row["status"]),
        "test": row["test"],
        "total_unsettled_set": unsettled(row["totalUnsettledSet"]),
        "user_id": None,
    }


def refund(found: Record, order: str, presentment: str, shop: Shop) -> Record:
    """A refund as orders and refunds/create show it."""
    rows = [_refund_line(row) for row in nodes(found["refundLineItems"])]
    return {
        "id": number(found["id"]),
        "admin_graphql_api_id": found["id"],
        "created_at": stamp(found["createdAt"], shop),
        "note": found["note"],
        "order_id": number(order),
        "processed_at": stamp(found["processedAt"], shop),
        "restock": any(row["restock_type"] in ("cancel", "return") for row in rows),
        "total_duties_set": money_set(summed([], shop.currency, presentment)),
        "user_id": None,
        "order_adjustments": [_adjustment(row, found, order) for row in nodes(found["orderAdjustments"])],
        "transactions": [transaction(row, order, shop) for row in nodes(found["transactions"])],
        "refund_line_items": rows,
        "duties": [],
        "refund_shipping_lines": [_refund_shipping(row) for row in nodes(found["refundShippingLines"])],
        "return": _of_return(found["return"]),
    }


def _of_return(found: Record | None) -> Record | None:
    return {"id": number(found["id"]), "admin_graphql_api_id": found["id"]} if found else None


def _refund_line(row: Record) -> Record:
    return {
        "id": number(row["id"]),
        "line_item_id": number(row["lineItem"]["id"]),
        "location_id": number(row["location"]["id"]) if row["location"] else None,
        "quantity": row["quantity"],
        "restock_type": low(row["restockType"]),
        "subtotal": float(plain(row["subtotalSet"])),
        "subtotal_set": money_set(row["subtotalSet"]),
        "total_tax": float(plain(row["totalTaxSet"])),
        "total_tax_set": money_set(row["totalTaxSet"]),
        "line_item": line_item(row["lineItem"]),
    }


def _refund_shipping(row: Record) -> Record:
    return {
        "id": number(row["id"]),
        "subtotal_amount_set": money_set(row["subtotalAmountSet"]),
        "tax_amount_set": money_set(row["taxAmountSet"]),
        "shipping_line": shipping_line(row["shippingLine"]),
    }


def _adjustment(row: Record, refund_found: Record, order: str) -> Record:
    return {
        "id": number(row["id"]),
        "amount": plain(row["amountSet"]),
        "amount_set": money_set(row["amountSet"]),
        "kind": "refund_discrepancy",
        "order_id": number(order),
        "reason": (row["reason"] or "REFUND_DISCREPANCY").replace("_", " ").capitalize(),
        "refund_id": number(refund_found["id"]),
        "tax_amount": plain(row["taxAmountSet"]),
        "tax_amount_set": money_set(row["taxAmountSet"]),
    }


@payload("refunds/create")
def refunded(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(REFUND_DOCUMENT, record["id"], shop)
    if found is None:
        return None
    return refund(found, found["order"]["id"], found["order"]["presentmentCurrencyCode"], shop)


@payload("order_transactions/create")
def paid(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(TRANSACTION_DOCUMENT, record["id"], shop)
    return transaction(found, found["order"]["id"], shop) if found else None
