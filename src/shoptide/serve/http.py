"""A part that answers HTTP: an ASGI application on a socket of its own, in a thread of its own."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from shoptide.clock import Clock
from shoptide.errors import UsageError

HEAD_SECONDS = 5.0  # for a request's head to arrive whole, from the moment its connection is there
IDLE_SECONDS = 30  # for the next one, from the end of an answer
CONNECTIONS = 1_000  # more are told to come again
BACKLOG = 2_048


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, but a connection on which no request begins is closed: idle ones would use up the files."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own signature
        super().connection_made(transport)
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._close_without_head)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._head_due.cancel()
        self._head_due = self.loop.call_later(IDLE_SECONDS, self._close_without_head)

    def _close_without_head(self) -> None:
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self.transport.is_closing():
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_due.cancel()
        super().connection_lost(exc)


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bind(host: str, port: int) -> socket.socket:
    """Take the port now, so that a taken one is told at once. Raises UsageError."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off Nagle only for sockets that name their protocol; without it every answer waits 40 ms.
    found = socket.socket(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        hint = "choose another --port, or [serve] port"
        raise UsageError(f"port {port} on {host} can't be taken: {error.strerror or error}", hint=hint) from None
    found.listen(BACKLOG)
    return found


class HttpPart:
    """An application at `url` from `start` until `drain`, which answers what it has taken and takes no more."""

    def __init__(
        self, name: str, app: Any, host: str, port: int, *, clock: Clock, fail: Callable[[BaseException], None]
    ) -> None:
        self.name = name
        self.host = host
        self.clock = clock
        self.fail = fail
        self._wanted = port
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=PatientProtocol,
                ws="none",
                lifespan="off",
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=IDLE_SECONDS,
                timeout_graceful_shutdown=10,
                limit_concurrency=CONNECTIONS,
            )
        )
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def port(self) -> int:
        return self._wanted if self._socket is None else int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}"

    def start(self) -> None:
        self._socket = bind(self.host, self._wanted)
        self._thread.start()

    def _run(self) -> None:
        assert self._socket is not None  # noqa: S101  # start() made it
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as error:  # noqa: BLE001  # whatever ended it, the process must not go on deaf
            self.fail(error)

    def drain(self, deadline: float) -> None:
        self._server.should_exit = True
        self._thread.join(max(0.0, deadline - self.clock.monotonic()))
