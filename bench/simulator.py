"""The simulator itself: requests answered a second on a store of 100,000 orders, and how long that store takes to make.

The store is a process of its own, asked over one connection that is kept open; the client sends bytes made beforehand
and reads little of the answers. The rates are per second of the store's own processor time, so they are what one core
answers whatever else the machine does meanwhile; where the system does not tell that time, they are per second passed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ORDERS, CUSTOMERS, PRODUCTS = 100_000, 20_000, 2_000
SHOP = "{ shop { name } }"
PAGE = """query Page($after: String) { orders(first: 50, after: $after, sortKey: UPDATED_AT) {
  nodes { id name createdAt updatedAt displayFinancialStatus totalPriceSet { shopMoney { amount currencyCode } }
    customer { id } lineItems(first: 10) { nodes { id sku quantity } } }
  pageInfo { hasNextPage endCursor } } }"""
ROUNDS, SECONDS = 3, 2.0
PATH = "/admin/api/2026-10/graphql.json"


class Connection:
    """One kept connection: a request's bytes out, the answer's body in."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 80))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, query: str, variables: dict[str, Any] | None = None) -> bytes:
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {self.host}\r\nX-Shopify-Access-Token: shpat_simulated\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def ask(self, request: bytes) -> bytes:
        self.socket.sendall(request)
        received = self.socket.recv(1 << 18)
        while b"\r\n\r\n" not in received:
            received += self.socket.recv(1 << 18)
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(1 << 18)
        if not body.startswith(b'{"data":{') or b'"errors"' in body:
            raise RuntimeError(f"the simulator answered {body[:300]!r}")
        return body


def figures() -> dict[str, float]:
    command = [sys.executable, "-m", "shoptide", "simulate", "--port", "0", "--json", "--plan", "enterprise"]
    sizes = ["--orders", str(ORDERS), "--customers", str(CUSTOMERS), "--products", str(PRODUCTS)]
    begun = time.monotonic()
    with subprocess.Popen([*command, *sizes], stdout=subprocess.PIPE, text=True) as store:  # our own program
        try:
            assert store.stdout is not None
            url = json.loads(store.stdout.readline())["url"]
            made = time.monotonic() - begun
            boundless(url)
            connection = Connection(url)
            return {
                "simulator.generate_100k_s": round(made, 2),
                "simulator.shop_rps": round(rate(store.pid, lambda: shops(connection))),
                "simulator.orders50_rps": round(rate(store.pid, lambda: pages(connection)), 1),
                "simulator.peak_gb": round(peak_bytes(store.pid) / 1e9, 3),
            }
        finally:
            store.terminate()


def boundless(url: str) -> None:
    """Take the cost limit out of the way: it is not what is measured."""
    body = json.dumps({"maximum": 10**9, "restore_rate": 10**9, "available": 10**9}).encode()
    with urllib.request.urlopen(f"{url}/_simulator/settings", body, timeout=60):  # noqa: S310  # our own loopback address
        pass


def rate(process: int, ask: Callable[[], int]) -> float:
    """Requests a second of processor time, the best of some rounds; the first only warms up."""
    rates = []
    for _ in range(ROUNDS + 1):
        begun = spent(process)
        count = ask()
        rates.append(count / (spent(process) - begun))
    return max(rates[1:])


def spent(process: int) -> float:
    """Seconds of processor time that a process has had."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return time.monotonic()
    user, system = path.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def shops(connection: Connection) -> int:
    request, count, until = connection.request(SHOP), 0, time.monotonic() + SECONDS
    while time.monotonic() < until:
        connection.ask(request)
        count += 1
    return count


def pages(connection: Connection) -> int:
    """Page by page through the orders, as a pull does."""
    after, count, until = None, 0, time.monotonic() + SECONDS
    while time.monotonic() < until:
        body = connection.ask(connection.request(PAGE, {"after": after}))
        after = json.loads(body)["data"]["orders"]["pageInfo"]["endCursor"]
        count += 1
    return count


def peak_bytes(process: int) -> float:
    """The most memory the store ever held; 0 where the system doesn't tell."""
    path = Path(f"/proc/{process}/status")
    if not path.exists():
        return 0.0
    lines = path.read_text().splitlines()
    return next(float(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
