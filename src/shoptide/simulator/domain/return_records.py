"""Returns and their parts: what they consist of, how much may be returned, how the API shows them."""

from __future__ import annotations

import uuid
from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.money import Bag
from shoptide.simulator.domain.order_totals import grams, line_discounted, taxes
from shoptide.simulator.registry import Args, Listing, field, root, search, sort, text, token
from shoptide.simulator.registry import numeric_id as number
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Return"
REVERSE = "ReverseFulfillmentOrder"
TAKEN = frozenset({"OPEN", "REQUESTED", "CLOSED"})  # returns whose pieces can't be returned again
REASONS = (
    ("unwanted", "Unwanted", "UNWANTED"),
    ("size-too-small", "Size was too small", "SIZE_TOO_SMALL"),
    ("size-too-large", "Size was too large", "SIZE_TOO_LARGE"),
    ("style", "Style", "STYLE"),
    ("other", "Other", "OTHER"),
    ("color", "Color", "COLOR"),
    ("defective", "Damaged or defective", "DEFECTIVE"),
    ("wrong-item", "Wrong item", "WRONG_ITEM"),
    ("not-as-described", "Item not as described", "NOT_AS_DESCRIBED"),
)


# reasons


def definitions() -> list[Record]:
    """The reasons every shop can give; Shopify's own, they carry no shop's numbers."""
    return [
        {
            "id": f"gid://shopify/ReturnReasonDefinition/{place}",
            "handle": handle,
            "name": name,
            "deleted": False,
            "_reason": reason,
        }
        for place, (handle, name, reason) in enumerate(REASONS, 1)
    ]


def definition(gid: str | None) -> Record | None:
    return next((row for row in definitions() if row["id"] == gid), None)


@root("returnReasonDefinitions")
def reason_definitions(args: Args, _ctx: Context) -> Listing:
    rows = definitions()
    if args.get("ids") is not None:
        rows = [row for row in rows if row["id"] in args["ids"]]
    if args.get("handles") is not None:
        rows = [row for row in rows if row["handle"] in args["handles"]]
    return Listing(kind="ReturnReasonDefinition", records=rows, root="returnReasonDefinitions")


search(
    "ReturnReasonDefinition",
    {
        "id": number(lambda row, _shop: row["id"]),
        "handle": token(lambda row, _shop: row["handle"]),
        "name": text(lambda row, _shop: row["name"]),
        "deleted": token(lambda _row, _shop: "false"),
    },
)
sort(
    "returnReasonDefinitions",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "HANDLE": lambda row, _shop: row["handle"],
        "NAME": lambda row, _shop: row["name"],
    },
    default="ID",
)


# what may be returned


def fulfilled_rows(shop: Shop, order: Record) -> dict[str, tuple[Record, Record]]:
    """An order's fulfillment lines by gid, each with its fulfillment; cancelled fulfillments aside."""
    return {
        row["id"]: (row, fulfillment)
        for fulfillment in order_parts.fulfillments(shop, order)
        if fulfillment["status"] == "SUCCESS"
        for row in fulfillment["_lines"]
    }


def returned(shop: Shop, order: Record) -> dict[str, int]:
    """Pieces already asked for or returned, by fulfillment line."""
    found: dict[str, int] = {}
    for record in order_parts.returns(shop, order):
        if record["status"] in TAKEN:
            for row in record["_lines"]:
                found[row["from"]] = found.get(row["from"], 0) + row["quantity"]
    return found


def returnable(shop: Shop, order: Record) -> dict[str, int]:
    """Pieces that can still be returned, by fulfillment line."""
    gone = returned(shop, order)
    rows = fulfilled_rows(shop, order)
    return {gid: row["quantity"] - gone.get(gid, 0) for gid, (row, _fulfillment) in rows.items()}


@root("returnableFulfillments")
def returnable_fulfillments(args: Args, ctx: Context) -> list[Record]:
    order = by_id(args["orderId"], "Order", ctx)
    if order is None:
        return []
    left = returnable(ctx.shop, order)
    shown = []
    for fulfillment in order_parts.fulfillments(ctx.shop, order):
        rows = [
            {"fulfillmentLineItem": _fulfillment_line(row), "quantity": left[row["id"]]}
            for row in fulfillment["_lines"]
            if left.get(row["id"])
        ]
        if rows:
            gid = f"gid://shopify/ReturnableFulfillment/{tail_of(fulfillment['id'])}"
            shown.append({"id": gid, "fulfillment": fulfillment, "returnableFulfillmentLineItems": rows})
    return shown


def _fulfillment_line(row: Record) -> Record:
    return {"id": row["id"], "lineItem": row["line"], "quantity": row["quantity"]}


# showing returns


@root("return")
def one(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


@field(KIND, "order")
def order_of(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "totalQuantity")
def total_quantity(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(row["quantity"] for row in record["_lines"])


@field(KIND, "returnLineItems")
def line_items(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [shown_line(row, record, ctx) for row in record["_lines"]]


def shown_line(row: Record, record: Record, ctx: Context) -> Record:
    order = order_parts.order_of(ctx.shop, record)
    source, _fulfillment = fulfilled_rows(ctx.shop, order).get(row["from"], ({"id": row["from"]}, {}))
    line = ctx.shop.table("LineItem").get(row["line"]) or {}
    done, refunded = row.get("processed", 0), row.get("refunded", 0)
    whole = line_discounted(line).share(row["quantity"], line["quantity"]) if line else money.NOTHING
    return {
        "__typename": "ReturnLineItem",
        "id": row["id"],
        "quantity": row["quantity"],
        "processableQuantity": row["quantity"] - done,
        "processedQuantity": done,
        "unprocessedQuantity": row["quantity"] - done,
        "refundableQuantity": row["quantity"] - refunded,
        "refundedQuantity": refunded,
        "returnReason": row["reason"],
        "returnReasonNote": row.get("note") or "",
        "returnReasonDefinition": next((held for held in definitions() if held["_reason"] == row["reason"]), None),
        "customerNote": row.get("customerNote"),
        "fulfillmentLineItem": {"id": row["from"], "lineItem": row["line"], "quantity": source.get("quantity")},
        "restockingFee": _fee(row, order),
        "totalWeight": {"value": grams(line) * row["quantity"] / 1000, "unit": "KILOGRAMS"} if line else None,
        "withCodeDiscountedTotalPriceSet": money.shown(whole, order),
    }


def _fee(row: Record, order: Record) -> Record | None:
    if row.get("fee") is None:
        return None
    amount = money.read(row["feeAmount"])
    gid = f"gid://shopify/RestockingFee/{tail_of(row['id'])}"
    return {"id": gid, "percentage": row["fee"], "amountSet": money.shown(amount, order)}


@field(KIND, "returnShippingFees")
def shipping_fees(record: Record, _args: Args, ctx: Context) -> list[Record]:
    if record.get("_shippingFee") is None:
        return []
    order = order_parts.order_of(ctx.shop, record)
    gid = f"gid://shopify/ReturnShippingFee/{tail_of(record['id'])}"
    return [{"id": gid, "amountSet": money.shown(money.read(record["_shippingFee"]), order)}]


@field(KIND, "refunds")
def refunds_of(record: Record, _args: Args, ctx: Context) -> list[Record]:
    rows = order_parts.refunds(ctx.shop, order_parts.order_of(ctx.shop, record))
    return [row for row in rows if row.get("_return") == record["id"]]


@field(KIND, "transactions")
def transactions_of(record: Record, args: Args, ctx: Context) -> list[Record]:
    wanted = {row["id"] for row in refunds_of(record, args, ctx)}
    rows = order_parts.transactions(ctx.shop, order_parts.order_of(ctx.shop, record))
    return [row for row in rows if row.get("_refund") in wanted]


@field(KIND, "reverseFulfillmentOrders")
def reverse_work(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [row for row in ctx.shop.table(REVERSE) if row["_return"] == record["id"]]


# reckoning a return beforehand


@root("returnCalculate")
def calculate(args: Args, ctx: Context) -> Record | None:
    given = args["input"]
    order = by_id(given["orderId"], "Order", ctx)
    if order is None:
        return None
    rows = fulfilled_rows(ctx.shop, order)
    lines = [
        _calculated(ctx, order, row, wanted)
        for wanted in given.get("returnLineItems") or []
        if (row := rows.get(wanted["fulfillmentLineItemId"], (None, None))[0]) is not None
    ]
    fee = (given.get("returnShippingFee") or {}).get("amount")
    amount = money.read(str(fee["amount"])) if fee else None
    gid = _calculated_id(ctx, "CalculatedReturnShippingFee")
    return {
        "id": _calculated_id(ctx, "CalculatedReturn"),
        "returnLineItems": lines,
        "exchangeLineItems": [],
        "returnShippingFee": {"id": gid, "amountSet": money.shown(amount, order)} if amount else None,
    }


def _calculated_id(ctx: Context, kind: str) -> str:
    return f"gid://shopify/{kind}/{uuid.UUID(int=ctx.shop.random.getrandbits(128), version=4)}"


def _calculated(ctx: Context, order: Record, row: Record, wanted: Args) -> Record:
    """What goes back is negative; a restocking fee is what the shop keeps of it."""
    line = ctx.shop.table("LineItem").get(row["line"]) or {}
    quantity = wanted["quantity"]
    subtotal = line_discounted(line).share(quantity, line["quantity"])
    tax = _tax_share(line, quantity)
    fee = (wanted.get("restockingFee") or {}).get("percentage")
    return {
        "id": _calculated_id(ctx, "CalculatedReturnLineItem"),
        "fulfillmentLineItem": _fulfillment_line(row),
        "quantity": quantity,
        "restockingFee": None
        if fee is None
        else {
            "id": _calculated_id(ctx, "CalculatedRestockingFee"),
            "percentage": fee,
            "amountSet": money.shown(fee_of(subtotal, fee), order),
        },
        "subtotalBeforeOrderDiscountsSet": money.shown(_negative(subtotal), order),
        "subtotalSet": money.shown(_negative(subtotal), order),
        "totalTaxSet": money.shown(_negative(tax), order),
    }


def _tax_share(line: Record, quantity: int) -> Bag:
    return taxes(line).share(quantity, line["quantity"])


def fee_of(amount: Bag, percentage: float) -> Bag:
    part = Decimal(str(percentage)) / 100
    return Bag(money.rounded(amount.shop * part), money.rounded(amount.presentment * part))


def _negative(amount: Bag) -> Bag:
    return Bag(-amount.shop, -amount.presentment)


def put(shop: Shop, record: Record) -> Record:
    return order_parts.part_table(shop, KIND).put(record)
