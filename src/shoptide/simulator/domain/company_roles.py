"""The roles that a company's contacts have at its locations: who may only order there, and who may do everything."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain.company_records import (
    ASSIGNMENT,
    CONTACT,
    KIND,
    LOCATION,
    ROLE,
    of_company,
    tell,
    unknown,
)
from shoptide.simulator.registry import Args, Listing, field, instant, mutation, numeric_id, search, sort, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

DEFAULTS = ("Location admin", "Ordering only")


def add_defaults(company: Record, shop: Shop) -> None:
    for name in DEFAULTS:
        record = {"id": shop.new_id(ROLE), "company": company["id"], "name": name, "createdAt": shop.stamp()}
        shop.table(ROLE).put({**record, "updatedAt": shop.stamp(), "note": f"System-defined {name} role"})


def admin_role(company: Record, shop: Shop) -> Record:
    return of_company(ROLE, company, shop)[0]


def assign(contact: Record, location: Record, role: Record, shop: Shop) -> Record:
    record = {
        "id": shop.new_id(ASSIGNMENT),
        "company": contact["company"],
        "companyContact": contact["id"],
        "companyLocation": location["id"],
        "role": role["id"],
        "createdAt": shop.stamp(),
        "updatedAt": shop.stamp(),
    }
    shop.table(ASSIGNMENT).put(record)
    tell("company_contact_roles/assign", record, shop)
    return record


def revoke(record: Record, shop: Shop) -> str:
    shop.table(ASSIGNMENT).remove(record["id"])
    tell("company_contact_roles/revoke", record, shop)
    return str(record["id"])


def revoke_all(name: str, gid: str, shop: Shop) -> list[str]:
    """Of a contact or a location."""
    return [revoke(row, shop) for row in shop.table(ASSIGNMENT).all() if row[name] == gid]


# assigning


def _assigned(parts: dict[str, tuple[str, list[str]]], shop: Shop) -> tuple[Record | None, Record | None]:
    """The new assignment of a contact, a location and a role given as (gid, path), or what is wrong."""
    rows: dict[str, Record] = {}
    for kind, (gid, path) in parts.items():
        row = shop.table(kind).get(gid)
        if row is None:
            return None, unknown(*path)
        rows[kind] = row
    contact, location, role = rows[CONTACT], rows[LOCATION], rows[ROLE]
    for kind in (LOCATION, ROLE):
        if rows[kind]["company"] != contact["company"]:
            return None, unknown(*parts[kind][1])
    for row in shop.table(ASSIGNMENT):
        if row["companyContact"] == contact["id"] and row["companyLocation"] == location["id"]:
            message = "Company contact has already been assigned a role in that company location."
            return None, user_error(parts[LOCATION][1][:-1] or None, message, "LIMIT_REACHED")
    return assign(contact, location, role, shop), None


@mutation("companyContactAssignRole")
def assign_one(args: Args, ctx: Context) -> Record:
    parts = {
        CONTACT: (args["companyContactId"], ["companyContactId"]),
        ROLE: (args["companyContactRoleId"], ["companyContactRoleId"]),
        LOCATION: (args["companyLocationId"], ["companyLocationId"]),
    }
    record, error = _assigned(parts, ctx.shop)
    return {"companyContactRoleAssignment": record, "userErrors": [error] if error else []}


def _assign_many(args: Args, ctx: Context, own: str, other: str) -> Record:
    """What each entry assigns, beside what is wrong with the others; nothing without the contact or the location."""
    own_name, other_name = own[0].lower() + own[1:] + "Id", other[0].lower() + other[1:] + "Id"
    if ctx.shop.table(own).get(args[own_name]) is None:
        return {"roleAssignments": None, "userErrors": [unknown(own_name)]}
    made, errors = [], []
    for index, entry in enumerate(args["rolesToAssign"]):
        at = ["rolesToAssign", str(index)]
        parts = {
            own: (args[own_name], [own_name]),
            other: (entry[other_name], [*at, other_name]),
            ROLE: (entry["companyContactRoleId"], [*at, "companyContactRoleId"]),
        }
        record, error = _assigned(parts, ctx.shop)
        if error is not None:
            errors.append(error)
        elif record is not None:
            made.append(record)
    return {"roleAssignments": made or (None if errors else []), "userErrors": errors}


@mutation("companyContactAssignRoles")
def assign_to_contact(args: Args, ctx: Context) -> Record:
    return _assign_many(args, ctx, CONTACT, LOCATION)


@mutation("companyLocationAssignRoles")
def assign_at_location(args: Args, ctx: Context) -> Record:
    return _assign_many(args, ctx, LOCATION, CONTACT)


# revoking


def _revoke_many(gids: list[str], owner: tuple[str, str], shop: Shop, at: str) -> tuple[list[str], list[Record]]:
    gone, errors = [], []
    for index, gid in enumerate(gids):
        row = shop.table(ASSIGNMENT).get(gid)
        if row is None or row[owner[0]] != owner[1]:
            errors.append(unknown(at, str(index)))
        else:
            gone.append(revoke(row, shop))
    return gone, errors


@mutation("companyContactRevokeRole")
def revoke_one(args: Args, ctx: Context) -> Record:
    name, gid = "companyContactRoleAssignmentId", args["companyContactRoleAssignmentId"]
    row = ctx.shop.table(ASSIGNMENT).get(gid)
    errors: list[Record] = []
    if ctx.shop.table(CONTACT).get(args["companyContactId"]) is None:
        errors = [unknown("companyContactId")]
    elif row is None or row["companyContact"] != args["companyContactId"]:
        errors = [unknown(name)]
    if errors or row is None:
        return {"revokedCompanyContactRoleAssignmentId": None, "userErrors": errors}
    return {"revokedCompanyContactRoleAssignmentId": revoke(row, ctx.shop), "userErrors": []}


@mutation("companyContactRevokeRoles")
def revoke_from_contact(args: Args, ctx: Context) -> Record:
    gid, gids = args["companyContactId"], args.get("roleAssignmentIds")
    if ctx.shop.table(CONTACT).get(gid) is None:
        return {"revokedRoleAssignmentIds": None, "userErrors": [unknown("companyContactId")]}
    if args.get("revokeAll"):
        return {"revokedRoleAssignmentIds": revoke_all("companyContact", gid, ctx.shop), "userErrors": []}
    gone, errors = _revoke_many(gids or [], ("companyContact", gid), ctx.shop, "roleAssignmentIds")
    return {"revokedRoleAssignmentIds": gone, "userErrors": errors}


@mutation("companyLocationRevokeRoles")
def revoke_at_location(args: Args, ctx: Context) -> Record:
    gid = args["companyLocationId"]
    if ctx.shop.table(LOCATION).get(gid) is None:
        return {"revokedRoleAssignmentIds": None, "userErrors": [unknown("companyLocationId")]}
    gone, errors = _revoke_many(args["rolesToRevoke"], ("companyLocation", gid), ctx.shop, "rolesToRevoke")
    return {"revokedRoleAssignmentIds": gone, "userErrors": errors}


# reading


@field(CONTACT, "roleAssignments")
def of_contact(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [row for row in ctx.shop.table(ASSIGNMENT) if row["companyContact"] == record["id"]]
    return Listing(ASSIGNMENT, rows, root="roleAssignments")


@field(LOCATION, "roleAssignments")
def of_location(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [row for row in ctx.shop.table(ASSIGNMENT) if row["companyLocation"] == record["id"]]
    return Listing(ASSIGNMENT, rows, root="roleAssignments")


@field(KIND, "contactRoles")
def roles(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(ROLE, of_company(ROLE, record, ctx.shop), root="contactRoles")


@field(KIND, "defaultRole")
def default_role(record: Record, _args: Args, ctx: Context) -> Record | None:
    """The one that gives the least."""
    return next(reversed(of_company(ROLE, record, ctx.shop)), None)


def _place_name(row: Record, shop: Shop) -> Any:
    return (shop.get(row["companyLocation"]) or {}).get("name")


BY_AGE = {
    "ID": lambda row, _shop: int(tail_of(row["id"])),
    "CREATED_AT": lambda row, _shop: row["createdAt"],
    "UPDATED_AT": lambda row, _shop: row["updatedAt"],
}
search(
    ASSIGNMENT,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "company_contact_id": numeric_id(lambda row, _shop: row["companyContact"]),
        "company_contact_role_id": numeric_id(lambda row, _shop: row["role"]),
        "company_id": numeric_id(lambda row, _shop: row["company"]),
        "company_location_id": numeric_id(lambda row, _shop: row["companyLocation"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
)
sort("contactRoles", BY_AGE, default="ID")
sort("roleAssignments", {**BY_AGE, "LOCATION_NAME": _place_name}, default="ID")
