"""Shipments of inventory transfers: packed, on their way, received or refused at the destination."""

from __future__ import annotations

from collections.abc import Callable

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory
from shoptide.simulator.domain.idempotency import once
from shoptide.simulator.domain.inventory_transfers import KIND as TRANSFER
from shoptide.simulator.domain.inventory_transfers import SHIPMENT as KIND
from shoptide.simulator.domain.inventory_transfers import origin_of, shipments_of
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, tail_of

LINE = "InventoryShipmentLineItem"
EMPTY: Record = {"inventoryShipment": None}
NO_SHIPMENT = "The shipment can't be found."


def _transfer(shop: Shop, shipment: Record) -> Record:
    found = shop.table(TRANSFER).get(shipment["_transfer"])
    if found is None:
        raise LookupError(f"{shipment['id']} outlived its transfer")
    return found


def _transfer_line(transfer: Record, item: str) -> Record | None:
    return next((line for line in transfer["_lines"] if line["item"] == item), None)


def _named(gid: str, ctx: Context) -> tuple[Record | None, list[Record]]:
    record = ctx.shop.table(KIND).get(gid)
    return record, [] if record else [user_error(["id"], NO_SHIPMENT, "SHIPMENT_NOT_FOUND")]


# packing


def _packing_problems(transfer: Record, rows: list[Args], at: list[str]) -> list[Record]:
    wrong = []
    for index, row in enumerate(rows):
        line = _transfer_line(transfer, row["inventoryItemId"])
        path = [*at, "lineItems", str(index)]
        if line is None:
            message = "The inventory item could not be found."
            wrong.append(user_error([*path, "inventoryItemId"], message, "ITEM_NOT_FOUND"))
        elif not 0 < row["quantity"] <= line["total"] - line["shipped"] - line["picked"]:
            wrong.append(user_error([*path, "quantity"], "The quantity is invalid.", "INVALID_QUANTITY"))
    return wrong


def _pack(shop: Shop, transfer: Record, rows: list[Args]) -> list[Record]:
    packed = []
    for row in rows:
        line = _transfer_line(transfer, row["inventoryItemId"])
        if line is not None:
            line["picked"] += row["quantity"]
        held = {"id": shop.new_id(LINE), "item": row["inventoryItemId"], "quantity": row["quantity"]}
        packed.append({**held, "accepted": 0, "rejected": 0})
    return packed


def _create(args: Args, ctx: Context, *, ship: bool) -> Record:
    given, shop = args["input"], ctx.shop
    transfer = shop.table(TRANSFER).get(given["movementId"])
    if transfer is None:
        message = "The transfer can't be found."
        return {**EMPTY, "userErrors": [user_error(["input", "movementId"], message, "NOT_FOUND")]}
    if transfer["status"] not in ("READY_TO_SHIP", "IN_PROGRESS"):
        message = "The transfer is not ready to ship."
        return {**EMPTY, "userErrors": [user_error(["input", "movementId"], message, "INVALID_TRANSFER_STATUS")]}
    if wrong := _packing_problems(transfer, given["lineItems"], ["input"]):
        return {**EMPTY, "userErrors": wrong}
    record: Record = {
        "id": shop.new_id(KIND),
        "name": f"{transfer['name']}-{len(shipments_of(shop, transfer)) + 1}",
        "status": "DRAFT",
        "dateCreated": given.get("dateCreated") or shop.stamp(),
        "barcode": given.get("barcode"),
        "tracking": dict(given["trackingInput"]) if given.get("trackingInput") else None,
        "_transfer": transfer["id"],
        "_lines": _pack(shop, transfer, given["lineItems"]),
    }
    shop.table(KIND).put(record)
    transfer["status"] = "IN_PROGRESS"
    if ship:
        _ship(shop, record, None)
    return {"inventoryShipment": record, "userErrors": []}


@mutation("inventoryShipmentCreate")
def create(args: Args, ctx: Context) -> Record:
    return once("inventoryShipmentCreate", args, ctx, lambda given, c: _create(given, c, ship=False), EMPTY)


@mutation("inventoryShipmentCreateInTransit")
def create_in_transit(args: Args, ctx: Context) -> Record:
    return once("inventoryShipmentCreateInTransit", args, ctx, lambda given, c: _create(given, c, ship=True), EMPTY)


@mutation("inventoryShipmentAddItems")
def add_items(args: Args, ctx: Context) -> Record:
    return once("inventoryShipmentAddItems", args, ctx, _add_items, {**EMPTY, "addedItems": None})


def _add_items(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx)
    if record is None:
        return {**EMPTY, "addedItems": None, "userErrors": wrong}
    transfer = _transfer(ctx.shop, record)
    if wrong := _packing_problems(transfer, args["lineItems"], []):
        return {**EMPTY, "addedItems": None, "userErrors": wrong}
    added = _pack(ctx.shop, transfer, args["lineItems"])
    record["_lines"] += added
    shown = [shown_line(line, ctx) for line in added]
    return {"inventoryShipment": record, "addedItems": shown, "userErrors": []}


def _unpack(shop: Shop, record: Record, line: Record, quantity: int) -> None:
    packed = _transfer_line(_transfer(shop, record), line["item"])
    if packed is not None:
        packed["picked"] -= quantity


@mutation("inventoryShipmentRemoveItems")
def remove_items(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx)
    if record is None:
        return {**EMPTY, "userErrors": wrong}
    for line in [line for line in record["_lines"] if line["id"] in args["lineItems"]]:
        _unpack(ctx.shop, record, line, line["quantity"])
        record["_lines"].remove(line)
    return {"inventoryShipment": record, "userErrors": []}


@mutation("inventoryShipmentUpdateItemQuantities")
def update_quantities(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx)
    if record is None:
        return {"shipment": None, "updatedLineItems": None, "userErrors": wrong}
    rows = {line["id"]: line for line in record["_lines"]}
    changed = []
    for row in args["items"]:
        line = rows.get(row["shipmentLineItemId"])
        if line is not None:
            _unpack(ctx.shop, record, line, line["quantity"] - row["quantity"])
            line["quantity"] = row["quantity"]
            changed.append(shown_line(line, ctx))
    return {"shipment": record, "updatedLineItems": changed, "userErrors": []}


@mutation("inventoryShipmentSetTracking")
def set_tracking(args: Args, ctx: Context) -> Record:
    return _set(args, ctx, "tracking", lambda: dict(args["tracking"]))


@mutation("inventoryShipmentSetBarcode")
def set_barcode(args: Args, ctx: Context) -> Record:
    return _set(args, ctx, "barcode", lambda: args["barcode"])


def _set(args: Args, ctx: Context, name: str, value: Callable[[], object]) -> Record:
    record, wrong = _named(args["id"], ctx)
    if record is not None:
        record[name] = value()
    return {"inventoryShipment": record, "userErrors": wrong}


@mutation("inventoryShipmentDelete")
def delete(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx)
    if record is not None and record["status"] != "DRAFT":
        wrong = [user_error(["id"], "The shipment must be in draft status.", "INVALID_SHIPMENT_STATUS")]
    if record is None or wrong:
        return {"id": None, "userErrors": wrong}
    for line in record["_lines"]:
        _unpack(ctx.shop, record, line, line["quantity"])
    ctx.shop.table(KIND).remove(record["id"])
    return {"id": record["id"], "userErrors": []}


# on the way


def _ship(shop: Shop, record: Record, moment: str | None) -> None:
    """Pieces leave the origin and are awaited at the destination."""
    transfer = _transfer(shop, record)
    record.update(status="IN_TRANSIT", dateShipped=moment or shop.stamp())
    for line in record["_lines"]:
        packed, item = _transfer_line(transfer, line["item"]), shop.table("InventoryItem").get(line["item"])
        if packed is not None:
            packed["picked"] -= line["quantity"]
            packed["shipped"] += line["quantity"]
        if item is not None:
            _move(shop, item, origin_of(transfer), {"reserved": -line["quantity"]})
            _move(shop, item, _destination(transfer), {"incoming": line["quantity"]})


def _destination(transfer: Record) -> str | None:
    return transfer["destination"]["location"] if transfer["destination"] else None


def _move(shop: Shop, item: Record, place: str | None, deltas: dict[str, int]) -> None:
    if place is not None:
        inventory.shift(shop, item, place, deltas)


@mutation("inventoryShipmentMarkInTransit")
def mark_in_transit(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx)
    if record is not None and record["status"] != "DRAFT":
        wrong = [user_error(["id"], "The shipment must be in draft status.", "INVALID_SHIPMENT_STATUS")]
    if record is None or wrong:
        return {**EMPTY, "userErrors": wrong}
    _ship(ctx.shop, record, args.get("dateShipped"))
    return {"inventoryShipment": record, "userErrors": []}


@mutation("inventoryShipmentReceive")
def receive(args: Args, ctx: Context) -> Record:
    return once("inventoryShipmentReceive", args, ctx, _receive, EMPTY)


def _receive(args: Args, ctx: Context) -> Record:
    """Line by line, or all that is left at once."""
    record, wrong = _named(args["id"], ctx)
    if record is not None and record["status"] not in ("IN_TRANSIT", "PARTIALLY_RECEIVED"):
        wrong = [user_error(["id"], "The shipment is not in transit.", "INVALID_SHIPMENT_STATUS")]
    if record is None or wrong:
        return {**EMPTY, "userErrors": wrong}
    rows = {line["id"]: line for line in record["_lines"]}
    wanted = [(row["shipmentLineItemId"], row["quantity"], row["reason"]) for row in args.get("lineItems") or []]
    if args.get("bulkReceiveAction"):
        wanted = [(gid, _unreceived(line), args["bulkReceiveAction"]) for gid, line in rows.items()]
    for index, (gid, quantity, _reason) in enumerate(wanted):
        if gid not in rows or not 0 <= quantity <= _unreceived(rows[gid]):
            path = ["lineItems", str(index), "quantity"]
            return {**EMPTY, "userErrors": [user_error(path, "The quantity is invalid.", "INVALID_QUANTITY")]}
    for gid, quantity, reason in wanted:
        _take_in(ctx.shop, record, rows[gid], quantity, reason)
    _settle(ctx.shop, record, args.get("dateReceived"))
    return {"inventoryShipment": record, "userErrors": []}


def _unreceived(line: Record) -> int:
    return int(line["quantity"] - line["accepted"] - line["rejected"])


def _take_in(shop: Shop, record: Record, line: Record, quantity: int, reason: str) -> None:
    item = shop.table("InventoryItem").get(line["item"])
    line["accepted" if reason == "ACCEPTED" else "rejected"] += quantity
    if item is not None and quantity:
        gained = {"available": quantity} if reason == "ACCEPTED" else {}
        _move(shop, item, _destination(_transfer(shop, record)), {"incoming": -quantity, **gained})


def _settle(shop: Shop, record: Record, moment: str | None) -> None:
    """A shipment is received when nothing of it is awaited, a transfer when nothing of it is left to come."""
    done = not any(_unreceived(line) for line in record["_lines"])
    record.update(status="RECEIVED" if done else "PARTIALLY_RECEIVED", dateReceived=moment or shop.stamp())
    transfer = _transfer(shop, record)
    arrived = all(row["status"] == "RECEIVED" for row in shipments_of(shop, transfer))
    if arrived and all(line["shipped"] == line["total"] for line in transfer["_lines"]):
        transfer["status"] = "TRANSFERRED"


# reading


@root("inventoryShipment")
def shipment(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


def shown_line(line: Record, ctx: Context) -> Record:
    return {
        "id": line["id"],
        "inventoryItem": ctx.shop.table("InventoryItem").get(line["item"]),
        "quantity": line["quantity"],
        "acceptedQuantity": line["accepted"],
        "rejectedQuantity": line["rejected"],
        "unreceivedQuantity": _unreceived(line),
    }


@field(KIND, "lineItems")
def line_items(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [shown_line(line, ctx) for line in record["_lines"]])


@field(KIND, "lineItemsCount")
def lines_count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(record["_lines"]), "precision": "EXACT"}


@field(KIND, "lineItemTotalQuantity")
def total(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(line["quantity"] for line in record["_lines"])


@field(KIND, "totalAcceptedQuantity")
def accepted(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(line["accepted"] for line in record["_lines"])


@field(KIND, "totalRejectedQuantity")
def rejected(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(line["rejected"] for line in record["_lines"])


@field(KIND, "totalReceivedQuantity")
def received(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(line["accepted"] + line["rejected"] for line in record["_lines"])


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "status": token(lambda row, _shop: row["status"].lower()),
        "tracking_number": token(lambda row, _shop: (row["tracking"] or {}).get("trackingNumber")),
    },
)
sort(
    "inventoryShipments",
    {"ID": lambda row, _shop: int(tail_of(row["id"])), "STATUS": lambda row, _shop: row["status"]},
    default="ID",
)
