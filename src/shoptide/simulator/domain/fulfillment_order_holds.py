"""Holding fulfillment orders, whole or in part, and releasing them."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import fulfillment_orders
from shoptide.simulator.domain.fulfillment_order_parts import carve
from shoptide.simulator.domain.fulfillment_orders import named, note_change, shown_hold
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record

MOST_HOLDS = 10
LINES = ["fulfillmentHold", "fulfillmentOrderLineItems"]
LIMIT = (
    "The maximum number of fulfillment holds for this fulfillment order has been reached for this app. "
    "An app can only have up to 10 holds on a single fulfillment order at any one time."
)
HANDLE_TAKEN = (
    "The handle provided for the fulfillment hold is already in use by this app for another hold on this "
    "fulfillment order."
)


def _refused(path: list[str] | None, message: str, code: str | None) -> Record:
    return {
        "fulfillmentHold": None,
        "fulfillmentOrder": None,
        "remainingFulfillmentOrder": None,
        "userErrors": [user_error(path, message, code)],
    }


@mutation("fulfillmentOrderHold")
def hold(args: Args, ctx: Context) -> Record:
    """A partial hold keeps the held pieces on the fulfillment order and moves the others to a new one."""
    given = args["fulfillmentHold"]
    record = named(args["id"], ctx)
    if record is None:
        return _refused(["id"], "Fulfillment order does not exist.", "FULFILLMENT_ORDER_NOT_FOUND")
    if problem := _problem(record, given, ctx):
        return problem
    remaining = None
    wanted = given.get("fulfillmentOrderLineItems")
    if wanted:
        remaining = carve(ctx.shop, record, _others(record, wanted))
    entry: Record = {
        "id": ctx.shop.new_id("FulfillmentHold"),
        "app": ctx.app.id,
        **{
            name: given[name]
            for name in ("reason", "reasonNotes", "handle", "externalId")
            if given.get(name) is not None
        },
    }
    record.setdefault("_holds", []).append(entry)
    record["status"] = "ON_HOLD"
    note_change(ctx.shop, record, "placed_on_hold", _remaining=remaining["id"] if remaining else None)
    return {
        "fulfillmentHold": shown_hold(entry, ctx),
        "fulfillmentOrder": record,
        "remainingFulfillmentOrder": remaining,
        "userErrors": [],
    }


def _others(record: Record, wanted: list[Args]) -> list[tuple[Record, int]]:
    """The pieces that are not held, by row."""
    held = {row["id"]: row["quantity"] for row in wanted}
    left = [(row, row["remaining"] - held.get(row["id"], 0)) for row in record["_lines"]]
    return [(row, quantity) for row, quantity in left if quantity > 0]


def _problem(record: Record, given: Args, ctx: Context) -> Record | None:
    if record["status"] in ("CLOSED", "CANCELLED", "INCOMPLETE"):
        message = "The fulfillment order is not in a state that can be placed on hold."
        return _refused(["id"], message, None)
    wanted = given.get("fulfillmentOrderLineItems") or []
    if wanted and (problem := _line_problem(record, wanted)):
        return problem
    mine = [row for row in record.get("_holds", ()) if row.get("app") == ctx.app.id]
    if len(mine) >= MOST_HOLDS:
        return _refused(["id"], LIMIT, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if any((row.get("handle") or "") == (given.get("handle") or "") for row in mine):
        return _refused(["fulfillmentHold", "handle"], HANDLE_TAKEN, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
    return None


def _line_problem(record: Record, wanted: list[Args]) -> Record | None:
    held = {row["id"]: row for row in record["_lines"]}
    if record["status"] == "ON_HOLD":
        return _refused(
            LINES, "The fulfillment order is not in a splittable state.", "FULFILLMENT_ORDER_NOT_SPLITTABLE"
        )
    ids = [row["id"] for row in wanted]
    if len(set(ids)) < len(ids):
        return _refused(LINES, "must contain unique line item ids", "DUPLICATED_FULFILLMENT_ORDER_LINE_ITEMS")
    for index, row in enumerate(wanted):
        at = [*LINES, str(index), "quantity"]
        if row["quantity"] <= 0:
            return _refused(at, "You must select at least one item to place on partial hold.", "GREATER_THAN_ZERO")
        if row["id"] not in held:
            return _refused(None, "Fulfillment order line item does not exist.", None)
        if row["quantity"] > held[row["id"]]["remaining"]:
            return _refused(at, "The line item quantity is invalid.", "INVALID_LINE_ITEM_QUANTITY")
    return None


@mutation("fulfillmentOrderReleaseHold")
def release(args: Args, ctx: Context) -> Record:
    """Release all holds, or those named; the work is open again when none is left."""
    record = named(args["id"], ctx)
    if record is None:
        error = user_error(["id"], "Fulfillment order does not exist.", "FULFILLMENT_ORDER_NOT_FOUND")
        return {"fulfillmentOrder": None, "userErrors": [error]}
    wanted = set(args.get("holdIds") or [])
    external = args.get("externalId")
    holds = record.get("_holds", [])
    if wanted or external is not None:
        kept = [
            row for row in holds if row["id"] not in wanted and (external is None or row.get("externalId") != external)
        ]
    else:
        kept = []
    if record["status"] == "ON_HOLD" and len(kept) < len(holds):
        record["_holds"] = kept
        if not kept:
            record["status"] = "OPEN"
            fulfillment_orders.settle(ctx.shop, record)
        note_change(ctx.shop, record, "hold_released")
    return {"fulfillmentOrder": record, "userErrors": []}
