"""From what a user types to where requests go."""

from __future__ import annotations

import pytest

from shoptide.config import ShopConfig
from shoptide.errors import ConfigError
from shoptide.shopify.endpoint import Endpoint, shop_domain


@pytest.mark.parametrize(
    "typed",
    [
        "acme-2",
        "ACME-2",
        " acme-2.myshopify.com ",
        "https://acme-2.myshopify.com/admin/products",
        "https://admin.shopify.com/store/acme-2/settings",
        "admin.shopify.com/store/acme-2",
    ],
)
def test_every_way_to_name_a_shop_is_understood(typed: str) -> None:
    """People copy what is before them: the name, the domain, the browser's address."""
    assert shop_domain(typed) == "acme-2.myshopify.com"


@pytest.mark.parametrize(
    "typed", ["acme.com", "", "-", "acme shop", "https://www.acme.com/", "acme.myshopify.com.evil.io"]
)
def test_anything_else_is_an_error_that_says_what_to_type(typed: str) -> None:
    """A store's own domain does not serve the Admin API; nobody else's gets our token."""
    with pytest.raises(ConfigError) as caught:
        shop_domain(typed)
    assert repr(typed) in caught.value.message
    assert ".myshopify.com" in str(caught.value.hint)


def test_requests_go_to_the_shop_in_the_configured_version() -> None:
    """The version is part of the path."""
    endpoint = Endpoint.of(ShopConfig("main", "acme", api_version="2026-07"))
    assert endpoint.graphql == "https://acme.myshopify.com/admin/api/2026-07/graphql.json"
    assert endpoint.token == "https://acme.myshopify.com/admin/oauth/access_token"  # an address
    assert not endpoint.is_local


@pytest.mark.parametrize("base", ["http://127.0.0.1:4000/", "http://localhost:4000", "http://[::1]:4000"])
def test_base_url_points_elsewhere(base: str) -> None:
    """For the simulator or a recording; on this machine no proxy stands before it."""
    endpoint = Endpoint.of(ShopConfig("main", "acme", base_url=base))
    assert endpoint.graphql == f"{base.rstrip('/')}/admin/api/2026-10/graphql.json"
    assert endpoint.is_local


@pytest.mark.parametrize("base", ["127.0.0.1:4000", "ftp://x", "http://", "http://x:99999", "acme"])
def test_a_base_url_that_is_none_is_told(base: str) -> None:
    """Before the first request, not as its failure."""
    with pytest.raises(ConfigError, match="base_url"):
        Endpoint.of(ShopConfig("main", "acme", base_url=base))
