"""Payloads of draft_orders/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.customers import CUSTOMER, consent, person
from shoptide.simulator.payloads.order_lines import TAX, tax_line
from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import (
    MONEY,
    address,
    attributes,
    low,
    nodes,
    number,
    plain,
    stamp,
)

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

DISCOUNT = "fragment D on DraftOrderAppliedDiscount { title description value valueType amountSet { ...M } }"
DOCUMENT = (
    """
query Draft($id: ID!) { node(id: $id) { ... on DraftOrder {
  id name note2 email taxExempt taxesIncluded currencyCode invoiceSentAt createdAt updatedAt completedAt status
  invoiceUrl tags poNumber customAttributes { key value } order { id } customer { ...C }
  shippingAddress { ...A } billingAddress { ...A } appliedDiscount { ...D }
  shippingLine { title originalPriceSet { ...M } } taxLines { ...T }
  subtotalPriceSet { ...M } totalPriceSet { ...M } totalTaxSet { ...M }
  lineItems(first: 250) { nodes {
    id title name sku quantity custom isGiftCard requiresShipping taxable vendor variantTitle grams
    product { id } variant { id } customAttributes { key value } appliedDiscount { ...D } taxLines { ...T }
    originalUnitPriceSet { ...M }
  } }
} } }
"""
    + DISCOUNT
    + MONEY
    + TAX
    + CUSTOMER
)


def _discount(found: Record | None) -> Record | None:
    if found is None:
        return None
    return {
        "title": found["title"],
        "description": found["description"],
        "value": str(found["value"]),
        "value_type": low(found["valueType"]),
        "amount": plain(found["amountSet"]),
    }


def _line(row: Record) -> Record:
    return {
        "id": number(row["id"]),
        "admin_graphql_api_id": row["id"],
        "variant_id": number(row["variant"]["id"]) if row["variant"] else None,
        "product_id": number(row["product"]["id"]) if row["product"] else None,
        "title": row["title"],
        "variant_title": row["variantTitle"],
        "sku": row["sku"] or "",
        "vendor": row["vendor"],
        "quantity": row["quantity"],
        "requires_shipping": row["requiresShipping"],
        "taxable": row["taxable"],
        "gift_card": row["isGiftCard"],
        "fulfillment_service": "manual",
        "grams": row["grams"] or 0,
        "tax_lines": [tax_line(tax) for tax in row["taxLines"]],
        "applied_discount": _discount(row["appliedDiscount"]),
        "name": row["name"],
        "properties": attributes(row["customAttributes"]),
        "custom": row["custom"],
        "price": plain(row["originalUnitPriceSet"]),
    }


def _customer(found: Record | None, shop: Shop) -> Record | None:
    if found is None:
        return None
    email = consent(found["emailMarketingConsent"], shop)
    return {**person(found, shop), "tags": ", ".join(found["tags"]), "email_marketing_consent": email}


@payload("draft_orders/create", "draft_orders/update")
def draft(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(DOCUMENT, record["id"], shop)
    if found is None:
        return None
    shipping = found["shippingLine"]
    return {
        "id": number(found["id"]),
        "admin_graphql_api_id": found["id"],
        "note": found["note2"],
        "email": found["email"],
        "taxes_included": found["taxesIncluded"],
        "tax_exempt": found["taxExempt"],
        "currency": found["currencyCode"],
        "invoice_sent_at": stamp(found["invoiceSentAt"], shop),
        "created_at": stamp(found["createdAt"], shop),
        "updated_at": stamp(found["updatedAt"], shop),
        "completed_at": stamp(found["completedAt"], shop),
        "name": found["name"],
        "status": low(found["status"]),
        "line_items": [_line(row) for row in nodes(found["lineItems"])],
        "shipping_address": address(found["shippingAddress"]),
        "billing_address": address(found["billingAddress"]),
        "invoice_url": found["invoiceUrl"],
        "applied_discount": _discount(found["appliedDiscount"]),
        "order_id": number(found["order"]["id"]) if found["order"] else None,
        "shipping_line": {"title": shipping["title"], "custom": True, "handle": None, "price": _price(shipping)}
        if shipping
        else None,
        "tax_lines": [tax_line(row) for row in found["taxLines"]],
        "tags": ", ".join(found["tags"]),
        "po_number": found["poNumber"],
        "note_attributes": attributes(found["customAttributes"]),
        "total_price": plain(found["totalPriceSet"]),
        "subtotal_price": plain(found["subtotalPriceSet"]),
        "total_tax": plain(found["totalTaxSet"]),
        "payment_terms": None,
        "customer": _customer(found["customer"], shop),
    }


def _price(shipping: Record) -> str:
    return plain(shipping["originalPriceSet"])


@payload("draft_orders/delete")
def deleted(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"id": number(record["id"])}
