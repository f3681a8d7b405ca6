"""What of an order is left to fulfil: its open work, which lines a row means, and why some can't be sent. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shoptide.outbound.session import refused

Values = dict[str, Any]
OVER = ("CLOSED", "CANCELLED")


@dataclass(frozen=True)
class Wanted:
    """A line a row asks for: a SKU or the gid of a line item, and how many; None is all that is left of it."""

    name: str
    quantity: int | None = None
    begun: bool = False  # some of it was sent already: nothing left is no mistake

    def means(self, line: Values) -> bool:
        return self.name in (line["sku"], line["lineItem"]["id"])


# what rows ask for


def lines_wanted(values: Values) -> list[Wanted] | None:
    """What to fulfil; None for all that remains."""
    given = values.get("lineItems")
    if not given:
        return None
    return [Wanted(each.get("id") or each["sku"], each.get("quantity")) for each in given]


def still_wanted(wanted: list[Wanted] | None, done: list[Values]) -> list[Wanted] | None:
    """What is left of a row's wishes when some of its parcels are made already."""
    if wanted is None or not done:
        return wanted
    sent = [dict(line, left=line["quantity"] or 0) for each in done for line in each["fulfillmentLineItems"]["nodes"]]
    rest = []
    for each in wanted:
        lines = [line for line in sent if each.means({"sku": line["lineItem"]["sku"], **line})]
        if each.quantity is None:
            rest.append(replace(each, begun=bool(lines)))
            continue
        needed = each.quantity
        for line in lines:
            part = min(needed, line["left"])
            needed, line["left"] = needed - part, line["left"] - part
        if needed:
            rest.append(Wanted(each.name, needed))
    return rest


def carries(fulfillment: Values, wanted: list[Wanted] | None) -> bool:
    """Whether all that a fulfillment holds is what a row asks for."""
    if wanted is None:
        return True
    lines = fulfillment["fulfillmentLineItems"]["nodes"]
    return bool(lines) and all(
        any(each.means({"sku": line["lineItem"]["sku"], **line}) for each in wanted) for line in lines
    )


# what the order has


def can_fulfil(work: Values) -> bool:
    actions = {each["action"] for each in work["supportedActions"]}
    return "CREATE_FULFILLMENT" in actions and work["status"] not in OVER


def has_open(order: Values) -> bool:
    return any(can_fulfil(each) for each in order["fulfillmentOrders"]["nodes"])


def groups(order: Values, wanted: list[Wanted] | None) -> list[list[Values]]:
    """fulfillmentCreate's lines, a list for each location: one call takes one location only (FACTS 47).

    Raises Refused that says where the lines are instead.
    """
    open_work = [each for each in order["fulfillmentOrders"]["nodes"] if can_fulfil(each)]
    left = [
        dict(line, work=each, left=line["remainingQuantity"])
        for each in open_work
        for line in each["lineItems"]["nodes"]
        if line["remainingQuantity"] > 0
    ]
    chosen = [(line, line["left"]) for line in left] if wanted is None else _chosen(order, left, wanted)
    if not chosen and not (wanted and all(each.begun for each in wanted)):
        raise refused(f"order {order['name']} has nothing to fulfil: {why(order)}", "order", blocked=True)
    places: dict[str, dict[str, list[Values]]] = {}
    for line, quantity in chosen:
        assigned = line["work"]["assignedLocation"]
        place = (assigned["location"] or {}).get("id") or assigned["name"]
        lines = places.setdefault(place, {}).setdefault(line["work"]["id"], [])
        lines.append({"id": line["id"], "quantity": quantity})
    return [
        [{"fulfillmentOrderId": gid, "fulfillmentOrderLineItems": lines} for gid, lines in work.items()]
        for work in places.values()
    ]


def _chosen(order: Values, left: list[Values], wanted: list[Wanted]) -> list[tuple[Values, int]]:
    """The lines that rows name, with their quantities; several lines of a SKU are filled one after the other."""
    chosen = []
    for index, each in enumerate(wanted):
        lines = [line for line in left if each.means(line)]
        there = sum(line["left"] for line in lines)
        needed = there if each.quantity is None else each.quantity
        if needed > there or (needed == 0 and not each.begun):
            raise _too_few(order, each, there, index)
        for line in lines:
            part = min(needed, line["left"])
            if part:
                chosen.append((line, part))
                needed, line["left"] = needed - part, line["left"] - part
    return chosen


def _too_few(order: Values, wanted: Wanted, there: int, index: int) -> Exception:
    asked = "all" if wanted.quantity is None else wanted.quantity
    held = [
        f"{line['remainingQuantity']} {state(work)}"
        for work in order["fulfillmentOrders"]["nodes"]
        if not can_fulfil(work) and work["status"] not in OVER
        for line in work["lineItems"]["nodes"]
        if wanted.means(line) and line["remainingQuantity"] > 0
    ]
    told = f"{wanted.name}: {asked} asked for, {there} left to fulfil in order {order['name']}"
    if held:
        return refused(f"{told}, {', '.join(held)}", "lineItems", str(index), blocked=True)
    if order["cancelledAt"]:
        return refused(f"order {order['name']} is cancelled", "order", blocked=True)
    return refused(told, "lineItems", str(index))


# why not


def why(order: Values) -> str:
    """Where the work of an order is that has nothing to fulfil."""
    if order["cancelledAt"]:
        return "it is cancelled"
    works = order["fulfillmentOrders"]["nodes"]
    waiting = [work for work in works if work["status"] not in OVER and not can_fulfil(work)]
    if waiting:
        return "it is " + "; ".join(dict.fromkeys(state(work) for work in waiting))
    if order["fulfillments"]:
        return "all of it is fulfilled"
    if not works:
        return "the token sees none of its fulfillment orders; it needs read_merchant_managed_fulfillment_orders"
    return "its fulfillment orders are closed"


def state(work: Values) -> str:
    """What a piece of work waits for, in words."""
    if work["status"] == "ON_HOLD":
        holds = [_hold(each) for each in work["fulfillmentHolds"]]
        return f"on hold ({'; '.join(holds)})" if holds else "on hold"
    if work["status"] == "SCHEDULED":
        return f"scheduled for {work['fulfillAt']}"
    if work["requestStatus"] not in ("UNSUBMITTED", "REJECTED"):
        return f"with {work['assignedLocation']['name']} (request {work['requestStatus'].lower().replace('_', ' ')})"
    return work["status"].lower().replace("_", " ")  # type: ignore[no-any-return]  # an enum's name


def _hold(hold: Values) -> str:
    reason: str = hold["displayReason"]
    return f"{reason}: {hold['reasonNotes']}" if hold.get("reasonNotes") else reason
