"""From what a user entered in Omnata's connection form to a client of the Admin API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptide.clock import SystemClock
from shoptide.config import Secret, ShopConfig
from shoptide.errors import ConfigError
from shoptide.shopify.client import AdminClient, Patience
from shoptide.shopify.endpoint import shop_domain
from shoptide.shopify.governor import PLANS, Allowance
from shoptide.shopify.schema import SUPPORTED_VERSIONS

if TYPE_CHECKING:
    from shoptide.shopify.transport import Http

TOKEN_METHOD = "API Access Token"  # noqa: S105  # a method's name
CREDENTIALS_METHOD = "Client Credentials"
# The user tiers as Omnata's users know them, with the plan whose budget they have.
TIERS = {"Standard": "standard", "Advanced": "advanced", "Shopify Plus": "plus", "Enterprise": "enterprise"}
NEWEST = SUPPORTED_VERSIONS[-1]
# Results of bulk operations lie at the first, uploads are staged at the second (FACTS §5).
FILE_HOSTS = ("storage.googleapis.com", "shopify-staged-uploads.storage.googleapis.com")
POINTS_A_REQUEST = 10  # what most mutations and small queries cost (FACTS 2)
Entered = Mapping[str, Any]  # name → an object with the `value` that was entered


@dataclass(frozen=True)
class Limit:
    """How many requests a second go to one path of the shop."""

    path: str
    requests: int


def entered(values: Entered | None, name: str, default: str = "") -> str:
    """What was entered in a field; the default where it was left empty."""
    found = (values or {}).get(name)
    return str(found.value).strip() if found is not None and found.value is not None else default


def shop_of(method: str, parameters: Entered | None, secrets: Entered | None) -> ShopConfig:
    """The shop that a connection is for. Raises ConfigError that names the field."""
    domain = shop_domain(entered(parameters, "shop"))
    shared: dict[str, Any] = {
        "alias": "omnata",
        "domain": domain,
        "api_version": entered(parameters, "api_version") or NEWEST,
        "plan": _plan(entered(parameters, "user_tier")),
        # Not a field of the form: a simulator or a recording.
        "base_url": entered(parameters, "base_url") or None,
    }
    if method == CREDENTIALS_METHOD:
        client_id, secret = entered(parameters, "client_id"), entered(secrets, "client_secret")
        if not client_id or not secret:
            raise ConfigError("Client ID and Client secret are both needed", hint="Dev Dashboard → your app → Settings")
        return ShopConfig(client_id=client_id, client_secret=Secret(secret), **shared)
    token = entered(secrets, "access_token")
    if not token:
        raise ConfigError(
            "the Admin API access token is missing", hint="Shopify shows it once, when the app is installed"
        )
    return ShopConfig(access_token=Secret(token), **shared)


def _plan(tier: str) -> str:
    if not tier:
        return "standard"
    found = {**TIERS, **{plan: plan for plan in PLANS}}.get(tier)
    if found is None:
        raise ConfigError(f"User tier {tier!r} is not known", hint=f"choose one of {', '.join(TIERS)}")
    return found


def hosts_of(parameters: Entered | None) -> list[str]:
    """The hosts that the plugin talks to: the shop's own, and those where bulk results and uploads lie."""
    return [shop_domain(entered(parameters, "shop")), *FILE_HOSTS]


def limit_of(parameters: Entered | None) -> Limit:
    """A coarse limit by tier, which Omnata shares between all syncs of a connection.

    Inside one run the store's own figures count (`shopify.governor`); across runs only requests are counted.
    """
    allowance: Allowance = PLANS[_plan(entered(parameters, "user_tier"))]
    return Limit(r"/admin/api/[0-9-]+/graphql\.json", round(allowance.restore_rate / POINTS_A_REQUEST))


class Stop:
    """Whether a run is to end, by Omnata's own wait: it returns False once the run is cancelled or its time is over."""

    def __init__(self, wait: Callable[[float], bool]) -> None:
        self._wait = wait

    def is_set(self) -> bool:
        return not self._wait(0)

    def wait(self, seconds: float) -> bool:
        return not self._wait(seconds)


class RunClock(SystemClock):
    """Real time whose sleeps end with the run."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self.stop = stop  # type: ignore[assignment]  # asked as an Event is


def open_client(shop: ShopConfig, http: Http, *, clock: SystemClock | None = None) -> AdminClient:
    """A client whose requests leave through `http`, which stays the caller's to close."""
    return AdminClient(shop, transport=http, clock=clock or SystemClock(), patience=Patience())
