"""Payloads of companies/*, company_contacts/*, company_locations/* and company_contact_roles/*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

ADDRESS = {
    "address1": "address1",
    "city": "city",
    "province": "province",
    "country": "country",
    "zip": "zip",
    "recipient": "recipient",
    "first_name": "firstName",
    "last_name": "lastName",
    "address2": "address2",
    "phone": "phone",
    "zone_code": "zoneCode",
    "country_code": "countryCode",
}


def _stamps(record: Record, shop: Shop) -> Record:
    return {"created_at": stamp(record["createdAt"], shop), "updated_at": stamp(record["updatedAt"], shop)}


def _part(told: Record, gid: str, shop: Shop) -> Record:
    """A record that the told one belongs to, as it was then: it may be gone by now."""
    found = told["_parts"].get(gid) or shop.get(gid)
    return {**(found or {}), "_parts": told["_parts"]}


def _address(told: Record, side: str, shop: Shop) -> Record | None:
    record = told["_parts"].get(told[side]) or shop.get(told[side])
    if record is None:
        return None
    shown = {name: record.get(key) for name, key in ADDRESS.items()}
    ids = {"admin_graphql_api_id": record["id"], "company_admin_graphql_api_id": record["_company"]}
    return {**shown, **_stamps(record, shop), **ids}


@payload("companies/create", "companies/update", "companies/delete")
def company(_topic: str, record: Record, shop: Shop) -> Record:
    return {
        "name": record.get("name"),
        "note": record.get("note"),
        "external_id": record.get("externalId"),
        "main_contact_admin_graphql_api_id": record.get("mainContact"),
        "created_at": stamp(record["createdAt"], shop),
        "updated_at": stamp(record["updatedAt"], shop),
        "customer_since": stamp(record.get("customerSince"), shop),
        "admin_graphql_api_id": record["id"],
    }


@payload("company_contacts/create", "company_contacts/update", "company_contacts/delete")
def contact(topic: str, record: Record, shop: Shop) -> Record:
    return {
        "customer_admin_graphql_api_id": record["customer"],
        "title": record.get("title"),
        "locale": record["locale"],
        **_stamps(record, shop),
        "admin_graphql_api_id": record["id"],
        "company": company(topic, _part(record, record["company"], shop), shop),
    }


@payload("company_locations/create", "company_locations/update", "company_locations/delete")
def location(topic: str, record: Record, shop: Shop) -> Record:
    tax = record["_tax"]
    return {
        "name": record["name"],
        "external_id": record.get("externalId"),
        "phone": record.get("phone"),
        "locale": record["locale"],
        **_stamps(record, shop),
        "note": record.get("note"),
        "buyer_experience_configuration": None,
        "admin_graphql_api_id": record["id"],
        "tax_exemptions": tax["taxExemptions"],
        "company": company(topic, _part(record, record["company"], shop), shop),
        "billing_address": _address(record, "billingAddress", shop),
        "shipping_address": _address(record, "shippingAddress", shop),
        "tax_registration": {"tax_id": tax["taxRegistrationId"]} if tax["taxRegistrationId"] else None,
    }


@payload("company_contact_roles/assign", "company_contact_roles/revoke")
def role(topic: str, record: Record, shop: Shop) -> Record:
    held = _part(record, record["role"], shop)
    shown = {"name": held["name"], "note": held["note"], **_stamps(held, shop), "admin_graphql_api_id": held["id"]}
    return {
        "admin_graphql_api_id": record["id"],
        "role": shown,
        "company": company(topic, _part(record, record["company"], shop), shop),
        "contact": contact(topic, _part(record, record["companyContact"], shop), shop),
        "company_location": location(topic, _part(record, record["companyLocation"], shop), shop),
    }
