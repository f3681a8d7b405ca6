"""Companies: businesses that buy, with the people who buy for them and the places they buy for."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import company_contacts, company_locations, company_roles
from shoptide.simulator.domain.company_records import CONTACT, KIND, LOCATION, ROLE, bought, in_use, of_company, unknown
from shoptide.simulator.domain.metafields import drop_of
from shoptide.simulator.domain.order_totals import net_payment
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
    """A company always has a place to buy for: without one given, it is named after the company."""
    given, shop = args["input"], ctx.shop
    contact, place = given.get("companyContact"), given.get("companyLocation")
    errors = _problems(given["company"], None, shop, ["input", "company"])
    if contact is not None:
        errors += company_contacts.problems(contact, None, shop, ["input", "companyContact"])
    if place is not None:
        errors += company_locations.problems(place, None, shop, ["input", "companyLocation"])
    if errors:
        return {"company": None, "userErrors": errors}
    now = shop.stamp()
    record = {"id": shop.new_id(KIND), "createdAt": now, "updatedAt": now, "customerSince": now, **given["company"]}
    shop.table(KIND).put(record)
    company_roles.add_defaults(record, shop)
    location = company_locations.add(record, {"name": record["name"], **(place or {})}, shop)
    if contact is not None:
        person = company_contacts.add(record, contact, shop)
        record["mainContact"] = person["id"]
        company_roles.assign(person, location, company_roles.admin_role(record, shop), shop)
    shop.emit("companies/create", record)
    return {"company": record, "userErrors": []}


@mutation("companyUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["companyId"])
    if record is None:
        return {"company": None, "userErrors": [unknown("companyId")]}
    errors = _problems(given, record, shop, ["input"])
    if "customerSince" in given and given["customerSince"] != record["customerSince"] and bought("Order", record, shop):
        message = "Customer since date can't be changed after the company has orders."
        errors.append(user_error(["input", "customerSince"], message, "INVALID"))
    if errors:
        return {"company": None, "userErrors": errors}
    record.update(given)
    shop.touch(record)
    shop.emit("companies/update", record)
    return {"company": record, "userErrors": []}


# deleting


def remove(record: Record, shop: Shop) -> None:
    """With everything that was the company's; its customers stay."""
    for person in of_company(CONTACT, record, shop):
        company_contacts.remove(person, shop)
    for place in of_company(LOCATION, record, shop):
        company_locations.remove(place, shop)
    for role in of_company(ROLE, record, shop):
        shop.table(ROLE).remove(role["id"])
    shop.table(KIND).remove(record["id"])
    drop_of(shop, record["id"])
    shop.emit("companies/delete", record)


def _deletion_problem(record: Record | None, shop: Shop, at: list[str]) -> Record | None:
    if record is None:
        return unknown(*at)
    if in_use(record, shop):
        message = "Cannot delete a company with existing orders or draft orders."
        return user_error(at, message, "FAILED_TO_DELETE")
    return None


@mutation("companyDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["id"])
    error = _deletion_problem(record, ctx.shop, ["id"])
    if error is not None or record is None:
        return {"deletedCompanyId": None, "userErrors": [error]}
    remove(record, ctx.shop)
    return {"deletedCompanyId": record["id"], "userErrors": []}


@mutation("companiesDelete")
def delete_many(args: Args, ctx: Context) -> Record:
    gone, errors = [], []
    for index, gid in enumerate(args["companyIds"]):
        record = ctx.shop.table(KIND).get(gid)
        error = _deletion_problem(record, ctx.shop, ["companyIds", str(index)])
        if error is not None or record is None:
            errors.append(error)
            continue
        remove(record, ctx.shop)
        gone.append(gid)
    return {"deletedCompanyIds": gone, "userErrors": errors}


# reading


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
        "SINCE_DATE": lambda row, _shop: row["customerSince"],
        "ORDER_COUNT": lambda row, shop: len(bought("Order", row, shop)),
        "TOTAL_SPENT": lambda row, shop: sum(net_payment(shop, order) for order in bought("Order", row, shop)),
    },
    default="ID",
)
