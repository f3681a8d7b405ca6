"""orderCancel: checks, the job it starts, and what a cancelled order looks like."""

from __future__ import annotations

import uuid
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import order_parts, payments, refunds
from shoptide.simulator.domain.fulfillment_orders import note_change
from shoptide.simulator.domain.order_changes import changed
from shoptide.simulator.domain.order_totals import open_authorization
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop

LONGEST_NOTE = 255


@mutation("orderCancel")
def cancel(args: Args, ctx: Context) -> Record:
    """The work of the job is done before it is looked at: a reader sees it running once, then done."""
    shop = ctx.shop
    order = shop.table("Order").get(args["orderId"])
    problem = _problem(shop, order, args)
    if problem is not None or order is None:
        errors = [problem]
        return {"job": None, "jobResult": None, "orderCancelUserErrors": errors, "userErrors": errors}
    apply(shop, order, args)
    job = {"id": f"gid://shopify/Job/{uuid.UUID(int=shop.random.getrandbits(128), version=4)}", "done": False}
    return {"job": job, "jobResult": None, "orderCancelUserErrors": [], "userErrors": []}


def _problem(shop: Shop, order: Record | None, args: Args) -> Record | None:
    if order is None:
        return user_error(["orderId"], "Order does not exist", "NOT_FOUND")
    if args.get("refund") is not None and args.get("refundMethod") is not None:
        message = "Only one of the arguments `refund` or `refund_method` is allowed."
        return user_error(["refund"], message, "INVALID")
    if len(args.get("staffNote") or "") > LONGEST_NOTE:
        message = f"Staff note is too long. Maximum length is {LONGEST_NOTE} characters."
        return user_error(["staffNote"], message, "INVALID")
    if order.get("cancelledAt"):
        return user_error(["orderId"], "Cannot cancel an order that has already been canceled", "INVALID")
    if any(row["status"] in ("OPEN", "REQUESTED", "CLOSED") for row in order_parts.returns(shop, order)):
        return user_error(["orderId"], "Cannot cancel an order that has returns", "INVALID")
    if any(row["status"] == "SUCCESS" for row in order_parts.fulfillments(shop, order)):
        return user_error(["orderId"], "Cannot cancel an order that has outstanding fulfillments", "INVALID")
    return None


def apply(shop: Shop, order: Record, args: Args) -> None:
    """Void what is authorized, give back what was paid if wanted, take the pieces off, close the order."""
    stamp = shop.stamp()
    method: Any = args.get("refundMethod") or {}
    give_back = bool(
        args.get("refund") or method.get("originalPaymentMethodsRefund") or method.get("storeCreditRefund")
    )
    rows = order_parts.transactions(shop, order)
    for row in rows:
        left = open_authorization(row, rows)
        if left.shop > 0:
            payments.add(shop, order, "VOID", left, gateway=row["gateway"], _parent=row["id"])
    refunds.refund_everything(shop, order, restock=args["restock"], give_back=give_back)
    for work in order_parts.fulfillment_orders(shop, order):
        if work["status"] in order_parts.OPEN_WORK:
            work["status"] = "CLOSED"
            note_change(shop, work, "cancelled")
    order.update(cancelledAt=stamp, closedAt=stamp, cancelReason=args["reason"])
    if args.get("staffNote"):
        order["_staffNote"] = args["staffNote"]
    changed(shop, order, "orders/cancelled")
