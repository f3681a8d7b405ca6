"""Mailing addresses, of customers and of orders: from input to record."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.registry import Args, field
from shoptide.simulator.shop import Record, Shop

LIMIT = 255
NAMES = {"address1": "Address1", "address2": "Address2", "city": "City", "company": "Company", "zip": "Zip"}


def problems(given: Args) -> list[tuple[str, str]]:
    """What is wrong with an address input: (field, message)."""
    found = []
    for name, label in NAMES.items():
        if len(given.get(name) or "") > LIMIT:
            found.append((name, f"{label} is too long (maximum is {LIMIT} characters)"))
    country = text.country_code(given.get("countryCode") or given.get("country"))
    if given.get("country") and country is None:
        found.append(("country", "Country is invalid"))
    region = given.get("provinceCode") or given.get("province")
    if region and country in text.PROVINCES and text.province_code(country, region) is None:
        found.append(("province", "Province is invalid"))
    return found


def is_blank(given: Args) -> bool:
    return not any(value for name, value in given.items() if name != "id")


def record(shop: Shop, given: Args, *, owner: str, held: Record | None = None) -> Record:
    """An address record from an input over what is held; `owner` names the gid's model (CustomerAddress, Address)."""
    values: Record = dict(held) if held else {"id": f"{shop.new_id('MailingAddress')}?model_name={owner}"}
    for name in ("address1", "address2", "city", "company", "firstName", "lastName", "phone", "zip"):
        if name in given:
            values[name] = text.blank_to_null(given[name])
    if "country" in given or "countryCode" in given:
        code = given.get("countryCode") or text.country_code(given.get("country"))
        values["countryCodeV2"] = code
        values["country"] = text.COUNTRIES.get(code or "") or given.get("country")
    if "province" in given or "provinceCode" in given:
        region = given.get("provinceCode") or given.get("province")
        code = text.province_code(values.get("countryCodeV2"), region)
        values["provinceCode"] = code
        known = text.PROVINCES.get(values.get("countryCodeV2") or "", {})
        values["province"] = known.get(code or "") or text.blank_to_null(given.get("province"))
    if values.get("phone"):
        values["phone"] = text.phone(values["phone"], values.get("countryCodeV2") or "CA") or values["phone"]
    return values


CONTENT = (
    "address1",
    "address2",
    "city",
    "company",
    "countryCodeV2",
    "provinceCode",
    "zip",
    "firstName",
    "lastName",
    "phone",
)


def same(one: Record, other: Record) -> bool:
    return all((one.get(name) or None) == (other.get(name) or None) for name in CONTENT)


@field("MailingAddress", "name")
def name(address: Record, _args: Args, _ctx: Context) -> str | None:
    return text.joined(address.get("firstName"), address.get("lastName")) or None


@field("MailingAddress", "countryCode")
def country_code(address: Record, _args: Args, _ctx: Context) -> str | None:
    return address.get("countryCodeV2")


@field("MailingAddress", "formattedArea")
def formatted_area(address: Record, _args: Args, _ctx: Context) -> str | None:
    parts = [address.get("city"), address.get("provinceCode"), address.get("country")]
    if address.get("city") and address.get("provinceCode"):
        parts = [f"{address['city']} {address['provinceCode']}", address.get("country")]
    return ", ".join(part for part in parts if part) or None


@field("MailingAddress", "formatted")
def formatted(address: Record, args: Args, ctx: Context) -> list[str]:
    lines: list[Any] = []
    if args.get("withName"):
        lines.append(name(address, {}, ctx))
    if args.get("withCompany", True):
        lines.append(address.get("company"))
    lines += [address.get("address1"), address.get("address2")]
    lines.append(text.joined(address.get("city"), address.get("provinceCode"), address.get("zip")))
    lines.append(address.get("country"))
    return [line for line in lines if line]
