"""Access tokens: where they come from, when they are renewed, and who may renew them.

A pasted token is used as it is. Client credentials and refresh tokens give tokens that expire: they are renewed with a
margin before that and once when the store answers 401, by one thread at a time per shop and app. A refresh token is
good for one use, so what replaces it is on disk before the new access token is handed out.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from shoptide.clock import Clock, SystemClock
from shoptide.config import Secret, ShopConfig
from shoptide.errors import ConfigError, ServerFault, TokenRejected
from shoptide.shopify.refusals import http_error
from shoptide.shopify.replies import Call, Reply
from shoptide.shopify.tokens import MARGIN, FileTokenStore, Grant, TokenStore
from shoptide.shopify.transport import exchange

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoptide.shopify.endpoint import Endpoint
    from shoptide.shopify.transport import Http

log = logging.getLogger(__name__)

# A token whose answer names no end is asked for again after this time.
UNSTATED_LIFE = timedelta(hours=1)


class TokenSource(Protocol):
    """Gives the access token for requests."""

    def current(self) -> Secret:
        """A token that should work, renewed when it is about to end."""

    def renew(self, rejected: Secret) -> Secret:
        """A token other than the one that the store rejected; raises TokenRejected when there is none."""


class StaticToken:
    """A token pasted from the Shopify admin. It has no end and no successor."""

    def __init__(self, token: Secret, shop: str = "Shopify") -> None:
        self._token = token
        self._shop = shop

    def current(self) -> Secret:
        return self._token

    def renew(self, rejected: Secret) -> Secret:  # noqa: ARG002  # there is only the one
        raise TokenRejected(
            f"{self._shop} does not accept the access token",
            hint="install the app again or copy its Admin API access token anew, and put it into access_token",
        )


@dataclass
class _Held:
    """The grant in hand and the right to renew it; the clients of one app on one shop share it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    grant: Grant | None = None


class RenewedToken:
    """A token that expires. `ask` gets the next grant from the one before; threads share one renewal."""

    def __init__(
        self,
        ask: Callable[[Grant | None], Grant],
        clock: Clock,
        store: TokenStore | None = None,
        held: _Held | None = None,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._store = store
        self._held = held or _Held()

    def current(self) -> Secret:
        grant = self._held.grant
        if grant is not None and grant.is_fresh(self._clock.now()):
            return grant.access_token
        return self._renewed(lambda kept: kept.is_fresh(self._clock.now()))

    def renew(self, rejected: Secret) -> Secret:
        return self._renewed(lambda kept: kept.access_token != rejected and kept.is_fresh(self._clock.now()))

    def _renewed(self, will_do: Callable[[Grant], bool]) -> Secret:
        """Whoever comes first renews; whoever waited for the lock finds the new grant and takes that."""
        with self._held.lock:
            grant = self._held.grant
            if grant is None or not will_do(grant):
                grant = self._held.grant = self._next(grant, will_do)
            return grant.access_token

    def _next(self, grant: Grant | None, will_do: Callable[[Grant], bool]) -> Grant:
        if self._store is None:
            return self._ask(grant)
        with self._store.locked():
            kept = self._store.load()
            if kept is not None and will_do(kept):
                return kept  # another process was quicker
            fresh = self._ask(kept)
            self._store.save(fresh)
            return fresh


_held: dict[tuple[str, str, int], _Held] = {}
_held_lock = threading.Lock()


def _held_for(endpoint: Endpoint, client_id: str, clock: Clock) -> _Held:
    key = (endpoint.token, client_id, 0 if isinstance(clock, SystemClock) else id(clock))
    with _held_lock:
        return _held.setdefault(key, _Held())


def token_source(
    shop: ShopConfig, endpoint: Endpoint, http: Http, clock: Clock, store: TokenStore | None = None
) -> TokenSource:
    """The shop's source of tokens; raises ConfigError when the configuration has no usable set of credentials."""
    if shop.refresh_token is not None:
        client_id, secret = _client(shop, "refresh_token needs them")
        desk = TokenDesk(endpoint, http, clock, client_id, secret)
        kept = store or FileTokenStore.default(endpoint.domain, client_id)
        return RenewedToken(desk.refreshing(shop.refresh_token), clock, kept, _held_for(endpoint, client_id, clock))
    if shop.access_token is not None:
        return StaticToken(shop.access_token, shop.domain)
    client_id, secret = _client(shop, "and it has no access_token")
    desk = TokenDesk(endpoint, http, clock, client_id, secret)
    return RenewedToken(lambda _: desk.by_credentials(), clock, None, _held_for(endpoint, client_id, clock))


def _client(shop: ShopConfig, why: str) -> tuple[str, Secret]:
    if not shop.client_id or shop.client_secret is None:
        raise ConfigError(
            f"[shop.{shop.alias}] has no client_id and client_secret, {why}",
            hint="set access_token, or client_id and client_secret of an app from your Dev Dashboard",
        )
    return shop.client_id, shop.client_secret


class TokenDesk:
    """The store's access token endpoint, asked by one app."""

    def __init__(self, endpoint: Endpoint, http: Http, clock: Clock, client_id: str, secret: Secret) -> None:
        self._endpoint = endpoint
        self._http = http
        self._clock = clock
        self._client_id = client_id
        self._secret = secret

    def by_credentials(self) -> Grant:
        """Ask with client credentials; raises TokenRejected when the store does not know them."""
        return self._grant({"grant_type": "client_credentials"})

    def refreshing(self, configured: Secret) -> Callable[[Grant | None], Grant]:
        """A way to the next grant: by the kept refresh token, or the configured one if the kept has another origin."""
        seed = hashlib.sha256(configured.reveal().encode()).hexdigest()

        def ask(kept: Grant | None) -> Grant:
            descends = kept is not None and kept.seed == seed and kept.refresh_token is not None
            token = kept.refresh_token if descends and kept is not None and kept.refresh_token else configured
            grant = self._grant({"grant_type": "refresh_token", "refresh_token": token.reveal()})
            return replace(grant, refresh_token=grant.refresh_token or token, seed=seed)

        return ask

    def _grant(self, form: dict[str, str]) -> Grant:
        call = Call(self._endpoint.domain, "token", "renewal")
        started = self._clock.now()
        sent = {**form, "client_id": self._client_id, "client_secret": self._secret.reveal()}
        reply = exchange(self._http, self._http.build_request("POST", self._endpoint.token, data=sent), call)
        if reply.status in (400, 401, 403):
            raise self._refused(reply, form["grant_type"])
        if reply.status != 200:
            raise http_error(reply, call)
        log.info("token.renewed", extra={"shop": self._endpoint.domain, "grant": form["grant_type"]})
        return _read_grant(reply, call, started)

    def _refused(self, reply: Reply, grant: str) -> TokenRejected:
        body = reply.body or {}
        said = str(body.get("error_description") or body.get("error") or body.get("errors") or f"status {reply.status}")
        hint = (
            "check client_id and client_secret, and that the app is of the store's own organisation and installed"
            if grant == "client_credentials"
            else "the refresh token was used elsewhere or has expired: install the app again for a new one"
        )
        return TokenRejected(
            f"{self._endpoint.domain}: Shopify gives no access token ({said[:200]})", hint=hint, status=reply.status
        )


def _read_grant(reply: Reply, call: Call, started: datetime) -> Grant:
    body = reply.body or {}
    token = body.get("access_token")
    if not isinstance(token, str) or not token:
        raise ServerFault(
            f"{call.domain}: the answer to a token renewal holds no access token",
            status=reply.status,
            outcome=call.lost,
        )
    seconds = body.get("expires_in")
    life = timedelta(seconds=float(seconds)) if isinstance(seconds, (int, float)) else UNSTATED_LIFE
    refresh = body.get("refresh_token")
    return Grant(
        Secret(token), started + life, min(MARGIN, life / 10), Secret(refresh) if isinstance(refresh, str) else None
    )
