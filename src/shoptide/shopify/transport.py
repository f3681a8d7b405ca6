"""The HTTP client that requests leave through: timeouts, kept connections, proxies; not what is said over it.

It is httpx2's, imported when one is opened: an engine that has every request go through its own library gives an `Http`
of its own instead, and need not have httpx2 at all.
"""

from __future__ import annotations

import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from shoptide import __version__
from shoptide.errors import ConnectionLost, Unreachable
from shoptide.shopify.replies import Call, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    import httpx2

    from shoptide.shopify.endpoint import Endpoint

# A heavy query runs for tens of seconds before Shopify's own gateway gives up on it; reading waits longer than that,
# so that the answer is Shopify's and not a guess of ours.
TIMEOUTS = {"connect": 10.0, "read": 100.0, "write": 60.0, "pool": 120.0}
# Idle connections are dropped before the other side drops them: a request sent into a closing connection is a write
# with an unknown outcome.
LIMITS = {"max_connections": 40, "max_keepalive_connections": 40, "keepalive_expiry": 15.0}
_QUERY_STRING = re.compile(r"\?[^\s\"']+")


class Http(Protocol):
    """What the Admin API's client asks of an HTTP library; httpx2.Client is one.

    Answers have `status_code`, `headers` (whose names are found in any case) and `content`; streamed ones `iter_raw`.
    `send` sends once: it repeats nothing by itself.
    """

    def build_request(
        self, method: str, url: str, *, content: Any = None, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """A request: `content` are bytes or an iterable of them, `data` a form."""

    def send(self, request: Any) -> Any:
        """Send it and take the whole answer; raises NotSent or Broken."""

    def stream(self, method: str, url: str, *, headers: Mapping[str, str]) -> AbstractContextManager[Any]:
        """Send it and take the answer as it comes; raises NotSent or Broken."""

    def close(self) -> None:
        """Close what is open."""


class NotSent(Exception):  # noqa: N818  # what happened, in a library's own words
    """The request certainly did not reach the store."""


class Broken(Exception):  # noqa: N818
    """The connection ended before the whole answer was here."""


def open_transport(endpoint: Endpoint) -> httpx2.Client:
    """Open the client for one endpoint; the environment's proxies and certificates count, except on loopback."""
    import httpx2

    return httpx2.Client(
        timeout=httpx2.Timeout(**TIMEOUTS),
        limits=httpx2.Limits(**LIMITS),  # type: ignore[arg-type]  # two of them are whole numbers
        headers={"User-Agent": f"Shoptide/{__version__}", "Accept": "application/json"},
        follow_redirects=False,
        trust_env=not endpoint.is_local,
    )


class _SignedUrlFilter(logging.Filter):
    """Cuts query strings from the HTTP library's own log lines: the URL of a bulk result is a key to its data."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.args or "?" in str(record.msg):
            record.msg, record.args = _QUERY_STRING.sub("?…", record.getMessage()), None
        return True


_SIGNED_URL_FILTER = _SignedUrlFilter()


def quieten_signed_urls() -> None:
    """Keep signed URLs out of the HTTP library's logs; done again without harm."""
    for name in ("httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection", "urllib3.connectionpool"):
        logging.getLogger(name).addFilter(_SIGNED_URL_FILTER)


@cache
def not_sent() -> tuple[type[Exception], ...]:
    """What is raised when a request never left: our own word for it, and httpx2's where it is installed."""
    try:
        import httpx2
    except ModuleNotFoundError:
        return (NotSent,)
    connecting = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    return (NotSent, *connecting, httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError)


@cache
def broken() -> tuple[type[Exception], ...]:
    """What is raised when the answer did not come whole."""
    try:
        import httpx2
    except ModuleNotFoundError:
        return (Broken,)
    return (Broken, httpx2.TransportError, httpx2.DecodingError)


def exchange(http: Http, request: Any, call: Call) -> Reply:
    """Send one request and take the whole answer; raises Unreachable if it never left, ConnectionLost if it may have.

    Where a read was cut off is no matter to a query; `call` says which it is.
    """
    try:
        response = http.send(request)
    except not_sent() as lost:
        raise _unreachable(call, lost) from None
    except broken() as lost:
        raise _lost(call, lost) from None
    return Reply.of(response.status_code, response.headers, response.content)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _unreachable(call: Call, error: Exception) -> Unreachable:
    return Unreachable(
        f"{call.domain}: no connection to Shopify ({_reason(error)}); nothing was sent",
        hint="check the network, and the shop's name or base_url",
    )


def _lost(call: Call, error: Exception) -> ConnectionLost:
    return ConnectionLost(
        f"{call}: the connection broke before Shopify answered ({_reason(error)}){call.doubt}",
        hint="run it again: what was done is looked up before anything is sent twice" if call.is_mutation else None,
        outcome=call.lost,
    )
