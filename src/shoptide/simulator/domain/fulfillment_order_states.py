"""The course of fulfillment orders: opened, in progress, cancelled, closed, scheduled, requested of a service."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import fulfillment_orders, order_parts
from shoptide.simulator.domain.fulfillment_order_parts import NOT_FOUND
from shoptide.simulator.domain.fulfillment_orders import named, note_change
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, tail_of

PROGRESS = "FULFILLMENT_ORDER_HAS_MANUALLY_REPORTED_PROGRESS"


def _refused(message: str, path: list[str] | None = None, code: str | None = None) -> Record:
    return {"fulfillmentOrder": None, "userErrors": [user_error(path, message, code)]}


def _missing() -> Record:
    return _refused(NOT_FOUND, ["id"], "FULFILLMENT_ORDER_NOT_FOUND")


@mutation("fulfillmentOrderOpen")
def mark_open(args: Args, ctx: Context) -> Record:
    """Scheduled work is opened ahead of time; work in progress is marked open again."""
    record = named(args["id"], ctx)
    if record is None:
        return _missing()
    if record["status"] != "SCHEDULED" and not (record["status"] == "IN_PROGRESS" and record.get("_reported")):
        return _refused(f"Expected fulfillment order status to be valid but it was {record['status'].lower()}.")
    scheduled = record["status"] == "SCHEDULED"
    record.update(status="OPEN", _reported=False)
    topic = "scheduled_fulfillment_order_ready" if scheduled else "manually_reported_progress_stopped"
    note_change(ctx.shop, record, topic)
    return {"fulfillmentOrder": record, "userErrors": []}


@mutation("fulfillmentOrderReportProgress")
def report_progress(args: Args, ctx: Context) -> Record:
    record = named(args["id"], ctx)
    if record is None:
        return _missing()
    if record["status"] not in ("OPEN", "IN_PROGRESS"):
        return _refused("Cannot report progress on a fulfillment order in this state.")
    before, notes = record["status"], (args.get("progressReport") or {}).get("reasonNotes")
    record.update(status="IN_PROGRESS", _reported=True)
    note_change(ctx.shop, record, "progress_reported", _before=before, _notes=notes)
    return {"fulfillmentOrder": record, "userErrors": []}


@mutation("fulfillmentOrderCancel")
def cancel(args: Args, ctx: Context) -> Record:
    """The fulfillment order is closed; what it was for waits on a replacement."""
    record = named(args["id"], ctx)
    if record is None:
        return {**_missing(), "replacementFulfillmentOrder": None}
    if record.get("_reported"):
        message = "Cannot cancel fulfillment order that has had progress reported. Mark as unfulfilled first."
        return {**_refused(message, ["id"], PROGRESS), "replacementFulfillmentOrder": None}
    if record["status"] in ("CLOSED", "CANCELLED", "INCOMPLETE") or record["requestStatus"] not in (
        "UNSUBMITTED",
        "SUBMITTED",
        "CANCELLATION_REQUESTED",
    ):
        message = "Fulfillment order is not in cancelable request state and can't be canceled."
        return {**_refused(message), "replacementFulfillmentOrder": None}
    order = order_parts.order_of(ctx.shop, record)
    pieces = [(row["line"], row["remaining"]) for row in record["_lines"] if row["remaining"]]
    for row in record["_lines"]:
        row["total"] -= row["remaining"]
        row["remaining"] = 0
    record.update(status="CLOSED", _holds=[])
    record["_lines"] = [row for row in record["_lines"] if row["total"]]
    replacement = fulfillment_orders.create(ctx.shop, order, record["_location"], pieces, like=record)
    note_change(ctx.shop, record, "cancelled", _replacement=replacement["id"])
    return {"fulfillmentOrder": record, "replacementFulfillmentOrder": replacement, "userErrors": []}


@mutation("fulfillmentOrderClose")
def close(args: Args, ctx: Context) -> Record:
    """Only a fulfillment service that works through the API may leave its work incomplete."""
    record = named(args["id"], ctx)
    if record is None:
        return _missing()
    if record["requestStatus"] != "ACCEPTED":
        return _refused("The fulfillment order's assigned fulfillment service must be of api type")
    record.update(status="INCOMPLETE", requestStatus="CLOSED")
    note_change(ctx.shop, record)
    return {"fulfillmentOrder": record, "userErrors": []}


@mutation("fulfillmentOrderReschedule")
def reschedule(args: Args, ctx: Context) -> Record:
    record = named(args["id"], ctx)
    if record is None:
        return _missing()
    if record["status"] != "SCHEDULED":
        return _refused("Fulfillment order must be scheduled.")
    record["fulfillAt"] = args["fulfillAt"]
    note_change(ctx.shop, record, "rescheduled")
    return {"fulfillmentOrder": record, "userErrors": []}


@mutation("fulfillmentOrdersSetFulfillmentDeadline")
def set_deadline(args: Args, ctx: Context) -> Record:
    """All or none; unknown and closed ones can't be found."""
    found = [named(gid, ctx) for gid in args["fulfillmentOrderIds"]]
    records = [record for record in found if record is not None and record["status"] in order_parts.OPEN_WORK]
    if len(records) < len(found) or not records:
        error = user_error(None, "Fulfillment orders could not be found.")
        return {"success": False, "userErrors": [error]}
    for record in records:
        record["fulfillBy"] = args["fulfillmentDeadline"]
        note_change(ctx.shop, record)
    return {"success": True, "userErrors": []}


@mutation("fulfillmentOrderLineItemsPreparedForPickup")
def prepared_for_pickup(args: Args, ctx: Context) -> Record:
    """Only work that the customer picks up can be ready for it."""
    errors, ready = [], []
    for index, group in enumerate(args["input"]["lineItemsByFulfillmentOrder"]):
        gid = group["fulfillmentOrderId"]
        record = named(gid, ctx)
        if record is None or record["_way"] != "PICK_UP" or record["status"] != "OPEN":
            path = ["input", "lineItemsByFulfillmentOrder", str(index), "fulfillmentOrderId"]
            message = f"Invalid fulfillment_order_id provided {tail_of(gid)}"
            errors.append(user_error(path, message, "FULFILLMENT_ORDER_INVALID"))
        else:
            ready.append(record)
    for record in ready if not errors else ():
        ctx.shop.emit("fulfillment_orders/line_items_prepared_for_pickup", record)
    return {"userErrors": errors}


@mutation("fulfillmentOrdersReroute")
def reroute(args: Args, ctx: Context) -> Record:
    """Move work to the first other location that is allowed."""
    records = [named(gid, ctx) for gid in args["fulfillmentOrderIds"]]
    if any(record is None for record in records):
        return {"movedFulfillmentOrders": None, "userErrors": [user_error(["fulfillmentOrderIds"], NOT_FOUND)]}
    included, excluded = args.get("includedLocationIds"), set(args.get("excludedLocationIds") or [])
    places = [
        row["id"]
        for row in ctx.shop.table("Location")
        if row.get("isActive", True) and row["id"] not in excluded and (not included or row["id"] in included)
    ]
    moved = []
    for record in records:
        place = next((gid for gid in places if record is not None and gid != record["_location"]), None)
        if record is None or place is None or record["status"] != "OPEN":
            error = user_error(["fulfillmentOrderIds"], "No location can fulfill the fulfillment order.")
            return {"movedFulfillmentOrders": None, "userErrors": [error]}
        source, record["_location"] = record["_location"], place
        pieces = [[row["id"], row["remaining"]] for row in record["_lines"]]
        note_change(ctx.shop, record, "moved", _from=source, _pieces=pieces)
        moved.append(record)
    return {"movedFulfillmentOrders": moved, "userErrors": []}


# requests to fulfillment services


def _service(record: Record, ctx: Context) -> bool:
    location = ctx.shop.get(record["_location"]) or {}
    return bool(location.get("isFulfillmentService"))


@mutation("fulfillmentOrderSubmitFulfillmentRequest")
def submit_request(args: Args, ctx: Context) -> Record:
    """The merchant's own locations take no requests."""
    record = named(args["id"], ctx)
    empty = {"originalFulfillmentOrder": None, "submittedFulfillmentOrder": None, "unsubmittedFulfillmentOrder": None}
    if record is None:
        return {**empty, "userErrors": [user_error(["id"], NOT_FOUND)]}
    if not _service(record, ctx):
        message = "The fulfillment order's assigned fulfillment service must be of api type"
        return {**empty, "userErrors": [user_error(None, message)]}
    if record["status"] != "OPEN" or record["requestStatus"] not in (
        "UNSUBMITTED",
        "REJECTED",
        "CANCELLATION_ACCEPTED",
    ):
        message = "Cannot request fulfillment for the fulfillment order."
        return {**empty, "userErrors": [user_error(None, message)]}
    record["requestStatus"] = "SUBMITTED"
    _ask(record, "FULFILLMENT_REQUEST", args, ctx)
    note_change(ctx.shop, record, "fulfillment_request_submitted")
    return {**empty, "originalFulfillmentOrder": record, "submittedFulfillmentOrder": record, "userErrors": []}


def _ask(record: Record, kind: str, args: Args, ctx: Context) -> None:
    request = {
        "id": ctx.shop.new_id("FulfillmentOrderMerchantRequest"),
        "kind": kind,
        "message": args.get("message"),
        "requestOptions": {"notify_customer": bool(args.get("notifyCustomer"))}
        if kind == "FULFILLMENT_REQUEST"
        else {},
        "responseData": None,
        "sentAt": ctx.shop.stamp(),
    }
    record.setdefault("_requests", []).append(request)


# mutation: the request status it needs, the one it leads to, the webhook
ANSWERS = {
    "fulfillmentOrderAcceptFulfillmentRequest": ("SUBMITTED", "ACCEPTED", "fulfillment_request_accepted"),
    "fulfillmentOrderRejectFulfillmentRequest": ("SUBMITTED", "REJECTED", "fulfillment_request_rejected"),
    "fulfillmentOrderSubmitCancellationRequest": (
        "ACCEPTED",
        "CANCELLATION_REQUESTED",
        "cancellation_request_submitted",
    ),
    "fulfillmentOrderAcceptCancellationRequest": (
        "CANCELLATION_REQUESTED",
        "CANCELLATION_ACCEPTED",
        "cancellation_request_accepted",
    ),
    "fulfillmentOrderRejectCancellationRequest": (
        "CANCELLATION_REQUESTED",
        "CANCELLATION_REJECTED",
        "cancellation_request_rejected",
    ),
}


def _register_answer(name: str, needs: str, becomes: str, topic: str) -> None:
    def resolve(args: Args, ctx: Context) -> Record:
        record = named(args["id"], ctx)
        if record is None:
            return _missing()
        if record["requestStatus"] != needs:
            state = record["requestStatus"].lower()
            return _refused(f"Expected fulfillment order request status to be valid but it was {state}.")
        record["requestStatus"] = becomes
        if becomes == "ACCEPTED":
            record["status"] = "IN_PROGRESS"
        elif becomes == "CANCELLATION_ACCEPTED":
            record["status"] = "OPEN"
        elif becomes == "CANCELLATION_REQUESTED":
            _ask(record, "CANCELLATION_REQUEST", args, ctx)
        note_change(ctx.shop, record, topic, _message=args.get("message"))
        return {"fulfillmentOrder": record, "userErrors": []}

    mutation(name)(resolve)


for _name, _answer in ANSWERS.items():
    _register_answer(_name, *_answer)
