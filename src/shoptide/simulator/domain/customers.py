"""Customers: their records, what is derived of them, how they are found, searched and sorted."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.domain.addresses import record as address_record
from shoptide.simulator.domain.addresses import same
from shoptide.simulator.domain.metafields import by_custom_id
from shoptide.simulator.domain.order_totals import totals
from shoptide.simulator.registry import (
    VISIBLE,
    Args,
    Listing,
    boolean,
    field,
    instant,
    number,
    numeric_id,
    root,
    search,
    sort,
    token,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Customer"
CLEARABLE = ("note", "multipassIdentifier")
KEPT_WHEN_NULL = ("taxExempt", "taxExemptions", "locale")
UNASKED = {"marketingState": "NOT_SUBSCRIBED", "marketingOptInLevel": "SINGLE_OPT_IN", "consentUpdatedAt": None}


def table(shop: Shop) -> Any:
    found = shop.table(KIND)
    found.add_index("email", lambda record: (record.get("email") or "").lower() or None)
    found.add_index("phone", lambda record: record.get("phone"))
    return found


def orders_of(shop: Shop, gid: str) -> list[Record]:
    orders = shop.table("Order")
    orders.add_index("customer", lambda record: record.get("customer"))
    return orders.by("customer", gid)


def identified(wanted: Args, ctx: Context) -> Record | None:
    """The customer an identifier means: id, e-mail, phone or custom id."""
    customers, found = table(ctx.shop), None
    if wanted.get("id"):
        found = customers.get(wanted["id"])
    elif address := wanted.get("email") or wanted.get("emailAddress"):
        found = next(iter(customers.by("email", (text.email(address) or "").lower())), None)
    elif given := wanted.get("phone") or wanted.get("phoneNumber"):
        found = next(iter(customers.by("phone", text.phone(given))), None)
    elif wanted.get("customId"):
        found = by_custom_id(ctx, "CUSTOMER", wanted["customId"])
    return found


# records


def blank(shop: Shop) -> Record:
    now = shop.stamp()
    return {
        "id": shop.new_id(KIND),
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
    """Write an input's plain fields and addresses onto a record."""
    record.update({name: text.blank_to_null(given[name]) for name in ("firstName", "lastName") if name in given})
    record.update({name: given[name] for name in CLEARABLE if name in given})
    record.update({name: given[name] for name in KEPT_WHEN_NULL if given.get(name) is not None})
    if "email" in given:
        record["email"] = text.email(given["email"])
    if "phone" in given:
        record["phone"] = text.phone(given["phone"])
    if given.get("tags") is not None:
        record["tags"] = text.tags(given["tags"])
    if given.get("addresses") is not None:
        set_addresses(shop, record, given["addresses"])
    return record


def set_addresses(shop: Shop, record: Record, given: list[Args]) -> None:
    """Replace the addresses; those named by id keep what the input leaves out, those that are alike count once."""
    held = {address["id"]: address for address in record["_addresses"]}
    kept: list[Record] = []
    for entry in given:
        address = new_address(shop, record, entry, held.get(entry.get("id") or ""))
        if not any(same(address, other) for other in kept):
            kept.append(address)
    record["_addresses"] = kept
    settle_default(record)


def new_address(shop: Shop, customer: Record, given: Args, held: Record | None = None) -> Record:
    """A customer's address; one without a name bears the customer's."""
    address = address_record(shop, given, owner="CustomerAddress", held=held)
    if held is None:
        for name in ("firstName", "lastName"):
            if name not in given:
                address[name] = customer.get(name)
    return address


def settle_default(record: Record) -> None:
    """The first address is the default one where none is."""
    ids = [address["id"] for address in record["_addresses"]]
    if record.get("_defaultAddress") not in ids:
        record["_defaultAddress"] = ids[0] if ids else None


def default_address_of(record: Record) -> Record | None:
    wanted = record.get("_defaultAddress")
    return next((address for address in record["_addresses"] if address["id"] == wanted), None)


def changed(shop: Shop, record: Record) -> None:
    shop.touch(record)
    table(shop).put(record)
    shop.emit("customers/update", record)


# reading


@root("customers")
def customers(_args: Args, ctx: Context) -> Listing:
    return Listing(KIND, table(ctx.shop), root="customers")


@root("customerByIdentifier")
def customer_by_identifier(args: Args, ctx: Context) -> Record | None:
    return identified(args["identifier"], ctx)


def display_name_of(record: Record) -> str:
    name = text.joined(record.get("firstName"), record.get("lastName"))
    return name or record.get("email") or record.get("phone") or ""


@field(KIND, "displayName")
def display_name(record: Record, _args: Args, _ctx: Context) -> str:
    return display_name_of(record)


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "addresses", "addressesV2")
def addresses_of(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return list(record["_addresses"])


@field(KIND, "defaultAddress")
def default_address(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return default_address_of(record)


@field(KIND, "validEmailAddress")
def valid_email(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record.get("email"))


@field(KIND, "unsubscribeUrl")
def unsubscribe_url(record: Record, _args: Args, ctx: Context) -> str:
    return f"https://{ctx.shop.domain}/account/unsubscribe?id={tail_of(record['id'])}"


@field(KIND, "image")
def image(record: Record, _args: Args, _ctx: Context) -> Record:
    address = f"https://cdn.shopify.com/proxy/avatar/{tail_of(record['id'])}.png"
    return {"url": address, "src": address, "originalSrc": address, "transformedSrc": address, "altText": None}


# consent


@field(KIND, "emailMarketingConsent")
def email_consent(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return (record.get("_emailMarketingConsent") or UNASKED) if record.get("email") else None


@field(KIND, "smsMarketingConsent")
def sms_consent(record: Record, _args: Args, _ctx: Context) -> Record | None:
    held = (record.get("_smsMarketingConsent") or UNASKED) if record.get("phone") else None
    if held is None or held is UNASKED:
        return held
    return {"consentCollectedFrom": "OTHER", **held}


@field(KIND, "defaultEmailAddress")
def default_email(record: Record, _args: Args, ctx: Context) -> Record | None:
    held = email_consent(record, {}, ctx)
    if held is None:
        return None
    return {
        "emailAddress": record["email"],
        "validFormat": True,
        "marketingState": held["marketingState"],
        "marketingOptInLevel": held["marketingOptInLevel"],
        "marketingUpdatedAt": held["consentUpdatedAt"],
        "marketingUnsubscribeUrl": unsubscribe_url(record, {}, ctx),
        "openTrackingLevel": "UNKNOWN",
        "openTrackingUrl": f"https://{ctx.shop.domain}/tools/emails/open_tracking/{tail_of(record['id'])}",
    }


@field(KIND, "defaultPhoneNumber")
def default_phone(record: Record, _args: Args, ctx: Context) -> Record | None:
    held = sms_consent(record, {}, ctx)
    if held is None:
        return None
    return {
        "phoneNumber": record["phone"],
        "marketingState": held["marketingState"],
        "marketingOptInLevel": held["marketingOptInLevel"],
        "marketingUpdatedAt": held["consentUpdatedAt"],
        "marketingCollectedFrom": held.get("consentCollectedFrom"),
        "smsMarketingConsent": _channel_consent(held),
        "whatsAppMarketingConsent": _channel_consent(record.get("_whatsAppMarketingConsent") or UNASKED),
    }


def _channel_consent(held: Record) -> Record:
    """Consent in the words of the channels' own type."""
    state = held["marketingState"]
    return {
        "state": "NEVER_SUBSCRIBED" if state == "NOT_SUBSCRIBED" else state,
        "optInLevel": held["marketingOptInLevel"],
        "updatedAt": held["consentUpdatedAt"],
        "collectedFrom": held.get("consentCollectedFrom"),
    }


# orders


@field(KIND, "numberOfOrders")
def number_of_orders(record: Record, _args: Args, ctx: Context) -> str:
    return str(len(orders_of(ctx.shop, record["id"])))


def amount_spent_by(shop: Shop, gid: str) -> Decimal:
    """What the customer's orders brought in, less what was refunded, in the shop's currency."""
    found = orders_of(shop, gid)
    return sum((totals(shop, order).net_payment.shop for order in found), Decimal(0)) if found else Decimal(0)


@field(KIND, "amountSpent")
def amount_spent(record: Record, _args: Args, ctx: Context) -> Record:
    return {"amount": amount_spent_by(ctx.shop, record["id"]), "currencyCode": ctx.shop.currency}


def last_order_of(shop: Shop, gid: str) -> Record | None:
    return max(orders_of(shop, gid), key=lambda order: order["createdAt"], default=None)


@field(KIND, "lastOrder")
def last_order(record: Record, _args: Args, ctx: Context) -> Record | None:
    return last_order_of(ctx.shop, record["id"])


@field(KIND, "orders")
def orders(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = orders_of(ctx.shop, record["id"])
    return Listing("Order", [row for row in rows if VISIBLE["Order"](row, ctx)], root="orders")


@field(KIND, "canDelete")
def can_delete(record: Record, _args: Args, ctx: Context) -> bool:
    return not orders_of(ctx.shop, record["id"])


# the rest


@field(KIND, "lifetimeDuration")
def lifetime(record: Record, _args: Args, ctx: Context) -> str:
    seconds = (ctx.now - datetime.fromisoformat(record["createdAt"])).total_seconds()
    for size, unit in ((365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            about = "about " if size > 86_400 or unit == "hour" else ""
            return f"{about}{count} {unit}{'s' if count != 1 else ''}"
    return "less than a minute"


@field(KIND, "productSubscriberStatus")
def subscriber(_record: Record, _args: Args, _ctx: Context) -> str:
    return "NEVER_SUBSCRIBED"


@field(KIND, "taxSettings")
def tax_settings(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"taxId": None}


@field(KIND, "statistics")
def statistics(record: Record, _args: Args, ctx: Context) -> Record:
    spent = amount_spent_by(ctx.shop, record["id"])
    if not spent:
        return {"predictedSpendTier": None, "rfmGroup": "PROSPECTS"}
    tier = "HIGH" if spent >= 500 else "MEDIUM" if spent >= 100 else "LOW"
    return {"predictedSpendTier": tier, "rfmGroup": "ACTIVE"}


def _name_key(record: Record, _shop: Shop) -> str:
    return f"{record.get('lastName') or ''}, {record.get('firstName') or ''}"


def _default_place(name: str) -> Any:
    return lambda record, _shop: (default_address_of(record) or {}).get(name)


def _order_date(record: Record, shop: Shop) -> str | None:
    latest = last_order_of(shop, record["id"])
    return latest["createdAt"] if latest else None


def _accepts_marketing(record: Record, _shop: Shop) -> bool:
    return bool((record.get("_emailMarketingConsent") or UNASKED)["marketingState"] == "SUBSCRIBED")


search(
    KIND,
    {
        "id": numeric_id(lambda record, _shop: record["id"]),
        "email": words(lambda record, _shop: record.get("email")),
        "phone": token(lambda record, _shop: record.get("phone")),
        "first_name": words(lambda record, _shop: record.get("firstName")),
        "last_name": words(lambda record, _shop: record.get("lastName")),
        "tag": token(lambda record, _shop: record.get("tags")),
        "state": token(lambda record, _shop: record.get("state")),
        "country": token(_default_place("country")),
        "accepts_marketing": boolean(_accepts_marketing),
        "customer_date": instant(lambda record, _shop: record["createdAt"]),
        "updated_at": instant(lambda record, _shop: record["updatedAt"]),
        "order_date": instant(_order_date),
        "last_abandoned_order_date": instant(lambda _record, _shop: None),
        "orders_count": number(lambda record, shop: len(orders_of(shop, record["id"]))),
        "total_spent": number(lambda record, shop: amount_spent_by(shop, record["id"])),
    },
    text=[
        lambda record, _shop: record.get("email"),
        lambda record, _shop: display_name_of(record),
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
        "LOCATION": _default_place("country"),
        "RELEVANCE": lambda record, _shop: int(tail_of(record["id"])),
    },
    default="ID",
)
