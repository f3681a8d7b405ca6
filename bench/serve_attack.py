"""Attack: what is forged, changed, replayed, oversized, cut short or slow is refused, and what that costs.

SHOPTIDE_SERVE_MUTATIONS is how many random changes of a valid delivery are sent (10000). A change is of something that
the signature or the address vouches for: body, signature, shop, path.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import resource
import tempfile
import threading
import time
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig
from shoptide.ledger import open_ledger
from shoptide.ledger.inbox import Inbox
from shoptide.serve.commits import GroupCommit
from shoptide.serve.http import HttpPart
from shoptide.serve.receiver import Receiver, Sender
from shoptide.shopify.webhooks import signature

MUTATIONS = int(os.environ.get("SHOPTIDE_SERVE_MUTATIONS", "10000"))
SECRETS = (b"simulated-secret", b"the-one-before")
SHOP = "simulated.myshopify.com"
BODY = b'{"id":7,"admin_graphql_api_id":"gid://shopify/Order/7","updated_at":"2026-10-01T10:00:00Z","note":"\xc3\xa9"}'
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
Request = tuple[str, dict[str, str], bytes]


def valid() -> Request:
    return (
        "/webhooks/main",
        {
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Hmac-Sha256": signature(SECRETS[0], BODY).decode(),
            "X-Shopify-Shop-Domain": SHOP,
            "X-Shopify-API-Version": "2026-10",
            "X-Shopify-Event-Id": "e-1",
        },
        BODY,
    )


def mutated(dice: random.Random) -> Request:
    """A valid delivery with one or a few things changed; never the valid one."""
    path, headers, body = valid()
    while (path, headers, body) == valid():
        for _ in range(dice.randint(1, 3)):
            kind = dice.randrange(9)
            if kind <= 2:
                body = flipped(body, dice)
            elif kind == 3:
                body = body[: dice.randrange(len(body) + 1)]
            elif kind == 4:
                body += dice.choice((b" ", b"\n", b"\0", b"{}", BODY))
            elif kind <= 6:
                headers["X-Shopify-Hmac-Sha256"] = spoilt(headers["X-Shopify-Hmac-Sha256"], dice)
            elif kind == 7:
                headers["X-Shopify-Shop-Domain"] = dice.choice(
                    ("other.myshopify.com", f"x{SHOP}", f"{SHOP}.evil.example", "")
                )
            else:
                path = dice.choice(("/webhooks/other", "/webhooks/main/", "/webhooks/Main", "/webhooks//main", "/"))
    return path, headers, body


def flipped(body: bytes, dice: random.Random) -> bytes:
    if not body:
        return b"x"
    changed = bytearray(body)
    changed[dice.randrange(len(changed))] ^= dice.randint(1, 255)
    return bytes(changed)


def spoilt(text: str, dice: random.Random) -> str:
    """Another signature: a letter changed, of another secret or body, in another spelling."""
    raw = bytearray(text.encode())
    kind = dice.randrange(4)
    if kind == 0:
        return signature(dice.randbytes(8), BODY).decode()
    if kind == 1:
        return signature(SECRETS[0], dice.randbytes(9)).decode()
    if kind == 2:
        return text.rstrip("=") + dice.choice(("", "==", " ", "-"))
    raw[dice.randrange(len(raw))] = dice.choice(BASE64)
    return raw.decode()


def send(web: http.client.HTTPConnection, request: Request) -> int:
    path, headers, body = request
    try:
        web.request("POST", path, body, headers)
        answer = web.getresponse()
        answer.read()
    except (http.client.HTTPException, OSError):
        web.close()
        return 0
    return answer.status


def slow_ones(port: int, count: int) -> list[http.client.HTTPConnection]:
    """Connections that announce a body and never send it."""
    found = []
    for _ in range(count):
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        link.putrequest("POST", "/webhooks/main")
        for name, value in valid()[1].items():
            link.putheader(name, value)
        link.putheader("Content-Length", "1000")
        link.endheaders(b"{")
        found.append(link)
    return found


def figures() -> dict[str, float]:
    """The figures of one run."""
    clock, failed = SystemClock(), list[BaseException]()
    with tempfile.TemporaryDirectory() as name, open_ledger(LedgerConfig("sqlite:///l.db"), base=Path(name)) as ledger:
        inbox = Inbox(ledger)
        commits = GroupCommit(inbox, lambda _told: None, clock=clock)
        senders = {"main": Sender("main", SHOP, SECRETS), "other": Sender("other", "b.myshopify.com", (b"b",))}
        receiver = Receiver(senders, commits.accept, clock=clock, max_body=2 * 1024 * 1024)
        part = HttpPart("webhooks", receiver.app(), "127.0.0.1", 0, clock=clock, fail=failed.append)
        commits.start()
        part.start()
        try:
            return attack(part.port, inbox)
        finally:
            part.drain(time.monotonic() + 10)
            commits.drain(time.monotonic() + 10)
            assert failed == []


def attack(port: int, inbox: Inbox) -> dict[str, float]:
    dice, web = random.Random(11), http.client.HTTPConnection("127.0.0.1", port, timeout=10)  # noqa: S311  # repeatable
    forged = [mutated(dice) for _ in range(MUTATIONS)]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    let_in = sum(send(web, request) == 200 for request in forged)
    cost = resource.getrusage(resource.RUSAGE_SELF).ru_utime - before
    assert inbox.depth() == {}, "something forged was kept"
    replayed = sum(send(web, valid()) == 200 for _ in range(200))
    kept = sum(inbox.depth().values())
    large = sum(send(web, (valid()[0], valid()[1], b"x" * (3 * 1024 * 1024))) == 200 for _ in range(5))
    slow = slow_ones(port, 100)
    beside = time.monotonic()
    answered = send(web, valid())
    beside = time.monotonic() - beside
    statuses = [status_of(link) for link in slow]
    assert threading.active_count() < 20, "slow requests hold threads"
    return {
        "realtime.forged_sent": len(forged),
        "realtime.forged_accepted": let_in + large + statuses.count(200),
        "realtime.forged_cpu_ms": round(cost / max(1, len(forged)) * 1000, 3),
        "realtime.replayed_answered": replayed,
        "realtime.replayed_kept": kept,
        "realtime.beside_slow_ms": round(beside * 1000, 1) if answered == 200 else -1,
    }


def status_of(link: http.client.HTTPConnection) -> int:
    try:
        return link.getresponse().status
    except (http.client.HTTPException, OSError):
        return 0
    finally:
        link.close()


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))  # noqa: T201  # the figures
