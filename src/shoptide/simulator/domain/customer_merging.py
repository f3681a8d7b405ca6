"""Merging two customers into one: who stays, what is kept, what forbids it; the job and its preview (FACTS §5)."""

from __future__ import annotations

import uuid

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.domain.customers import (
    changed,
    default_address_of,
    default_email,
    default_phone,
    display_name_of,
    orders_of,
    settle_default,
    table,
)
from shoptide.simulator.domain.deletions import forget
from shoptide.simulator.domain.gift_cards import cards_of
from shoptide.simulator.domain.metafields import find, of_owner
from shoptide.simulator.domain.tags import MOST
from shoptide.simulator.registry import Args, TopLevelError, field, mutation, root, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

LONGEST_NOTE = 5000
STATES = ("DISABLED", "DECLINED", "INVITED", "ENABLED")  # a further account wins over one less far
REQUEST = "CustomerMergeRequest"
# override: field it decides
OVERRIDES = {
    "customerIdOfEmailToKeep": "email",
    "customerIdOfFirstNameToKeep": "firstName",
    "customerIdOfLastNameToKeep": "lastName",
    "customerIdOfPhoneNumberToKeep": "phone",
}


def kept_and_gone(one: Record, two: Record, override: Args) -> tuple[Record, Record]:
    """Which stays: the e-mail's owner by override, whoever alone has one, the further account, else the second."""
    wanted = override.get("customerIdOfEmailToKeep")
    if wanted in (one["id"], two["id"]):
        first = wanted == one["id"]
    elif bool(one.get("email")) != bool(two.get("email")):
        first = bool(one.get("email"))
    else:
        first = _rank(one) > _rank(two)
    return (one, two) if first else (two, one)


def _rank(record: Record) -> tuple[int, bool]:
    consent = record.get("_emailMarketingConsent") or {}
    return STATES.index(record["state"]), consent.get("marketingState") == "SUBSCRIBED"


def _problems(args: Args, ctx: Context) -> list[Record]:
    gids = {name: args[name] for name in ("customerOneId", "customerTwoId")}
    records = {name: table(ctx.shop).get(gid) for name, gid in gids.items()}
    for name, gid in gids.items():
        if records[name] is None:
            message = f"Customer does not exist with ID {tail_of(gid)}"
            return [user_error([name], message, "INVALID_CUSTOMER_ID")]
    if gids["customerOneId"] == gids["customerTwoId"]:
        return [user_error(None, "Customers IDs should not match", "INVALID_CUSTOMER_ID")]
    one, two = records["customerOneId"], records["customerTwoId"]
    override = args.get("overrideFields") or {}
    if not one or not two:
        return []
    return _holding(ctx.shop, one, two) or _blocked(one, two, override)


def _holding(shop: Shop, one: Record, two: Record) -> list[Record]:
    """A holder of gift cards and a company's contact stay apart."""
    found = []
    for side, record in (("customerOneId", one), ("customerTwoId", two)):
        if cards_of(shop, record["id"]):
            message = f"{display_name_of(record)} has gift cards and can’t be merged."
            found.append(user_error([side], message, "INVALID_CUSTOMER"))
        elif any(row["customer"] == record["id"] for row in shop.table("CompanyContact")):
            message = f"{display_name_of(record)} is a company contact and can’t be merged."
            found.append(user_error([side], message, "INVALID_CUSTOMER"))
    return found


def _blocked(one: Record, two: Record, override: Args) -> list[Record]:
    found = []
    if override.get("tags") is None and len(text.tags([*one["tags"], *two["tags"]])) > MOST:
        found.append((f"Customers must have {MOST} tags or less.", "INVALID_CUSTOMER"))
    if override.get("note") is None and len(_joined_notes(one, two) or "") > LONGEST_NOTE:
        found.append((f"Customer notes must be {LONGEST_NOTE:,} characters or less.", "INVALID_CUSTOMER"))
    sides = ("customerOneId", "customerTwoId")
    return [user_error([side], message, code) for message, code in found for side in sides]


def _joined_notes(kept: Record, gone: Record) -> str | None:
    return " ".join(note for note in (kept.get("note"), gone.get("note")) if note) or None


@mutation("customerMerge")
def merge(args: Args, ctx: Context) -> Record:
    if errors := _problems(args, ctx):
        return {"resultingCustomerId": None, "job": None, "userErrors": errors}
    shop, override = ctx.shop, args.get("overrideFields") or {}
    one, two = table(shop).get(args["customerOneId"]), table(shop).get(args["customerTwoId"])
    kept, gone = kept_and_gone(one, two, override)
    _merge(shop, kept, gone, override)
    gid = f"gid://shopify/Job/{uuid.uuid4()}"
    job = {"id": gid, "done": False, "query": None}
    request = {"id": _request_of(gid), "jobId": gid, "resultingCustomerId": kept["id"]}
    shop.table(REQUEST).put({**request, "status": "COMPLETED", "customerMergeErrors": []})
    return {"resultingCustomerId": kept["id"], "job": job, "userErrors": []}


def _request_of(job: str) -> str:
    """A merge is kept under its job's number."""
    return job.replace("/Job/", f"/{REQUEST}/")


def _merge(shop: Shop, kept: Record, gone: Record, override: Args) -> None:
    moved = {name: _chosen(name, kept, gone, override) for name in ("email", "firstName", "lastName", "phone")}
    table(shop).remove(gone["id"])
    kept.update(moved)
    for name in ("_emailMarketingConsent", "_smsMarketingConsent"):
        if not kept.get(name) and gone.get(name):
            kept[name] = gone[name]
    kept["tags"] = text.tags(override["tags"] if override.get("tags") is not None else [*kept["tags"], *gone["tags"]])
    kept["note"] = override["note"] if override.get("note") is not None else _joined_notes(kept, gone)
    _join_addresses(kept, gone, override)
    for order in orders_of(shop, gone["id"]):
        order["customer"] = kept["id"]
        shop.table("Order").put(order)
    _move_metafields(shop, kept, gone)
    forget(shop, gone, "customers/delete")
    changed(shop, kept)
    shop.emit("customers/merge", {"id": kept["id"], "_deleted": gone["id"]})


def _chosen(name: str, kept: Record, gone: Record, override: Args) -> str | None:
    """A field's value: the override's side, else the one who stays, else the other."""
    wanted = next((override.get(key) for key, field_name in OVERRIDES.items() if field_name == name), None)
    order = (gone, kept) if wanted == gone["id"] else (kept, gone)
    value: str | None = order[0].get(name) or order[1].get(name)
    return value


def _join_addresses(kept: Record, gone: Record, override: Args) -> None:
    chosen = gone if override.get("customerIdOfDefaultAddressToKeep") == gone["id"] else kept
    default = chosen.get("_defaultAddress")
    kept["_addresses"] = [*kept["_addresses"], *gone["_addresses"]]
    kept["_defaultAddress"] = default
    settle_default(kept)


def _move_metafields(shop: Shop, kept: Record, gone: Record) -> None:
    """The one who stays keeps its own; what only the other has comes over."""
    for row in of_owner(shop, gone["id"]):
        if find(shop, kept["id"], row["namespace"], row["key"]) is None:
            row["_owner"] = kept["id"]
            shop.table("Metafield").put(row)


@root("customerMergeJobStatus")
def job_status(args: Args, ctx: Context) -> Record | None:
    return ctx.shop.table(REQUEST).get(_request_of(args["jobId"]))


@root("customerMergePreview")
def preview(args: Args, ctx: Context) -> Record:
    if args["customerOneId"] == args["customerTwoId"]:
        raise TopLevelError("BAD_REQUEST", "Customers must be different.")
    errors = _problems(args, ctx)
    one, two = (table(ctx.shop).get(args[name]) for name in ("customerOneId", "customerTwoId"))
    if one is None or two is None:
        told = [{"errorFields": [], "message": error["message"]} for error in errors]
        return {"customerMergeErrors": told, "resultingCustomerId": None}
    override = args.get("overrideFields") or {}
    kept, gone = kept_and_gone(one, two, override)
    blocking = {"note": _joined_notes(kept, gone), "tags": text.tags([*one["tags"], *two["tags"]])} if errors else None
    return {
        "resultingCustomerId": kept["id"],
        "customerMergeErrors": None,
        "blockingFields": blocking,
        "defaultFields": None if errors else _defaults(kept, gone, override, ctx),
        "alternateFields": _alternates(kept, gone, ctx),
    }


def _defaults(kept: Record, gone: Record, override: Args, ctx: Context) -> Record:
    chosen = {name: _chosen(name, kept, gone, override) for name in ("email", "firstName", "lastName", "phone")}
    both = orders_of(ctx.shop, kept["id"]) + orders_of(ctx.shop, gone["id"])
    return {
        "firstName": chosen["firstName"],
        "lastName": chosen["lastName"],
        "displayName": display_name_of(chosen),
        "email": default_email({**kept, **chosen}, {}, ctx),
        "phoneNumber": default_phone({**kept, **chosen}, {}, ctx),
        "note": _joined_notes(kept, gone),
        "tags": text.tags([*kept["tags"], *gone["tags"]]),
        "addresses": [*kept["_addresses"], *gone["_addresses"]],
        "defaultAddress": default_address_of(kept) or default_address_of(gone),
        "orders": both,
        "orderCount": str(len(both)),
        "metafieldCount": str(len(of_owner(ctx.shop, kept["id"])) + len(of_owner(ctx.shop, gone["id"]))),
    }


def _alternates(kept: Record, gone: Record, ctx: Context) -> Record:
    """What the other side has that would be lost."""
    return {
        "firstName": gone.get("firstName") if kept.get("firstName") else None,
        "lastName": gone.get("lastName") if kept.get("lastName") else None,
        "email": default_email(gone, {}, ctx) if kept.get("email") else None,
        "phoneNumber": default_phone(gone, {}, ctx) if kept.get("phone") else None,
        "defaultAddress": default_address_of(gone) if default_address_of(kept) else None,
    }


@field("Customer", "mergeable")
def mergeable(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"isMergeable": True, "errorFields": [], "reason": None, "mergeInProgress": None}
