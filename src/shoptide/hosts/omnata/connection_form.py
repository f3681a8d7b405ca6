"""The forms in which a connection is entered, with where each value is found in the Shopify admin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from omnata_plugin_runtime.forms import (
    ConnectionMethod,
    FormDropdownField,
    FormInputField,
    FormOption,
    StaticFormOptionsDataSource,
)

from shoptide.hosts.omnata.shop import CREDENTIALS_METHOD, NEWEST, TIERS, TOKEN_METHOD
from shoptide.shopify.schema import SUPPORTED_VERSIONS

# Where each value is found in the Shopify admin.
HELP = {
    "shop": (
        "The part before .myshopify.com, the whole of it, or the address of your Shopify admin. In the admin: "
        "Settings → Domains; every store has one that ends with myshopify.com, also those with a domain of their own."
    ),
    "access_token": (
        "Settings → Apps and sales channels → Develop apps → your app → API credentials → Admin API access token. "
        "Shopify shows it once, when the app is installed: it begins with shpat_. It is neither the API key nor the "
        "API secret key."
    ),
    "api_version": (
        "Which version of the Admin API is spoken. Each is served for a year; take the newest unless something that "
        "you have built needs an older one."
    ),
    "user_tier": (
        "Settings → Plan shows your plan. Basic and Shopify (Grow) are Standard; Advanced is Advanced; Plus is Shopify "
        "Plus; Enterprise is Enterprise. It sets how much is asked at once until the store's own figures are known."
    ),
    "client_id": "Dev Dashboard (dev.shopify.com) → your app → Settings → Client ID.",
    "client_secret": (
        "Dev Dashboard → your app → Settings → Secret. App and store belong to the same organisation, and the app is "
        "installed there: tokens of a day are fetched with both, as they are needed."
    ),
}


def connection_methods() -> list[ConnectionMethod]:
    """Both ways in; they differ in what proves who we are."""
    return [
        ConnectionMethod(
            name=CREDENTIALS_METHOD,
            fields=[_shop(), *_credentials(), _version(), _tier()],
            description="For apps of the Dev Dashboard, which all new apps are since 2026.",
        ),
        ConnectionMethod(
            name=TOKEN_METHOD,
            fields=[_shop(), _token(), _version(), _tier()],
            description="For custom apps that were made in the Shopify admin, which show an access token once.",
        ),
    ]


def _shop() -> FormInputField:
    return FormInputField(name="shop", label="Shop name", required=True, help_text=HELP["shop"])


def _token() -> FormInputField:
    return FormInputField(
        name="access_token", label="Admin API access token", required=True, secret=True, help_text=HELP["access_token"]
    )


def _credentials() -> list[FormInputField]:
    return [
        FormInputField(name="client_id", label="Client ID", required=True, help_text=HELP["client_id"]),
        FormInputField(
            name="client_secret", label="Client secret", required=True, secret=True, help_text=HELP["client_secret"]
        ),
    ]


def _version() -> FormDropdownField:
    return choice(
        "api_version", "API version", reversed(SUPPORTED_VERSIONS), default=NEWEST, help_text=HELP["api_version"]
    )


def _tier() -> FormDropdownField:
    return choice("user_tier", "User tier", TIERS, default="Standard", help_text=HELP["user_tier"])


def choice(
    name: str,
    label: str,
    values: Iterable[str],
    *,
    default: str,
    help_text: str,
    told: Mapping[str, str] | None = None,
) -> FormDropdownField:
    """A dropdown of these values; `told` is what is shown of them where that is something else."""
    shown = told or {}
    options = [FormOption(value=each, label=shown.get(each, each), default=each == default) for each in values]
    return FormDropdownField(
        name=name,
        label=label,
        default_value=default,
        required=True,
        help_text=help_text,
        data_source=StaticFormOptionsDataSource(values=options),
    )
