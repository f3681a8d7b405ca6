"""Outbound: how much of the store's restore rate a push of 1,000 customers uses, and whether it is ever throttled.

The simulated store is a process of its own, with the bucket of a Standard plan (2,000 points, 100 a second), in real
time. The share counts what was spent from the moment the first burst is gone to the last write.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.ledger import open_ledger
from shoptide.outbound.events import Event, RowSettled
from shoptide.outbound.push import push
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import open_warehouse

ROWS = 1000
BURST, RESTORE = 2000, 100
SOURCE = f"""select 'k' || i as k, 'c' || i || '@example.com' as email, 'First' || i as first_name, 'Last' as last_name
  from range({ROWS}) t(i)"""


def figures() -> dict[str, float]:
    command = [sys.executable, "-m", "shoptide", "simulate", "--empty", "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as store:  # our own program
        assert store.stdout is not None
        url = json.loads(store.stdout.readline())["url"]
        try:
            with tempfile.TemporaryDirectory() as folder:
                return _measured(url, Path(folder))
        finally:
            store.terminate()


def _measured(url: str, base: Path) -> dict[str, float]:
    shop = ShopConfig("main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=url)
    client = AdminClient(shop, clock=SystemClock())
    spent: list[tuple[float, float]] = []  # moment, points so far

    def watch(event: Event) -> None:
        if isinstance(event, RowSettled):
            spent.append((time.monotonic(), client.meter.snapshot().cost))

    with (
        client,
        open_warehouse(WarehouseConfig("duckdb:///w.duckdb"), base=base) as warehouse,
        open_ledger(LedgerConfig("sqlite:///ledger.db"), base=base) as ledger,
    ):
        config = PushConfig("bench", "main", "customers", "upsert", SOURCE, "k", ("email",))
        report = push(
            config, client=client, warehouse=warehouse, ledger=ledger, clock=SystemClock(), base=base, on_event=watch
        )
        throttled = client.meter.snapshot().throttled
    if report.outcomes != {"applied": ROWS}:
        raise RuntimeError(f"the push did not apply every row: {report.outcomes}")
    after = [(moment, points) for moment, points in spent if points >= BURST * 1.1]
    (begin, first), (end, last) = after[0], after[-1]
    share = (last - first) / ((end - begin) * RESTORE)
    return {"outbound.direct_share.standard": round(share, 4), "outbound.throttled": float(throttled)}
