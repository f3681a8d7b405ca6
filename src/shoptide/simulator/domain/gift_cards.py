"""Gift cards: issued, changed, credited, debited and deactivated; whom they are for."""

from __future__ import annotations

import re
from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    mutation,
    numeric_id,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "GiftCard"
UNKNOWN = "The gift card could not be found."
LETTERS = "bcdfghjkmnpqrtvwxy234679"


def cards_of(shop: Shop, customer: str) -> list[Record]:
    """The cards that a customer holds."""
    return [row for row in shop.table(KIND) if row["customer"] == customer]


def promised_to(shop: Shop, customer: str) -> bool:
    """Whether a card is scheduled to be sent to the customer, and wasn't yet."""
    now = shop.stamp()
    rows = (row["_recipient"] for row in shop.table(KIND) if row["_recipient"])
    return any(row["id"] == customer and (row.get("sendNotificationAt") or "") > now for row in rows)


# checks


def _code_problem(code: str, shop: Shop) -> Record | None:
    at, tidy = ["input", "code"], code.replace(" ", "").replace("-", "").lower()
    if len(tidy) < 8:
        return user_error(at, "must be at least 8 characters long", "TOO_SHORT")
    if len(tidy) > 20:
        return user_error(at, "must be at most 20 characters long", "TOO_LONG")
    if not re.fullmatch(r"[a-z0-9]+", tidy):
        return user_error(at, "can only contain letters(a-z) and numbers(0-9)", "INVALID")
    if any(row["_code"] == tidy for row in shop.table(KIND)):
        return user_error(at, "already taken", "TAKEN")
    return None


def _people_problems(given: Args, shop: Shop) -> list[Record]:
    found = []
    if given.get("customerId") and shop.table("Customer").get(given["customerId"]) is None:
        message = "The customer could not be found."
        found.append(user_error(["input", "customerId"], message, "CUSTOMER_NOT_FOUND"))
    recipient = given.get("recipientAttributes") or {}
    if recipient and shop.table("Customer").get(recipient.get("id")) is None:
        message = "The recipient could not be found."
        found.append(user_error(["input", "recipientAttributes", "id"], message, "RECIPIENT_NOT_FOUND"))
    return found


# writing


def _new_code(shop: Shop) -> str:
    return "".join(shop.random.choice(LETTERS) for _ in range(16))


@mutation("giftCardCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    amount = Decimal(str((given.get("initialAmount") or {}).get("amount", given.get("initialValue") or 0)))
    errors = _people_problems(given, shop)
    if amount <= 0:
        errors.insert(0, user_error(["input", "initialValue"], "must be greater than 0", "GREATER_THAN"))
    if given.get("code") and (problem := _code_problem(given["code"], shop)):
        errors.append(problem)
    if errors:
        return {"giftCard": None, "giftCardCode": None, "userErrors": errors}
    code = re.sub(r"[ -]", "", given["code"]).lower() if given.get("code") else _new_code(shop)
    record: Record = {
        "id": shop.new_id(KIND),
        "enabled": True,
        "createdAt": shop.stamp(),
        "updatedAt": shop.stamp(),
        "lastCharacters": code[-4:],
        "maskedCode": f"•••• •••• •••• {code[-4:]}",
        "expiresOn": given.get("expiresOn"),
        "note": given.get("note"),
        "templateSuffix": given.get("templateSuffix"),
        "customer": given.get("customerId"),
        "_code": code,
        "_initial": str(amount),
        "_balance": str(amount),
        "_recipient": dict(given["recipientAttributes"]) if given.get("recipientAttributes") else None,
        "_moves": [],
    }
    shop.table(KIND).put(record)
    return {"giftCard": record, "giftCardCode": code, "userErrors": []}


@mutation("giftCardUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return {"giftCard": None, "userErrors": [user_error(["id"], UNKNOWN, "GIFT_CARD_NOT_FOUND")]}
    errors = _people_problems(given, shop)
    if not given:
        errors = [user_error(["input"], "At least one argument is required in the input.", "INVALID")]
    elif not record["enabled"] and set(given) - {"note", "templateSuffix"}:
        errors = [user_error(["input"], "The gift card is deactivated.", "INVALID")]
    if errors:
        return {"giftCard": None, "userErrors": errors}
    record.update({name: given[name] for name in ("expiresOn", "note", "templateSuffix") if name in given})
    if given.get("customerId"):
        record["customer"] = given["customerId"]
    if given.get("recipientAttributes"):
        record["_recipient"] = dict(given["recipientAttributes"])
    shop.touch(record)
    return {"giftCard": shop.table(KIND).put(record), "userErrors": []}


@mutation("giftCardDeactivate")
def deactivate(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        return {"giftCard": None, "userErrors": [user_error(["id"], UNKNOWN, "GIFT_CARD_NOT_FOUND")]}
    if record["enabled"]:
        record.update(enabled=False, deactivatedAt=ctx.shop.stamp())
        ctx.shop.touch(record)
    return {"giftCard": ctx.shop.table(KIND).put(record), "userErrors": []}


def _move_problem(record: Record | None, given: Record, at: list[str], shop: Shop, *, out: bool) -> Record | None:
    if record is None:
        return user_error(["id"], UNKNOWN, "GIFT_CARD_NOT_FOUND")
    amount = Decimal(str(given["amount"]))
    if amount <= 0:
        return user_error([*at, "amount"], "A positive amount must be used.", "NEGATIVE_OR_ZERO_AMOUNT")
    if given["currencyCode"] != shop.currency:
        message = "The currency provided does not match the currency of the gift card."
        return user_error([*at, "currencyCode"], message, "MISMATCHING_CURRENCY")
    if not record["enabled"]:
        return user_error(["id"], "The gift card is deactivated.", "INVALID")
    if out and amount > Decimal(record["_balance"]):
        message = "The gift card does not have sufficient funds to satisfy the request."
        return user_error([*at, "amount"], message, "INSUFFICIENT_FUNDS")
    return None


def _move(args: Args, ctx: Context, side: str, sign: int) -> Record:
    """Put money on a card or take some off: a transaction of that kind."""
    given, shop, kind = args[f"{side}Input"], ctx.shop, f"GiftCard{side.capitalize()}Transaction"
    key, place = f"giftCard{side.capitalize()}Transaction", f"{side}Amount"
    record = shop.table(KIND).get(args["id"])
    problem = _move_problem(record, given[place], [f"{side}Input", place], shop, out=sign < 0)
    if problem or record is None:
        return {key: None, "userErrors": [problem]}
    amount = Decimal(str(given[place]["amount"])) * sign
    record["_balance"] = str(Decimal(record["_balance"]) + amount)
    shop.touch(record)
    move = {
        "__typename": kind,
        "id": shop.new_id(kind),
        "amount": {"amount": str(amount), "currencyCode": shop.currency},
        "giftCard": record["id"],
        "note": given.get("note"),
        "processedAt": given.get("processedAt") or shop.stamp(),
    }
    record["_moves"].append(shop.table(kind).put(move)["id"])
    return {key: move, "userErrors": []}


@mutation("giftCardCredit")
def credit(args: Args, ctx: Context) -> Record:
    return _move(args, ctx, "credit", 1)


@mutation("giftCardDebit")
def debit(args: Args, ctx: Context) -> Record:
    return _move(args, ctx, "debit", -1)


def _notify(args: Args, ctx: Context, who: str) -> Record:
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        return {"giftCard": None, "userErrors": [user_error(["id"], UNKNOWN, "GIFT_CARD_NOT_FOUND")]}
    gid = record["customer"] if who == "customer" else (record["_recipient"] or {}).get("id")
    customer = ctx.shop.table("Customer").get(gid)
    if customer is None:
        message = f"The gift card has no {who}."
        return {"giftCard": None, "userErrors": [user_error(["id"], message, f"{who.upper()}_NOT_FOUND")]}
    if not customer.get("email") and not customer.get("phone"):
        message = f"The {who} has no contact information (e.g. email address or phone number)."
        return {"giftCard": None, "userErrors": [user_error(["id"], message, "INVALID")]}
    return {"giftCard": record, "userErrors": []}


@mutation("giftCardSendNotificationToCustomer")
def notify_customer(args: Args, ctx: Context) -> Record:
    return _notify(args, ctx, "customer")


@mutation("giftCardSendNotificationToRecipient")
def notify_recipient(args: Args, ctx: Context) -> Record:
    return _notify(args, ctx, "recipient")


# reading


def _money(record: Record, place: str, ctx: Context) -> Record:
    return {"amount": Decimal(record[place]), "currencyCode": ctx.shop.currency}


@field(KIND, "balance")
def balance(record: Record, _args: Args, ctx: Context) -> Record:
    return _money(record, "_balance", ctx)


@field(KIND, "initialValue")
def initial_value(record: Record, _args: Args, ctx: Context) -> Record:
    return _money(record, "_initial", ctx)


@field(KIND, "isRedeemable")
def redeemable(record: Record, _args: Args, ctx: Context) -> bool:
    expired = record["expiresOn"] is not None and record["expiresOn"] < ctx.shop.stamp()[:10]
    return record["enabled"] and not expired and Decimal(record["_balance"]) > 0


@field(KIND, "recipientAttributes")
def recipient(record: Record, _args: Args, _ctx: Context) -> Record | None:
    held = record["_recipient"]
    return {**held, "recipient": held["id"]} if held else None


@field(KIND, "transactions")
def transactions(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [row for gid in record["_moves"] if (row := ctx.shop.get(gid))])


def _state(row: Record, _shop: Shop) -> str:
    return "enabled" if row["enabled"] else "disabled"


def _fill(row: Record, _shop: Shop) -> list[str]:
    left, whole = Decimal(row["_balance"]), Decimal(row["_initial"])
    if not left:
        return ["empty"]
    return ["full", "full_or_partial"] if left >= whole else ["partial", "full_or_partial"]


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
        "expires_on": instant(lambda row, _shop: row["expiresOn"]),
        "status": token(_state, ("enabled", "disabled", "expired", "expiring")),
        "balance_status": token(_fill, ("empty", "full", "full_or_partial", "partial")),
    },
    text=[lambda row, _shop: row["lastCharacters"]],
)
sort(
    "giftCards",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
        "BALANCE": lambda row, _shop: Decimal(row["_balance"]),
        "AMOUNT_SPENT": lambda row, _shop: Decimal(row["_initial"]) - Decimal(row["_balance"]),
        "INITIAL_VALUE": lambda row, _shop: Decimal(row["_initial"]),
        "CODE": lambda row, _shop: row["_code"],
        "EXPIRES_ON": lambda row, _shop: row["expiresOn"],
        "DISABLED_AT": lambda row, _shop: row.get("deactivatedAt"),
    },
    default="ID",
)
