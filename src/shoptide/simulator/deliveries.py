"""Deliveries of webhooks: where they may go, how they are sent, again when they fail, and what became of each.

Every address has a thread of its own while something waits for it, so that a slow receiver delays nobody else. Times
run on the shop's clock: moving it makes what waits due.
"""

from __future__ import annotations

import heapq
import http.client
import ipaddress
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, SimClock

CONNECT_SECONDS = 1.0
TOTAL_SECONDS = 5.0
# Eight retries over four hours (FACTS §7); how Shopify spaces them is not told.
RETRIES = tuple(timedelta(seconds=wait) for wait in (60, 120, 300, 600, 1200, 2400, 3600, 6120))
KEPT = 5_000
TICK = 0.1  # how long a moved clock may go unnoticed
WAITING, DELIVERED, FAILED, DROPPED = "waiting", "delivered", "failed", "dropped"
NOT_SENT, LOST, DEBOUNCED = "not_sent", "lost", "debounced"


@dataclass
class Delivery:
    """One message to one address, with its attempts."""

    number: int
    topic: str
    subscription: str
    address: str
    headers: dict[str, str]
    body: bytes
    due: datetime
    behind: int = 0  # how many later ones overtake it
    status: str = WAITING
    reason: str | None = None
    attempts: list[Record] = field(default_factory=list)
    begun: float = 0.0  # when it was first tried, monotonic

    def shown(self, *, whole: bool = False) -> Record:
        told: Record = {
            "number": self.number,
            "id": self.headers.get("X-Shopify-Webhook-Id"),
            "event": self.headers.get("X-Shopify-Event-Id"),
            "topic": self.topic,
            "subscription": self.subscription,
            "address": self.address,
            "status": self.status,
            "reason": self.reason,
            "due": self.due.isoformat() if self.status == WAITING else None,
            "attempts": [dict(attempt) for attempt in self.attempts],
        }
        if whole:
            told["headers"], told["payload"] = dict(self.headers), self.body.decode()
        return told


def loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def refusal(address: str, allowed: Iterable[str]) -> str | None:
    """Why nothing is sent to an address; None when it may be. `allowed` holds hosts, or hosts with a port."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "addresses of cloud services are recorded, not sent to"
    if loopback(parts.hostname) or {parts.hostname, parts.netloc} & set(allowed):
        return None
    return f"{parts.hostname} is neither this machine nor among the webhook_hosts of the settings"


# sending


def connection(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "http":
        return http.client.HTTPConnection(host, parts.port, timeout=CONNECT_SECONDS)
    context = ssl.create_default_context()
    if loopback(host):  # a receiver on this machine has a certificate of its own making
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(host, parts.port, timeout=CONNECT_SECONDS, context=context)


def send(delivery: Delivery) -> tuple[int | None, str | None]:
    """Post once: the receiver's HTTP status, or why there is none. Redirects are not followed."""
    parts = urlsplit(delivery.address)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    until = time.monotonic() + TOTAL_SECONDS
    made = connection(parts)
    try:
        made.connect()
        made.sock.settimeout(TOTAL_SECONDS)
        made.request("POST", path, delivery.body, delivery.headers)
        return status_of(made.sock, until), None
    except TimeoutError:
        return None, f"no answer within {TOTAL_SECONDS:.0f} s"
    except (OSError, http.client.HTTPException) as error:
        return None, str(error) or type(error).__name__
    finally:
        made.close()


def status_of(answering: socket.socket, until: float) -> int:
    """The status in an answer's first line; the rest does not matter, however slowly it comes.

    Raises TimeoutError, HTTPException for what is no answer.
    """
    line = b""
    while b"\n" not in line:
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        answering.settimeout(left)
        some = answering.recv(1024)
        if not some:
            raise http.client.HTTPException("the connection was closed without an answer")
        line += some
    words = line.split(b"\n", 1)[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise http.client.HTTPException("what came is no HTTP")
    return int(words[1])


class Courier:
    """Brings one address its deliveries, in the order they are due. `carry` tries one: whether to try it again."""

    def __init__(self, clock: SimClock, carry: Callable[[Delivery], bool]) -> None:
        self.clock = clock
        self.carry = carry
        self.closed = False
        self._ready = threading.Condition()
        self._queue: list[tuple[datetime, int, Delivery]] = []
        self._held: list[Delivery] = []  # to be overtaken
        self._places = itertools.count()
        self._thread: threading.Thread | None = None

    def take(self, delivery: Delivery) -> None:
        with self._ready:
            if delivery.behind:
                self._held.append(delivery)
            else:
                self._push(delivery)
                self._overtake()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"webhooks {delivery.address}", daemon=True)
                self._thread.start()
            self._ready.notify()

    def _push(self, delivery: Delivery) -> None:
        heapq.heappush(self._queue, (delivery.due, next(self._places), delivery))

    def _overtake(self) -> None:
        """One more went ahead of those that wait to be overtaken."""
        now = self.clock.now()
        for held in list(self._held):
            held.behind -= 1
            if held.behind <= 0:
                self._held.remove(held)
                held.due = now
                self._push(held)

    def _run(self) -> None:
        while (delivery := self._next()) is not None:
            if self.carry(delivery):
                with self._ready:
                    self._push(delivery)

    def _next(self) -> Delivery | None:
        """Wait for what is due; None, and the thread ends, when nothing waits."""
        with self._ready:
            while not self.closed and (self._queue or self._held):
                now = self.clock.now()
                for held in [held for held in self._held if held.due <= now]:
                    self._held.remove(held)
                    self._push(held)
                if self._queue and self._queue[0][0] <= now:
                    return heapq.heappop(self._queue)[2]
                self._ready.wait(TICK)
            self._thread = None
            return None

    def close(self) -> None:
        with self._ready:
            self.closed = True
            self._ready.notify()


class Post:
    """The deliveries of a shop. `unsubscribe` takes away the subscription whose receiver failed for good."""

    def __init__(self, clock: SimClock, unsubscribe: Callable[[str], None]) -> None:
        self.clock = clock
        self.unsubscribe = unsubscribe
        self._lock = threading.Lock()
        self._known: dict[int, Delivery] = {}
        self._couriers: dict[str, Courier] = {}
        self._successes: dict[str, float] = {}  # subscription: when its last delivery arrived, monotonic
        self._gone: set[str] = set()  # subscriptions taken away
        self._numbers = itertools.count(1)

    def number(self) -> int:
        return next(self._numbers)

    def submit(self, delivery: Delivery) -> None:
        """Send a delivery when it is due; one that is decided already is only kept."""
        with self._lock:
            self._known[delivery.number] = delivery
            if len(self._known) > KEPT:
                self._forget()
            if delivery.status != WAITING:
                return
            if delivery.address not in self._couriers:
                self._couriers[delivery.address] = Courier(self.clock, self._carry)
            courier = self._couriers[delivery.address]
        courier.take(delivery)

    def _forget(self) -> None:
        done = next((number for number, held in self._known.items() if held.status != WAITING), None)
        if done is not None:
            del self._known[done]

    def _carry(self, delivery: Delivery) -> bool:
        """Try a delivery, and note how it went; whether to try it again."""
        if delivery.subscription in self._gone:
            delivery.status, delivery.reason = DROPPED, "its subscription was removed after failures"
            return False
        delivery.begun = delivery.begun or time.monotonic()
        status, error = send(delivery)
        delivery.attempts.append({"at": self.clock.now().isoformat(), "status": status, "error": error})
        if status is not None and 200 <= status < 300:
            self._successes[delivery.subscription] = time.monotonic()
            delivery.status = DELIVERED
            return False
        if len(delivery.attempts) <= len(RETRIES):
            delivery.due = self.clock.now() + RETRIES[len(delivery.attempts) - 1]
            return True
        delivery.status, delivery.reason = FAILED, "every retry failed"
        if self._successes.get(delivery.subscription, 0.0) < delivery.begun:
            self._gone.add(delivery.subscription)
            self.unsubscribe(delivery.subscription)
        return False

    def all(self) -> list[Delivery]:
        with self._lock:
            return list(self._known.values())

    def clear(self) -> None:
        """Forget the deliveries that are decided."""
        with self._lock:
            self._known = {number: held for number, held in self._known.items() if held.status == WAITING}

    def close(self) -> None:
        with self._lock:
            for courier in self._couriers.values():
                courier.close()
