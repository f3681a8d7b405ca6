"""Draft orders: what one comes to, and how the API shows it and its lines, calculated or kept."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_lines
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.registry import Args, Listing, field, instant, numeric_id, search, sort, token
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "DraftOrder"
LINE = "DraftOrderLineItem"
CALCULATED = "CalculatedDraftOrder"


# figures


def digits(draft: Record) -> int:
    return money.places(draft["currencyCode"])


def line_total(line: Record) -> Bag:
    return money.read(line["_price"]).times(line["quantity"])


def discount_of(given: Record | None, base: Bag, pieces: int, places: int) -> Bag:
    """A discount in money: a share of the base, or an amount for each piece, never more than there is."""
    if not given:
        return NOTHING
    value = Decimal(str(given["value"]))
    if given["valueType"] == "PERCENTAGE":
        found = Bag(
            money.rounded(base.shop * value / 100, places), money.rounded(base.presentment * value / 100, places)
        )
    else:
        found = Bag(value * pieces, value * pieces)
    return found.capped(base)


def line_off(line: Record, draft: Record) -> Bag:
    return discount_of(line.get("_discount"), line_total(line), line["quantity"], digits(draft))


def after_lines(draft: Record) -> Bag:
    """The lines after their own discounts."""
    return money.total(line_total(line).minus(line_off(line, draft)) for line in draft["_lines"])


def order_off(draft: Record) -> Bag:
    return discount_of(draft.get("_discount"), after_lines(draft), 1, digits(draft))


def all_off(draft: Record) -> Bag:
    return money.total(line_off(line, draft) for line in draft["_lines"]).plus(order_off(draft))


def subtotal(draft: Record) -> Bag:
    return after_lines(draft).minus(order_off(draft))


def shipping(draft: Record) -> Bag:
    row = draft.get("_shipping")
    return money.read(row["_price"]) if row else NOTHING


def price(draft: Record) -> Bag:
    return subtotal(draft).plus(shipping(draft))


# money fields; drafts are kept without taxes, which the store would work out from its settings

AMOUNTS: dict[str, Callable[[Record], Bag]] = {
    "amountDueLaterSet": lambda _draft: NOTHING,
    "amountDueNowSet": price,
    "lineItemsSubtotalPrice": lambda draft: money.total(line_total(line) for line in draft["_lines"]),
    "subtotalPriceSet": subtotal,
    "totalDiscountsSet": all_off,
    "totalLineItemsPriceSet": lambda draft: money.total(line_total(line) for line in draft["_lines"]),
    "totalPriceSet": price,
    "totalShippingPriceSet": shipping,
    "totalTaxSet": lambda _draft: NOTHING,
}
LINE_AMOUNTS: dict[str, Callable[[Record, Record], Bag]] = {
    "approximateDiscountedUnitPriceSet": lambda line, draft: _unit(
        line_total(line).minus(line_off(line, draft)), line, draft
    ),
    "discountedTotalSet": lambda line, draft: line_total(line).minus(line_off(line, draft)),
    "discountedUnitPriceSet": lambda line, draft: _unit(line_total(line).minus(line_off(line, draft)), line, draft),
    "originalTotalSet": lambda line, _draft: line_total(line),
    "originalUnitPriceSet": lambda line, _draft: money.read(line["_price"]),
    "totalDiscountSet": line_off,
}


def _unit(amount: Bag, line: Record, draft: Record) -> Bag:
    return amount.share(1, line["quantity"], digits(draft)) if line["quantity"] else NOTHING


def _register(kind: str, name: str, work_out: Callable[[Record], Bag], *, plain: bool) -> None:
    def as_set(record: Record, _args: Args, _ctx: Context) -> Record:
        return money.shown(work_out(record), record)

    def as_amount(record: Record, _args: Args, _ctx: Context) -> Decimal:
        return work_out(record).shop

    field(kind, name)(as_set)
    if plain:
        field(kind, name.removesuffix("Set"))(as_amount)


for _kind in (KIND, CALCULATED):
    for _name, _work_out in AMOUNTS.items():
        _register(
            _kind,
            _name,
            _work_out,
            plain=_name in ("subtotalPriceSet", "totalPriceSet", "totalShippingPriceSet", "totalTaxSet"),
        )


# reading


def shown_discount(given: Record | None, amount: Bag, draft: Record) -> Record | None:
    if not given:
        return None
    shown = money.shown(amount, draft)
    return {
        "title": given.get("title"),
        "description": given.get("description") or "",
        "value": given["value"],
        "valueType": given["valueType"],
        "amount": amount.shop,
        "amountSet": shown,
        "amountV2": shown["presentmentMoney"],
    }


def shown_line(line: Record, draft: Record, *, calculated: bool) -> Record:
    """A line with its figures: a calculated one shows money objects where a kept one shows amounts."""
    shown: Record = {name: value for name, value in line.items() if not name.startswith("_")}
    for name, work_out in LINE_AMOUNTS.items():
        bag = money.shown(work_out(line, draft), draft)
        shown[name] = bag
        shown[name.removesuffix("Set")] = bag["shopMoney"] if calculated else bag["shopMoney"]["amount"]
    shown["originalUnitPriceWithCurrency"] = shown["originalUnitPriceSet"]["presentmentMoney"]
    shown["appliedDiscount"] = shown_discount(line.get("_discount"), line_off(line, draft), draft)
    shown["name"] = f"{line['title']} - {line['variantTitle']}" if line.get("variantTitle") else line["title"]
    return shown


def _discount(draft: Record, _args: Args, _ctx: Context) -> Record | None:
    return shown_discount(draft.get("_discount"), order_off(draft), draft)


def _shipping(draft: Record, _args: Args, _ctx: Context) -> Record | None:
    row = draft.get("_shipping")
    return order_lines.shipping_line(row, draft) if row else None


def _quantity(draft: Record, _args: Args, _ctx: Context) -> int:
    return sum(line["quantity"] for line in draft["_lines"])


def _same_addresses(draft: Record, _args: Args, _ctx: Context) -> bool:
    billing, other = draft.get("billingAddress"), draft.get("shippingAddress")
    return {**billing, "id": None} == {**other, "id": None} if billing and other else not billing and not other


def _region(draft: Record, _args: Args, ctx: Context) -> str:
    address = draft.get("shippingAddress") or {}
    first: Record = next(iter(ctx.shop.table("Location")), {})
    return str(draft.get("_region") or address.get("countryCodeV2") or (first.get("address") or {}).get("countryCode"))


for _kind in (KIND, CALCULATED):
    field(_kind, "appliedDiscount")(_discount)
    field(_kind, "shippingLine")(_shipping)
    field(_kind, "totalQuantityOfLineItems")(_quantity)
    field(_kind, "billingAddressMatchesShippingAddress")(_same_addresses)
    field(_kind, "marketRegionCountryCode")(_region)


@field(KIND, "lineItems")
def line_items(draft: Record, _args: Args, _ctx: Context) -> Listing:
    return Listing("", [shown_line(line, draft, calculated=False) for line in draft["_lines"]])


@field(CALCULATED, "lineItems")
def calculated_lines(draft: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [shown_line(line, draft, calculated=True) for line in draft["_lines"]]


@field(KIND, "legacyResourceId")
def legacy_id(draft: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(draft["id"])


@field(KIND, "defaultCursor")
def cursor(draft: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(draft["id"])


@field(KIND, "invoiceUrl")
def invoice_url(draft: Record, _args: Args, ctx: Context) -> str:
    return f"https://{ctx.shop.domain}/{ctx.shop.number}/invoices/{draft['_token']}"


@field(KIND, "invoiceEmailTemplateSubject")
def subject(_draft: Record, _args: Args, _ctx: Context) -> str:
    return "Complete your purchase"


@field(KIND, "totalWeight")
def weight(draft: Record, _args: Args, _ctx: Context) -> str:
    return str(sum((line.get("grams") or 0) * line["quantity"] for line in draft["_lines"]))


@field(KIND, "ready")
def ready(_draft: Record, _args: Args, _ctx: Context) -> bool:
    return True


def _holder(name: str) -> Callable[[Record, Shop], Any]:
    return lambda draft, shop: (shop.get(draft.get("customer")) or {}).get(name)


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
        "customer_id": numeric_id(lambda row, _shop: row.get("customer")),
        "status": token(lambda row, _shop: row["status"].lower(), ("open", "invoice_sent", "completed")),
        "tag": token(lambda row, _shop: row["tags"]),
        "email": token(lambda row, _shop: row["email"]),
        "source": token(lambda row, _shop: row.get("_source")),
    },
    text=[lambda row, _shop: row["name"], lambda row, _shop: row["email"], _holder("firstName"), _holder("lastName")],
)
sort(
    "draftOrders",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "NUMBER": lambda row, _shop: row["_number"],
        "STATUS": lambda row, _shop: row["status"],
        "TOTAL_PRICE": lambda row, _shop: price(row).shop,
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
        "CUSTOMER_NAME": _holder("lastName"),
    },
    default="ID",
)
