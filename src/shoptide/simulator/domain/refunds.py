"""Refunds: refundCreate with its checks, what a refund would come to, and how refunds are shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import fulfillment_orders, money, order_parts, payments, stock
from shoptide.simulator.domain.idempotency import once
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.domain.order_changes import changed
from shoptide.simulator.domain.order_lines import shipping_line
from shoptide.simulator.domain.order_totals import line_discounted, taxes, totals
from shoptide.simulator.registry import Args, field, mutation, root, user_error
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Refund"


@mutation("refundCreate")
def create(args: Args, ctx: Context) -> Record:
    return once("refundCreate", args, ctx, _created, {"refund": None, "order": None})


def _created(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    order = shop.table("Order").get(given["orderId"])
    if order is None:
        return {"refund": None, "order": None, "userErrors": [user_error(["orderId"], "Order does not exist")]}
    if problem := _problem(shop, order, given):
        return {"refund": None, "order": order, "userErrors": [problem]}
    return {"refund": _applied(shop, order, given), "order": order, "userErrors": []}


# checks


def _problem(shop: Shop, order: Record, given: Args) -> Record | None:
    return _line_problem(shop, order, given) or _payment_problem(shop, order, given)


def _line_problem(shop: Shop, order: Record, given: Args) -> Record | None:
    lines = {line["id"]: line for line in order_parts.lines(shop, order)}
    gone = order_parts.refunded_quantities(shop, order)
    for index, row in enumerate(given.get("refundLineItems") or []):
        at = ["refundLineItems", str(index)]
        line = lines.get(row["lineItemId"])
        if line is None:
            return user_error([*at, "lineItemId"], "Line item does not exist")
        if row["quantity"] <= 0:
            return user_error([*at, "quantity"], "Quantity must be greater than 0")
        gone[line["id"]] = gone.get(line["id"], 0) + row["quantity"]
        if gone[line["id"]] > line["quantity"]:
            return user_error([*at, "quantity"], "Quantity cannot refund more items than were purchased")
        if row.get("restockType") == "RETURN" and not row.get("locationId"):
            return user_error([*at, "locationId"], "Location must be specified when restocking")
    return None


def _payment_problem(shop: Shop, order: Record, given: Args) -> Record | None:
    found = totals(shop, order)
    wanted = Decimal(0)
    rows = {row["id"]: row for row in order_parts.transactions(shop, order)}
    for row in given.get("transactions") or []:
        if row["kind"] != "REFUND":
            return user_error(None, f"Kind {row['kind'].lower()} is not a valid transaction")
        if not row.get("parentId") or row["parentId"] not in rows:
            return user_error(["transactions"], "Transactions require a parent_id associated with the order")
        wanted += Decimal(str(row["amount"]))
    if wanted > found.net_payment.presentment and not given.get("allowOverRefunding"):
        asked, held = money.plain(wanted), money.plain(found.net_payment.presentment)
        return user_error(None, f"Refund amount {asked} is greater than net payment received {held}")
    shipping = _shipping_wanted(shop, order, given)
    if shipping.shop > found.current_shipping.shop:
        left = money.plain(found.current_shipping.shop)
        return user_error(["shipping", "amount"], f"Refund amount for shipping cannot exceed {left}")
    return None


# writing


def line_share(order: Record, line: Record, quantity: int, already: int) -> tuple[Bag, Bag]:
    """Subtotal and tax of some pieces of a line; the last pieces take what rounding left over."""
    digits = money.places(order["currencyCode"])

    def upto(amount: Bag, pieces: int) -> Bag:
        return amount.share(pieces, line["quantity"], digits) if pieces else NOTHING

    whole, tax = line_discounted(line), taxes(line)
    end = already + quantity
    return upto(whole, end).minus(upto(whole, already)), upto(tax, end).minus(upto(tax, already))


def rows_for(shop: Shop, order: Record, wanted: list[Args]) -> list[Record]:
    """The lines of a refund as its record keeps them."""
    gone = order_parts.refunded_quantities(shop, order)
    lines = {line["id"]: line for line in order_parts.lines(shop, order)}
    rows = []
    for row in wanted:
        line = lines[row["lineItemId"]]
        already = gone.get(line["id"], 0)
        subtotal, tax = line_share(order, line, row["quantity"], already)
        gone[line["id"]] = already + row["quantity"]
        rows.append(
            {
                "id": shop.new_id("RefundLineItem"),
                "line": line["id"],
                "quantity": row["quantity"],
                "restockType": row.get("restockType") or "NO_RESTOCK",
                "location": row.get("locationId"),
                "_subtotal": money.kept(subtotal),
                "_tax": money.kept(tax),
            }
        )
    return rows


def _shipping_wanted(shop: Shop, order: Record, given: Args) -> Bag:
    wanted = given.get("shipping") or {}
    left = totals(shop, order).current_shipping
    if wanted.get("fullRefund"):
        return left
    if wanted.get("amount") is None:
        return NOTHING
    amount = Decimal(str(wanted["amount"]))
    return Bag(amount, money.rounded(left.presentment * amount / left.shop) if left.shop else amount)


def _shipping_tax(order: Record, shipping: Bag) -> Bag:
    """The tax that goes back with a part of the shipping."""
    rows = order.get("_shipping", ())
    whole = money.total(money.read(row["_price"]) for row in rows)
    tax = money.total(taxes(row) for row in rows)
    if not whole.shop or not shipping.shop:
        return NOTHING
    part = shipping.shop / whole.shop
    return Bag(money.rounded(tax.shop * part), money.rounded(tax.presentment * part))


def give(shop: Shop, order: Record, given: Args) -> Record:
    """A refund like refundCreate's: its record, or a payload of what is wrong with it."""
    if problem := _problem(shop, order, given):
        return {"userErrors": [problem]}
    return _applied(shop, order, given)


def _applied(shop: Shop, order: Record, given: Args) -> Record:
    shipping = _shipping_wanted(shop, order, given)
    rows = rows_for(shop, order, given.get("refundLineItems") or [])
    record = write(shop, order, rows, shipping, note=given.get("note"))
    paid = NOTHING
    for row in given.get("transactions") or []:
        paid = paid.plus(_give_back(shop, order, record, row["parentId"], Decimal(str(row["amount"])), row["gateway"]))
    _adjust(order, record, rows, shipping, paid, given.get("discrepancyReason"))
    if given.get("processedAt"):
        record["processedAt"] = given["processedAt"]
    _off_the_order(shop, order, rows)
    changed(shop, order)
    shop.emit("refunds/create", record)
    return record


def write(
    shop: Shop, order: Record, rows: list[Record], shipping: Bag, *, note: str | None = None, moment: str | None = None
) -> Record:
    stamp = moment or shop.stamp()
    record: Record = {
        "id": shop.new_id(KIND),
        "_order": order["id"],
        "note": note,
        "createdAt": stamp,
        "updatedAt": stamp,
        "processedAt": stamp,
        "_lines": rows,
    }
    if shipping.shop:
        record["_shipping"] = money.kept(shipping)
        record["_shippingTax"] = money.kept(_shipping_tax(order, shipping))
        record["_shippingId"] = shop.new_id("RefundShippingLine")
    return order_parts.part_table(shop, KIND).put(record)


def _give_back(shop: Shop, order: Record, refund: Record, parent: str, amount: Decimal, gateway: str) -> Bag:
    """Pay back an amount in the customer's currency, from the payment `parent`."""
    held = shop.table(payments.KIND).get(parent)
    base = money.read(held["_amount"]) if held else NOTHING
    rate = base.shop / base.presentment if base.presentment else Decimal(1)
    bag = Bag(money.rounded(amount * rate), amount)
    payments.add(shop, order, "REFUND", bag, gateway=gateway, _parent=parent, _refund=refund["id"])
    return bag


def _adjust(order: Record, record: Record, rows: list[Record], shipping: Bag, paid: Bag, reason: str | None) -> None:
    """What was paid back beyond (or short of) the lines and shipping is a discrepancy."""
    due = money.total(money.read(row["_subtotal"]) for row in rows).plus(shipping)
    if not order.get("taxesIncluded"):
        due = due.plus(money.total(money.read(row["_tax"]) for row in rows))
        due = due.plus(money.read(record.get("_shippingTax")))
    difference = paid.minus(due)
    if difference.shop and paid.shop:
        record["_adjustment"] = money.kept(difference)
        record["_adjustmentReason"] = reason


def _off_the_order(shop: Shop, order: Record, rows: list[Record]) -> None:
    """Refunded pieces that were not fulfilled need no fulfilling any more; restocked ones go back on the shelf."""
    for row in rows:
        taken = 0
        if row["restockType"] != "RETURN":
            taken = fulfillment_orders.take_back(shop, order, row["line"], row["quantity"])
        if row["restockType"] in ("CANCEL", "RETURN"):
            place = row["location"] or _place(shop, order)
            row["location"] = place
            stock.restock(shop, order, row["line"], row["quantity"], place, waiting=taken)


def _place(shop: Shop, order: Record) -> str | None:
    work = order_parts.fulfillment_orders(shop, order)
    return work[0]["_location"] if work else next((row["id"] for row in shop.table("Location")), None)


def refund_everything(
    shop: Shop, order: Record, *, restock: bool, give_back: bool, note: str | None = None
) -> Record | None:
    """What cancelling an order leaves: its unfulfilled pieces and shipping refunded, payments given back if wanted."""
    gone = order_parts.refunded_quantities(shop, order)
    kind = "CANCEL" if restock else "NO_RESTOCK"
    wanted = [
        {"lineItemId": line["id"], "quantity": line["quantity"] - gone.get(line["id"], 0), "restockType": kind}
        for line in order_parts.lines(shop, order)
        if line["quantity"] > gone.get(line["id"], 0)
    ]
    found = totals(shop, order)
    shipping = found.current_shipping
    payable = [row for row in order_parts.transactions(shop, order) if payments.refundable(shop, row).shop > 0]
    if not wanted and not (give_back and payable):
        return None
    rows = rows_for(shop, order, wanted)
    record = write(shop, order, rows, shipping, note=note)
    paid = NOTHING
    for row in payable if give_back else ():
        left = payments.refundable(shop, row)
        paid = paid.plus(_give_back(shop, order, record, row["id"], left.presentment, row["gateway"]))
    _adjust(order, record, rows, shipping, paid, None)
    _off_the_order(shop, order, rows)
    shop.emit("refunds/create", record)
    return record


def remove_lines(shop: Shop, order: Record, wanted: list[Args]) -> Record:
    """What an order edit takes off an order: a refund without money."""
    rows = rows_for(shop, order, wanted)
    record = write(shop, order, rows, NOTHING)
    _off_the_order(shop, order, rows)
    shop.emit("refunds/create", record)
    return record


# reading


@root("refund")
def refund(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


def _order(record: Record, ctx: Context) -> Record:
    return order_parts.order_of(ctx.shop, record)


def transactions_of(shop: Shop, record: Record) -> list[Record]:
    rows = order_parts.transactions(shop, order_parts.order_of(shop, record))
    return [row for row in rows if row.get("_refund") == record["id"]]


def refunded(shop: Shop, record: Record) -> Bag:
    rows = transactions_of(shop, record)
    return money.total(money.read(row["_amount"]) for row in rows if row["status"] == "SUCCESS")


@field(KIND, "order")
def order_of(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "totalRefundedSet")
def total_refunded_set(record: Record, _args: Args, ctx: Context) -> Record:
    return money.shown(refunded(ctx.shop, record), _order(record, ctx))


@field(KIND, "totalRefunded")
def total_refunded(record: Record, _args: Args, ctx: Context) -> Record:
    shown: Record = total_refunded_set(record, {}, ctx)["shopMoney"]
    return shown


@field(KIND, "transactions")
def transactions(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return transactions_of(ctx.shop, record)


@field(KIND, "return")
def of_return(record: Record, _args: Args, _ctx: Context) -> str | None:
    gid: str | None = record.get("_return")
    return gid


@field(KIND, "refundLineItems")
def refund_line_items(record: Record, _args: Args, ctx: Context) -> list[Record]:
    order = _order(record, ctx)
    return [_shown_row(row, order, ctx) for row in record["_lines"]]


def _shown_row(row: Record, order: Record, ctx: Context) -> Record:
    subtotal, tax = money.read(row["_subtotal"]), money.read(row["_tax"])
    line = ctx.shop.table("LineItem").get(row["line"]) or {}
    unit = subtotal.share(1, row["quantity"]) if row["quantity"] else NOTHING
    return {
        "id": row["id"],
        "lineItem": line,
        "quantity": row["quantity"],
        "restockType": row["restockType"],
        "restocked": row["restockType"] in ("CANCEL", "RETURN"),
        "location": row["location"],
        "priceSet": money.shown(unit, order),
        "price": unit.shop,
        "subtotalSet": money.shown(subtotal, order),
        "subtotal": subtotal.shop,
        "totalTaxSet": money.shown(tax, order),
        "totalTax": tax.shop,
    }


@field(KIND, "refundShippingLines")
def refund_shipping_lines(record: Record, _args: Args, ctx: Context) -> list[Record]:
    order = _order(record, ctx)
    rows = order.get("_shipping", ())
    if not record.get("_shipping") or not rows:
        return []
    return [
        {
            "id": record["_shippingId"],
            "shippingLine": shipping_line(rows[0], order),
            "subtotalAmountSet": money.shown(money.read(record["_shipping"]), order),
            "taxAmountSet": money.shown(money.read(record.get("_shippingTax")), order),
        }
    ]


@field(KIND, "orderAdjustments")
def order_adjustments(record: Record, _args: Args, ctx: Context) -> list[Record]:
    if not record.get("_adjustment"):
        return []
    order = _order(record, ctx)
    reason = {"CUSTOMER": "CUSTOMER", "DAMAGE": "DAMAGE", "RESTOCK": "RESTOCK"}.get(
        record.get("_adjustmentReason") or ""
    )
    difference = money.read(record["_adjustment"])
    return [
        {
            "id": f"gid://shopify/OrderAdjustment/{tail_of(record['id'])}",
            "amountSet": money.shown(Bag(-difference.shop, -difference.presentment), order),
            "taxAmountSet": money.shown(NOTHING, order),
            "reason": reason or "REFUND_DISCREPANCY",
        }
    ]


# what a refund would come to


@field("Order", "suggestedRefund")
def suggested(record: Record, args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    wanted = list(args.get("refundLineItems") or [])
    if args.get("suggestFullRefund"):
        gone = order_parts.refunded_quantities(shop, record)
        wanted = [
            {"lineItemId": line["id"], "quantity": line["quantity"] - gone.get(line["id"], 0)}
            for line in order_parts.lines(shop, record)
            if line["quantity"] > gone.get(line["id"], 0)
        ]
    shipping_input = {"fullRefund": True} if args.get("refundShipping") or args.get("suggestFullRefund") else {}
    if args.get("shippingAmount") is not None:
        shipping_input = {"amount": args["shippingAmount"]}
    shipping = _shipping_wanted(shop, record, {"shipping": shipping_input})
    return _suggestion(record, rows_for(shop, record, wanted), shipping, ctx)


def _suggestion(order: Record, rows: list[Record], shipping: Bag, ctx: Context) -> Record:
    found = totals(ctx.shop, order)
    subtotal = money.total(money.read(row["_subtotal"]) for row in rows)
    tax = money.total(money.read(row["_tax"]) for row in rows)
    shipping_tax = _shipping_tax(order, shipping)
    whole = subtotal.plus(shipping)
    if not order.get("taxesIncluded"):
        whole = whole.plus(tax).plus(shipping_tax)
    amount = whole.capped(found.net_payment)

    def shown(bag: Bag) -> Record:
        return money.shown(bag, order)

    return {
        "amountSet": shown(amount),
        "amount": amount.shop,
        "subtotalSet": shown(subtotal),
        "subtotal": subtotal.shop,
        "discountedSubtotalSet": shown(subtotal),
        "maximumRefundableSet": shown(found.net_payment),
        "maximumRefundable": found.net_payment.shop,
        "totalTaxSet": shown(tax),
        "totalTaxes": tax.shop,
        "totalCartDiscountAmountSet": shown(NOTHING),
        "totalDutiesSet": shown(NOTHING),
        "refundDuties": [],
        "refundLineItems": [_shown_row(row, order, ctx) for row in rows],
        "shipping": {
            "amount": shipping.shop,
            "amountSet": shown(shipping),
            "maximumRefundable": found.current_shipping.shop,
            "maximumRefundableSet": shown(found.current_shipping),
            "tax": shipping_tax.shop,
            "taxSet": shown(shipping_tax),
        },
        "suggestedTransactions": _suggested_transactions(order, amount, ctx),
        "suggestedRefundMethods": [],
    }


def _suggested_transactions(order: Record, amount: Bag, ctx: Context) -> list[Record]:
    rows, left = [], amount
    for row in order_parts.transactions(ctx.shop, order):
        possible = payments.refundable(ctx.shop, row)
        part = possible.capped(left)
        if possible.shop <= 0 or part.shop <= 0:
            continue
        left = left.minus(part)
        suggestion: dict[str, Any] = {
            "kind": "SUGGESTED_REFUND",
            "gateway": row.get("gateway"),
            "formattedGateway": row.get("gateway"),
            "parentTransaction": row,
            "amount": part.shop,
            "amountSet": money.shown(part, order),
            "maximumRefundable": possible.shop,
            "maximumRefundableSet": money.shown(possible, order),
        }
        rows.append(suggestion)
    return rows
