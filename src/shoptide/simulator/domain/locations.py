"""Locations: a shop always has one, also a freshly opened one. Adding, changing, deactivating and deleting them."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, text
from shoptide.simulator.domain.idempotency import once
from shoptide.simulator.domain.metafields import by_custom_id, drop_of, write_metafields
from shoptide.simulator.places import countries, province_named
from shoptide.simulator.registry import (
    Args,
    Listing,
    boolean,
    field,
    instant,
    mutation,
    numeric_id,
    opening,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Location"
MOST = 200
LONGEST_NAME = 100
UNKNOWN = "Location not found."
ADDRESS = ("address1", "address2", "city", "zip", "phone")
TOO_LONG = {
    "address1": "Use a shorter name for the street (up to 255 characters)",
    "address2": "Use a shorter name for the apartment, suite, etc. (up to 255 characters)",
    "city": "Use a shorter city name (up to 255 characters)",
    "zip": "Use a shorter postal / ZIP code (up to 255 characters)",
}


def address_record(given: Args, held: Record | None = None) -> Record:
    """A location's address; what an input leaves out is kept."""
    record = dict(held or dict.fromkeys((*ADDRESS, "province", "provinceCode")))
    record.update({name: text.blank_to_null(given[name]) for name in ADDRESS if name in given})
    if given.get("countryCode"):
        country = countries().get(given["countryCode"])
        record["countryCode"], record["country"] = given["countryCode"], country.name if country else None
    if "provinceCode" in given:
        country = countries().get(record.get("countryCode") or "")
        known = province_named(country, given["provinceCode"]) if country and given["provinceCode"] else None
        record["provinceCode"], record["province"] = known or (text.blank_to_null(given["provinceCode"]), None)
    return record


def add(shop: Shop, name: str, address: Args, *, online: bool = True) -> Record:
    """A new active location."""
    now = shop.stamp()
    record = {
        "id": shop.new_id(KIND),
        "name": name,
        "isActive": True,
        "fulfillsOnlineOrders": online,
        "address": address_record(address),
        "createdAt": now,
        "updatedAt": now,
    }
    return shop.table(KIND).put(record)


@opening
def first_location(shop: Shop) -> None:
    add(
        shop,
        "Shop location",
        {
            "address1": "103 Ossington Ave",
            "city": "Toronto",
            "countryCode": "CA",
            "provinceCode": "ON",
            "zip": "M6J 2Z2",
        },
    )


def primary(shop: Shop) -> Record:
    """The shop's first active location."""
    found = list(shop.table(KIND))
    return next((record for record in found if record["isActive"]), found[0])


def active(shop: Shop, gid: str | None) -> Record | None:
    record = shop.table(KIND).get(gid)
    return record if record is not None and record["isActive"] else None


# writing


def _problems(given: Args, held: Record | None, shop: Shop) -> list[Record]:
    found = []
    if held is None or "name" in given:
        name = (given.get("name") or "").strip()
        others = [row for row in shop.table(KIND) if row is not held]
        if not name:
            found.append(user_error(["input", "name"], "Add a location name", "BLANK"))
        elif len(name) > LONGEST_NAME:
            message = f"Use a shorter location name (up to {LONGEST_NAME} characters)"
            found.append(user_error(["input", "name"], message, "TOO_LONG"))
        elif any(row["name"].lower() == name.lower() for row in others):
            found.append(user_error(["input", "name"], "You already have a location with this name", "TAKEN"))
    for name, message in TOO_LONG.items():
        if len((given.get("address") or {}).get(name) or "") > 255:
            found.append(user_error(["input", "address", name], message, "TOO_LONG"))
    return found


@mutation("locationAdd")
def location_add(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    errors = _problems(given, None, shop)
    if not errors and len(shop.table(KIND)) >= MOST:
        errors = [user_error(["input"], f"You have reached the maximum number of locations ({MOST})", "INVALID")]
    if errors:
        return {"location": None, "userErrors": errors}
    record = add(shop, given["name"].strip(), given["address"], online=given.get("fulfillsOnlineOrders", True))
    refused = write_metafields(ctx, record, given.get("metafields") or [], at=("input", "metafields"))
    if refused:
        shop.table(KIND).remove(record["id"])
        return {"location": None, "userErrors": refused}
    shop.emit("locations/create", record)
    return {"location": record, "userErrors": []}


@mutation("locationEdit")
def location_edit(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return {"location": None, "userErrors": [user_error(["id"], UNKNOWN, "NOT_FOUND")]}
    errors = _problems(given, record, shop)
    if given.get("fulfillsOnlineOrders") is False and _last_online(record, shop):
        message = "At least one location must fulfill online orders."
        errors.append(user_error(["input", "fulfillsOnlineOrders"], message, "CANNOT_DISABLE_ONLINE_ORDER_FULFILLMENT"))
    errors = errors or write_metafields(ctx, record, given.get("metafields") or [], at=("input", "metafields"))
    if errors:
        return {"location": None, "userErrors": errors}
    if given.get("name"):
        record["name"] = given["name"].strip()
    if given.get("fulfillsOnlineOrders") is not None:
        record["fulfillsOnlineOrders"] = given["fulfillsOnlineOrders"]
    if given.get("address"):
        record["address"] = address_record(given["address"], record["address"])
    _changed(shop, record, "locations/update")
    return {"location": record, "userErrors": []}


def _changed(shop: Shop, record: Record, topic: str) -> None:
    shop.touch(record)
    shop.table(KIND).put(record)
    shop.emit(topic, record)


def _last_online(record: Record, shop: Shop) -> bool:
    return not any(row["isActive"] and row["fulfillsOnlineOrders"] and row is not record for row in shop.table(KIND))


@mutation("locationActivate")
def location_activate(args: Args, ctx: Context) -> Record:
    return once("locationActivate", args, ctx, _activate, {"location": None})


def _activate(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["locationId"])
    errors = _activation_problem(record, ctx.shop)
    if errors or record is None:
        return {"location": record, "locationActivateUserErrors": errors, "userErrors": errors}
    if not record["isActive"]:
        record.update(isActive=True, deactivatedAt=None)
        _changed(ctx.shop, record, "locations/activate")
    return {"location": record, "locationActivateUserErrors": [], "userErrors": []}


def _activation_problem(record: Record | None, shop: Shop) -> list[Record]:
    if record is None:
        return [user_error(["locationId"], UNKNOWN, "LOCATION_NOT_FOUND")]
    others = [row for row in shop.table(KIND) if row["isActive"] and row is not record]
    if any(row["name"] == record["name"] for row in others):
        message = (
            "This location currently cannot be activated because there exists an active location with the same name."
        )
        return [user_error(["locationId"], message, "HAS_NON_UNIQUE_NAME")]
    if len(others) >= MOST:
        return [user_error(["locationId"], "Shop has reached its location limit.", "LOCATION_LIMIT")]
    return []


@mutation("locationDeactivate")
def location_deactivate(args: Args, ctx: Context) -> Record:
    return once("locationDeactivate", args, ctx, _deactivate, {"location": None})


def _deactivate(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = shop.table(KIND).get(args["locationId"])
    errors = _deactivation_problem(record, args.get("destinationLocationId"), shop)
    if errors or record is None:
        return {"location": record, "locationDeactivateUserErrors": errors, "userErrors": errors}
    if record["isActive"]:
        inventory.relocate(shop, record["id"], args.get("destinationLocationId"))
        record.update(isActive=False, deactivatedAt=shop.stamp())
        _changed(shop, record, "locations/deactivate")
    return {"location": record, "locationDeactivateUserErrors": [], "userErrors": []}


def _deactivation_problem(record: Record | None, destination: str | None, shop: Shop) -> list[Record]:
    if record is None:
        return [user_error(["locationId"], UNKNOWN, "LOCATION_NOT_FOUND")]
    return _destination_problem(record, destination, shop) or _leaving_problem(record, destination, shop)


def _destination_problem(record: Record, destination: str | None, shop: Shop) -> list[Record]:
    """What speaks against the place that the stock is to go to."""
    at, refused = ["destinationLocationId"], "Location could not be deactivated because the destination location"
    if destination == record["id"]:
        message = f"{refused} cannot be set to the location to be deactivated."
        return [user_error(at, message, "DESTINATION_LOCATION_IS_THE_SAME_LOCATION")]
    if destination is None:
        return []
    place = active(shop, destination)
    if place is None:
        message = f"{refused} could be not found or is inactive."
        return [user_error(at, message, "DESTINATION_LOCATION_NOT_FOUND_OR_INACTIVE")]
    if place.get("isFulfillmentService"):
        return [user_error(at, "destination location not shopify managed", "DESTINATION_LOCATION_NOT_SHOPIFY_MANAGED")]
    return []


def _leaving_problem(record: Record, destination: str | None, shop: Shop) -> list[Record]:
    """What holds a location where it is; the store answers one of these with its placeholder unfilled."""
    at = ["locationId"]
    others = (row for row in shop.table(KIND) if row is not record)
    if record.get("isFulfillmentService") or not any(row["isActive"] for row in others):
        message = (
            "Location could not be deactivated because it either has a fulfillment service or is the only location "
            "with a shipping address."
        )
        return [user_error(at, message, "PERMANENTLY_BLOCKED_FROM_DEACTIVATION_ERROR")]
    if inventory.awaited_at(shop, record["id"]):
        message = (
            "%{location_name} has incoming inventory. You'll be able to deactivate it once the inventory has been "
            "received."
        )
        return [user_error(at, message, "TEMPORARILY_BLOCKED_FROM_DEACTIVATION_ERROR")]
    if destination is None and inventory.stocked_at(shop, record["id"]):
        message = (
            "Location could not be deactivated without specifying where to relocate inventory stocked at the location."
        )
        return [user_error(at, message, "HAS_ACTIVE_INVENTORY_ERROR")]
    if record["fulfillsOnlineOrders"] and _last_online(record, shop):
        message = "At least one location must fulfill online orders."
        return [user_error(at, message, "CANNOT_DISABLE_ONLINE_ORDER_FULFILLMENT")]
    return []


@mutation("locationDelete")
def location_delete(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = shop.table(KIND).get(args["locationId"])
    errors = _deletion_problem(record, shop)
    if errors or record is None:
        return {"deletedLocationId": None, "locationDeleteUserErrors": errors, "userErrors": errors}
    shop.table(KIND).remove(record["id"])
    drop_of(shop, record["id"])
    shop.emit("locations/delete", record)
    return {"deletedLocationId": record["id"], "locationDeleteUserErrors": [], "userErrors": []}


def _deletion_problem(record: Record | None, shop: Shop) -> list[Record]:
    if record is None:
        return [user_error(["locationId"], UNKNOWN, "LOCATION_NOT_FOUND")]
    if record["isActive"]:
        message = "The location cannot be deleted while it is active."
        return [user_error(["locationId"], message, "LOCATION_IS_ACTIVE")]
    if inventory.stocked_at(shop, record["id"]):
        message = "The location cannot be deleted while it has inventory."
        return [user_error(["locationId"], message, "LOCATION_HAS_INVENTORY")]
    return []


# reading


@root("locations")
def locations(args: Args, ctx: Context) -> Listing:
    shown = [row for row in ctx.shop.table(KIND) if row["isActive"] or args.get("includeInactive")]
    return Listing(KIND, shown, root="locations")


@root("locationsAvailableForDeliveryProfilesConnection")
def deliverable(_args: Args, ctx: Context) -> Listing:
    return Listing(KIND, [row for row in ctx.shop.table(KIND) if row["isActive"]])


@root("location")
def location(args: Args, ctx: Context) -> Record | None:
    return ctx.shop.table(KIND).get(args["id"]) if args.get("id") else primary(ctx.shop)


@root("locationByIdentifier")
def location_by_identifier(args: Args, ctx: Context) -> Record | None:
    wanted = args["identifier"]
    if wanted.get("customId"):
        return by_custom_id(ctx, "LOCATION", wanted["customId"])
    return ctx.shop.table(KIND).get(wanted.get("id"))


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "isPrimary")
def is_primary(record: Record, _args: Args, ctx: Context) -> bool:
    return record is primary(ctx.shop)


@field(KIND, "activatable")
def activatable(record: Record, _args: Args, ctx: Context) -> bool:
    return not record["isActive"] and not _activation_problem(record, ctx.shop)


@field(KIND, "deactivatable")
def deactivatable(record: Record, _args: Args, ctx: Context) -> bool:
    return record["isActive"] and len([row for row in ctx.shop.table(KIND) if row["isActive"]]) > 1


@field(KIND, "deletable")
def deletable(record: Record, _args: Args, ctx: Context) -> bool:
    return not _deletion_problem(record, ctx.shop)


@field(KIND, "hasActiveInventory")
def has_inventory(record: Record, _args: Args, ctx: Context) -> bool:
    return inventory.stocked_at(ctx.shop, record["id"])


@field(KIND, "shipsInventory")
def ships(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record["isActive"] and record["fulfillsOnlineOrders"])


@field("LocationAddress", "formatted")
def formatted(record: Record, _args: Args, _ctx: Context) -> list[str]:
    last = " ".join(part for part in (record.get("city"), record.get("provinceCode"), record.get("zip")) if part)
    lines: list[Any] = [record.get("address1"), record.get("address2"), last, record.get("country")]
    return [line for line in lines if line]


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "name": words(lambda row, _shop: row["name"]),
        "active": boolean(lambda row, _shop: row["isActive"]),
        "address1": words(lambda row, _shop: row["address"].get("address1")),
        "address2": words(lambda row, _shop: row["address"].get("address2")),
        "city": words(lambda row, _shop: row["address"].get("city")),
        "country": words(lambda row, _shop: row["address"].get("country")),
        "province": words(lambda row, _shop: row["address"].get("province")),
        "zip": words(lambda row, _shop: row["address"].get("zip")),
        "legacy": boolean(lambda _row, _shop: False),
        "location_id": numeric_id(lambda row, _shop: row["id"]),
        "geolocated": boolean(lambda _row, _shop: False),
        "pickup_in_store": token(lambda _row, _shop: None),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
    },
    text=[lambda row, _shop: row["name"], lambda row, _shop: row["address"].get("city")],
)
sort(
    "locations",
    {"ID": lambda row, _shop: int(tail_of(row["id"])), "NAME": lambda row, _shop: row["name"]},
    default="NAME",
)
