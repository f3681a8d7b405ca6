"""What a connection can do, looked at once: token, scopes, API version; said in words that tell what to change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptide.errors import AccessError, ConfigError
from shoptide.shopify.access import DOCUMENT, Access
from shoptide.shopify.versions import nearing_end

if TYPE_CHECKING:
    from shoptide.shopify.client import AdminClient

# What each object needs, read and written; the same as for pushes of the command line.
NEEDED = {
    "customers": ("read_customers", "write_customers"),
    "products": ("read_products", "write_products"),
    "orders": ("read_orders", "write_orders"),
    "fulfillments": ("read_orders", "write_merchant_managed_fulfillment_orders"),
}
GRANT = "grant them in the app's configuration and install the app again"
SIXTY_DAYS = "without read_all_orders Shopify shows the last 60 days of orders only"


@dataclass(frozen=True)
class Checked:
    """A connection that works. `missing` are scopes for which something can't be done, `warnings` what to know."""

    access: Access
    version: str
    missing: tuple[str, ...]
    warnings: tuple[str, ...]


def checked(client: AdminClient) -> Checked:
    """Ask the store who we are. Raises the ApiError that fits, and ConfigError or AccessError with what to change."""
    answer = client.execute(DOCUMENT)
    access = Access.of(answer.data)
    if answer.version and answer.version != client.api_version:
        raise ConfigError(
            f"{client.domain} answers in API version {answer.version}, not in {client.api_version}",
            hint=f"Shopify does not serve {client.api_version}: choose another API version",
        )
    wanted = tuple(dict.fromkeys(scope for scopes in NEEDED.values() for scope in scopes))
    missing = access.lacking(wanted)
    if len(missing) == len(wanted):
        raise AccessError(
            f"{client.domain}: the token is valid and may neither read nor write customers, products or orders",
            hint=f"it lacks {', '.join(missing)}: {GRANT}",
        )
    return Checked(access, answer.version or client.api_version, missing, tuple(_warnings(client, access, missing)))


def _warnings(client: AdminClient, access: Access, missing: tuple[str, ...]) -> list[str]:
    found = []
    for name, scopes in NEEDED.items():
        if lacking := [scope for scope in scopes if scope in missing]:
            found.append(f"{name}: the token lacks {', '.join(lacking)}; {GRANT}")
    if access.has("read_orders") and not access.has("read_all_orders"):
        found.append(SIXTY_DAYS)
    if told := nearing_end(client.api_version, client.clock.now().date()):
        found.append(told)
    if access.plan.development:
        found.append("a trial or development store takes 5 new orders a minute")
    return found
