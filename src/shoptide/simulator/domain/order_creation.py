"""orderCreate: from `OrderCreateOrderInput` to an order with its lines, payments, work and fulfillment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import (
    addresses,
    company_records,
    customers,
    events,
    fulfillment_orders,
    fulfillments,
    metafields,
    money,
    order_numbers,
    order_parts,
    payments,
    stock,
    text,
)
from shoptide.simulator.domain.money import Bag
from shoptide.simulator.domain.order_changes import bump_later
from shoptide.simulator.domain.order_creation_checks import problems
from shoptide.simulator.domain.order_states import fulfillment_status
from shoptide.simulator.domain.order_totals import line_discounted, line_original, totals
from shoptide.simulator.registry import Args, mutation
from shoptide.simulator.shop import Record, Shop

COPIED = ("poNumber", "sourceIdentifier", "closedAt", "note")


@mutation("orderCreate")
def create(args: Args, ctx: Context) -> Record:
    given, options, shop = args["order"], args.get("options") or {}, ctx.shop
    found = problems(ctx, given, options)
    if found:
        return {"order": None, "userErrors": found}
    order = blank(shop, given)
    lines = [line_record(shop, order, entry) for entry in given["lineItems"]]
    order["_lines"] = [line["id"] for line in lines]
    order["_shipping"] = [shipping_record(shop, entry) for entry in given.get("shippingLines") or []]
    discount(order, lines, given.get("discountCode") or {})
    tax(order, lines, given)
    wanted, found = metafields.check_inputs(given.get("metafields") or [], order["id"], ctx)
    if found:
        return {"order": None, "userErrors": [{**error, "field": ["order", *error["field"]]} for error in found]}
    store(shop, order, lines)
    for entry in wanted:
        metafields.put(shop, entry)
    order["customer"] = customer_for(shop, given)
    if given.get("companyLocationId"):
        order["_company"] = company_records.purchase_at(given["companyLocationId"], order["customer"], shop)
    shop.table("Order").put(order)
    events.note(shop, "create", order)
    shop.emit("orders/create", order)  # before its payments are told; listeners look when all is done
    _pay(shop, order, given)
    works = fulfillment_orders.create_for(shop, order, lines)
    if options.get("inventoryBehaviour", "BYPASS") != "BYPASS":
        for work in works:
            pieces = {row["line"]: row["total"] for row in work["_lines"]}
            stock.claim(shop, order, pieces, work["_location"])
    _fulfil(shop, order, works, given)
    announce(shop, order)
    bump_later(shop, order)
    return {"order": order, "userErrors": []}


# the order itself


def blank(shop: Shop, given: Args) -> Record:
    """An order with what its input says of it; lines, payments and work follow."""
    stamp = shop.stamp()
    number = order_numbers.next_number(shop)
    currency = given.get("currency") or shop.currency
    order: Record = {
        "id": shop.new_id("Order"),
        "_number": number,
        "name": given.get("name") or order_numbers.name(number),
        "confirmationNumber": order_numbers.confirmation(shop.random),
        "createdAt": stamp,
        "updatedAt": stamp,
        "processedAt": given.get("processedAt") or stamp,
        "currencyCode": currency,
        "email": text.email(given.get("email")),
        "phone": text.phone(given["phone"]) if given.get("phone") else None,
        "tags": text.tags(given.get("tags") or []),
        "sourceName": given.get("sourceName") or "shoptide",
        "_app": True,
        "_lines": [],
        "_shipping": [],
    }
    if given.get("presentmentCurrency") and given["presentmentCurrency"] != currency:
        order["presentmentCurrencyCode"] = given["presentmentCurrency"]
    order.update({name: given[name] for name in COPIED if given.get(name) is not None})
    for name, kept in (
        ("test", "test"),
        ("taxesIncluded", "taxesIncluded"),
        ("buyerAcceptsMarketing", "customerAcceptsMarketing"),
    ):
        if given.get(name):
            order[kept] = True
    if given.get("customAttributes"):
        order["customAttributes"] = [dict(pair) for pair in given["customAttributes"]]
    if given.get("sourceUrl"):
        order["registeredSourceUrl"] = given["sourceUrl"]
    if given.get("referringSite"):
        order["referrerUrl"] = given["referringSite"]
    for name in ("shippingAddress", "billingAddress"):
        if given.get(name) and not addresses.is_blank(given[name]):
            order[name] = addresses.record(shop, given[name], owner="Address")
    if given.get("financialStatus"):
        order["_financial"] = given["financialStatus"]
    return order


def store(shop: Shop, order: Record, lines: list[Record]) -> None:
    shop.table("Order").put(order)
    for line in lines:
        shop.table("LineItem").put(line)


# lines


def line_record(shop: Shop, order: Record, given: Args) -> Record:
    """A line as it is kept; what the input leaves out comes from its variant."""
    variant = shop.get(given.get("variantId")) or {}
    product = shop.get(variant.get("_product") or given.get("productId")) or {}
    item = shop.get(variant.get("_item")) or {}
    weight = given.get("weight") or item.get("_weight")
    line: Record = {
        "id": shop.new_id("LineItem"),
        "_order": order["id"],
        "title": given.get("title") or product.get("title") or "",
        "quantity": given["quantity"],
        "_price": money.given(given["priceSet"]) if given.get("priceSet") else str(variant.get("price") or "0"),
        "sku": given.get("sku") or variant.get("sku") or item.get("sku") or None,
        "requiresShipping": given.get("requiresShipping", item.get("requiresShipping", True)),
        "taxable": given.get("taxable", variant.get("taxable", True)),
    }
    facts = {
        "variant": variant.get("id"),
        "product": product.get("id"),
        "variantTitle": given.get("variantTitle") or _variant_title(variant),
        "vendor": given.get("vendor") or product.get("vendor"),
        "isGiftCard": bool(given.get("giftCard")) or None,
        "weight": dict(weight) if weight else None,
    }
    line.update({name: value for name, value in facts.items() if value})
    if given.get("properties"):
        line["customAttributes"] = [{"key": pair["name"], "value": pair["value"]} for pair in given["properties"]]
    if line["requiresShipping"] is None:
        line["requiresShipping"] = True
    return line


def _variant_title(variant: Record) -> str | None:
    values = list((variant.get("_values") or {}).values())
    title = " / ".join(values)
    return title if title and title != "Default Title" else None


def shipping_record(shop: Shop, given: Args) -> Record:
    record: Record = {
        "id": shop.new_id("ShippingLine"),
        "title": given["title"],
        "code": given.get("code") or given["title"],
        "source": given.get("source"),
        "quantity": 1,
        "_price": money.given(given["priceSet"]),
    }
    if given.get("taxLines"):
        record["_taxes"] = [tax_record(row, Bag(Decimal(0), Decimal(0))) for row in given["taxLines"]]
    return record


# taxes


def tax_record(given: Args, base: Bag) -> Record:
    """A tax line; without an amount its rate of `base`."""
    rate = given.get("rate")
    if given.get("priceSet"):
        price = money.given(given["priceSet"])
    else:
        part = Decimal(str(rate or 0))
        price = money.kept(Bag(money.rounded(base.shop * part), money.rounded(base.presentment * part)))
    record: Record = {"title": given["title"], "rate": None if rate is None else float(rate), "_price": price}
    if given.get("channelLiable") is not None:
        record["channelLiable"] = given["channelLiable"]
    return record


def tax(order: Record, lines: list[Record], given: Args) -> None:
    """Taxes of the whole order, or of its lines."""
    for line, entry in zip(lines, given["lineItems"], strict=True):
        if entry.get("taxLines"):
            line["_taxes"] = [tax_record(row, line_discounted(line)) for row in entry["taxLines"]]
    if given.get("taxLines"):
        base = money.total(line_discounted(line) for line in lines)
        order["_taxes"] = [tax_record(row, base) for row in given["taxLines"]]


# discounts


def discount(order: Record, lines: list[Record], given: Args) -> None:
    """Spread the one discount code an order can be created with over its lines, or over its shipping."""
    fixed, percent = given.get("itemFixedDiscountCode"), given.get("itemPercentageDiscountCode")
    free = given.get("freeShippingDiscountCode")
    if fixed:
        _apply(order, lines, fixed["code"], amount=money.read(money.given(fixed.get("amountSet"))))
    elif percent:
        _apply(order, lines, percent["code"], percentage=float(percent.get("percentage") or 0))
    elif free:
        application = _application(free["code"], "SHIPPING_LINE", percentage=100.0)
        order["_discounts"] = [application]
        for row in order["_shipping"]:
            row["_discounts"] = [[0, row["_price"]]]


def _application(code: str, target: str, **value: Any) -> Record:
    return {
        "__typename": "DiscountCodeApplication",
        "code": code,
        "allocationMethod": "ACROSS",
        "targetSelection": "ALL",
        "targetType": target,
        **value,
    }


def _apply(
    order: Record, lines: list[Record], code: str, *, amount: Bag | None = None, percentage: float | None = None
) -> None:
    items = money.total(line_original(line) for line in lines)
    digits = money.places(order["currencyCode"])
    if amount is None:
        part = Decimal(str(percentage)) / 100
        whole = Bag(money.rounded(items.shop * part, digits), money.rounded(items.presentment * part, digits))
        order["_discounts"] = [_application(code, "LINE_ITEM", percentage=percentage)]
    else:
        whole = amount.capped(items)
        order["_discounts"] = [_application(code, "LINE_ITEM", _amount=money.kept(amount))]
    shares = money.spread(whole, [line_original(line).shop for line in lines], digits)
    for line, share in zip(lines, shares, strict=True):
        if share.shop:
            line["_discounts"] = [[0, money.kept(share)]]


# customer


def customer_for(shop: Shop, given: Args) -> str | None:
    """The customer named, upserted, or known by the order's e-mail address or phone number."""
    wanted = given.get("customer") or {}
    associated, upserted = wanted.get("toAssociate") or {}, wanted.get("toUpsert")
    gid = given.get("customerId") or associated.get("id")
    if gid:
        return str(gid)
    if upserted is not None:
        return _upsert(shop, upserted)
    email = associated.get("email") or given.get("email")
    phone = given.get("phone")
    if not email and not phone:
        return None
    return _upsert(shop, {name: value for name, value in (("email", email), ("phone", phone)) if value})


def _upsert(shop: Shop, given: Args) -> str:
    known = shop.get(given.get("id")) or _by_contact(shop, given)
    if known is None:
        known = customers.applied(shop, customers.blank(shop), given)
        customers.table(shop).put(known)
        shop.emit("customers/create", known)
    elif set(given) - {"id", "email", "phone"}:
        customers.applied(shop, known, {name: value for name, value in given.items() if name != "id"})
        shop.touch(known)
        customers.table(shop).put(known)
        shop.emit("customers/update", known)
    return str(known["id"])


def _by_contact(shop: Shop, given: Args) -> Record | None:
    table = customers.table(shop)
    if given.get("email"):
        found = table.by("email", (text.email(given["email"]) or "").lower())
        if found:
            return found[0]  # type: ignore[no-any-return]  # a Table's record
    if given.get("phone"):
        return next(iter(table.by("phone", text.phone(given["phone"]))), None)
    return None


# payments and fulfillment


def _pay(shop: Shop, order: Record, given: Args) -> None:
    """The transactions given; captures and refunds refer to the first payment they can belong to."""
    written: list[Record] = []
    for entry in given.get("transactions") or []:
        kind = entry.get("kind") or "SALE"
        parents = {"CAPTURE": ("AUTHORIZATION",), "VOID": ("AUTHORIZATION",), "REFUND": ("SALE", "CAPTURE")}
        parent = next((row["id"] for row in written if row["kind"] in parents.get(kind, ())), None)
        record = payments.add(
            shop,
            order,
            kind,
            money.read(money.given(entry["amountSet"])),
            gateway=entry.get("gateway") or "",
            status=entry.get("status") or "SUCCESS",
            processedAt=entry.get("processedAt") or given.get("processedAt"),
            location=entry.get("locationId"),
            receiptJson=entry.get("receiptJson"),
            _parent=parent,
        )
        if entry.get("test"):
            record["test"] = True
        written.append(record)


def _fulfil(shop: Shop, order: Record, works: list[Record], given: Args) -> None:
    wanted = given.get("fulfillment")
    if not wanted and given.get("fulfillmentStatus") != "FULFILLED":
        return
    details = wanted or {}
    if details.get("locationId"):
        for work in works:
            work["_location"] = details["locationId"]
    tracking = {
        "company": details.get("trackingCompany"),
        "number": details.get("trackingNumber"),
        "numbers": details.get("trackingNumbers"),
    }
    shares = [(work, [(row, row["remaining"]) for row in work["_lines"]]) for work in works]
    if not shares:
        return
    record = fulfillments.fulfil(shop, order, shares, tracking, details.get("originAddress"))
    if details.get("shipmentStatus"):
        fulfillments.add_event(shop, record, {"status": details["shipmentStatus"]})


def announce(shop: Shop, order: Record) -> None:
    """Tell the states a new order is born in, after orders/create."""
    if shop.heeds("orders/paid") and totals(shop, order).financial_status == "PAID":
        shop.emit("orders/paid", order)
    if shop.heeds("orders/fulfilled") and fulfillment_status(shop, order) == "FULFILLED":
        shop.emit("orders/fulfilled", order)
    for work in order_parts.fulfillment_orders(shop, order):
        shop.emit("fulfillment_orders/order_routing_complete", work)
    if (customer := shop.get(order.get("customer"))) is not None:
        shop.emit("customers/purchasing_summary", customer)
