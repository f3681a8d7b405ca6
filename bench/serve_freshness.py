"""Freshness: how long until a change in the store is in the DuckDB table, with deliveries doubled, disordered and lost.

The store is a process of its own; what serves runs here, as a DuckDB file can only be looked at by the process that
has it open. SHOPTIDE_SERVE_SECONDS shortens it (300), SHOPTIDE_SERVE_CHANGES is changes a second (20).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any

import httpx2
from serve_load import free_port, ready, shoptide

from shoptide.clock import SystemClock
from shoptide.config_file import load_config
from shoptide.inbound.pull import pull
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.inbox import Inbox
from shoptide.serve.parts import Opened, open_parts
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse, open_warehouse

SECONDS = float(os.environ.get("SHOPTIDE_SERVE_SECONDS", "300"))
RATE = float(os.environ.get("SHOPTIDE_SERVE_CHANGES", "20"))
LOOK = 0.25  # seconds between looks at the tables
IN_THE_END = 90.0  # seconds after the last change by which everything has to be there
CONFIG = """[shop.main]
name = "simulated"
access_token = "shpat_simulated"
base_url = "{store}"
plan = "plus"
[warehouse]
url = "duckdb:///w.duckdb"
[serve]
manage_port = 0
port = {port}
public_url = "http://127.0.0.1:{port}"
secrets = ["simulated-secret"]
[pull.store]
streams = ["customers", "products", "orders"]
"""
FAULTS = [
    {"on": "webhook", "action": "lose", "probability": 0.1, "seed": 1},
    {"on": "webhook", "action": "duplicate", "probability": 0.1, "seed": 2},
    {"on": "webhook", "action": "disorder", "by": 3, "seconds": 2, "probability": 0.1, "seed": 3},
]
CHANGES = {
    "customers": (
        "note",
        "mutation($input: CustomerInput!) { customerUpdate(input: $input) { userErrors { message } } }",
    ),
    "orders": ("note", "mutation($input: OrderInput!) { orderUpdate(input: $input) { userErrors { message } } }"),
    "products": (
        "title",
        "mutation($input: ProductUpdateInput!) { productUpdate(product: $input) { userErrors { message } } }",
    ),
}  # fmt: skip


@dataclass
class Watch:
    """Changes that are not in the table yet, by record: their number and when the store had made them."""

    pending: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def made(self, stream: str, gid: str, number: int, at: float) -> None:
        with self.lock:
            self.pending.setdefault((stream, gid), []).append((number, at))

    def seen(self, stream: str, gid: str, number: int, at: float) -> None:
        """The table has this change of the record, and with it those before."""
        with self.lock:
            held = self.pending.get((stream, gid), [])
            self.seconds += [at - made for each, made in held if each <= number]
            left = [each for each in held if each[0] > number]
            self.pending.pop((stream, gid), None)
            if left:
                self.pending[stream, gid] = left

    def look(self, warehouse: Warehouse) -> None:
        at = time.monotonic()
        for stream, (column, _) in CHANGES.items():
            with self.lock:
                gids = [gid for name, gid in self.pending if name == stream]
            sql = f"SELECT gid, {column} FROM {warehouse.table(stream)} WHERE gid IN (SELECT unnest(?))"
            for gid, text in warehouse.rows(sql, [gids]):
                if text and text.startswith("change "):
                    self.seen(stream, gid, int(text.split()[1]), at)


def changed(store: str, gids: dict[str, list[str]], watch: Watch, warehouse: Warehouse) -> None:
    """Have a process of its own change the store at a steady rate; look at the tables all the while."""
    command = [sys.executable, str(Path(__file__).with_name("serve_changes.py")), store, str(SECONDS), str(RATE)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({stream: [CHANGES[stream], gids[stream]] for stream in CHANGES}) + "\n")
        process.stdin.flush()

        def listen(lines: Iterable[str]) -> None:
            for line in lines:
                stream, gid, number, at = line.split()
                watch.made(stream, gid, int(number), float(at))

        listener = threading.Thread(target=listen, args=(process.stdout,))
        listener.start()
        while process.poll() is None:
            watch.look(warehouse)
            time.sleep(LOOK)
        listener.join()
        assert process.returncode == 0


def serve_and_change(folder: Path, store: str) -> tuple[Watch, dict[str, Any]]:
    config, clock = load_config(folder / "shoptide.toml"), SystemClock()

    def client(alias: str) -> AdminClient:
        return AdminClient(config.shops[alias], clock=clock)

    with (
        open_ledger(config.ledger, base=folder, clock=clock) as ledger,
        open_warehouse(config.warehouse, base=folder) as warehouse,
        client("main") as own,
    ):
        pull(config.pulls["store"], client=own, warehouse=warehouse, ledger=ledger, clock=clock, spool=folder / "spool")
        process, _, _ = open_parts(Opened(config, clock, clock.stop, ledger, warehouse, client, folder / ".shoptide"))
        begun = threading.Event()
        thread = threading.Thread(target=process.run, args=(begun.set,))
        thread.start()
        begun.wait(30)
        time.sleep(3)  # subscriptions are made
        httpx2.post(f"{store}/_simulator/faults", json=FAULTS).raise_for_status()
        beside, watch = warehouse.beside(), Watch()
        gids = {
            stream: [row[0] for row in beside.rows(f"SELECT gid FROM {beside.table(stream)}")] for stream in CHANGES
        }
        changed(store, gids, watch, beside)
        end = time.monotonic() + IN_THE_END
        while (watch.pending or not quiet(ledger)) and time.monotonic() < end:
            watch.look(beside)
            time.sleep(LOOK)
        clock.stop.set()
        thread.join(40)
        beside.close()
        run = next(run for run in ledger.runs() if run.kind == "webhooks")
    return watch, run.summary


def quiet(ledger: Ledger) -> bool:
    return not {"waiting", "again"} & Inbox(ledger).depth().keys()


def figures() -> dict[str, float]:
    """The figures of one run."""
    with tempfile.TemporaryDirectory() as name:
        folder, port, store_port = Path(name), free_port(), free_port()
        size = ("--customers", "300", "--products", "100", "--orders", "300")
        store = shoptide(folder, "simulate", "--port", str(store_port), *size, "--plan", "enterprise", "--json")
        try:
            ready(store)
            url = f"http://127.0.0.1:{store_port}"
            (folder / "shoptide.toml").write_text(CONFIG.format(store=url, port=port))
            watch, told = serve_and_change(folder, url)
            counts = httpx2.get(f"{url}/_simulator/webhooks").json()["counts"]
        finally:
            store.terminate()
            with suppress(TimeoutExpired):
                store.wait(10)
    ordered = sorted(watch.seconds)
    return {
        "realtime.changes": len(ordered) + sum(map(len, watch.pending.values())),
        "realtime.never_fresh": sum(map(len, watch.pending.values())),
        "realtime.freshness_p50_s": round(ordered[len(ordered) // 2], 3),
        "realtime.freshness_p95_s": round(ordered[int(len(ordered) * 0.95)], 3),
        "realtime.freshness_longest_s": round(ordered[-1], 3),
        "realtime.deliveries_lost_on_the_way": counts.get("lost", 0),
        "realtime.found_by_looking": sum(told["missed"].values()),
    }


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))  # noqa: T201  # the figures
