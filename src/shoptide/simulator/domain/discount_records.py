"""Discounts as the shop keeps them: what an input makes of a record, and how the API shows its parts.

A discount is the record of its node, a code's or an automatic one; `DiscountNode` is the same seen from the list of
both, under the same number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.registry import Args, Listing, field
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

CODE = "DiscountCodeNode"
AUTOMATIC = "DiscountAutomaticNode"
EITHER = "DiscountNode"
CODE_TYPES = ("DiscountCodeBasic", "DiscountCodeBxgy", "DiscountCodeFreeShipping")
AUTOMATIC_TYPES = ("DiscountAutomaticBasic", "DiscountAutomaticBxgy", "DiscountAutomaticFreeShipping")
TYPES = (*CODE_TYPES, *AUTOMATIC_TYPES)
PLAIN = (
    *("title", "endsAt", "usageLimit", "appliesOncePerCustomer", "recurringCycleLimit", "usesPerOrderLimit"),
    *("appliesOnOneTimePurchase", "appliesOnSubscription"),
)
COMBINING = ("orderDiscounts", "productDiscounts", "shippingDiscounts")


def blank(shop: Shop, kind: str) -> Record:
    node = CODE if kind in CODE_TYPES else AUTOMATIC
    number = shop.new_number(EITHER)
    now = shop.stamp()
    return {
        "id": f"gid://shopify/{node}/{number}",
        "_type": kind,
        "title": "",
        "createdAt": now,
        "updatedAt": now,
        "startsAt": now,
        "endsAt": None,
        "usageLimit": None,
        "appliesOncePerCustomer": False,
        "appliesOnOneTimePurchase": True,
        "appliesOnSubscription": False,
        "recurringCycleLimit": 1 if node == AUTOMATIC else None,
        "tags": [],
        "combinesWith": {**dict.fromkeys(COMBINING, False), "productDiscountsWithTagsOnSameCartLine": []},
        "_gets": {"items": {"all": True}, "value": {"percentage": 0.0}, "once": True, "subscription": False},
        "_buys": {"items": {}, "value": {}},
        "_buyers": {"all": True},
        "_minimum": None,
        "_destination": {"all": True},
        "_codes": [],
    }


# writing


def apply(record: Record, given: Args, shop: Shop) -> Record:
    """Write an input over a record: what it leaves out stays."""
    record.update({name: given[name] for name in PLAIN if name in given})
    if given.get("startsAt"):
        record["startsAt"] = given["startsAt"]
    if given.get("tags") is not None:
        record["tags"] = text.tags(given["tags"])
    _combine(record, given.get("combinesWith") or {})
    if given.get("customerGets"):
        record["_gets"] = _side(record["_gets"], given["customerGets"])
    if given.get("customerBuys"):
        record["_buys"] = _side(record["_buys"], given["customerBuys"])
    if buyers := given.get("context") or given.get("customerSelection"):
        record["_buyers"] = _buyers(record["_buyers"], buyers)
    if "minimumRequirement" in given:
        record["_minimum"] = _minimum(given["minimumRequirement"] or {})
    if given.get("destination"):
        record["_destination"] = _destination(record["_destination"], given["destination"])
    if "maximumShippingPrice" in given:
        price = given["maximumShippingPrice"]
        record["_dearest"] = None if price is None else str(price)
    if given.get("code"):
        first = {"id": shop.new_id("DiscountRedeemCode"), "code": given["code"].strip()}
        held = record["_codes"]
        record["_codes"] = [{**held[0], "code": first["code"]}, *held[1:]] if held else [first]
    return record


def _combine(record: Record, given: Args) -> None:
    held = dict(record["combinesWith"])
    held.update({name: bool(given[name]) for name in COMBINING if given.get(name) is not None})
    tags = given.get("productDiscountsWithTagsOnSameCartLine") or {}
    name = "productDiscountsWithTagsOnSameCartLine"
    held[name] = changed_ids(held[name], tags.get("add"), tags.get("remove"))
    record["combinesWith"] = held


def changed_ids(held: list[str], more: list[str] | None, less: list[str] | None) -> list[str]:
    return [gid for gid in dict.fromkeys([*held, *(more or [])]) if gid not in (less or [])]


def _side(held: Record, given: Args) -> Record:
    """What the customer gets or buys: the articles, how much of them, on what kind of purchase."""
    found = dict(held)
    if given.get("items"):
        found["items"] = _items(held["items"], given["items"])
    if given.get("value"):
        found["value"] = _value(given["value"])
    once = given.get("appliesOnOneTimePurchase", given.get("isOneTimePurchase"))
    subscription = given.get("appliesOnSubscription", given.get("isSubscription"))
    found["once"] = held.get("once", True) if once is None else once
    found["subscription"] = held.get("subscription", False) if subscription is None else subscription
    return found


def _items(held: Record, given: Args) -> Record:
    if given.get("all"):
        return {"all": True}
    products, collections = given.get("products"), given.get("collections")
    if collections:
        return {
            "collections": changed_ids(held.get("collections", []), collections.get("add"), collections.get("remove"))
        }
    if products is None:
        return held
    return {
        name: changed_ids(held.get(name, []), products.get(f"{label}ToAdd"), products.get(f"{label}ToRemove"))
        for name, label in (("products", "products"), ("variants", "productVariants"))
    }


def _value(given: Args) -> Record:
    if given.get("percentage") is not None:
        return {"percentage": given["percentage"]}
    if given.get("discountAmount"):
        money = given["discountAmount"]
        return {"amount": str(money.get("amount") or "0"), "each": bool(money.get("appliesOnEachItem"))}
    if given.get("discountOnQuantity"):
        wanted = given["discountOnQuantity"]
        effect = wanted.get("effect") or {}
        shown = {name: effect[name] if name == "percentage" else str(effect[name]) for name in effect}
        return {"quantity": str(wanted.get("quantity") or 1), "effect": shown}
    if given.get("quantity") is not None:
        return {"quantity": str(given["quantity"])}
    return {"amount": str(given.get("amount") or "0")}


def _buyers(held: Record, given: Args) -> Record:
    if given.get("all"):
        return {"all": True}
    for name in ("customers", "customerSegments", "markets"):
        if given.get(name):
            return {name: changed_ids(held.get(name, []), given[name].get("add"), given[name].get("remove"))}
    return held


def _minimum(given: Args) -> Record | None:
    quantity = (given.get("quantity") or {}).get("greaterThanOrEqualToQuantity")
    subtotal = (given.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    if quantity is not None:
        return {"quantity": str(quantity)}
    return None if subtotal is None else {"subtotal": str(subtotal)}


def _destination(held: Record, given: Args) -> Record:
    if given.get("all"):
        return {"all": True}
    wanted = given.get("countries") or {}
    countries = changed_ids(held.get("countries", []), wanted.get("add"), wanted.get("remove"))
    return {"countries": countries, "rest": bool(wanted.get("includeRestOfWorld", held.get("rest")))}


def keep(record: Record, shop: Shop) -> Record:
    """Store the node, and what the list of both kinds shows of it."""
    shop.table(EITHER).put({"id": f"gid://shopify/{EITHER}/{tail_of(record['id'])}", "_node": record["id"]})
    return shop.table(kind_of(record["id"])).put(record)


def drop(record: Record, shop: Shop) -> None:
    shop.table(EITHER).remove(f"gid://shopify/{EITHER}/{tail_of(record['id'])}")
    shop.table(kind_of(record["id"])).remove(record["id"])


def status(record: Record, now: str) -> str:
    if record["startsAt"] > now:
        return "SCHEDULED"
    return "EXPIRED" if record["endsAt"] and record["endsAt"] <= now else "ACTIVE"


def classes(record: Record) -> list[str]:
    if record["_type"].endswith("FreeShipping"):
        return ["SHIPPING"]
    whole = record["_type"].endswith("Basic") and record["_gets"]["items"].get("all")
    return ["ORDER" if whole else "PRODUCT"]


# reading


def shown(record: Record) -> Record:
    return {**record, "__typename": record["_type"]}


@field(CODE, "codeDiscount")
def code_discount(record: Record, _args: Args, _ctx: Context) -> Record:
    return shown(record)


@field(AUTOMATIC, "automaticDiscount")
def automatic_discount(record: Record, _args: Args, _ctx: Context) -> Record:
    return shown(record)


@field(EITHER, "discount")
def discount(record: Record, _args: Args, ctx: Context) -> Record | None:
    node = ctx.shop.get(record["_node"])
    return shown(node) if node else None


def _money(amount: Any, ctx: Context) -> Record:
    return {"amount": Decimal(str(amount)), "currencyCode": ctx.shop.currency}


def _shown_items(held: Record) -> Record:
    if held.get("all"):
        return {"__typename": "AllDiscountItems", "allItems": True}
    if "collections" in held:
        return {"__typename": "DiscountCollections", "_collections": held["collections"]}
    return {
        "__typename": "DiscountProducts",
        "_products": held.get("products", []),
        "_variants": held.get("variants", []),
    }


def _shown_effect(held: Record, ctx: Context) -> Record:
    if "percentage" in held:
        return {"__typename": "DiscountPercentage", "percentage": held["percentage"]}
    each = bool(held.get("each"))
    return {"__typename": "DiscountAmount", "amount": _money(held.get("amount", "0"), ctx), "appliesOnEachItem": each}


def _shown_value(held: Record, ctx: Context) -> Record:
    if "effect" not in held:
        return _shown_effect(held, ctx)
    effect = _shown_effect(held["effect"], ctx)
    return {"__typename": "DiscountOnQuantity", "effect": effect, "quantity": {"quantity": held["quantity"]}}


def _gets(record: Record, _args: Args, ctx: Context) -> Record:
    held = record["_gets"]
    return {
        "items": _shown_items(held["items"]),
        "value": _shown_value(held["value"], ctx),
        "appliesOnOneTimePurchase": held["once"],
        "appliesOnSubscription": held["subscription"],
    }


def _buys(record: Record, _args: Args, _ctx: Context) -> Record:
    held = record["_buys"]
    value: Record = {"__typename": "DiscountPurchaseAmount", "amount": held["value"].get("amount")}
    if "quantity" in held["value"]:
        value = {"__typename": "DiscountQuantity", "quantity": held["value"]["quantity"]}
    kinds = {"isOneTimePurchase": held.get("once", True), "isSubscription": held.get("subscription", False)}
    return {"items": _shown_items(held["items"]), "value": value, **kinds}


def _minimum_shown(record: Record, _args: Args, ctx: Context) -> Record | None:
    held = record["_minimum"]
    if held is None:
        return None
    if "quantity" in held:
        return {"__typename": "DiscountMinimumQuantity", "greaterThanOrEqualToQuantity": held["quantity"]}
    return {"__typename": "DiscountMinimumSubtotal", "greaterThanOrEqualToSubtotal": _money(held["subtotal"], ctx)}


def _rows(gids: list[str], ctx: Context) -> list[Record]:
    return [row for gid in gids if (row := ctx.shop.get(gid))]


def _named_buyers(record: Record, ctx: Context) -> Record | None:
    held = record["_buyers"]
    if "customers" in held:
        return {"__typename": "DiscountCustomers", "customers": _rows(held["customers"], ctx)}
    if "customerSegments" in held:
        return {"__typename": "DiscountCustomerSegments", "segments": _rows(held["customerSegments"], ctx)}
    return None


def _selection(record: Record, _args: Args, ctx: Context) -> Record:
    return _named_buyers(record, ctx) or {"__typename": "DiscountCustomerAll", "allCustomers": True}


def _context(record: Record, _args: Args, ctx: Context) -> Record:
    if "markets" in record["_buyers"]:
        rows = _rows(record["_buyers"]["markets"], ctx)
        return {"__typename": "DiscountMarkets", "markets": Listing("", rows), "marketsCount": len(rows)}
    return _named_buyers(record, ctx) or {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}


def _destination_shown(record: Record, _args: Args, _ctx: Context) -> Record:
    held = record["_destination"]
    if held.get("all"):
        return {"__typename": "DiscountCountryAll", "allCountries": True}
    return {"__typename": "DiscountCountries", "countries": held["countries"], "includeRestOfWorld": held["rest"]}


def _dearest(record: Record, _args: Args, ctx: Context) -> Record | None:
    return _money(record["_dearest"], ctx) if record.get("_dearest") is not None else None


def _status(record: Record, _args: Args, ctx: Context) -> str:
    return status(record, ctx.shop.stamp())


def _classes(record: Record, _args: Args, _ctx: Context) -> list[str]:
    return classes(record)


def _class(record: Record, _args: Args, _ctx: Context) -> str:
    return classes(record)[0]


def _sales(_record: Record, _args: Args, ctx: Context) -> Record:
    return _money(Decimal(0), ctx)


for _type in TYPES:
    field(_type, "customerGets")(_gets)
    field(_type, "customerBuys")(_buys)
    field(_type, "minimumRequirement")(_minimum_shown)
    field(_type, "context")(_context)
    field(_type, "status")(_status)
    field(_type, "discountClasses")(_classes)
    field(_type, "discountClass")(_class)
    field(_type, "totalSales")(_sales)
    field(_type, "destinationSelection")(_destination_shown)
    field(_type, "maximumShippingPrice")(_dearest)
for _type in CODE_TYPES:
    field(_type, "customerSelection")(_selection)


@field("DiscountCollections", "collections")
def collections(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Collection", _rows(record["_collections"], ctx))


@field("DiscountProducts", "products")
def products(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Product", _rows(record["_products"], ctx))


@field("DiscountProducts", "productVariants")
def variants(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("ProductVariant", _rows(record["_variants"], ctx))
