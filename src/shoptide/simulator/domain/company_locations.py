"""The places a company buys for: their addresses and how they are taxed."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import company_roles, text
from shoptide.simulator.domain.company_records import KIND, LOCATION, in_use, of_company, tell, unknown
from shoptide.simulator.domain.metafields import drop_of
from shoptide.simulator.places import countries, province_named
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

ADDRESS = "CompanyAddress"
PLAIN = ("name", "externalId", "note", "phone", "locale")
LONGEST = {"name": ("Name", 255), "externalId": ("External id", 64), "note": ("Notes", 5000)}
SIDES = {"SHIPPING": "shippingAddress", "BILLING": "billingAddress"}


def problems(given: Args, held: Record | None, shop: Shop, at: list[str]) -> list[Record]:
    found = []
    if "name" in given and not (given["name"] or "").strip():
        found.append(user_error([*at, "name"], "Name can't be blank", "BLANK"))
    for name, (label, limit) in LONGEST.items():
        if len(given.get(name) or "") > limit:
            message = f"{label} is too long (maximum is {limit} characters)"
            found.append(user_error([*at, name], message, "TOO_LONG"))
    number = given.get("externalId")
    if number and any(row.get("externalId") == number and row is not held for row in shop.table(LOCATION)):
        found.append(user_error([*at, "externalId"], "External Id has already been taken.", "TAKEN"))
    if given.get("phone") and text.phone(given["phone"]) is None:
        found.append(user_error([*at, "phone"], "Phone is invalid", "INVALID"))
    if given.get("billingSameAsShipping") and given.get("billingAddress"):
        message = "Invalid input."
        found.append(user_error(at, message, "INVALID_INPUT"))
    for name in SIDES.values():
        found += _address_problems(given.get(name), [*at, name])
    return found


def _address_problems(given: Args | None, at: list[str]) -> list[Record]:
    zone, country = (given or {}).get("zoneCode"), countries().get((given or {}).get("countryCode") or "")
    if zone and country is not None and country.provinces and province_named(country, zone) is None:
        return [user_error([*at, "zoneCode"], "Zone code is invalid", "INVALID")]
    return []


def _address(company: Record, given: Args, shop: Shop, held: Record | None = None) -> Record:
    """An address over what is held: what the input leaves out stays."""
    record = held or {"id": shop.new_id(ADDRESS), "createdAt": shop.stamp(), "_company": company["id"]}
    record.update({name: text.blank_to_null(value) for name, value in given.items()})
    country = countries().get(record.get("countryCode") or "")
    known = province_named(country, record["zoneCode"]) if country and record.get("zoneCode") else None
    record.update(country=country.name if country else None, province=known[1] if known else None)
    if record.get("phone"):
        record["phone"] = text.phone(record["phone"], record.get("countryCode") or "CA") or record["phone"]
    record["updatedAt"] = shop.stamp()
    return shop.table(ADDRESS).put(record)


def add(company: Record, given: Args, shop: Shop) -> Record:
    now = shop.stamp()
    record = {"id": shop.new_id(LOCATION), "company": company["id"], "createdAt": now, "updatedAt": now}
    record.update({name: given.get(name) for name in PLAIN})
    record.update(name=given.get("name") or company["name"], locale=given.get("locale") or "en")
    record["phone"] = text.phone(given.get("phone"))
    record.update(shippingAddress=None, billingAddress=None)
    _place(record, given, company, shop)
    record["_tax"] = {
        "taxExempt": bool(given.get("taxExempt")),
        "taxExemptions": list(given.get("taxExemptions") or []),
        "taxRegistrationId": given.get("taxRegistrationId"),
    }
    _experience(record, given)
    shop.table(LOCATION).put(record)
    tell("company_locations/create", record, shop)
    return record


def _place(record: Record, given: Args, company: Record, shop: Shop) -> None:
    for name in SIDES.values():
        if given.get(name):
            record[name] = _address(company, given[name], shop)["id"]
    if given.get("billingSameAsShipping") and given.get("shippingAddress"):
        record["billingAddress"] = record["shippingAddress"]


def _experience(record: Record, given: Args) -> None:
    wanted = given.get("buyerExperienceConfiguration") or {}
    held: Any = record.get("buyerExperienceConfiguration")
    held = held or {"checkoutToDraft": False, "editableShippingAddress": False, "payNowOnly": True}
    taken = {name: wanted[name] for name in ("checkoutToDraft", "editableShippingAddress") if name in wanted}
    record["buyerExperienceConfiguration"] = {**held, **taken}


def remove(record: Record, shop: Shop) -> None:
    company_roles.revoke_all("companyLocation", record["id"], shop)
    tell("company_locations/delete", record, shop)
    for name in SIDES.values():
        shop.table(ADDRESS).remove(record.get(name) or "")
    shop.table(LOCATION).remove(record["id"])
    drop_of(shop, record["id"])


def _changed(record: Record, shop: Shop) -> Record:
    shop.touch(record)
    tell("company_locations/update", record, shop)
    return {"companyLocation": record, "userErrors": []}


def _refused(errors: list[Record]) -> Record:
    return {"companyLocation": None, "userErrors": errors}


@mutation("companyLocationCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    company = shop.table(KIND).get(args["companyId"])
    if company is None:
        return _refused([unknown("companyId")])
    if errors := problems(given, None, shop, ["input"]):
        return _refused(errors)
    return {"companyLocation": add(company, given, shop), "userErrors": []}


@mutation("companyLocationUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(LOCATION).get(args["companyLocationId"])
    if record is None:
        return _refused([unknown("input")])
    if errors := problems(given, record, shop, ["input"]):
        return _refused(errors)
    record.update({name: given[name] for name in PLAIN if name in given})
    if given.get("phone"):
        record["phone"] = text.phone(given["phone"])
    _experience(record, given)
    return _changed(record, shop)


# deleting


def _deletion_problem(record: Record | None, shop: Shop, at: list[str]) -> Record | None:
    if record is None:
        return unknown(*at)
    company = shop.get(record["company"]) or {"id": ""}
    if in_use(record, shop):
        message = "Cannot delete a company location with existing orders or draft orders."
        return user_error(at, message, "FAILED_TO_DELETE")
    if len(of_company(LOCATION, company, shop)) == 1:
        return user_error(at, "Cannot delete the only location of a company.", "FAILED_TO_DELETE")
    return None


@mutation("companyLocationDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(LOCATION).get(args["companyLocationId"])
    error = _deletion_problem(record, ctx.shop, ["companyLocationId"])
    if error is not None or record is None:
        return {"deletedCompanyLocationId": None, "userErrors": [error]}
    remove(record, ctx.shop)
    return {"deletedCompanyLocationId": record["id"], "userErrors": []}


@mutation("companyLocationsDelete")
def delete_many(args: Args, ctx: Context) -> Record:
    gone, errors = [], []
    for index, gid in enumerate(args["companyLocationIds"]):
        record = ctx.shop.table(LOCATION).get(gid)
        error = _deletion_problem(record, ctx.shop, ["companyLocationIds", str(index)])
        if error is not None or record is None:
            errors.append(error)
            continue
        remove(record, ctx.shop)
        gone.append(gid)
    return {"deletedCompanyLocationIds": gone, "userErrors": errors}


# addresses and taxes


@mutation("companyLocationAssignAddress")
def assign_address(args: Args, ctx: Context) -> Record:
    """One address for each side named: both sides share a record only when they are assigned together."""
    given, shop = args["address"], ctx.shop
    record = shop.table(LOCATION).get(args["locationId"])
    errors = [unknown("locationId")] if record is None else _address_problems(given, ["address"])
    if errors or record is None:
        return {"addresses": None, "userErrors": errors}
    company = shop.get(record["company"]) or {"id": record["company"]}
    shared = record["shippingAddress"] == record["billingAddress"] and len(args["addressTypes"]) == 1
    found: dict[str, Record] = {}
    for side in args["addressTypes"]:
        held = None if shared else shop.table(ADDRESS).get(record[SIDES[side]])
        address = _address(company, given, shop, held)
        record[SIDES[side]] = address["id"]
        found[address["id"]] = address
    _changed(record, shop)
    return {"addresses": list(found.values()), "userErrors": []}


@mutation("companyAddressDelete")
def delete_address(args: Args, ctx: Context) -> Record:
    gid, shop = args["addressId"], ctx.shop
    if shop.table(ADDRESS).remove(gid) is None:
        return {"deletedAddressId": None, "userErrors": [unknown("addressId")]}
    for record in shop.table(LOCATION).all():
        for name in SIDES.values():
            if record[name] == gid:
                record[name] = None
                _changed(record, shop)
    return {"deletedAddressId": gid, "userErrors": []}


@mutation("companyLocationTaxSettingsUpdate")
def update_tax(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(LOCATION).get(args["companyLocationId"])
    if record is None:
        return _refused([unknown("companyLocationId")])
    names = ("taxRegistrationId", "taxExempt", "exemptionsToAssign", "exemptionsToRemove")
    if not any(name in args for name in names):
        message = "No input provided."
        return _refused([user_error(None, message, "NO_INPUT")])
    tax = record["_tax"]
    tax.update({name: args[name] for name in names[:2] if name in args})
    tax["taxExempt"] = bool(tax["taxExempt"])
    _exempt(tax, args.get("exemptionsToAssign") or [], args.get("exemptionsToRemove") or [])
    return _changed(record, ctx.shop)


def _exempt(tax: Record, wanted: list[str], gone: list[str]) -> None:
    tax["taxExemptions"] = [name for name in dict.fromkeys([*tax["taxExemptions"], *wanted]) if name not in gone]


@mutation("companyLocationAssignTaxExemptions")
def assign_exemptions(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(LOCATION).get(args["companyLocationId"])
    if record is None:
        return _refused([unknown("companyLocationId")])
    _exempt(record["_tax"], args["taxExemptions"], [])
    return _changed(record, ctx.shop)


@mutation("companyLocationRevokeTaxExemptions")
def revoke_exemptions(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(LOCATION).get(args["companyLocationId"])
    if record is None:
        return _refused([unknown("companyLocationId")])
    _exempt(record["_tax"], [], args["taxExemptions"])
    return _changed(record, ctx.shop)


@mutation("companyLocationCreateTaxRegistration")
def create_registration(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(LOCATION).get(args["locationId"])
    if record is None:
        return _refused([unknown("locationId")])
    if not args["taxId"].strip():
        return _refused([user_error(["taxId"], "Tax registration can't be blank", "BLANK")])
    if record["_tax"]["taxRegistrationId"]:
        message = "Company location tax registration already exists."
        return _refused([user_error(["locationId"], message, "TAKEN")])
    record["_tax"]["taxRegistrationId"] = args["taxId"]
    return _changed(record, ctx.shop)


@mutation("companyLocationRevokeTaxRegistration")
def revoke_registration(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(LOCATION).get(args["companyLocationId"])
    if record is None:
        return _refused([unknown("companyLocationId")])
    record["_tax"]["taxRegistrationId"] = None
    return _changed(record, ctx.shop)


# reading


@root("companyLocations")
def locations(_args: Args, ctx: Context) -> Listing:
    return Listing(LOCATION, ctx.shop.table(LOCATION), root="companyLocations")


@field(KIND, "locations")
def of_one(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(LOCATION, of_company(LOCATION, record, ctx.shop), root="companyLocations")


@field(KIND, "locationsCount")
def count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(of_company(LOCATION, record, ctx.shop)), "precision": "EXACT"}


@field(LOCATION, "taxSettings")
def tax_settings(record: Record, _args: Args, _ctx: Context) -> Record:
    found: Record = record["_tax"]
    return found


@field(LOCATION, "taxExemptions")
def exemptions(record: Record, _args: Args, _ctx: Context) -> list[str]:
    found: list[str] = record["_tax"]["taxExemptions"]
    return found


@field(LOCATION, "taxRegistrationId")
def registration(record: Record, _args: Args, _ctx: Context) -> str | None:
    found: str | None = record["_tax"]["taxRegistrationId"]
    return found


@field(LOCATION, "currency")
def currency(_record: Record, _args: Args, ctx: Context) -> str:
    return ctx.shop.currency


@field(ADDRESS, "companyName")
def company_name(record: Record, _args: Args, ctx: Context) -> str | None:
    name: str | None = (ctx.shop.get(record["_company"]) or {}).get("name")
    return name


@field(ADDRESS, "formattedArea")
def area(record: Record, _args: Args, _ctx: Context) -> str | None:
    place = text.joined(record.get("city"), record.get("zoneCode"))
    return ", ".join(part for part in (place, record.get("country")) if part) or None


@field(ADDRESS, "formattedAddress")
def formatted(record: Record, args: Args, ctx: Context) -> list[str]:
    lines = [text.joined(record.get("firstName"), record.get("lastName"))] if args.get("withName") else []
    lines += [company_name(record, {}, ctx) or ""] if args.get("withCompanyName", True) else []
    lines += [record.get("address1") or "", record.get("address2") or ""]
    lines.append(text.joined(record.get("city"), record.get("zoneCode"), record.get("zip")))
    lines.append(record.get("country") or "")
    return [line for line in lines if line]


def _company_name(row: Record, shop: Shop) -> str:
    return str((shop.get(row["company"]) or {}).get("name"))


search(
    LOCATION,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "ids": numeric_id(lambda row, _shop: row["id"]),
        "company_id": numeric_id(lambda row, _shop: row["company"]),
        "external_id": words(lambda row, _shop: row.get("externalId")),
        "name": words(lambda row, _shop: row["name"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[lambda row, _shop: row["name"], _company_name],
)
sort(
    "companyLocations",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "COMPANY_ID": lambda row, _shop: int(tail_of(row["company"])),
        "NAME": lambda row, _shop: row["name"],
        "COMPANY_AND_LOCATION_NAME": lambda row, shop: f"{_company_name(row, shop)} {row['name']}",
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
    },
    default="ID",
)
