"""Commands killed (-9) at chosen points: before and after every request and every commit, each in a process of its own.

The processes are forked from one that has the package loaded, so hundreds of points take minutes, not hours. What the
tests count goes to build/crash.json: one flat map of name → number.
"""

from __future__ import annotations

import fcntl
import functools
import json
import multiprocessing
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOKEN = "shpat_simulated"
POINTS = int(os.environ.get("SHOPTIDE_KILL_POINTS", "6"))  # a test; `make crash` asks for more
REPORT = Path(__file__).parents[2] / "build" / "crash.json"
FORKED = multiprocessing.get_context("forkserver")
FORKED.set_forkserver_preload(["killing", "shoptide.cli.main", "shoptide.cli.pull", "shoptide.cli.push"])


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code (-9 when it was killed), the points it passed, and what it printed."""

    code: int
    points: int
    output: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


def run(folder: Path, arguments: list[str], *, die_at: int | None = None) -> Ended:
    """Run a command in `folder`; kill it at its point number `die_at`."""
    output = folder / "output.txt"
    passed = FORKED.Value("i", 0, lock=False)  # a lock would be held by the dead
    process = FORKED.Process(target=_child, args=(folder, arguments, die_at, passed, output))
    process.start()
    process.join(timeout=240)
    if process.exitcode is None:
        process.kill()
        raise TimeoutError(f"shoptide {' '.join(arguments)} did not end: {output.read_text()}")
    return Ended(process.exitcode, passed.value, output.read_text())


def _child(folder: Path, arguments: list[str], die_at: int | None, passed: Any, output: Path) -> None:
    os.chdir(folder)
    os.environ["SHOPIFY_TOKEN"] = TOKEN
    with output.open("w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")

    lock = threading.Lock()

    def point() -> None:
        with lock:
            passed.value += 1
            if passed.value == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    _watch(point)
    from shoptide.cli.main import run as command

    code = command(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _watch(point: Callable[[], None]) -> None:
    """Call `point` where a death could leave something half done: around requests and commits."""
    import httpx2
    from sqlalchemy.engine.default import DefaultDialect

    from shoptide.warehouse.duckdb import DuckDBWarehouse
    from shoptide.warehouse.postgres import PostgresWarehouse

    def around(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            point()
            try:
                return function(*args, **kwargs)
            finally:
                point()

        return watched

    def committed(whole: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def transaction(self: Any) -> Iterator[Any]:
            with whole(self) as connection:
                yield connection
                point()
            point()

        return transaction

    httpx2.Client.send = around(httpx2.Client.send)  # type: ignore[method-assign]
    DefaultDialect.do_commit = around(DefaultDialect.do_commit)  # type: ignore[method-assign]
    DuckDBWarehouse.transaction = committed(DuckDBWarehouse.transaction)  # type: ignore[method-assign]
    PostgresWarehouse.transaction = committed(PostgresWarehouse.transaction)  # type: ignore[method-assign]
    PostgresWarehouse.load = around(PostgresWarehouse.load)  # type: ignore[method-assign]


def points(seed: int, count: int, passed: int) -> list[int]:
    """Which of a run's points to die at: seeded, spread over all of them."""
    chance = random.Random(seed)
    spread = [1 + index * passed // count for index in range(count)]
    return [min(passed, each + chance.randrange(max(1, passed // count))) for each in spread]


def count(**figures: int) -> None:
    """Add to the figures of build/crash.json; names have a dot where the keyword has two underscores."""
    REPORT.parent.mkdir(exist_ok=True)
    with REPORT.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        held = json.loads(REPORT.read_text()) if REPORT.exists() else {}
        for keyword, number in figures.items():
            name = keyword.replace("__", ".")
            held[name] = held.get(name, 0) + number
        REPORT.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n")
