"""Draft orders written: created, calculated, changed, sent as invoices, completed into orders."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import (
    addresses,
    company_records,
    draft_orders,
    events,
    fulfillment_orders,
    metafields,
    money,
    order_creation,
    order_parts,
    payment_terms,
    payments,
    text,
)
from shoptide.simulator.domain.money import Bag
from shoptide.simulator.paging import found
from shoptide.simulator.registry import Args, Listing, mutation, user_error
from shoptide.simulator.shop import Record, Shop

KIND = draft_orders.KIND
UNKNOWN = "Draft order does not exist"
LONGEST_TAG = 40
COPIED = (
    *("poNumber", "taxExempt", "visibleToCustomer", "acceptAutomaticDiscounts", "allowDiscountCodesInCheckout"),
    *("presentmentCurrencyCode", "reserveInventoryUntil"),
)


# checks; an update's paths begin with its input


def _problems(given: Args, shop: Shop, at: list[str], *, lines: bool) -> list[Record]:
    if lines and not given.get("lineItems"):
        return [user_error(None, "Add at least 1 product")]
    wrong = []
    for index, line in enumerate(given.get("lineItems") or []):
        wrong += _line_problems(line, shop, [*at, "lineItems", str(index)])
    wrong += _discount_problems(given.get("appliedDiscount"), [*at, "appliedDiscount"])
    if given.get("email") and not text.valid_email(text.email(given["email"]) or ""):
        wrong.append(user_error([*at, "email"], "Email is invalid"))
    for index, tag in enumerate(given.get("tags") or []):
        if len(tag.strip()) > LONGEST_TAG:
            message = f"Title Tag exceeds the maximum length of {LONGEST_TAG} characters"
            wrong.append(user_error([*at, "tags", str(index)], message))
    if given.get("customerId") and shop.table("Customer").get(given["customerId"]) is None:
        wrong.append(user_error([*at, "customerId"], "Customer does not exist"))
    if given.get("paymentTerms") and (found := payment_terms.problem(given["paymentTerms"])):
        wrong.append(user_error([*at, "paymentTerms", *found[0]], found[1]))
    buyer = (given.get("purchasingEntity") or {}).get("purchasingCompany")
    if buyer and company_records.purchase(buyer, shop) is None:
        message = "The company, its contact and its location do not belong together."
        wrong.append(user_error([*at, "purchasingEntity", "purchasingCompany"], message))
    return wrong


def _line_problems(line: Args, shop: Shop, at: list[str]) -> list[Record]:
    wrong = []
    if line["quantity"] < 1:
        wrong.append(user_error([*at, "quantity"], "Quantity must be greater than or equal to 1"))
    if line.get("variantId") and shop.table("ProductVariant").get(line["variantId"]) is None:
        number = line["variantId"].rsplit("/", 1)[-1]
        wrong.append(user_error(None, f"Product with ID {number} is no longer available."))
    elif not line.get("variantId") and not (line.get("title") or "").strip():
        wrong.append(user_error(None, "Merchandise title is empty."))
    return wrong + _discount_problems(line.get("appliedDiscount"), [*at, "appliedDiscount"])


def _discount_problems(given: Args | None, at: list[str]) -> list[Record]:
    if not given:
        return []
    value = Decimal(str(given["value"]))
    exponent = value.normalize().as_tuple().exponent
    if given["valueType"] == "PERCENTAGE" and value > 100:
        return [user_error([*at, "value"], "Applied discount value must be less than or equal to 100%")]
    if isinstance(exponent, int) and exponent < -2:
        message = "Applied discount value can have at most 2 digits after decimal point"
        return [user_error([*at, "value"], message)]
    return []


# writing


def _line(given: Args, shop: Shop) -> Record:
    """A line: a variant's own price and title, whatever the input says of them, or a custom item's."""
    variant = shop.table("ProductVariant").get(given.get("variantId")) or {}
    product = shop.get(variant.get("_product")) or {}
    item = shop.get(variant.get("_item")) or {}
    override = given.get("priceOverride") or {}
    asked = (given.get("originalUnitPriceWithCurrency") or {}).get("amount", given.get("originalUnitPrice"))
    amount = override.get("amount") or (variant.get("price") if variant else asked)
    values = " / ".join((variant.get("_values") or {}).values())
    weight = given.get("weight") or item.get("_weight")
    return {
        "id": shop.new_id(draft_orders.LINE),
        "uuid": given.get("uuid") or str(uuid.uuid4()),
        "custom": not variant,
        "title": product.get("title") or given.get("title"),
        "variantTitle": values if values and values != "Default Title" else None,
        "variant": variant.get("id"),
        "product": product.get("id"),
        "vendor": product.get("vendor") or None,
        "sku": (item.get("sku") if variant else given.get("sku")) or None,
        "quantity": given["quantity"],
        "requiresShipping": item.get("requiresShipping", True) if variant else bool(given.get("requiresShipping")),
        "taxable": variant.get("taxable", True) if variant else given.get("taxable", True),
        "isGiftCard": bool(product.get("isGiftCard")),
        "weight": dict(weight) if weight else None,
        "customAttributes": [dict(pair) for pair in given.get("customAttributes") or []],
        "priceOverride": dict(override) or None,
        "_price": str(amount or "0"),
        "_discount": dict(given["appliedDiscount"]) if given.get("appliedDiscount") else None,
    }


def blank(shop: Shop) -> Record:
    return {
        "status": "OPEN",
        "currencyCode": shop.currency,
        "presentmentCurrencyCode": shop.currency,
        "email": None,
        "phone": None,
        "note2": None,
        "tags": [],
        "taxesIncluded": False,
        "marketName": "Primary market",
        "_lines": [],
    }


def _shipping(given: Args | None, shop: Shop) -> Record | None:
    if not given:
        return None
    amount = (given.get("priceWithCurrency") or {}).get("amount", given.get("price"))
    return {
        "id": shop.new_id("ShippingLine"),
        "title": given.get("title") or "Shipping",
        "code": "custom",
        "quantity": 1,
        "_price": str(amount or "0"),
    }


# What an input's value becomes on the draft: under which name, made how.
CHANGES: dict[str, tuple[str, Callable[[Any, Shop], Any]]] = {
    "email": ("email", lambda value, _shop: text.email(value)),
    "phone": ("phone", lambda value, _shop: text.phone(value)),
    "note": ("note2", lambda value, _shop: value),
    "tags": ("tags", lambda value, _shop: text.tags(value or [])),
    "customAttributes": ("customAttributes", lambda value, _shop: [dict(pair) for pair in value or []]),
    "lineItems": ("_lines", lambda value, shop: [_line(row, shop) for row in value or []]),
    "appliedDiscount": ("_discount", lambda value, _shop: dict(value) if value else None),
    "shippingLine": ("_shipping", _shipping),
    "discountCodes": ("discountCodes", lambda value, _shop: list(value or [])),
}


def apply(draft: Record, given: Args, shop: Shop) -> None:
    """Write a DraftOrderInput onto a draft: what it leaves out stays."""
    draft.update({name: given[name] for name in COPIED if given.get(name) is not None})
    for name, (place, make) in CHANGES.items():
        if name in given:
            draft[place] = make(given[name], shop)
    for name, place in (("marketRegionCountryCode", "_region"), ("sourceName", "_source")):
        draft[place] = given.get(name) or draft.get(place)
    _people(draft, given, shop)


def _people(draft: Record, given: Args, shop: Shop) -> None:
    entity = given.get("purchasingEntity") or {}
    gid = given.get("customerId") or entity.get("customerId")
    if entity.get("purchasingCompany"):
        draft["_company"] = company_records.purchase(entity["purchasingCompany"], shop)
        gid = (shop.get((draft["_company"] or {}).get("contact")) or {}).get("customer")
    customer = shop.table("Customer").get(gid)
    if customer is not None:
        draft["customer"] = customer["id"]
        draft["email"] = draft.get("email") or customer.get("email")
        if given.get("useCustomerDefaultAddress"):
            held = next((row for row in customer["_addresses"] if row["id"] == customer.get("_defaultAddress")), None)
            for name in ("shippingAddress", "billingAddress"):
                draft[name] = dict(held) if held else None
    for name in ("shippingAddress", "billingAddress"):
        if name in given:
            blank_one = not given[name] or addresses.is_blank(given[name])
            draft[name] = None if blank_one else addresses.record(shop, given[name], owner="Address")


def add(shop: Shop, draft: Record) -> Record:
    """Keep a new draft under the next number."""
    stamp = shop.stamp()
    number = int(shop.settings.get("draft_orders", 0)) + 1
    shop.settings["draft_orders"] = number
    draft.update(id=shop.new_id(KIND), name=f"#D{number}", _number=number, _token=uuid.uuid4().hex)
    draft.update(createdAt=stamp, updatedAt=stamp)
    shop.table(KIND).put(draft)
    shop.emit("draft_orders/create", draft)
    return draft


def changed(shop: Shop, draft: Record) -> None:
    shop.touch(draft)
    shop.table(KIND).put(draft)
    shop.emit("draft_orders/update", draft)


@mutation("draftOrderCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _problems(given, shop, [], lines=True):
        return {"draftOrder": None, "userErrors": errors}
    draft = blank(shop)
    apply(draft, given, shop)
    add(shop, draft)
    if errors := metafields.write_metafields(ctx, draft, given.get("metafields") or []):
        shop.table(KIND).remove(draft["id"])
        return {"draftOrder": None, "userErrors": errors}
    _agree_on_terms(draft, given, shop)
    return {"draftOrder": draft, "userErrors": []}


def _agree_on_terms(draft: Record, given: Args, shop: Shop) -> None:
    if given.get("paymentTerms"):
        payment_terms.give(draft, given["paymentTerms"], shop)


@mutation("draftOrderCalculate")
def calculate(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _problems(given, shop, [], lines=True):
        return {"calculatedDraftOrder": None, "userErrors": errors}
    draft = blank(shop)
    apply(draft, given, shop)
    return {"calculatedDraftOrder": draft, "userErrors": []}


@mutation("draftOrderUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    draft = shop.table(KIND).get(args["id"])
    if draft is None:
        return {"draftOrder": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    if draft["status"] == "COMPLETED":
        return {"draftOrder": None, "userErrors": [user_error(None, "This order has been paid")]}
    errors = _problems(given, shop, ["input"], lines="lineItems" in given)
    errors = errors or metafields.write_metafields(
        ctx, draft, given.get("metafields") or [], at=("input", "metafields")
    )
    if errors:
        return {"draftOrder": None, "userErrors": errors}
    apply(draft, given, shop)
    _agree_on_terms(draft, given, shop)
    changed(shop, draft)
    return {"draftOrder": draft, "userErrors": []}


@mutation("draftOrderDelete")
def delete(args: Args, ctx: Context) -> Record:
    draft = ctx.shop.table(KIND).remove(args["input"]["id"])
    if draft is None:
        return {"deletedId": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    metafields.drop_of(ctx.shop, draft["id"])
    ctx.shop.emit("draft_orders/delete", draft)
    return {"deletedId": draft["id"], "userErrors": []}


KEPT = ("id", "name", "status", "createdAt", "updatedAt", "completedAt", "invoiceSentAt", "order")


@mutation("draftOrderDuplicate")
def duplicate(args: Args, ctx: Context) -> Record:
    draft = ctx.shop.table(KIND).get(args.get("id") or args.get("draftOrderId"))
    if draft is None:
        return {"draftOrder": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    copy = {name: value for name, value in draft.items() if name not in KEPT}
    copy["status"] = "OPEN"
    copy["_lines"] = [_again(line, ctx.shop) for line in draft["_lines"]]
    return {"draftOrder": add(ctx.shop, copy), "userErrors": []}


def _again(line: Record, shop: Shop) -> Record:
    return {**line, "id": shop.new_id(draft_orders.LINE), "uuid": str(uuid.uuid4())}


@mutation("draftOrderCreateFromOrder")
def from_order(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    order = shop.table("Order").get(args["orderId"])
    if order is None:
        return {"draftOrder": None, "userErrors": [user_error(["orderId"], "Order does not exist")]}
    draft = blank(shop)
    lines = [
        {
            "variantId": line.get("variant"),
            "title": line["title"],
            "quantity": line["quantity"],
            "originalUnitPrice": str(money.read(line["_price"]).shop),
            "sku": line.get("sku"),
            "requiresShipping": line.get("requiresShipping"),
            "taxable": line.get("taxable"),
        }
        for line in order_parts.lines(shop, order)
    ]
    apply(draft, {"lineItems": lines, "customerId": order.get("customer"), "email": order.get("email")}, shop)
    for name in ("shippingAddress", "billingAddress"):
        draft[name] = order.get(name)
    return {"draftOrder": add(shop, draft), "userErrors": []}


# invoices


@mutation("draftOrderInvoiceSend")
def send_invoice(args: Args, ctx: Context) -> Record:
    draft = ctx.shop.table(KIND).get(args["id"])
    if draft is None:
        return {"draftOrder": None, "userErrors": [user_error(None, "Draft order not found")]}
    if message := _invoice_problem(draft, args.get("email") or {}):
        return {"draftOrder": draft, "userErrors": [user_error(None, message)]}
    draft.update(status="INVOICE_SENT", invoiceSentAt=ctx.shop.stamp())
    changed(ctx.shop, draft)
    return {"draftOrder": draft, "userErrors": []}


def _invoice_problem(draft: Record, email: Args) -> str | None:
    if draft["status"] == "COMPLETED":
        return "Draft order Invoice can't be sent. This draft order is already paid."
    to = email.get("to") or draft.get("email")
    if not to:
        return "To can't be blank"
    return None if text.valid_email(text.email(to) or "") else "To is invalid"


@mutation("draftOrderInvoicePreview")
def preview_invoice(args: Args, ctx: Context) -> Record:
    draft = ctx.shop.table(KIND).get(args["id"])
    if draft is None:
        return {"previewHtml": None, "previewSubject": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    subject = (args.get("email") or {}).get("subject") or f"Invoice {draft['name']}"
    html = f"<html><body><h1>{subject}</h1><p>Complete your purchase</p></body></html>"
    return {"previewHtml": html, "previewSubject": subject, "userErrors": []}


# completing


@mutation("draftOrderComplete")
def complete(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    draft = shop.table(KIND).get(args["id"])
    if draft is None:
        return {"draftOrder": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    if draft["status"] == "COMPLETED":
        return {"draftOrder": None, "userErrors": [user_error(None, "This order has been paid")]}
    if args.get("paymentGatewayId"):
        return {"draftOrder": None, "userErrors": [user_error(None, "Invalid payment gateway")]}
    order = _order(draft, args, shop)
    draft.update(status="COMPLETED", completedAt=shop.stamp(), order=order["id"])
    changed(shop, draft)
    return {"draftOrder": draft, "userErrors": []}


def _order(draft: Record, args: Args, shop: Shop) -> Record:
    """The order that a draft becomes, paid by hand or still to be paid."""
    source = args.get("sourceName") or "shopify_draft_order"
    order = order_creation.blank(shop, {"sourceName": source, "email": draft.get("email"), "tags": draft["tags"]})
    order.update(note=draft.get("note2"), customer=draft.get("customer"), poNumber=draft.get("poNumber"))
    order["_company"] = draft.get("_company")
    for name in ("shippingAddress", "billingAddress", "customAttributes"):
        if draft.get(name):
            order[name] = draft[name]
    lines = [order_creation.line_record(shop, order, _order_line(line)) for line in draft["_lines"]]
    _discounts(order, lines, draft)
    order["_lines"] = [line["id"] for line in lines]
    order["_shipping"] = [dict(draft["_shipping"])] if draft.get("_shipping") else []
    order_creation.store(shop, order, lines)
    payment_terms.hand_over(draft, order, shop)
    later = args.get("paymentPending") or payment_terms.of_owner(draft["id"], shop) is not None
    status = "PENDING" if later else "SUCCESS"
    payments.add(shop, order, "SALE", draft_orders.price(draft), gateway="manual", status=status)
    fulfillment_orders.create_for(shop, order, lines)
    events.note(shop, "create", order)
    shop.emit("orders/create", order)
    order_creation.announce(shop, order)
    return order


def _order_line(line: Record) -> Args:
    return {
        "variantId": line["variant"],
        "title": line["title"],
        "variantTitle": line["variantTitle"],
        "quantity": line["quantity"],
        "sku": line["sku"],
        "requiresShipping": line["requiresShipping"],
        "taxable": line["taxable"],
        "priceSet": {"shopMoney": {"amount": line["_price"]}},
        "properties": [{"name": pair["key"], "value": pair["value"]} for pair in line["customAttributes"]],
    }


def _discounts(order: Record, lines: list[Record], draft: Record) -> None:
    """Each line's own discount, and the draft's spread over all of them."""
    for line, source in zip(lines, draft["_lines"], strict=True):
        if source.get("_discount"):
            off = draft_orders.line_off(source, draft)
            line["_discounts"] = [[_note(order, source["_discount"], "EACH", "EXPLICIT"), money.kept(off)]]
    if draft.get("_discount"):
        index = _note(order, draft["_discount"], "ACROSS", "ALL")
        left: list[Decimal] = [
            draft_orders.line_total(line).minus(draft_orders.line_off(line, draft)).shop for line in draft["_lines"]
        ]
        shares = money.spread(draft_orders.order_off(draft), left, draft_orders.digits(draft))
        for line, share in zip(lines, shares, strict=True):
            line.setdefault("_discounts", []).append([index, money.kept(share)])


def _note(order: Record, given: Record, method: str, selection: str) -> int:
    value = Decimal(str(given["value"]))
    percent = given["valueType"] == "PERCENTAGE"
    held = {
        "__typename": "ManualDiscountApplication",
        "title": given.get("title") or "Custom discount",
        "description": given.get("description"),
        "allocationMethod": method,
        "targetSelection": selection,
        "targetType": "LINE_ITEM",
        "percentage": float(value) if percent else None,
        "_amount": None if percent else money.kept(Bag(value, value)),
    }
    order.setdefault("_discounts", []).append(held)
    return len(order["_discounts"]) - 1


# many at once


def _meant(args: Args, ctx: Context) -> list[Record]:
    """The drafts named by id, or found by a search."""
    if args.get("ids") is not None:
        return [draft for gid in args["ids"] if (draft := ctx.shop.table(KIND).get(gid)) is not None]
    query = args.get("search") or (ctx.shop.table("SavedSearch").get(args.get("savedSearchId")) or {}).get("query")
    return found(Listing(KIND, ctx.shop.table(KIND)), {"query": query}, ctx)


def _bulk(args: Args, ctx: Context, change: Callable[[Record], Any]) -> Record:
    for draft in _meant(args, ctx):
        change(draft)
    return {"job": {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False, "query": None}, "userErrors": []}


@mutation("draftOrderBulkAddTags")
def add_tags(args: Args, ctx: Context) -> Record:
    return _bulk(args, ctx, lambda draft: draft.update(tags=text.tags([*draft["tags"], *args["tags"]])))


@mutation("draftOrderBulkRemoveTags")
def remove_tags(args: Args, ctx: Context) -> Record:
    gone = {tag.lower() for tag in text.tags(args["tags"])}
    return _bulk(args, ctx, lambda draft: draft.update(tags=[tag for tag in draft["tags"] if tag.lower() not in gone]))


@mutation("draftOrderBulkDelete")
def delete_many(args: Args, ctx: Context) -> Record:
    return _bulk(args, ctx, lambda draft: ctx.shop.table(KIND).remove(draft["id"]))
