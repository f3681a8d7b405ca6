"""Inventory items and their levels by location: what is available, on hand, committed. Reading, and moving stock."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from shoptide.simulator.context import Context
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    field,
    instant,
    numeric_id,
    root,
    search,
    sort,
    text,
    token,
)
from shoptide.simulator.shop import Record, Shop, tail_of

# name, shown as, comprised by (on_hand)
NAMES = {
    "available": "Available",
    "committed": "Committed",
    "damaged": "Damaged",
    "incoming": "Incoming",
    "on_hand": "On hand",
    "quality_control": "Quality control",
    "reserved": "Reserved",
    "safety_stock": "Safety stock",
}
ON_HAND = ("available", "committed", "damaged", "quality_control", "reserved", "safety_stock")
COPIED = (
    "sku",
    "tracked",
    "requiresShipping",
    "countryCodeOfOrigin",
    "provinceCodeOfOrigin",
    "harmonizedSystemCode",
)


def level(shop: Shop, available: int = 0, *, moment: str | None = None) -> Record:
    """A fresh level: its number, its times, and those quantities that aren't zero."""
    now = moment or shop.stamp()
    return {"number": shop.new_number("InventoryLevel"), "available": available, "createdAt": now, "updatedAt": now}


def item(shop: Shop, variant: str, given: Args, *, sku: str | None) -> Record:
    now = shop.stamp()
    record: Record = {
        "id": shop.new_id("InventoryItem"),
        "_variant": variant,
        "sku": None,
        "tracked": False,
        "requiresShipping": True,
        "_cost": None,
        "_weight": {"value": 0.0, "unit": "KILOGRAMS"},
        "_levels": {},
        "createdAt": now,
        "updatedAt": now,
    }
    change(record, {**given, "sku": sku})
    shop.table("InventoryItem").put(record)
    shop.emit("inventory_items/create", record)
    return record


def change(record: Record, given: Args) -> None:
    """Write an InventoryItemInput onto an item."""
    for name in COPIED:
        if name in given and (given[name] is not None or name not in ("tracked", "requiresShipping")):
            record[name] = given[name]
    if "sku" in given:
        record["sku"] = given["sku"] or None
    if "cost" in given:
        record["_cost"] = None if given["cost"] is None else str(given["cost"])
    if given.get("countryHarmonizedSystemCodes") is not None:
        record["_countryCodes"] = [dict(each) for each in given["countryHarmonizedSystemCodes"]]
    if weight := (given.get("measurement") or {}).get("weight"):
        record["_weight"] = {"value": float(weight["value"]), "unit": weight["unit"]}


def levels(record: Record, *, inactive: bool = False) -> dict[str, Record]:
    """An item's levels by location."""
    found: dict[str, Record] = record["_levels"]
    return {place: held for place, held in found.items() if inactive or not held.get("inactive")}


def stock(shop: Shop, record: Record, location: str) -> Record:
    """The level of an item at a location, stocked there from now on if it wasn't."""
    held = record["_levels"]
    if location not in held:
        held[location] = level(shop)
    held[location].pop("inactive", None)
    found: Record = held[location]
    return found


def available(record: Record) -> int:
    return sum(held["available"] for held in levels(record).values())


def quantity(held: Record, name: str) -> int:
    return sum(held.get(part, 0) for part in ON_HAND) if name == "on_hand" else held.get(name, 0)


def shift(shop: Shop, record: Record, location: str, deltas: dict[str, int], *, touch: bool = True) -> None:
    """Add to an item's quantities at a location: `{"available": -2, "committed": 2}` when two are sold."""
    held, before = stock(shop, record, location), available(record)
    for name, delta in deltas.items():
        held[name] = held.get(name, 0) + delta
    held["updatedAt"] = shop.stamp()
    if touch:
        touched(shop, record)
    shop.emit("inventory_levels/update", level_record(record, location))
    _tell_stock(shop, record, before)


def _tell_stock(shop: Shop, record: Record, before: int) -> None:
    """Whether a variant came into stock or ran out of it, over all locations."""
    variant = shop.get(record["_variant"])
    if record["tracked"] and variant is not None and (before > 0) is not (available(record) > 0):
        shop.emit("variants/out_of_stock" if before > 0 else "variants/in_stock", variant)


def touched(shop: Shop, record: Record) -> None:
    """A changed quantity moves the item's, the variant's and the product's updatedAt (FACTS §4)."""
    shop.touch(record)
    variant = shop.get(record["_variant"])
    if variant is not None:
        shop.touch(variant)
        if (product := shop.get(variant["_product"])) is not None:
            shop.touch(product)
            shop.emit("products/update", product)


def at_location(shop: Shop, location: str, *, inactive: bool = False) -> Iterator[Record]:
    """The items stocked at a location."""
    return (record for record in shop.table("InventoryItem") if location in levels(record, inactive=inactive))


def stocked_at(shop: Shop, location: str) -> bool:
    return any(
        quantity(record["_levels"][location], "on_hand") for record in at_location(shop, location) if record["tracked"]
    )


def awaited_at(shop: Shop, location: str) -> bool:
    return any(quantity(record["_levels"][location], "incoming") for record in at_location(shop, location))


def relocate(shop: Shop, location: str, destination: str | None) -> None:
    """Move everything from one location to another; without one it is let go."""
    for record in list(at_location(shop, location)):
        gone = record["_levels"].pop(location)
        if destination is not None:
            deltas = {name: gone.get(name, 0) for name in NAMES if name != "on_hand" and gone.get(name)}
            shift(shop, record, destination, deltas)


# reading


def level_record(record: Record, location: str) -> Record:
    held = record["_levels"][location]
    return {
        "id": f"gid://shopify/InventoryLevel/{held['number']}?inventory_item_id={tail_of(record['id'])}",
        "_level": held,
        "isActive": not held.get("inactive"),
        "canDeactivate": len(levels(record)) > 1,
        "deactivationAlert": None,
        "item": record,
        "location": location,
        "createdAt": held["createdAt"],
        "updatedAt": held["updatedAt"],
    }


def level_of(shop: Shop, gid: str) -> tuple[Record, str] | None:
    """The item and the location of a level's gid."""
    wanted = parse_qs(gid.partition("?")[2]).get("inventory_item_id", [""])[0]
    record = shop.table("InventoryItem").get(f"gid://shopify/InventoryItem/{wanted}")
    if record is None:
        return None
    number = tail_of(gid)
    return next(((record, place) for place, held in record["_levels"].items() if str(held["number"]) == number), None)


@root("inventoryLevel")
def inventory_level(args: Args, ctx: Context) -> Record | None:
    found = level_of(ctx.shop, args["id"])
    return level_record(*found) if found else None


@root("inventoryItems")
def inventory_items(_args: Args, ctx: Context) -> Listing:
    return Listing("InventoryItem", ctx.shop.table("InventoryItem"), root="inventoryItems")


@root("inventoryProperties")
def properties(_args: Args, _ctx: Context) -> Record:
    names = [
        {
            "name": name,
            "displayName": shown,
            "isInUse": True,
            "belongsTo": ["on_hand"] if name in ON_HAND else [],
            "comprises": list(ON_HAND) if name == "on_hand" else [],
        }
        for name, shown in NAMES.items()
    ]
    return {"quantityNames": names}


@field("InventoryItem", "inventoryLevels")
def levels_of_item(record: Record, args: Args, _ctx: Context) -> Listing:
    places = levels(record, inactive=bool(args.get("includeInactive")))
    return Listing("InventoryLevel", [level_record(record, place) for place in places])


@field("InventoryItem", "inventoryLevel")
def level_at(record: Record, args: Args, _ctx: Context) -> Record | None:
    place = args["locationId"]
    return level_record(record, place) if place in levels(record, inactive=bool(args.get("includeInactive"))) else None


@field("Location", "inventoryLevels")
def levels_of_location(record: Record, args: Args, ctx: Context) -> Listing:
    items = at_location(ctx.shop, record["id"], inactive=bool(args.get("includeInactive")))
    return Listing("InventoryLevel", [level_record(each, record["id"]) for each in items])


@field("Location", "inventoryLevel")
def level_for(record: Record, args: Args, ctx: Context) -> Record | None:
    found = ctx.shop.table("InventoryItem").get(args["inventoryItemId"])
    if found is None or record["id"] not in levels(found, inactive=bool(args.get("includeInactive"))):
        return None
    return level_record(found, record["id"])


@field("InventoryLevel", "quantities")
def quantities(record: Record, args: Args, _ctx: Context) -> list[Record]:
    unknown = [name for name in args["names"] if name not in NAMES]
    if unknown:
        message = f"The specified quantity name is invalid. Valid values are: {', '.join(sorted(NAMES))}."
        raise TopLevelError("BAD_REQUEST", message)
    return [_quantity(record, name) for name in args["names"]]


def _quantity(record: Record, name: str) -> Record:
    number = record["_level"]["number"]
    return {
        "id": f"gid://shopify/InventoryQuantity/{number}?{record['id'].partition('?')[2]}&name={name}",
        "name": name,
        "quantity": quantity(record["_level"], name),
        # on_hand is a sum of the others and has no time of its own (FACTS §4)
        "updatedAt": None if name == "on_hand" else record["updatedAt"],
    }


@field("InventoryItem", "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("InventoryItem", "unitCost")
def unit_cost(record: Record, _args: Args, ctx: Context) -> Record | None:
    return {"amount": Decimal(record["_cost"]), "currencyCode": ctx.shop.currency} if record["_cost"] else None


@field("InventoryItem", "measurement")
def measurement(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"id": f"gid://shopify/InventoryItemMeasurement/{tail_of(record['id'])}", "weight": record["_weight"]}


@field("InventoryItem", "countryHarmonizedSystemCodes")
def country_codes(record: Record, _args: Args, _ctx: Context) -> Listing:
    return Listing("", record.get("_countryCodes", ()))


@field("InventoryItem", "inventoryHistoryUrl")
def history_url(record: Record, _args: Args, ctx: Context) -> str:
    return f"https://{ctx.shop.domain}/admin/products/inventory/{tail_of(record['id'])}/inventory_history"


@field("InventoryItem", "duplicateSkuCount")
def duplicate_skus(record: Record, _args: Args, ctx: Context) -> int:
    if not record["sku"]:
        return 0
    items = ctx.shop.table("InventoryItem")
    items.add_index("sku", lambda row: row["sku"])
    return len(items.by("sku", record["sku"])) - 1


@field("InventoryItem", "variant")
def variant(record: Record, _args: Args, _ctx: Context) -> Any:
    return record["_variant"]


@field("InventoryItem", "variants")
def variants(record: Record, _args: Args, ctx: Context) -> Listing:
    found = ctx.shop.get(record["_variant"])
    return Listing("ProductVariant", [found] if found else [])


@field("InventoryItem", "trackedEditable")
def tracked_editable(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"locked": False, "reason": None}


@field("InventoryItem", "locationsCount")
def locations_count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(levels(record)), "precision": "EXACT"}


search(
    "InventoryItem",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "sku": token(lambda row, _shop: row["sku"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[lambda row, _shop: row["sku"]],
)
search(
    "InventoryLevel",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "inventory_item_id": numeric_id(lambda row, _shop: row["item"]["id"]),
        "inventory_group_id": numeric_id(lambda row, _shop: row["location"]),
        "item": text(lambda row, _shop: row["item"]["sku"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
)
sort("inventoryItems", {"ID": lambda row, _shop: int(tail_of(row["id"]))}, default="ID")
