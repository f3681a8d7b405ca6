"""Requests that leave through the `requests` library, as Omnata wants it: it limits the rate of what goes there.

Nothing is sent twice: the session has no retries. What leaves again, and when, is the client's to decide, which knows a
query from a mutation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from omnata_plugin_runtime.omnata_plugin import DeadlineReachedException
from omnata_plugin_runtime.rate_limiting import InterruptedWhileWaitingException
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, NewConnectionError

from shoptide import __version__
from shoptide.errors import Interrupted
from shoptide.shopify.transport import LIMITS, TIMEOUTS, Broken, NotSent

CHUNK = 1 << 20


class RequestsHttp:
    """An `Http` (see `shopify.transport`) on a session of requests. Threads may share it."""

    def __init__(self, *, local: bool = False) -> None:
        """`local` keeps proxies of the environment out of it: what is on this machine needs none."""
        self.session = requests.Session()
        adapter = HTTPAdapter(max_retries=0, pool_maxsize=int(LIMITS["max_connections"]))
        self.session.mount("https://", adapter)
        self.session.mount("http://", adapter)
        self.session.trust_env = not local
        self.session.headers.update({"User-Agent": f"Shoptide/{__version__}", "Accept": "application/json"})
        self.timeout = (TIMEOUTS["connect"], TIMEOUTS["read"])

    def build_request(
        self, method: str, url: str, *, content: Any = None, data: Any = None, headers: Mapping[str, str] | None = None
    ) -> requests.PreparedRequest:
        given = requests.Request(method, url, data=data if content is None else content, headers=dict(headers or {}))
        prepared = self.session.prepare_request(given)
        if headers and "Content-Length" in headers:
            # A body that is streamed with a length known: requests would chunk it, which upload forms refuse.
            prepared.headers.pop("Transfer-Encoding", None)
            prepared.headers["Content-Length"] = headers["Content-Length"]
        return prepared

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        return self._send(request, stream=False)

    @contextmanager
    def stream(self, method: str, url: str, *, headers: Mapping[str, str]) -> Iterator[_Streamed]:
        with self._send(self.build_request(method, url, headers=headers), stream=True) as response:
            yield _Streamed(response)

    def close(self) -> None:
        self.session.close()

    def _send(self, request: requests.PreparedRequest, *, stream: bool) -> requests.Response:
        settings = self.session.merge_environment_settings(request.url, {}, stream, None, None)
        try:
            return self.session.send(request, timeout=self.timeout, allow_redirects=False, **settings)
        except (InterruptedWhileWaitingException, DeadlineReachedException):
            # Omnata's limit made it wait, and the run ended meanwhile: nothing was sent.
            raise Interrupted("the run was ended before this was sent", hint="the next run goes on from here") from None
        except requests.exceptions.RequestException as error:
            if _never_left(error):
                raise NotSent(_words(error)) from None
            raise Broken(_words(error)) from None


class _Streamed:
    """An answer that is taken as it comes."""

    def __init__(self, response: requests.Response) -> None:
        self.status_code = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._response = response

    def iter_raw(self) -> Iterator[bytes]:
        try:
            yield from self._response.raw.stream(CHUNK, decode_content=False)
        except HTTPError as error:
            raise Broken(type(error).__name__) from None


def _never_left(error: requests.exceptions.RequestException) -> bool:
    """Whether the request certainly did not reach the store: no connection came about, or no request did."""
    if isinstance(error, (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError, ValueError)):
        return True
    cause: BaseException | None = error
    while cause is not None:
        reason = getattr(cause, "reason", None)
        if isinstance(cause, NewConnectionError) or isinstance(reason, NewConnectionError):
            return True
        inner = cause.args[0] if cause.args and isinstance(cause.args[0], BaseException) else None
        cause = inner or cause.__cause__
    return False


def _words(error: Exception) -> str:
    """The kind of error only: its text has the URL, which is a key where it is signed."""
    return type(error).__name__
