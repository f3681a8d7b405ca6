"""Writes orders: lines and customers looked up, the pace of trial stores kept, what the store allows to change."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from shoptide.errors import RateLimited, Rejected
from shoptide.outbound import lookup
from shoptide.outbound.session import Refused, Session, refused
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
    gid = _at_its_pace(session, variables)
    later = {name: value for name, value in given.items() if name not in inputs and name not in OPTIONS}
    if later:  # what the store takes of existing orders only, as localized fields
        with following(gid):
            update_order(session, gid, later)
    return gid


def _at_its_pace(session: Session, variables: Values) -> str:
    """Create an order; on trial and development stores, which take five a minute, when its turn comes (FACTS §5)."""
    for _try in range(TRIES):
        session.pace.wait()
        try:
            return session.make("orderCreate", variables, "order { id updatedAt }")
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
    name, value = _named(session, given)
    if name == "id":
        return value, name, value
    known = (name, lookup.FOLDS[name](value))
    if known not in session.customers:
        _ask(session, name, [value])
    return session.customers[known], name, value


def _named(session: Session, given: str) -> tuple[str, str]:
    """What a row names a customer by: id, email or phone, and its value. Raises Refused for anything else."""
    text = given.strip()
    if text.startswith("gid://"):
        return "id", text
    if text.isdigit():
        return "id", f"gid://shopify/Customer/{text}"
    if "@" in text:
        return "email", text
    value = session.phone(text)
    if value is None:
        raise refused(f"{text!r} is neither an id, an e-mail address nor a phone number", "customer")
    return "phone", value


def _ask(session: Session, name: str, values: Iterable[str]) -> None:
    """Look customers up together, and keep who they are and whom the store doesn't have."""
    wanted = {lookup.FOLDS[name](value): value for value in values}
    hits = lookup.by_way(session, lookup.WAYS["customers", name], wanted)
    session.customers |= {(name, key): found[0] if found else None for key, found in hits.items()}


def look_up_customers(session: Session, rows: Iterable[Values]) -> None:
    """Ask at once for the customers of many new orders; those that the store lacked when asked before once more.

    What a row names that nobody can be looked up by, or that the store refuses to look up, is told by its own write.
    """
    wanted: dict[str, list[str]] = {"email": [], "phone": []}
    for values in rows:
        if isinstance(values.get("customer"), str):
            with suppress(Refused):
                name, value = _named(session, values["customer"])
                if name != "id" and session.customers.get((name, lookup.FOLDS[name](value))) is None:
                    wanted[name].append(value)
    for name, values_of in wanted.items():
        with suppress(Rejected):
            _ask(session, name, values_of)


def unknown_customer(session: Session, values: Values) -> str | None:
    """What a new order names its customer by, where the store did not have them: the order is to make them."""
    if not isinstance(values.get("customer"), str):
        return None
    try:
        name, value = _named(session, values["customer"])
    except Refused:
        return None
    known = name, lookup.FOLDS.get(name, str)(value)
    return f"{name} {known[1]}" if session.customers.get(known, value) is None else None


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
        session.mutate("orderUpdate", {"input": {"id": gid, **given}}, "order { id updatedAt }")
    wanted = values.get("customer") or values.get("customerId")
    if wanted:
        variables = {"orderId": gid, "customerId": known_customer(session, wanted)}
        session.mutate("orderCustomerSet", variables, "order { id updatedAt }")
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
