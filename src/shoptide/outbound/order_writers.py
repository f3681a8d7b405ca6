"""Writes orders: lines and customers looked up, the pace of trial stores kept, what the store allows to change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shoptide.errors import RateLimited
from shoptide.outbound import lookup
from shoptide.outbound.session import Session, refused
from shoptide.outbound.writers import Values, following, gone_is_fine, with_marker, without_empty

OPTIONS = ("inventoryBehaviour", "sendReceipt", "sendFulfillmentReceipt")
TRIES = 10


# new orders


def create_order(session: Session, key: str, values: Values) -> str:
    inputs = session.schema.type("OrderCreateOrderInput").inputs
    given = without_empty(values)
    order = {name: value for name, value in given.items() if name in inputs}
    order["lineItems"] = line_items(session, values.get("lineItems") or [])
    if isinstance(order.get("customer"), str):
        order["customer"] = customer(session, order["customer"])
    options = {
        "inventoryBehaviour": values.get("inventoryBehaviour") or "BYPASS",
        "sendReceipt": bool(values.get("sendReceipt")),
        "sendFulfillmentReceipt": bool(values.get("sendFulfillmentReceipt")),
    }
    variables = {"order": with_marker(session, order, key), "options": options}
    gid = str(_at_its_pace(session, variables)["order"]["id"])
    later = {name: value for name, value in given.items() if name not in inputs and name not in OPTIONS}
    if later:  # what the store takes of existing orders only, as localized fields
        with following(gid):
            update_order(session, gid, later)
    return gid


def _at_its_pace(session: Session, variables: Values) -> Values:
    """Create an order; on trial and development stores, which take five a minute, when its turn comes (FACTS §5)."""
    for _try in range(TRIES):
        session.pace.wait()
        try:
            return session.mutate("orderCreate", variables, "order { id }")
        except RateLimited:
            session.pace.refused()
    raise RateLimited("the store takes no more new orders now (trial and development stores: five a minute)")


def line_items(session: Session, given: list[Values]) -> list[Values]:
    """Lines by variant id, by SKU (looked up together) or custom ones with a title of their own."""
    unknown = {str(index): str(each["sku"]) for index, each in enumerate(given) if _is_by_sku(each)}
    found = lookup.variants_by_sku(session, set(unknown.values()))
    lines = []
    for index, each in enumerate(given):
        if str(index) in unknown:
            variant = _one_variant(found[each["sku"]], each["sku"], index)
            lines.append({**{name: value for name, value in each.items() if name != "sku"}, "variantId": variant})
        else:
            lines.append(each)
    return lines


def _is_by_sku(line: Values) -> bool:
    return bool(line.get("sku") and not line.get("variantId") and not line.get("title"))


def skus_of(rows: Iterable[Values]) -> set[str]:
    """The SKUs that new orders' lines are looked up by."""
    return {str(each["sku"]) for values in rows for each in values.get("lineItems") or () if _is_by_sku(each)}


def _one_variant(hits: list[str], sku: str, index: int) -> str:
    if not hits:
        raise refused(f"no variant has the SKU {sku}", "lineItems", str(index), "sku")
    if len(hits) > 1:
        raise refused(f"{len(hits)} variants have the SKU {sku}: use variant_id", "lineItems", str(index), "sku")
    return hits[0]


# customers of orders


def customer(session: Session, given: str) -> Values:
    """The customer an order names by id, e-mail or phone: associated when the store knows them, else made with it."""
    gid, name, value = _found_customer(session, given)
    return {"toAssociate": {"id": gid}} if gid else {"toUpsert": {name: value}}


def _found_customer(session: Session, given: str) -> tuple[str | None, str, str]:
    """The customer's gid if the store has them, and what they were looked up by."""
    text = given.strip()
    if text.startswith("gid://"):
        return text, "id", text
    if text.isdigit():
        return f"gid://shopify/Customer/{text}", "id", text
    name = "email" if "@" in text else "phone"
    value = text if name == "email" else session.phone(text)
    if value is None:
        raise refused(f"{text!r} is neither an id, an e-mail address nor a phone number", "customer")
    hits = lookup.by_way(session, lookup.WAYS["customers", name], {"customer": value})["customer"]
    return (hits[0] if hits else None), name, value


def known_customer(session: Session, given: Any) -> str:
    """The gid of a customer that the store has already; raises Refused for one that it would have to make."""
    if isinstance(given, str):
        gid, _name, value = _found_customer(session, given)
    else:
        wanted = {**(given.get("toUpsert") or {}), **(given.get("toAssociate") or {})}
        value = str(wanted.get("id") or wanted.get("email") or wanted.get("phone") or "")
        gid, _name, value = _found_customer(session, value)
    if gid is None:
        raise refused(f"the store has no customer {value}: an existing order only takes one it has", "customer")
    return gid


# changes


def update_order(session: Session, gid: str, values: Values) -> str:
    allowed = session.schema.type("OrderInput").inputs
    given = {name: value for name, value in values.items() if name in allowed}
    if given:
        session.mutate("orderUpdate", {"input": {"id": gid, **given}}, "order { id }")
    wanted = values.get("customer") or values.get("customerId")
    if wanted:
        variables = {"orderId": gid, "customerId": known_customer(session, wanted)}
        session.mutate("orderCustomerSet", variables, "order { id }")
    return gid


def delete_order(session: Session, gid: str) -> None:
    if session.push.deletes == "cancel":
        gone_is_fine(
            lambda: session.mutate("orderCancel", cancellation(session, gid), "job { id }"), "already been cancel"
        )
        return
    gone_is_fine(lambda: session.mutate("orderDelete", {"orderId": gid}, "deletedId"), "does not exist")


def cancellation(session: Session, gid: str) -> Values:
    """orderCancel's arguments as the setting `cancel` has them: no refund, restock or mail unless it says so."""
    wanted = session.push.cancel
    found: Values = {
        "orderId": gid,
        "reason": str(wanted.get("reason") or "other").upper(),
        "restock": bool(wanted.get("restock")),
        "notifyCustomer": bool(wanted.get("notify_customer")),
        "refundMethod": {"originalPaymentMethodsRefund": bool(wanted.get("refund"))},
    }
    return found | ({"staffNote": str(wanted["staff_note"])} if wanted.get("staff_note") else {})
