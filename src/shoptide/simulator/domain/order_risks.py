"""How likely an order is a fraud, as apps assess it; without an assessment the store says low."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain.order_changes import changed
from shoptide.simulator.domain.order_states import fulfillment_status
from shoptide.simulator.domain.shop_facts import app_record
from shoptide.simulator.registry import Args, field, mutation, user_error
from shoptide.simulator.shop import Record

MOST_FACTS = 20
LONGEST = 256
ADVICE = {"HIGH": "CANCEL", "MEDIUM": "INVESTIGATE", "LOW": "ACCEPT"}
LEVELS = ("HIGH", "MEDIUM", "LOW", "PENDING", "NONE")  # the worst first


def level(order: Record) -> str:
    """The worst of the assessments."""
    held = [row["riskLevel"] for row in order.get("_risks", ())]
    return next((name for name in LEVELS if name in held), "LOW")


@mutation("orderRiskAssessmentCreate")
def create(args: Args, ctx: Context) -> Record:
    """An app has one assessment of an order: the next takes its place."""
    given = args["orderRiskAssessmentInput"]
    order, error = ctx.shop.table("Order").get(given["orderId"]), None
    at = ["orderRiskAssessmentInput"]
    if order is None:
        error = user_error([*at, "orderId"], "Order does not exist.", "NOT_FOUND")
    elif len(given["facts"]) > MOST_FACTS:
        message = f"The limit of {MOST_FACTS} facts has been exceeded."
        error = user_error([*at, "facts"], message, "TOO_MANY_FACTS")
    elif fulfillment_status(ctx.shop, order) == "FULFILLED":
        message = "The order is marked as fulfilled and can no longer accept new order risk assessments."
        error = user_error([*at, "orderId"], message, "ORDER_ALREADY_FULFILLED")
    if error is not None or order is None:
        return {"orderRiskAssessment": None, "userErrors": [error]}
    facts = [{**fact, "description": fact["description"][:LONGEST]} for fact in given["facts"]]
    row = {"riskLevel": given["riskLevel"], "facts": facts, "_app": ctx.app.id}
    order["_risks"] = [*(held for held in order.get("_risks", ()) if held["_app"] != ctx.app.id), row]
    changed(ctx.shop, order)
    return {"orderRiskAssessment": _shown(row, ctx), "userErrors": []}


def _shown(row: Record, ctx: Context) -> Record:
    return {**row, "provider": app_record(ctx)}


@field("Order", "risk")
def risk(record: Record, _args: Args, ctx: Context) -> Record:
    rows = [_shown(row, ctx) for row in record.get("_risks", ())]
    return {"assessments": rows, "recommendation": ADVICE.get(level(record), "NONE") if rows else "NONE"}


@field("Order", "riskLevel")
def risk_level(record: Record, _args: Args, _ctx: Context) -> str:
    found = level(record)
    return found if found in ("HIGH", "MEDIUM") else "LOW"
