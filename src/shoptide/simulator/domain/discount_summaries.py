"""A discount told in a sentence, as the store's list of discounts shows it."""

from __future__ import annotations

from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain.discount_records import CODE_TYPES, TYPES
from shoptide.simulator.places import countries
from shoptide.simulator.registry import Args, field
from shoptide.simulator.shop import Record, Shop

PLURALS = {"products": "products", "variants": "variants", "collections": "collections"}


def _percent(value: float) -> str:
    return f"{(Decimal(str(value)) * 100).normalize():f}%"


def _amount(value: str) -> str:
    return f"${Decimal(value):,.2f}"


def _off(value: Record) -> str:
    return _percent(value["percentage"]) if "percentage" in value else _amount(value.get("amount", "0"))


def _target(items: Record, shop: Shop) -> str:
    """One article goes by its name, several by their number."""
    if items.get("all"):
        return "entire order"
    for name, plural in PLURALS.items():
        gids = items.get(name) or []
        if len(gids) == 1:
            return str((shop.get(gids[0]) or {}).get("title") or plural)
        if gids:
            return f"{len(gids)} {plural}"
    return "products"


def _pieces(number: str) -> str:
    return f"{number} item" if number == "1" else f"{number} items"


def _exchange(record: Record) -> str:
    buys, gets = record["_buys"]["value"], record["_gets"]["value"]
    bought = f"Buy {_pieces(buys['quantity'])}" if "quantity" in buys else f"Spend {_amount(buys.get('amount', '0'))}"
    effect = gets.get("effect") or {}
    price = "free" if effect.get("percentage") == 1 else f"at {_off(effect)} off"
    return f"{bought}, get {_pieces(gets.get('quantity', '1'))} {price}"


def _places(held: Record) -> str:
    if held.get("all"):
        return "For all countries"
    names = [found.name if (found := countries().get(code)) else code for code in held["countries"]]
    if held.get("rest"):
        names.append("Rest of world")
    return f"For {names[0]}" if len(names) == 1 else f"For {len(names)} countries"


def short(record: Record, shop: Shop) -> str:
    if record["_type"].endswith("FreeShipping"):
        return "Free shipping on all products"
    if record["_type"].endswith("Bxgy"):
        return _exchange(record)
    return f"{_off(record['_gets']['value'])} off {_target(record['_gets']['items'], shop)}"


def whole(record: Record, shop: Shop) -> str:
    """The short one and its conditions."""
    parts = [short(record, shop)]
    minimum = record["_minimum"] or {}
    if "subtotal" in minimum:
        parts.append(f"Minimum purchase of {_amount(minimum['subtotal'])}")
    if "quantity" in minimum:
        parts.append(f"Minimum quantity of {minimum['quantity']}")
    if record["_type"].endswith("FreeShipping"):
        parts.append(_places(record["_destination"]))
    if record.get("_dearest") is not None:
        parts.append(f"Applies to shipping rates under {_amount(record['_dearest'])}")
    if record["_type"] in CODE_TYPES and record["appliesOncePerCustomer"]:
        parts.append("One use per customer")
    return " • ".join(parts)


def _short(record: Record, _args: Args, ctx: Context) -> str:
    return short(record, ctx.shop)


def _whole(record: Record, _args: Args, ctx: Context) -> str:
    return whole(record, ctx.shop)


for _type in TYPES:
    field(_type, "shortSummary")(_short)
    field(_type, "summary")(_whole)
