"""A web server on loopback that takes webhooks: what came, and what it answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = b"simulated-secret"


@dataclass
class Message:
    headers: dict[str, str]
    body: bytes
    path: str

    @property
    def topic(self) -> str:
        return self.headers["x-shopify-topic"]

    @property
    def payload(self) -> Any:
        return json.loads(self.body)

    @property
    def signed(self) -> bool:
        digest = hmac.digest(SECRET, self.body, hashlib.sha256)
        return self.headers["x-shopify-hmac-sha256"] == base64.b64encode(digest).decode()


@dataclass
class Receiver:
    """Answers `status`, or the next of `answers`; waits for `gate` before it does."""

    status: int = 200
    answers: list[int] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.gate.set()
        self._came = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.gate.wait(10)
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver.take(Message(headers, body, self.path)))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks"

    def take(self, message: Message) -> int:
        with self._came:
            self.messages.append(message)
            self._came.notify_all()
            return self.answers.pop(0) if self.answers else self.status

    def wait(self, count: int, seconds: float = 5) -> list[Message]:
        """The messages once there are so many; fails when they don't come."""
        with self._came:
            if not self._came.wait_for(lambda: len(self.messages) >= count, seconds):
                raise AssertionError(
                    f"{len(self.messages)} of {count} messages came: {[m.topic for m in self.messages]}"
                )
            return list(self.messages)

    def topics(self) -> list[str]:
        return [message.topic for message in self.messages]

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
