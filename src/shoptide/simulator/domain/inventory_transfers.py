"""Inventory transfers: stock that is to go from one location to another, drafted, made ready and called off."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, metafields, text
from shoptide.simulator.domain.idempotency import once
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
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

KIND = "InventoryTransfer"
LINE = "InventoryTransferLineItem"
SHIPMENT = "InventoryShipment"
NO_TRANSFER = "The transfer can't be found."
EMPTY: Record = {"inventoryTransfer": None}


# checks


def _place_problems(given: Args, shop: Shop, names: tuple[str, str]) -> list[Record]:
    wrong = []
    for name in names:
        location = shop.table("Location").get(given.get(name))
        if given.get(name) and location is None:
            wrong.append(user_error(["input", name], "The location selected can't be found.", "LOCATION_NOT_FOUND"))
        elif location is not None and not location["isActive"]:
            wrong.append(user_error(["input", name], "The location selected is not active.", "LOCATION_NOT_ACTIVE"))
    if given.get(names[0]) and given.get(names[0]) == given.get(names[1]):
        message = "The origin location cannot be the same as the destination location."
        wrong.append(user_error(["input", names[1]], message, "TRANSFER_ORIGIN_CANNOT_BE_THE_SAME_AS_DESTINATION"))
    return wrong


def _item_problems(rows: list[Args], origin: str | None, shop: Shop) -> list[Record]:
    wrong = []
    named = [row["inventoryItemId"] for row in rows]
    for index, row in enumerate(rows):
        at = ["input", "lineItems", str(index)]
        item = shop.table("InventoryItem").get(row["inventoryItemId"])
        if row["quantity"] < 0:
            wrong.append(user_error([*at, "quantity"], "The quantity can't be negative.", "INVALID_QUANTITY"))
        if item is None:
            wrong.append(
                user_error([*at, "inventoryItemId"], "The inventory item could not be found.", "ITEM_NOT_FOUND")
            )
        elif named.count(row["inventoryItemId"]) > 1:
            message = "The inventory item is already present in the list. Each item must be unique."
            wrong.append(user_error([*at, "inventoryItemId"], message, "DUPLICATE_ITEM"))
        elif not item["tracked"]:
            message = "The inventory item does not track inventory."
            wrong.append(user_error([*at, "inventoryItemId"], message, "UNTRACKED_ITEM"))
        elif origin and origin not in inventory.levels(item):
            message = "The inventory item is not stocked at the origin location."
            wrong.append(user_error([*at, "inventoryItemId"], message, "INVENTORY_STATE_NOT_ACTIVE"))
    return wrong


# writing


def _snapshot(shop: Shop, gid: str | None) -> Record | None:
    """A location as it was when the transfer was written."""
    location = shop.table("Location").get(gid)
    if location is None:
        return None
    facts = {"name": location["name"], "address": location["address"], "snapshottedAt": shop.stamp()}
    return {**facts, "location": location["id"]}


def _line(shop: Shop, row: Args) -> Record:
    return {
        "id": shop.new_id(LINE),
        "item": row["inventoryItemId"],
        "total": row["quantity"],
        "shipped": 0,
        "picked": 0,
    }


def _made(given: Args, ctx: Context, status: str) -> Record:
    shop = ctx.shop
    wrong = _place_problems(given, shop, ("originLocationId", "destinationLocationId"))
    if wrong := wrong + _item_problems(given["lineItems"], given.get("originLocationId"), shop):
        return {**EMPTY, "userErrors": wrong}
    number = int(shop.settings.get("transfers", 0)) + 1
    shop.settings["transfers"] = number
    record: Record = {
        "id": shop.new_id(KIND),
        "name": f"#T{number:04d}",
        "status": "DRAFT",
        "dateCreated": given.get("dateCreated") or shop.stamp(),
        "note": given.get("note"),
        "referenceName": given.get("referenceName"),
        "tags": text.tags(given.get("tags") or []),
        "origin": _snapshot(shop, given.get("originLocationId")),
        "destination": _snapshot(shop, given.get("destinationLocationId")),
        "_lines": [_line(shop, row) for row in given["lineItems"]],
    }
    if refused := metafields.write_metafields(ctx, record, given.get("metafields") or []):
        return {**EMPTY, "userErrors": refused}
    shop.table(KIND).put(record)
    if status == "READY_TO_SHIP":
        make_ready(shop, record)
    return {"inventoryTransfer": record, "userErrors": []}


def origin_of(record: Record) -> str | None:
    return record["origin"]["location"] if record["origin"] else None


def make_ready(shop: Shop, record: Record) -> None:
    """What is to be shipped is reserved at the origin."""
    record["status"] = "READY_TO_SHIP"
    for line in record["_lines"]:
        reserve(shop, record, line, line["total"])


def reserve(shop: Shop, record: Record, line: Record, quantity: int) -> None:
    """Set pieces aside at the origin; a negative number gives them back."""
    item, place = shop.table("InventoryItem").get(line["item"]), origin_of(record)
    if item is not None and place is not None and quantity:
        inventory.shift(shop, item, place, {"available": -quantity, "reserved": quantity})


@mutation("inventoryTransferCreate")
def create(args: Args, ctx: Context) -> Record:
    return once("inventoryTransferCreate", args, ctx, lambda given, c: _made(given["input"], c, "DRAFT"), EMPTY)


@mutation("inventoryTransferCreateAsReadyToShip")
def create_ready(args: Args, ctx: Context) -> Record:
    name = "inventoryTransferCreateAsReadyToShip"
    return once(name, args, ctx, lambda given, c: _made(given["input"], c, "READY_TO_SHIP"), EMPTY)


def _named(gid: str, ctx: Context, path: list[str]) -> tuple[Record | None, list[Record]]:
    record = ctx.shop.table(KIND).get(gid)
    return record, [] if record else [user_error(path, NO_TRANSFER, "TRANSFER_NOT_FOUND")]


@mutation("inventoryTransferEdit")
def edit(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record, wrong = _named(args["id"], ctx, ["id"])
    wrong = wrong or _place_problems(given, shop, ("originId", "destinationId"))
    if record is None or wrong:
        return {**EMPTY, "userErrors": wrong}
    moved = any(given.get(name) for name in ("originId", "destinationId"))
    if moved and record["status"] != "DRAFT":
        message = "The locations can only be changed while the transfer is in draft status."
        return {**EMPTY, "userErrors": [user_error(["input"], message, "INVALID_TRANSFER_STATUS")]}
    for name, place in (("originId", "origin"), ("destinationId", "destination")):
        if given.get(name):
            record[place] = _snapshot(shop, given[name])
    for name in ("note", "referenceName", "dateCreated"):
        if name in given:
            record[name] = given[name]
    if given.get("tags") is not None:
        record["tags"] = text.tags(given["tags"])
    return {"inventoryTransfer": shop.table(KIND).put(record), "userErrors": []}


@mutation("inventoryTransferMarkAsReadyToShip")
def mark_ready(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx, ["id"])
    if record is not None and record["status"] != "DRAFT":
        message = "The transfer must be in draft status."
        wrong = [user_error(["id"], message, "INVALID_TRANSFER_STATUS")]
    elif record is not None and not (record["origin"] and record["destination"]):
        message = "The transfer needs an origin and a destination."
        wrong = [user_error(["id"], message, "LOCATION_NOT_FOUND")]
    if record is None or wrong:
        return {**EMPTY, "userErrors": wrong}
    make_ready(ctx.shop, record)
    return {"inventoryTransfer": record, "userErrors": []}


@mutation("inventoryTransferCancel")
def cancel(args: Args, ctx: Context) -> Record:
    """What was set aside is available again."""
    record, wrong = _named(args["id"], ctx, ["id"])
    if record is not None and record["status"] in ("CANCELED", "TRANSFERRED", "IN_PROGRESS"):
        message = "The transfer can't be canceled in its current status."
        wrong = [user_error(["id"], message, "INVALID_TRANSFER_STATUS")]
    if record is None or wrong:
        return {**EMPTY, "userErrors": wrong}
    if record["status"] == "READY_TO_SHIP":
        for line in record["_lines"]:
            reserve(ctx.shop, record, line, -line["total"])
    record["status"] = "CANCELED"
    return {"inventoryTransfer": record, "userErrors": []}


@mutation("inventoryTransferDelete")
def delete(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx, ["id"])
    if record is not None and record["status"] != "DRAFT":
        message = "Can't delete the transfer if it's not in the draft status."
        wrong = [user_error(["id"], message, "INVALID_TRANSFER_STATUS")]
    if record is None or wrong:
        return {"deletedId": None, "userErrors": wrong}
    ctx.shop.table(KIND).remove(record["id"])
    return {"deletedId": record["id"], "userErrors": []}


@mutation("inventoryTransferDuplicate")
def duplicate(args: Args, ctx: Context) -> Record:
    return once("inventoryTransferDuplicate", args, ctx, _duplicate, EMPTY)


def _duplicate(args: Args, ctx: Context) -> Record:
    record, wrong = _named(args["id"], ctx, ["id"])
    if record is None:
        return {**EMPTY, "userErrors": wrong}
    given = {
        "originLocationId": origin_of(record),
        "destinationLocationId": record["destination"]["location"] if record["destination"] else None,
        "lineItems": [{"inventoryItemId": line["item"], "quantity": line["total"]} for line in record["_lines"]],
        "note": record["note"],
        "referenceName": record["referenceName"],
        "tags": record["tags"],
    }
    return _made(given, ctx, "DRAFT")


@mutation("inventoryTransferSetItems")
def set_items(args: Args, ctx: Context) -> Record:
    refused = {**EMPTY, "updatedLineItems": None}
    return once("inventoryTransferSetItems", args, ctx, _set_items, refused)


def _set_items(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record, wrong = _named(given["id"], ctx, ["input", "id"])
    wrong = wrong or _item_problems(given["lineItems"], origin_of(record) if record else None, shop)
    if record is None or wrong:
        return {**EMPTY, "updatedLineItems": None, "userErrors": wrong}
    held = {line["item"]: line for line in record["_lines"]}
    told = []
    for row in given["lineItems"]:
        line = held.get(row["inventoryItemId"])
        before = line["total"] if line else 0
        if line is None:
            line = _line(shop, row)
            record["_lines"].append(line)
        line["total"] = row["quantity"]
        if record["status"] == "READY_TO_SHIP":
            reserve(shop, record, line, row["quantity"] - before)
        told.append(
            {"inventoryItemId": line["item"], "newQuantity": line["total"], "deltaQuantity": line["total"] - before}
        )
    record["_lines"] = [line for line in record["_lines"] if line["total"]]
    return {"inventoryTransfer": shop.table(KIND).put(record), "updatedLineItems": told, "userErrors": []}


@mutation("inventoryTransferRemoveItems")
def remove_items(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record, wrong = _named(given["id"], ctx, ["input", "id"])
    if record is None:
        return {**EMPTY, "removedQuantities": None, "userErrors": wrong}
    gone = set(given.get("transferLineItemIds") or [])
    lost = [line for line in record["_lines"] if line["id"] in gone and not line["shipped"]]
    for line in lost:
        if record["status"] == "READY_TO_SHIP":
            reserve(shop, record, line, -line["total"])
    record["_lines"] = [line for line in record["_lines"] if line not in lost]
    told = [{"inventoryItemId": line["item"], "newQuantity": 0, "deltaQuantity": -line["total"]} for line in lost]
    return {"inventoryTransfer": shop.table(KIND).put(record), "removedQuantities": told, "userErrors": []}


# reading


@root("inventoryTransfer")
def transfer(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


@field(KIND, "lineItems")
def line_items(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [_shown(line, ctx) for line in record["_lines"]])


def _shown(line: Record, ctx: Context) -> Record:
    item = ctx.shop.table("InventoryItem").get(line["item"])
    variant = ctx.shop.get(item["_variant"]) if item else None
    product = ctx.shop.get(variant["_product"]) if variant else None
    return {
        "id": line["id"],
        "title": product["title"] if product else None,
        "inventoryItem": item,
        "totalQuantity": line["total"],
        "shippedQuantity": line["shipped"],
        "pickedForShipmentQuantity": line["picked"],
        "processableQuantity": line["total"] - line["shipped"] - line["picked"],
        "shippableQuantity": line["total"] - line["shipped"] - line["picked"],
    }


@field(KIND, "lineItemsCount")
def lines_count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(record["_lines"]), "precision": "EXACT"}


@field(KIND, "totalQuantity")
def total_quantity(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(line["total"] for line in record["_lines"])


@field(KIND, "receivedQuantity")
def received_quantity(record: Record, _args: Args, ctx: Context) -> int:
    rows = shipments_of(ctx.shop, record)
    return sum(line["accepted"] + line["rejected"] for row in rows for line in row["_lines"])


@field(KIND, "shipments")
def shipments(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(SHIPMENT, shipments_of(ctx.shop, record))


def shipments_of(shop: Shop, record: Record) -> list[Record]:
    return [row for row in shop.table(SHIPMENT) if row["_transfer"] == record["id"]]


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "created_at": instant(lambda row, _shop: row["dateCreated"]),
        "origin_id": numeric_id(lambda row, _shop: origin_of(row)),
        "destination_id": numeric_id(lambda row, _shop: row["destination"]["location"] if row["destination"] else None),
        "status": token(lambda row, _shop: row["status"].lower()),
        "tag": token(lambda row, _shop: row["tags"]),
    },
    text=[lambda row, _shop: row["name"], lambda row, _shop: row["referenceName"]],
)
sort(
    "inventoryTransfers",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "NAME": lambda row, _shop: row["name"],
        "CREATED_AT": lambda row, _shop: row["dateCreated"],
        "STATUS": lambda row, _shop: row["status"],
        "ORIGIN_NAME": lambda row, _shop: row["origin"]["name"] if row["origin"] else None,
        "DESTINATION_NAME": lambda row, _shop: row["destination"]["name"] if row["destination"] else None,
    },
    default="ID",
)
