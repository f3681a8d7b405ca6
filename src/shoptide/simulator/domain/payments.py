"""Transactions of orders: how they are shown, and the mutations that add one (paid by hand, captured, voided)."""

from __future__ import annotations

from decimal import Decimal

from shoptide.simulator.access import DOCUMENTATION
from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.domain.order_changes import changed
from shoptide.simulator.domain.order_totals import open_authorization, totals
from shoptide.simulator.registry import Args, TopLevelError, field, mutation, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "OrderTransaction"
AMOUNT_DENIED = (
    "Access denied for orderCreateManualPayment field. Required access: `write_orders` access scope. Also: The user "
    "must have mark_orders_as_paid permission. The API client must be installed on a Shopify Plus store to use the "
    "amount field."
)
AUTHORIZING = frozenset({"AUTHORIZATION", "EMV_AUTHORIZATION"})


def add(
    shop: Shop, order: Record, kind: str, amount: Bag, *, gateway: str, status: str = "SUCCESS", **more: object
) -> Record:
    """Write a transaction of an order; `more` are further facts of the record."""
    moment = shop.stamp()
    record: Record = {
        "id": shop.new_id(KIND),
        "_order": order["id"],
        "kind": kind,
        "status": status,
        "gateway": gateway,
        "_amount": money.kept(amount),
        "createdAt": moment,
        "processedAt": moment,
    }
    record.update({name: value for name, value in more.items() if value is not None})
    if order.get("test"):
        record["test"] = True
    order_parts.part_table(shop, KIND).put(record)
    shop.emit("order_transactions/create", record)
    return record


# reading


def _order(record: Record, ctx: Context) -> Record:
    return order_parts.order_of(ctx.shop, record)


@field(KIND, "amountSet")
def amount_set(record: Record, _args: Args, ctx: Context) -> Record:
    return money.shown(money.read(record["_amount"]), _order(record, ctx))


@field(KIND, "amount")
def amount(record: Record, _args: Args, _ctx: Context) -> Decimal:
    return money.read(record["_amount"]).shop


@field(KIND, "amountV2")
def amount_v2(record: Record, _args: Args, ctx: Context) -> Record:
    shown: Record = amount_set(record, {}, ctx)["shopMoney"]
    return shown


def _unsettled(record: Record, ctx: Context) -> Bag:
    return open_authorization(record, order_parts.transactions(ctx.shop, _order(record, ctx)))


@field(KIND, "totalUnsettledSet")
def unsettled_set(record: Record, _args: Args, ctx: Context) -> Record:
    return money.shown(_unsettled(record, ctx), _order(record, ctx))


@field(KIND, "totalUnsettled")
def unsettled(record: Record, _args: Args, ctx: Context) -> Decimal:
    return _unsettled(record, ctx).shop


@field(KIND, "totalUnsettledV2")
def unsettled_v2(record: Record, args: Args, ctx: Context) -> Record:
    shown: Record = unsettled_set(record, args, ctx)["shopMoney"]
    return shown


def refundable(shop: Shop, record: Record) -> Bag:
    """What is left of a payment after the refunds made from it."""
    if record["kind"] not in ("SALE", "CAPTURE") or record["status"] != "SUCCESS":
        return NOTHING
    rows = order_parts.transactions(shop, order_parts.order_of(shop, record))
    back = (row for row in rows if row.get("_parent") == record["id"] and row["kind"] == "REFUND")
    gone = money.total(money.read(row["_amount"]) for row in back if row["status"] == "SUCCESS")
    return money.read(record["_amount"]).minus(gone).at_least_zero()


@field(KIND, "maximumRefundableV2")
def maximum_refundable(record: Record, _args: Args, ctx: Context) -> Record | None:
    if record["kind"] not in ("SALE", "CAPTURE"):
        return None
    shown: Record = money.shown(refundable(ctx.shop, record), _order(record, ctx))["shopMoney"]
    return shown


@field(KIND, "maximumRefundable")
def maximum_refundable_amount(record: Record, _args: Args, ctx: Context) -> Decimal | None:
    return refundable(ctx.shop, record).shop if record["kind"] in ("SALE", "CAPTURE") else None


@field(KIND, "order")
def order_of(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "parentTransaction")
def parent(record: Record, _args: Args, _ctx: Context) -> str | None:
    gid: str | None = record.get("_parent")
    return gid


@field(KIND, "formattedGateway")
def formatted_gateway(record: Record, _args: Args, _ctx: Context) -> str | None:
    return record["gateway"].replace("_", " ").capitalize() if record.get("gateway") else None


@field(KIND, "manualPaymentGateway")
def by_hand(record: Record, _args: Args, _ctx: Context) -> bool:
    return record.get("gateway") in ("manual", "Cash on Delivery (COD)", "Bank Deposit", "Money Order")


@field(KIND, "manuallyCapturable")
def capturable(record: Record, _args: Args, ctx: Context) -> bool:
    return _unsettled(record, ctx).shop > 0


@field(KIND, "paymentId")
def payment_id(record: Record, _args: Args, ctx: Context) -> str:
    return f"{_order(record, ctx)['name']}.{tail_of(record['id'])[-3:]}"


# writing


def pay_outstanding(shop: Shop, order: Record, gateway: str, bag: Bag, moment: str | None = None) -> None:
    """Take a payment by hand; pending payments of the order are settled with it."""
    for row in order_parts.transactions(shop, order):
        if row["status"] == "PENDING" and row["kind"] == "SALE":
            row["status"] = "FAILURE"
    add(shop, order, "SALE", bag, gateway=gateway, processedAt=moment)
    changed(shop, order)
    if totals(shop, order).financial_status == "PAID":
        shop.emit("orders/paid", order)


@mutation("orderMarkAsPaid")
def mark_as_paid(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["input"]["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error(["id"], "Order does not exist")]}
    found = totals(ctx.shop, order)
    due = found.outstanding.plus(found.capturable)
    if order.get("cancelledAt") or due.shop <= 0:
        return {"order": order, "userErrors": [user_error(["id"], "Order cannot be marked as paid.")]}
    if found.capturable.shop > 0:
        _capture_all(ctx.shop, order)
    if (left := totals(ctx.shop, order).outstanding).shop > 0:
        pay_outstanding(ctx.shop, order, "manual", left)
    return {"order": order, "userErrors": []}


def _capture_all(shop: Shop, order: Record) -> None:
    rows = order_parts.transactions(shop, order)
    for row in rows:
        left = open_authorization(row, rows)
        if left.shop > 0:
            add(shop, order, "CAPTURE", left, gateway=row["gateway"], _parent=row["id"])
    changed(shop, order)


@mutation("orderCreateManualPayment")
def manual_payment(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["id"])
    if order is None:
        return {"order": None, "userErrors": [user_error(["id"], "Order does not exist", "ORDER_NOT_FOUND")]}
    due = totals(ctx.shop, order).outstanding
    if args.get("amount") is not None and ctx.shop.plan not in ("plus", "enterprise"):
        raise TopLevelError("ACCESS_DENIED", AMOUNT_DENIED, documentation=DOCUMENTATION)
    if order.get("cancelledAt") or due.shop <= 0:
        return {"order": None, "userErrors": [user_error(["id"], "Order cannot be marked as paid.")]}
    bag = due
    if args.get("amount"):
        wanted = Decimal(str(args["amount"]["amount"]))
        if wanted <= 0:
            error = user_error(["amount"], "Amount must be greater than zero", "AMOUNT_NOT_POSITIVE")
            return {"order": None, "userErrors": [error]}
        if wanted > due.shop:
            error = user_error(["amount"], "Amount exceeds the outstanding amount", "AMOUNT_EXCEEDS_BALANCE")
            return {"order": None, "userErrors": [error]}
        bag = Bag(wanted, money.rounded(due.presentment * wanted / due.shop))
    gateway = args.get("paymentMethodName") or "manual"
    pay_outstanding(ctx.shop, order, gateway, bag, args.get("processedAt"))
    return {"order": order, "userErrors": []}


@mutation("orderCapture")
def capture(args: Args, ctx: Context) -> Record:
    """Capture an authorization; the checks in the store's order."""
    given, shop = args["input"], ctx.shop
    order = shop.table("Order").get(given["id"])
    if order is None:
        return {"transaction": None, "userErrors": [user_error(["id"], "Order does not exist")]}
    rows = order_parts.transactions(shop, order)
    parent_row = next((row for row in rows if row["id"] == given["parentTransactionId"]), None)
    problem = _capture_problem(given, order, parent_row, rows)
    if problem is not None or parent_row is None:
        return {"transaction": None, "userErrors": [problem or user_error(None, "Unable to find parent transaction")]}
    wanted = Decimal(str(given["amount"]))
    left = open_authorization(parent_row, rows)
    bag = Bag(money.rounded(left.shop * wanted / left.presentment), wanted)
    record = add(shop, order, "CAPTURE", bag, gateway=parent_row["gateway"], _parent=parent_row["id"])
    changed(shop, order)
    if totals(shop, order).financial_status == "PAID":
        shop.emit("orders/paid", order)
    return {"transaction": record, "userErrors": []}


def _capture_problem(given: Args, order: Record, parent_row: Record | None, rows: list[Record]) -> Record | None:
    currency = order.get("presentmentCurrencyCode") or order["currencyCode"]
    if parent_row is None:
        return user_error(None, "Unable to find parent transaction")
    if parent_row["kind"] not in AUTHORIZING:
        return user_error(None, "Can only capture successful authorizations")
    if parent_row["status"] != "SUCCESS":
        return user_error(None, "Parent transaction should be a successful authorization")
    if given.get("currency") and given["currency"] != currency:
        return user_error(["currency"], f"Currency Currency must match parent transaction {currency}")
    wanted = Decimal(str(given["amount"]))
    if wanted <= 0:
        return user_error(None, "Amount must be greater than zero for capture transactions")
    left = open_authorization(parent_row, rows)
    if left.shop <= 0:
        return user_error(None, "Parent transaction should be a successful authorization")
    if wanted > left.presentment:
        total = f"{money.rounded(left.presentment):.2f}"
        return user_error(None, f"Cannot capture more than the authorized {total} for this payment.")
    if given.get("finalCapture") is not None:
        message = (
            "Setting final capture is not supported for this transaction's payment gateway. "
            "Please remove the parameter or set it to null, then try again."
        )
        return user_error(None, message)
    return None


@mutation("transactionVoid")
def void(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    row = shop.table(KIND).get(args["parentTransactionId"])
    if row is None:
        error = user_error(["parentTransactionId"], "Transaction does not exist", "TRANSACTION_NOT_FOUND")
        return {"transaction": None, "userErrors": [error]}
    order = order_parts.order_of(shop, row)
    rows = order_parts.transactions(shop, order)
    if row["kind"] not in AUTHORIZING or row["status"] != "SUCCESS":
        message = "Parent transaction must be a successful authorization"
        error = user_error(["parentTransactionId"], message, "AUTH_NOT_SUCCESSFUL")
        return {"transaction": None, "userErrors": [error]}
    if open_authorization(row, rows).shop < money.read(row["_amount"]).shop:
        message = "Parent transaction require a parent_id referring to a voidable transaction"
        error = user_error(["parentTransactionId"], message, "AUTH_NOT_VOIDABLE")
        return {"transaction": None, "userErrors": [error]}
    record = add(shop, order, "VOID", money.read(row["_amount"]), gateway=row["gateway"], _parent=row["id"])
    changed(shop, order)
    return {"transaction": record, "userErrors": []}
