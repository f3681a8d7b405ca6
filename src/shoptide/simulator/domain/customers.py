"""Customers: creating, updating, setting, deleting; consent; what is derived of them; how they are searched."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import addresses, text
from shoptide.simulator.domain.deletions import forget
from shoptide.simulator.domain.metafields import by_custom_id, write_metafields
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    field,
    instant,
    mutation,
    number,
    numeric_id,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

TEXT_LIMITS = {"firstName": ("First name", 255), "lastName": ("Last name", 255), "note": ("Note", 5000)}
LOCALES = frozenset(
    ["en", "fr", "de", "es", "it", "ja", "nl", "pt", "sv", "da", "fi", "nb", "pl", "zh", "ko", "cs", "tr"]
)
MOST_TAGS = 250


def table(shop: Shop) -> Any:
    found = shop.table("Customer")
    found.add_index("email", lambda record: (record.get("email") or "").lower() or None)
    found.add_index("phone", lambda record: record.get("phone"))
    return found


def orders_of(shop: Shop, gid: str) -> list[Record]:
    orders = shop.table("Order")
    orders.add_index("customer", lambda record: record.get("customer"))
    return orders.by("customer", gid)


# checks


def problems(shop: Shop, given: Args, held: Record | None, *, at: tuple[str, ...] = ()) -> list[Record]:
    """The userErrors of an input, in the store's order; `at` prefixes their paths (customerSet says `input`)."""
    found: list[Record] = []

    def add(name: str, message: str) -> None:
        found.append(user_error([*at, *name.split(".")], message))

    _check_email(shop, given, held, add)
    _check_phone(shop, given, held, add)
    for name, (label, limit) in TEXT_LIMITS.items():
        if len(given.get(name) or "") > limit:
            add(name, f"{label} is too long (maximum is {limit} characters)")
    if given.get("locale") and given["locale"].split("-")[0].lower() not in LOCALES:
        add("locale", "Locale is invalid")
    stored = text.tags(given.get("tags") or [])
    if len(stored) > MOST_TAGS:
        add("tags", f"Tags cannot be more than {MOST_TAGS}")
    if any(len(tag) > 255 for tag in stored):
        add("tags", "Tags is too long (maximum is 255 characters)")
    for index, address in enumerate(given.get("addresses") or []):
        for name, message in addresses.problems(address):
            add(f"addresses.{index}.{name}", message)
    return found


def _check_email(shop: Shop, given: Args, held: Record | None, add: Any) -> None:
    value = text.email(given.get("email"))
    if value is None:
        return
    if len(value) > 255:
        add("email", "Email is too long (maximum is 255 characters)")
    if not text.valid_email(value):
        add("email", "Email is invalid")
    elif any(other is not held for other in table(shop).by("email", value.lower())):
        add("email", "Email has already been taken")


def _check_phone(shop: Shop, given: Args, held: Record | None, add: Any) -> None:
    value = given.get("phone")
    if not text.blank_to_null(value):
        return
    if len(value) > 255:
        add("phone", "Phone is too long (maximum is 255 characters)")
    number_ = text.phone(value)
    if number_ is None:
        add("phone", "Phone is invalid")
    elif any(other is not held for other in table(shop).by("phone", number_)):
        add("phone", "Phone has already been taken")


def nameless(record: Record) -> bool:
    return not any(record.get(name) for name in ("firstName", "lastName", "email", "phone"))


# writing


def blank(shop: Shop) -> Record:
    now = shop.stamp()
    return {
        "id": shop.new_id("Customer"),
        "createdAt": now,
        "updatedAt": now,
        "state": "DISABLED",
        "tags": [],
        "locale": "en",
        "taxExempt": False,
        "taxExemptions": [],
        "verifiedEmail": True,
        "_addresses": [],
        "_defaultAddress": None,
    }


def applied(shop: Shop, record: Record, given: Args) -> Record:
    """Write an input's plain fields onto a record."""
    for name in ("firstName", "lastName"):
        if name in given:
            record[name] = text.blank_to_null(given[name])
    for name in ("note", "multipassIdentifier"):
        if name in given:
            record[name] = given[name]
    for name in ("taxExempt", "taxExemptions", "locale"):
        if given.get(name) is not None:
            record[name] = given[name]
    if "email" in given:
        record["email"] = text.email(given["email"])
    if "phone" in given:
        record["phone"] = text.phone(text.blank_to_null(given["phone"]))
    if given.get("tags") is not None:
        record["tags"] = text.tags(given["tags"])
    if given.get("addresses") is not None:
        _set_addresses(shop, record, given["addresses"])
    return record


def _set_addresses(shop: Shop, record: Record, given: list[Args]) -> None:
    held = {address["id"]: address for address in record["_addresses"]}
    record["_addresses"] = [
        addresses.record(shop, each, owner="CustomerAddress", held=held.get(each.get("id", ""))) for each in given
    ]
    ids = [address["id"] for address in record["_addresses"]]
    if record.get("_defaultAddress") not in ids:
        record["_defaultAddress"] = ids[0] if ids else None


def consents(record: Record, given: Args) -> list[Record]:
    """Take over the consent an input gives at creation; returns what is wrong with it."""
    found = []
    wanted = (("emailMarketingConsent", "email", "An email address is required to set the email marketing consent state."),
              ("smsMarketingConsent", "phone", "A phone number is required to set the SMS consent state."))  # fmt: skip
    for name, needs, message in wanted:
        if given.get(name) is None:
            continue
        if not record.get(needs):
            found.append(user_error([name], message))
        else:
            record[f"_{name}"] = consent_record(given[name])
    return found


def consent_record(given: Args) -> Record:
    return {
        "marketingState": given["marketingState"],
        "marketingOptInLevel": given.get("marketingOptInLevel") or "UNKNOWN",
        "consentUpdatedAt": given.get("consentUpdatedAt"),
    }


@mutation("customerCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if given.get("id"):
        return {"customer": None, "userErrors": [user_error(["id"], "Cannot specify ID on creation")]}
    found = problems(shop, given, None)
    for index, address in enumerate(given.get("addresses") or []):
        if addresses.is_blank(address):
            found.append(user_error(["addresses", str(index)], "Customer address cannot be blank."))
    if found:
        return {"customer": None, "userErrors": found}
    record = applied(shop, blank(shop), given)
    found = consents(record, given)
    if nameless(record):
        found.append(user_error(None, "A name, phone number, or email address must be present"))
    if found:
        return {"customer": None, "userErrors": found}
    table(shop).put(record)
    refused = write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",))
    if refused:
        table(shop).remove(record["id"])
        return {"customer": None, "userErrors": refused}
    shop.emit("customers/create", record)
    return {"customer": record, "userErrors": []}


@mutation("customerUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = table(shop).get(given.get("id"))
    if record is None:
        return {"customer": None, "userErrors": [user_error(["id"], "Customer does not exist")]}
    for name, call in (("email", "customerEmailMarketingConsentUpdate"), ("sms", "customerSmsMarketingConsentUpdate")):
        if given.get(f"{name}MarketingConsent") is not None:
            message = f"To update {name}MarketingConsent, please use the {call} Mutation instead"
            return {"customer": None, "userErrors": [user_error([f"{name}MarketingConsent"], message)]}
    found = problems(shop, given, record)
    held = {address["id"] for address in record["_addresses"]}
    for index, address in enumerate(given.get("addresses") or []):
        if address.get("id") and address["id"] not in held:
            found.append(user_error(["addresses", str(index), "id"], "Customer address does not exist"))
    if not found and nameless(applied(shop, {**record}, {**given, "addresses": None})):
        found.append(user_error(None, "A name, phone number, or email address must be present"))
    found = found or write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",))
    if found:
        return {"customer": record or None, "userErrors": found}
    applied(shop, record, given)
    shop.touch(record)
    table(shop).put(record)
    shop.emit("customers/update", record)
    return {"customer": record, "userErrors": []}


@mutation("customerSet")
def set_customer(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    identifier = args.get("identifier")
    if identifier and given.get("id"):
        return _set_refused("The id field is not allowed if identifier is provided.", "ID_NOT_ALLOWED")
    wanted = identifier or ({"id": given["id"]} if given.get("id") else {})
    if (mismatch := _mismatch(wanted, given)) is not None:
        return mismatch
    record = identified(wanted, ctx)
    if record is None and wanted.get("id"):
        return _set_refused("Resource matching the identifier was not found.", "NOT_FOUND")
    if "taxExempt" in given and given["taxExempt"] is None:
        error = user_error(["input", "taxExempt"], "Tax exempt is of unexpected type NilClass", "INVALID")
        return {"customer": None, "userErrors": [error]}
    found = [_coded(error) for error in problems(shop, given, record, at=("input",))]
    if found:
        return {"customer": None, "userErrors": found}
    return _set_applied(ctx, record, wanted, given)


def _set_applied(ctx: Context, held: Record | None, wanted: Args, given: Args) -> Record:
    shop = ctx.shop
    record = held if held is not None else blank(shop)
    if nameless(applied(shop, {**record, "_addresses": []}, {**given, "addresses": None})):
        return _set_refused("A name, phone number, or email address must be present", "INVALID")
    applied(shop, record, given)
    if held is not None:
        shop.touch(record)
    table(shop).put(record)
    if held is None and wanted.get("customId"):
        custom = wanted["customId"]
        entry = {"namespace": custom.get("namespace"), "key": custom["key"], "value": custom["value"], "type": "id"}
        write_metafields(ctx, record, [entry], at=("metafields",))
    shop.emit("customers/create" if held is None else "customers/update", record)
    return {"customer": record, "userErrors": []}


def _set_refused(message: str, code: str) -> Record:
    return {"customer": None, "userErrors": [user_error(["input"], message, code)]}


def _mismatch(wanted: Args, given: Args) -> Record | None:
    for name in ("email", "phone"):
        if not wanted.get(name):
            continue
        if not given.get(name):
            message = "The input field corresponding to the identifier is required."
            return _set_refused(message, "MISSING_FIELD_REQUIRED")
        fold = text.phone if name == "phone" else lambda value: (text.email(value) or "").lower()
        if fold(wanted[name]) != fold(given[name]):
            message = "The identifier value does not match the value of the corresponding field in the input."
            return _set_refused(message, "INPUT_MISMATCH")
    return None


def _coded(error: Record) -> Record:
    message = error["message"]
    code = "TAKEN" if "taken" in message else "TOO_LONG" if "too long" in message else "INVALID"
    return {**error, "code": code}


def identified(wanted: Args, ctx: Context) -> Record | None:
    """The customer an identifier means: id, e-mail, phone or custom id."""
    shop = ctx.shop
    if wanted.get("id"):
        return table(shop).get(wanted["id"])
    if address := wanted.get("email") or wanted.get("emailAddress"):
        return next(iter(table(shop).by("email", (text.email(address) or "").lower())), None)
    if given := wanted.get("phone") or wanted.get("phoneNumber"):
        return next(iter(table(shop).by("phone", text.phone(given))), None)
    return by_custom_id(ctx, "CUSTOMER", wanted["customId"]) if wanted.get("customId") else None


@mutation("customerDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid, shop = args["input"]["id"], ctx.shop
    record = table(shop).get(gid)
    if record is None:
        return {"deletedCustomerId": None, "userErrors": [user_error(["id"], "Customer can't be found")]}
    if orders_of(shop, gid):
        message = "Customer can’t be deleted because they have associated orders"
        return {"deletedCustomerId": None, "userErrors": [user_error(["id"], message)]}
    table(shop).remove(gid)
    forget(shop, record, "customers/delete")
    return {"deletedCustomerId": gid, "userErrors": []}


def _consent_update(args: Args, ctx: Context, kind: str, needs: str) -> Record:
    given = args["input"]
    record = table(ctx.shop).get(given["customerId"])
    name = f"{kind}MarketingConsent"
    if record is None:
        path = ["input", "customerId"] if kind == "email" else None
        return {"customer": None, "userErrors": [user_error(path, "Customer not found", "INVALID")]}
    wanted = given[name]
    if kind == "sms" and not record.get(needs):
        message = "A phone number is required to set the SMS consent state."
        return {"customer": record, "userErrors": [user_error(["input", name], message, "INVALID")]}
    if not wanted.get("marketingOptInLevel") and wanted["marketingState"] in ("SUBSCRIBED", "PENDING"):
        if kind == "sms" or wanted["marketingState"] == "PENDING":
            path = ["input", name, "marketingOptInLevel"]
            error = user_error(path, "Marketing opt in level must exist", "MISSING_ARGUMENT")
            return {"customer": record, "userErrors": [error]}
    if record.get(needs):
        record[f"_{name}"] = {
            **consent_record(wanted),
            "consentUpdatedAt": wanted.get("consentUpdatedAt") or ctx.shop.stamp(),
        }
        ctx.shop.touch(record)
        ctx.shop.emit("customers/update", record)
    return {"customer": record, "userErrors": []}


@mutation("customerEmailMarketingConsentUpdate")
def email_consent(args: Args, ctx: Context) -> Record:
    return _consent_update(args, ctx, "email", "email")


@mutation("customerSmsMarketingConsentUpdate")
def sms_consent(args: Args, ctx: Context) -> Record:
    return _consent_update(args, ctx, "sms", "phone")


# reading


@root("customers")
def customers(_args: Args, ctx: Context) -> Listing:
    return Listing("Customer", table(ctx.shop), root="customers")


@root("customerByIdentifier")
def customer_by_identifier(args: Args, ctx: Context) -> Record | None:
    return identified(args["identifier"], ctx)


def display_name(record: Record) -> str:
    return (
        text.joined(record.get("firstName"), record.get("lastName")) or record.get("email") or record.get("phone") or ""
    )


@field("Customer", "displayName")
def _display_name(record: Record, _args: Args, _ctx: Context) -> str:
    return display_name(record)


@field("Customer", "legacyResourceId")
def _legacy(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("Customer", "addresses", "addressesV2")
def _addresses(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return list(record["_addresses"])


@field("Customer", "defaultAddress")
def _default_address(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return next((each for each in record["_addresses"] if each["id"] == record.get("_defaultAddress")), None)


@field("Customer", "emailMarketingConsent")
def _email_consent(record: Record, _args: Args, _ctx: Context) -> Record | None:
    if not record.get("email"):
        return None
    held: Record = record.get("_emailMarketingConsent") or {
        "marketingState": "NOT_SUBSCRIBED",
        "marketingOptInLevel": "SINGLE_OPT_IN",
    }
    return held


@field("Customer", "smsMarketingConsent")
def _sms_consent(record: Record, _args: Args, _ctx: Context) -> Record | None:
    if not record.get("phone"):
        return None
    held = record.get("_smsMarketingConsent") or {
        "marketingState": "NOT_SUBSCRIBED",
        "marketingOptInLevel": "SINGLE_OPT_IN",
    }
    return {"consentCollectedFrom": "OTHER", **held}


@field("Customer", "defaultEmailAddress")
def _default_email(record: Record, _args: Args, ctx: Context) -> Record | None:
    held = _email_consent(record, {}, ctx)
    if held is None:
        return None
    return {
        "emailAddress": record["email"],
        "validFormat": True,
        "marketingState": held["marketingState"],
        "marketingOptInLevel": held.get("marketingOptInLevel"),
        "marketingUpdatedAt": held.get("consentUpdatedAt"),
        "openTrackingLevel": "UNKNOWN",
    }


@field("Customer", "defaultPhoneNumber")
def _default_phone(record: Record, _args: Args, ctx: Context) -> Record | None:
    held = _sms_consent(record, {}, ctx)
    if held is None:
        return None
    return {
        "phoneNumber": record["phone"],
        "marketingState": held["marketingState"],
        "marketingOptInLevel": held.get("marketingOptInLevel"),
        "marketingUpdatedAt": held.get("consentUpdatedAt"),
        "marketingCollectedFrom": held.get("consentCollectedFrom"),
    }


@field("Customer", "numberOfOrders")
def _number_of_orders(record: Record, _args: Args, ctx: Context) -> str:
    return str(len(orders_of(ctx.shop, record["id"])))


def amount_spent(shop: Shop, gid: str) -> Decimal:
    """What the customer's paid orders come to, less what was refunded; orders keep both as facts."""
    total = Decimal(0)
    for order in orders_of(shop, gid):
        total += Decimal(order.get("_received") or 0) - Decimal(order.get("_refunded") or 0)
    return total


@field("Customer", "amountSpent")
def _amount_spent(record: Record, _args: Args, ctx: Context) -> Record:
    return {"amount": amount_spent(ctx.shop, record["id"]), "currencyCode": ctx.shop.currency}


@field("Customer", "lastOrder")
def _last_order(record: Record, _args: Args, ctx: Context) -> Record | None:
    return max(orders_of(ctx.shop, record["id"]), key=lambda order: order["createdAt"], default=None)


@field("Customer", "orders")
def _orders(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Order", orders_of(ctx.shop, record["id"]), root="orders")


@field("Customer", "canDelete")
def _can_delete(record: Record, _args: Args, ctx: Context) -> bool:
    return not orders_of(ctx.shop, record["id"])


@field("Customer", "lifetimeDuration")
def _lifetime(record: Record, _args: Args, ctx: Context) -> str:
    from datetime import datetime

    days = (ctx.now - datetime.fromisoformat(record["createdAt"])).days
    if days < 1:
        return "less than a minute"
    if days < 45:
        return f"{days} day{'s' if days != 1 else ''}"
    return f"about {round(days / 30)} months" if days < 700 else f"about {round(days / 365)} years"


@field("Customer", "productSubscriberStatus")
def _subscriber(_record: Record, _args: Args, _ctx: Context) -> str:
    return "NEVER_SUBSCRIBED"


@field("Customer", "taxSettings")
def _tax_settings(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"taxId": None}


@field("Customer", "metafieldDefinitions")
def _no_definitions(_record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return []


@root("customerMergePreview")
def _merge_preview(_args: Args, _ctx: Context) -> Record:
    raise TopLevelError("NOT_MODELLED", "The simulator does not merge customers.")


def _name_key(record: Record, _shop: Shop) -> str:
    return f"{record.get('lastName') or ''}, {record.get('firstName') or ''}"


def _default_place(name: str) -> Any:
    def extract(record: Record, _shop: Shop) -> Any:
        chosen = next((each for each in record["_addresses"] if each["id"] == record.get("_defaultAddress")), None)
        return chosen.get(name) if chosen else None

    return extract


search(
    "Customer",
    {
        "id": numeric_id(lambda record, _shop: record["id"]),
        "email": words(lambda record, _shop: record.get("email")),
        "phone": token(lambda record, _shop: record.get("phone")),
        "first_name": words(lambda record, _shop: record.get("firstName")),
        "last_name": words(lambda record, _shop: record.get("lastName")),
        "tag": token(lambda record, _shop: record.get("tags")),
        "state": token(lambda record, _shop: record.get("state")),
        "country": token(_default_place("country")),
        "customer_date": instant(lambda record, _shop: record["createdAt"]),
        "created_at": instant(lambda record, _shop: record["createdAt"]),
        "updated_at": instant(lambda record, _shop: record["updatedAt"]),
        "orders_count": number(lambda record, shop: len(orders_of(shop, record["id"]))),
        "total_spent": number(lambda record, shop: amount_spent(shop, record["id"])),
    },
    text=[
        lambda record, _shop: record.get("email"),
        lambda record, _shop: display_name(record),
        lambda record, _shop: record.get("phone"),
    ],
)

sort(
    "customers",
    {
        "ID": lambda record, _shop: int(tail_of(record["id"])),
        "CREATED_AT": lambda record, _shop: record["createdAt"],
        "UPDATED_AT": lambda record, _shop: record["updatedAt"],
        "NAME": _name_key,
        "LOCATION": lambda record, shop: _default_place("country")(record, shop),
        "RELEVANCE": lambda record, _shop: int(tail_of(record["id"])),
    },
    default="ID",
)
