"""Companies, as owners of metafields: creating, changing and deleting them. Contacts and locations are not modelled."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain.metafields import drop_of
from shoptide.simulator.registry import (
    Args,
    Listing,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    text,
    user_error,
)
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Company"
LONGEST = {"name": ("Name", 255), "externalId": ("External id", 64), "note": ("Notes", 5000)}


def _problems(given: Args, held: Record | None, shop: Shop, at: list[str]) -> list[Record]:
    found = []
    if (held is None or "name" in given) and not (given.get("name") or "").strip():
        found.append(user_error([*at, "name"], "Name can't be blank", "BLANK"))
    for name, (label, limit) in LONGEST.items():
        if len(given.get(name) or "") > limit:
            message = f"{label} is too long (maximum is {limit} characters)"
            found.append(user_error([*at, name], message, "TOO_LONG"))
    number = given.get("externalId")
    if number and any(row.get("externalId") == number and row is not held for row in shop.table(KIND)):
        found.append(user_error([*at, "externalId"], "External Id has already been taken.", "TAKEN"))
    return found


@mutation("companyCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"]["company"], ctx.shop
    if errors := _problems(given, None, shop, ["input", "company"]):
        return {"company": None, "userErrors": errors}
    now = shop.stamp()
    record = {"id": shop.new_id(KIND), "createdAt": now, "updatedAt": now, "customerSince": now, **given}
    shop.table(KIND).put(record)
    shop.emit("companies/create", record)
    return {"company": record, "userErrors": []}


@mutation("companyUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["companyId"])
    if record is None:
        return {"company": None, "userErrors": [_unknown("companyId")]}
    if errors := _problems(given, record, shop, ["input"]):
        return {"company": None, "userErrors": errors}
    record.update(given)
    shop.touch(record)
    shop.table(KIND).put(record)
    shop.emit("companies/update", record)
    return {"company": record, "userErrors": []}


@mutation("companyDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).remove(args["id"])
    if record is None:
        return {"deletedCompanyId": None, "userErrors": [_unknown("id")]}
    drop_of(ctx.shop, record["id"])
    ctx.shop.emit("companies/delete", record)
    return {"deletedCompanyId": record["id"], "userErrors": []}


def _unknown(name: str) -> Record:
    return user_error([name], "Resource requested does not exist.", "RESOURCE_NOT_FOUND")


@root("companies")
def companies(_args: Args, ctx: Context) -> Listing:
    return Listing(KIND, ctx.shop.table(KIND), root="companies")


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "name": text(lambda row, _shop: row["name"]),
        "external_id": text(lambda row, _shop: row.get("externalId")),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[lambda row, _shop: row["name"]],
)
sort(
    "companies",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "NAME": lambda row, _shop: row["name"],
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
    },
    default="ID",
)
