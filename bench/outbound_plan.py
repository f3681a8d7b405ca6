"""Outbound: the plan of a push of a million rows whose million states are known, one row in a hundred changed.

Each step is a process of its own, so that its peak memory is its own; what they need is made before and not counted:

- `plan`: as `shoptide plan` does it, from the source to the rows with their differences
- `join`: DuckDB alone, on the same rows, with the states' values as columns of a table of its own: join and compare
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.ledger import RecordState, open_ledger
from shoptide.outbound.push import plan
from shoptide.outbound.rows import content_hash
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import open_warehouse

ROWS = int(os.environ.get("SHOPTIDE_BENCH_ROWS", "1000000"))
CHANGED = 100  # one row in so many
COLUMNS = """'k' || i as k, 'customer' || i || '@example.com' as email, 'First' || i as first_name,
  'Last' || (i % 1000) as last_name, 'note ' || {note} as note, 'vip,group' || (i % 50) as tags,
  i % 3 = 0 as tax_exempt"""
JOIN = """select s.k from shopify.rows s join shopify.held h using (k) where (s.email, s.first_name, s.last_name,
  s.note, s.tags, s.tax_exempt) is distinct from (h.email, h.first_name, h.last_name, h.note, h.tags, h.tax_exempt)"""


def prepare(base: Path) -> None:
    """The source's rows, the values that an earlier push sent as a table, and the ledger's states of that push."""
    select = f"select {COLUMNS} from range({ROWS}) t(i)"
    with duckdb.connect(str(base / "w.duckdb")) as connection:
        connection.execute("create schema shopify")
        connection.execute(f"create table shopify.held as {select.format(note='i')}")
        connection.execute(f"create table shopify.rows as {select.format(note=f'i + (i % {CHANGED} = 0)::int')}")
    with open_ledger(LedgerConfig("sqlite:///ledger.db"), base=base) as ledger:
        batch: list[RecordState] = []
        for state in states():
            batch.append(state)
            if len(batch) == 10_000:
                ledger.settle(batch)
                batch = []
        ledger.settle(batch)


def states() -> Iterator[RecordState]:
    for i in range(ROWS):
        sent = {
            "email": f"customer{i}@example.com",
            "firstName": f"First{i}",
            "lastName": f"Last{i % 1000}",
            "note": f"note {i}",
            "tags": ["vip", f"group{i % 50}"],
            "taxExempt": i % 3 == 0,
        }
        gid = f"gid://shopify/Customer/{1_000_000 + i}"
        yield RecordState("bench", f"k{i}", "applied", "create", "r", gid, content_hash(sent), sent)


def planned(base: Path) -> tuple[float, int]:
    """Seconds of a plan, and the rows that it found changed."""
    shop = ShopConfig("main", "simulated.myshopify.com", access_token=Secret("shpat_none"))
    push = PushConfig("bench", "main", "customers", "upsert", "rows", "k", ("email",))
    with (
        AdminClient(shop, clock=SystemClock()) as client,
        open_warehouse(WarehouseConfig("duckdb:///w.duckdb"), base=base) as warehouse,
        open_ledger(LedgerConfig("sqlite:///ledger.db"), base=base) as ledger,
    ):
        began = time.perf_counter()
        found = plan(push, client=client, warehouse=warehouse, ledger=ledger, base=base)
        seconds = time.perf_counter() - began
    counts = found.counts()
    if counts != {"update": ROWS // CHANGED, "unchanged": ROWS - ROWS // CHANGED} or set(found.rows[0].changes) != {
        "note"
    }:
        raise RuntimeError(f"the plan is not what the rows say: {counts}")
    return seconds, counts["update"]


def joined(base: Path) -> tuple[float, int]:
    with duckdb.connect(str(base / "w.duckdb")) as connection:
        began = time.perf_counter()
        found = len(connection.execute(JOIN).fetchall())
        return time.perf_counter() - began, found


STEPS = {"plan": planned, "join": joined}


def measured(step: str, base: Path) -> dict[str, float]:
    """Seconds and peak megabytes of a step in a process of its own, the best of three."""
    command = [sys.executable, __file__, step, str(base)]
    runs = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3)]
    found: dict[str, float] = min(runs, key=lambda run: run["seconds"])
    return found


def figures() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        prepare(base)
        own, ours = measured("join", base), measured("plan", base)
        return {
            "outbound.plan_rows": float(ROWS),
            "outbound.plan_s": round(ours["seconds"], 2),
            "outbound.plan_join_s": round(own["seconds"], 2),
            "outbound.plan_ratio": round(ours["seconds"] / own["seconds"], 2),
            "outbound.plan_peak_mb": round(ours["peak_mb"]),
        }


def main() -> None:
    step, base = sys.argv[1], Path(sys.argv[2])
    seconds, rows = STEPS[step](base)
    if rows != ROWS // CHANGED:
        raise RuntimeError(f"{rows} rows changed")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    print(json.dumps({"seconds": seconds, "peak_mb": peak}))  # noqa: T201  # read by the parent


if __name__ == "__main__":
    main()
