"""How many pieces of a variant are bought at once under a price list, and what larger numbers cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain.price_lists import KIND, MISSING, fix
from shoptide.simulator.registry import Args, Listing, field, mutation, user_error
from shoptide.simulator.shop import Record, Shop

BREAK = "QuantityPriceBreak"
NO_VARIANT = "Product variant ID does not exist."


def _rule_problem(rule: Args) -> tuple[str, str, str] | None:
    """Field, message and code of what contradicts itself in a rule."""
    low, high, step = rule["minimum"], rule.get("maximum"), rule["increment"]
    for name in ("minimum", "maximum", "increment"):
        if rule.get(name) is not None and rule[name] < 1:
            return name, "Value must be greater than or equal to 1.", "GREATER_THAN_OR_EQUAL_TO"
    if step > low:
        return "increment", "Increment must be lower than or equal to the minimum.", "INCREMENT_IS_GREATER_THAN_MINIMUM"
    if low % step:
        return "minimum", "The minimum must be a multiple of the increment.", "MINIMUM_NOT_MULTIPLE_OF_INCREMENT"
    if high is not None and low > high:
        return "minimum", "Minimum must be lower than or equal to the maximum.", "MINIMUM_IS_GREATER_THAN_MAXIMUM"
    if high is not None and high % step:
        return "maximum", "The maximum must be a multiple of the increment.", "MAXIMUM_NOT_MULTIPLE_OF_INCREMENT"
    return None


def _rule_problems(given: list[Args], shop: Shop, name: str) -> Iterator[tuple[list[str], str, str]]:
    for index, rule in enumerate(given):
        at = [name, str(index)]
        if shop.table("ProductVariant").get(rule["variantId"]) is None:
            yield [*at, "variantId"], NO_VARIANT, "PRODUCT_VARIANT_DOES_NOT_EXIST"
        elif any(rule["variantId"] == other["variantId"] for other in given[:index]):
            message = "Quantity rule inputs must be unique by variant id."
            yield [*at, "variantId"], message, "DUPLICATE_INPUT_FOR_VARIANT"
        elif found := _rule_problem(rule):
            yield [*at, found[0]], found[1], found[2]


def _set(record: Record, rule: Args) -> None:
    record["_rules"][rule["variantId"]] = {name: rule.get(name) for name in ("minimum", "maximum", "increment")}


@mutation("quantityRulesAdd")
def add(args: Args, ctx: Context) -> Record:
    record, given = ctx.shop.table(KIND).get(args["priceListId"]), args["quantityRules"]
    if record is None:
        error = user_error(["priceListId"], MISSING, "PRICE_LIST_DOES_NOT_EXIST")
        return {"quantityRules": None, "userErrors": [error]}
    if errors := [user_error(*found) for found in _rule_problems(given, ctx.shop, "quantityRules")]:
        return {"quantityRules": None, "userErrors": errors}
    for rule in given:
        _set(record, rule)
    ctx.shop.table(KIND).put(record)
    return {"quantityRules": [shown(record, rule["variantId"]) for rule in given], "userErrors": []}


@mutation("quantityRulesDelete")
def delete(args: Args, ctx: Context) -> Record:
    record, gids = ctx.shop.table(KIND).get(args["priceListId"]), args["variantIds"]
    if record is None:
        error = user_error(["priceListId"], MISSING, "PRICE_LIST_DOES_NOT_EXIST")
        return {"deletedQuantityRulesVariantIds": None, "userErrors": [error]}
    message = "Quantity rule for variant associated with the price list provided does not exist."
    errors = [
        user_error(["variantIds", str(index)], message, "VARIANT_QUANTITY_RULE_DOES_NOT_EXIST")
        for index, gid in enumerate(gids)
        if gid not in record["_rules"]
    ]
    if errors:
        return {"deletedQuantityRulesVariantIds": None, "userErrors": errors}
    for gid in gids:
        record["_rules"].pop(gid, None)
    ctx.shop.table(KIND).put(record)
    return {"deletedQuantityRulesVariantIds": gids, "userErrors": []}


# prices, rules and breaks of variants at once


@mutation("quantityPricingByVariantUpdate")
def update_pricing(args: Args, ctx: Context) -> Record:
    """All of it or nothing."""
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["priceListId"])
    if record is None:
        error = user_error(["priceListId"], "Price list not found.", "PRICE_LIST_NOT_FOUND")
        return {"productVariants": None, "userErrors": [error]}
    if errors := [user_error(["input", *path], message, code) for path, message, code in _pricing(given, record, shop)]:
        return {"productVariants": None, "userErrors": errors}
    _apply(given, record, shop)
    gids = [entry["variantId"] for name in ADDED for entry in given[name]]
    gids += [gid for name in DELETED for gid in given.get(name) or []]
    return {"productVariants": [shop.get(gid) for gid in dict.fromkeys(gids)], "userErrors": []}


ADDED = ("pricesToAdd", "quantityRulesToAdd", "quantityPriceBreaksToAdd")
DELETED = ("pricesToDeleteByVariantId", "quantityRulesToDeleteByVariantId", "quantityPriceBreaksToDeleteByVariantId")
LABELS = {"pricesToAdd": "PRICE_ADD", "quantityPriceBreaksToAdd": "QUANTITY_PRICE_BREAK_ADD"}


def _pricing(given: Args, record: Record, shop: Shop) -> Iterator[tuple[list[str], str, str]]:
    yield from _money_problems(given, record, shop)
    for path, message, code in _rule_problems(given["quantityRulesToAdd"], shop, "quantityRulesToAdd"):
        unknown = code == "PRODUCT_VARIANT_DOES_NOT_EXIST"
        yield path, message, "QUANTITY_RULE_ADD_VARIANT_NOT_FOUND" if unknown else "GENERIC_ERROR"
    yield from _absences(given, record)


def _money_problems(given: Args, record: Record, shop: Shop) -> Iterator[tuple[list[str], str, str]]:
    for name, label in LABELS.items():
        for index, entry in enumerate(given[name]):
            if shop.table("ProductVariant").get(entry["variantId"]) is None:
                yield [name, str(index), "variantId"], NO_VARIANT, f"{label}_VARIANT_NOT_FOUND"
            if entry["price"]["currencyCode"] != record["currency"]:
                message = "The specified currency doesn't match the price list's currency."
                yield [name, str(index), "price", "currencyCode"], message, f"{label}_CURRENCY_MISMATCH"


def _absences(given: Args, record: Record) -> Iterator[tuple[list[str], str, str]]:
    """What is to be deleted and isn't there; breaks without a price to break."""
    for index, gid in enumerate(given["pricesToDeleteByVariantId"]):
        if gid not in record["_fixed"]:
            message = "Only fixed prices can be deleted."
            yield ["pricesToDeleteByVariantId", str(index)], message, "PRICE_DELETE_PRICE_NOT_FIXED"
    for index, gid in enumerate(given["quantityRulesToDeleteByVariantId"]):
        if gid not in record["_rules"]:
            message = "Quantity rule for variant associated with the price list provided does not exist."
            yield ["quantityRulesToDeleteByVariantId", str(index)], message, "QUANTITY_RULE_DELETE_RULE_NOT_FOUND"
    priced = {*record["_fixed"], *(entry["variantId"] for entry in given["pricesToAdd"])}
    for index, entry in enumerate(given["quantityPriceBreaksToAdd"]):
        if entry["variantId"] not in priced:
            message = "Quantity price breaks need a fixed price of the variant."
            code = "QUANTITY_PRICE_BREAK_ADD_PRICE_LIST_PRICE_NOT_FOUND"
            yield ["quantityPriceBreaksToAdd", str(index), "variantId"], message, code


def _apply(given: Args, record: Record, shop: Shop) -> None:
    for gid in given["pricesToDeleteByVariantId"]:
        record["_fixed"].pop(gid, None)
    for gid in given["quantityRulesToDeleteByVariantId"]:
        record["_rules"].pop(gid, None)
    gone, variants = given["quantityPriceBreaksToDelete"], given.get("quantityPriceBreaksToDeleteByVariantId") or []
    kept = [row for row in record["_breaks"] if row["id"] not in gone and row["variant"] not in variants]
    for entry in given["pricesToAdd"]:
        fix(record, entry, entry["variantId"])
    for rule in given["quantityRulesToAdd"]:
        _set(record, rule)
    for entry in given["quantityPriceBreaksToAdd"]:
        place = (entry["variantId"], entry["minimumQuantity"])
        kept = [row for row in kept if (row["variant"], row["minimumQuantity"]) != place]
        row = {"id": shop.new_id(BREAK), "variant": place[0], "minimumQuantity": place[1], "priceList": record["id"]}
        kept.append({**row, "_amount": str(entry["price"]["amount"])})
    record["_breaks"] = kept
    shop.table(KIND).put(record)


# reading


def shown(record: Record, gid: str) -> Record:
    rule = record["_rules"].get(gid) or {"minimum": 1, "maximum": None, "increment": 1}
    plain = rule == {"minimum": 1, "maximum": None, "increment": 1}
    origin = "FIXED" if gid in record["_rules"] else "RELATIVE"
    return {**rule, "isDefault": plain, "originType": origin, "productVariant": gid}


@field(KIND, "quantityRules")
def rules(record: Record, args: Args, ctx: Context) -> Listing:
    rows = [shown(record, row["id"]) for row in ctx.shop.table("ProductVariant")]
    wanted: Any = args.get("originType")
    return Listing("", [row for row in rows if wanted in (None, row["originType"])])


@field("PriceListPrice", "quantityPriceBreaks")
def breaks(record: Record, _args: Args, ctx: Context) -> Listing:
    held = ctx.shop.get(record["_list"]) or {"_breaks": []}
    rows = [row for row in held["_breaks"] if row["variant"] == record["variant"]]
    return Listing("", sorted(rows, key=lambda row: int(row["minimumQuantity"])))


@field(BREAK, "price")
def break_price(record: Record, _args: Args, ctx: Context) -> Record:
    held = ctx.shop.get(record["priceList"]) or {}
    return {"amount": Decimal(record["_amount"]), "currencyCode": held.get("currency")}
