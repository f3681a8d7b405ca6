"""Amounts in two currencies at once, the shop's and the customer's. Registers nothing.

Records keep an amount as text (`"12.50"`, the same in both currencies) or as a pair of texts (`["17.01", "12.50"]`);
reckoning is done in `Bag`s of decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from shoptide.simulator.shop import Record

# ISO 4217: no minor unit
WITHOUT_CENTS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"}
)


class Bag(NamedTuple):
    """An amount in the shop's currency and in the customer's."""

    shop: Decimal
    presentment: Decimal

    def plus(self, other: Bag) -> Bag:
        return Bag(self.shop + other.shop, self.presentment + other.presentment)

    def minus(self, other: Bag) -> Bag:
        return Bag(self.shop - other.shop, self.presentment - other.presentment)

    def times(self, factor: int | Decimal) -> Bag:
        return Bag(self.shop * factor, self.presentment * factor)

    def share(self, part: int, whole: int, places: int = 2) -> Bag:
        """The amount for `part` of `whole` pieces, rounded to the currency's cents."""
        if part == whole or not whole:
            return self
        return Bag(rounded(self.shop * part / whole, places), rounded(self.presentment * part / whole, places))

    def at_least_zero(self) -> Bag:
        return Bag(max(self.shop, Decimal(0)), max(self.presentment, Decimal(0)))

    def capped(self, other: Bag) -> Bag:
        return Bag(min(self.shop, other.shop), min(self.presentment, other.presentment))


NOTHING = Bag(Decimal(0), Decimal(0))


def rounded(value: Decimal, places: int = 2) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def places(currency: str) -> int:
    """How many digits a currency has after the point."""
    return 0 if currency in WITHOUT_CENTS else 2


def read(stored: Any) -> Bag:
    """The amount a record keeps; nothing for none."""
    if stored is None:
        return NOTHING
    if isinstance(stored, str):
        amount = Decimal(stored)
        return Bag(amount, amount)
    return Bag(Decimal(stored[0]), Decimal(stored[1]))


def kept(bag: Bag) -> Any:
    """An amount as a record keeps it."""
    if bag.shop == bag.presentment:
        return str(bag.shop)
    return [str(bag.shop), str(bag.presentment)]


def given(money_bag: Record | None) -> Any:
    """What a `MoneyBagInput` means, as a record keeps it; an absent customer's amount is the shop's."""
    if not money_bag:
        return "0"
    shop = Decimal(str(money_bag["shopMoney"]["amount"]))
    other = money_bag.get("presentmentMoney")
    return kept(Bag(shop, Decimal(str(other["amount"])) if other else shop))


def total(bags: Iterable[Bag]) -> Bag:
    shop = presentment = Decimal(0)
    for bag in bags:
        shop += bag.shop
        presentment += bag.presentment
    return Bag(shop, presentment)


def shown(bag: Bag, order: Record) -> Record:
    """A `MoneyBag` in the currencies of the order."""
    return {
        "shopMoney": {"amount": bag.shop, "currencyCode": order["currencyCode"]},
        "presentmentMoney": {
            "amount": bag.presentment,
            "currencyCode": order.get("presentmentCurrencyCode") or order["currencyCode"],
        },
    }


def spread(bag: Bag, weights: list[Decimal], digits: int = 2) -> list[Bag]:
    """Split an amount by weights into parts that add up to it: each is rounded, the last takes the rest."""
    whole = sum(weights, Decimal(0))
    parts = [NOTHING] * len(weights)
    if not whole:
        return parts
    last = max(index for index, weight in enumerate(weights) if weight)
    left = bag
    for index, weight in enumerate(weights[:last]):
        parts[index] = Bag(
            rounded(bag.shop * weight / whole, digits), rounded(bag.presentment * weight / whole, digits)
        )
        left = left.minus(parts[index])
    parts[last] = left
    return parts


def plain(amount: Decimal) -> str:
    """An amount in the store's messages: `$25.00`."""
    return f"${rounded(amount):,.2f}"
