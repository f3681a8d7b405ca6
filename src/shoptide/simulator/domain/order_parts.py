"""An order's parts: lines, transactions, refunds, fulfillments, fulfillment orders, returns. Registers nothing.

Parts are records of their own tables that name their order in `_order`; the order lists its lines and shipping lines
itself, because every figure of an order starts from them.
"""

from __future__ import annotations

from shoptide.simulator.shop import Record, Shop, Table

PARTS = ("OrderTransaction", "Refund", "Fulfillment", "FulfillmentOrder", "Return")
OPEN_WORK = frozenset({"OPEN", "IN_PROGRESS", "SCHEDULED", "ON_HOLD", "INCOMPLETE"})


def _order(record: Record) -> str | None:
    gid: str | None = record.get("_order")
    return gid


def part_table(shop: Shop, kind: str) -> Table:
    found = shop.table(kind)
    found.add_index("order", _order)
    return found


def parts(shop: Shop, order: Record, kind: str) -> list[Record]:
    return part_table(shop, kind).by("order", order["id"])


def lines(shop: Shop, order: Record) -> list[Record]:
    table = shop.table("LineItem")
    return [line for gid in order["_lines"] if (line := table.get(gid)) is not None]


def order_of(shop: Shop, part: Record) -> Record:
    order = shop.table("Order").get(part["_order"])
    if order is None:
        raise LookupError(f"{part['id']} outlived its order {part['_order']}")
    return order


def transactions(shop: Shop, order: Record) -> list[Record]:
    return parts(shop, order, "OrderTransaction")


def refunds(shop: Shop, order: Record) -> list[Record]:
    return parts(shop, order, "Refund")


def fulfillments(shop: Shop, order: Record) -> list[Record]:
    return parts(shop, order, "Fulfillment")


def fulfillment_orders(shop: Shop, order: Record) -> list[Record]:
    return parts(shop, order, "FulfillmentOrder")


def returns(shop: Shop, order: Record) -> list[Record]:
    return parts(shop, order, "Return")


def refunded_quantities(shop: Shop, order: Record) -> dict[str, int]:
    """Refunded pieces by line."""
    found: dict[str, int] = {}
    for refund in refunds(shop, order):
        for row in refund["_lines"]:
            found[row["line"]] = found.get(row["line"], 0) + row["quantity"]
    return found


def fulfilled_quantities(shop: Shop, order: Record) -> dict[str, int]:
    """Fulfilled pieces by line, cancelled fulfillments aside."""
    found: dict[str, int] = {}
    for fulfillment in fulfillments(shop, order):
        if fulfillment["status"] == "SUCCESS":
            for row in fulfillment["_lines"]:
                found[row["line"]] = found.get(row["line"], 0) + row["quantity"]
    return found


def waiting_quantities(shop: Shop, order: Record, *, held: bool = True) -> dict[str, int]:
    """Pieces still to be fulfilled, by line; without those on hold if so wanted."""
    found: dict[str, int] = {}
    for work in fulfillment_orders(shop, order):
        if work["status"] not in OPEN_WORK or (work["status"] == "ON_HOLD" and not held):
            continue
        for row in work["_lines"]:
            found[row["line"]] = found.get(row["line"], 0) + row["remaining"]
    return found


def drop(shop: Shop, order: Record) -> None:
    """Take an order with all its parts out of the shop."""
    for kind in PARTS:
        for part in parts(shop, order, kind):
            part_table(shop, kind).remove(part["id"])
    for work in [row for row in shop.table("ReverseFulfillmentOrder") if row["_order"] == order["id"]]:
        shop.table("ReverseFulfillmentOrder").remove(work["id"])
        for delivery in [row for row in shop.table("ReverseDelivery") if row["_work"] == work["id"]]:
            shop.table("ReverseDelivery").remove(delivery["id"])
    for edit in [row for row in shop.table("CalculatedOrder") if row["_order"] == order["id"]]:
        shop.table("CalculatedOrder").remove(edit["id"])
    for gid in order["_lines"]:
        shop.table("LineItem").remove(gid)
    shop.table("Order").remove(order["id"])
