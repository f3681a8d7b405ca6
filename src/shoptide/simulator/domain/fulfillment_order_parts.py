"""Moving pieces between fulfillment orders: carving out, splitting, merging, moving to another location."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import fulfillment_orders, order_parts
from shoptide.simulator.domain.fulfillment_orders import KIND, named, note_change
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop

Pieces = list[tuple[Record, int]]
NOT_FOUND = "Fulfillment order does not exist."
NO_LINE = "Fulfillment order line item does not exist."
BAD_QUANTITY = "Invalid fulfillment order line item quantity requested."
WITH_PROGRESS = (
    "Cannot move a fulfillment order that has had progress reported. To move a fulfillment order that has had progress "
    "reported, the fulfillment order must first be marked as open resolving the ongoing progress state."
)


def carve(shop: Shop, record: Record, pieces: Pieces, location: str | None = None) -> Record | None:
    """Move pieces to a new fulfillment order, at another location if wanted; nothing when there are none."""
    if not pieces:
        return None
    moved = [(row["line"], quantity) for row, quantity in pieces]
    for row, quantity in pieces:
        row["total"] -= quantity
        row["remaining"] -= quantity
    record["_lines"] = [row for row in record["_lines"] if row["total"] > 0]
    order = order_parts.order_of(shop, record)
    carved = fulfillment_orders.create(shop, order, location or record["_location"], moved, like=record)
    carved["_splitFrom"] = record.get("_splitFrom") or record["id"]
    note_change(shop, record)
    return carved


def chosen(record: Record, wanted: list[Args] | None) -> Pieces | str:
    """The pieces an input names, all that remain when it names none; else what is wrong with it."""
    if not wanted:
        return [(row, row["remaining"]) for row in record["_lines"] if row["remaining"]]
    held = {row["id"]: row for row in record["_lines"]}
    pieces: Pieces = []
    for row in wanted:
        if row["id"] not in held:
            return NO_LINE
        if row["quantity"] > held[row["id"]]["remaining"]:
            return BAD_QUANTITY
        pieces.append((held[row["id"]], row["quantity"]))
    return pieces


# splitting


@mutation("fulfillmentOrderSplit")
def split(args: Args, ctx: Context) -> Record:
    """All splits or none: the named pieces go to a new fulfillment order."""
    planned: list[tuple[Record, Pieces]] = []
    for index, given in enumerate(args["fulfillmentOrderSplits"]):
        outcome = _planned(index, given, ctx)
        if not isinstance(outcome[1], list):
            return {"fulfillmentOrderSplits": None, "userErrors": [outcome[1]]}
        planned.append((outcome[0], outcome[1]))
    results = []
    for record, pieces in planned:
        named_rows = [[row["id"], quantity] for row, quantity in pieces]
        carved = carve(ctx.shop, record, pieces)
        remaining = carved["id"] if carved else None
        ctx.shop.emit("fulfillment_orders/split", record, _remaining=remaining, _pieces=named_rows)
        results.append(
            {"fulfillmentOrder": record, "remainingFulfillmentOrder": carved, "replacementFulfillmentOrder": None}
        )
    return {"fulfillmentOrderSplits": results, "userErrors": []}


def _planned(index: int, given: Args, ctx: Context) -> tuple[Record, Pieces | Record]:
    at = ["fulfillmentOrderSplits", str(index), "fulfillmentOrderLineItems"]
    wanted = given["fulfillmentOrderLineItems"]
    if not wanted:
        message = "There must be at least one item selected in this fulfillment to split it."
        return {}, user_error(at, message, "NO_LINE_ITEMS_PROVIDED_TO_SPLIT")
    for position, row in enumerate(wanted):
        if row["quantity"] <= 0:
            message = "You must select at least one item to split into a new fulfillment order."
            return {}, user_error([*at, str(position), "quantity"], message, "GREATER_THAN")
    record = named(given["fulfillmentOrderId"], ctx)
    if record is None:
        return {}, user_error(None, NOT_FOUND, "FULFILLMENT_ORDER_NOT_FOUND")
    pieces = chosen(record, wanted)
    if isinstance(pieces, str):
        return record, user_error(None, pieces)
    whole = sum(row["remaining"] for row in record["_lines"])
    if record["status"] not in ("OPEN", "IN_PROGRESS", "SCHEDULED"):
        return record, user_error(None, "The fulfillment order is not in a splittable state.")
    if sum(quantity for _row, quantity in pieces) >= whole:
        return record, user_error(None, BAD_QUANTITY)
    return record, pieces


# merging


@mutation("fulfillmentOrderMerge")
def merge(args: Args, ctx: Context) -> Record:
    """All merges or none: the pieces of the others join the first fulfillment order of each."""
    for index, group in enumerate(args["fulfillmentOrderMergeInputs"]):
        if (problem := _merge_problem(index, group["mergeIntents"], ctx)) is not None:
            return {"fulfillmentOrderMerges": None, "userErrors": [problem]}
    results = [_merged(group["mergeIntents"], ctx) for group in args["fulfillmentOrderMergeInputs"]]
    return {"fulfillmentOrderMerges": [{"fulfillmentOrder": record} for record in results], "userErrors": []}


def _merge_problem(index: int, intents: list[Args], ctx: Context) -> Record | None:
    at = ["fulfillmentOrderMergeInputs", str(index), "mergeIntents"]
    for place, intent in enumerate(intents):
        for position, row in enumerate(intent.get("fulfillmentOrderLineItems") or []):
            if row["quantity"] <= 0:
                path = [*at, str(place), "fulfillmentOrderLineItems", str(position), "quantity"]
                message = "You must select at least one item to merge into a new fulfillment order."
                return user_error(path, message, "GREATER_THAN")
    records = [named(intent["fulfillmentOrderId"], ctx) for intent in intents]
    for record, intent in zip(records, intents, strict=True):
        if record is None:
            return user_error(None, NOT_FOUND, "FULFILLMENT_ORDER_NOT_FOUND")
        if record["status"] not in ("OPEN", "SCHEDULED"):
            number = record["id"].rsplit("/", 1)[-1]
            return user_error(None, f"Fulfillment order: {number} is currently not in a mergeable state.")
        pieces = chosen(record, intent.get("fulfillmentOrderLineItems"))
        if isinstance(pieces, str):
            return user_error(None, pieces)
    return None


def _merged(intents: list[Args], ctx: Context) -> Record:
    shop = ctx.shop
    records = [record for intent in intents if (record := shop.table(KIND).get(intent["fulfillmentOrderId"]))]
    target = records[0]
    told = []
    for record, intent in zip(records[1:], intents[1:], strict=True):
        pieces = chosen(record, intent.get("fulfillmentOrderLineItems"))
        pieces = pieces if isinstance(pieces, list) else []
        told.append([record["id"], [[row["id"], quantity] for row, quantity in pieces]])
        for row, quantity in pieces:
            _join(shop, target, row["line"], quantity)
            row["total"] -= quantity
            row["remaining"] -= quantity
        if all(row["remaining"] == 0 for row in record["_lines"]):
            record["status"] = "CLOSED"
        note_change(shop, record)
    note_change(shop, target, "merged", _intents=told)
    return target


def _join(shop: Shop, target: Record, line: str, quantity: int) -> None:
    """Add pieces of a line to a fulfillment order, to the row it has of that line if any."""
    row = next((held for held in target["_lines"] if held["line"] == line), None)
    if row is None:
        row = {"id": shop.new_id(fulfillment_orders.LINE), "line": line, "total": 0, "remaining": 0}
        target["_lines"].append(row)
    row["total"] += quantity
    row["remaining"] += quantity


# moving


def _not_moved(path: list[str] | None, message: str, code: str | None = None) -> Record:
    return {
        "movedFulfillmentOrder": None,
        "originalFulfillmentOrder": None,
        "remainingFulfillmentOrder": None,
        "userErrors": [user_error(path, message, code)],
    }


@mutation("fulfillmentOrderMove")
def move(args: Args, ctx: Context) -> Record:
    """The whole work changes its place, or some pieces go to a new fulfillment order there."""
    record = named(args["id"], ctx)
    if record is None:
        return _not_moved(["id"], NOT_FOUND, "FULFILLMENT_ORDER_NOT_FOUND")
    location = by_id(args["newLocationId"], "Location", ctx)
    if location is None:
        return _not_moved(["id"], "Location not found.")
    if record["requestStatus"] in ("SUBMITTED", "ACCEPTED", "CANCELLATION_REQUESTED", "CANCELLATION_REJECTED"):
        return _not_moved(None, "Cannot move submitted fulfillment order that is at a 3PL fulfillment service.")
    if record.get("_reported"):
        return _not_moved(["id"], WITH_PROGRESS, "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS")
    if record["status"] not in order_parts.OPEN_WORK or location["id"] == record["_location"]:
        return _not_moved(None, "Cannot change location.")
    pieces = chosen(record, args.get("fulfillmentOrderLineItems"))
    if isinstance(pieces, str):
        return _not_moved(None, pieces)
    return _moved(ctx.shop, record, pieces, location["id"])


def _moved(shop: Shop, record: Record, pieces: Pieces, location: str) -> Record:
    source, rows = record["_location"], [[row["id"], quantity] for row, quantity in pieces]
    untouched = all(row["total"] == row["remaining"] for row in record["_lines"])
    everything = sum(quantity for _row, quantity in pieces) == sum(row["remaining"] for row in record["_lines"])
    if untouched and everything:
        record["_location"] = location
        note_change(shop, record, "moved", _from=source, _pieces=rows)
        moved: Record | None = record
        remaining = None
    else:
        moved = carve(shop, record, pieces, location)
        if not any(row["remaining"] for row in record["_lines"]):
            record["status"] = "CLOSED"
        note_change(shop, record, "moved", _moved=moved["id"] if moved else None, _from=source, _pieces=rows)
        remaining = record if record["status"] != "CLOSED" else None
    return {
        "movedFulfillmentOrder": moved,
        "originalFulfillmentOrder": record,
        "remainingFulfillmentOrder": remaining,
        "userErrors": [],
    }
