"""What orderCreate refuses, in the store's words."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.registry import Args, user_error
from shoptide.simulator.shop import Record, Shop, stamp_of

MOST_LINES = 500
CUSTOMERS = "Cannot specify both `customerId` and `customer`. Only use one of the arguments."


def problems(ctx: Context, given: Args, options: Args) -> list[Record]:
    shop = ctx.shop
    if refusal := _too_many(shop):
        return [refusal]
    found = [
        *_customer(shop, given),
        *_company(shop, given),
        *_contact(given),
        *_lines(shop, given),
        *_dates(ctx, given),
        *_taxes(given),
    ]
    if not found and options.get("inventoryBehaviour") == "DECREMENT_OBEYING_POLICY":
        found = _stock(shop, given)
    if not found and (given.get("fulfillment") or {}).get("locationId"):
        place = shop.get(given["fulfillment"]["locationId"])
        if place is None:
            path = ["order", "fulfillment", "locationId"]
            found = [user_error(path, "Location does not exist", "FULFILLMENT_SERVICE_INVALID")]
    return found


def _too_many(shop: Shop) -> Record | None:
    """Trial and development stores may create five orders a minute (`shop.settings["orders_per_minute"]`)."""
    limit = shop.settings.get("orders_per_minute")
    if not limit:
        return None
    now = shop.clock.now()
    since = stamp_of(now - timedelta(minutes=1))
    newest = reversed(shop.table("Order").all())
    recent = sum(1 for _order in takewhile(lambda order: order["createdAt"] > since, newest))
    if recent >= limit:
        return user_error(None, "Too many attempts. Please try again later.", "INVALID")
    return None


def _company(shop: Shop, given: Args) -> list[Record]:
    if given.get("companyLocationId") and shop.table("CompanyLocation").get(given["companyLocationId"]) is None:
        path = ["order", "companyLocationId"]
        return [user_error(path, "Company location does not exist", "INVALID")]
    return []


def _customer(shop: Shop, given: Args) -> list[Record]:
    if given.get("customerId") and given.get("customer"):
        return [user_error(["order"], CUSTOMERS, "REDUNDANT_CUSTOMER_FIELDS")]
    wanted = given.get("customer") or {}
    associated = wanted.get("toAssociate") or {}
    if associated and wanted.get("toUpsert"):
        path = ["order", "customer"]
        return [user_error(path, "Only one of `toAssociate` or `toUpsert` is allowed.", "REDUNDANT_CUSTOMER_FIELDS")]
    for gid, path in (
        (given.get("customerId"), ["order", "customerId"]),
        (associated.get("id"), ["order", "customer", "toAssociate", "id"]),
        ((wanted.get("toUpsert") or {}).get("id"), ["order", "customer", "toUpsert", "id"]),
    ):
        if gid and shop.table("Customer").get(gid) is None:
            return [user_error(path, "Customer does not exist", "INVALID")]
    return []


def _contact(given: Args) -> list[Record]:
    found = []
    if given.get("email") and not text.valid_email(text.email(given["email"]) or ""):
        found.append(user_error(["order", "email"], "Email is invalid", "INVALID"))
    if given.get("phone") and text.phone(given["phone"]) is None:
        found.append(user_error(["order", "phone"], "Phone is invalid", "INVALID"))
    tags = text.tags(given.get("tags") or [])
    if len(tags) > 250:
        found.append(user_error(["order", "tags"], "Tags cannot be more than 250", "INVALID"))
    if any(len(tag) > 255 for tag in tags):
        found.append(user_error(["order", "tags"], "Tags is too long (maximum is 255 characters)", "INVALID"))
    if len(given.get("note") or "") > 5000:
        found.append(user_error(["order", "note"], "Note is too long (maximum is 5000 characters)", "INVALID"))
    return found


def _lines(shop: Shop, given: Args) -> list[Record]:
    lines = given.get("lineItems") or []
    path = ["order", "lineItems"]
    if not lines:
        return [user_error(path, "Line items must have at least one line item", "INVALID")]
    if len(lines) > MOST_LINES:
        return [user_error(path, f"Line items cannot exceed {MOST_LINES}", "INVALID")]
    found = []
    for index, line in enumerate(lines):
        at = [*path, str(index)]
        variant = shop.get(line.get("variantId"))
        if line["quantity"] <= 0:
            found.append(user_error([*at, "quantity"], "Quantity must be greater than 0", "INVALID"))
        # A variant that doesn't exist makes a custom line of it: recorded orders with such ids went through.
        if not (line.get("title") or "").strip() and variant is None and shop.get(line.get("productId")) is None:
            found += [
                user_error(["order"], "Order Line items is invalid", "INVALID"),
                user_error(path, "Line items Title can't be blank", "INVALID"),
                user_error(path, "Line items Name can't be blank", "INVALID"),
            ]
        elif variant is None and not line.get("priceSet"):
            found.append(user_error([*at, "priceSet"], "Price can't be blank", "INVALID"))
    return found


def _dates(ctx: Context, given: Args) -> list[Record]:
    processed = given.get("processedAt")
    if processed and datetime.fromisoformat(processed) > ctx.now + timedelta(days=1):
        message = "Processed at must not be in the future"
        return [user_error(["order", "processedAt"], message, "PROCESSED_AT_INVALID")]
    return []


def _taxes(given: Args) -> list[Record]:
    lines = [*(given.get("lineItems") or []), *(given.get("shippingLines") or [])]
    if given.get("taxLines") and any(line.get("taxLines") for line in lines):
        message = "Tax lines must be specified either on the order or on its lines, not on both"
        return [user_error(["order", "taxLines"], message, "INVALID")]
    return []


def _stock(shop: Shop, given: Args) -> list[Record]:
    """With DECREMENT_OBEYING_POLICY a variant that may not be oversold must be in stock."""
    found = []
    wanted: dict[str, int] = {}
    for index, line in enumerate(given["lineItems"]):
        variant = shop.get(line.get("variantId"))
        item = shop.get(variant.get("_item")) if variant else None
        if not variant or not item or not item.get("tracked") or variant.get("inventoryPolicy") == "CONTINUE":
            continue
        wanted[variant["id"]] = wanted.get(variant["id"], 0) + line["quantity"]
        if wanted[variant["id"]] > sum(level.get("available", 0) for level in (item.get("_levels") or {}).values()):
            path = ["order", "lineItems", str(index), "variantId"]
            found.append(user_error(path, "Unable to reserve inventory", "INVENTORY_CLAIM_FAILED"))
    return found
