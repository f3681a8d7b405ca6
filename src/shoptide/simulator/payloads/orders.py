"""Payloads of orders/*: the whole order with lines, fulfillments, refunds and customer; a bare id for a deleted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads import order_lines
from shoptide.simulator.payloads.customers import CUSTOMER, consent, person
from shoptide.simulator.payloads.fulfillments import FULFILLMENT, fulfillment
from shoptide.simulator.payloads.order_lines import APPLICATION
from shoptide.simulator.payloads.reading import EVERYTHING, read
from shoptide.simulator.payloads.refunds import PARTS, REFUND, refund
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import (
    address,
    attributes,
    low,
    money_set,
    nodes,
    number,
    plain,
    stamp,
    summed,
)
from shoptide.simulator.shop import Record

if TYPE_CHECKING:
    from shoptide.simulator.shop import Shop

# REST name: field of the API; each is told as a sum in the shop's currency and as a set
SUMS = {
    "current_subtotal_price": "currentSubtotalPriceSet",
    "current_total_discounts": "currentTotalDiscountsSet",
    "current_total_price": "currentTotalPriceSet",
    "current_total_tax": "currentTotalTaxSet",
    "subtotal_price": "subtotalPriceSet",
    "total_discounts": "totalDiscountsSet",
    "total_price": "totalPriceSet",
    "total_tax": "totalTaxSet",
}
# told as a set only
SETS = {
    "current_shipping_price_set": "currentShippingPriceSet",
    "current_total_additional_fees_set": "currentTotalAdditionalFeesSet",
    "current_total_duties_set": "currentTotalDutiesSet",
    "original_total_additional_fees_set": "originalTotalAdditionalFeesSet",
    "original_total_duties_set": "originalTotalDutiesSet",
    "total_shipping_price_set": "totalShippingPriceSet",
}
# told as they are
SAME = {
    "buyer_accepts_marketing": "customerAcceptsMarketing",
    "browser_ip": "clientIp",
    "cart_token": "cartToken",
    "checkout_token": "checkoutToken",
    "confirmation_number": "confirmationNumber",
    "confirmed": "confirmed",
    "contact_email": "email",
    "currency": "currencyCode",
    "customer_locale": "customerLocale",
    "duties_included": "dutiesIncluded",
    "email": "email",
    "estimated_taxes": "estimatedTaxes",
    "landing_site": "landingPageUrl",
    "name": "name",
    "note": "note",
    "order_status_url": "statusPageUrl",
    "payment_gateway_names": "paymentGatewayNames",
    "phone": "phone",
    "po_number": "poNumber",
    "presentment_currency": "presentmentCurrencyCode",
    "referring_site": "referrerUrl",
    "source_identifier": "sourceIdentifier",
    "source_url": "registeredSourceUrl",
    "tax_exempt": "taxExempt",
    "taxes_included": "taxesIncluded",
    "test": "test",
}
STAMPS = {
    "cancelled_at": "cancelledAt",
    "closed_at": "closedAt",
    "created_at": "createdAt",
    "processed_at": "processedAt",
    "updated_at": "updatedAt",
}
# what has no counterpart in an order made through the API
EMPTY: Record = {
    "client_details": None,
    "device_id": None,
    "landing_site_ref": None,
    "line_item_groups": [],
    "merchant_of_record_app_id": None,
    "payment_terms": None,
    "reference": None,
    "user_id": None,
}
FULFILLMENT_STATES = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "RESTOCKED": "restocked"}


def _document() -> str:
    amounts = " ".join(f"{name} {{ ...M }}" for name in dict.fromkeys((*SUMS.values(), *SETS.values())))
    fields = " ".join(dict.fromkeys((*SAME.values(), *STAMPS.values())))
    return f"""
    query Order($id: ID!) {{ node(id: $id) {{ ... on Order {{
      id {fields} {amounts} number tags cancelReason sourceName statusPageUrl
      displayFinancialStatus displayFulfillmentStatus totalWeight merchantBusinessEntity {{ id }} app {{ id }}
      retailLocation {{ id }} customAttributes {{ key value }}
      billingAddress {{ ...A }} shippingAddress {{ ...A }} customer {{ ...C }}
      totalOutstandingSet {{ ...M }} totalTipReceivedSet {{ ...M }}
      totalCashRoundingAdjustment {{ paymentSet {{ ...M }} refundSet {{ ...M }} }}
      taxLines {{ ...T }}
      discountApplications(first: 250) {{ nodes {{ ...P }} }}
      lineItems(first: 250) {{ nodes {{ ...L originalTotalSet {{ ...M }} }} }}
      shippingLines(first: 250, includeRemovals: true) {{ nodes {{ ...S }} }}
      fulfillments {{ ...F }} refunds {{ ...R }}
      returns(first: 250) {{ nodes {{ id name status }} }}
    }} }} }}
    """


DOCUMENT = _document() + PARTS + APPLICATION + FULFILLMENT + REFUND + CUSTOMER


def order(found: Record, shop: Shop) -> Record:
    """An order as orders/* show it."""
    gid, presentment = found["id"], found["presentmentCurrencyCode"]
    lines = nodes(found["lineItems"])
    items = summed((line["originalTotalSet"] for line in lines), found["currencyCode"], presentment)
    rounding = found["totalCashRoundingAdjustment"]
    return {
        "id": number(gid),
        "admin_graphql_api_id": gid,
        **_plain(found, shop),
        **{name: plain(found[field]) for name, field in SUMS.items()},
        **{f"{name}_set": money_set(found[field]) for name, field in SUMS.items()},
        **{name: money_set(found[field]) for name, field in SETS.items()},
        "total_cash_rounding_payment_adjustment_set": money_set(rounding["paymentSet"]),
        "total_cash_rounding_refund_adjustment_set": money_set(rounding["refundSet"]),
        "total_line_items_price": plain(items),
        "total_line_items_price_set": money_set(items),
        "total_outstanding": plain(found["totalOutstandingSet"]),
        "total_tip_received": plain(found["totalTipReceivedSet"]),
        "total_weight": int(found["totalWeight"] or 0),
        "billing_address": address(found["billingAddress"]),
        "shipping_address": address(found["shippingAddress"]),
        "customer": _customer(found["customer"], shop),
        "discount_applications": [order_lines.application(row) for row in nodes(found["discountApplications"])],
        "discount_codes": order_lines.codes(found),
        "fulfillments": [fulfillment(row, gid, shop) for row in found["fulfillments"]],
        "line_items": [order_lines.order_line(line) for line in lines],
        "refunds": [refund(row, gid, presentment, shop) for row in found["refunds"]],
        "returns": [_return(row) for row in nodes(found["returns"])],
        "shipping_lines": [order_lines.shipping_line(row) for row in nodes(found["shippingLines"])],
        "tax_lines": [order_lines.tax_line(row) for row in found["taxLines"]],
    }


def _plain(found: Record, shop: Shop) -> Record:
    numbered = found["number"]
    return {
        **{name: found[field] for name, field in SAME.items()},
        **{name: stamp(found[field], shop) for name, field in STAMPS.items()},
        **EMPTY,
        "app_id": number(found["app"]["id"]) if found["app"] else None,
        "cancel_reason": low(found["cancelReason"]),
        "financial_status": low(found["displayFinancialStatus"]) or "pending",
        "fulfillment_status": FULFILLMENT_STATES.get(found["displayFulfillmentStatus"]),
        "location_id": number(found["retailLocation"]["id"]) if found["retailLocation"] else None,
        "merchant_business_entity_id": found["merchantBusinessEntity"]["id"].rsplit("/", 1)[-1],
        "note_attributes": attributes(found["customAttributes"]),
        "number": numbered - 1000 if numbered > 1000 else numbered,
        "order_number": numbered,
        "source_name": found["sourceName"] or str(number(found["app"]["id"]) if found["app"] else "web"),
        "tags": ", ".join(found["tags"]),
        "token": found["statusPageUrl"].split("/orders/", 1)[-1].split("/", 1)[0],
    }


def _customer(found: Record | None, shop: Shop) -> Record | None:
    if found is None:
        return None
    return {
        **person(found, shop),
        "tags": ", ".join(found["tags"]),
        "email_marketing_consent": consent(found["emailMarketingConsent"], shop),
        "sms_marketing_consent": consent(found["smsMarketingConsent"], shop),
    }


def _return(row: Record) -> Record:
    return {
        "id": number(row["id"]),
        "admin_graphql_api_id": row["id"],
        "name": row["name"],
        "status": low(row["status"]),
    }


@payload(
    "orders/create",
    "orders/updated",
    "orders/paid",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
)
def whole(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(DOCUMENT, record["id"], shop)
    return order(found, shop) if found else None


@payload("orders/edited")
def edited(_topic: str, record: Record, shop: Shop) -> Record:
    """What an edit added and took away; the order itself comes with orders/updated."""
    edit = record["_edit"]
    lines = [(number(gid), delta) for gid, delta in edit["lines"]]
    nothing: Record = {"additions": [], "removals": []}
    return {
        "order_edit": {
            "id": number(edit["id"]),
            "app_id": EVERYTHING.number,
            "created_at": stamp(edit["begun"], shop),
            "notify_customer": bool(edit["notify"]),
            "order_id": number(record["id"]),
            "staff_note": edit["note"] or "",
            "user_id": None,
            "line_items": {
                "additions": [{"id": gid, "delta": delta} for gid, delta in lines if delta > 0],
                "removals": [{"id": gid, "delta": -delta} for gid, delta in lines if delta < 0],
            },
            "discounts": {"line_item": dict(nothing)},
            "shipping_lines": dict(nothing),
            "committed_at": stamp(record["updatedAt"], shop),
        }
    }


@payload("orders/delete")
def deleted(_topic: str, record: Record, _shop: Shop) -> Record:
    return {"id": number(record["id"])}
