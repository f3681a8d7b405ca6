"""Payloads of what happens to the shop and the app: settings, uninstalling, scopes, bulk operations, redaction."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from shoptide.simulator.context import App
from shoptide.simulator.domain.locations import primary
from shoptide.simulator.domain.shop_facts import PLAN_NAMES
from shoptide.simulator.payloads.registry import payload
from shoptide.simulator.payloads.shapes import number, stamp

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

PLANS = {"standard": "basic", "advanced": "unlimited", "plus": "shopify_plus", "enterprise": "enterprise"}


@payload("shop/update", "app/uninstalled")
def shop_facts(_topic: str, _record: Record, shop: Shop) -> Record:
    held = primary(shop)
    return {
        "id": shop.number,
        "name": shop.name,
        "domain": shop.domain,
        "myshopify_domain": shop.domain,
        "source": None,
        "shop_owner": "Shop Owner",
        **_address(held),
        **_money(shop),
        **_switches(),
        **_contact(shop),
        "primary_location_id": number(held["id"]),
        "iana_timezone": shop.timezone,
        "timezone": _zone(shop),
        "plan_name": PLANS[shop.plan],
        "plan_display_name": PLAN_NAMES[shop.plan],
        "created_at": stamp(shop.created_at, shop),
        "updated_at": stamp(shop.stamp(), shop),
        "multi_location_enabled": len(shop.table("Location")) > 1,
        "primary_locale": "en",
        "weight_unit": "kg",
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
    }


def _contact(shop: Shop) -> Record:
    mail = f"owner@{shop.domain.split('.')[0]}.example"
    return {"email": mail, "customer_email": mail}


def _zone(shop: Shop) -> str:
    """`(GMT-05:00) America/Toronto`"""
    offset = datetime.fromisoformat(stamp(shop.stamp(), shop) or "").strftime("%z")
    return f"(GMT{offset[:3]}:{offset[3:]}) {shop.timezone}"


def _address(location: Record) -> Record:
    held = location["address"]
    return {
        "address1": held["address1"],
        "address2": held["address2"],
        "city": held["city"],
        "zip": held["zip"],
        "phone": held["phone"] or "",
        "province": held["province"],
        "province_code": held["provinceCode"],
        "country": held["countryCode"],
        "country_code": held["countryCode"],
        "country_name": held["country"],
        "latitude": None,
        "longitude": None,
    }


def _money(shop: Shop) -> Record:
    plain = "${{amount}}"
    whole = f"{plain} {shop.currency}"
    return {
        "currency": shop.currency,
        "enabled_presentment_currencies": [shop.currency],
        "money_format": plain,
        "money_with_currency_format": whole,
        "money_in_emails_format": plain,
        "money_with_currency_in_emails_format": whole,
    }


def _switches() -> Record:
    on = ("checkout_api_supported", "eligible_for_payments", "finances", "has_storefront")
    off = (
        "has_discounts",
        "has_gift_cards",
        "marketing_sms_consent_enabled_at_checkout",
        "password_enabled",
        "pre_launch_enabled",
        "requires_extra_payments_agreement",
        "setup_required",
        "taxes_included",
        "transactional_sms_disabled",
    )
    unset = ("auto_configure_tax_inclusivity", "county_taxes", "tax_shipping")
    return {**dict.fromkeys(on, True), **dict.fromkeys(off, False), **dict.fromkeys(unset)}


@payload("app/scopes_update")
def scopes(_topic: str, record: Record, shop: Shop) -> Record:
    return {
        "id": App().number,
        "previous": record["previous"],
        "current": record["current"],
        "updated_at": stamp(shop.stamp(), shop),
        "shop_id": f"gid://shopify/Shop/{shop.number}",
    }


@payload("bulk_operations/finish")
def finished(_topic: str, record: Record, shop: Shop) -> Record:
    """Status and type in lower case, unlike the API (FACTS §5)."""
    return {
        "admin_graphql_api_id": record["id"],
        "completed_at": stamp(record["completedAt"], shop),
        "created_at": stamp(record["createdAt"], shop),
        "error_code": record["errorCode"].lower() if record["errorCode"] else None,
        "status": record["status"].lower(),
        "type": record["type"].lower(),
    }


# compliance


@payload("shop/redact")
def redact_shop(_topic: str, _record: Record, shop: Shop) -> Record:
    return {"shop_id": shop.number, "shop_domain": shop.domain}


def _customer(record: Record) -> Record:
    return {"id": number(record["id"]), "email": record.get("email"), "phone": record.get("phone")}


def _orders(record: Record, shop: Shop) -> list[int | None]:
    return [number(row["id"]) for row in shop.table("Order").by("customer", record["id"])]


@payload("customers/redact")
def redact_customer(_topic: str, record: Record, shop: Shop) -> Record:
    told = {"customer": _customer(record), "orders_to_redact": _orders(record, shop)}
    return {"shop_id": shop.number, "shop_domain": shop.domain, **told}


@payload("customers/data_request")
def data_request(_topic: str, record: Record, shop: Shop) -> Record:
    request = {"id": shop.new_number("DataRequest")}
    told = {"customer": _customer(record), "orders_requested": _orders(record, shop), "data_request": request}
    return {"shop_id": shop.number, "shop_domain": shop.domain, **told}
