"""How orders, fulfillment orders and returns are searched and sorted."""

from __future__ import annotations

from shoptide.simulator.domain import order_parts
from shoptide.simulator.domain.order_risks import level
from shoptide.simulator.domain.order_states import fulfillment_status, return_status
from shoptide.simulator.domain.order_totals import totals, weight
from shoptide.simulator.registry import boolean, instant, number, numeric_id, search, sort, text, token
from shoptide.simulator.shop import Record, Shop, tail_of

FINANCIAL = ("paid", "pending", "authorized", "partially_paid", "partially_refunded", "refunded", "voided", "expired")
FULFILLMENT = {
    "UNFULFILLED": ["unfulfilled", "unshipped"],
    "PARTIALLY_FULFILLED": ["partial", "unfulfilled"],
    "FULFILLED": ["fulfilled", "shipped"],
    "ON_HOLD": ["on_hold", "unfulfilled", "unshipped"],
    "SCHEDULED": ["scheduled", "unfulfilled", "unshipped"],
    "IN_PROGRESS": ["in_progress", "unfulfilled", "unshipped"],
    "REQUEST_DECLINED": ["request_declined", "unfulfilled", "unshipped"],
    "PENDING_FULFILLMENT": ["pending_fulfillment", "unfulfilled", "unshipped"],
}
STATUSES = ("open", "closed", "cancelled", "not_closed", "any")


def names(order: Record, _shop: Shop) -> list[str]:
    """`#1001` is found as `1001` too."""
    return [order["name"], order["name"].lstrip("#")]


def states(order: Record, _shop: Shop) -> list[str]:
    """An order is open until it is closed or cancelled."""
    if order.get("cancelledAt"):
        return ["cancelled", "any"]
    return ["closed", "any"] if order.get("closedAt") else ["open", "not_closed", "any"]


def financial(order: Record, shop: Shop) -> list[str]:
    status = totals(shop, order).financial_status
    found = [status.lower()] if status else []
    return [*found, "unpaid"] if status in (None, "PENDING", "AUTHORIZED", "PARTIALLY_PAID") else found


def fulfillment(order: Record, shop: Shop) -> list[str]:
    return FULFILLMENT[fulfillment_status(shop, order)]


def skus(order: Record, shop: Shop) -> list[str]:
    return [line["sku"] for line in order_parts.lines(shop, order) if line.get("sku")]


def gateways(order: Record, shop: Shop) -> list[str]:
    return [row["gateway"] for row in order_parts.transactions(shop, order) if row.get("gateway")]


def codes(order: Record, _shop: Shop) -> list[str]:
    return [held["code"] for held in order.get("_discounts", ()) if held.get("code")]


def locations(order: Record, shop: Shop) -> str | None:
    work = order_parts.fulfillment_orders(shop, order)
    return work[0]["_location"] if work else None


def who(order: Record, shop: Shop) -> str | None:
    """`last, first`, as the store sorts customers by name."""
    customer = shop.get(order.get("customer")) or order.get("shippingAddress") or {}
    found = [customer.get("lastName"), customer.get("firstName")]
    return ", ".join(part for part in found if part) or None


def pieces(order: Record, shop: Shop) -> int:
    return sum(line["quantity"] for line in order_parts.lines(shop, order))


def destination(order: Record, _shop: Shop) -> str | None:
    address = order.get("shippingAddress") or {}
    return ", ".join(part for part in (address.get("country"), address.get("province"), address.get("city")) if part)


def _words(order: Record, shop: Shop) -> list[str]:
    address = order.get("shippingAddress") or {}
    customer = shop.get(order.get("customer")) or {}
    found = [order["name"], order.get("email"), order.get("poNumber"), order.get("confirmationNumber")]
    found += [holder.get(name) for holder in (address, customer) for name in ("firstName", "lastName")]
    return [value for value in found if value]


search(
    "Order",
    {
        "name": token(names),
        "id": numeric_id(lambda row, _shop: row["id"]),
        "email": token(lambda row, _shop: row.get("email")),
        "tag": token(lambda row, _shop: row.get("tags")),
        "tag_not": token(lambda row, _shop: row.get("tags"), excludes=True),
        "status": token(states, STATUSES),
        "financial_status": token(financial, (*FINANCIAL, "unpaid", "any")),
        "fulfillment_status": token(fulfillment, {value for group in FULFILLMENT.values() for value in group}),
        "return_status": token(lambda row, shop: return_status(shop, row).lower()),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "processed_at": instant(lambda row, _shop: row["processedAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
        "customer_id": numeric_id(lambda row, _shop: row.get("customer")),
        "sku": token(skus),
        "test": boolean(lambda row, _shop: row.get("test")),
        "gateway": token(gateways),
        "discount_code": token(codes),
        "po_number": token(lambda row, _shop: row.get("poNumber")),
        "confirmation_number": token(lambda row, _shop: row.get("confirmationNumber")),
        "source_name": token(lambda row, _shop: row.get("sourceName")),
        "source_identifier": token(lambda row, _shop: row.get("sourceIdentifier")),
        "channel": token(lambda row, _shop: row.get("sourceName")),
        "channel_id": numeric_id(lambda _row, _shop: None),
        "sales_channel": token(lambda row, _shop: row.get("sourceName")),
        "location_id": numeric_id(lambda _row, _shop: None),
        "fulfillment_location_id": numeric_id(locations),
        "reference_location_id": numeric_id(lambda _row, _shop: None),
        "risk_level": token(lambda row, _shop: level(row).lower(), ("high", "medium", "low", "none", "pending")),
        "cart_token": token(lambda row, _shop: row.get("cartToken")),
        "checkout_token": token(lambda row, _shop: row.get("checkoutToken")),
        "chargeback_status": token(lambda _row, _shop: None),
        "credit_card_last4": token(lambda _row, _shop: None),
        "delivery_method": token(lambda _row, _shop: "shipping"),
        "fraud_protection_level": token(lambda _row, _shop: "not_protected"),
        "payment_id": token(lambda _row, _shop: None),
        "payment_provider_id": numeric_id(lambda _row, _shop: None),
        "current_total_price": number(lambda row, shop: totals(shop, row).current_price.shop),
        "subtotal_line_items_quantity": number(pieces),
        "total_weight": number(lambda row, shop: weight(order_parts.lines(shop, row))),
    },
    text=[_words],
)
sort(
    "orders",
    {
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
        "PROCESSED_AT": lambda row, _shop: row["processedAt"],
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "ORDER_NUMBER": lambda row, _shop: row["_number"],
        "RELEVANCE": lambda row, _shop: int(tail_of(row["id"])),
        "TOTAL_PRICE": lambda row, shop: float(totals(shop, row).price.shop),
        "CURRENT_TOTAL_PRICE": lambda row, shop: float(totals(shop, row).current_price.shop),
        "FINANCIAL_STATUS": lambda row, shop: totals(shop, row).financial_status,
        "FULFILLMENT_STATUS": lambda row, shop: fulfillment_status(shop, row),
        "CUSTOMER_NAME": who,
        "DESTINATION": destination,
        "PO_NUMBER": lambda row, _shop: row.get("poNumber"),
        "TOTAL_ITEMS_QUANTITY": pieces,
    },
    default="PROCESSED_AT",
)

search(
    "FulfillmentOrder",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "status": token(lambda row, _shop: row["status"].lower()),
        "assigned_location_id": numeric_id(lambda row, _shop: row["_location"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[lambda row, shop: order_parts.order_of(shop, row)["name"]],
)
sort(
    "fulfillmentOrders",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
    },
    default="ID",
)

search(
    "Return",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "name": text(lambda row, _shop: row["name"]),
        "status": token(lambda row, _shop: row["status"].lower()),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
    },
)
