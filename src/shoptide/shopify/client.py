"""The Admin API as the rest of the product sees it: one shop, `execute` a document, get an answer or a typed error.

What is sent again without asking: queries after throttling, server faults and lost connections; mutations only when
they certainly were not applied (throttled, rate limited, never sent). A mutation whose outcome is unknown is the
caller's to look up: this client does not repeat it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import random
import threading
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from shoptide.clock import Clock, SystemClock
from shoptide.errors import (
    ApiError,
    ConfigError,
    ConnectionLost,
    InvalidDocument,
    InvalidVariable,
    RateLimited,
    ServerFault,
    Throttled,
    Throttling,
    TokenRejected,
    Unreachable,
    WriteOutcome,
)
from shoptide.shopify.access import DOCUMENT as ACCESS_DOCUMENT
from shoptide.shopify.access import Access
from shoptide.shopify.answers import Answer, charged, read, search_ignored
from shoptide.shopify.auth import token_source
from shoptide.shopify.backoff import Backoff, pause
from shoptide.shopify.cost import requested_cost
from shoptide.shopify.document import parse
from shoptide.shopify.endpoint import Endpoint
from shoptide.shopify.governor import Governor, Shares, Ticket, governor_for
from shoptide.shopify.meter import Meter
from shoptide.shopify.replies import Call, Reply
from shoptide.shopify.schema import SUPPORTED_VERSIONS, Schema, load
from shoptide.shopify.transport import exchange, open_transport, quieten_signed_urls

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from shoptide.config import Secret, ShopConfig
    from shoptide.shopify.tokens import TokenStore
    from shoptide.shopify.transport import Http

log = logging.getLogger(__name__)

RECOMMENDED_PAUSE = 1.0  # Shopify's advice after THROTTLED, when somebody else is after the same points
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105  # the header's name


@dataclass(frozen=True)
class Patience:
    """How often and how long the client tries by itself before it hands the error to its caller."""

    faults: int = 5  # tries again after server faults and lost connections
    throttles: int = 30  # tries again after "not now" answers, which change nothing
    longest: float = 120.0  # a Retry-After beyond this is the caller's to plan for
    backoff: Backoff = field(default_factory=Backoff)


class AdminClient:
    """One shop's Admin API in one version. Threads may share it; clients of one shop and app share one budget."""

    def __init__(
        self,
        shop: ShopConfig,
        *,
        transport: Http | None = None,
        clock: Clock | None = None,
        governor: Governor | None = None,
        token_store: TokenStore | None = None,
        patience: Patience | None = None,
        chance: random.Random | None = None,
        shares: Shares | None = None,
    ) -> None:
        """Open without a request; raises ConfigError for a version, plan or set of credentials that can't work.

        A `transport` that is given stays the giver's to close. `token_store` keeps rotating refresh tokens;
        `shares` divides the query budget with other processes.
        """
        if shop.api_version not in SUPPORTED_VERSIONS:
            raise ConfigError(
                f"[shop.{shop.alias}] api_version {shop.api_version!r} is not supported",
                hint=f"choose one of {', '.join(SUPPORTED_VERSIONS)}",
            )
        self.shop = shop
        self.endpoint = Endpoint.of(shop)
        self.domain = self.endpoint.domain
        self.api_version = shop.api_version
        self.meter = Meter()
        self.clock: Clock = clock or SystemClock()
        self.chance = chance or random.Random()  # noqa: S311  # spreads retries, guards nothing
        self.governor = governor or governor_for(self.endpoint.budget, _app(shop), plan=shop.plan, clock=clock)
        quieten_signed_urls()
        self._owned = transport is None
        self.http: Http = transport or open_transport(self.endpoint)
        self._tokens = token_source(shop, self.endpoint, self.http, self.clock, token_store)
        self._patience = patience or Patience()
        self._costs = _LearnedCosts()
        self._access: Access | None = None
        self._told_version = False
        self._closed = False
        self.governor.used_by(shares)

    def __repr__(self) -> str:
        return f"<AdminClient {self.domain} {self.api_version}>"

    def __enter__(self) -> AdminClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def schema(self) -> Schema:
        return load(self.api_version)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self.governor.left_by()
        if self._owned:
            self.http.close()

    def access(self, *, refresh: bool = False) -> Access:
        """The token's scopes and the store's facts, asked once."""
        if self._access is None or refresh:
            self._access = Access.of(self.execute(ACCESS_DOCUMENT).data)
        return self._access

    def execute(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        operation: str | None = None,
        allow_partial: bool = False,
        allow_ignored_search: bool = False,
    ) -> Answer:
        """Run a query or mutation within the shop's budget.

        Raises the ApiError that fits the answer; userErrors are part of `data` and the caller's to read. With
        `allow_partial`, data beside errors is returned with them; otherwise it raises PartialData. A search that the
        store did not understand raises SearchIgnored unless allowed, because it matches everything (FACTS 8).
        """
        chosen = parse(document).operation(operation)
        call = Call.of(self.domain, chosen)
        body = _body(document, variables or {}, operation, call)
        price = self._price(document, variables or {}, operation)
        answer = self._attempts(body, call, price, allow_partial=allow_partial)
        if answer.search_warnings and not (allow_ignored_search or call.is_mutation):
            raise search_ignored(answer, call)
        return answer

    def cost(
        self, document: str, variables: Mapping[str, object] | None = None, *, operation: str | None = None
    ) -> int:
        """What the store will ask for a document: by the formula, or as it answered last time."""
        return self._costs.expected(self._price(document, variables or {}, operation))

    def _price(self, document: str, variables: Mapping[str, object], operation: str | None) -> _Price:
        try:
            points = requested_cost(self.schema, document, variables, operation=operation)
        except InvalidDocument:
            points = 10  # the schema we ship may be older than the store: its answer decides
        return _Price(document, points)

    def _attempts(self, body: bytes, call: Call, price: _Price, *, allow_partial: bool) -> Answer:
        """Send until there is an answer, an error that sending again can't help, or no patience left."""
        delays = self._patience.backoff.delays(self.chance)
        faults = throttles = 0
        while True:
            try:
                return self._send_as_app(body, call, price, allow_partial=allow_partial)
            except Throttling as refused:
                throttles += 1
                self.meter.add(throttled=1)
                if throttles > self._patience.throttles or (refused.retry.after or 0) > self._patience.longest:
                    raise
                self._wait_before_retry(refused, call, _throttle_delay(refused, throttles, delays))
            except (ServerFault, ConnectionLost, Unreachable) as failed:
                faults += 1
                if faults > self._patience.faults or not _may_repeat(failed, call):
                    raise
                self._wait_before_retry(failed, call, next(delays))
            self.meter.add(retries=1)

    def _send_as_app(self, body: bytes, call: Call, price: _Price, *, allow_partial: bool) -> Answer:
        """Send with a token; one that is rejected is renewed once, since 401 means that nothing was done."""
        token = self._tokens.current()
        try:
            return self._send(body, call, price, token, allow_partial=allow_partial)
        except TokenRejected:
            token = self._tokens.renew(token)
        return self._send(body, call, price, token, allow_partial=allow_partial)

    def _wait_before_retry(self, error: ApiError, call: Call, delay: float) -> None:
        log.info("api.retried", extra={"shop": self.domain, "call": call.name, "reason": error.kind, "after": delay})
        if delay > 0:
            pause(self.clock, delay)

    def _send(self, body: bytes, call: Call, price: _Price, token: Secret, *, allow_partial: bool) -> Answer:
        ticket, waited = self.governor.reserve(self._costs.expected(price), clock=self.clock)
        if waited > 0:
            self.meter.add(waits=1, waited=waited)
        headers = {TOKEN_HEADER: token.reveal(), "Content-Type": "application/json"}
        request = self.http.build_request("POST", self.endpoint.graphql, content=body, headers=headers)
        reply = self._exchange(request, call, ticket)
        spent = charged(reply, ticket.cost)
        status = reply.cost.status if reply.cost else None
        self.governor.settle(ticket, actual=spent, status=status, throttled=reply.is_throttled)
        self.meter.add(calls=1, cost=spent)
        self._costs.learn(price, reply)
        self._check_version(reply)
        log.debug("api.answered", extra={"shop": self.domain, "call": call.name, "status": reply.status, "cost": spent})
        return read(reply, call, allow_partial=allow_partial)

    def _exchange(self, request: Any, call: Call, ticket: Ticket) -> Reply:
        try:
            return exchange(self.http, request, call)
        except Unreachable:
            self.governor.settle(ticket, actual=0.0)
            raise
        except BaseException:
            self.governor.settle(ticket)  # it may have run: its cost counts until an answer tells otherwise
            self.meter.add(calls=1)
            raise

    def _check_version(self, reply: Reply) -> None:
        """Tell once that the store answers in another version than asked: fields may differ."""
        if reply.version and reply.version != self.api_version and not self._told_version:
            self._told_version = True
            log.warning(
                "api.version_differs",
                extra={"shop": self.domain, "asked": self.api_version, "answered": reply.version},
            )


def _may_repeat(error: ApiError, call: Call) -> bool:
    """Reading may always be repeated; writing only what certainly was not done."""
    return not call.is_mutation or error.outcome is WriteOutcome.NOT_APPLIED


def _throttle_delay(refused: Throttling, times: int, delays: Iterator[float]) -> float:
    """The store's own figure where it gives one. After THROTTLED the governor waits, knowing the bucket now."""
    if isinstance(refused, RateLimited) and refused.retry.after is not None:
        return refused.retry.after
    if isinstance(refused, Throttled) and refused.retry.after is not None:
        return 0.0 if times == 1 else min(RECOMMENDED_PAUSE, next(delays))
    return next(delays)


def budget_of(shop: ShopConfig) -> str:
    """The name of the budget that clients of this shop and app spend from, wherever they are. It tells no secret."""
    digest = hashlib.sha256(_app(shop).encode()).hexdigest()
    return f"{Endpoint.of(shop).budget} {digest[:12]}"


def _app(shop: ShopConfig) -> str:
    """Who spends the budget: the app, or the token that stands for it (as a digest, since it is a key in memory)."""
    if shop.client_id:
        return shop.client_id
    token = shop.access_token.reveal() if shop.access_token else ""
    return hashlib.sha256(token.encode()).hexdigest()


def _body(document: str, variables: Mapping[str, object], operation: str | None, call: Call) -> bytes:
    sent: dict[str, object] = {"query": document, "variables": variables}
    if operation is not None:
        sent["operationName"] = operation
    try:
        return json.dumps(sent, ensure_ascii=False, allow_nan=False, default=_json_value).encode()
    except (TypeError, ValueError) as wrong:
        raise InvalidVariable(f"{call}: a value can't be sent as JSON: {wrong}") from None


def _json_value(value: object) -> Any:
    """Decimals as text, so that no digit is lost; times as ISO 8601."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON value")


@dataclass(frozen=True)
class _Price:
    """A document and what the formula says it costs with the given variables."""

    document: str
    points: int


class _LearnedCosts:
    """What the store really asked where the formula was wrong: by document and computed cost."""

    MOST = 500  # documents remembered; whoever writes values into documents must not fill the memory

    def __init__(self) -> None:
        self._learned: dict[_Price, int] = {}
        self._lock = threading.Lock()

    def expected(self, price: _Price) -> int:
        return self._learned.get(price, price.points)

    def learn(self, price: _Price, reply: Reply) -> None:
        if reply.cost is None or reply.cost.requested == self.expected(price):
            return
        with self._lock:
            if len(self._learned) >= self.MOST:
                self._learned.pop(next(iter(self._learned)))
            self._learned[price] = round(reply.cost.requested)
