"""Payloads of customers/*: a customer with addresses and consent, what is left of a deleted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.payloads.reading import read
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import ADDRESS, customer_address, low, number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

CUSTOMER = (
    """
fragment C on Customer {
  id createdAt updatedAt firstName lastName email phone note state taxExempt taxExemptions multipassIdentifier tags
  verifiedEmail defaultAddress { ...A }
  emailMarketingConsent { consentUpdatedAt marketingOptInLevel marketingState }
  smsMarketingConsent { consentCollectedFrom consentUpdatedAt marketingOptInLevel marketingState }
}
"""
    + ADDRESS
)
SUMMARY = """
query Purchases($id: ID!) { node(id: $id) { ... on Customer {
  id numberOfOrders amountSpent { amount currencyCode } lastOrder { id }
} } }
"""
DOCUMENT = "query Customer($id: ID!) { node(id: $id) { ... on Customer { ...C addresses { ...A } } } }" + CUSTOMER


def person(found: Record, shop: Shop) -> Record:
    """What orders tell of a customer, and customers/* too."""
    gid = number(found["id"])
    home = found["defaultAddress"]
    return {
        "id": gid,
        "created_at": stamp(found["createdAt"], shop),
        "updated_at": stamp(found["updatedAt"], shop),
        "first_name": found["firstName"],
        "last_name": found["lastName"],
        "state": low(found["state"]),
        "note": found["note"],
        "verified_email": found["verifiedEmail"],
        "multipass_identifier": found["multipassIdentifier"],
        "tax_exempt": found["taxExempt"],
        "email": found["email"],
        "phone": found["phone"],
        "currency": shop.currency,
        "tax_exemptions": list(found["taxExemptions"]),
        "admin_graphql_api_id": found["id"],
        "default_address": customer_address(home, gid, default=True) if home else None,
    }


def consent(held: Record | None, shop: Shop) -> Record | None:
    if held is None:
        return None
    shown = {
        "state": low(held["marketingState"]),
        "opt_in_level": low(held["marketingOptInLevel"]),
        "consent_updated_at": stamp(held["consentUpdatedAt"], shop),
    }
    if "consentCollectedFrom" in held:
        shown["consent_collected_from"] = held["consentCollectedFrom"]
    return shown


@payload(
    "customers/create",
    "customers/update",
    "customers/enable",
    "customers/disable",
)
def customer(_topic: str, record: Record, shop: Shop) -> Record | None:
    found = read(DOCUMENT, record["id"], shop)
    if found is None:
        return None
    shown = person(found, shop)
    home = found["defaultAddress"]["id"] if found["defaultAddress"] else None
    shown["addresses"] = [
        customer_address(held, shown["id"], default=held["id"] == home) for held in found["addresses"]
    ]
    return shown


@payload("customers/purchasing_summary")
def purchases(_topic: str, record: Record, shop: Shop) -> Record | None:
    """What a customer spent so far; in the API's own shape, not REST's."""
    found = read(SUMMARY, record["id"], shop)
    if found is None:
        return None
    spent = found["amountSpent"]
    return {
        "customerId": found["id"],
        "numberOfOrders": int(found["numberOfOrders"]),
        "amountSpent": {"amount": spent["amount"], "currencyCode": spent["currencyCode"]},
        "lastOrderId": found["lastOrder"]["id"] if found["lastOrder"] else None,
        "occurredAt": shop.stamp(),
    }


@payload("customers/delete")
def deleted(_topic: str, record: Record, _shop: Shop) -> Record:
    exemptions = list(record.get("taxExemptions") or [])
    return {"id": number(record["id"]), "tax_exemptions": exemptions, "admin_graphql_api_id": record["id"]}


@payload("customers_marketing_consent/update", "customers_email_marketing_consent/update")
def consents(topic: str, record: Record, shop: Shop) -> Record | None:
    """The consent that changed, beside who gave it."""
    found = read(DOCUMENT, record["id"], shop)
    if found is None:
        return None
    if topic.startswith("customers_email"):
        email = consent(found["emailMarketingConsent"], shop)
        return {
            "customer_id": number(record["id"]),
            "email_address": found["email"],
            "email_marketing_consent": email,
        }
    sms = consent(found["smsMarketingConsent"], shop)
    return {"id": number(record["id"]), "phone": found["phone"], "sms_marketing_consent": sms}


@payload("customer_tags/added", "customer_tags/removed")
def tags(_topic: str, record: Record, shop: Shop) -> Record:
    return {"customerId": record["id"], "tags": record["_tags"], "occurredAt": shop.stamp()}


@payload("customers/merge")
def merged(_topic: str, record: Record, _shop: Shop) -> Record:
    return {
        "admin_graphql_api_customer_kept_id": record["id"],
        "admin_graphql_api_customer_deleted_id": record["_deleted"],
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
