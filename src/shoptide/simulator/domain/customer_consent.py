"""Marketing consent by e-mail, text message and WhatsApp: given at creation, then changed by mutations (FACTS 32)."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain.customers import changed, default_phone, table
from shoptide.simulator.registry import Args, TopLevelError, mutation, user_error
from shoptide.simulator.shop import Record

# channel: what it needs of the customer, what is said when that is missing
CHANNELS = {
    "emailMarketingConsent": ("email", "An email address is required to set the email marketing consent state."),
    "smsMarketingConsent": ("phone", "A phone number is required to set the SMS consent state."),
    "whatsAppMarketingConsent": ("phone", "A phone number is required to set the WhatsApp consent state."),
}


# States that a customer can be in and nobody can put them in.
NO_INPUT = frozenset({"REDACTED", "NOT_SUBSCRIBED", "INVALID"})


def settable(given: Args) -> Args:
    """Consent as it was given; a state that is no input fails the whole field."""
    state = given.get("marketingState")
    if state in NO_INPUT:
        raise TopLevelError("INVALID", f"Cannot specify {state} as a marketing state input")
    return given


def consents(record: Record, given: Args) -> list[Record]:
    """Take over the consent an input gives at creation; what is wrong with it."""
    found = []
    for name, (needs, message) in CHANNELS.items():
        if given.get(name) is None:
            continue
        if record.get(needs):
            record[f"_{name}"] = consent_record(settable(given[name]), record["createdAt"])
        else:
            found.append(user_error([name], message))
    return found


def consent_record(given: Args, moment: str) -> Record:
    """Consent as it is kept, whichever of the two input types it came in."""
    state = given.get("marketingState") or given["state"]
    return {
        "marketingState": "NOT_SUBSCRIBED" if state == "NEVER_SUBSCRIBED" else state,
        "marketingOptInLevel": given.get("marketingOptInLevel") or given.get("optInLevel") or "UNKNOWN",
        "consentUpdatedAt": given.get("consentUpdatedAt") or given.get("updatedAt") or moment,
        "sourceLocation": given.get("sourceLocationId"),
    }


def _problem(wanted: Args, name: str, ctx: Context) -> Record | None:
    state, level = settable(wanted)["marketingState"], wanted.get("marketingOptInLevel")
    path = ["input", name]
    if level is None and state in ("SUBSCRIBED", "PENDING"):
        return user_error([*path, "marketingOptInLevel"], "Marketing opt in level must exist", "MISSING_ARGUMENT")
    if state == "PENDING" and level != "CONFIRMED_OPT_IN":
        message = "Marketing opt in level must be confirmed opt-in for pending consent state"
        return user_error([*path, "marketingOptInLevel"], message, "INVALID")
    if (wanted.get("consentUpdatedAt") or "") > ctx.shop.stamp():
        message = "Consent updated at must not be in the future"
        return user_error([*path, "consentUpdatedAt"], message, "INVALID")
    return None


@mutation("customerEmailMarketingConsentUpdate")
def update_email(args: Args, ctx: Context) -> Record:
    """Without an e-mail address there is nothing to consent to: nothing happens, nothing is wrong."""
    name = "emailMarketingConsent"
    given = args["input"]
    record = table(ctx.shop).get(given["customerId"])
    if record is None:
        error = user_error(["input", "customerId"], "Customer not found", "INVALID")
        return {"customer": None, "userErrors": [error]}
    if problem := _problem(given[name], name, ctx):
        return {"customer": record, "userErrors": [problem]}
    if record.get("email"):
        record[f"_{name}"] = consent_record(given[name], ctx.shop.stamp())
        changed(ctx.shop, record)
        ctx.shop.emit("customers_email_marketing_consent/update", record)
    return {"customer": record, "userErrors": []}


@mutation("customerSmsMarketingConsentUpdate")
def update_sms(args: Args, ctx: Context) -> Record:
    name = "smsMarketingConsent"
    given = args["input"]
    record = table(ctx.shop).get(given["customerId"])
    if record is None:
        return {"customer": None, "userErrors": [user_error(None, "Customer not found")]}
    needs, message = CHANNELS[name]
    missing = None if record.get(needs) else user_error(["input", name], message, "INVALID")
    error = missing or _problem(given[name], name, ctx)
    if error:
        return {"customer": None, "userErrors": [error]}
    record[f"_{name}"] = consent_record(given[name], ctx.shop.stamp())
    changed(ctx.shop, record)
    ctx.shop.emit("customers_marketing_consent/update", record)
    return {"customer": record, "userErrors": []}


@mutation("customerWhatsAppMarketingConsentUpdate")
def update_whatsapp(args: Args, ctx: Context) -> Record:
    name = "whatsAppMarketingConsent"
    given = args["input"]
    record = table(ctx.shop).get(given["customerId"])
    if record is None:
        error = user_error(["input", "customerId"], "Customer not found", "INVALID")
        return {"customerPhoneNumber": None, "userErrors": [error]}
    if not record.get("phone"):
        error = user_error(["input", name], CHANNELS[name][1], "INVALID")
        return {"customerPhoneNumber": None, "userErrors": [error]}
    record[f"_{name}"] = consent_record(given[name], ctx.shop.stamp())
    changed(ctx.shop, record)
    return {"customerPhoneNumber": default_phone(record, {}, ctx), "userErrors": []}
