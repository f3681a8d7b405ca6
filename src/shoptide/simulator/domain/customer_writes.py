"""customerCreate, customerUpdate, customerSet and customerDelete, with the store's checks in its order."""

from __future__ import annotations

import re
from collections.abc import Callable

from shoptide.simulator.context import Context
from shoptide.simulator.domain import addresses, events, text
from shoptide.simulator.domain.customer_consent import CHANNELS, consents
from shoptide.simulator.domain.customers import applied, blank, changed, identified, orders_of, table
from shoptide.simulator.domain.deletions import forget
from shoptide.simulator.domain.gift_cards import promised_to
from shoptide.simulator.domain.metafields import write_metafields
from shoptide.simulator.domain.shop_facts import shop_record
from shoptide.simulator.domain.tags import MOST
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop

LIMITS = {"firstName": ("First name", 255), "lastName": ("Last name", 255), "note": ("Note", 5000)}
LANGUAGES = """
af ak sq am ar hy as az bm bn eu be bs br bg my ca ce zh hr cs da nl dz en eo et ee fo fi fr ff gl lg ka de el gu ha he
hi hu is ig id ia ga it ja jv kl kn ks kk km ki rw ko ku ky lo lv ln lt lu lb mk mg ms ml mt gv mi mr mn ne nd se no nb
nn or om os ps fa pl pt pa qu ro rm rn ru sg sa sc gd sr sn ii sd si sk sl so es su sw sv tg ta tt te th bo ti to tr tk
uk ur ug uz vi cy fy wo xh yi yo zu
"""
NAMELESS = "A name, phone number, or email address must be present"
UNKNOWN = "Resource matching the identifier was not found."
TAKEN = "has already been taken"
Complain = Callable[[str, str], None]


# checks


def problems(shop: Shop, given: Args, held: Record | None, *, at: tuple[str, ...] = ()) -> list[Record]:
    """The userErrors of an input, in the store's order; `at` prefixes their paths (customerSet says `input`)."""
    found: list[Record] = []

    def add(name: str, message: str) -> None:
        found.append(user_error([*at, *name.split(".")], message))

    _check_email(shop, given, held, add)
    _check_phone(shop, given, held, add)
    for name, (label, limit) in LIMITS.items():
        if len(given.get(name) or "") > limit:
            add(name, f"{label} is too long (maximum is {limit} characters)")
    if given.get("locale") and not _valid_locale(given["locale"]):
        add("locale", "Locale is invalid")
    _check_tags(given, add)
    _check_addresses(given, held, add)
    return found


def _check_email(shop: Shop, given: Args, held: Record | None, add: Complain) -> None:
    value = text.email(given.get("email"))
    if value is None:
        return
    if len(value) > 255:
        add("email", "Email is too long (maximum is 255 characters)")
    if not text.valid_email(value):
        add("email", "Email is invalid")
    elif any(other is not held for other in table(shop).by("email", value.lower())):
        add("email", f"Email {TAKEN}")


def _check_phone(shop: Shop, given: Args, held: Record | None, add: Complain) -> None:
    value = text.blank_to_null(given.get("phone"))
    if value is None:
        return
    if len(value) > 255:
        add("phone", "Phone is too long (maximum is 255 characters)")
    number = text.phone(value)
    if number is None:
        add("phone", "Phone is invalid")
    elif any(other is not held for other in table(shop).by("phone", number)):
        add("phone", f"Phone {TAKEN}")


def _valid_locale(locale: str) -> bool:
    found = re.fullmatch(r"([a-z]{2})(?:[-_][A-Za-z]{2,4})?", locale)
    return found is not None and found[1] in LANGUAGES.split()


def _check_tags(given: Args, add: Complain) -> None:
    tags = text.tags(given.get("tags") or [])
    if len(tags) > MOST:
        add("tags", f"Tags cannot be more than {MOST}")
    if any(len(tag) > 255 for tag in tags):
        add("tags", "Tags is too long (maximum is 255 characters)")


def _check_addresses(given: Args, held: Record | None, add: Complain) -> None:
    known = {address["id"] for address in held["_addresses"]} if held else set()
    for index, address in enumerate(given.get("addresses") or []):
        if address.get("id") and address["id"] not in known:
            add(f"addresses.{index}.id", "Customer address does not exist")
        elif addresses.is_blank(address) and not address.get("id"):
            add(f"addresses.{index}", "Customer address cannot be blank.")
        for name, message in addresses.problems(address):
            add(f"addresses.{index}.{name}", message)


def nameless(record: Record) -> bool:
    return not any(record.get(name) for name in ("firstName", "lastName", "email", "phone"))


def _refused(errors: list[Record]) -> Record:
    return {"customer": None, "userErrors": errors}


# creating


@mutation("customerCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if given.get("id"):
        return _refused([user_error(["id"], "Cannot specify ID on creation")])
    if errors := problems(shop, given, None):
        return _refused(errors)
    record = applied(shop, blank(shop), given)
    errors = consents(record, given)
    if nameless(record):
        errors.append(user_error(None, NAMELESS))
    errors = errors or write_metafields(ctx, record, given.get("metafields") or [])
    if errors:
        return _refused(errors)
    _created(shop, record)
    return {"customer": record, "userErrors": []}


def _created(shop: Shop, record: Record) -> None:
    table(shop).put(record)
    events.note(shop, "create", record)
    shop.emit("customers/create", record)


# updating


@mutation("customerUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = table(shop).get(given.get("id"))
    if record is None:
        return _refused([user_error(["id"], "Customer does not exist")])
    for name in CHANNELS:
        if given.get(name) is not None:
            message = f"To update {name}, please use the customer{name[0].upper()}{name[1:]}Update Mutation instead"
            return _refused([user_error([name], message)])
    errors = problems(shop, given, record)
    if not errors and nameless(applied(shop, {**record}, {**given, "addresses": None})):
        errors.append(user_error(None, NAMELESS))
    errors = errors or write_metafields(ctx, record, given.get("metafields") or [])
    if errors:
        return _refused(errors)
    changed(shop, applied(shop, record, given))
    return {"customer": record, "userErrors": []}


# setting


@mutation("customerSet")
def set_customer(args: Args, ctx: Context) -> Record:
    given, identifier = args["input"], args.get("identifier")
    if identifier and given.get("id"):
        return _set_refused("The id field is not allowed if identifier is provided.", "ID_NOT_ALLOWED")
    wanted = identifier or ({"id": given["id"]} if given.get("id") else {})
    if (mismatch := _mismatch(wanted, given)) is not None:
        return mismatch
    record = identified(wanted, ctx)
    if record is None and wanted.get("id"):
        return _set_refused(UNKNOWN, "NOT_FOUND")
    if "taxExempt" in given and given["taxExempt"] is None:
        message = "Tax exempt is of unexpected type NilClass"
        return _refused([user_error(["input", "taxExempt"], message, "INVALID")])
    errors = [_coded(error) for error in problems(ctx.shop, given, record, at=("input",))]
    return _refused(errors) if errors else _set_applied(ctx, record, wanted, given)


def _set_applied(ctx: Context, held: Record | None, wanted: Args, given: Args) -> Record:
    shop = ctx.shop
    trial = dict(held) if held is not None else blank(shop)
    if nameless(applied(shop, trial, {**given, "addresses": None})):
        return _set_refused(NAMELESS, "INVALID")
    if held is not None:
        changed(shop, applied(shop, held, given))
        return {"customer": held, "userErrors": []}
    record = applied(shop, trial, given)
    if custom := wanted.get("customId"):
        entry = {"namespace": custom.get("namespace"), "key": custom["key"], "value": custom["value"], "type": "id"}
        if refused := write_metafields(ctx, record, [entry]):
            return _refused(refused)
    _created(shop, record)
    return {"customer": record, "userErrors": []}


def _set_refused(message: str, code: str) -> Record:
    return _refused([user_error(["input"], message, code)])


def _mismatch(wanted: Args, given: Args) -> Record | None:
    """An e-mail or phone identifier must stand in the input as well, and be the same."""
    for name in ("email", "phone"):
        if not wanted.get(name):
            continue
        if not given.get(name):
            message = "The input field corresponding to the identifier is required."
            return _set_refused(message, "MISSING_FIELD_REQUIRED")
        if _folded(name, wanted[name]) != _folded(name, given[name]):
            message = "The identifier value does not match the value of the corresponding field in the input."
            return _set_refused(message, "INPUT_MISMATCH")
    return None


def _folded(name: str, value: str) -> str | None:
    """What two spellings of an address or a number have in common."""
    return (text.phone(value) or value) if name == "phone" else (text.email(value) or "").lower()


def _coded(error: Record) -> Record:
    message = error["message"]
    code = "TAKEN" if TAKEN in message else "TOO_LONG" if "too long" in message else "INVALID"
    return {**error, "code": "BLANK" if "blank" in message else code}


# opting out


@mutation("dataSaleOptOut")
def opt_out(args: Args, ctx: Context) -> Record:
    """Whoever the address belongs to: a stranger becomes a customer first."""
    shop, address = ctx.shop, text.email(args["email"]) or ""
    if not text.valid_email(address):
        error = user_error(None, "Data sale opt out failed.", "FAILED")
        return {"customerId": None, "userErrors": [error]}
    record = next(iter(table(shop).by("email", address.lower())), None)
    if record is None:
        record = applied(shop, blank(shop), {"email": address})
        table(shop).put(record)
        shop.emit("customers/create", record)
    record["dataSaleOptOut"] = True
    changed(shop, record)
    return {"customerId": record["id"], "userErrors": []}


# deleting


@mutation("customerDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid, shop = args["input"]["id"], ctx.shop
    payload = {"deletedCustomerId": None, "shop": shop_record(ctx)}
    record = table(shop).get(gid)
    if record is None:
        return {**payload, "userErrors": [user_error(["id"], "Customer can't be found")]}
    if promised_to(shop, gid):
        message = "Customer can't be deleted because they are the recipient of an unsent scheduled gift card"
        return {**payload, "userErrors": [user_error(["id"], message)]}
    if any(row["customer"] == gid for row in shop.table("CompanyContact")):
        message = "Customer can’t be deleted because they are a company contact"
        return {**payload, "userErrors": [user_error(["id"], message)]}
    if orders_of(shop, gid):
        message = "Customer can’t be deleted because they have associated orders"
        return {**payload, "userErrors": [user_error(["id"], message)]}
    table(shop).remove(gid)
    forget(shop, record, "customers/delete")
    return {**payload, "deletedCustomerId": gid, "userErrors": []}
