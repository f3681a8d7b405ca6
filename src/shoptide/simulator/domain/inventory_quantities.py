"""Changing inventory: quantities set, adjusted and moved; items stocked at locations or not; items' own facts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, locations, products
from shoptide.simulator.domain.idempotency import once
from shoptide.simulator.places import countries
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop

REASONS = (
    "correction", "cycle_count_available", "damaged", "movement_canceled", "movement_created", "movement_received",
    "movement_updated", "other", "promotion", "quality_control", "received", "reservation_created",
    "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
)  # fmt: skip
ADJUSTABLE = ("available", "damaged", "incoming", "quality_control", "reserved", "safety_stock")
MOST = 1_000_000_000
NO_ITEM = "The specified inventory item could not be found."
NO_LOCATION = "The specified location could not be found."
BAD_NAME = f"The specified quantity name is invalid. Valid values are: {', '.join(ADJUSTABLE)}."
BAD_REASON = f"The specified reason is invalid. Valid values are: {', '.join(REASONS)}."
STALE = "The specified compare quantity does not match the current quantity."
EMPTY: Record = {"inventoryAdjustmentGroup": None}


@dataclass(frozen=True)
class Change:
    """One quantity of an item at a location that is to change by a delta."""

    item: Record
    location: str
    name: str
    delta: int
    document: str | None = None


# checks


def _reason_problem(given: Args) -> list[Record]:
    if given["reason"] in REASONS:
        return []
    return [user_error(["input", "reason"], BAD_REASON, "INVALID_REASON")]


def _place_problems(entry: Args, path: list[str], shop: Shop, *, item: bool = True) -> list[Record]:
    found = []
    if item and shop.table("InventoryItem").get(entry["inventoryItemId"]) is None:
        found.append(user_error([*path, "inventoryItemId"], NO_ITEM, "INVALID_INVENTORY_ITEM"))
    if "locationId" in entry and locations.active(shop, entry["locationId"]) is None:
        found.append(user_error([*path, "locationId"], NO_LOCATION, "INVALID_LOCATION"))
    return found


def _range_problems(quantity: int, path: list[str], *, lowest: int) -> list[Record]:
    at = [*path, "quantity"]
    if quantity > MOST:
        return [user_error(at, "The quantity can't be higher than 1,000,000,000.", "INVALID_QUANTITY_TOO_HIGH")]
    if quantity >= lowest:
        return []
    if lowest == 0:
        return [user_error(at, "The quantity can't be negative.", "INVALID_QUANTITY_NEGATIVE")]
    return [user_error(at, "The quantity can't be lower than -1,000,000,000.", "INVALID_QUANTITY_TOO_LOW")]


def _current(shop: Shop, entry: Args, name: str) -> int:
    item = shop.table("InventoryItem").get(entry["inventoryItemId"])
    held = item["_levels"].get(entry["locationId"]) if item else None
    return inventory.quantity(held, name) if held else 0


def _stale(entry: Args, name: str, path: list[str], shop: Shop) -> list[Record]:
    """Compare-and-set: `changeFromQuantity`, or `compareQuantity` before 2026-04."""
    for field_name, code in (
        ("changeFromQuantity", "CHANGE_FROM_QUANTITY_STALE"),
        ("compareQuantity", "COMPARE_QUANTITY_STALE"),
    ):
        claimed = entry.get(field_name)
        if claimed is not None and claimed != _current(shop, entry, name):
            return [user_error([*path, field_name], STALE, code)]
    return []


# applying


def _applied(changes: list[Change], given: Args, ctx: Context) -> Record:
    """Make the changes and give the group that tells of them; there is none when nothing changes."""
    shop, told = ctx.shop, []
    changes = [change for change in changes if change.delta]
    if not changes:
        return {**EMPTY, "userErrors": []}
    for change in changes:
        _lag(shop, change.item)
        inventory.shift(shop, change.item, change.location, {change.name: change.delta})
        told.append(_told(change, change.name, change.document))
    told += [_told(change, "on_hand", None) for change in changes if change.name in inventory.ON_HAND]
    group = {
        "id": shop.new_id("InventoryAdjustmentGroup"),
        "createdAt": shop.stamp(),
        "reason": given["reason"],
        "referenceDocumentUri": given.get("referenceDocumentUri"),
        "app": {"id": ctx.app.id, "title": ctx.app.title, "handle": ctx.app.handle},
        "changes": told,
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def _lag(shop: Shop, item: Record) -> None:
    variant = shop.get(item["_variant"])
    product = shop.get(variant["_product"]) if variant else None
    if product is not None:
        products.lag_inventory(shop, product)


def _told(change: Change, name: str, document: str | None) -> Record:
    held = change.item["_levels"][change.location]
    return {
        "name": name,
        "delta": change.delta,
        "quantityAfterChange": inventory.quantity(held, name),
        "item": change.item,
        "location": change.location,
        "ledgerDocumentUri": document,
    }


def _refused(errors: list[Record]) -> Record:
    return {**EMPTY, "userErrors": errors}


def _item(shop: Shop, entry: Args) -> Record:
    found = shop.table("InventoryItem").get(entry["inventoryItemId"])
    if found is None:
        raise KeyError(entry["inventoryItemId"])
    return found


# adjusting


@mutation("inventoryAdjustQuantities")
def adjust(args: Args, ctx: Context) -> Record:
    return once("inventoryAdjustQuantities", args, ctx, _adjust, EMPTY)


def _adjust(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _adjust_problems(given, shop):
        return _refused(errors)
    name = given["name"]
    changes = [
        Change(_item(shop, entry), entry["locationId"], name, entry["delta"], entry.get("ledgerDocumentUri"))
        for entry in given["changes"]
    ]
    return _applied(changes, given, ctx)


def _adjust_problems(given: Args, shop: Shop) -> list[Record]:
    name = given["name"]
    if name not in ADJUSTABLE:
        return [user_error(["input", "name"], BAD_NAME, "INVALID_QUANTITY_NAME")]
    errors = _reason_problem(given)
    documents = {entry.get("ledgerDocumentUri") for entry in given["changes"]}
    for index, entry in enumerate(given["changes"]):
        path = ["input", "changes", str(index)]
        errors += _document_problems(name, entry.get("ledgerDocumentUri"), path)
        errors += _place_problems(entry, path, shop) or _stale(entry, name, path, shop)
    if not errors and name != "available" and len(documents) > 1:
        message = (
            "All changes must have the same ledger document URI or, in the case of adjusting available, "
            "no ledger document URI."
        )
        errors.append(user_error(["input", "changes"], message, "MAX_ONE_LEDGER_DOCUMENT"))
    return errors


def _document_problems(name: str, document: str | None, path: list[str]) -> list[Record]:
    at = [*path, "ledgerDocumentUri"]
    if name == "available":
        message = "A ledger document URI is not allowed when adjusting available."
        return [user_error(at, message, "INVALID_AVAILABLE_DOCUMENT")] if document else []
    if not document:
        message = "A ledger document URI is required except when adjusting available."
        return [user_error(at, message, "INVALID_QUANTITY_DOCUMENT")]
    if document.startswith("gid://shopify/"):
        message = "Internal (gid://shopify/) ledger documents are not allowed to be adjusted via API."
        return [user_error(at, message, "INTERNAL_LEDGER_DOCUMENT")]
    return []


# setting


@mutation("inventorySetQuantities")
def set_quantities(args: Args, ctx: Context) -> Record:
    return once("inventorySetQuantities", args, ctx, _set, EMPTY)


def _set(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _set_problems(given, shop):
        return _refused(errors)
    return _applied(_deltas(given["quantities"], given["name"], shop), given, ctx)


def _deltas(entries: list[Args], name: str, shop: Shop) -> list[Change]:
    """Setting what is on hand changes what is available by the same."""
    return [
        Change(_item(shop, entry), entry["locationId"], "available", entry["quantity"] - _current(shop, entry, name))
        for entry in entries
    ]


def _set_problems(given: Args, shop: Shop) -> list[Record]:
    name = given["name"]
    if name not in ("available", "on_hand"):
        message = "The quantity name must be either 'available' or 'on_hand'."
        return [user_error(["input", "name"], message, "INVALID_NAME")]
    errors = _reason_problem(given)
    pairs = [(entry["inventoryItemId"], entry["locationId"]) for entry in given["quantities"]]
    for index, entry in enumerate(given["quantities"]):
        path = ["input", "quantities", str(index)]
        if pairs.count(pairs[index]) > 1:
            message = "The combination of inventoryItemId and locationId must be unique."
            errors.append(user_error([*path, "locationId"], message, "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"))
        errors += _range_problems(entry["quantity"], path, lowest=-MOST if name == "available" else 0)
        errors += _place_problems(entry, path, shop) or _stale(entry, name, path, shop)
    return errors


@mutation("inventorySetOnHandQuantities")
def set_on_hand(args: Args, ctx: Context) -> Record:
    return once("inventorySetOnHandQuantities", args, ctx, _set_on_hand, EMPTY)


def _set_on_hand(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    errors = _reason_problem(given)
    for index, entry in enumerate(given["setQuantities"]):
        path = ["input", "setQuantities", str(index)]
        errors += _range_problems(entry["quantity"], path, lowest=0)
        errors += _place_problems(entry, path, shop) or _stale(entry, "on_hand", path, shop)
    if errors:
        return _refused(errors)
    return _applied(_deltas(given["setQuantities"], "on_hand", shop), given, ctx)


# moving


@mutation("inventoryMoveQuantities")
def move(args: Args, ctx: Context) -> Record:
    return once("inventoryMoveQuantities", args, ctx, _move, EMPTY)


def _move(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _move_problems(given, shop):
        return _refused(errors)
    changes = []
    for entry in given["changes"]:
        for side, sign in (("from", -1), ("to", 1)):
            place, document = entry[side], entry[side].get("ledgerDocumentUri")
            delta = sign * entry["quantity"]
            changes.append(Change(_item(shop, entry), place["locationId"], place["name"], delta, document))
    return _applied(changes, given, ctx)


def _move_problems(given: Args, shop: Shop) -> list[Record]:
    errors = _reason_problem(given)
    for index, entry in enumerate(given["changes"]):
        path = ["input", "changes", str(index)]
        errors += _place_problems({"inventoryItemId": entry["inventoryItemId"]}, path, shop)
        errors += _range_problems(entry["quantity"], path, lowest=0)
        for side in ("from", "to"):
            place = entry[side]
            if place["name"] not in ADJUSTABLE:
                errors.append(user_error([*path, side, "name"], BAD_NAME, "INVALID_QUANTITY_NAME"))
            errors += _place_problems(place, [*path, side], shop, item=False)
        if not errors and entry["from"]["locationId"] != entry["to"]["locationId"]:
            message = "The quantities can't be moved between different locations."
            errors.append(user_error(path, message, "DIFFERENT_LOCATIONS"))
        elif not errors and entry["from"]["name"] == entry["to"]["name"]:
            message = "The quantity names for each change can't be the same."
            errors.append(user_error(path, message, "SAME_QUANTITY_NAME"))
    return errors


# stocking


@mutation("inventoryActivate")
def activate(args: Args, ctx: Context) -> Record:
    return once("inventoryActivate", args, ctx, _activate, {"inventoryLevel": None})


def _activate(args: Args, ctx: Context) -> Record:
    shop, place = ctx.shop, args["locationId"]
    item, location = shop.table("InventoryItem").get(args["inventoryItemId"]), shop.table("Location").get(place)
    if location is None:
        message = "The product couldn't be stocked because the location wasn't found."
        return _not_stocked([user_error(["locationId"], message)])
    prefix = f"The product couldn't be stocked at {location['name']} because"
    if item is None:
        return _not_stocked([user_error(["inventoryItemId"], f"{prefix} the product was deleted.")])
    if errors := _activation_problems(args, prefix, active=place in inventory.levels(item)):
        return _not_stocked(errors)
    held = inventory.stock(shop, item, place)
    wanted = args.get("available") if args.get("available") is not None else args.get("onHand")
    if wanted is not None:
        held["available"] = wanted
    held["updatedAt"] = shop.stamp()
    inventory.touched(shop, item)
    shop.emit("inventory_levels/connect", inventory.level_record(item, place))
    return {"inventoryLevel": inventory.level_record(item, place), "userErrors": []}


def _not_stocked(errors: list[Record]) -> Record:
    return {"inventoryLevel": None, "userErrors": errors}


def _activation_problems(args: Args, prefix: str, *, active: bool) -> list[Record]:
    available, on_hand = args.get("available"), args.get("onHand")
    if available is not None and on_hand is not None:
        message = f"{prefix} not allowed to set available and on_hand quantities at the same time."
        return [user_error(["available"], message), user_error(["onHand"], message)]
    if active and available is not None:
        message = "Not allowed to set available quantity when the item is already active at the location."
        return [user_error(["available"], message)]
    if active and on_hand is not None:
        message = "Not allowed to set an on_hand quantity when the item is already active at the location."
        return [user_error(["onHand"], message)]
    for name, value in (("available", available), ("onHand", on_hand)):
        if value is not None and abs(value) > MOST:
            return [user_error([name], f"{prefix} the quantity needs to be between -1 billion and 1 billion.")]
    return []


@mutation("inventoryDeactivate")
def deactivate(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    found = inventory.level_of(shop, args["inventoryLevelId"])
    if found is None:
        message = "The product couldn't be unstocked because the product was deleted."
        return {"userErrors": [user_error(None, message)]}
    item, place = found
    location = shop.table("Location").get(place)
    if location is None:
        message = "The product couldn't be unstocked because the location was deleted."
        return {"userErrors": [user_error(None, message)]}
    if message := _only_place(item, place, f"The product couldn't be unstocked from {location['name']}"):
        return {"userErrors": [user_error(None, message)]}
    _unstock(shop, item, place)
    return {"userErrors": []}


def _only_place(item: Record, place: str, prefix: str) -> str:
    if set(inventory.levels(item)) - {place}:
        return ""
    return f"{prefix} because products need to be stocked at a minimum of 1 location."


def _unstock(shop: Shop, item: Record, place: str) -> None:
    item["_levels"][place]["inactive"] = True
    item["_levels"][place]["updatedAt"] = shop.stamp()
    inventory.touched(shop, item)
    shop.emit("inventory_levels/disconnect", inventory.level_record(item, place))


@mutation("inventoryBulkToggleActivation")
def toggle(args: Args, ctx: Context) -> Record:
    shop, given = ctx.shop, args["inventoryItemUpdates"]
    item = shop.table("InventoryItem").get(args["inventoryItemId"])
    if item is None:
        message = "The inventory item couldn't be found."
        return _not_toggled([user_error(["inventoryItemId"], message, "INVENTORY_ITEM_NOT_FOUND")])
    errors = _toggle_problems(item, given, shop)
    if errors:
        return _not_toggled(errors)
    for entry in given:
        if entry["activate"]:
            inventory.stock(shop, item, entry["locationId"])
        elif entry["locationId"] in inventory.levels(item):
            _unstock(shop, item, entry["locationId"])
    inventory.touched(shop, item)
    levels = [inventory.level_record(item, entry["locationId"]) for entry in given if entry["activate"]]
    return {"inventoryItem": item, "inventoryLevels": levels, "userErrors": []}


def _not_toggled(errors: list[Record]) -> Record:
    return {"inventoryItem": None, "inventoryLevels": None, "userErrors": errors}


def _toggle_problems(item: Record, given: list[Args], shop: Shop) -> list[Record]:
    left = set(inventory.levels(item)) | {entry["locationId"] for entry in given if entry["activate"]}
    for index, entry in enumerate(given):
        path = ["inventoryItemUpdates", str(index), "locationId"]
        location = shop.table("Location").get(entry["locationId"])
        if location is None:
            message = "The quantity couldn't be updated because the location was not found."
            return [user_error(path, message, "LOCATION_NOT_FOUND")]
        if not entry["activate"]:
            left.discard(entry["locationId"])
        if not left:
            message = (
                f"The variant couldn't be unstocked from {location['name']} because products need to be stocked "
                "at a minimum of 1 location."
            )
            return [user_error(path, message, "CANNOT_DEACTIVATE_FROM_ONLY_LOCATION")]
    return []


# items


def _cost(given: Args) -> Record | None:
    low = given.get("cost") is not None and Decimal(str(given["cost"])) < 0
    return user_error(["input", "cost"], "Cost must be greater than or equal to 0") if low else None


def _weight(given: Args) -> Record | None:
    weight = (given.get("measurement") or {}).get("weight")
    if not weight or weight["value"] >= 0:
        return None
    unit = {"KILOGRAMS": "kg", "GRAMS": "g", "POUNDS": "lb", "OUNCES": "oz"}[weight["unit"]]
    message = f"Measurement weight value {weight['value']:g} {unit} must be >= 0 {unit}"
    return user_error(["input", "measurement", "weight"], message)


def _origin(given: Args) -> Record | None:
    code = given.get("countryCodeOfOrigin")
    wrong = code is not None and code not in countries()
    return user_error(["input", "countryCodeOfOrigin"], "Country code of origin is invalid") if wrong else None


def _tariff(given: Args) -> Record | None:
    code = given.get("harmonizedSystemCode")
    if not code or re.fullmatch(r"\d{6,13}", code.replace(".", "")):
        return None
    message = "Harmonized system code must be a number between six and thirteen digits"
    return user_error(["input", "harmonizedSystemCode"], message)


ITEM_CHECKS: tuple[Callable[[Args], Record | None], ...] = (_cost, _weight, _origin, _tariff)


@mutation("inventoryItemUpdate")
def item_update(args: Args, ctx: Context) -> Record:
    shop, given = ctx.shop, args["input"]
    item = shop.table("InventoryItem").get(args["id"])
    if item is None:
        message = "The product couldn't be updated because it does not exist."
        return {"inventoryItem": None, "userErrors": [user_error(["id"], message)]}
    errors = [error for check in ITEM_CHECKS if (error := check(given)) is not None]
    if errors:
        return {"inventoryItem": None, "userErrors": errors}
    inventory.change(item, given)
    shop.table("InventoryItem").put(item)
    inventory.touched(shop, item)
    shop.emit("inventory_items/update", item)
    return {"inventoryItem": item, "userErrors": []}
