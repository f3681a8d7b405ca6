"""Fulfillment orders: the work an order gives to a location; how they come to be and how the API shows them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money, order_parts
from shoptide.simulator.domain.order_lines import line_image, shipping_line
from shoptide.simulator.domain.order_totals import grams, line_discounted
from shoptide.simulator.registry import Args, Listing, TopLevelError, field, root
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, kind_of, stamp_of, tail_of

KIND = "FulfillmentOrder"
LINE = "FulfillmentOrderLineItem"
HOLD_REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Awaiting return items",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "ONLINE_STORE_POST_PURCHASE_CROSS_SELL": "Online store post purchase cross sell",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}


# coming to be


def assigned_location(shop: Shop, line: Record) -> str | None:
    """Where a line is fulfilled from: where its variant is stocked, else the first place that ships online orders."""
    online = [
        row for row in shop.table("Location") if row.get("isActive", True) and row.get("fulfillsOnlineOrders", True)
    ]
    variant = shop.get(line.get("variant"))
    item = shop.get(variant.get("_item")) if variant else None
    if item:
        stocked = item.get("_levels") or {}
        fitting = [
            row["id"] for row in online if (stocked.get(row["id"]) or {}).get("available", 0) >= line["quantity"]
        ]
        fitting = fitting or [row["id"] for row in online if row["id"] in stocked]
        if fitting:
            return str(fitting[0])
    first = next(iter(online), None) or next(iter(shop.table("Location")), None)
    return first["id"] if first else None


def hour_of(moment: datetime) -> str:
    return stamp_of(moment.replace(minute=0, second=0, microsecond=0))


def create_for(shop: Shop, order: Record, lines: list[Record], moment: str | None = None) -> list[Record]:
    """One fulfillment order for each location and way of delivery that the lines need."""
    groups: dict[tuple[str | None, str], list[Record]] = {}
    for line in lines:
        way = "SHIPPING" if line.get("requiresShipping", True) else "NONE"
        groups.setdefault((assigned_location(shop, line), way), []).append(line)
    return [
        create(shop, order, location, [(line["id"], line["quantity"]) for line in members], way=way, moment=moment)
        for (location, way), members in groups.items()
    ]


def create(
    shop: Shop,
    order: Record,
    location: str | None,
    pieces: list[tuple[str, int]],
    *,
    way: str = "SHIPPING",
    moment: str | None = None,
    like: Record | None = None,
) -> Record:
    """Write a fulfillment order for pieces of lines; `like` another one in all but these."""
    stamp = moment or shop.stamp()
    record: Record = {
        "id": shop.new_id(KIND),
        "_order": order["id"],
        "status": "OPEN",
        "requestStatus": "UNSUBMITTED",
        "_location": location,
        "_way": like["_way"] if like else way,
        "createdAt": stamp,
        "updatedAt": stamp,
        "fulfillAt": like.get("fulfillAt") if like else f"{stamp[:14]}00:00Z",
        "_lines": [
            {"id": shop.new_id(LINE), "line": line, "total": quantity, "remaining": quantity}
            for line, quantity in pieces
        ],
    }
    if like and like.get("fulfillBy"):
        record["fulfillBy"] = like["fulfillBy"]
    return order_parts.part_table(shop, KIND).put(record)


def note_change(shop: Shop, record: Record, topic: str | None = None, **facts: Any) -> None:
    """Note a change; `facts` of it go to those who listen to its topic."""
    shop.touch(record)
    order_parts.part_table(shop, KIND).put(record)
    if topic:
        shop.emit(f"fulfillment_orders/{topic}", record, **facts)


def settle(shop: Shop, record: Record) -> None:
    """The state that follows from what remains: closed when all is done, in progress when some of it is."""
    remaining = sum(row["remaining"] for row in record["_lines"])
    whole = sum(row["total"] for row in record["_lines"])
    if remaining == 0:
        record["status"] = "CLOSED"
    elif remaining < whole and record["status"] == "OPEN":
        record["status"] = "IN_PROGRESS"
    note_change(shop, record)


def take_back(shop: Shop, order: Record, line: str, quantity: int) -> int:
    """Take unfulfilled pieces of a line off the order's fulfillment orders (a refund does); returns how many."""
    left = quantity
    for record in order_parts.fulfillment_orders(shop, order):
        if record["status"] not in order_parts.OPEN_WORK or not left:
            continue
        for row in record["_lines"]:
            taken = min(left, row["remaining"]) if row["line"] == line else 0
            row["remaining"] -= taken
            row["total"] -= taken
            left -= taken
        record["_lines"] = [row for row in record["_lines"] if row["total"] > 0] or record["_lines"]
        settle(shop, record)
    return quantity - left


# finding them


def named(gid: str, ctx: Context, *, zero: str = "Invalid id: {}") -> Record | None:
    """The fulfillment order of an argument; an id that can be none fails the whole field."""
    if kind_of(gid) != KIND:
        raise TopLevelError("RESOURCE_NOT_FOUND", f"Invalid id: {gid}")
    if tail_of(gid) == "0":
        raise TopLevelError("RESOURCE_NOT_FOUND", zero.format(gid))
    return ctx.shop.table(KIND).get(gid)


@root("fulfillmentOrder")
def fulfillment_order(args: Args, ctx: Context) -> Record | None:
    return by_id(args["id"], KIND, ctx)


@root("fulfillmentOrders")
def fulfillment_orders(args: Args, ctx: Context) -> Listing:
    rows = ctx.shop.table(KIND).all()
    if not args.get("includeClosed"):
        rows = [row for row in rows if row["status"] != "CLOSED"]
    return Listing(kind=KIND, records=rows, root="fulfillmentOrders")


@root("assignedFulfillmentOrders")
def assigned(args: Args, ctx: Context) -> Listing:
    """Work assigned to the app's own fulfillment service: none, unless a request was sent to one."""
    wanted = {
        "CANCELLATION_REQUESTED": {"CANCELLATION_REQUESTED"},
        "FULFILLMENT_REQUESTED": {"SUBMITTED"},
        "FULFILLMENT_ACCEPTED": {"ACCEPTED"},
        "FULFILLMENT_UNSUBMITTED": {"UNSUBMITTED"},
    }.get(args.get("assignmentStatus") or "")
    places = set(args.get("locationIds") or [])
    services = {row["id"] for row in ctx.shop.table("Location") if row.get("isFulfillmentService")}
    rows = [
        row
        for row in ctx.shop.table(KIND)
        if row["_location"] in services
        and (not places or row["_location"] in places)
        and (wanted is None or row["requestStatus"] in wanted)
    ]
    return Listing(kind=KIND, records=rows, root="fulfillmentOrders")


@root("manualHoldsFulfillmentOrders")
def on_hold(_args: Args, ctx: Context) -> Listing:
    rows = [row for row in ctx.shop.table(KIND) if row["status"] == "ON_HOLD"]
    return Listing(kind=KIND, records=rows, root="fulfillmentOrders")


# showing them


@field(KIND, "order")
def order(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "orderId")
def order_id(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_order"])


@field(KIND, "orderName")
def order_name(record: Record, _args: Args, ctx: Context) -> str:
    return str(order_parts.order_of(ctx.shop, record)["name"])


@field(KIND, "orderProcessedAt")
def order_processed_at(record: Record, _args: Args, ctx: Context) -> str:
    return str(order_parts.order_of(ctx.shop, record)["processedAt"])


@field(KIND, "assignedLocation")
def assigned_place(record: Record, _args: Args, ctx: Context) -> Record:
    location = ctx.shop.get(record["_location"]) or {}
    address = location.get("address") or {}
    return {
        "name": location.get("name", ""),
        "location": record["_location"],
        "address1": address.get("address1"),
        "address2": address.get("address2"),
        "city": address.get("city"),
        "countryCode": address.get("countryCode") or "CA",
        "phone": address.get("phone"),
        "province": address.get("province"),
        "zip": address.get("zip"),
    }


@field(KIND, "destination")
def destination(record: Record, _args: Args, ctx: Context) -> Record | None:
    found = order_parts.order_of(ctx.shop, record)
    address = found.get("shippingAddress")
    if not address:
        return None
    names = ("address1", "address2", "city", "company", "firstName", "lastName", "phone", "province", "zip")
    return {
        **{name: address.get(name) for name in names},
        "id": f"gid://shopify/FulfillmentOrderDestination/{tail_of(record['id'])}",
        "countryCode": address.get("countryCodeV2"),
        "email": found.get("email"),
        "location": None,
    }


@field(KIND, "deliveryMethod")
def delivery_method(record: Record, _args: Args, ctx: Context) -> Record:
    found = order_parts.order_of(ctx.shop, record)
    line: Record = next(iter(found.get("_shipping", ())), {}) if record["_way"] == "SHIPPING" else {}
    return {
        "id": f"gid://shopify/DeliveryMethod/{tail_of(record['id'])}",
        "methodType": record["_way"],
        "presentedName": line.get("title"),
        "serviceCode": line.get("code"),
        "sourceReference": line.get("source"),
    }


def supported(record: Record, ctx: Context) -> list[str]:
    """What may be done with it now, in the store's order; REPORT_PROGRESS came with 2026-04."""
    progress = ["REPORT_PROGRESS"] if ctx.version >= "2026-04" else []
    pieces = sum(row["remaining"] for row in record["_lines"])
    split = ["SPLIT"] if pieces > 1 else []
    if record["requestStatus"] in ("SUBMITTED", "ACCEPTED"):
        return ["REQUEST_CANCELLATION"] if record["requestStatus"] == "ACCEPTED" else ["CANCEL_FULFILLMENT_ORDER"]
    if record["requestStatus"] == "CANCELLATION_REQUESTED":
        return []
    at_service = bool((ctx.shop.get(record["_location"]) or {}).get("isFulfillmentService"))
    request = ["REQUEST_FULFILLMENT"] if at_service else []
    match record["status"]:
        case "OPEN":
            merge = ["MERGE"] if _siblings(record, ctx) else []
            return [*request, "CREATE_FULFILLMENT", *progress, "MOVE", "HOLD", *split, *merge]
        case "IN_PROGRESS" if record.get("_reported"):
            return ["CREATE_FULFILLMENT", *progress, "HOLD", "MARK_AS_OPEN"]
        case "IN_PROGRESS":
            return ["CREATE_FULFILLMENT", *progress, "MOVE", "HOLD", *split]
        case "ON_HOLD":
            return ["RELEASE_HOLD", "HOLD", "MOVE"]
        case "SCHEDULED":
            return ["MARK_AS_OPEN", "MOVE"]
    return []


def _siblings(record: Record, ctx: Context) -> list[Record]:
    """Open fulfillment orders of the same order and place that it could be merged with."""
    rows = order_parts.parts(ctx.shop, {"id": record["_order"]}, KIND)
    return [row for row in rows if row is not record and row["status"] == "OPEN" and _kin(row) == _kin(record)]


def _kin(record: Record) -> tuple[Any, ...]:
    return (record["_location"], record["_way"], record.get("_splitFrom") or record["id"])


@field(KIND, "supportedActions")
def supported_actions(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [{"action": action, "externalUrl": None} for action in supported(record, ctx)]


@field(KIND, "fulfillmentOrdersForMerge")
def for_merge(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return _siblings(record, ctx) if record["status"] == "OPEN" else []


@field(KIND, "fulfillments")
def fulfillments(record: Record, _args: Args, ctx: Context) -> list[Record]:
    rows = order_parts.parts(ctx.shop, {"id": record["_order"]}, "Fulfillment")
    return [row for row in rows if record["id"] in row["_work"]]


@field(KIND, "fulfillmentHolds")
def holds(record: Record, _args: Args, ctx: Context) -> list[Record]:
    return [shown_hold(hold, ctx) for hold in record.get("_holds", ())]


def shown_hold(hold: Record, ctx: Context) -> Record:
    return {
        "id": hold["id"],
        "handle": hold.get("handle"),
        "reason": hold["reason"],
        "reasonNotes": hold.get("reasonNotes"),
        "displayReason": HOLD_REASONS[hold["reason"]],
        "heldByApp": {"id": ctx.app.id, "title": ctx.app.title, "handle": ctx.app.handle},
        "heldByRequestingApp": hold.get("app") == ctx.app.id,
    }


@field(KIND, "merchantRequests")
def requests(record: Record, args: Args, _ctx: Context) -> list[Record]:
    rows: list[Record] = record.get("_requests", [])
    return [row for row in rows if not args.get("kind") or row["kind"] == args["kind"]]


@field(KIND, "locationsForMove")
def locations_for_move(record: Record, _args: Args, ctx: Context) -> list[Record]:
    lines = line_items(record, {}, ctx)
    rows = []
    for location in ctx.shop.table("Location"):
        here = location["id"] == record["_location"]
        rows.append(
            {
                "location": location,
                "movable": not here and location.get("isActive", True),
                "message": "Current location." if here else None,
                "availableLineItems": [] if here else lines,
                "availableLineItemsCount": {"count": 0 if here else len(lines), "precision": "EXACT"},
                "unavailableLineItems": [],
                "unavailableLineItemsCount": {"count": 0, "precision": "EXACT"},
            }
        )
    return rows


@field(KIND, "remainingLineItemsWeight")
def remaining_weight(record: Record, _args: Args, ctx: Context) -> Record:
    table = ctx.shop.table("LineItem")
    whole = sum(grams(line) * row["remaining"] for row in record["_lines"] if (line := table.get(row["line"])))
    return {"value": whole, "unit": "GRAMS"}


# their lines


@field(KIND, "lineItems")
def line_items(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [
        {
            "id": row["id"],
            "lineItem": row["line"],
            "totalQuantity": row["total"],
            "remainingQuantity": row["remaining"],
        }
        for row in record["_lines"]
    ]


def _line(row: Record, ctx: Context) -> Record:
    return ctx.shop.table("LineItem").get(row["lineItem"]) or {}


@field(LINE, "productTitle")
def product_title(row: Record, _args: Args, ctx: Context) -> str:
    return str(_line(row, ctx).get("title", ""))


def _mirror(name: str) -> None:
    """A fulfillment order's line shows this of its line item."""

    def resolve(row: Record, _args: Args, ctx: Context) -> Any:
        return _line(row, ctx).get(name)

    field(LINE, name)(resolve)


for _name in ("sku", "variantTitle", "vendor", "variant", "weight"):
    _mirror(_name)


@field(LINE, "requiresShipping")
def requires_shipping(row: Record, _args: Args, ctx: Context) -> bool:
    return bool(_line(row, ctx).get("requiresShipping", True))


@field(LINE, "image")
def image(row: Record, args: Args, ctx: Context) -> Any:
    return line_image(_line(row, ctx), args, ctx)


@field(LINE, "inventoryItemId")
def inventory_item(row: Record, _args: Args, ctx: Context) -> str | None:
    variant = ctx.shop.get(_line(row, ctx).get("variant"))
    return variant.get("_item") if variant else None


@field(LINE, "originalUnitPriceSet")
def unit_price(row: Record, _args: Args, ctx: Context) -> Record:
    line = _line(row, ctx)
    return money.shown(money.read(line["_price"]), order_parts.order_of(ctx.shop, line))


@field(LINE, "financialSummaries")
def financial_summaries(row: Record, _args: Args, ctx: Context) -> list[Record]:
    line = _line(row, ctx)
    found = order_parts.order_of(ctx.shop, line)
    unit, discounted = money.read(line["_price"]), line_discounted(line).share(1, line["quantity"])
    return [
        {
            "originalUnitPriceSet": money.shown(unit, found),
            "approximateDiscountedUnitPriceSet": money.shown(discounted, found),
            "totalPriceSet": money.shown(discounted.times(row["totalQuantity"]), found),
            "quantity": row["totalQuantity"],
            "discountAllocations": [],
            "taxLines": [],
        }
    ]


@field(LINE, "shippingLine")
def shipping_line_of(row: Record, _args: Args, ctx: Context) -> Record | None:
    found = order_parts.order_of(ctx.shop, _line(row, ctx))
    return next((shipping_line(held, found) for held in found.get("_shipping", ())), None)
