"""Load: signed deliveries at a steady rate to `shoptide serve`, killed (-9) in the middle and started again.

Every delivery that was answered 200 has to be in the inbox at the end. As Shopify does, what was not answered is sent
again. SHOPTIDE_SERVE_SECONDS shortens it (60), SHOPTIDE_SERVE_RATE is deliveries a second (500).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig
from shoptide.ledger import open_ledger
from shoptide.ledger.inbox import delivery_id
from shoptide.ledger.schema import inbox
from shoptide.shopify.webhooks import signature

SECONDS = float(os.environ.get("SHOPTIDE_SERVE_SECONDS", "60"))
RATE = int(os.environ.get("SHOPTIDE_SERVE_RATE", "500"))
CONNECTIONS = 64
RECORDS = 2_000
SHOP, SECRET, TOPIC = "simulated.myshopify.com", b"simulated-secret", "customers/update"
CONFIG = """[shop.main]
name = "simulated"
access_token = "shpat_simulated"
base_url = "{store}"
[warehouse]
url = "duckdb:///w.duckdb"
[serve]
manage_port = 0
port = {port}
secrets = ["simulated-secret"]
[pull.store]
streams = ["customers"]
"""


@dataclass
class Told:
    """What became of the deliveries: seconds to each 200, ids acknowledged, attempts that had to be repeated."""

    seconds: list[float] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    repeated: int = 0
    refused: dict[int, int] = field(default_factory=dict)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def shoptide(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    log = (folder / "log.txt").open("a")
    command = [sys.executable, "-m", "shoptide", *arguments]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True)


def ready(process: subprocess.Popen[str]) -> None:
    """Wait for the line that says so."""
    assert process.stdout is not None
    assert process.stdout.readline(), "it ended before it was ready"


def request(number: int) -> tuple[str, bytes]:
    """The id and the bytes of a delivery."""
    gid = f"gid://shopify/Customer/{9_500_000_001 + number % RECORDS}"
    body = json.dumps({"id": 9_500_000_001 + number % RECORDS, "admin_graphql_api_id": gid, "n": number}).encode()
    head = (
        f"POST /webhooks/main HTTP/1.1\r\nHost: shoptide\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Shopify-Topic: {TOPIC}\r\nX-Shopify-Shop-Domain: {SHOP}\r\n"
        f"X-Shopify-API-Version: 2026-10\r\nX-Shopify-Webhook-Id: w-{number}\r\nX-Shopify-Event-Id: e-{number}\r\n"
        f"X-Shopify-Hmac-Sha256: {signature(SECRET, body).decode()}\r\n\r\n"
    )
    return delivery_id(SHOP, TOPIC, f"e-{number}", gid), head.encode() + body


async def sender(port: int, queue: asyncio.Queue[int | None], told: Told) -> None:
    """Send what is due over one connection, which is opened anew when it breaks."""
    link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    while (number := await queue.get()) is not None:
        gid, raw = request(number)
        began = time.monotonic()
        try:
            async with asyncio.timeout(5):
                link = link or await asyncio.open_connection("127.0.0.1", port)
                link[1].write(raw)
                head = await link[0].readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            if link is not None:
                link[1].close()
            link = None
            told.repeated += 1
            asyncio.get_running_loop().call_later(1.0, queue.put_nowait, number)
            continue
        status = int(head.split(b" ", 2)[1])
        if status == 200:
            told.seconds.append(time.monotonic() - began)
            told.acknowledged.add(gid)
        else:
            told.refused[status] = told.refused.get(status, 0) + 1
            link[1].close()
            link = None
            asyncio.get_running_loop().call_later(1.0, queue.put_nowait, number)


async def fire(port: int, total: int, told: Told) -> None:
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    senders = [asyncio.create_task(sender(port, queue, told)) for _ in range(CONNECTIONS)]
    began = time.monotonic()
    for number in range(total):
        if (ahead := began + number / RATE - time.monotonic()) > 0.002:
            await asyncio.sleep(ahead)
        queue.put_nowait(number)
    while len(told.acknowledged) < total and time.monotonic() < began + total / RATE + 60:
        await asyncio.sleep(0.1)
    for _ in senders:
        queue.put_nowait(None)
    await asyncio.gather(*senders)


async def play(folder: Path, port: int, total: int) -> Told:
    told = Told()
    process = shoptide(folder, "serve", "--json")
    await asyncio.to_thread(ready, process)
    firing = asyncio.create_task(fire(port, total, told))
    await asyncio.sleep(SECONDS / 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process = shoptide(folder, "serve", "--json")
    await asyncio.to_thread(ready, process)
    await firing
    process.terminate()
    code = await asyncio.to_thread(process.wait, 35)
    assert code == 0, f"serve ended with {code}: {(folder / 'log.txt').read_text()[-2000:]}"
    return told


def kept(folder: Path) -> set[str]:
    where = LedgerConfig("sqlite:///.shoptide/ledger.db")
    with open_ledger(where, base=folder, clock=SystemClock()) as ledger, ledger.reading() as connection:
        return {row[0] for row in connection.execute(inbox.select().with_only_columns(inbox.c.id))}


def figures() -> dict[str, float]:
    """The figures of one run."""
    total = int(SECONDS * RATE)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        store_port = free_port()
        store = shoptide(folder, "simulate", "--port", str(store_port), "--customers", str(RECORDS), "--products", "0",
                         "--orders", "0", "--plan", "plus", "--json")  # fmt: skip
        try:
            ready(store)
            (folder / "shoptide.toml").write_text(CONFIG.format(store=f"http://127.0.0.1:{store_port}", port=port))
            told = asyncio.run(play(folder, port, total))
            found = kept(folder)
        finally:
            store.terminate()
            with suppress(subprocess.TimeoutExpired):
                store.wait(10)
    ordered = sorted(told.seconds)
    return {
        "realtime.accepted": len(told.acknowledged),
        "realtime.accept_p50_ms": round(statistics.median(ordered) * 1000, 2),
        "realtime.accept_p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 2),
        "realtime.accept_longest_ms": round(ordered[-1] * 1000, 2),
        "realtime.accept_repeated": told.repeated + sum(told.refused.values()),
        "realtime.lost": len(told.acknowledged - found) + (total - len(told.acknowledged)),
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))  # noqa: T201  # the figures
