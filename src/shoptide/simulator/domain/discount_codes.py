"""The codes of a discount: found, added and deleted by the hundred."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain.discount_checks import owner_of
from shoptide.simulator.domain.discount_records import CODE, CODE_TYPES, keep
from shoptide.simulator.domain.discounts import LABELS, chosen_problem, job
from shoptide.simulator.paging import found
from shoptide.simulator.registry import Args, Listing, field, mutation, numeric_id, root, search, sort, user_error
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, tail_of

KIND = "DiscountRedeemCode"
CREATION = "DiscountRedeemCodeBulkCreation"
MOST = 250


@mutation("discountRedeemCodeBulkAdd")
def add(args: Args, ctx: Context) -> Record:
    """Those that can't be added are told in the creation, not here."""
    shop = ctx.shop
    record = shop.table(CODE).get(args["discountId"])
    if record is None:
        return {"bulkCreation": None, "userErrors": [user_error(["discountId"], LABELS[CODE], "INVALID")]}
    given = args["codes"]
    if not given:
        return {"bulkCreation": None, "userErrors": [user_error(["codes"], "Codes can't be blank", "BLANK")]}
    if len(given) > MOST:
        message = f"Exceeded maximum number of codes ({MOST})."
        return {"bulkCreation": None, "userErrors": [user_error(["codes"], message, "TOO_MANY_ARGUMENTS")]}
    rows = []
    for index, entry in enumerate(given):
        code = entry["code"].strip()
        row: Record = {"code": code, "errors": [], "discountRedeemCode": None}
        if not code:
            row["errors"] = [user_error(["codes", str(index), "code"], "Code can't be blank", "BLANK")]
        elif owner_of(code, shop) is not None:
            message = "Code must be unique. Please try a different code."
            row["errors"] = [user_error(["codes", str(index), "code"], message, "TAKEN")]
        else:
            row["discountRedeemCode"] = {"id": shop.new_id(KIND), "code": code}
            record["_codes"] = [*record["_codes"], row["discountRedeemCode"]]
        rows.append(row)
    keep(record, shop)
    creation = {"id": shop.new_id(CREATION), "createdAt": shop.stamp(), "discountCode": record["id"], "_rows": rows}
    return {"bulkCreation": shop.table(CREATION).put(creation), "userErrors": []}


@mutation("discountCodeRedeemCodeBulkDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(CODE).get(args["discountId"])
    if record is None:
        return {"job": None, "userErrors": [user_error(["discountId"], LABELS[CODE], "INVALID")]}
    if error := chosen_problem(args):
        return {"job": None, "userErrors": [error]}
    gone = set(args.get("ids") or [])
    if args.get("search") is not None:
        gone = {row["id"] for row in found(Listing(KIND, record["_codes"]), {"query": args["search"]}, ctx)}
    record["_codes"] = [row for row in record["_codes"] if row["id"] not in gone]
    keep(record, ctx.shop)
    return {"job": job(), "userErrors": []}


# reading


def _codes(record: Record, _args: Args, _ctx: Context) -> Listing:
    return Listing(KIND, record["_codes"], root="discountCodes")


def _count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(record["_codes"]), "precision": "EXACT"}


for _type in CODE_TYPES:
    field(_type, "codes")(_codes)
    field(_type, "codesCount")(_count)


@field(CREATION, "codes")
def created_codes(record: Record, _args: Args, _ctx: Context) -> Listing:
    return Listing("", record["_rows"])


@field(CREATION, "codesCount")
def created_count(record: Record, _args: Args, _ctx: Context) -> int:
    return len(record["_rows"])


@field(CREATION, "importedCount")
def imported(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(row["discountRedeemCode"] is not None for row in record["_rows"])


@field(CREATION, "failedCount")
def failed(record: Record, _args: Args, _ctx: Context) -> int:
    return sum(bool(row["errors"]) for row in record["_rows"])


@field(CREATION, "done")
def done(_record: Record, _args: Args, _ctx: Context) -> bool:
    return True


@root("codeDiscountNodeByCode")
def by_code(args: Args, ctx: Context) -> Record | None:
    gid = owner_of(args["code"], ctx.shop)
    return ctx.shop.get(gid)


@root("discountCodesCount")
def codes_count(_args: Args, ctx: Context) -> Record:
    return {"count": sum(len(row["_codes"]) for row in ctx.shop.table(CODE)), "precision": "EXACT"}


search(
    KIND,
    {"id": numeric_id(lambda row, _shop: row["id"]), "code": words(lambda row, _shop: row["code"])},
    text=[lambda row, _shop: row["code"]],
)
sort(
    "discountCodes",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "CODE": lambda row, _shop: row["code"],
        "CREATED_AT": lambda row, _shop: int(tail_of(row["id"])),
    },
    default="ID",
)
