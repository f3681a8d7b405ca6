"""What an order comes to: subtotal, discounts, shipping, taxes, payments, refunds. Registers nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.shop import Record, Shop

PAID_KINDS = frozenset({"SALE", "CAPTURE"})
MATTERING = frozenset({"SALE", "CAPTURE", "AUTHORIZATION", "EMV_AUTHORIZATION", "REFUND", "VOID"})


# lines


def line_original(line: Record) -> Bag:
    return money.read(line["_price"]).times(line["quantity"])


def line_discount(line: Record) -> Bag:
    return money.total(money.read(amount) for _index, amount in line.get("_discounts", ()))


def line_discounted(line: Record) -> Bag:
    """A line's price after all its discounts, before taxes unless they are included."""
    return line_original(line).minus(line_discount(line))


def taxes(holder: Record) -> Bag:
    """Of a line, a shipping line or an order with taxes of its own."""
    return money.total(money.read(tax["_price"]) for tax in holder.get("_taxes", ()))


def tax_groups(holders: Iterable[Record]) -> list[Record]:
    """The taxes of several lines, summed by title and rate."""
    found: dict[tuple[str, float], Record] = {}
    for tax in (tax for holder in holders for tax in holder.get("_taxes", ())):
        key = (tax["title"], tax["rate"])
        held = money.read(found[key]["_price"]) if key in found else NOTHING
        found[key] = {**tax, "_price": money.kept(held.plus(money.read(tax["_price"])))}
    return list(found.values())


# transactions


def succeeded(transactions: Iterable[Record], kinds: frozenset[str]) -> Bag:
    return money.total(
        money.read(row["_amount"]) for row in transactions if row["kind"] in kinds and row["status"] == "SUCCESS"
    )


def open_authorization(transaction: Record, transactions: list[Record]) -> Bag:
    """What can still be captured of an authorization: nothing once it was voided."""
    if transaction["kind"] not in ("AUTHORIZATION", "EMV_AUTHORIZATION") or transaction["status"] != "SUCCESS":
        return NOTHING
    left = money.read(transaction["_amount"])
    for row in transactions:
        if row.get("_parent") != transaction["id"] or row["status"] != "SUCCESS":
            continue
        if row["kind"] == "VOID":
            return NOTHING
        if row["kind"] == "CAPTURE":
            left = left.minus(money.read(row["_amount"]))
    return left.at_least_zero()


# orders


@dataclass(frozen=True)
class Totals:
    """Every figure of one order as it stands; each is worked out when first asked for."""

    order: Record
    lines: list[Record]
    transactions: list[Record]
    refunds: list[Record]

    @cached_property
    def items(self) -> Bag:
        """The lines before discounts."""
        return money.total(line_original(line) for line in self.lines)

    @cached_property
    def item_discounts(self) -> Bag:
        return money.total(line_discount(line) for line in self.lines)

    @cached_property
    def subtotal(self) -> Bag:
        return self.items.minus(self.item_discounts)

    @cached_property
    def shipping(self) -> Bag:
        return money.total(money.read(row["_price"]) for row in self.order.get("_shipping", ()))

    @cached_property
    def shipping_discounts(self) -> Bag:
        return money.total(line_discount(row) for row in self.order.get("_shipping", ()))

    @cached_property
    def discounts(self) -> Bag:
        return self.item_discounts.plus(self.shipping_discounts)

    @cached_property
    def tax(self) -> Bag:
        return money.total(taxes(holder) for holder in self.taxed())

    def taxed(self) -> list[Record]:
        """What carries the order's taxes: its lines and shipping lines, or itself when it was given them whole."""
        return [self.order] if self.order.get("_taxes") else [*self.lines, *self.order.get("_shipping", ())]

    @cached_property
    def price(self) -> Bag:
        whole = self.subtotal.plus(self.shipping).minus(self.shipping_discounts)
        return whole if self.order.get("taxesIncluded") else whole.plus(self.tax)

    # what is left of it

    @cached_property
    def removed_items(self) -> Bag:
        return money.total(money.read(row["_subtotal"]) for refund in self.refunds for row in refund["_lines"])

    @cached_property
    def removed_tax(self) -> Bag:
        of_lines = money.total(money.read(row["_tax"]) for refund in self.refunds for row in refund["_lines"])
        return of_lines.plus(money.total(money.read(refund.get("_shippingTax")) for refund in self.refunds))

    @cached_property
    def refunded_shipping(self) -> Bag:
        return money.total(money.read(refund.get("_shipping")) for refund in self.refunds)

    @cached_property
    def adjustments(self) -> Bag:
        """Refunded amounts that no line and no shipping accounts for."""
        return money.total(money.read(refund.get("_adjustment")) for refund in self.refunds)

    @cached_property
    def current_subtotal(self) -> Bag:
        return self.subtotal.minus(self.removed_items)

    @cached_property
    def current_tax(self) -> Bag:
        return self.tax.minus(self.removed_tax)

    @cached_property
    def current_shipping(self) -> Bag:
        return self.shipping.minus(self.shipping_discounts).minus(self.refunded_shipping)

    @cached_property
    def current_discounts(self) -> Bag:
        """The discounts of the pieces still on the order."""
        gone = _refunded(self.refunds)
        left = [line_discount(line).share(line["quantity"] - gone.get(line["id"], 0), line["quantity"]) if line["id"] in gone else line_discount(line) for line in self.lines]  # fmt: skip  # noqa: E501
        return money.total(left).plus(self.shipping_discounts)

    @cached_property
    def current_price(self) -> Bag:
        whole = self.current_subtotal.plus(self.current_shipping)
        return whole if self.order.get("taxesIncluded") else whole.plus(self.current_tax)

    # payments

    @cached_property
    def received(self) -> Bag:
        return succeeded(self.transactions, PAID_KINDS)

    @cached_property
    def refunded(self) -> Bag:
        return succeeded(self.transactions, frozenset({"REFUND"}))

    @cached_property
    def net_payment(self) -> Bag:
        return self.received.minus(self.refunded)

    @cached_property
    def capturable(self) -> Bag:
        return money.total(open_authorization(row, self.transactions) for row in self.transactions)

    @cached_property
    def outstanding(self) -> Bag:
        due = self.current_price.minus(self.net_payment).minus(self.adjustments).minus(self.capturable)
        return NOTHING if self.order.get("cancelledAt") else due.at_least_zero()

    @property
    def financial_status(self) -> str | None:
        """Null for an order that never heard of money (FACTS 45)."""
        mattering = [row for row in self.transactions if row["kind"] in MATTERING]
        if not any(row["status"] in ("SUCCESS", "PENDING") for row in mattering):
            status: str | None = self.order.get("_financial")
            return "VOIDED" if self.order.get("cancelledAt") and status in (None, "PENDING", "AUTHORIZED") else status
        if self.received.shop > 0:
            return self._paid_status()
        if any(row["kind"] == "VOID" for row in mattering):
            return "VOIDED"
        if self.capturable.shop > 0:
            return "AUTHORIZED"
        if self.order.get("cancelledAt"):
            return "VOIDED"
        # A free order's empty payment settles it.
        return "PAID" if self.price.shop <= 0 else "PENDING"

    def _paid_status(self) -> str:
        if self.refunded.shop >= self.received.shop:
            return "REFUNDED"
        if self.refunded.shop > 0:
            return "PARTIALLY_REFUNDED"
        return "PAID" if self.received.shop >= self.price.shop else "PARTIALLY_PAID"


def _refunded(refunds: list[Record]) -> dict[str, int]:
    found: dict[str, int] = {}
    for refund in refunds:
        for row in refund["_lines"]:
            found[row["line"]] = found.get(row["line"], 0) + row["quantity"]
    return found


# An answer asks an order for many figures in a row: the last order's are kept until anything changes.
_LAST: WeakKeyDictionary[Shop, tuple[str, int, Totals]] = WeakKeyDictionary()


def totals(shop: Shop, order: Record) -> Totals:
    revision = shop.revision
    last = _LAST.get(shop)
    if last is not None and last[0] == order["id"] and last[1] == revision:
        return last[2]
    found = Totals(
        order,
        order_parts.lines(shop, order),
        order_parts.transactions(shop, order),
        order_parts.refunds(shop, order),
    )
    _LAST[shop] = (order["id"], revision, found)
    return found


def net_payment(shop: Shop, order: Record) -> Decimal:
    """What the order brought in, in the shop's currency: the customer's `amountSpent` is the sum of it."""
    return totals(shop, order).net_payment.shop


def weight(lines: Iterable[Record]) -> int:
    """Grams, by quantity."""
    return sum(round(grams(line)) * line["quantity"] for line in lines)


GRAMS: dict[str, float] = {"GRAMS": 1.0, "KILOGRAMS": 1000.0, "OUNCES": 28.349523125, "POUNDS": 453.59237}


def grams(line: Record) -> float:
    held: Any = line.get("weight")
    return float(held["value"]) * GRAMS[held["unit"]] if held else 0.0
