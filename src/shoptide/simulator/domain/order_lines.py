"""Line items, shipping lines, taxes and discounts of orders as the API shows them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.domain.order_totals import grams, line_discount, line_discounted, line_original
from shoptide.simulator.registry import Args, field
from shoptide.simulator.shop import Record, Shop

MANUAL_SERVICE = "gid://shopify/FulfillmentService/manual"


# shown forms


def tax_line(tax: Record, order: Record) -> Record:
    return {
        "title": tax["title"],
        "rate": tax["rate"],
        "ratePercentage": None if tax["rate"] is None else float(Decimal(str(tax["rate"])) * 100),
        "channelLiable": tax.get("channelLiable"),
        "source": tax.get("source"),
        "price": money.read(tax["_price"]).shop,
        "priceSet": money.shown(money.read(tax["_price"]), order),
    }


def tax_lines(holder: Record, order: Record) -> list[Record]:
    return [tax_line(tax, order) for tax in holder.get("_taxes", ())]


def application(order: Record, index: int) -> Record:
    """A discount application, its value in the customer's currency."""
    held = order["_discounts"][index]
    value: Record = {"__typename": "PricingPercentageValue", "percentage": held.get("percentage")}
    if held.get("percentage") is None:
        amount = money.read(held["_amount"])
        currency = order.get("presentmentCurrencyCode") or order["currencyCode"]
        value = {"__typename": "MoneyV2", "amount": amount.presentment, "currencyCode": currency}
    shown = {name: held[name] for name in ("code", "title", "description") if name in held}
    return {
        **shown,
        "__typename": held["__typename"],
        "index": index,
        "allocationMethod": held["allocationMethod"],
        "targetSelection": held["targetSelection"],
        "targetType": held["targetType"],
        "value": value,
    }


def allocations(holder: Record, order: Record) -> list[Record]:
    found = []
    for index, stored in holder.get("_discounts", ()):
        amount = money.shown(money.read(stored), order)
        found.append(
            {
                "allocatedAmountSet": amount,
                "allocatedAmount": amount["presentmentMoney"],
                "discountApplication": application(order, index),
            }
        )
    return found


def own_discount(line: Record, order: Record) -> Bag:
    """What a line's own discounts take off it; those of the whole order don't count."""
    kept = (stored for index, stored in line.get("_discounts", ()) if not _whole(order["_discounts"][index]))
    return money.total(money.read(stored) for stored in kept)


def _whole(held: Record) -> bool:
    return bool(held["allocationMethod"] == "ACROSS" and held["targetSelection"] == "ALL")


def manual_service(shop: Shop, location: str | None) -> Record:
    """The merchant's own fulfillment: every shop has this service."""
    return {
        "id": MANUAL_SERVICE,
        "handle": "manual",
        "serviceName": "Manual",
        "type": "MANUAL",
        "trackingSupport": False,
        "inventoryManagement": False,
        "requiresShippingMethod": True,
        "fulfillmentOrdersOptIn": True,
        "callbackUrl": None,
        "location": location or next((row["id"] for row in shop.table("Location")), None),
    }


# line items

Amount = Callable[[Record, Record, Shop], Bag]


def _amount(name: str, work_out: Amount, *plain: str) -> None:
    """Register a money field of a line item as a MoneyBag, and its deprecated forms in the shop's currency."""

    def as_set(line: Record, _args: Args, ctx: Context) -> Record:
        order = order_parts.order_of(ctx.shop, line)
        return money.shown(work_out(line, order, ctx.shop), order)

    def as_amount(line: Record, _args: Args, ctx: Context) -> Decimal:
        return work_out(line, order_parts.order_of(ctx.shop, line), ctx.shop).shop

    field("LineItem", name)(as_set)
    for other in plain:
        field("LineItem", other)(as_amount)


def _unit(amount: Bag, line: Record, order: Record) -> Bag:
    digits = money.places(order["currencyCode"])
    return amount.share(1, line["quantity"], digits) if line["quantity"] else NOTHING


def _waiting(line: Record, order: Record, shop: Shop) -> int:
    return order_parts.waiting_quantities(shop, order).get(line["id"], 0)


_amount("originalUnitPriceSet", lambda line, _order, _shop: money.read(line["_price"]), "originalUnitPrice")
_amount("originalTotalSet", lambda line, _order, _shop: line_original(line), "originalTotal")
_amount("totalDiscountSet", lambda line, order, _shop: own_discount(line, order), "totalDiscount")
_amount("priceAfterAllDiscountsBeforeTaxesSet", lambda line, _order, _shop: line_discounted(line))
_amount(
    "discountedUnitPriceSet",
    lambda line, order, _shop: _unit(line_original(line).minus(own_discount(line, order)), line, order),
    "discountedUnitPrice",
)
_amount(
    "discountedUnitPriceAfterAllDiscountsSet",
    lambda line, order, _shop: _unit(line_discounted(line), line, order),
)
_amount(
    "unfulfilledOriginalTotalSet",
    lambda line, order, shop: money.read(line["_price"]).times(_waiting(line, order, shop)),
    "unfulfilledOriginalTotal",
)
_amount(
    "unfulfilledDiscountedTotalSet",
    lambda line, order, shop: (
        line_discounted(line).share(_waiting(line, order, shop), line["quantity"])
        if _waiting(line, order, shop)
        else NOTHING
    ),
    "unfulfilledDiscountedTotal",
)


@field("LineItem", "discountedTotalSet")
def discounted_total(line: Record, args: Args, ctx: Context) -> Record:
    order = order_parts.order_of(ctx.shop, line)
    off = line_discount(line) if args.get("withCodeDiscounts") else own_discount(line, order)
    return money.shown(line_original(line).minus(off), order)


@field("LineItem", "discountedTotal")
def discounted_amount(line: Record, _args: Args, ctx: Context) -> Decimal:
    return line_original(line).minus(own_discount(line, order_parts.order_of(ctx.shop, line))).shop


@field("LineItem", "taxLines")
def line_taxes(line: Record, _args: Args, ctx: Context) -> list[Record]:
    return tax_lines(line, order_parts.order_of(ctx.shop, line)) if line.get("_taxes") else []


@field("LineItem", "discountAllocations")
def line_allocations(line: Record, _args: Args, ctx: Context) -> list[Record]:
    return allocations(line, order_parts.order_of(ctx.shop, line)) if line.get("_discounts") else []


@field("LineItem", "name")
def line_name(line: Record, _args: Args, _ctx: Context) -> str:
    return f"{line['title']} - {line['variantTitle']}" if line.get("variantTitle") else str(line["title"])


@field("LineItem", "currentQuantity", "refundableQuantity")
def current_quantity(line: Record, _args: Args, ctx: Context) -> int:
    order = order_parts.order_of(ctx.shop, line)
    gone: int = order_parts.refunded_quantities(ctx.shop, order).get(line["id"], 0)
    return int(line["quantity"]) - gone


@field("LineItem", "unfulfilledQuantity")
def unfulfilled_quantity(line: Record, _args: Args, ctx: Context) -> int:
    return _waiting(line, order_parts.order_of(ctx.shop, line), ctx.shop)


@field("LineItem", "fulfillableQuantity")
def fulfillable_quantity(line: Record, _args: Args, ctx: Context) -> int:
    """What can be fulfilled right now: pieces on hold can't."""
    order = order_parts.order_of(ctx.shop, line)
    return order_parts.waiting_quantities(ctx.shop, order, held=False).get(line["id"], 0)


@field("LineItem", "nonFulfillableQuantity")
def non_fulfillable_quantity(line: Record, args: Args, ctx: Context) -> int:
    left: int = unfulfilled_quantity(line, args, ctx)
    return int(line["quantity"]) - left


@field("LineItem", "fulfillmentStatus")
def fulfillment_status(line: Record, args: Args, ctx: Context) -> str:
    order = order_parts.order_of(ctx.shop, line)
    done = order_parts.fulfilled_quantities(ctx.shop, order).get(line["id"], 0)
    if not done:
        return "unfulfilled"
    return "fulfilled" if unfulfilled_quantity(line, args, ctx) == 0 else "partial"


@field("LineItem", "restockable", "canRestock")
def restockable(line: Record, _args: Args, ctx: Context) -> bool:
    return line.get("variant") is not None and ctx.shop.get(line["variant"]) is not None


@field("LineItem", "merchantEditable")
def line_editable(line: Record, _args: Args, ctx: Context) -> bool:
    order = order_parts.order_of(ctx.shop, line)
    return not order.get("cancelledAt") and _waiting(line, order, ctx.shop) > 0


@field("LineItem", "fulfillmentService")
def line_service(_line: Record, _args: Args, ctx: Context) -> Record:
    return manual_service(ctx.shop, None)


@field("LineItem", "image")
def line_image(line: Record, args: Args, ctx: Context) -> Any:
    """The variant's image, or the product's first."""
    from shoptide.simulator.registry import FIELDS

    for kind, gid, name in (
        ("ProductVariant", line.get("variant"), "image"),
        ("Product", line.get("product"), "featuredImage"),
    ):
        record = ctx.shop.get(gid)
        resolver = FIELDS.get((kind, name))
        if record is not None and (found := resolver(record, args, ctx) if resolver else record.get(name)):
            return found
    return None


@field("LineItem", "weight")
def line_weight(line: Record, _args: Args, _ctx: Context) -> Record | None:
    return line.get("weight") or ({"value": 0.0, "unit": "KILOGRAMS"} if grams(line) == 0 else None)


# shipping lines; an order shows them with itself as `_order`


def shipping_line(row: Record, order: Record) -> Record:
    original, discounted = money.read(row["_price"]), line_discounted({**row, "quantity": 1})
    shown = money.shown(discounted, order)
    return {
        "id": row["id"],
        "title": row["title"],
        "code": row.get("code"),
        "source": row.get("source"),
        "carrierIdentifier": row.get("carrierIdentifier"),
        "custom": row.get("source") in (None, "shopify") and row.get("code") in (None, "custom"),
        "isRemoved": bool(row.get("_removed")),
        "originalPriceSet": money.shown(original, order),
        "originalPrice": money.shown(original, order)["shopMoney"],
        "price": original.shop,
        "discountedPriceSet": shown,
        "discountedPrice": shown["shopMoney"],
        "currentDiscountedPriceSet": shown,
        "discountAllocations": allocations(row, order),
        "taxLines": tax_lines(row, order),
        "shippingRateHandle": None,
    }
