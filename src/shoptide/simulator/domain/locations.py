"""Locations: a shop always has one, also a freshly opened one."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.registry import (
    Args,
    Listing,
    boolean,
    field,
    instant,
    numeric_id,
    opening,
    root,
    search,
    sort,
    text,
)
from shoptide.simulator.shop import Record, Shop, tail_of


def add(shop: Shop, name: str, *, city: str, country: str, code: str, province: str | None = None) -> Record:
    now = shop.stamp()
    record = {
        "id": shop.new_id("Location"),
        "name": name,
        "isActive": True,
        "activatable": False,
        "deactivatable": True,
        "deletable": False,
        "fulfillsOnlineOrders": True,
        "hasActiveInventory": True,
        "hasUnfulfilledOrders": False,
        "shipsInventory": True,
        "isFulfillmentService": False,
        "addressVerified": False,
        "address": {
            "address1": "103 Ossington Avenue",
            "city": city,
            "country": country,
            "countryCode": code,
            "province": province,
            "provinceCode": None,
            "zip": None,
            "phone": "",
            "formatted": ["103 Ossington Avenue", city, country],
        },
        "createdAt": now,
        "updatedAt": now,
    }
    return shop.table("Location").put(record)


@opening
def first_location(shop: Shop) -> None:
    add(shop, "Shop location", city="Toronto", country="Canada", code="CA", province="Ontario")


def primary(shop: Shop) -> Record:
    return next(iter(shop.table("Location")))


@root("locations")
def locations(args: Args, ctx: Context) -> Listing:
    shown = [each for each in ctx.shop.table("Location") if each["isActive"] or args.get("includeInactive")]
    return Listing("Location", shown, root="locations")


@root("location")
def location(args: Args, ctx: Context) -> Record | None:
    return ctx.shop.table("Location").get(args["id"]) if args.get("id") else primary(ctx.shop)


@field("Location", "legacyResourceId")
def _legacy(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("Location", "isPrimary")
def _primary(record: Record, _args: Args, ctx: Context) -> bool:
    return record is primary(ctx.shop)


search(
    "Location",
    {
        "id": numeric_id(lambda record, _shop: record["id"]),
        "name": text(lambda record, _shop: record["name"]),
        "active": boolean(lambda record, _shop: record["isActive"]),
        "created_at": instant(lambda record, _shop: record["createdAt"]),
    },
    text=[lambda record, _shop: record["name"]],
)
sort(
    "locations",
    {"ID": lambda record, _shop: int(tail_of(record["id"])), "NAME": lambda record, _shop: record["name"]},
    default="NAME",
)
