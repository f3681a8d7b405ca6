"""Inventory items and their levels by location: what is available, on hand, committed."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import locations
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    field,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    text,
    user_error,
)
from shoptide.simulator.shop import Record, Shop, tail_of

STATES = ("available", "on_hand", "committed", "incoming", "reserved", "damaged", "safety_stock", "quality_control")


def item(shop: Shop, variant: str, given: Args, *, sku: str | None) -> Record:
    now = shop.stamp()
    record = {
        "id": shop.new_id("InventoryItem"),
        "_variant": variant,
        "sku": sku,
        "tracked": bool(given.get("tracked", False)),
        "requiresShipping": given.get("requiresShipping", True),
        "_cost": given.get("cost"),
        "countryCodeOfOrigin": given.get("countryCodeOfOrigin"),
        "harmonizedSystemCode": given.get("harmonizedSystemCode"),
        "measurement": _measurement(given),
        "_levels": {},
        "createdAt": now,
        "updatedAt": now,
    }
    return shop.table("InventoryItem").put(record)


def _measurement(given: Args) -> Record:
    weight = (given.get("measurement") or {}).get("weight") or {"value": 0.0, "unit": "KILOGRAMS"}
    return {"id": "gid://shopify/InventoryItemMeasurement/1", "weight": dict(weight)}


def change(record: Record, given: Args) -> None:
    for name in ("sku", "tracked", "requiresShipping", "countryCodeOfOrigin", "harmonizedSystemCode"):
        if name in given:
            record[name] = given[name]
    if "cost" in given:
        record["_cost"] = given["cost"]
    if given.get("measurement"):
        record["measurement"] = _measurement(given)


def stock(record: Record, location: str) -> dict[str, int]:
    held: dict[str, int] = record["_levels"].setdefault(location, {"available": 0, "committed": 0})
    return held


def available(record: Record) -> int:
    return sum(level["available"] for level in record["_levels"].values())


def quantity(level: dict[str, int], name: str) -> int:
    return level["available"] + level["committed"] if name == "on_hand" else level.get(name, 0)


def level_record(record: Record, location: str) -> Record:
    return {
        "id": f"gid://shopify/InventoryLevel/{tail_of(location)}?inventory_item_id={tail_of(record['id'])}",
        "__typename": "InventoryLevel",
        "_level": record["_levels"][location],
        "isActive": True,
        "item": record,
        "location": location,
        "createdAt": record["createdAt"],
        "updatedAt": record["updatedAt"],
    }


@field("InventoryItem", "inventoryLevels")
def _levels(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [level_record(record, location) for location in record["_levels"]]


@field("InventoryItem", "inventoryLevel")
def _level(record: Record, args: Args, _ctx: Context) -> Record | None:
    return level_record(record, args["locationId"]) if args["locationId"] in record["_levels"] else None


@field("InventoryLevel", "quantities")
def _quantities(record: Record, args: Args, _ctx: Context) -> list[Record]:
    return [
        {
            "id": f"gid://shopify/InventoryQuantity/{tail_of(record['id'])}?name={name}",
            "name": name,
            "quantity": quantity(record["_level"], name),
            "updatedAt": None if name == "on_hand" else record["updatedAt"],
        }
        for name in args["names"]
    ]


@field("InventoryItem", "legacyResourceId")
def _legacy(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("InventoryItem", "unitCost")
def _cost(record: Record, _args: Args, ctx: Context) -> Record | None:
    return {"amount": record["_cost"], "currencyCode": ctx.shop.currency} if record["_cost"] is not None else None


@field("InventoryItem", "variant")
def _variant(record: Record, _args: Args, _ctx: Context) -> Any:
    return record["_variant"]


@field("InventoryItem", "variants")
def _variants(record: Record, _args: Args, ctx: Context) -> list[Record]:
    found = ctx.shop.get(record["_variant"])
    return [found] if found else []


@field("InventoryItem", "trackedEditable")
def _editable(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"locked": False, "reason": None}


@field("InventoryItem", "locationsCount")
def _locations_count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(record["_levels"]), "precision": "EXACT"}


@root("inventoryItems")
def inventory_items(_args: Args, ctx: Context) -> Listing:
    return Listing("InventoryItem", ctx.shop.table("InventoryItem"), root="inventoryItems")


def _touch(shop: Shop, record: Record) -> None:
    """A changed quantity moves the item's, the variant's and the product's updatedAt."""
    shop.touch(record)
    variant = shop.get(record["_variant"])
    if variant is not None:
        shop.touch(variant)
        if (product := shop.get(variant["_product"])) is not None:
            shop.touch(product)
            shop.emit("products/update", product)
    shop.emit("inventory_levels/update", record)


def _require_key(ctx: Context) -> None:
    if ctx.version >= "2026-04" and not ctx.idempotency_key:
        message = "The @idempotent directive is required for this mutation but was not provided."
        raise TopLevelError("BAD_REQUEST", message)


@mutation("inventorySetQuantities")
def set_quantities(args: Args, ctx: Context) -> Record:
    _require_key(ctx)
    return _write(args["input"], ctx, "quantities", lambda level, each: each["quantity"] - level["available"])


@mutation("inventoryAdjustQuantities")
def adjust_quantities(args: Args, ctx: Context) -> Record:
    _require_key(ctx)
    return _write(args["input"], ctx, "changes", lambda _level, each: each["delta"])


def _write(given: Args, ctx: Context, name: str, delta_of: Any) -> Record:
    found, changes = [], []
    for index, each in enumerate(given[name]):
        record = ctx.shop.table("InventoryItem").get(each["inventoryItemId"])
        if record is None:
            path = ["input", name, str(index), "inventoryItemId"]
            error = user_error(path, "The specified inventory item could not be found.", "INVALID_INVENTORY_ITEM")
            found.append(error)
        elif ctx.shop.table("Location").get(each["locationId"]) is None:
            path = ["input", name, str(index), "locationId"]
            found.append(user_error(path, "The specified location could not be found.", "INVALID_LOCATION"))
    if found:
        return {"inventoryAdjustmentGroup": None, "userErrors": found}
    for each in given[name]:
        record = ctx.shop.table("InventoryItem").get(each["inventoryItemId"]) or {}
        level = stock(record, each["locationId"])
        delta = delta_of(level, each)
        level["available"] += delta
        changes.append({"name": "available", "delta": delta, "item": record, "location": each["locationId"]})
        _touch(ctx.shop, record)
    group = {
        "id": ctx.shop.new_id("InventoryAdjustmentGroup"),
        "createdAt": ctx.shop.stamp(),
        "reason": given.get("reason"),
        "referenceDocumentUri": given.get("referenceDocumentUri"),
        "changes": changes,
    }
    return {"inventoryAdjustmentGroup": group, "userErrors": []}


def stock_at_primary(shop: Shop, record: Record, count: int) -> None:
    stock(record, locations.primary(shop)["id"])["available"] = count


search(
    "InventoryItem",
    {
        "id": numeric_id(lambda record, _shop: record["id"]),
        "sku": text(lambda record, _shop: record["sku"]),
        "created_at": instant(lambda record, _shop: record["createdAt"]),
        "updated_at": instant(lambda record, _shop: record["updatedAt"]),
    },
    text=[lambda record, _shop: record["sku"]],
)
sort("inventoryItems", {"ID": lambda record, _shop: int(tail_of(record["id"]))}, default="ID")
