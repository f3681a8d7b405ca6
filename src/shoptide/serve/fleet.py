"""Puts a worker together that stands on its own, and refuses one that could only write to a warehouse of its own."""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path

from shoptide.clock import SystemClock
from shoptide.config import Config
from shoptide.errors import UsageError
from shoptide.ledger import Ledger
from shoptide.ledger.syncs import Syncs
from shoptide.serve.process import Process
from shoptide.serve.sharing import SharedWarehouse
from shoptide.serve.turns import Means
from shoptide.serve.worker import Worker
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse


def open_worker(
    config: Config,
    clock: SystemClock,
    open_ledger: Callable[[], Ledger],
    open_warehouse: Callable[[], Warehouse],
    open_client: Callable[[str], AdminClient],
    state: Path,
) -> tuple[Process, Worker]:
    """A process with a worker alone. Raises UsageError where its warehouse can't be shared with those there are."""
    with open_ledger() as ledger:
        refuse_own_warehouse(config, Syncs(ledger))
    process = Process(clock, clock.stop)
    shared = SharedWarehouse(open_warehouse)
    means = Means(config, clock, clock.stop.is_set, open_ledger, shared.use, open_client, state)
    worker = Worker(means)
    process.add(worker)
    return process, worker


def refuse_own_warehouse(config: Config, syncs: Syncs) -> None:
    """A DuckDB file is one machine's: with workers on two, each would pull into a file of its own."""
    if not config.warehouse.url.startswith("duckdb:"):
        return
    others = [each for each in syncs.workers() if each.host != platform.node()]
    if others:
        raise UsageError(
            f"[warehouse] url: {config.warehouse.url} is a file of this machine,"
            f" and {others[0].host} works on the same ledger (pid {others[0].pid})",
            hint='several machines need a warehouse they share: url = "postgresql://…"',
        )
