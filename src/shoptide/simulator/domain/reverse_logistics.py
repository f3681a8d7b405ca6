"""Goods on their way back: reverse fulfillment orders, reverse deliveries, and what becomes of the goods."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, order_parts, stock
from shoptide.simulator.domain.return_records import REVERSE, fulfilled_rows
from shoptide.simulator.registry import Args, TopLevelError, field, mutation, root, user_error
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, kind_of

LINE = "ReverseFulfillmentOrderLineItem"
DELIVERY = "ReverseDelivery"
SEVERAL = "Cannot dispose items from more than one reverse fulfillment order."
CUSTOM = "RESTOCKED is an invalid disposition type for a custom line item."
TOO_MANY = "cannot deliver more items than are returned"


def open_reverse_work(shop: Shop, record: Record) -> Record:
    """An approved return's goods are awaited."""
    work: Record = {
        "id": shop.new_id(REVERSE),
        "_order": record["_order"],
        "_return": record["id"],
        "status": "OPEN",
        "_lines": [
            {
                "id": shop.new_id(LINE),
                "from": row["from"],
                "line": row["line"],
                "quantity": row["quantity"],
                "dispositions": [],
            }
            for row in record["_lines"]
        ],
    }
    return shop.table(REVERSE).put(work)


def reverse_orders(shop: Shop, record: Record) -> list[Record]:
    return [row for row in shop.table(REVERSE) if row["_return"] == record["id"]]


def _same_kind(gid: str, kind: str) -> None:
    """An id of another type fails the whole field."""
    if kind_of(gid) != kind:
        raise TopLevelError("RESOURCE_NOT_FOUND", f"Invalid id: {gid}")


# reading


@root("reverseFulfillmentOrder")
def reverse_fulfillment_order(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], REVERSE, ctx)


@root("reverseDelivery")
def reverse_delivery(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], DELIVERY, ctx)


@field(REVERSE, "order")
def order_of(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(REVERSE, "lineItems")
def line_items(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [shown_line(row, record, ctx) for row in record["_lines"]]


def shown_line(row: Record, record: Record, ctx: Context) -> Record:
    order = order_parts.order_of(ctx.shop, record)
    source, _fulfillment = fulfilled_rows(ctx.shop, order).get(row["from"], ({}, {}))
    return {
        "id": row["id"],
        "totalQuantity": row["quantity"],
        "fulfillmentLineItem": {"id": row["from"], "lineItem": row["line"], "quantity": source.get("quantity")},
        "dispositions": row["dispositions"],
    }


@field(REVERSE, "reverseDeliveries")
def deliveries(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [row for row in ctx.shop.table(DELIVERY) if row["_work"] == record["id"]]


@field(DELIVERY, "reverseFulfillmentOrder")
def work_of(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_work"])


@field(DELIVERY, "reverseDeliveryLineItems")
def delivered(record: Record, _args: Args, ctx: Context) -> list[Record]:
    work = ctx.shop.table(REVERSE).get(record["_work"])
    rows = {row["id"]: row for row in work["_lines"]} if work else {}
    return [
        {
            "id": part["id"],
            "quantity": part["quantity"],
            "reverseFulfillmentOrderLineItem": shown_line(rows[part["row"]], work, ctx),
            "dispositions": rows[part["row"]]["dispositions"],
        }
        for part in record["_lines"]
        if work is not None and part["row"] in rows
    ]


@field(DELIVERY, "deliverable")
def deliverable(record: Record, _args: Args, _ctx: Context) -> Record | None:
    held: Record | None = record.get("_deliverable")
    return held


# sending back


@mutation("reverseDeliveryCreateWithShipping")
def create_delivery(args: Args, ctx: Context) -> Record:
    """Pieces named, or all that are awaited."""
    gid, shop = args["reverseFulfillmentOrderId"], ctx.shop
    _same_kind(gid, REVERSE)
    work = shop.table(REVERSE).get(gid)
    if work is None:
        message = "Reverse fulfillment order was not found."
        error = user_error(["reverseFulfillmentOrderId"], message, "NOT_FOUND")
        return {"reverseDelivery": None, "userErrors": [error]}
    wanted = args["reverseDeliveryLineItems"]
    if problem := _delivery_problem(work, wanted):
        return {"reverseDelivery": None, "userErrors": [problem]}
    pieces = [(row["reverseFulfillmentOrderLineItemId"], row["quantity"]) for row in wanted]
    pieces = pieces or [(row["id"], row["quantity"]) for row in work["_lines"]]
    record: Record = {
        "id": shop.new_id(DELIVERY),
        "_work": work["id"],
        "_lines": [
            {"id": shop.new_id("ReverseDeliveryLineItem"), "row": row, "quantity": quantity} for row, quantity in pieces
        ],
    }
    _label(record, args, shop)
    shop.table(DELIVERY).put(record)
    shop.emit("reverse_deliveries/attach_deliverable", record)
    return {"reverseDelivery": record, "userErrors": []}


def _delivery_problem(work: Record, wanted: list[Args]) -> Record | None:
    left = {row["id"]: row["quantity"] for row in work["_lines"]}
    for row in wanted:
        _same_kind(row["reverseFulfillmentOrderLineItemId"], LINE)
    for index, row in enumerate(wanted):
        at = ["reverseDeliveryLineItems", str(index)]
        gid = row["reverseFulfillmentOrderLineItemId"]
        if gid not in left:
            return user_error([*at, "reverseFulfillmentOrderLineItemId"], "must exist")
        left[gid] -= row["quantity"]
        if left[gid] < 0:
            return user_error([*at, "quantity"], TOO_MANY)
    return None


def _label(record: Record, args: Args, shop: Shop) -> None:
    """Take over tracking and label; what isn't given stays."""
    held: Record = record.get("_deliverable") or {
        "__typename": "ReverseDeliveryShippingDeliverable",
        "tracking": None,
        "label": None,
    }
    tracking, label, stamp = args.get("trackingInput"), args.get("labelInput"), shop.stamp()
    if tracking:
        held["tracking"] = {"number": tracking.get("number"), "url": tracking.get("url"), "carrierName": None}
    if label:
        held["label"] = {"publicFileUrl": label["fileUrl"], "createdAt": stamp, "updatedAt": stamp}
    record["_deliverable"] = held


@mutation("reverseDeliveryShippingUpdate")
def update_delivery(args: Args, ctx: Context) -> Record:
    gid = args["reverseDeliveryId"]
    _same_kind(gid, DELIVERY)
    record = ctx.shop.table(DELIVERY).get(gid)
    if record is None:
        error = user_error(["reverseDeliveryId"], "Reverse delivery was not found.", "NOT_FOUND")
        return {"reverseDelivery": None, "userErrors": [error]}
    _label(record, args, ctx.shop)
    return {"reverseDelivery": record, "userErrors": []}


# what becomes of the goods


@mutation("reverseFulfillmentOrderDispose")
def dispose_all(args: Args, ctx: Context) -> Record:
    wanted, shop = args["dispositionInputs"], ctx.shop
    if not wanted:
        return _undisposed([user_error(["dispositionInputs"], "The array cannot be empty.", "BLANK")])
    for part in wanted:
        _same_kind(part["reverseFulfillmentOrderLineItemId"], LINE)
        if part.get("locationId"):
            _same_kind(part["locationId"], "Location")
    found = [_awaited(shop, part["reverseFulfillmentOrderLineItemId"]) for part in wanted]
    works = {pair[0]["id"] for pair in found if pair is not None}
    if len(works) != 1 or None in found:
        return _undisposed([user_error(["dispositionInputs"], SEVERAL, "INVALID")])
    rows = [pair[1] for pair in found if pair is not None]
    if problems := _disposition_problems(shop, wanted, rows):
        return _undisposed(problems)
    for part in wanted:
        dispose(ctx, part)
    work = next(pair[0] for pair in found if pair is not None)
    shown = {row["id"]: shown_line(row, work, ctx) for row in rows}
    return {"reverseFulfillmentOrderLineItems": list(shown.values()), "userErrors": []}


def _undisposed(errors: list[Record]) -> Record:
    return {"reverseFulfillmentOrderLineItems": None, "userErrors": errors}


def _awaited(shop: Shop, gid: str) -> tuple[Record, Record] | None:
    return next(((work, row) for work in shop.table(REVERSE) for row in work["_lines"] if row["id"] == gid), None)


def _disposition_problems(shop: Shop, wanted: list[Args], rows: list[Record]) -> list[Record]:
    found = []
    for index, (part, row) in enumerate(zip(wanted, rows, strict=True)):
        at = ["dispositionInputs", str(index)]
        line = shop.table("LineItem").get(row["line"]) or {}
        lost = part.get("locationId") and shop.table("Location").get(part["locationId"]) is None
        # Goods that nothing holds at the place are as good as a custom line's.
        if part["dispositionType"] == "RESTOCKED" and (lost or not line.get("variant")):
            found.append(user_error([*at, "dispositionType"], CUSTOM, "INVALID"))
        if lost:
            found.append(user_error([*at, "locationId"], "Location not found.", "NOT_FOUND"))
        left = row["quantity"] - sum(held["quantity"] for held in row["dispositions"])
        if not 0 < part["quantity"] <= left:
            found.append(user_error([*at, "quantity"], "Quantity is invalid.", "INVALID"))
    return found


def dispose(ctx: Context, part: Args) -> None:
    """Note what became of pieces; restocked ones are available again."""
    shop = ctx.shop
    found = _awaited(shop, part["reverseFulfillmentOrderLineItemId"])
    if found is None:
        return
    work, row = found
    row["dispositions"].append(
        {
            "id": shop.new_id("ReverseFulfillmentOrderDisposition"),
            "type": part["dispositionType"],
            "quantity": part["quantity"],
            "location": part.get("locationId"),
            "createdAt": shop.stamp(),
        }
    )
    item = stock.tracked_item(shop, row["line"], part.get("locationId"))
    if part["dispositionType"] == "RESTOCKED" and item is not None:
        inventory.shift(shop, item, part["locationId"], {"available": part["quantity"]})
    shop.emit("reverse_fulfillment_orders/dispose", work)
