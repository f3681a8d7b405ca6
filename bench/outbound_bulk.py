"""Outbound: 100,000 new customers by bulk mutations: our CPU seconds next to the simulated store's, points, memory.

Store and push are processes of their own on loopback, so that each one's CPU time and memory are its own. Rows a second
are the simulated store's, not Shopify's: it names no speed.
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
from contextlib import contextmanager
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.ledger import open_ledger
from shoptide.outbound.push import Options, push
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import open_warehouse

ROWS = int(os.environ.get("SHOPTIDE_BENCH_BULK_ROWS", "100000"))
SOURCE = f"""select 'k' || i as k, 'c' || i || '@example.com' as email, 'First' || i as first_name, 'Last' as last_name,
  'note ' || i as note, 'vip,group' || (i % 50) as tags from range({ROWS}) t(i)"""


@contextmanager
def simulated() -> Iterator[tuple[str, int]]:
    """A simulated store's URL and process id."""
    command = [sys.executable, "-m", "shoptide", "simulate", "--port", "0", "--json", "--empty", "--plan", "standard"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as store:  # our own program
        try:
            assert store.stdout is not None
            yield json.loads(store.stdout.readline())["url"], store.pid
        finally:
            store.terminate()


def figures() -> dict[str, float]:
    with simulated() as (url, pid), tempfile.TemporaryDirectory() as folder:
        before = cpu_seconds(pid)
        command = [sys.executable, __file__, url, folder]
        done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # our own program
        theirs = cpu_seconds(pid) - before
    return {
        "outbound.bulk_rows": float(ROWS),
        "outbound.bulk_cpu_s": round(done["cpu"], 2),
        "outbound.bulk_simulator_cpu_s": round(theirs, 2),
        "outbound.bulk_s": round(done["seconds"], 1),
        "outbound.bulk_points_per_row": round(done["points"] / ROWS, 5),
        "outbound.bulk_peak_mb": round(done["peak_mb"]),
    }


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pushed(url: str, base: Path) -> dict[str, float]:
    shop = ShopConfig("main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=url)
    config = PushConfig("bench", "main", "customers", "create", SOURCE, "k")
    with (
        AdminClient(shop, clock=SystemClock()) as client,
        open_warehouse(WarehouseConfig("duckdb:///w.duckdb"), base=base) as warehouse,
        open_ledger(LedgerConfig("sqlite:///ledger.db"), base=base) as ledger,
    ):
        before, began = time.process_time(), time.perf_counter()
        report = push(
            config,
            client=client,
            warehouse=warehouse,
            ledger=ledger,
            clock=SystemClock(),
            base=base,
            options=Options(apply="bulk"),
        )
        cpu, seconds = time.process_time() - before, time.perf_counter() - began
    if report.outcomes != {"applied": ROWS}:
        raise RuntimeError(f"the push did not apply every row: {report.outcomes}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # kilobytes on Linux
    return {"cpu": cpu, "seconds": seconds, "points": report.cost, "peak_mb": peak}


if __name__ == "__main__":
    print(json.dumps(pushed(sys.argv[1], Path(sys.argv[2]))))  # noqa: T201  # read by the parent
