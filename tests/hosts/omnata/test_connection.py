"""Connecting: what is asked for, what is looked at, and what a user is told when something is missing."""

from __future__ import annotations

import sys

import pytest
from omnata_entry import Maker
from omnata_store import Store, opened


def test_the_plugin_runs_out_of_the_zip(plugin_for: Maker, store: Store) -> None:
    """What Omnata uploads is all there is: the package beside the tests is not what is imported."""
    plugin_for(store)
    ours = [module for name, module in sys.modules.items() if name.partition(".")[0] == "shoptide"]
    assert all("app.zip" in str(module.__file__) for module in ours)


def test_the_forms_ask_for_the_four_parameters_with_help(plugin_for: Maker, store: Store) -> None:
    """Shop name, token (or client credentials), API version, user tier; each says where it is found."""
    forms = {form.name: form for form in plugin_for(store).entry._plugin_instance.connection_form("direct")}
    fields = {name: [field.name for field in form.fields] for name, form in forms.items()}
    assert fields == {
        "Client Credentials": ["shop", "client_id", "client_secret", "api_version", "user_tier"],
        "API Access Token": ["shop", "access_token", "api_version", "user_tier"],
    }
    for form in forms.values():
        assert all(len(field.help_text) > 40 and field.required for field in form.fields)
    token = forms["API Access Token"]
    assert [field.name for field in token.fields if field.secret] == ["access_token"]
    tiers = next(field for field in token.fields if field.name == "user_tier").data_source.values
    assert [option.value for option in tiers] == ["Standard", "Advanced", "Shopify Plus", "Enterprise"]
    assert plugin_for(store).entry.connection_form("direct")


@pytest.mark.parametrize("name", ["acme", "acme.myshopify.com", "https://admin.shopify.com/store/acme"])
def test_the_hosts_of_bulk_results_and_uploads_are_asked_for(plugin_for: Maker, store: Store, name: str) -> None:
    """Snowflake lets out only what is listed."""
    shop = {"shop": {"value": name, "metadata": {}}}
    found = plugin_for(store).entry.network_addresses("direct", "API Access Token", shop)
    assert found == [
        "acme.myshopify.com",
        "storage.googleapis.com",
        "shopify-staged-uploads.storage.googleapis.com",
    ]


@pytest.mark.parametrize(
    ("tier", "requests"), [("Standard", 10), ("Advanced", 20), ("Shopify Plus", 100), ("Enterprise", 200)]
)
def test_limits_follow_the_tier(plugin_for: Maker, store: Store, tier: str, requests: int) -> None:
    """Omnata shares them between the syncs of a connection."""
    plugin = plugin_for(store)
    parameters = plugin.parameters(user_tier=tier)
    (limit,) = plugin.entry.api_limits("direct", "API Access Token", parameters, None, "secrets")
    (rate,) = limit["request_rates"]
    assert (rate["request_count"], rate["time_unit"], rate["unit_count"]) == (requests, "second", 1)


def test_a_connection_says_what_it_found(plugin_for: Maker, store: Store) -> None:
    """The store's name and plan, and that nothing is missing."""
    kept = plugin_for(store).connect()["connection_parameters"]
    assert kept["shop_domain"]["value"] == "simulated.myshopify.com"
    assert kept["missing_scopes"]["value"] == ""


def test_client_credentials_connect(plugin_for: Maker, store: Store) -> None:
    """A token is fetched with them."""
    credentials = {"client_secret": "simulated-secret"}
    kept = plugin_for(store, credentials).connect("Client Credentials", client_id="simulated-client")
    assert kept["connection_parameters"]["shop_domain"]["value"] == "simulated.myshopify.com"


@pytest.mark.parametrize(
    ("secrets", "more", "told"),
    [
        ({"access_token": "shpat_wrong"}, {}, "does not accept the access token"),
        ({}, {}, "access token is missing"),
        (None, {"shop": "www.acme.com"}, "is not the name of a Shopify store"),
        (None, {"api_version": "2019-04"}, "is not supported"),
        (None, {"user_tier": "Gold"}, "User tier 'Gold' is not known"),
    ],
)
def test_a_wrong_connection_says_what_to_change(
    plugin_for: Maker, store: Store, secrets: dict[str, str] | None, more: dict[str, str], told: str
) -> None:
    """A ValueError with the field and the next step, which Omnata shows; never the token."""
    with pytest.raises(ValueError, match=told) as caught:
        plugin_for(store, secrets).connect(**more)
    assert "shpat_wrong" not in str(caught.value)


def test_missing_scopes_are_named(plugin_for: Maker) -> None:
    """What can be read is read; what is missing is said, object by object."""
    with opened(scopes=["read_customers", "write_customers", "read_orders"]) as narrow:
        kept = plugin_for(narrow).connect()["connection_parameters"]
    assert kept["missing_scopes"]["value"].split(", ") == [
        "read_products",
        "write_products",
        "write_orders",
        "write_merchant_managed_fulfillment_orders",
    ]
    assert "orders: the token lacks write_orders" in kept["warnings"]["value"]
    assert "last 60 days" in kept["warnings"]["value"]


def test_a_token_that_may_do_nothing_does_not_connect(plugin_for: Maker) -> None:
    """No scope of any object: the first sync could only fail."""
    with opened(scopes=["read_themes"]) as narrow, pytest.raises(ValueError, match="may neither read nor write"):
        plugin_for(narrow).connect()
