"""What a connection is told of the API version, by a store that answers in another one."""

from __future__ import annotations

import httpx2
import pytest

from shoptide.config import Secret, ShopConfig
from shoptide.errors import ConfigError
from shoptide.hosts.omnata.connection import checked
from shoptide.shopify.client import AdminClient

SHOP = ShopConfig("omnata", "acme.myshopify.com", access_token=Secret("shpat_x"), api_version="2026-01")
DATA = {
    "currentAppInstallation": {"accessScopes": [{"handle": "write_products"}]},
    "shop": {"name": "Acme", "myshopifyDomain": "acme.myshopify.com", "plan": {}, "currencyCode": "CAD"},
}


def answering(version: str) -> httpx2.MockTransport:
    headers = {"X-Shopify-API-Version": version}
    return httpx2.MockTransport(lambda _request: httpx2.Response(200, json={"data": DATA}, headers=headers))


def test_a_version_that_is_no_longer_served_is_told() -> None:
    """Shopify answers in its oldest supported version instead, whose fields may differ."""
    with httpx2.Client(transport=answering("2026-04")) as http, pytest.raises(ConfigError, match="2026-04"):
        checked(AdminClient(SHOP, transport=http))


def test_what_a_token_lacks_is_told_by_object() -> None:
    """Writing includes reading; the rest is missing, and said with what to do."""
    with httpx2.Client(transport=answering("2026-01")) as http:
        found = checked(AdminClient(SHOP, transport=http))
    assert "read_products" not in found.missing
    assert {"read_customers", "write_orders"} <= set(found.missing)
    assert any(each.startswith("customers: the token lacks") for each in found.warnings)
