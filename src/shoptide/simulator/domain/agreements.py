"""What was agreed with the customer, one after the other: the order, its edits, its refunds, and the sales of each."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.domain.order_lines import shipping_line, tax_line
from shoptide.simulator.domain.order_totals import line_discount, line_original, taxes
from shoptide.simulator.registry import Args, Listing, field
from shoptide.simulator.shop import Record, Shop, tail_of

KINDS = {"OrderAgreement": "ORDER", "OrderEditAgreement": "ORDER_EDIT", "RefundAgreement": "REFUND"}


def note_edit(order: Record, edit: str, moment: str, lines: list[list[Any]], refund: str | None) -> None:
    """Keep what an edit changed: (line, pieces more or less), and the refund its removals are."""
    held = {"id": edit, "at": moment, "lines": [row for row in lines if row[1]], "refund": refund}
    order["_edits"] = [*order.get("_edits", ()), held]


@field("Order", "edited")
def edited(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record.get("_edits"))


@field("Order", "agreements")
def agreements(record: Record, _args: Args, ctx: Context) -> list[Record]:
    """In the order they were made."""
    edits = record.get("_edits", ())
    removals = {edit["refund"] for edit in edits}
    refunds = [row for row in order_parts.refunds(ctx.shop, record) if row["id"] not in removals]
    found = [_agreement(record, "OrderEditAgreement", edit["id"], edit["at"], _edit=edit) for edit in edits]
    found += [_agreement(record, "RefundAgreement", row["id"], row["createdAt"], refund=row["id"]) for row in refunds]
    first = _agreement(record, "OrderAgreement", record["id"], record["processedAt"], order=record["id"])
    return [first, *sorted(found, key=lambda row: str(row["happenedAt"]))]


def _agreement(placed: Record, kind: str, source: str, moment: str, **more: Any) -> Record:
    gid = f"gid://shopify/{kind}/{tail_of(source)}"
    return {"__typename": kind, "id": gid, "happenedAt": moment, "reason": KINDS[kind], "_of": placed["id"], **more}


def _sales(record: Record, _args: Args, ctx: Context) -> Listing:
    order = ctx.shop.get(record["_of"]) or {}
    make = {"ORDER": _of_order, "ORDER_EDIT": _of_edit, "REFUND": _of_refund}[record["reason"]]
    rows = make(record, order, ctx.shop)
    number = tail_of(record["id"])
    for place, row in enumerate(rows, 1):
        row["id"] = f"gid://shopify/{row['__typename']}/{number}{place:03d}"
        for index, tax in enumerate(row["taxes"], 1):
            tax["id"] = f"gid://shopify/SaleTax/{number}{place:03d}{index}"
    return Listing("", rows)


for _kind in KINDS:
    field(_kind, "sales")(_sales)


# sales; what comes back counts below zero


def _of_order(_record: Record, order: Record, shop: Shop) -> list[Record]:
    """The lines as they were ordered, without what edits added, and the shipping."""
    added: dict[str, int] = {}
    for edit in order.get("_edits", ()):
        for gid, pieces in edit["lines"]:
            added[gid] = added.get(gid, 0) + max(pieces, 0)
    rows = []
    for line in order_parts.lines(shop, order):
        pieces = line["quantity"] - added.get(line["id"], 0)
        if pieces > 0:
            rows.append(_line_sale(line, pieces, order, "ORDER"))
    return rows + [_shipping_sale(row, order) for row in order.get("_shipping", ())]


def _of_edit(record: Record, order: Record, shop: Shop) -> list[Record]:
    lines = {line["id"]: line for line in order_parts.lines(shop, order)}
    return [
        _line_sale(lines[gid], pieces, order, "ORDER" if pieces > 0 else "RETURN")
        for gid, pieces in record["_edit"]["lines"]
        if gid in lines
    ]


def _of_refund(record: Record, order: Record, shop: Shop) -> list[Record]:
    refund = shop.get(record["refund"]) or {"_lines": []}
    rows = []
    for row in refund["_lines"]:
        line = shop.table("LineItem").get(row["line"])
        if line is not None:
            rows.append(_line_sale(line, -row["quantity"], order, "RETURN"))
    shipping, tax = money.read(refund.get("_shipping")), money.read(refund.get("_shippingTax"))
    if shipping.shop:
        sale = _sale("ShippingLineSale", "SHIPPING", "RETURN", None, _minus(shipping), NOTHING, _minus(tax), order)
        rows.append({**sale, "shippingLine": None})
    if refund.get("_adjustment"):
        amount = _minus(money.read(refund["_adjustment"]))
        rows.append(_sale("AdjustmentSale", "ADJUSTMENT", "RETURN", None, amount, NOTHING, NOTHING, order))
    return rows


def _minus(bag: Bag) -> Bag:
    return Bag(-bag.shop, -bag.presentment)


def _part(amount: Bag, pieces: int, line: Record, order: Record) -> Bag:
    found = amount.share(abs(pieces), line["quantity"], money.places(order["currencyCode"]))
    return found if pieces > 0 else _minus(found)


def _line_sale(line: Record, pieces: int, order: Record, action: str) -> Record:
    kind, what = ("GiftCardSale", "GIFT_CARD") if line.get("isGiftCard") else ("ProductSale", "PRODUCT")
    gross, off, tax = (
        _part(found, pieces, line, order) for found in (line_original(line), line_discount(line), taxes(line))
    )
    sale = _sale(kind, what, action, pieces, gross.minus(off), off, tax, order)
    parts = [(held, _part(money.read(held["_price"]), pieces, line, order)) for held in line.get("_taxes", ())]
    return {**sale, "lineItem": line["id"], "taxes": _shown_taxes(parts, order)}


def _shipping_sale(row: Record, order: Record) -> Record:
    off = line_discount(row)
    net = money.read(row["_price"]).minus(off)
    sale = _sale("ShippingLineSale", "SHIPPING", "ORDER", 1, net, off, taxes(row), order)
    parts = [(held, money.read(held["_price"])) for held in row.get("_taxes", ())]
    return {**sale, "shippingLine": shipping_line(row, order), "taxes": _shown_taxes(parts, order)}


def _shown_taxes(parts: list[tuple[Record, Bag]], order: Record) -> list[Record]:
    return [{"amount": money.shown(amount, order), "taxLine": tax_line(held, order)} for held, amount in parts]


def _sale(kind: str, what: str, action: str, pieces: int | None, net: Bag, off: Bag, tax: Bag, order: Record) -> Record:
    """`net` is after discounts; the total has the taxes in it."""
    whole = net if order.get("taxesIncluded") else net.plus(tax)
    return {
        "__typename": kind,
        "lineType": what,
        "actionType": action,
        "quantity": pieces,
        "totalAmount": money.shown(whole, order),
        "totalDiscountAmountAfterTaxes": money.shown(off, order),
        "totalDiscountAmountBeforeTaxes": money.shown(off, order),
        "totalTaxAmount": money.shown(tax, order),
        "taxes": [],
    }
