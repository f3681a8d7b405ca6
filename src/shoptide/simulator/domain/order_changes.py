"""Changing an order that exists: orderUpdate, orderDelete, closing and opening, setting and removing its customer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import addresses, company_records, events, metafields, order_parts, text
from shoptide.simulator.places import country_named, province_named
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop, stamp_of

CHANGEABLE = (
    "customAttributes",
    "email",
    "localizationExtensions",
    "localizedFields",
    "metafields",
    "note",
    "phone",
    "poNumber",
    "shippingAddress",
    "tags",
)
ZIP_NAMES = {"US": "ZIP code", "GB": "postcode", "AU": "postcode", "NZ": "postcode", "IE": "Eircode"}
REGION_NAMES = {"US": "State", "AU": "State/territory", "IE": "County", "JP": "Prefecture", "AE": "Emirate"}


def changed(shop: Shop, order: Record, topic: str = "orders/updated", **facts: Any) -> None:
    """Note a change of an order: updatedAt moves, listeners hear of it; `facts` go to those of the topic."""
    shop.touch(order)
    shop.table("Order").put(order)
    if topic != "orders/updated":
        shop.emit(topic, order, **facts)
    shop.emit("orders/updated", order)


def bump_later(shop: Shop, order: Record) -> None:
    """An order may be stamped again a little after its creation, with no write in between (FACTS 4).

    Off unless `shop.settings["late_bump"]` says after how many seconds.
    """
    seconds = shop.settings.get("late_bump")
    if seconds:
        due = stamp_of(shop.clock.now() + timedelta(seconds=float(seconds)))
        shop.settings.setdefault("_late_bumps", []).append([due, order["id"]])


def settle_bumps(shop: Shop) -> None:
    """Stamp the orders whose late bump is due; whoever reads orders calls this first."""
    waiting = shop.settings.get("_late_bumps")
    if not waiting:
        return
    now = shop.stamp()
    shop.settings["_late_bumps"] = [entry for entry in waiting if entry[0] > now]
    for due, gid in waiting:
        order = shop.table("Order").get(gid) if due <= now else None
        if order is not None and order["updatedAt"] < due:
            order["updatedAt"] = due
            shop.table("Order").put(order)
            shop.emit("orders/updated", order)


def _missing(path: str, code: str | None = "NOT_FOUND") -> Record:
    return {"order": None, "userErrors": [user_error([path], "Order does not exist", code)]}


# orderUpdate


@mutation("orderUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    order = shop.table("Order").get(given["id"])
    if order is None:
        return _missing("id")
    if not any(name in given for name in CHANGEABLE):
        return {"order": order, "userErrors": [user_error(None, "No valid update parameters have been provided")]}
    found = update_problems(given)
    found = found or metafields.write_metafields(ctx, order, given.get("metafields") or [], at=("metafields",))
    if found:
        return {"order": order, "userErrors": found}
    apply_update(shop, order, given)
    changed(shop, order)
    return {"order": order, "userErrors": []}


def update_problems(given: Args) -> list[Record]:
    found: list[Record] = []
    if given.get("email") and not text.valid_email(text.email(given["email"]) or ""):
        found.append(user_error(["email"], "Email is invalid"))
    if given.get("phone") and text.phone(given["phone"]) is None:
        found.append(user_error(["phone"], "Phone is invalid"))
    if len(given.get("note") or "") > 5000:
        found.append(user_error(["note"], "Note is too long (maximum is 5000 characters)"))
    tags = text.tags(given.get("tags") or [])
    if len(tags) > 250:
        found.append(user_error(["tags"], "Tags cannot be more than 250"))
    if any(len(tag) > 255 for tag in tags):
        found.append(user_error(["tags"], "Tags is too long (maximum is 255 characters)"))
    if given.get("shippingAddress"):
        found.extend(address_problems(given["shippingAddress"], ["shippingAddress"]))
    return found


def address_problems(given: Args, at: list[str]) -> list[Record]:
    """What a shipping address lacks, in the words of its country (FACTS 44)."""
    found = []
    country = country_named(given.get("countryCode") or given.get("country") or "")
    code = country.code if country else ""
    if not (given.get("lastName") or "").strip():
        found.append(user_error([*at, "lastName"], "Enter a last name"))
    for name, label in (("address1", "an address"), ("city", "a city")):
        if not (given.get(name) or "").strip():
            found.append(user_error([*at, name], f"Enter {label}"))
    if country is None:
        found.append(user_error([*at, "country"], "Select a country/region"))
        return found
    region = given.get("provinceCode") or given.get("province")
    if country.provinces and (region is None or province_named(country, region) is None):
        label = REGION_NAMES.get(code, "Province")
        message = f"{label} is not a valid {label.lower()} in {country.name}"
        found.append(user_error([*at, "province"], message if region else f"Select a {label.lower()}"))
    if not (given.get("zip") or "").strip() and code not in ("HK", "AE", "IE"):
        found.append(user_error([*at, "zip"], f"Enter a {ZIP_NAMES.get(code, 'postal code')}"))
    return found


def apply_update(shop: Shop, order: Record, given: Args) -> None:
    for name in ("note", "poNumber"):
        if name in given:
            order[name] = given[name]
    if "email" in given:
        order["email"] = text.email(given["email"])
    if "phone" in given:
        order["phone"] = text.phone(given["phone"])
    if "tags" in given:
        order["tags"] = text.tags(given["tags"] or [])
    if "customAttributes" in given:
        order["customAttributes"] = [dict(pair) for pair in given["customAttributes"] or []]
    if given.get("shippingAddress"):
        order["shippingAddress"] = addresses.record(shop, given["shippingAddress"], owner="Address")
    localize(order, [*(given.get("localizedFields") or []), *(given.get("localizationExtensions") or [])])


def localize(order: Record, given: list[Any]) -> None:
    """Localised fields replace those of their key and leave the others."""
    if not given:
        return
    held = {row["key"]: row for row in order.get("_localized", ())}
    for row in given:
        held[row["key"]] = {"key": row["key"], "value": row["value"]}
    order["_localized"] = list(held.values())


# orderDelete


@mutation("orderDelete")
def delete(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    order = shop.table("Order").get(args["orderId"])
    if order is None:
        error = user_error(["orderId"], "Order does not exist", "NOT_FOUND")
        return {"deletedId": None, "userErrors": [error]}
    order_parts.drop(shop, order)
    metafields.drop_of(shop, order["id"])
    events.note(shop, "destroy", order)
    shop.emit("orders/delete", order)
    return {"deletedId": order["id"], "userErrors": []}


# closing and opening: silent when there is nothing to do (FACTS 45)


@mutation("orderClose")
def close(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["input"]["id"])
    if order is None:
        return _missing("id")
    if not order.get("closedAt"):
        order["closedAt"] = ctx.shop.stamp()
        changed(ctx.shop, order)
    return {"order": order, "userErrors": []}


@mutation("orderOpen")
def reopen(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["input"]["id"])
    if order is None:
        return _missing("id")
    if order.get("closedAt"):
        order["closedAt"] = None
        changed(ctx.shop, order)
    return {"order": order, "userErrors": []}


# its customer


@mutation("orderCustomerSet")
def set_customer(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    order = shop.table("Order").get(args["orderId"])
    if order is None:
        return _missing("orderId")
    customer = shop.table("Customer").get(args["customerId"])
    if customer is None:
        error = user_error(["customerId"], "Customer does not exist", "NOT_FOUND")
        return {"order": None, "userErrors": [error]}
    if order.get("_company"):
        if not company_records.may_buy(customer["id"], order, shop):
            message = "Customer does not have the permissions to place this order"
            return {"order": None, "userErrors": [user_error(["customerId"], message, "NOT_PERMITTED")]}
        order["_company"] = company_records.purchase_at(order["_company"]["location"], customer["id"], shop)
    order["customer"] = customer["id"]
    changed(shop, order)
    return {"order": order, "userErrors": []}


@mutation("orderCustomerRemove")
def remove_customer(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["orderId"])
    if order is None:
        return _missing("orderId")
    if order.get("_company"):
        error = user_error(["orderId"], "Action not permitted on B2B Orders", "INVALID")
        return {"order": None, "userErrors": [error]}
    order["customer"] = None
    changed(ctx.shop, order)
    return {"order": order, "userErrors": []}


@mutation("orderInvoiceSend")
def send_invoice(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["id"])
    if order is None:
        return _missing("id", "ORDER_INVOICE_SEND_UNSUCCESSFUL")
    given = args.get("email") or {}
    recipient = given.get("to") if given.get("to") is not None else order.get("email")
    problem = None
    if not recipient:
        problem = "No recipient email address was provided"
    elif not text.valid_email(recipient):
        problem = "To is invalid"
    if problem is not None:
        return {"order": order, "userErrors": [user_error(None, problem, "ORDER_INVOICE_SEND_UNSUCCESSFUL")]}
    return {"order": order, "userErrors": []}
