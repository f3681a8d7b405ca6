"""How Shopify's REST shapes write a value: numbers for ids, stamps in the shop's zone, amounts as text with cents."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from shoptide.simulator.domain.money import places
from shoptide.simulator.places import countries
from shoptide.simulator.shop import Record, Shop, tail_of

MONEY = "fragment M on MoneyBag { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } }"
ADDRESS = (
    "fragment A on MailingAddress { id address1 address2 city company country countryCodeV2 firstName lastName "
    "latitude longitude name phone province provinceCode zip }"
)
UNITS = {"GRAMS": "g", "KILOGRAMS": "kg", "OUNCES": "oz", "POUNDS": "lb"}
IN_GRAMS = {"GRAMS": "1", "KILOGRAMS": "1000", "OUNCES": "28.349523125", "POUNDS": "453.59237"}


def number(gid: str | None) -> int | None:
    """The number at the end of a gid; None for no gid, or one that ends in no number."""
    tail = tail_of(gid) if gid else ""
    return int(tail) if tail.isdigit() else None


def stamp(value: str | None, shop: Shop) -> str | None:
    """`2026-10-01T16:00:00Z` → `2026-10-01T12:00:00-04:00`, in the shop's zone."""
    if value is None:
        return None
    return datetime.fromisoformat(value).astimezone(shop.zone()).isoformat(timespec="seconds")


def amount(value: Any, currency: str) -> str:
    """`"12.5"` → `"12.50"`; a currency without cents stays whole."""
    return f"{Decimal(str(value)):.{places(currency)}f}"


def money_set(bag: Record | None) -> Record | None:
    if bag is None:
        return None
    return {name: _money(bag[key]) for name, key in (("shop_money", "shopMoney"), ("presentment_money", PRESENTMENT))}


PRESENTMENT = "presentmentMoney"


def _money(value: Record) -> Record:
    return {"amount": amount(value["amount"], value["currencyCode"]), "currency_code": value["currencyCode"]}


def unsettled(bag: Record) -> Record:
    """The one amount whose currency goes by a shorter name."""
    shown = money_set(bag) or {}
    return {name: {"amount": held["amount"], "currency": held["currency_code"]} for name, held in shown.items()}


def plain(bag: Record | None) -> str:
    """The amount in the shop's currency."""
    return "0.00" if bag is None else amount(bag["shopMoney"]["amount"], bag["shopMoney"]["currencyCode"])


def summed(bags: Iterable[Record], currency: str, presentment: str) -> Record:
    """The sum of bags as a bag."""
    rows = list(bags)
    return {
        "shopMoney": {
            "amount": sum((Decimal(row["shopMoney"]["amount"]) for row in rows), Decimal(0)),
            "currencyCode": currency,
        },
        PRESENTMENT: {
            "amount": sum((Decimal(row[PRESENTMENT]["amount"]) for row in rows), Decimal(0)),
            "currencyCode": presentment,
        },
    }


def low(value: str | None) -> str | None:
    """An enumeration's value as REST writes it."""
    return value.lower() if value else None


def attributes(pairs: Iterable[Record]) -> list[Record]:
    return [{"name": pair["key"], "value": pair["value"]} for pair in pairs]


def address(found: Record | None) -> Record | None:
    """An order's address."""
    if found is None:
        return None
    return {
        "first_name": found["firstName"],
        "address1": found["address1"],
        "phone": found["phone"],
        "city": found["city"],
        "zip": found["zip"],
        "province": found["province"],
        "country": found["country"],
        "last_name": found["lastName"],
        "address2": found["address2"],
        "company": found["company"],
        "latitude": found["latitude"],
        "longitude": found["longitude"],
        "name": found["name"],
        "country_code": found["countryCodeV2"],
        "province_code": found["provinceCode"],
    }


def customer_address(found: Record, customer: int | None, *, default: bool) -> Record:
    """An address of a customer's address book."""
    known = countries().get(found["countryCodeV2"] or "")
    held = address(found) or {}
    return {
        "id": number(found["id"]),
        "customer_id": customer,
        **{name: value for name, value in held.items() if name not in ("latitude", "longitude")},
        "country_name": known.name if known else found["country"],
        "default": default,
    }


def grams(weight: Record | None) -> int:
    """A weight `{value, unit}` in whole grams; 0 for none."""
    if not weight:
        return 0
    return round(Decimal(str(weight["value"])) * Decimal(IN_GRAMS[weight["unit"]]))


def nodes(connection: Record | None) -> list[Any]:
    return list(connection["nodes"]) if connection else []
