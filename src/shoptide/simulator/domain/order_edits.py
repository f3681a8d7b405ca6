"""Order editing: begun, staged change by change on a calculated order, committed at once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import agreements, events, fulfillment_orders, money, refunds
from shoptide.simulator.domain import calculated_orders as calculated
from shoptide.simulator.domain.money import Bag
from shoptide.simulator.domain.order_changes import changed
from shoptide.simulator.domain.order_creation import line_record
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

SESSION = "OrderEditSession"
NO_EDIT = "The calculated order does not exist."
NO_LINE = "The line item does not exist on the order."
LONGEST_TITLE = 255


def session_of(record: Record) -> Record:
    return {"id": f"gid://shopify/{SESSION}/{tail_of(record['id'])}"}


def _edit(gid: str, shop: Shop) -> Record | None:
    """The calculated order, by its own id or its session's; a committed one is gone."""
    record = shop.table(calculated.KIND).get(f"gid://shopify/{calculated.KIND}/{tail_of(gid)}")
    return None if record is None or record.get("_committed") else record


def _refused(errors: list[Record], **more: Any) -> Record:
    return {"calculatedOrder": None, "orderEditSession": None, **more, "userErrors": errors}


def _unknown_edit() -> Record:
    return _refused([user_error(["id"], NO_EDIT, "INVALID")])


def _staged(record: Record, ctx: Context, row: Record | None = None, **more: Any) -> Record:
    shown = {"calculatedLineItem": calculated.shown_row(row, record, ctx)} if row else {}
    ctx.shop.table(calculated.KIND).put(record)
    return {"calculatedOrder": record, "orderEditSession": session_of(record), **shown, **more, "userErrors": []}


def _note(record: Record, kind: str, row: str | None = None, **more: Any) -> None:
    record["_staged"].append({"kind": kind, "row": row, "shipping": None, **more})


@mutation("orderEditBegin")
def begin(args: Args, ctx: Context) -> Record:
    order = ctx.shop.table("Order").get(args["id"])
    if order is None:
        return _refused([user_error(["id"], "The order does not exist.")])
    if order.get("cancelledAt"):
        return _refused([user_error(None, "The order cannot be edited.")])
    return _staged(calculated.begin(ctx.shop, order), ctx)


# lines


def _quantity_problems(quantity: int) -> list[Record]:
    found = [user_error(["quantity"], "must be greater than 0")] if quantity <= 0 else []
    if quantity < 0:
        found.append(user_error(["quantity"], "must be greater than or equal to 0"))
    return found


@mutation("orderEditAddVariant")
def add_variant(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = _edit(args["id"], shop)
    if record is None:
        return _unknown_edit()
    gid = args["variantId"]
    if tail_of(gid) == "0":
        message = "can't convert Integer[0] to a positive Integer to use as an untrusted id"
        return _refused([user_error(["variantId"], message)])
    variant = shop.table("ProductVariant").get(gid)
    if variant is None:
        return _refused([user_error(["variantId"], "The variant does not exist in the shop.")])
    if errors := _quantity_problems(args["quantity"]):
        return _refused(errors)
    order = calculated.order_of(shop, record)
    facts = line_record(shop, order, {"variantId": gid, "quantity": args["quantity"]})
    taken = any(row["facts"].get("variant") == gid and row["quantity"] for row in record["_rows"])
    if taken and not args.get("allowDuplicates"):
        message = f"{facts['title']} was not added because it's already on the order."
        return _refused([user_error(["id"], message)])
    row = _added(record, facts, args)
    _note(record, "AddVariant", row["id"])
    return _staged(record, ctx, row)


def _added(record: Record, facts: Record, args: Args) -> Record:
    row: Record = {
        "id": calculated.fresh(calculated.LINE),
        "line": None,
        "facts": facts,
        "quantity": args["quantity"],
        "before": 0,
        "editable": 0,
        "restock": False,
        "location": args.get("locationId"),
    }
    record["_rows"].append(row)
    return row


@mutation("orderEditAddCustomItem")
def add_custom_item(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = _edit(args["id"], shop)
    if record is None:
        return _unknown_edit()
    order = calculated.order_of(shop, record)
    if errors := _custom_problems(args, order):
        return _refused(errors)
    given = {
        "title": args["title"],
        "quantity": args["quantity"],
        "priceSet": {"shopMoney": args["price"]},
        "taxable": args.get("taxable", True),
        "requiresShipping": args.get("requiresShipping", False),
    }
    row = _added(record, line_record(shop, order, given), args)
    _note(record, "AddCustomItem", row["id"])
    return _staged(record, ctx, row)


def _custom_problems(args: Args, order: Record) -> list[Record]:
    found = []
    if not args["title"].strip():
        found.append(user_error(["title"], "can't be blank"))
    if len(args["title"]) > LONGEST_TITLE:
        found.append(user_error(["title"], f"is too long (maximum is {LONGEST_TITLE} characters)"))
    found += _quantity_problems(args["quantity"])[:1]
    currency = order.get("presentmentCurrencyCode") or order["currencyCode"]
    if Decimal(str(args["price"]["amount"])) < 0:
        found.append(user_error(["price", "amount"], "must be greater than or equal to 0"))
    if args["price"]["currencyCode"] != currency:
        found.append(user_error(["price", "amount"], f"Currency must be {currency}."))
    return found


@mutation("orderEditSetQuantity")
def set_quantity(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    row = calculated.row_of(record, args["lineItemId"])
    if row is None:
        return _refused([user_error(["lineItemId"], NO_LINE)])
    quantity = args["quantity"]
    if quantity < 0:
        return _refused([user_error(["quantity"], "must be greater than or equal to 0")])
    if quantity < row["before"] - row["editable"]:
        message = "Fulfilled and removed items can't be edited."
        return _refused([user_error(["quantity"], message)])
    row["quantity"] = quantity
    row["restock"] = bool(args.get("restock"))
    _note_quantity(record, row)
    return _staged(record, ctx, row)


def _note_quantity(record: Record, row: Record) -> None:
    """The last quantity set is the only one that counts; one set back to what it was is no change."""
    if row["line"] is None:
        if not row["quantity"]:
            record["_rows"].remove(row)
            record["_staged"] = [change for change in record["_staged"] if change["row"] != row["id"]]
        return
    moved = ("IncrementItem", "DecrementItem")
    record["_staged"] = [
        change for change in record["_staged"] if change["row"] != row["id"] or change["kind"] not in moved
    ]
    delta = row["quantity"] - row["before"]
    if delta:
        _note(record, moved[delta < 0], row["id"], delta=abs(delta))


# discounts


def _discount_problem(given: Args) -> str | None:
    percent, fixed = given.get("percentValue"), given.get("fixedValue")
    if (percent is None) == (fixed is None):
        return "Either percent value or fixed value must be given."
    if percent is not None and not 0 <= percent <= 100:
        return "must be between 0 and 100"
    if fixed is not None and Decimal(str(fixed["amount"])) < 0:
        return "must be greater than or equal to 0"
    return None


def _discount_record(given: Args, gid: str) -> Record:
    fixed = given.get("fixedValue")
    amount = money.kept(Bag(Decimal(str(fixed["amount"])), Decimal(str(fixed["amount"])))) if fixed else None
    return {
        "id": gid,
        "description": given.get("description"),
        "percentage": given.get("percentValue"),
        "_amount": amount,
    }


@mutation("orderEditAddLineItemDiscount")
def add_discount(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    row = calculated.row_of(record, args["lineItemId"])
    if row is None:
        return _refused([user_error(["id"], NO_LINE)])
    if words := _discount_problem(args["discount"]):
        return _refused([user_error(["discount"], words)])
    row["discount"] = _discount_record(args["discount"], calculated.fresh(calculated.MANUAL))
    change = {"id": calculated.fresh("OrderStagedChangeAddLineItemDiscount"), "discount": row["discount"]}
    _note(record, "AddLineItemDiscount", row["id"], **change)
    value = calculated.shown_discount(row["discount"], calculated.order_of(ctx.shop, record))["value"]
    shown = {"id": change["id"], "description": args["discount"].get("description") or "", "value": value}
    return _staged(record, ctx, row, addedDiscountStagedChange=shown)


def _discounted(record: Record, gid: str) -> Record | None:
    return next((row for row in record["_rows"] if row.get("discount") and row["discount"]["id"] == gid), None)


def _no_discount() -> Record:
    message = "The discount application does not exist on the order."
    return _refused([user_error(["discountApplicationId"], message, "INVALID")])


@mutation("orderEditRemoveDiscount", "orderEditRemoveLineItemDiscount")
def remove_discount(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    row = _discounted(record, args["discountApplicationId"])
    if row is None:
        return _no_discount()
    gone = row.pop("discount")
    record["_staged"] = [change for change in record["_staged"] if change.get("discount") is not gone]
    return _staged(record, ctx, row)


@mutation("orderEditUpdateDiscount")
def update_discount(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    row = _discounted(record, args["discountApplicationId"])
    if row is None:
        return _no_discount()
    if words := _discount_problem(args["discount"]):
        return _refused([user_error(["discount"], words, "INVALID")])
    row["discount"].update(_discount_record(args["discount"], row["discount"]["id"]))
    return _staged(record, ctx, row)


# shipping


def _price_problem(price: Record | None, order: Record) -> list[Record]:
    currency = order.get("presentmentCurrencyCode") or order["currencyCode"]
    if price is None or price["currencyCode"] == currency:
        return []
    return [user_error(["shippingLine", "price"], f"The price must be in {currency}.", "INVALID")]


@mutation("orderEditAddShippingLine")
def add_shipping(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    given = args["shippingLine"]
    if errors := _price_problem(given["price"], calculated.order_of(ctx.shop, record)):
        return _refused(errors)
    row: Record = {
        "id": calculated.fresh(calculated.SHIPPING),
        "line": None,
        "title": given["title"],
        "_price": str(given["price"]["amount"]),
        "status": "ADDED",
    }
    record["_shipping"].append(row)
    _note(record, "AddShippingLine", shipping=row["id"])
    return _staged(record, ctx, calculatedShippingLine=calculated.shown_shipping(row, record, ctx))


@mutation("orderEditUpdateShippingLine")
def update_shipping(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    row = _shipping_row(record, args["shippingLineId"], ("ADDED",))
    if row is None:
        message = "The shipping line can't be updated because it doesn't exist or wasn't added during this edit."
        return _refused([user_error(["shippingLineId"], message, "INVALID")])
    given = args["shippingLine"]
    if errors := _price_problem(given.get("price"), calculated.order_of(ctx.shop, record)):
        return _refused(errors)
    if given.get("title"):
        row["title"] = given["title"]
    if given.get("price"):
        row["_price"] = str(given["price"]["amount"])
    return _staged(record, ctx)


@mutation("orderEditRemoveShippingLine")
def remove_shipping(args: Args, ctx: Context) -> Record:
    record = _edit(args["id"], ctx.shop)
    if record is None:
        return _unknown_edit()
    row = _shipping_row(record, args["shippingLineId"], ("NONE", "ADDED"))
    if row is None:
        message = "The shipping line can't be removed because it doesn't exist or has already been removed."
        return _refused([user_error(["shippingLineId"], message, "INVALID")])
    if row["status"] == "ADDED":
        record["_shipping"].remove(row)
        record["_staged"] = [change for change in record["_staged"] if change["shipping"] != row["id"]]
    else:
        row["status"] = "REMOVED"
        _note(record, "RemoveShippingLine", shipping=row["id"])
    return _staged(record, ctx)


def _shipping_row(record: Record, gid: str, states: tuple[str, ...]) -> Record | None:
    return next(
        (row for row in record["_shipping"] if gid in (row["id"], row["line"]) and row["status"] in states), None
    )


# committing


@mutation("orderEditCommit")
def commit(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = _edit(args["id"], shop)
    if record is None:
        return {"order": None, "userErrors": [user_error(["id"], NO_EDIT)]}
    if not record["_staged"]:
        message = "There must be at least one change to be made."
        return {"order": None, "userErrors": [user_error(["id"], message)]}
    order = calculated.order_of(shop, record)
    removal = _commit_lines(shop, order, record)
    _commit_shipping(shop, order, record)
    record["_committed"] = True
    if args.get("staffNote"):
        events.note(shop, "edit", order)
    deltas = [[row["facts"]["id"], row["quantity"] - row["before"]] for row in record["_rows"]]
    agreements.note_edit(order, record["id"], shop.stamp(), deltas, removal)
    told = {"begun": record["_begun"], "lines": deltas, "note": args.get("staffNote")}
    changed(shop, order, "orders/edited", _edit={**told, "id": record["id"], "notify": args.get("notifyCustomer")})
    return {"order": order, "successMessages": ["Order updated"], "userErrors": []}


def _commit_lines(shop: Shop, order: Record, record: Record) -> str | None:
    """The refund that the removed pieces are."""
    wanted: list[Args] = []
    grown: list[tuple[Record, int]] = []
    for row in record["_rows"]:
        delta = row["quantity"] - row["before"]
        line = row["facts"]
        if row["line"] is None:
            order["_lines"].append(line["id"])
            grown.append((line, delta))
        elif delta > 0:
            line["quantity"] += delta
            grown.append((line, delta))
        elif delta < 0:
            kind = "CANCEL" if row["restock"] else "NO_RESTOCK"
            wanted.append({"lineItemId": line["id"], "quantity": -delta, "restockType": kind})
        if row.get("discount"):
            _commit_discount(order, row)
        shop.table("LineItem").put(line)
    removal = refunds.remove_lines(shop, order, wanted) if wanted else None
    works = fulfillment_orders.create_for(shop, order, [{**line, "quantity": delta} for line, delta in grown])
    for work in works:
        shop.emit("fulfillment_orders/order_routing_complete", work)
    return removal["id"] if removal else None


def _commit_discount(order: Record, row: Record) -> None:
    found, line = row["discount"], row["facts"]
    digits = money.places(order["currencyCode"])
    before = money.total(money.read(amount) for _index, amount in line.get("_discounts", ()))
    whole = calculated.unit_discount(row, digits).times(row["quantity"])
    whole = whole.minus(before) if row["line"] else whole
    held = {
        "__typename": "ManualDiscountApplication",
        "title": found["description"] or "Discount",
        "description": found["description"],
        "allocationMethod": "EACH",
        "targetSelection": "EXPLICIT",
        "targetType": "LINE_ITEM",
        "percentage": found["percentage"],
        "_amount": found["_amount"],
    }
    order.setdefault("_discounts", []).append(held)
    line.setdefault("_discounts", []).append([len(order["_discounts"]) - 1, money.kept(whole)])


def _commit_shipping(shop: Shop, order: Record, record: Record) -> None:
    for row in record["_shipping"]:
        if row["status"] == "ADDED":
            line = {"id": shop.new_id("ShippingLine"), "title": row["title"], "code": "custom", "source": "shopify"}
            order.setdefault("_shipping", []).append({**line, "quantity": 1, "_price": row["_price"]})
        elif row["status"] == "REMOVED":
            order["_shipping"] = [line for line in order["_shipping"] if line["id"] != row["line"]]
