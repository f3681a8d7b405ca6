"""Payment terms of orders and drafts: when what is owed is due."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import draft_orders
from shoptide.simulator.domain.order_totals import totals
from shoptide.simulator.registry import Args, Listing, field, mutation, root, user_error
from shoptide.simulator.shop import Record, Shop, kind_of, stamp_of

KIND = "PaymentTerms"
TEMPLATE = "PaymentTermsTemplate"
# By the number of its id: name, type, days, description.
TEMPLATES = {
    1: ("Due on receipt", "RECEIPT", None, "Due on receipt"),
    9: ("Due on fulfillment", "FULFILLMENT", None, "Due on fulfillment"),
    2: ("Net 7", "NET", 7, "Within 7 days"),
    3: ("Net 15", "NET", 15, "Within 15 days"),
    4: ("Net 30", "NET", 30, "Within 30 days"),
    8: ("Net 45", "NET", 45, "Within 45 days"),
    5: ("Net 60", "NET", 60, "Within 60 days"),
    6: ("Net 90", "NET", 90, "Within 90 days"),
    7: ("Fixed", "FIXED", None, "Fixed date"),
}


def template(gid: str | None) -> Record | None:
    for number, (name, kind, days, description) in TEMPLATES.items():
        if gid == f"gid://shopify/{TEMPLATE}/{number}":
            shown = {"id": gid, "name": name, "translatedName": name, "description": description}
            return {**shown, "paymentTermsType": kind, "dueInDays": days}
    return None


def of_owner(gid: str, shop: Shop) -> Record | None:
    return next((row for row in shop.table(KIND) if gid in (row["order"], row["draftOrder"])), None)


# writing


def _owner_problem(owner: Record | None, shop: Shop) -> str | None:
    if owner is None:
        return "Reference must be an order or a draft order that exists."
    if kind_of(owner["id"]) == "Order":
        if owner.get("cancelledAt") or owner.get("closedAt"):
            return "Cannot create payment terms on an Order that has been closed or canceled."
        if totals(shop, owner).outstanding.shop <= 0:
            return "Cannot create payment terms on an Order that has already been paid in full."
    elif owner["status"] == "COMPLETED":
        return "Cannot create payment terms on a completed draft order."
    return None


def problem(given: Args, held: Record | None = None) -> tuple[list[str], str] | None:
    """Path below the attributes, and message."""
    wanted = template(given.get("paymentTermsTemplateId") or (held or {}).get("_template"))
    if wanted is None:
        return ["paymentTermsTemplateId"], "Could not find payment terms template."
    schedules = given.get("paymentSchedules") or []
    if len(schedules) > 1:
        return ["paymentSchedules"], "Cannot create payment terms with multiple payment schedules."
    first: Args = schedules[0] if schedules else {}
    if wanted["paymentTermsType"] == "FIXED" and not first.get("dueAt") and held is None:
        return ["paymentSchedules"], "A due date is required with fixed payment terms."
    return None


def write(record: Record, given: Args, shop: Shop) -> Record:
    """Net terms count from the day they were issued; those due on fulfillment have no date yet."""
    record["_template"] = given.get("paymentTermsTemplateId") or record["_template"]
    kind = template(record["_template"]) or {}
    first: Args = next(iter(given.get("paymentSchedules") or []), {})
    held: Record = next(iter(record.get("_schedules", ())), {"id": shop.new_id("PaymentSchedule"), "completedAt": None})
    issued = first.get("issuedAt") or held.get("issuedAt") or shop.stamp()
    due = first.get("dueAt")
    if kind.get("paymentTermsType") == "NET":
        due = stamp_of(datetime.fromisoformat(issued) + timedelta(days=kind["dueInDays"]))
    elif kind.get("paymentTermsType") == "RECEIPT":
        due = issued
    elif kind.get("paymentTermsType") == "FULFILLMENT":
        due = None
    record["_schedules"] = [{**held, "issuedAt": issued, "dueAt": due, "paymentTerms": record["id"]}]
    return shop.table(KIND).put(record)


def give(owner: Record, given: Args, shop: Shop) -> Record:
    order = owner["id"] if kind_of(owner["id"]) == "Order" else None
    held = of_owner(owner["id"], shop)
    record = held or {"id": shop.new_id(KIND), "order": order, "draftOrder": None if order else owner["id"]}
    return write(record, given, shop)


def hand_over(draft: Record, order: Record, shop: Shop) -> None:
    """The terms of a draft become its order's."""
    held = of_owner(draft["id"], shop)
    if held is not None:
        held["order"] = order["id"]
        shop.table(KIND).put(held)


def _refused(path: list[str] | None, message: str, what: str) -> Record:
    error = user_error(path, message, f"PAYMENT_TERMS_{what}_UNSUCCESSFUL")
    return {"paymentTerms": None, "userErrors": [error]}


@mutation("paymentTermsCreate")
def create(args: Args, ctx: Context) -> Record:
    shop, given, gid = ctx.shop, args["paymentTermsAttributes"], args["referenceId"]
    owner = shop.get(gid) if kind_of(gid) in ("Order", "DraftOrder") else None
    if message := _owner_problem(owner, shop):
        return _refused(["referenceId"], message, "CREATION")
    if found := problem(given):
        return _refused(["paymentTermsAttributes", *found[0]], found[1], "CREATION")
    if of_owner(gid, shop) is not None:
        return _refused(["referenceId"], "Payment terms already exist.", "CREATION")
    return {"paymentTerms": give(owner or {}, given, shop), "userErrors": []}


@mutation("paymentTermsUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(given["paymentTermsId"])
    if record is None:
        return _refused(["input", "paymentTermsId"], "Could not find payment terms.", "UPDATE")
    order = shop.get(record["order"])
    if order is not None and totals(shop, order).outstanding.shop <= 0:
        message = "Cannot update payment terms on an Order that has already been paid in full."
        return _refused(["input", "paymentTermsId"], message, "UPDATE")
    if found := problem(given["paymentTermsAttributes"], record):
        return _refused(["input", "paymentTermsAttributes", *found[0]], found[1], "UPDATE")
    return {"paymentTerms": write(record, given["paymentTermsAttributes"], shop), "userErrors": []}


@mutation("paymentTermsDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid = args["input"]["paymentTermsId"]
    if ctx.shop.table(KIND).remove(gid) is None:
        message = "Could not find payment terms."
        error = user_error(["input", "paymentTermsId"], message, "PAYMENT_TERMS_DELETE_UNSUCCESSFUL")
        return {"deletedId": None, "userErrors": [error]}
    return {"deletedId": gid, "userErrors": []}


def _schedule(gid: str, shop: Shop) -> Record | None:
    return next((row for terms in shop.table(KIND) for row in terms["_schedules"] if row["id"] == gid), None)


@mutation("paymentReminderSend")
def remind(args: Args, ctx: Context) -> Record:
    if _schedule(args["paymentScheduleId"], ctx.shop) is None:
        message = "Payment schedule does not exist."
        error = user_error(["paymentScheduleId"], message, "PAYMENT_REMINDER_SEND_UNSUCCESSFUL")
        return {"success": False, "userErrors": [error]}
    return {"success": True, "userErrors": []}


# reading


@root("paymentTermsTemplates")
def templates(args: Args, _ctx: Context) -> list[Record]:
    rows = [template(f"gid://shopify/{TEMPLATE}/{number}") or {} for number in TEMPLATES]
    wanted = args.get("paymentTermsType")
    return [row for row in rows if wanted in (None, row["paymentTermsType"])]


@field("Order", "paymentTerms")
@field("DraftOrder", "paymentTerms")
def of_record(record: Record, _args: Args, ctx: Context) -> Record | None:
    return of_owner(record["id"], ctx.shop)


def _fact(name: str, key: str) -> None:
    @field(KIND, name)
    def resolve(record: Record, _args: Args, _ctx: Context) -> Any:
        return (template(record["_template"]) or {}).get(key)


for _name, _key in (
    ("paymentTermsName", "name"),
    ("translatedName", "name"),
    ("paymentTermsType", "paymentTermsType"),
    ("dueInDays", "dueInDays"),
):
    _fact(_name, _key)


def _owed(record: Record, ctx: Context) -> Record:
    order, draft = ctx.shop.get(record["order"]), ctx.shop.get(record["draftOrder"])
    amount = totals(ctx.shop, order).outstanding.shop if order else draft_orders.price(draft).shop if draft else 0
    return {"amount": amount, "currencyCode": (order or draft or {}).get("currencyCode")}


def _is_due(row: Record, ctx: Context) -> bool:
    return bool(row["dueAt"] and row["dueAt"] <= stamp_of(ctx.now))


@field(KIND, "paymentSchedules")
def schedules(record: Record, _args: Args, ctx: Context) -> Listing:
    owed = _owed(record, ctx)
    paid = not owed["amount"]
    rows = [
        {
            **row,
            "amount": owed,
            "balanceDue": owed,
            "totalBalance": owed,
            "due": _is_due(row, ctx) and not paid,
            "completedAt": row["completedAt"],
        }
        for row in record["_schedules"]
    ]
    return Listing("", rows)


@field(KIND, "due")
def due(record: Record, _args: Args, ctx: Context) -> bool:
    return bool(_owed(record, ctx)["amount"]) and any(_is_due(row, ctx) for row in record["_schedules"])


@field(KIND, "overdue")
def overdue(record: Record, args: Args, ctx: Context) -> bool:
    """A day after what was due was not paid."""
    if not due(record, args, ctx):
        return False
    yesterday = stamp_of(ctx.now - timedelta(days=1))
    return any(row["dueAt"] and row["dueAt"] < yesterday for row in record["_schedules"])
