"""What else happens to customers: account invites and activation, tax exemptions, requests to erase their data."""

from __future__ import annotations

from collections.abc import Callable

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.domain.customers import changed, table
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, tail_of

LONGEST_SUBJECT = 1000
LONGEST_MESSAGE = 5000
NOT_SENT = "Error sending account invite to customer."


# invites


@mutation("customerSendAccountInviteEmail")
def invite(args: Args, ctx: Context) -> Record:
    record = table(ctx.shop).get(args["customerId"])
    if record is None:
        return {"customer": None, "userErrors": [user_error(["customerId"], "Customer can't be found", "INVALID")]}
    if errors := _mail_problems(args.get("email") or {}, record):
        return {"customer": None, "userErrors": errors}
    if record["state"] != "ENABLED":
        record["state"] = "INVITED"
        changed(ctx.shop, record)
    return {"customer": record, "userErrors": []}


def _mail_problems(mail: Args, record: Record) -> list[Record]:
    found = []

    def add(name: str, message: str) -> None:
        found.append(user_error(["email", name], message, "INVALID"))

    if mail.get("subject") is not None and not mail["subject"].strip():
        add("subject", "Subject can't be blank")
    if mail.get("to") is not None and not text.valid_email(mail["to"]):
        add("to", "To is invalid")
    if mail.get("from") is not None and not text.valid_email(mail["from"]):
        add("from", "From Sender is invalid")
    if mail.get("bcc"):
        # The customers' own shop addresses are the only ones a copy may go to.
        add("bcc", "Bcc " + " and ".join(f"{address} is not a valid bcc address" for address in mail["bcc"]))
    if not found and not _deliverable(mail, record):
        found.append(user_error(["customerId"], NOT_SENT, "INVALID"))
    return found


def _deliverable(mail: Args, record: Record) -> bool:
    message = mail.get("customMessage") or ""
    fits = len(mail.get("subject") or "") <= LONGEST_SUBJECT and len(message) <= LONGEST_MESSAGE
    return fits and "<" not in message and bool(mail.get("to") or record.get("email"))


@mutation("customerGenerateAccountActivationUrl")
def activation_url(args: Args, ctx: Context) -> Record:
    record = table(ctx.shop).get(args["customerId"])
    if record is None:
        error = user_error(["customerId"], "The customer can't be found.")
        return {"accountActivationUrl": None, "userErrors": [error]}
    if record["state"] == "ENABLED":
        error = user_error(["customerId"], "Account already enabled")
        return {"accountActivationUrl": None, "userErrors": [error]}
    url = f"https://{ctx.shop.domain}/account/activate/{tail_of(record['id'])}/simulated"
    return {"accountActivationUrl": url, "userErrors": []}


@mutation("customerPaymentMethodSendUpdateEmail")
def payment_method_mail(_args: Args, _ctx: Context) -> Record:
    """Simulated customers have no stored payment methods."""
    error = user_error(["customerPaymentMethodId"], "Customer payment method does not exist")
    return {"customer": None, "userErrors": [error]}


# tax exemptions


def _exempt(args: Args, ctx: Context, change: Callable[[list[str], list[str]], list[str]]) -> Record:
    record = table(ctx.shop).get(args["customerId"])
    if record is None:
        return {"customer": None, "userErrors": [user_error(["customerId"], "Customer does not exist.")]}
    wanted = list(dict.fromkeys(change(record["taxExemptions"], args["taxExemptions"])))
    if wanted != record["taxExemptions"]:
        record["taxExemptions"] = wanted
        changed(ctx.shop, record)
    return {"customer": record, "userErrors": []}


@mutation("customerAddTaxExemptions")
def add_exemptions(args: Args, ctx: Context) -> Record:
    return _exempt(args, ctx, lambda held, given: held + given)


@mutation("customerRemoveTaxExemptions")
def remove_exemptions(args: Args, ctx: Context) -> Record:
    return _exempt(args, ctx, lambda held, given: [name for name in held if name not in given])


@mutation("customerReplaceTaxExemptions")
def replace_exemptions(args: Args, ctx: Context) -> Record:
    return _exempt(args, ctx, lambda _held, given: given)


# erasure


@mutation("customerRequestDataErasure")
def request_erasure(args: Args, ctx: Context) -> Record:
    record = table(ctx.shop).get(args["customerId"])
    if record is None:
        return _unknown()
    record["_erasure"] = ctx.shop.stamp()
    return {"customerId": record["id"], "userErrors": []}


@mutation("customerCancelDataErasure")
def cancel_erasure(args: Args, ctx: Context) -> Record:
    record = table(ctx.shop).get(args["customerId"])
    if record is None:
        return _unknown()
    if not record.pop("_erasure", None):
        message = "Customer's data is not scheduled for erasure"
        return {"customerId": None, "userErrors": [user_error(["customerId"], message, "NOT_BEING_ERASED")]}
    return {"customerId": record["id"], "userErrors": []}


def _unknown() -> Record:
    error = user_error(["customerId"], "Customer does not exist", "DOES_NOT_EXIST")
    return {"customerId": None, "userErrors": [error]}
