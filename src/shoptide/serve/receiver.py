"""The public address that Shopify's webhooks come to: proved, kept durably, acknowledged. No more is done here.

What costs least is checked first: path, headers, announced length, then the body as it comes, then its signature. A
refusal says what kind it is and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from shoptide.clock import Clock
from shoptide.errors import LedgerError
from shoptide.ledger.inbox import Delivery, delivery_id
from shoptide.resources.topics import COMPLIANCE, constant, subjects
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load
from shoptide.shopify.webhooks import SIGNATURE_LENGTH, is_signed

log = logging.getLogger(__name__)

PATH = "/webhooks"
BODY_SECONDS = 5.0  # Shopify waits no longer in all
TOPIC = re.compile(r"[a-z_]+/[a-z_]+\Z")
VERSION = re.compile(r"(?:\d{4}-\d{2}|unstable)\Z")
IDENTIFIER = re.compile(r"[\x21-\x7e]{1,200}\Z")
Accept = Callable[[Sequence[Delivery]], Awaitable[None]]


@dataclass(frozen=True)
class Sender:
    """A shop whose webhooks are taken, and what they may be signed with."""

    alias: str
    domain: str
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class Headers:
    """What a delivery's headers tell, each of them well-formed."""

    signature: bytes
    topic: str
    domain: str
    version: str
    event: str
    triggered_at: datetime | None


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """The request is answered with this status; `reason` is for the log and the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@cache
def known_topics() -> frozenset[str]:
    """The topics there are in any supported version, as the API names them."""
    found = {constant(topic) for topic in COMPLIANCE}
    for version in SUPPORTED_VERSIONS:
        found |= set(load(version).type("WebhookSubscriptionTopic").values)
    return frozenset(found)


class Receiver:
    """Answers deliveries: 200 once `accept` has them on disk, else a refusal. `refused` counts those by status."""

    def __init__(self, senders: Mapping[str, Sender], accept: Accept, *, clock: Clock, max_body: int) -> None:
        self.senders = senders
        self.by_domain = {sender.domain: sender for sender in senders.values()}
        self.accept = accept
        self.clock = clock
        self.max_body = max_body
        self.accepted = 0
        self.refused: dict[int, int] = {}

    def app(self) -> Starlette:
        """The ASGI application: POST /webhooks/<alias of the shop>, or /webhooks for all."""
        methods = ["POST"]
        routes = [
            Route(f"{PATH}/{{alias}}", self.answer, methods=methods),
            Route(PATH, self.answer, methods=methods),
        ]
        found = Starlette(routes=routes)
        found.router.redirect_slashes = False  # another spelling of a path is another path
        return found

    async def answer(self, request: Request) -> Response:
        try:
            await self._take(request)
        except Refused as refused:
            self.refused[refused.status] = self.refused.get(refused.status, 0) + 1
            log.info("webhook.refused", extra={"status": refused.status, "reason": refused.reason})
            # What is left of a refused body is not read: the connection can serve no further request.
            return Response(refused.reason, refused.status, {"Connection": "close"}, "text/plain")
        except ClientDisconnect:
            return Response(status_code=400)
        self.accepted += 1
        return Response(status_code=200)

    async def _take(self, request: Request) -> None:
        sender = self._sender(request.path_params.get("alias"), request)
        headers = _headers(request)
        body = await self._body(request)
        if not is_signed(body, headers.signature, sender.secrets):
            raise Refused(401, "the signature does not fit")
        try:
            await self.accept(deliveries_of(sender.domain, headers, body, self.clock.now()))
        except LedgerError as error:
            log.warning("webhook.inbox_failed", extra={"reason": error.message})
            raise Refused(503, "try again later") from None

    def _sender(self, alias: str | None, request: Request) -> Sender:
        """The shop that the path names; without one, that of the header. It has to be the same one."""
        domain = request.headers.get("x-shopify-shop-domain", "").lower()
        sender = self.by_domain.get(domain) if alias is None else self.senders.get(alias)
        if sender is None or sender.domain != domain:
            raise Refused(404, "no such shop here")
        return sender

    async def _body(self, request: Request) -> bytes:
        """The raw body; what was announced as its length is not relied on. Raises Refused."""
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > self.max_body:
            raise Refused(413, "too large")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self.max_body:
                        raise Refused(413, "too large")
        except TimeoutError:
            raise Refused(408, "the body did not arrive in time") from None
        return bytes(body)


def _headers(request: Request) -> Headers:
    """Raises Refused for headers that no delivery of Shopify's has."""
    given = request.headers
    signature = given.get("x-shopify-hmac-sha256", "").encode("latin-1")
    if len(signature) != SIGNATURE_LENGTH:
        raise Refused(401, "no signature")
    topic, version = given.get("x-shopify-topic", ""), given.get("x-shopify-api-version", "")
    if not TOPIC.match(topic) or constant(topic) not in known_topics():
        raise Refused(404, "no such topic")
    if not VERSION.match(version):
        raise Refused(400, "no API version")
    event = given.get("x-shopify-event-id") or given.get("x-shopify-webhook-id") or ""
    if not IDENTIFIER.match(event):
        raise Refused(400, "no event id")
    domain = given.get("x-shopify-shop-domain", "").lower()
    return Headers(signature, topic, domain, version, event, _instant(given.get("x-shopify-triggered-at")))


def _instant(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def deliveries_of(shop: str, headers: Headers, body: bytes, now: datetime) -> list[Delivery]:
    """What the inbox keeps of a delivery: a row for each record it names, and of its content no more than is needed."""
    payload: Any = None
    try:
        payload = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        log.warning("webhook.unreadable", extra={"topic": headers.topic})
    kept = body.decode("utf-8", "replace") if headers.topic in COMPLIANCE else None
    return [
        Delivery(
            delivery_id(shop, headers.topic, headers.event, subject),
            shop,
            headers.topic,
            subject,
            headers.event,
            now,
            headers.version,
            headers.triggered_at,
            kept,
        )
        for subject in subjects(headers.topic, payload) or [""]
    ]
