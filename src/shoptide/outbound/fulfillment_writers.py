"""Writes fulfillments: an order's open work found, sent location by location, its tracking and events kept up."""

from __future__ import annotations

from typing import Any

from shoptide.errors import ApiError
from shoptide.outbound import lookup, order_work
from shoptide.outbound.session import Refused, Session, UserError, refused, store_words
from shoptide.outbound.writers import Values, following, gone_is_fine
from shoptide.resources.objects import IDENTITY

LINES = "nodes { id sku remainingQuantity lineItem { id } } pageInfo { hasNextPage endCursor }"
WORK = f"""nodes {{ id status requestStatus fulfillAt supportedActions {{ action }}
    fulfillmentHolds {{ displayReason reasonNotes }} assignedLocation {{ location {{ id }} name }}
    lineItems(first: 20) {{ {LINES} }} }} pageInfo {{ hasNextPage endCursor }}"""
# Small pages: what is asked for is reserved from the shop's budget, though most orders have one piece of work.
ORDER = f"""query($id: ID!) {{ order(id: $id) {{ id name cancelledAt
  fulfillments(first: 50) {{ id status trackingInfo {{ number }}
    fulfillmentLineItems(first: 20) {{ nodes {{ quantity lineItem {{ id sku }} }} }} }}
  fulfillmentOrders(first: 5) {{ {WORK} }} }} }}"""
MORE_WORK = f"""query($id: ID!, $after: String) {{
  order(id: $id) {{ fulfillmentOrders(first: 20, after: $after) {{ {WORK} }} }} }}"""
MORE_LINES = f"""query($id: ID!, $after: String) {{
  fulfillmentOrder(id: $id) {{ lineItems(first: 250, after: $after) {{ {LINES} }} }} }}"""


# orders


def order_gid(session: Session, given: Any) -> str:
    """The order a row names: by gid, number, name, or the custom id that `match` says. Raises Refused."""
    text = str(given).strip()
    found = order_gids(session, [text]).get(text)
    if found is None:
        raise refused(f"no order is named {text}", "order")
    return found


OWNER = "query($id: ID!) { fulfillmentOrder(id: $id) { orderId } }"


def order_of(session: Session, values: Values) -> str:
    """The order of a row: the one it names, or the one that the fulfillment orders it names belong to."""
    if values.get("order"):
        return order_gid(session, values["order"])
    for each in values.get("lineItemsByFulfillmentOrder") or ():
        work = session.query(OWNER, {"id": each["fulfillmentOrderId"]})["fulfillmentOrder"]
        if work is None:
            raise refused(f"there is no fulfillment order {each['fulfillmentOrderId']}", "lineItemsByFulfillmentOrder")
        return str(work["orderId"])
    raise refused("names no order", "order")


def order_gids(session: Session, names: list[str]) -> dict[str, str]:
    """Orders by what rows call them, looked up together; those not found are left out. Raises Refused for several."""
    found = {name: gid for name in names if (gid := session.orders.get(name) or _said(name, session.push.match))}
    for way in _ways(session):
        missing = {name: name for name in names if name not in found}
        for name, hits in lookup.by_way(session, way, missing).items():
            if len(hits) > 1:
                raise refused(f"{len(hits)} orders are named {name}: {', '.join(hits)}", "order", blocked=True)
            if hits:
                found[name] = session.orders[name] = hits[0]
    return found


def _said(name: str, match: tuple[str, ...]) -> str | None:
    """A gid, or a number too long for an order's name, where no custom id is looked up."""
    if name.startswith("gid://"):
        return name
    plain = name.isdigit() and len(name) > 8 and not any("." in each for each in match)
    return f"gid://shopify/Order/{name}" if plain else None


def _ways(session: Session) -> list[lookup.Way]:
    wanted = [name for name in session.push.match if name not in IDENTITY] or ["order"]
    return [lookup.ORDER_NAME if name == "order" else lookup.custom("order", name) for name in wanted]


def read_order(session: Session, gid: str) -> Values:
    """An order with its fulfillments and all its open work."""
    order: Values | None = session.query(ORDER, {"id": gid})["order"]
    if order is None:
        raise refused(f"there is no order {gid}", "order")
    works = order["fulfillmentOrders"]
    while works["pageInfo"]["hasNextPage"]:
        after = works["pageInfo"]["endCursor"]
        more = session.query(MORE_WORK, {"id": gid, "after": after})["order"]["fulfillmentOrders"]
        works["nodes"] += more["nodes"]
        works["pageInfo"] = more["pageInfo"]
    for work in works["nodes"]:
        lines = work["lineItems"]
        while lines["pageInfo"]["hasNextPage"]:
            after = lines["pageInfo"]["endCursor"]
            more = session.query(MORE_LINES, {"id": work["id"], "after": after})["fulfillmentOrder"]["lineItems"]
            lines["nodes"] += more["nodes"]
            lines["pageInfo"] = more["pageInfo"]
    return order


def read_ahead(session: Session, gid: str) -> Values:
    """An order as it is before a row's parcel is made; the row's write need not read it again.

    Of several rows of an order only the first goes by it: each takes it away, and none reads while one writes.
    """
    with session.alone(gid):
        order = session.ahead[gid] = read_order(session, gid)
    return order


# tracking


def tracking(values: Values) -> Values:
    """Tracking numbers as the store takes them: one number and URL, or several."""
    info: Values = dict(values.get("trackingInfo") or {})
    for name, one, many in (("number", "trackingNumber", "trackingNumbers"), ("url", "trackingUrl", "trackingUrls")):
        several = values.get(many) or info.pop(f"{name}s", None) or []
        single = values.get(one) or info.pop(name, None)
        if len(several) > 1:
            info[f"{name}s"] = several
        elif several or single:
            info[name] = several[0] if several else single
    if values.get("trackingCompany"):
        info["company"] = values["trackingCompany"]
    return info


def numbers(values: Values) -> set[str]:
    info = tracking(values)
    return set(info.get("numbers") or ([info["number"]] if info.get("number") else []))


def alive(order: Values) -> list[Values]:
    return [each for each in order["fulfillments"] if each["status"] not in ("CANCELLED", "ERROR", "FAILURE")]


def with_numbers(found: list[Values], wanted: set[str]) -> list[Values]:
    return [each for each in found if wanted & {info["number"] for info in each["trackingInfo"]}]


# writes


def create_fulfillment(session: Session, _key: str, values: Values) -> str:
    """Fulfil an order, whole or in part. Parcels that carry the row's tracking number already are not made again."""
    gid = order_of(session, values)
    with session.alone(gid):
        order = session.ahead.pop(gid, None) or read_order(session, gid)
        made = fulfil(session, order, values, with_numbers(alive(order), numbers(values)))
    with following(made):
        event(session, made, values)
    return made


def fulfil(session: Session, order: Values, values: Values, done: list[Values]) -> str:
    """Make the parcels that a row lacks beside those `done`, one for each location; returns the first one's gid."""
    rest = order_work.still_wanted(order_work.lines_wanted(values), done)
    direct = values.get("lineItemsByFulfillmentOrder")
    if done and (direct or rest == [] or (rest is None and not order_work.has_open(order))):
        return str(done[0]["id"])
    made = [str(each["id"]) for each in done]
    beside: Values = {"notifyCustomer": bool(values.get("notifyCustomer"))}
    beside |= {"trackingInfo": info} if (info := tracking(values)) else {}
    beside |= {"originAddress": values["originAddress"]} if values.get("originAddress") else {}
    for group in [direct] if direct else order_work.groups(order, rest):
        fulfillment = {"lineItemsByFulfillmentOrder": group, **beside}
        try:
            made_now = session.make("fulfillmentCreate", {"fulfillment": fulfillment}, "fulfillment { id updatedAt }")
        except (Refused, ApiError) as error:
            if not made or _can_go_on(values, error):
                raise
            raise _halfway(error, made) from error
        made.append(made_now)
    return made[0]


def _can_go_on(values: Values, error: Exception) -> bool:
    """Whether a later run knows which parcels this one made: by tracking number, by what is left, by the journal."""
    unknown = isinstance(error, ApiError) and error.outcome.value != "not_applied"
    return unknown or bool(numbers(values)) or order_work.lines_wanted(values) is None


def _halfway(error: Refused | ApiError, made: list[str]) -> Refused:
    told = error.errors if isinstance(error, Refused) else (UserError(store_words(error), (), error.kind),)
    note = f"{', '.join(made)} was made before; without a tracking number the rest is never sent again by itself"
    return Refused((*told, UserError(note)), gid=made[0])


def complete(session: Session, values: Values, order_id: str, before: set[str]) -> tuple[str | None, bool]:
    """Finish what a lost request may have begun: the parcels made since `before` are the row's; the rest is sent.

    Returns the first parcel's gid, None when nothing was begun, and whether the rest could be sent.
    """
    order = read_order(session, order_id)
    wanted, given = order_work.lines_wanted(values), numbers(values)
    new = [each for each in alive(order) if each["id"] not in before]
    own = with_numbers(new, given) if given else [each for each in new if order_work.carries(each, wanted)]
    if not own:
        return None, True
    try:
        return fulfil(session, order, values, own), True
    except Refused:
        return str(own[0]["id"]), False


def update_fulfillment(session: Session, gid: str, values: Values) -> str:
    if info := tracking(values):
        variables = {
            "fulfillmentId": gid,
            "trackingInfoInput": info,
            "notifyCustomer": bool(values.get("notifyCustomer")),
        }
        session.mutate("fulfillmentTrackingInfoUpdate", variables, "fulfillment { id updatedAt }")
    event(session, gid, values)
    return gid


EVENT = {"happenedAt": "happenedAt", "estimatedDeliveryAt": "estimatedDeliveryAt", "eventMessage": "message"}


def event(session: Session, gid: str, values: Values) -> None:
    """Tell what happened to a parcel: in transit, delivered, …"""
    if values.get("status"):
        given = {"fulfillmentId": gid, "status": values["status"]}
        given |= {name: values[column] for column, name in EVENT.items() if values.get(column)}
        session.mutate("fulfillmentEventCreate", {"fulfillmentEvent": given}, "fulfillmentEvent { id }")


def delete_fulfillment(session: Session, gid: str) -> None:
    gone_is_fine(lambda: session.mutate("fulfillmentCancel", {"id": gid}, "fulfillment { id updatedAt }"), "not found")


# what an order has already


def find_fulfillments(session: Session, values: Values) -> list[str]:
    """The fulfillments of its order that a row may mean: with its tracking number, else those with its lines.

    An upsert of an order with open work and no such number means a new one.
    """
    order = read_order(session, order_of(session, values))
    wanted = order_work.lines_wanted(values)
    same = with_numbers(alive(order), numbers(values))
    if same:
        rest = order_work.still_wanted(wanted, same)
        complete = rest is None or all(each.begun for each in rest)
        return [str(each["id"]) for each in same] if complete or session.push.strategy != "upsert" else []
    if session.push.strategy in ("upsert", "mirror") and order_work.has_open(order):
        return []
    return [str(each["id"]) for each in alive(order) if order_work.carries(each, wanted)]
