"""A loopback HTTP server that says what a test scripts, odd answers included: resets, cuts, pages of HTML, silence."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def token(self) -> str | None:
        return self.headers.get("x-shopify-access-token")


@dataclass(frozen=True)
class Says:
    """One answer. `cut` sends only so many bytes of the body and then resets; `reset` answers nothing at all."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    pause: threading.Event | None = None  # answer once this is set


Script = Callable[[Heard], Says]


@dataclass
class ShopServer:
    """`says` is asked in turn; its last entry answers everything after it. `heard` lists the requests."""

    url: str
    says: list[Says | Script] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, heard: Heard) -> Says:
        with self.lock:
            self.heard.append(heard)
            said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        return said if isinstance(said, Says) else said(heard)


def graphql(
    data: object = None,
    *,
    errors: object = None,
    requested: float | None = 10,
    actual: float | None = 10,
    available: float = 1990,
    maximum: float = 2000,
    rate: float = 100,
    search: object = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Says:
    """An answer as Shopify frames it; `requested=None` leaves the cost out."""
    body: dict[str, object] = {}
    if data is not None or errors is None:
        body["data"] = data
    if errors is not None:
        body["errors"] = errors
    extensions: dict[str, object] = {}
    if requested is not None:
        throttle = {"maximumAvailable": maximum, "currentlyAvailable": available, "restoreRate": rate}
        extensions["cost"] = {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": throttle}
    if search is not None:
        extensions["search"] = search
    if extensions:
        body["extensions"] = extensions
    told = {"Content-Type": "application/json", "Date": "Thu, 01 Oct 2026 12:00:00 GMT", **(headers or {})}
    return Says(status, json.dumps(body).encode(), told)


def error(
    code: str | None, message: str = "no", path: list[object] | None = None, **extensions: object
) -> dict[str, Any]:
    found: dict[str, Any] = {"message": message, "extensions": {**({"code": code} if code else {}), **extensions}}
    if path is not None:
        found["path"] = path
    return found


@contextmanager
def serving(*says: Says | Script) -> Iterator[ShopServer]:
    """Run the server for the length of a test."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.shop = ShopServer(f"http://127.0.0.1:{server.server_address[1]}", list(says))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server.shop
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    shop: ShopServer


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        try:
            while (heard := self._read()) is not None:
                said = self.server.shop.answer(heard)
                if said.pause is not None:
                    said.pause.wait(30)
                if not self._say(said):
                    return
        except ConnectionError:
            return

    def _read(self) -> Heard | None:
        line = self.rfile.readline().decode()
        if not line.strip():
            return None
        method, path, _ = line.split(" ", 2)
        headers = {}
        while (text := self.rfile.readline().decode().strip()) != "":
            name, value = text.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        return Heard(method, path, headers, self.rfile.read(int(headers.get("content-length", "0"))))

    def _say(self, said: Says) -> bool:
        if said.reset:
            self._break()
            return False
        lines = [f"HTTP/1.1 {said.status} X", f"Content-Length: {len(said.body)}"]
        lines += [f"{name}: {value}" for name, value in said.headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + said.body[: said.cut])
        self.wfile.flush()
        if said.cut is not None and said.cut < len(said.body):
            self.request.shutdown(socket.SHUT_WR)
            return False
        return True

    def _break(self) -> None:
        """Reset the connection instead of closing it."""
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
