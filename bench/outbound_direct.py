"""Outbound: how much of the store's restore rate a push uses on each plan, and whether it is ever throttled.

The simulated store is a process of its own, with the bucket of the plan, in real time; rows are new customers, sent as
the push chooses, without bulk mutations. The share counts what was spent from the moment the first burst is gone to
the last write.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.ledger import open_ledger
from shoptide.outbound.events import Event, RowSettled
from shoptide.outbound.push import Options, push
from shoptide.shopify.client import AdminClient
from shoptide.shopify.governor import PLANS
from shoptide.warehouse import open_warehouse

SECONDS = 20.0  # at the restore rate, after the burst
POINTS = 10  # of a customerCreate
WAYS = {"standard": "rows", "advanced": "documents", "plus": "documents", "enterprise": "documents"}
SOURCE = """select 'k' || i as k, 'c' || i || '@example.com' as email, 'First' || i as first_name, 'Last' as last_name
  from range({rows}) t(i)"""


@contextmanager
def simulated(*arguments: str) -> Iterator[tuple[str, int]]:
    """A simulated store's URL and process id."""
    command = [sys.executable, "-m", "shoptide", "simulate", "--port", "0", "--json", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as store:  # our own program
        try:
            assert store.stdout is not None
            yield json.loads(store.stdout.readline())["url"], store.pid
        finally:
            store.terminate()


def figures() -> dict[str, float]:
    found: dict[str, float] = {"outbound.throttled": 0.0}
    for plan in PLANS:
        with simulated("--empty", "--plan", plan) as (url, _pid), tempfile.TemporaryDirectory() as folder:
            share, throttled = measured(url, plan, Path(folder))
        found[f"outbound.direct_share.{plan}"] = round(share, 4)
        found["outbound.throttled"] += throttled
    return found


def measured(url: str, plan: str, base: Path) -> tuple[float, float]:
    """The share of the plan's restore rate that a push used, and THROTTLED answers."""
    allowance = PLANS[plan]
    rows = round((allowance.maximum + SECONDS * allowance.restore_rate) / POINTS)
    shop = ShopConfig(
        "main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=url, plan=plan
    )
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
        config = PushConfig("bench", "main", "customers", "create", SOURCE.format(rows=rows), "k")
        options = Options(apply=WAYS[plan])
        report = push(
            config,
            client=client,
            warehouse=warehouse,
            ledger=ledger,
            clock=SystemClock(),
            base=base,
            options=options,
            on_event=watch,
        )
        throttled = client.meter.snapshot().throttled
    if report.outcomes != {"applied": rows}:
        raise RuntimeError(f"the push did not apply every row: {report.outcomes}")
    after = [(moment, points) for moment, points in spent if points >= allowance.maximum * 1.1]
    (begin, first), (end, last) = after[0], after[-1]
    return (last - first) / ((end - begin) * allowance.restore_rate), throttled
