"""Where a shop's Admin API is: from what a user types as a shop to the URLs that requests go to."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from shoptide.errors import ConfigError

if TYPE_CHECKING:
    from shoptide.config import ShopConfig

SHOPIFY_DOMAIN = "myshopify.com"
_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]*")
_ADMIN_PATH = re.compile(r"/store/([^/]+)")


@dataclass(frozen=True)
class Endpoint:
    """One shop's Admin API in one version; `base` has no slash at its end."""

    domain: str
    base: str
    version: str

    @classmethod
    def of(cls, shop: ShopConfig) -> Endpoint:
        domain = shop_domain(shop.domain)
        return cls(domain, base_url(shop.base_url) if shop.base_url else f"https://{domain}", shop.api_version)

    @property
    def graphql(self) -> str:
        return f"{self.base}/admin/api/{self.version}/graphql.json"

    @property
    def budget(self) -> str:
        """What the query budget belongs to: the shop, wherever it is reached, in all versions alike."""
        return f"{self.domain} at {self.base}"

    @property
    def token(self) -> str:
        return f"{self.base}/admin/oauth/access_token"

    @property
    def is_local(self) -> bool:
        """Whether requests stay on this machine: a simulator or a recording, which no proxy may stand before."""
        return is_loopback(urlsplit(self.base).hostname or "")


def shop_domain(shop: str) -> str:
    """Turn `acme`, `acme.myshopify.com` or an address copied from the browser into `acme.myshopify.com`.

    Raises ConfigError for anything else: the store's own domain does not serve the Admin API.
    """
    text = shop.strip().lower()
    parts = urlsplit(text if "//" in text else f"//{text}")
    host = parts.hostname or ""
    if host == "admin.shopify.com" and (found := _ADMIN_PATH.match(parts.path)):
        host = found[1]
    handle = host.removesuffix(f".{SHOPIFY_DOMAIN}")
    if not _HANDLE.fullmatch(handle):
        raise ConfigError(
            f"{shop!r} is not the name of a Shopify store",
            hint="use the part before .myshopify.com, as Settings → Domains in the Shopify admin shows it",
        )
    return f"{handle}.{SHOPIFY_DOMAIN}"


def base_url(text: str) -> str:
    """Check a `base_url` of the configuration; raises ConfigError when it is no http(s) address."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError(f"base_url {text!r} is not an http(s) address", hint="for example http://127.0.0.1:4000")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
