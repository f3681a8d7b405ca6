"""Mailing addresses, of customers and of orders: from input to record, what is wrong with one, and how it is shown."""

from __future__ import annotations

import re

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.places import Country, countries, country_named, province_named
from shoptide.simulator.registry import Args, field
from shoptide.simulator.shop import Record, Shop

LONGEST = 255
LABELS = {
    "firstName": "First name",
    "lastName": "Last name",
    "company": "Company",
    "address1": "Address1",
    "address2": "Address2",
    "city": "City",
    "zip": "Zip",
    "phone": "Phone",
}
CONTENT = (*LABELS, "countryCodeV2", "provinceCode")  # what tells one address from another
TAG = re.compile(r"<[^>]*>")
URL = re.compile(r"https?://|www\.", re.IGNORECASE)
EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff]")


def problems(given: Args) -> list[tuple[str, str]]:
    """What is wrong with an address input: (field, message)."""
    found = [(name, f"{label} {wrong}") for name, label in LABELS.items() if (wrong := _wrong(given.get(name) or ""))]
    country = _country(given)
    if (given.get("country") or given.get("countryCode")) and country is None:
        found.append(("country", "Country is invalid"))
    return found + province_problem(given, country)


def _wrong(value: str) -> str | None:
    if len(value) > LONGEST:
        return f"is too long (maximum is {LONGEST} characters)"
    if TAG.search(value):
        return "cannot contain HTML tags"
    if URL.search(value):
        return "cannot contain URL"
    return "cannot contain emojis" if EMOJI.search(value) else None


def province_problem(given: Args, country: Country | None) -> list[tuple[str, str]]:
    region = given.get("provinceCode") or given.get("province")
    if not region or country is None or not country.provinces or province_named(country, region):
        return []
    return [("province", "Province is invalid")]


def _country(given: Args) -> Country | None:
    wanted = given.get("countryCode") or given.get("country")
    return country_named(wanted) if wanted else None


def is_blank(given: Args) -> bool:
    return not any(value for name, value in given.items() if name != "id")


def record(shop: Shop, given: Args, *, owner: str, held: Record | None = None) -> Record:
    """An address record from an input over what is held; `owner` names the gid's model (CustomerAddress, Address)."""
    values: Record = dict(held) if held else {"id": f"{shop.new_id('MailingAddress')}?model_name={owner}"}
    values.update({name: text.blank_to_null(given[name]) for name in LABELS if name in given})
    if "country" in given or "countryCode" in given:
        country = _country(given)
        values["countryCodeV2"] = country.code if country else None
        values["country"] = country.name if country else text.blank_to_null(given.get("country"))
    if "province" in given or "provinceCode" in given:
        values["provinceCode"], values["province"] = _province(given, values)
    if values.get("phone"):
        values["phone"] = text.phone(values["phone"], values.get("countryCodeV2") or "CA") or values["phone"]
    return values


def _province(given: Args, values: Record) -> tuple[str | None, str | None]:
    """Code and name; where the country's provinces are unknown, what was given."""
    region = text.blank_to_null(given.get("provinceCode") or given.get("province"))
    country = countries().get(values.get("countryCodeV2") or "")
    if region is None:
        return None, None
    known = province_named(country, region) if country else None
    return known or (text.blank_to_null(given.get("provinceCode")), text.blank_to_null(given.get("province")))


def same(one: Record, other: Record) -> bool:
    return all(one.get(name) == other.get(name) for name in CONTENT)


# reading


@field("ShopAddress", "countryCode")
@field("MailingAddress", "countryCode")
def country_code(record: Record, _args: Args, _ctx: Context) -> str | None:
    code: str | None = record.get("countryCodeV2")
    return code


@field("MailingAddress", "name")
def name(record: Record, _args: Args, _ctx: Context) -> str | None:
    return text.joined(record.get("firstName"), record.get("lastName")) or None


@field("ShopAddress", "formattedArea")
@field("MailingAddress", "formattedArea")
def formatted_area(record: Record, _args: Args, _ctx: Context) -> str | None:
    place = text.joined(record.get("city"), record.get("provinceCode"))
    return ", ".join(part for part in (place, record.get("country")) if part) or None


@field("ShopAddress", "formatted")
@field("MailingAddress", "formatted")
def formatted(record: Record, args: Args, _ctx: Context) -> list[str]:
    lines = [name(record, {}, _ctx)] if args.get("withName") else []
    lines += [record.get("company")] if args.get("withCompany", True) else []
    lines += [record.get("address1"), record.get("address2")]
    lines.append(text.joined(record.get("city"), record.get("provinceCode"), record.get("zip")))
    lines.append(record.get("country"))
    return [line for line in lines if line]


@field("ShopAddress", "coordinatesValidated")
@field("MailingAddress", "coordinatesValidated")
def coordinates_validated(_record: Record, _args: Args, _ctx: Context) -> bool:
    return False
