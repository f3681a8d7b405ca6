"""How far an order has come: the fulfillment and return states it shows. Registers nothing."""

from __future__ import annotations

from shoptide.simulator.domain import order_parts
from shoptide.simulator.shop import Record, Shop


def fulfillment_status(shop: Shop, order: Record) -> str:
    """`displayFulfillmentStatus`, worked out from the fulfillment orders and what was fulfilled."""
    work = order_parts.fulfillment_orders(shop, order)
    open_work = [row for row in work if row["status"] in order_parts.OPEN_WORK]
    done = any(row["status"] == "SUCCESS" for row in order_parts.fulfillments(shop, order))
    waiting = any(line["remaining"] for row in open_work for line in row["_lines"])
    if done:
        return "PARTIALLY_FULFILLED" if waiting else "FULFILLED"
    states = {row["status"] for row in open_work}
    if states == {"ON_HOLD"}:
        return "ON_HOLD"
    if states == {"SCHEDULED"}:
        return "SCHEDULED"
    if "IN_PROGRESS" in states:
        return "IN_PROGRESS"
    requests = {row["requestStatus"] for row in open_work}
    if "REJECTED" in requests:
        return "REQUEST_DECLINED"
    if requests & {"SUBMITTED", "ACCEPTED"}:
        return "PENDING_FULFILLMENT"
    return "UNFULFILLED"


def return_status(shop: Shop, order: Record) -> str:
    """`returnStatus`; declined and cancelled returns don't count (FACTS 46)."""
    states = {row["status"] for row in order_parts.returns(shop, order)} - {"DECLINED", "CANCELED"}
    if "OPEN" in states:
        return "IN_PROGRESS"
    if "REQUESTED" in states:
        return "RETURN_REQUESTED"
    return "RETURNED" if "CLOSED" in states else "NO_RETURN"
