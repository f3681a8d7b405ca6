"""Inbound: a bulk file of orders with their lines landed in DuckDB, beside what DuckDB alone needs for the same tables.

The file has the lines of a simulated store's own bulk operation, repeated under other ids until it is large enough
(SHOPTIDE_BENCH_MB, 1,000 by default). Each step is a process of its own, so that its peak memory is its own:

- `land`: proof, typing, hashing, merging into the tables of a database on disk; once into nothing, once again unchanged
- `plain`: one typed scan, then CREATE TABLE AS of the same columns for each of the same tables, nothing else
- `parse`: orjson over the lines, for scale

Beside that: how many bulk operations a first pull of as many orders keeps running at once, and what a pull of all
streams asks of a store in which nothing changed.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

import duckdb
import orjson

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, PullConfig, Secret, ShopConfig, WarehouseConfig
from shoptide.inbound.events import PullReport
from shoptide.inbound.landing import Landing
from shoptide.inbound.pull import pull
from shoptide.inbound.reading import file_tree, nodes, scan, value
from shoptide.ledger import open_ledger
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify import bulk
from shoptide.shopify.client import AdminClient
from shoptide.shopify.schema import load
from shoptide.simulator.server import start
from shoptide.simulator.world import World
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.duckdb import DuckDBWarehouse

MEGABYTES = int(os.environ.get("SHOPTIDE_BENCH_MB", "1000"))
GID = re.compile(rb"shopify(?:\\?/)([A-Za-z]+)(?:\\?/)(\d+)")  # slashes may be escaped
ROUNDS = 3  # of which the middle one counts
SHIFT = 10**12  # keeps every repetition's ids apart


def order_plan() -> StreamPlan:
    return plan_stream(STREAMS["orders"], load("2026-10"))


def shop_at(url: str) -> ShopConfig:
    return ShopConfig("main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=url)


# the file


def sample(folder: Path) -> bytes:
    """The bulk result of a simulated store's orders."""
    with start(World.seeded(customers=200, products=60, orders=500, seed=3, plan="plus")) as running:
        shop = ShopConfig(
            "main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=running.url
        )
        with AdminClient(shop, clock=SystemClock()) as client:
            done = bulk.wait(client, bulk.start_query(client, order_plan().bulk_documents()[0]).id)
            return bulk.download(client, done, folder / "sample.jsonl").path.read_bytes()


def repeated(lines: bytes, size: int) -> Iterator[bytes]:
    """The lines again and again, each time with ids of their own, until `size` bytes are reached."""
    pieces: list[bytes] = []
    ids: list[tuple[int, int]] = []
    end = 0
    for found in GID.finditer(lines):
        pieces.append(lines[end : found.start(2)])
        ids.append((len(pieces), int(found[2])))
        pieces.append(b"")
        end = found.end(2)
    pieces.append(lines[end:])
    made, turn = 0, 0
    while made < size:
        for spot, number in ids:
            pieces[spot] = b"%d" % (number + turn * SHIFT)
        text = b"".join(pieces)
        made += len(text)
        turn += 1
        yield text


# the steps, each in its own process


def land(path: Path, database: Path) -> None:
    with DuckDBWarehouse(database, "shopify") as warehouse, warehouse.bounded():
        now = datetime.now(timezone.utc)  # noqa: UP017  # one spelling with the rest of the package
        landing = Landing(warehouse, order_plan(), "acme.myshopify.com", "run", now)
        with warehouse.transaction():
            landing.declare()
            landing.staging.scan([path])
            landing.staging.roots()
            landing.staging.split()
            landing.merge(whole=True)
            landing.staging.drop()


def plain(path: Path, database: Path) -> None:
    plan = order_plan()
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"CREATE TEMP TABLE landed AS SELECT * FROM {scan([path], file_tree(plan))}")
        connection.execute("BEGIN TRANSACTION")
        for table in plan.tables:
            found = nodes(plan, table, "landed")
            columns = ", ".join(f'{value(column, found)} AS "{column.name}"' for column in table.columns)
            parent = f'{found.parent} AS "{table.parent_column}", ' if table.parent_column else ""
            connection.execute(f'CREATE TABLE "{table.name}" AS SELECT {parent}{columns} FROM {found.rows()}')
        connection.execute("COMMIT")


def parse(path: Path, _database: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


STEPS = {"land": land, "plain": plain, "parse": parse}


@dataclass(frozen=True)
class Measured:
    """What a step took. On a machine with other work to do, processor time says more than the clock."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def measured(step: str, path: Path, database: Path) -> Measured:
    """Run a step in a process of its own."""
    command = [sys.executable, __file__, step, str(path), str(database)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # our own program
    return Measured(**json.loads(done.stdout))


# whole pulls


@contextmanager
def project(world: World, base: Path) -> Iterator[Callable[[tuple[str, ...]], PullReport]]:
    """A function that pulls streams of a simulated store into a warehouse of its own."""
    with tempfile.TemporaryDirectory(dir=base) as folder, start(world) as running:
        shop = ShopConfig(
            "main", "simulated.myshopify.com", access_token=Secret("shpat_simulated"), base_url=running.url
        )
        with (
            AdminClient(shop, clock=SystemClock()) as client,
            open_warehouse(WarehouseConfig("duckdb:///w.duckdb"), base=Path(folder)) as warehouse,
            open_ledger(LedgerConfig("sqlite:///ledger.db"), base=Path(folder)) as ledger,
        ):

            def run(streams: tuple[str, ...]) -> PullReport:
                config = PullConfig("store", "main", streams)
                spool = Path(folder) / "spool"
                return pull(config, client=client, warehouse=warehouse, ledger=ledger, clock=SystemClock(), spool=spool)

            yield run


def first_pull(path: Path, base: Path) -> dict[str, float]:
    """Bulk operations at once while a prepared file's orders are pulled for the first time."""
    world = World.empty()
    world.shop.settings["bulk_files"] = {"orders": str(path)}
    most, done = 0, threading.Event()

    def watch() -> None:
        nonlocal most
        while not done.wait(0.02):
            with world.shop.lock:
                states = [record["status"] for record in world.shop.table("BulkOperation")]
            most = max(most, sum(state in ("CREATED", "RUNNING") for state in states))

    with project(world, base) as run:
        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            report = run(("orders",))
        finally:
            done.set()
            watcher.join()
    if report.failed:
        raise RuntimeError(report.failed[0].error)
    return {"inbound.first_pull_orders": report.streams[0].seen, "inbound.first_pull_slots": most}


def unchanged(base: Path) -> dict[str, float]:
    """What a second pull of every stream costs when nothing moved in between."""
    world = World.seeded(customers=40, products=20, orders=60, seed=3, plan="plus")
    with project(world, base) as run:
        run(("all",))
        world.shop.clock.move(3600)
        run(("all",))
        report = run(("all",))
    return {
        "inbound.nochange_streams": len(report.streams),
        "inbound.nochange_calls_per_stream": round(report.calls / len(report.streams), 2),
        "inbound.nochange_points": report.cost,
    }


def figures() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        path = base / "orders.jsonl"
        with path.open("wb") as file:
            for text in repeated(sample(base), MEGABYTES * 1_000_000):
                file.write(text)
        rounds = [Round.of(path, base / str(number)) for number in range(ROUNDS)]
        return {**first_pull(path, base), **unchanged(base), **compared(rounds, path.stat().st_size / 1e6)}


@dataclass(frozen=True)
class Round:
    """The steps one after the other, so that what slows the machine for a while slows all of them."""

    own: Measured
    first: Measured
    again: Measured
    parsed: Measured

    @classmethod
    def of(cls, path: Path, base: Path) -> Round:
        plain, ours = base.with_suffix(".plain"), base.with_suffix(".land")
        found = cls(
            measured("plain", path, plain),
            measured("land", path, ours),
            measured("land", path, ours),
            measured("parse", path, base),
        )
        plain.unlink()
        ours.unlink()
        return found


def compared(rounds: list[Round], megabytes: float) -> dict[str, float]:
    """The figures; of each the round in the middle."""

    def middle(number: Callable[[Round], float]) -> float:
        return median(map(number, rounds))

    return {
        "inbound.file_mb": round(megabytes, 1),
        "inbound.landing_mb_s": round(megabytes / middle(lambda each: each.first.seconds), 1),
        "inbound.duckdb_mb_s": round(megabytes / middle(lambda each: each.own.seconds), 1),
        "inbound.orjson_mb_s": round(megabytes / middle(lambda each: each.parsed.seconds), 1),
        "inbound.landing_ratio": round(middle(lambda each: each.own.seconds / each.first.seconds), 3),
        "inbound.landing_cpu_ratio": round(middle(lambda each: each.own.cpu_seconds / each.first.cpu_seconds), 3),
        "inbound.reload_ratio": round(middle(lambda each: each.first.seconds / each.again.seconds), 3),
        "inbound.reload_cpu_ratio": round(middle(lambda each: each.first.cpu_seconds / each.again.cpu_seconds), 3),
        "inbound.peak_mb": round(max(max(each.first.peak_mb, each.again.peak_mb) for each in rounds)),
    }


def main() -> None:
    step, path, database = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    began, used = time.perf_counter(), time.process_time()
    STEPS[step](path, database)
    took = Measured(
        time.perf_counter() - began,
        time.process_time() - used,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,  # kilobytes on Linux
    )
    print(json.dumps(asdict(took)))  # noqa: T201  # read by the parent


if __name__ == "__main__":
    main()
