"""Orders as the API shows them: their figures, states and parts, and the roots that find them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import metafields, money, order_parts
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.domain.order_changes import settle_bumps
from shoptide.simulator.domain.order_lines import application, shipping_line, tax_line
from shoptide.simulator.domain.order_states import fulfillment_status, return_status
from shoptide.simulator.domain.order_totals import Totals, tax_groups, totals, weight
from shoptide.simulator.registry import Args, Listing, field, opening, root, visible
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, stamp_of, tail_of

WINDOW = timedelta(days=60)


def customer_of(order: Record) -> str | None:
    gid: str | None = order.get("customer")
    return gid


@opening
def prepare(shop: Shop) -> None:
    shop.table("Order").add_index("customer", customer_of)
    for kind in order_parts.PARTS:
        order_parts.part_table(shop, kind)


# finding orders


def all_orders(ctx: Context) -> bool:
    scopes = ctx.app.scopes
    return "*" in scopes or "read_all_orders" in scopes


@visible("Order")
def seen_by(record: Record, ctx: Context) -> bool:
    """Without read_all_orders an app sees the last 60 days only, and is not told so."""
    settle_bumps(ctx.shop)
    return all_orders(ctx) or str(record["createdAt"]) >= stamp_of(ctx.now - WINDOW)


@root("orders")
def orders(_args: Args, ctx: Context) -> Listing:
    settle_bumps(ctx.shop)
    table = ctx.shop.table("Order")
    if all_orders(ctx):
        return Listing(kind="Order", records=table, root="orders")
    since = stamp_of(ctx.now - WINDOW)
    return Listing(kind="Order", records=table, root="orders", keep=lambda row: row["createdAt"] >= since)


@root("order")
def order(args: Args, ctx: Context) -> Record | None:
    settle_bumps(ctx.shop)
    return by_id(args["id"], "Order", ctx) if tail_of(args["id"]) != "0" else None


@root("orderByIdentifier")
def order_by_identifier(args: Args, ctx: Context) -> Record | None:
    wanted = args["identifier"]
    found: Record | None
    if wanted.get("id"):
        found = order({"id": wanted["id"]}, ctx)
        return found
    found = metafields.by_custom_id(ctx, "ORDER", wanted["customId"])
    return found if found is not None and seen_by(found, ctx) else None


@root("pendingOrdersCount")
def pending_orders_count(_args: Args, ctx: Context) -> Record:
    open_orders = [row for row in ctx.shop.table("Order") if seen_by(row, ctx)]
    waiting = [row for row in open_orders if fulfillment_status(ctx.shop, row) == "UNFULFILLED"]
    return {"count": len(waiting), "precision": "EXACT"}


# money

AMOUNTS: dict[str, Callable[[Totals], Bag]] = {
    "cartDiscountAmount": lambda found: found.item_discounts,
    "currentCartDiscountAmount": lambda found: found.item_discounts,
    "currentShippingPrice": lambda found: found.current_shipping,
    "currentSubtotalPrice": lambda found: found.current_subtotal,
    "currentTotalDiscounts": lambda found: found.current_discounts,
    "currentTotalPrice": lambda found: found.current_price,
    "currentTotalTax": lambda found: found.current_tax,
    "netPayment": lambda found: found.net_payment,
    "originalTotalPrice": lambda found: found.price,
    "refundDiscrepancy": lambda found: found.adjustments,
    "subtotalPrice": lambda found: found.subtotal,
    "totalCapturable": lambda found: found.capturable,
    "totalDiscounts": lambda found: found.discounts,
    "totalOutstanding": lambda found: found.outstanding,
    "totalPrice": lambda found: found.price,
    "totalReceived": lambda found: found.received,
    "totalRefunded": lambda found: found.refunded,
    "totalRefundedShipping": lambda found: found.refunded_shipping,
    "totalShippingPrice": lambda found: found.shipping,
    "totalTax": lambda found: found.tax,
    "totalTipReceived": lambda _found: NOTHING,
}


def _register_amount(name: str, work_out: Callable[[Totals], Bag]) -> None:
    """`totalPriceSet`, and the deprecated `totalPrice` in the shop's currency."""

    def as_set(record: Record, _args: Args, ctx: Context) -> Record:
        return money.shown(work_out(totals(ctx.shop, record)), record)

    def as_amount(record: Record, _args: Args, ctx: Context) -> Decimal:
        return work_out(totals(ctx.shop, record)).shop

    field("Order", f"{name}Set")(as_set)
    field("Order", name)(as_amount)


for _name, _work_out in AMOUNTS.items():
    _register_amount(_name, _work_out)


@field("Order", "totalTipReceived")
def tip(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"amount": Decimal(0), "currencyCode": record["currencyCode"]}


@field("Order", "totalCashRoundingAdjustment")
def cash_rounding(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"paymentSet": money.shown(NOTHING, record), "refundSet": money.shown(NOTHING, record)}


@field("Order", "taxLines")
def tax_lines(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [tax_line(tax, record) for tax in tax_groups(totals(ctx.shop, record).taxed())]


@field("Order", "currentTaxLines")
def current_tax_lines(record: Record, _args: Args, ctx: Context) -> list[Record]:
    """The taxes of what is left on the order: each shrinks as the whole tax did."""
    found = totals(ctx.shop, record)
    if not found.tax.shop:
        return []
    part = found.current_tax.shop / found.tax.shop
    digits = money.places(record["currencyCode"])
    rows = []
    for tax in tax_groups(found.taxed()):
        left = money.read(tax["_price"]).times(part)
        bag = Bag(money.rounded(left.shop, digits), money.rounded(left.presentment, digits))
        rows.append(tax_line({**tax, "_price": money.kept(bag)}, record))
    return rows


# states


@field("Order", "displayFinancialStatus")
def financial_status(record: Record, _args: Args, ctx: Context) -> str | None:
    return totals(ctx.shop, record).financial_status


@field("Order", "displayFulfillmentStatus")
def display_fulfillment_status(record: Record, _args: Args, ctx: Context) -> str:
    return fulfillment_status(ctx.shop, record)


@field("Order", "returnStatus")
def order_return_status(record: Record, _args: Args, ctx: Context) -> str:
    return return_status(ctx.shop, record)


@field("Order", "closed")
def closed(record: Record, _args: Args, _ctx: Context) -> bool:
    return record.get("closedAt") is not None


@field("Order", "fullyPaid")
def fully_paid(record: Record, _args: Args, ctx: Context) -> bool:
    found = totals(ctx.shop, record)
    return found.financial_status is not None and found.received.shop >= found.price.shop


@field("Order", "unpaid")
def unpaid(record: Record, _args: Args, ctx: Context) -> bool:
    return totals(ctx.shop, record).received.shop == 0


@field("Order", "canMarkAsPaid")
def can_mark_as_paid(record: Record, _args: Args, ctx: Context) -> bool:
    return not record.get("cancelledAt") and totals(ctx.shop, record).outstanding.shop > 0


@field("Order", "capturable")
def capturable(record: Record, _args: Args, ctx: Context) -> bool:
    return not record.get("cancelledAt") and totals(ctx.shop, record).capturable.shop > 0


@field("Order", "refundable")
def refundable(record: Record, _args: Args, ctx: Context) -> bool:
    found = totals(ctx.shop, record)
    return found.net_payment.shop > 0 or sum(refundable_pieces(ctx.shop, record).values()) > 0


def refundable_pieces(shop: Shop, record: Record) -> dict[str, int]:
    gone = order_parts.refunded_quantities(shop, record)
    return {line["id"]: line["quantity"] - gone.get(line["id"], 0) for line in order_parts.lines(shop, record)}


@field("Order", "fulfillable")
def fulfillable(record: Record, _args: Args, ctx: Context) -> bool:
    waiting = order_parts.waiting_quantities(ctx.shop, record, held=False)
    return not record.get("cancelledAt") and sum(waiting.values()) > 0


@field("Order", "restockable")
def restockable(record: Record, _args: Args, ctx: Context) -> bool:
    return any(ctx.shop.get(line.get("variant")) for line in order_parts.lines(ctx.shop, record))


@field("Order", "requiresShipping")
def requires_shipping(record: Record, _args: Args, ctx: Context) -> bool:
    return any(line.get("requiresShipping", True) for line in order_parts.lines(ctx.shop, record))


@field("Order", "merchantEditable")
def merchant_editable(record: Record, _args: Args, _ctx: Context) -> bool:
    return not record.get("cancelledAt")


@field("Order", "merchantEditableErrors")
def merchant_editable_errors(record: Record, _args: Args, _ctx: Context) -> list[str]:
    return ["The order is canceled."] if record.get("cancelledAt") else []


@field("Order", "canNotifyCustomer")
def can_notify(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record.get("email") or record.get("phone"))


@field("Order", "confirmed")
def confirmed(_record: Record, _args: Args, _ctx: Context) -> bool:
    return True


@field("Order", "cancellation")
def cancellation(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return {"staffNote": record.get("_staffNote")} if record.get("cancelledAt") else None


# numbers and names


@field("Order", "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("Order", "number")
def number(record: Record, _args: Args, _ctx: Context) -> int:
    return int(record["_number"])


@field("Order", "presentmentCurrencyCode")
def presentment_currency(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record.get("presentmentCurrencyCode") or record["currencyCode"])


@field("Order", "statusPageUrl")
def status_page(record: Record, _args: Args, ctx: Context) -> str:
    key = f"{zlib.crc32(record['id'].encode()):08x}"
    return f"https://{ctx.shop.domain}/{ctx.shop.number}/orders/{key * 4}/authenticate?key={key[::-1] * 4}"


@field("Order", "discountCodes")
def discount_codes(record: Record, _args: Args, _ctx: Context) -> list[str]:
    return [held["code"] for held in record.get("_discounts", ()) if held.get("code")]


@field("Order", "discountCode")
def discount_code(record: Record, args: Args, ctx: Context) -> str | None:
    return next(iter(discount_codes(record, args, ctx)), None)


@field("Order", "paymentGatewayNames")
def gateways(record: Record, _args: Args, ctx: Context) -> list[str]:
    rows = order_parts.transactions(ctx.shop, record)
    return list(dict.fromkeys(row["gateway"] for row in rows if row.get("gateway")))


@field("Order", "subtotalLineItemsQuantity")
def quantity(record: Record, _args: Args, ctx: Context) -> int:
    return sum(line["quantity"] for line in order_parts.lines(ctx.shop, record))


@field("Order", "currentSubtotalLineItemsQuantity")
def current_quantity(record: Record, _args: Args, ctx: Context) -> int:
    return sum(refundable_pieces(ctx.shop, record).values())


@field("Order", "totalWeight")
def total_weight(record: Record, _args: Args, ctx: Context) -> str:
    return str(weight(order_parts.lines(ctx.shop, record)))


@field("Order", "currentTotalWeight")
def current_weight(record: Record, _args: Args, ctx: Context) -> str:
    left = refundable_pieces(ctx.shop, record)
    return str(weight({**line, "quantity": left[line["id"]]} for line in order_parts.lines(ctx.shop, record)))


# addresses


@field("Order", "displayAddress")
def display_address(record: Record, _args: Args, _ctx: Context) -> Any:
    return record.get("shippingAddress") or record.get("billingAddress")


@field("Order", "billingAddressMatchesShippingAddress")
def same_addresses(record: Record, _args: Args, _ctx: Context) -> bool:
    billing, shipping = record.get("billingAddress"), record.get("shippingAddress")
    if not billing or not shipping:
        return not billing and not shipping
    return {**billing, "id": None} == {**shipping, "id": None}


# parts


@field("Order", "lineItems")
def line_items(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return order_parts.lines(ctx.shop, record)


@field("Order", "nonFulfillableLineItems")
def non_fulfillable(record: Record, _args: Args, ctx: Context) -> list[Record]:
    waiting = order_parts.waiting_quantities(ctx.shop, record)
    return [line for line in order_parts.lines(ctx.shop, record) if not waiting.get(line["id"])]


@field("Order", "shippingLines")
def shipping_lines(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [shipping_line(row, record) for row in record.get("_shipping", ())]


@field("Order", "shippingLine")
def first_shipping_line(record: Record, args: Args, ctx: Context) -> Record | None:
    return next(iter(shipping_lines(record, args, ctx)), None)


@field("Order", "discountApplications")
def discount_applications(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [application(record, index) for index in range(len(record.get("_discounts", ())))]


@field("Order", "transactions")
def transactions(record: Record, args: Args, ctx: Context) -> list[Record]:
    rows = order_parts.transactions(ctx.shop, record)
    if args.get("capturable") is not None:
        from shoptide.simulator.domain.order_totals import open_authorization

        rows = [row for row in rows if (open_authorization(row, rows).shop > 0) == args["capturable"]]
    return rows


@field("Order", "transactionsCount")
def transactions_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(order_parts.transactions(ctx.shop, record)), "precision": "EXACT"}


@field("Order", "refunds")
def refunds(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return order_parts.refunds(ctx.shop, record)


@field("Order", "fulfillments")
def fulfillments(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return order_parts.fulfillments(ctx.shop, record)


@field("Order", "fulfillmentsCount")
def fulfillments_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(order_parts.fulfillments(ctx.shop, record)), "precision": "EXACT"}


@field("Order", "fulfillmentOrders")
def fulfillment_orders(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = order_parts.fulfillment_orders(ctx.shop, record)
    return Listing(kind="FulfillmentOrder", records=rows)


@field("Order", "returns")
def returns(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(kind="Return", records=order_parts.returns(ctx.shop, record))


# what surrounds an order


@field("Order", "app")
def app(record: Record, _args: Args, ctx: Context) -> Record | None:
    if not record.get("_app"):
        return None
    icon = {"id": f"gid://shopify/Image/{ctx.app.number}", "url": f"https://{ctx.shop.domain}/app-icon.png"}
    return {"id": ctx.app.id, "name": ctx.app.title, "icon": icon}


@field("Order", "customerJourneySummary")
def journey(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"ready": True, "momentsCount": {"count": 0, "precision": "EXACT"}}


@field("Order", "merchantBusinessEntity")
def business_entity(_record: Record, _args: Args, ctx: Context) -> Record:
    first = next(iter(ctx.shop.table("Location")), {})
    return {
        "id": f"gid://shopify/BusinessEntity/{ctx.shop.number}",
        "displayName": ctx.shop.name,
        "companyName": ctx.shop.name,
        "primary": True,
        "archived": False,
        "address": {
            **(first.get("address") or {}),
            "countryCode": (first.get("address") or {}).get("countryCode", "CA"),
        },
    }


@field("Order", "localizedFields", "localizationExtensions")
def localized_fields(record: Record, args: Args, _ctx: Context) -> list[Record]:
    rows = [_localized(held) for held in record.get("_localized", ())]
    countries, purposes = args.get("countryCodes"), args.get("purposes")
    return [
        row
        for row in rows
        if (not countries or row["countryCode"] in countries) and (not purposes or row["purpose"] in purposes)
    ]


def _localized(held: Record) -> Record:
    key: str = held["key"]
    purpose = "SHIPPING" if key.startswith("SHIPPING") else "TAX"
    title = f"{key.rsplit('_', 1)[0].replace('_', ' ').capitalize()}"
    return {**held, "countryCode": key.rsplit("_", 1)[-1], "purpose": purpose, "title": title}
