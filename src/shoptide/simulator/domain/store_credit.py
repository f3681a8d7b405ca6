"""Store credit: accounts of customers and of companies' locations, one a currency, credited and debited."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.registry import Args, Listing, field, mutation, user_error
from shoptide.simulator.shop import Record, Shop, kind_of

KIND = "StoreCreditAccount"
MOST = Decimal(100_000)


def accounts_of(shop: Shop, customer: str) -> list[Record]:
    return [row for row in shop.table(KIND) if row["owner"] == customer]


def _account(gid: str, currency: str, shop: Shop) -> Record | None:
    """The account named, or the customer's in that currency."""
    if kind_of(gid) == KIND:
        return shop.table(KIND).get(gid)
    return next((row for row in accounts_of(shop, gid) if row["_currency"] == currency), None)


def _amount_problem(given: Args, side: str, *, verb: str) -> Record | None:
    if Decimal(str(given["amount"])) > 0:
        return None
    message = f"A positive amount must be used to {verb} a store credit account."
    return user_error([f"{side}Input", f"{side}Amount", "amount"], message, "NEGATIVE_OR_ZERO_AMOUNT")


def _mismatch(account: Record, given: Args, side: str) -> Record | None:
    if account["_currency"] == given["currencyCode"]:
        return None
    message = "The currency provided does not match the currency of the store credit account."
    return user_error([f"{side}Input", f"{side}Amount", "currencyCode"], message, "MISMATCHING_CURRENCY")


def _moved(account: Record, side: str, amount: Decimal, shop: Shop, **more: Any) -> Record:
    kind = f"StoreCreditAccount{side.capitalize()}Transaction"
    account["_balance"] = str(Decimal(account["_balance"]) + amount)
    shown = {"amount": str(amount), "currencyCode": account["_currency"]}
    record = {
        "__typename": kind,
        "id": shop.new_id(kind),
        "account": account["id"],
        "amount": shown,
        "balanceAfterTransaction": {"amount": account["_balance"], "currencyCode": account["_currency"]},
        "createdAt": shop.stamp(),
        "event": "ADJUSTMENT",
        "origin": None,
        **more,
    }
    account["_moves"].append(shop.table(kind).put(record)["id"])
    shop.table(KIND).put(account)
    return {"storeCreditAccountTransaction": record, "userErrors": []}


def _refused(error: Record) -> Record:
    return {"storeCreditAccountTransaction": None, "userErrors": [error]}


@mutation("storeCreditAccountCredit")
def credit(args: Args, ctx: Context) -> Record:
    """A customer without an account in the currency gets one."""
    given, shop, gid = args["creditInput"], ctx.shop, args["id"]
    money = given["creditAmount"]
    if error := _amount_problem(money, "credit", verb="credit"):
        return _refused(error)
    if (given.get("expiresAt") or "9") <= shop.stamp():
        message = "The expiry date must be in the future."
        return _refused(user_error(["creditInput", "expiresAt"], message, "EXPIRES_AT_IN_PAST"))
    account = _account(gid, money["currencyCode"], shop)
    if account is None and kind_of(gid) == KIND:
        return _refused(user_error(["id"], "Store credit account does not exist", "ACCOUNT_NOT_FOUND"))
    if account is None and shop.get(gid) is None:
        return _refused(user_error(["id"], "Owner does not exist", "OWNER_NOT_FOUND"))
    if account is None:
        account = {"id": shop.new_id(KIND), "owner": gid, "_currency": money["currencyCode"]}
        account.update(_balance="0", _moves=[])
        shop.table(KIND).put(account)
    if error := _mismatch(account, money, "credit"):
        return _refused(error)
    amount = Decimal(str(money["amount"]))
    if Decimal(account["_balance"]) + amount > MOST:
        message = "The operation would cause the account's credit limit to be exceeded."
        return _refused(user_error(["creditInput", "creditAmount", "amount"], message, "CREDIT_LIMIT_EXCEEDED"))
    left = {"amount": str(amount), "currencyCode": account["_currency"]}
    return _moved(account, "credit", amount, shop, remainingAmount=left, expiresAt=given.get("expiresAt"))


@mutation("storeCreditAccountDebit")
def debit(args: Args, ctx: Context) -> Record:
    given, shop = args["debitInput"]["debitAmount"], ctx.shop
    if error := _amount_problem(given, "debit", verb="debit"):
        return _refused(error)
    account = _account(args["id"], given["currencyCode"], shop)
    if account is None:
        return _refused(user_error(["id"], "Store credit account does not exist", "ACCOUNT_NOT_FOUND"))
    if error := _mismatch(account, given, "debit"):
        return _refused(error)
    amount = Decimal(str(given["amount"]))
    if amount > Decimal(account["_balance"]):
        message = "The store credit account does not have sufficient funds to satisfy the request."
        return _refused(user_error(["debitInput", "debitAmount", "amount"], message, "INSUFFICIENT_FUNDS"))
    return _moved(account, "debit", -amount, shop)


# reading


@field(KIND, "balance")
def balance(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"amount": record["_balance"], "currencyCode": record["_currency"]}


@field(KIND, "transactions")
def transactions(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [row for gid in record["_moves"] if (row := ctx.shop.get(gid))])


@field("Customer", "storeCreditAccounts")
@field("CompanyLocation", "storeCreditAccounts")
def of_customer(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(KIND, accounts_of(ctx.shop, record["id"]))
