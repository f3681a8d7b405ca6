"""Fulfillment services: third parties that fulfil from a location of their own; rules that tie orders to functions."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, locations
from shoptide.simulator.domain.handles import slug
from shoptide.simulator.domain.order_lines import MANUAL_SERVICE, manual_service
from shoptide.simulator.registry import Args, TopLevelError, field, mutation, root, user_error
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

KIND = "FulfillmentService"
UNKNOWN = "Fulfillment service could not be found."
RESERVED = frozenset({"manual", "gift card", "gift_card", "amazon", "shopify", "snow devil"})
INTERNAL = (".myshopify.com", ".shopify.com", ".myshopify.io", ".local", ".internal")


def table_key(gid: str) -> str:
    """A service's gid without the parameter that answers show (FACTS 24)."""
    return gid.split("?", maxsplit=1)[0]


def service_at(shop: Shop, location: str | None) -> Record | None:
    """The third party whose location this is."""
    return next((row for row in shop.table(KIND) if row["location"] == location), None)


# checks


def _name_problems(name: str, held: Record | None, shop: Shop) -> list[str]:
    if not name.strip():
        return ["Name can't be blank"]
    found = []
    if name[0].isspace():
        found.append("Name cannot begin with a whitespace character")
    if name[-1].isspace():
        found.append("Name cannot end with a whitespace character")
    if len(name) > 255:
        found.append("Name is too long (maximum is 255 characters)")
    handle = slug(name)
    if name.strip().lower() in RESERVED:
        found.append("Name is reserved")
    elif any(row["handle"] == handle for row in shop.table(KIND) if row is not held):
        found.append("Name has already been taken")
    return found


def _callback_problems(address: str | None) -> list[str]:
    if not address:
        return []
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return [f"Callback url protocol {parts.scheme}:// is not supported"]
    return ["Callback url is not allowed"] if _is_internal(parts.hostname or "") else []


def _is_internal(host: str) -> bool:
    if host == "localhost" or any(f".{host}".endswith(end) for end in INTERNAL):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def _problems(args: Args, held: Record | None, shop: Shop) -> list[Record]:
    found: list[Record] = []
    if args.get("name") is not None:
        found += [user_error(["name"], words) for words in _name_problems(args["name"], held, shop)]
    return found + [user_error(["callbackUrl"], words) for words in _callback_problems(args.get("callbackUrl"))]


# writing

FACTS = ("callbackUrl", "trackingSupport", "inventoryManagement", "requiresShippingMethod", "fulfillmentOrdersOptIn")


@mutation("fulfillmentServiceCreate")
def create(args: Args, ctx: Context) -> Record:
    """A service comes with its location, which bears its name."""
    shop = ctx.shop
    if errors := _problems(args, None, shop):
        return {"fulfillmentService": None, "userErrors": errors}
    country = locations.primary(shop)["address"].get("countryCode") or "CA"
    place = locations.add(shop, args["name"], {"countryCode": country})
    place["isFulfillmentService"] = True
    record: Record = {
        "id": shop.new_id(KIND),
        "serviceName": args["name"],
        "handle": slug(args["name"]),
        "type": "THIRD_PARTY",
        "location": place["id"],
        **{name: args.get(name) for name in FACTS},
    }
    shop.table(KIND).put(record)
    shop.emit("locations/create", place)
    return {"fulfillmentService": record, "userErrors": []}


@mutation("fulfillmentServiceUpdate")
def update(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = shop.table(KIND).get(table_key(args["id"]))
    if record is None:
        return {"fulfillmentService": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    if errors := _problems(args, record, shop):
        return {"fulfillmentService": None, "userErrors": errors}
    record.update({name: args[name] for name in FACTS if args.get(name) is not None})
    if args.get("name") is not None:
        record.update(serviceName=args["name"])
        place = shop.table("Location").get(record["location"])
        if place is not None:
            place["name"] = args["name"]
            shop.touch(place)
    return {"fulfillmentService": shop.table(KIND).put(record), "userErrors": []}


@mutation("fulfillmentServiceDelete")
def delete(args: Args, ctx: Context) -> Record:
    """Its stock is let go, moved, or kept at the location, which then becomes the merchant's own."""
    shop, action = ctx.shop, args.get("inventoryAction") or "TRANSFER"
    record = shop.table(KIND).get(table_key(args["id"]))
    if record is None:
        return {"deletedId": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    destination = args.get("destinationLocationId")
    if errors := _deletion_problems(record, action, destination, shop):
        return {"deletedId": None, "userErrors": errors}
    shop.table(KIND).remove(record["id"])
    place = shop.table("Location").get(record["location"])
    if place is not None and action == "KEEP":
        place["isFulfillmentService"] = False
        shop.touch(place)
    elif place is not None:
        inventory.relocate(shop, place["id"], destination)
        shop.table("Location").remove(place["id"])
        shop.emit("locations/delete", place)
    return {"deletedId": record["id"], "userErrors": []}


def _deletion_problems(record: Record, action: str, destination: str | None, shop: Shop) -> list[Record]:
    if action != "TRANSFER" and destination is not None:
        message = (
            "Inventory action Destination location id should not be present when deleting/keeping the inventory of "
            "the fulfillment service."
        )
        return [user_error(["inventoryAction"], message)]
    stocked = inventory.stocked_at(shop, record["location"])
    if action == "TRANSFER" and (destination is not None or stocked) and locations.active(shop, destination) is None:
        return [user_error(None, "Invalid destination location.")]
    return []


# reading


@root("fulfillmentService")
def fulfillment_service(args: Args, ctx: Context) -> Record | None:
    gid = table_key(args["id"])
    if kind_of(gid) != KIND or tail_of(gid) == "0":
        raise TopLevelError("RESOURCE_NOT_FOUND", f"Invalid id: {gid}")
    return ctx.shop.table(KIND).get(gid)


@field(KIND, "id")
def shown_id(record: Record, _args: Args, _ctx: Context) -> str:
    """The merchant's own has no number, and no parameter either."""
    return record["id"] if record["id"] == MANUAL_SERVICE else f"{table_key(record['id'])}?id=true"


@field("Shop", "fulfillmentServices")
def of_shop(_record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [manual_service(ctx.shop, None), *ctx.shop.table(KIND)]


@field("Location", "fulfillmentService")
def of_location(record: Record, _args: Args, ctx: Context) -> Record | None:
    return service_at(ctx.shop, record["id"])


# constraint rules: they need a function, which the simulated app has none of

RULE = "FulfillmentConstraintRule"


def _function_problem(args: Args, ctx: Context) -> Record:
    gid, handle = args.get("functionId"), args.get("functionHandle")
    if not gid and not handle:
        message, code = "Either function_id or function_handle must be provided.", "MISSING_FUNCTION_IDENTIFIER"
        return user_error(["functionHandle"], message, code)
    if gid and handle:
        message = "Only one of function_id or function_handle can be provided, not both."
        return user_error(["functionHandle"], message, "MULTIPLE_FUNCTION_IDENTIFIERS")
    message = (
        f"Function {gid or handle} not found. Ensure that it is released in the current app ({ctx.app.number}), and "
        "that the app is installed."
    )
    return user_error(["functionId" if gid else "functionHandle"], message, "FUNCTION_NOT_FOUND")


@mutation("fulfillmentConstraintRuleCreate")
def create_rule(args: Args, ctx: Context) -> Record:
    if not args["deliveryMethodTypes"]:
        error = user_error(["deliveryMethodTypes"], "Delivery method types cannot be empty.", "INPUT_INVALID")
        return {"fulfillmentConstraintRule": None, "userErrors": [error]}
    return {"fulfillmentConstraintRule": None, "userErrors": [_function_problem(args, ctx)]}


def _no_rule(gid: str) -> Record:
    return user_error(["id"], f"Could not find FulfillmentConstraintRule with id: {gid}", "NOT_FOUND")


@mutation("fulfillmentConstraintRuleUpdate")
def update_rule(args: Args, _ctx: Context) -> Record:
    return {"fulfillmentConstraintRule": None, "userErrors": [_no_rule(args["id"])]}


@mutation("fulfillmentConstraintRuleDelete")
def delete_rule(args: Args, _ctx: Context) -> Record:
    return {"success": False, "userErrors": [_no_rule(args["id"])]}


@root("fulfillmentConstraintRules")
def rules(_args: Args, ctx: Context) -> list[Record]:
    return list(ctx.shop.table(RULE))
