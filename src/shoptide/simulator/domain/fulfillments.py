"""Fulfillments: creating and cancelling them, their tracking and their events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import fulfillment_orders, money, order_parts
from shoptide.simulator.domain.order_changes import changed
from shoptide.simulator.domain.order_lines import manual_service
from shoptide.simulator.domain.order_states import fulfillment_status
from shoptide.simulator.domain.order_totals import line_discounted
from shoptide.simulator.domain.stock import committed
from shoptide.simulator.domain.tracking import entries
from shoptide.simulator.registry import Args, Listing, field, mutation, root, sort, user_error
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Fulfillment"
LINE = "FulfillmentLineItem"
EVENT = "FulfillmentEvent"
# Events by the state they put the fulfillment in.
SHOWN = {
    "ATTEMPTED_DELIVERY": "ATTEMPTED_DELIVERY",
    "CARRIER_PICKED_UP": "CARRIER_PICKED_UP",
    "CONFIRMED": "CONFIRMED",
    "DELAYED": "DELAYED",
    "DELIVERED": "DELIVERED",
    "FAILURE": "FAILURE",
    "IN_TRANSIT": "IN_TRANSIT",
    "LABEL_PRINTED": "LABEL_PRINTED",
    "LABEL_PURCHASED": "LABEL_PURCHASED",
    "OUT_FOR_DELIVERY": "OUT_FOR_DELIVERY",
    "READY_FOR_PICKUP": "READY_FOR_PICKUP",
}

Share = tuple[Record, list[tuple[Record, int]]]  # a fulfillment order and what is fulfilled of its lines


# creating


@mutation("fulfillmentCreate", "fulfillmentCreateV2")
def create(args: Args, ctx: Context) -> Record:
    given = args["fulfillment"]
    problem, shares = _checked(given["lineItemsByFulfillmentOrder"], ctx)
    if problem is not None:
        return {"fulfillment": None, "userErrors": [problem]}
    order = order_parts.order_of(ctx.shop, shares[0][0])
    record = fulfil(ctx.shop, order, shares, given.get("trackingInfo"), given.get("originAddress"))
    changed(ctx.shop, order, _order_topic(ctx.shop, order))
    return {"fulfillment": record, "userErrors": []}


def _order_topic(shop: Shop, order: Record) -> str:
    whole = fulfillment_status(shop, order) == "FULFILLED"
    return "orders/fulfilled" if whole else "orders/partially_fulfilled"


def _refused(message: str) -> Record:
    return user_error(["fulfillment"], message)


def _checked(groups: list[Args], ctx: Context) -> tuple[Record | None, list[Share]]:
    """The store's checks in its order (FACTS 47): quantities, existence, one order, one place, lines, what is left."""
    if not groups:
        return _refused("Line items by fulfillment order can't be blank"), []
    for index, group in enumerate(groups):
        for at, row in enumerate(group.get("fulfillmentOrderLineItems") or []):
            if row["quantity"] <= 0:
                path = ["fulfillment", "lineItemsByFulfillmentOrder", str(index), "fulfillmentOrderLineItems", str(at)]
                return user_error([*path, "quantity"], "Quantity must be greater than 0"), []
    found = [fulfillment_orders.named(group["fulfillmentOrderId"], ctx, zero="invalid id") for group in groups]
    work = [record for record in found if record is not None]
    if len(work) < len(found):
        return _refused("Fulfillment order does not exist."), []
    if problem := _scattered(work):
        return problem, []
    return _shares(work, groups)


def _scattered(work: list[Record]) -> Record | None:
    orders = list(dict.fromkeys(tail_of(record["_order"]) for record in work))
    if len(orders) > 1:
        listed = ", ".join(orders)
        message = "All fulfillment orders must belong to the same order."
        return _refused(f"{message} Multiple orders with ids [{listed}] were found.")
    places = sorted({tail_of(record["_location"] or "") for record in work}, key=lambda tail: (len(tail), tail))
    if len(places) > 1:
        message = "All fulfillment orders must be assigned to a single location."
        return _refused(f"{message} Multiple locations with ids [{', '.join(places)}] were found.")
    return None


def _shares(work: list[Record], groups: list[Args]) -> tuple[Record | None, list[Share]]:
    shares: list[Share] = []
    for record, group in zip(work, groups, strict=True):
        wanted = group.get("fulfillmentOrderLineItems")
        held = {row["id"]: row for row in record["_lines"]}
        if wanted and any(row["id"] not in held for row in wanted):
            return _refused("Fulfillment order line item does not exist."), []
        if record["status"] not in ("OPEN", "IN_PROGRESS"):
            state = record["status"].lower()
            return _refused(f"Fulfillment order {tail_of(record['id'])} has an unfulfillable status= {state}."), []
        pieces = [(held[row["id"]], row["quantity"]) for row in wanted or []]
        pieces = pieces or [(row, row["remaining"]) for row in record["_lines"] if row["remaining"]]
        if any(quantity > row["remaining"] for row, quantity in pieces) or not pieces:
            return _refused("Invalid fulfillment order line item quantity requested."), []
        shares.append((record, pieces))
    return None, shares


def fulfil(shop: Shop, order: Record, shares: list[Share], tracking: Args | None, origin: Args | None = None) -> Record:
    """Write the fulfillment of these shares; the same line of several fulfillment orders becomes one of its lines."""
    pieces: dict[str, int] = {}
    for record, rows in shares:
        for row, quantity in rows:
            row["remaining"] -= quantity
            pieces[row["line"]] = pieces.get(row["line"], 0) + quantity
        fulfillment_orders.settle(shop, record)
        if record["status"] != "CLOSED" and record.get("_reported"):
            record["_reported"] = False
    fulfillment = write(shop, order, [record["id"] for record, _rows in shares], pieces, shares[0][0]["_location"])
    fulfillment["_tracking"] = entries(tracking or {})
    if origin:
        fulfillment["originAddress"] = dict(origin)
    committed(shop, order, pieces, shares[0][0]["_location"], back=False)
    shop.emit("fulfillments/create", fulfillment)
    return fulfillment


def write(
    shop: Shop, order: Record, work: list[str], pieces: dict[str, int], location: str | None, moment: str | None = None
) -> Record:
    stamp = moment or shop.stamp()
    number = len(order_parts.fulfillments(shop, order)) + 1
    record: Record = {
        "id": shop.new_id(KIND),
        "_order": order["id"],
        "_work": work,
        "name": f"{order['name']}-F{number}",
        "status": "SUCCESS",
        "_location": location,
        "createdAt": stamp,
        "updatedAt": stamp,
        "_tracking": [],
        "_lines": [{"id": shop.new_id(LINE), "line": line, "quantity": quantity} for line, quantity in pieces.items()],
    }
    return order_parts.part_table(shop, KIND).put(record)


# changing


def _touched(shop: Shop, record: Record) -> Record:
    shop.touch(record)
    order_parts.part_table(shop, KIND).put(record)
    shop.emit("fulfillments/update", record)
    return record


@mutation("fulfillmentTrackingInfoUpdate", "fulfillmentTrackingInfoUpdateV2")
def update_tracking(args: Args, ctx: Context) -> Record:
    """Accepted on cancelled fulfillments too (FACTS 48)."""
    record = ctx.shop.table(KIND).get(args["fulfillmentId"])
    if record is None:
        error = user_error(["fulfillmentId"], "Fulfillment does not exist.")
        return {"fulfillment": None, "userErrors": [error]}
    record["_tracking"] = entries(args["trackingInfoInput"])
    _touched(ctx.shop, record)
    changed(ctx.shop, order_parts.order_of(ctx.shop, record))
    return {"fulfillment": record, "userErrors": []}


@mutation("fulfillmentCancel")
def cancel(args: Args, ctx: Context) -> Record:
    """Cancelling again, or what was delivered, succeeds (FACTS 48). The pieces go to new fulfillment orders."""
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        return {"fulfillment": None, "userErrors": [user_error(["id"], "Fulfillment not found.")]}
    if record["status"] != "CANCELLED":
        undo(ctx.shop, record)
    return {"fulfillment": record, "userErrors": []}


def undo(shop: Shop, record: Record) -> None:
    order = order_parts.order_of(shop, record)
    record["status"] = "CANCELLED"
    _touched(shop, record)
    pieces = {row["line"]: row["quantity"] for row in record["_lines"]}
    _reopen(shop, order, record, dict(pieces))
    committed(shop, order, pieces, record["_location"], back=True)
    changed(shop, order)


def _reopen(shop: Shop, order: Record, record: Record, pieces: dict[str, int]) -> None:
    """What was fulfilled waits again: on its fulfillment order where that is open, else on a new one."""
    works = [work for gid in record["_work"] if (work := shop.table("FulfillmentOrder").get(gid)) is not None]
    for work in works:
        if work["status"] == "CLOSED":
            continue
        for row in work["_lines"]:
            back = min(pieces.get(row["line"], 0), row["total"] - row["remaining"])
            row["remaining"] += back
            pieces[row["line"]] = pieces.get(row["line"], 0) - back
        if all(row["remaining"] == row["total"] for row in work["_lines"]) and work["status"] == "IN_PROGRESS":
            work["status"] = "OPEN"
        fulfillment_orders.note_change(shop, work)
    left = [(line, quantity) for line, quantity in pieces.items() if quantity > 0]
    if left and works:
        fulfillment_orders.create(shop, order, record["_location"], left, like=works[0])


@mutation("fulfillmentEventCreate")
def create_event(args: Args, ctx: Context) -> Record:
    given, shop = args["fulfillmentEvent"], ctx.shop
    fulfillment = shop.table(KIND).get(given["fulfillmentId"])
    if fulfillment is None:
        error = user_error(["fulfillmentEvent", "fulfillmentId"], "Fulfillment does not exist.")
        return {"fulfillmentEvent": None, "userErrors": [error]}
    event = add_event(shop, fulfillment, {name: value for name, value in given.items() if name != "fulfillmentId"})
    return {"fulfillmentEvent": event, "userErrors": []}


def add_event(shop: Shop, fulfillment: Record, facts: Args) -> Record:
    stamp = shop.stamp()
    event: Record = {
        "id": shop.new_id(EVENT),
        "_fulfillment": fulfillment["id"],
        "happenedAt": stamp,
        "createdAt": stamp,
        **{name: value for name, value in facts.items() if value is not None},
    }
    event_table(shop).put(event)
    _touched(shop, fulfillment)
    shop.emit("fulfillment_events/create", event)
    return event


# reading


def event_table(shop: Shop) -> Any:
    table = shop.table(EVENT)
    table.add_index("fulfillment", lambda event: event["_fulfillment"])
    return table


def events_of(shop: Shop, record: Record) -> list[Record]:
    rows: list[Record] = event_table(shop).by("fulfillment", record["id"])
    return rows


def _latest(shop: Shop, record: Record) -> Record | None:
    return max(events_of(shop, record), key=lambda event: (event["happenedAt"], event["id"]), default=None)


@root("fulfillment")
def fulfillment(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


@field(KIND, "displayStatus")
def display_status(record: Record, _args: Args, ctx: Context) -> str:
    if record["status"] == "CANCELLED":
        return "CANCELED"
    latest = _latest(ctx.shop, record)
    return SHOWN[latest["status"]] if latest else "FULFILLED"


def _first_time(shop: Shop, record: Record, status: str) -> str | None:
    times = [event["happenedAt"] for event in events_of(shop, record) if event["status"] == status]
    return min(times, default=None)


@field(KIND, "deliveredAt")
def delivered_at(record: Record, _args: Args, ctx: Context) -> str | None:
    return _first_time(ctx.shop, record, "DELIVERED")


@field(KIND, "inTransitAt")
def in_transit_at(record: Record, _args: Args, ctx: Context) -> str | None:
    return _first_time(ctx.shop, record, "IN_TRANSIT")


@field(KIND, "estimatedDeliveryAt")
def estimated_delivery_at(record: Record, _args: Args, ctx: Context) -> str | None:
    told = [event for event in events_of(ctx.shop, record) if event.get("estimatedDeliveryAt")]
    return told[-1]["estimatedDeliveryAt"] if told else None


@field(KIND, "events")
def events(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(kind=EVENT, records=events_of(ctx.shop, record), root="Fulfillment.events")


sort("Fulfillment.events", {"HAPPENED_AT": lambda row, _shop: row["happenedAt"]}, default="HAPPENED_AT")


@field(KIND, "order")
def order_of(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "location")
def location(record: Record, _args: Args, _ctx: Context) -> str | None:
    gid: str | None = record["_location"]
    return gid


@field(KIND, "service")
def service(record: Record, _args: Args, ctx: Context) -> Record:
    return manual_service(ctx.shop, record["_location"])


@field(KIND, "trackingInfo")
def tracking_info(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    rows: list[Record] = record["_tracking"]
    return rows


@field(KIND, "totalQuantity")
def total_quantity(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(row["quantity"] for row in record["_lines"])


@field(KIND, "requiresShipping")
def requires_shipping(record: Record, _args: Args, ctx: Context) -> bool:
    table = ctx.shop.table("LineItem")
    return any((table.get(row["line"]) or {}).get("requiresShipping", True) for row in record["_lines"])


@field(KIND, "fulfillmentOrders")
def work_of(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [work for gid in record["_work"] if (work := ctx.shop.get(gid)) is not None]


@field(KIND, "fulfillmentLineItems")
def line_items(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [{"id": row["id"], "lineItem": row["line"], "quantity": row["quantity"]} for row in record["_lines"]]


def _share(row: Record, ctx: Context) -> tuple[Record, Record]:
    line = ctx.shop.table("LineItem").get(row["lineItem"])
    if line is None:
        raise LookupError(f"{row['id']} outlived its line {row['lineItem']}")
    return line, order_parts.order_of(ctx.shop, line)


@field(LINE, "originalTotalSet")
def original_total(row: Record, _args: Args, ctx: Context) -> Record:
    line, order = _share(row, ctx)
    return money.shown(money.read(line["_price"]).times(row["quantity"]), order)


@field(LINE, "originalTotal")
def original_amount(row: Record, _args: Args, ctx: Context) -> Decimal:
    return money.read(_share(row, ctx)[0]["_price"]).times(row["quantity"]).shop


@field(LINE, "discountedTotalSet")
def discounted_total(row: Record, _args: Args, ctx: Context) -> Record:
    line, order = _share(row, ctx)
    return money.shown(line_discounted(line).share(row["quantity"], line["quantity"]), order)


@field(LINE, "discountedTotal")
def discounted_amount(row: Record, _args: Args, ctx: Context) -> Decimal:
    line, _order = _share(row, ctx)
    return line_discounted(line).share(row["quantity"], line["quantity"]).shop
