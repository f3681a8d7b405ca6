"""Orders being edited: what has been staged, what the order would come to, and how the API shows both."""

from __future__ import annotations

import uuid
from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.money import NOTHING, Bag
from shoptide.simulator.domain.order_lines import tax_line
from shoptide.simulator.domain.order_totals import line_discount, tax_groups, taxes, totals
from shoptide.simulator.registry import Args, Listing, field
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "CalculatedOrder"
LINE = "CalculatedLineItem"
SHIPPING = "CalculatedShippingLine"
MANUAL = "CalculatedManualDiscountApplication"


def fresh(kind: str) -> str:
    """An id of something that is not on the order yet."""
    return f"gid://shopify/{kind}/{uuid.uuid4()}"


def begin(shop: Shop, order: Record) -> Record:
    gone = order_parts.refunded_quantities(shop, order)
    waiting = order_parts.waiting_quantities(shop, order)
    record: Record = {
        "id": shop.new_id(KIND),
        "_begun": shop.stamp(),
        "_order": order["id"],
        "_rows": [_row(line, gone, waiting) for line in order_parts.lines(shop, order)],
        "_shipping": [
            {
                "id": f"gid://shopify/{SHIPPING}/{tail_of(row['id'])}",
                "line": row["id"],
                "title": row["title"],
                "_price": row["_price"],
                "status": "NONE",
            }
            for row in order.get("_shipping", ())
            if not row.get("_removed")
        ],
        "_staged": [],
    }
    return shop.table(KIND).put(record)


def _row(line: Record, gone: dict[str, int], waiting: dict[str, int]) -> Record:
    left = line["quantity"] - gone.get(line["id"], 0)
    return {
        "id": f"gid://shopify/{LINE}/{tail_of(line['id'])}",
        "line": line["id"],
        "facts": line,
        "quantity": left,
        "before": left,
        "editable": min(left, waiting.get(line["id"], 0)),
        "restock": False,
    }


def order_of(shop: Shop, record: Record) -> Record:
    return order_parts.order_of(shop, record)


def row_of(record: Record, gid: str) -> Record | None:
    """A row by its calculated id; an added one by the id it was answered with."""
    return next((row for row in record["_rows"] if row["id"] == gid or row["line"] == gid), None)


# what it would come to


def unit_price(row: Record) -> Bag:
    return money.read(row["facts"]["_price"])


def unit_discount(row: Record, digits: int) -> Bag:
    """What is taken off one piece: the line's own discounts before the edit, and the staged one."""
    facts, staged = row["facts"], row.get("discount")
    found = line_discount(facts).share(1, facts["quantity"], digits) if row["line"] else NOTHING
    if staged:
        price = unit_price(row)
        if staged["percentage"] is not None:
            part = Decimal(str(staged["percentage"])) / 100
            off = Bag(money.rounded(price.shop * part, digits), money.rounded(price.presentment * part, digits))
        else:
            off = money.read(staged["_amount"])
        found = found.plus(off.capped(price))
    return found


def row_total(row: Record, digits: int, quantity: int | None = None) -> Bag:
    pieces = row["quantity"] if quantity is None else quantity
    return unit_price(row).minus(unit_discount(row, digits)).times(pieces)


def _digits(order: Record) -> int:
    return money.places(order["currencyCode"])


def subtotal(shop: Shop, record: Record) -> Bag:
    digits = _digits(order_of(shop, record))
    return money.total(row_total(row, digits) for row in record["_rows"])


def tax(shop: Shop, record: Record) -> list[Record]:
    """The order's taxes on what is left of the lines that carry them."""
    digits = _digits(order_of(shop, record))
    holders = []
    for row in record["_rows"]:
        if row["line"] and taxes(row["facts"]).shop:
            held = row["facts"]
            part = [
                {
                    **each,
                    "_price": money.kept(money.read(each["_price"]).share(row["quantity"], held["quantity"], digits)),
                }
                for each in held["_taxes"]
            ]
            holders.append({"_taxes": part})
    return tax_groups(holders)


def shipping(record: Record) -> Bag:
    return money.total(money.read(row["_price"]) for row in record["_shipping"] if row["status"] != "REMOVED")


def price(shop: Shop, record: Record) -> Bag:
    order = order_of(shop, record)
    whole = subtotal(shop, record).plus(shipping(record))
    if order.get("taxesIncluded"):
        return whole
    return whole.plus(money.total(money.read(row["_price"]) for row in tax(shop, record)))


def outstanding(shop: Shop, record: Record) -> Bag:
    """What the customer would owe; less than nothing when they would get something back."""
    return price(shop, record).minus(totals(shop, order_of(shop, record)).net_payment)


# reading


@field(KIND, "originalOrder")
def original(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "committed")
def committed(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record.get("_committed"))


@field(KIND, "notificationPreviewTitle")
def preview_title(record: Record, _args: Args, ctx: Context) -> str:
    return f"Order {order_of(ctx.shop, record)['name']} updated"


@field(KIND, "lineItems")
def line_items(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [shown_row(row, record, ctx) for row in record["_rows"]])


@field(KIND, "addedLineItems")
def added_line_items(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [shown_row(row, record, ctx) for row in record["_rows"] if row["line"] is None])


@field(KIND, "shippingLines")
def shipping_lines(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [shown_shipping(row, record, ctx) for row in record["_shipping"]]


@field(KIND, "addedDiscountApplications")
def added_discounts(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [row for row in record["_rows"] if row.get("discount")]
    return Listing("", [shown_discount(row["discount"], order_of(ctx.shop, record)) for row in rows])


@field(KIND, "stagedChanges")
def staged_changes(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [_shown_change(change, record, ctx) for change in record["_staged"]])


@field(KIND, "subtotalLineItemsQuantity")
def quantity(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(row["quantity"] for row in record["_rows"])


@field(KIND, "subtotalPriceSet")
def subtotal_set(record: Record, _args: Args, ctx: Context) -> Record:
    return money.shown(subtotal(ctx.shop, record), order_of(ctx.shop, record))


@field(KIND, "cartDiscountAmountSet")
def cart_discount(record: Record, _args: Args, ctx: Context) -> Record:
    order = order_of(ctx.shop, record)
    digits = _digits(order)
    off = money.total(unit_discount(row, digits).times(row["quantity"]) for row in record["_rows"])
    return money.shown(off, order)


@field(KIND, "totalPriceSet")
def total_set(record: Record, _args: Args, ctx: Context) -> Record:
    return money.shown(price(ctx.shop, record), order_of(ctx.shop, record))


@field(KIND, "totalOutstandingSet")
def outstanding_set(record: Record, _args: Args, ctx: Context) -> Record:
    return money.shown(outstanding(ctx.shop, record), order_of(ctx.shop, record))


@field(KIND, "taxLines")
def tax_lines(record: Record, _args: Args, ctx: Context) -> list[Record]:
    order = order_of(ctx.shop, record)
    return [tax_line(row, order) for row in tax(ctx.shop, record)]


def shown_row(row: Record, record: Record, ctx: Context) -> Record:
    order = order_of(ctx.shop, record)
    digits, facts = _digits(order), row["facts"]
    fixed = row["before"] - row["editable"]
    found = row.get("discount")
    allocations = []
    if found:
        off = unit_discount(row, digits).times(row["quantity"])
        allocations = [
            {"allocatedAmountSet": money.shown(off, order), "discountApplication": shown_discount(found, order)}
        ]
    return {
        "id": row["id"],
        "title": facts["title"],
        "variantTitle": facts.get("variantTitle"),
        "sku": facts.get("sku"),
        "variant": facts.get("variant"),
        "customAttributes": facts.get("customAttributes", []),
        "quantity": row["quantity"],
        "editableQuantity": row["quantity"] - fixed,
        "editableQuantityBeforeChanges": row["editable"],
        "restockable": bool(facts.get("variant")),
        "restocking": row["restock"],
        "hasStagedLineItemDiscount": found is not None,
        "originalUnitPriceSet": money.shown(unit_price(row), order),
        "discountedUnitPriceSet": money.shown(unit_price(row).minus(unit_discount(row, digits)), order),
        "editableSubtotalSet": money.shown(row_total(row, digits, row["quantity"] - fixed), order),
        "uneditableSubtotalSet": money.shown(row_total(row, digits, fixed), order),
        "calculatedDiscountAllocations": allocations,
        "discountAllocations": [],
        "stagedChanges": [
            _shown_change(change, record, ctx) for change in record["_staged"] if change["row"] == row["id"]
        ],
    }


def shown_shipping(row: Record, record: Record, ctx: Context) -> Record:
    bag = money.shown(money.read(row["_price"]), order_of(ctx.shop, record))
    return {"id": row["id"], "title": row["title"], "price": bag, "stagedStatus": row["status"]}


def shown_discount(found: Record, order: Record) -> Record:
    value: Record = {"__typename": "PricingPercentageValue", "percentage": found["percentage"]}
    if found["percentage"] is None:
        value = money.shown(money.read(found["_amount"]), order)["presentmentMoney"]
        value["__typename"] = "MoneyV2"
    return {
        "__typename": MANUAL,
        "id": found["id"],
        "description": found["description"],
        "allocationMethod": "EACH",
        "appliedTo": "LINE",
        "targetSelection": "EXPLICIT",
        "targetType": "LINE_ITEM",
        "value": value,
    }


def _shown_change(change: Record, record: Record, ctx: Context) -> Record:
    """A staged change: each kind has facts of its own."""
    order = order_of(ctx.shop, record)
    kind = f"OrderStagedChange{change['kind']}"
    row = row_of(record, change["row"]) if change["row"] else None
    facts = row["facts"] if row else {}
    if change["kind"] in ("IncrementItem", "DecrementItem"):
        more = {"delta": change["delta"], "lineItem": facts, "restock": bool(row and row["restock"])}
        return {"__typename": kind, **more}
    if change["kind"] == "AddVariant":
        return {"__typename": kind, "variant": facts.get("variant"), "quantity": row["quantity"] if row else 0}
    if change["kind"] == "AddCustomItem":
        unit = money.shown(unit_price(row) if row else NOTHING, order)["presentmentMoney"]
        shown = {"title": facts.get("title"), "quantity": row["quantity"] if row else 0, "originalUnitPrice": unit}
        return {"__typename": kind, **shown}
    if change["kind"] == "AddLineItemDiscount":
        found = shown_discount(change["discount"], order)
        more = {"id": change["id"], "description": found["description"] or "", "value": found["value"]}
        return {"__typename": kind, **more}
    line: Record = next((each for each in record["_shipping"] if each["id"] == change["shipping"]), {})
    bag = money.shown(money.read(line.get("_price")), order)["presentmentMoney"]
    shown = {"id": line.get("line"), "title": line.get("title"), "presentmentTitle": line.get("title")}
    return {"__typename": kind, "title": line.get("title"), "price": bag, "shippingLine": shown}
