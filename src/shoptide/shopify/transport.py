"""The HTTP client that requests leave through: timeouts, kept connections, proxies; not what is said over it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import httpx2

from shoptide import __version__
from shoptide.errors import ConnectionLost, Unreachable
from shoptide.shopify.replies import Call, Reply

if TYPE_CHECKING:
    from shoptide.shopify.endpoint import Endpoint

# A heavy query runs for tens of seconds before Shopify's own gateway gives up on it; reading waits longer than that,
# so that the answer is Shopify's and not a guess of ours.
TIMEOUT = httpx2.Timeout(connect=10.0, read=100.0, write=60.0, pool=120.0)
# Idle connections are dropped before the other side drops them: a request sent into a closing connection is a write
# with an unknown outcome.
LIMITS = httpx2.Limits(max_connections=40, max_keepalive_connections=40, keepalive_expiry=15.0)
_QUERY_STRING = re.compile(r"\?[^\s\"']+")


def open_transport(endpoint: Endpoint) -> httpx2.Client:
    """Open the client for one endpoint; the environment's proxies and certificates count, except on loopback."""
    return httpx2.Client(
        timeout=TIMEOUT,
        limits=LIMITS,
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
    for name in ("httpx2", "httpcore2", "httpcore2.http11", "httpcore2.connection"):
        logging.getLogger(name).addFilter(_SIGNED_URL_FILTER)


def exchange(http: httpx2.Client, request: httpx2.Request, call: Call) -> Reply:
    """Send one request and take the whole answer; raises Unreachable if it never left, ConnectionLost if it may have.

    Where a read was cut off is no matter to a query; `call` says which it is.
    """
    try:
        response = http.send(request)
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as lost:
        raise _unreachable(call, lost) from None
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError) as wrong:
        raise _unreachable(call, wrong) from None
    except httpx2.TransportError as lost:
        raise _lost(call, lost) from None
    except httpx2.DecodingError as broken:
        raise _lost(call, broken) from None
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
