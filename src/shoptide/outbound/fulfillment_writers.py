"""Writes fulfillments: an order's open work found, its lines chosen by SKU or id, sent location by location."""

from __future__ import annotations

import json
from typing import Any

from shoptide.outbound import lookup
from shoptide.outbound.session import Session, refused
from shoptide.outbound.writers import Values, gone_is_fine

ORDER = """query($id: ID!) { order(id: $id) { id name cancelledAt
  fulfillments { id status trackingInfo { number } }
  fulfillmentOrders(first: 50) { nodes { id status supportedActions { action }
    assignedLocation { location { id } name }
    lineItems(first: 100) { nodes { id remainingQuantity lineItem { id sku } } } } } } }"""
CLOSED = ("CLOSED", "CANCELLED")


def order_gid(session: Session, given: str) -> str:
    """The order a row names: by gid, number or name."""
    text = str(given).strip()
    if text.startswith("gid://"):
        return text
    if text.isdigit() and len(text) > 8:
        return f"gid://shopify/Order/{text}"
    hits = lookup.by_way(session, lookup.ORDER_NAME, {"order": text})["order"]
    if len(hits) != 1:
        raise refused(f"{'no' if not hits else len(hits)} order is named {text}", "order")
    return hits[0]


def read_order(session: Session, gid: str) -> Values:
    found = session.query(ORDER, {"id": gid})["order"]
    if found is None:
        raise refused(f"there is no order {gid}", "order")
    order: Values = found
    return order


def tracking(values: Values) -> Values:
    """Tracking numbers as the store takes them: one number and URL, or several."""
    info: Values = {}
    for name, one, many in (("number", "trackingNumber", "trackingNumbers"), ("url", "trackingUrl", "trackingUrls")):
        if values.get(many):
            info[f"{name}s"] = values[many]
        elif values.get(one):
            info[name] = values[one]
    if values.get("trackingCompany"):
        info["company"] = values["trackingCompany"]
    return info


def numbers(values: Values) -> set[str]:
    return set(values.get("trackingNumbers") or ([values["trackingNumber"]] if values.get("trackingNumber") else []))


def create_fulfillment(session: Session, _key: str, values: Values) -> str:
    if not values.get("order"):
        raise refused("names no order", "order")
    order = read_order(session, order_gid(session, values["order"]))
    made = None
    for group in groups(order, lines_wanted(values)):
        fulfillment: Values = {
            "lineItemsByFulfillmentOrder": group,
            "notifyCustomer": bool(values.get("notifyCustomer")),
        }
        if info := tracking(values):
            fulfillment["trackingInfo"] = info
        payload = session.mutate("fulfillmentCreate", {"fulfillment": fulfillment}, "fulfillment { id }")
        made = made or str(payload["fulfillment"]["id"])
    assert made is not None  # noqa: S101  # groups() refuses when there is nothing to fulfil
    event(session, made, values)
    return made


def lines_wanted(values: Values) -> list[tuple[str, int | None]] | None:
    """What to fulfil: (SKU or line item gid, quantity or all of it); None for all that remains."""
    given = values.get("lineItems")
    if given in (None, "", "null"):
        return None
    found: Any = json.loads(given) if isinstance(given, str) else given
    wanted: list[tuple[str, int | None]] = []
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, str):
            wanted.append((each, None))
            continue
        name = each.get("sku") or each.get("id") or each.get("lineItemId") or each.get("line_item_id")
        if not name:
            raise refused("each line needs a sku or the id of a line item", "lineItems")
        text = str(name)
        gid = f"gid://shopify/LineItem/{text}" if text.isdigit() and not each.get("sku") else text
        wanted.append((gid, each.get("quantity")))
    return wanted


def groups(order: Values, wanted: list[tuple[str, int | None]] | None) -> list[list[Values]]:
    """Fulfillment order lines to send, a list for each location; raises Refused with the reason when there are none."""
    open_orders = [each for each in order["fulfillmentOrders"]["nodes"] if _can_fulfil(each)]
    left = [dict(line, order=each) for each in open_orders for line in each["lineItems"]["nodes"]]
    chosen = _all(left) if wanted is None else _picked(left, wanted)
    if not chosen:
        raise refused(_why_nothing(order), "order", blocked=True)
    by_location: dict[str, dict[str, list[Values]]] = {}
    for line, quantity in chosen:
        place = (line["order"]["assignedLocation"]["location"] or {}).get("id") or line["order"]["assignedLocation"][
            "name"
        ]
        lines = by_location.setdefault(place, {}).setdefault(line["order"]["id"], [])
        lines.append({"id": line["id"], "quantity": quantity})
    return [
        [{"fulfillmentOrderId": gid, "fulfillmentOrderLineItems": lines} for gid, lines in orders.items()]
        for orders in by_location.values()
    ]


def _can_fulfil(fulfillment_order: Values) -> bool:
    actions = {each["action"] for each in fulfillment_order["supportedActions"]}
    return "CREATE_FULFILLMENT" in actions and fulfillment_order["status"] not in CLOSED


def _all(left: list[Values]) -> list[tuple[Values, int]]:
    return [(line, line["remainingQuantity"]) for line in left if line["remainingQuantity"] > 0]


def _picked(left: list[Values], wanted: list[tuple[str, int | None]]) -> list[tuple[Values, int]]:
    chosen = []
    for name, quantity in wanted:
        lines = [line for line in left if name in (line["lineItem"]["sku"], line["lineItem"]["id"])]
        remaining = sum(line["remainingQuantity"] for line in lines)
        needed = remaining if quantity is None else int(quantity)
        if needed <= 0 or needed > remaining:
            raise refused(f"{name}: {needed} asked for, {remaining} left to fulfil", "lineItems")
        for line in lines:
            part = min(needed, line["remainingQuantity"])
            if part > 0:
                chosen.append((line, part))
                needed -= part
    return chosen


def _why_nothing(order: Values) -> str:
    states = sorted({each["status"] for each in order["fulfillmentOrders"]["nodes"]})
    if order["cancelledAt"]:
        return f"order {order['name']} is cancelled"
    if "ON_HOLD" in states:
        return f"order {order['name']} is on hold"
    return f"order {order['name']} has nothing left to fulfil"


def update_fulfillment(session: Session, gid: str, values: Values) -> str:
    if info := tracking(values):
        variables = {
            "fulfillmentId": gid,
            "trackingInfoInput": info,
            "notifyCustomer": bool(values.get("notifyCustomer")),
        }
        session.mutate("fulfillmentTrackingInfoUpdate", variables, "fulfillment { id }")
    event(session, gid, values)
    return gid


def event(session: Session, gid: str, values: Values) -> None:
    if values.get("status"):
        given = {"fulfillmentId": gid, "status": values["status"]}
        session.mutate("fulfillmentEventCreate", {"fulfillmentEvent": given}, "fulfillmentEvent { id }")


def delete_fulfillment(session: Session, gid: str) -> None:
    gone_is_fine(lambda: session.mutate("fulfillmentCancel", {"id": gid}, "fulfillment { id }"), "not found")


def find_fulfillment(session: Session, values: Values) -> str | None:
    """The fulfillment that a row's order has already: with the row's tracking number, else the only one there is."""
    if not values.get("order"):
        raise refused("names no order", "order")
    order = read_order(session, order_gid(session, values["order"]))
    alive = [each for each in order["fulfillments"] if each["status"] != "CANCELLED"]
    wanted = numbers(values)
    same = [each for each in alive if wanted & {info["number"] for info in each["trackingInfo"]}]
    if same:
        return str(same[0]["id"])
    open_left = any(_can_fulfil(each) for each in order["fulfillmentOrders"]["nodes"])
    return str(alive[0]["id"]) if len(alive) == 1 and not open_left else None
