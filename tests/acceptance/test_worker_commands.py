"""`shoptide worker` and the commands that speak to it, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import TOKEN, Folder

from shoptide.config import LedgerConfig
from shoptide.ledger import open_ledger
from shoptide.ledger.schema import workers as table
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

SCHEDULED = """
[pull.few]
streams = ["customers"]
schedule = "* * * * *"
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(World.seeded(customers=3, products=1, orders=1)) as found:
        yield found


@contextmanager
def working(folder: Folder, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A worker that has begun; it is told to end, and does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shoptide", *(words or ("worker",)), "--json"],
        cwd=folder.path,
        env={**os.environ, "SHOPIFY_TOKEN": TOKEN, "APP_SECRET": "app-secret-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["event"] == "ready"
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        _out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0, False), err


def until(true: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.5)


def test_a_worker_runs_what_it_is_asked_for(tmp_path: Path, running: Running) -> None:
    """And by its schedule; what is paused does not run by itself, and `status` says so."""
    folder = Folder.of(tmp_path, running, SCHEDULED)
    nobody = folder.run("run", "few")
    assert (nobody.code, "shoptide worker" in nobody.err) == (2, True)
    assert folder.run("pause", "few").code == 0
    with working(folder):
        assert folder.run("run", "pull.few").out == "pull.few is queued\n"
        until(lambda: folder.run("runs", "--json").document["runs"])
        (sync,) = [each for each in folder.run("status", "--json").document["syncs"] if each["name"] == "few"]
        assert (sync["paused"], "paused" in sync["queue"]) == (True, True)
        assert folder.run("resume", "few").code == 0
        until(lambda: len(folder.run("runs", "--json").document["runs"]) >= 2)
        told = folder.run("cancel", "few", "--json").document["told"]
        assert told in (
            "nothing was under way",
            "the run that waited is taken back",
            "the run under way is told to end",
        )


def test_serve_takes_turns_too(tmp_path: Path, running: Running) -> None:
    """Beside its webhooks, on the warehouse that it holds; when it is told to end, it does so in good order."""
    folder = Folder.of(tmp_path, running, '[serve]\nsecrets = ["env:APP_SECRET"]\nmanage_port = 0\n')
    folder.edit('streams = "all"', 'streams = ["customers"]')
    with working(folder, "serve", "--port", "0"):
        assert folder.run("run", "store", APP_SECRET="app-secret-1").code == 0

        def outcomes() -> list[str | None]:
            told = folder.run("runs", "--json", APP_SECRET="app-secret-1").document["runs"]
            return [run["outcome"] for run in told if run["name"] == "store"]

        until(lambda: "succeeded" in outcomes())


def test_a_name_that_is_not_there_is_a_mistake(tmp_path: Path, running: Running) -> None:
    """Of every command alike, with the names there are."""
    folder = Folder.of(tmp_path, running)
    for command in ("run", "pause", "resume", "cancel"):
        done = folder.run(command, "nothing")
        assert (done.code, "pull.store, push.vip" in done.err) == (2, True), done.err


def test_a_worker_with_a_file_of_its_own_is_refused_beside_another_machine(tmp_path: Path, running: Running) -> None:
    """Each would pull into its own DuckDB file, and neither would have all."""
    folder = Folder.of(tmp_path, running)
    with open_ledger(LedgerConfig("sqlite:///.shoptide/ledger.db"), base=tmp_path) as ledger:
        with ledger.writing() as connection:
            values = {"id": "elsewhere-1", "host": "elsewhere", "pid": 1, "since": "2026-10-01T00:00:00+00:00"}
            connection.execute(table.insert().values(**values))
        with ledger.lock("worker:elsewhere-1"):
            done = folder.run("worker")
    assert (done.code, "elsewhere works on the same ledger" in done.err) == (2, True), done.err
    assert "postgresql://" in done.err


def test_all_commands_work_with_a_ledger_in_postgres(tmp_path: Path, running: Running, postgres_url: str) -> None:
    """A pull, a push, what they did, and the outcomes published in the warehouse; the password shows nowhere."""
    folder = Folder.of(tmp_path, running, f'[ledger]\nurl = "{postgres_url}"\npassword = "env:LEDGER_PASSWORD"\n')
    rows = "\n".join(f"{n},walker.{n}@example.com,note {n}" for n in range(30))
    folder.write("vip.csv", f"crm_id,email,note\n{rows}\n0x,not an address,x\n")

    def run(*arguments: str) -> Any:
        done = folder.run(*arguments, LEDGER_PASSWORD="hunter2-secret")
        assert "hunter2" not in done.out + done.err
        return done

    assert run("pull", "--stream", "customers").code == 0
    assert [run("push", "vip").code, run("push", "vip").code] == [1, 1]  # one row can't be
    status = {each["name"]: each for each in run("status", "--json").document["syncs"]}
    assert status["vip"]["records"] == {"applied": 30, "rejected": 1}
    assert len(run("runs", "--json").document["runs"]) == 3
    assert len(run("records", "vip", "--outcome", "rejected", "--json").document["records"]) == 1
    counted = "select outcome, count(*) as n from _shoptide_record_states group by 1 order by 1"
    assert [row["n"] for row in run("query", counted, "--json").document["rows"]] == [30, 1]
    check = run("check", "--json").document["checks"]
    assert [each["state"] for each in check if each["what"] == "ledger"] == ["ok"]


def test_two_processes_on_one_shop_do_not_overdraw_its_budget(tmp_path: Path) -> None:
    """Each is refused nothing: they divide what the store gives, through the ledger."""
    with start(World.seeded(customers=3, products=1, orders=1)) as shop:
        more = '[push.two]\nobject = "customers"\nstrategy = "create"\nsource = "two.csv"\nkey = "crm_id"\n'
        folder = Folder.of(tmp_path, shop, more)
        for name in ("vip", "two"):
            rows = "\n".join(f"{name}{n},{name}.{n}@example.com" for n in range(220))
            folder.write(f"{name}.csv", f"crm_id,email\n{rows}\n")
        bucket, refused = shop.world.first.bucket, list[float]()
        take = bucket.take
        bucket.take = lambda points: take(points) or bool(refused.append(points))  # type: ignore[method-assign, func-returns-value]
        # A DuckDB file is one process's: the second one's warehouse lies elsewhere, its ledger is the same.
        (folder.path / "two.toml").write_text((folder.path / "shoptide.toml").read_text().replace("acme", "two"))
        together = [
            subprocess.Popen(
                [sys.executable, "-m", "shoptide", *words, "--apply", "rows", "--json"],
                cwd=folder.path,
                env={**os.environ, "SHOPIFY_TOKEN": TOKEN},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for words in (("push", "vip"), ("push", "two", "--config", "two.toml"))
        ]
        said = [process.communicate(timeout=110) for process in together]
        assert [process.returncode for process in together] == [0, 0], said
        assert len(shop.world.shop.table("Customer")) == 443
        assert refused == []
