"""Pushes in processes of their own: stopped by Ctrl-C, kept out by another run, asked for a plan file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from command_line import TOKEN, Done, Folder

from shoptide.config import LedgerConfig
from shoptide.ledger import Ledger, open_ledger
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

ROWS = 400


@pytest.fixture
def running() -> Iterator[Running]:
    with start(World.empty(plan="plus")) as found:
        yield found


@pytest.fixture
def folder(running: Running, tmp_path: Path) -> Folder:
    rows = "".join(f"k{i},c{i}@example.com,F{i}\n" for i in range(ROWS))
    (tmp_path / "vip.csv").write_text("crm_id,email,first_name\n" + rows)
    return Folder.of(tmp_path, running)


def fault(running: Running, **rule: Any) -> None:
    httpx2.post(f"{running.url}/_simulator/faults", json=rule).raise_for_status()


def customers(running: Running) -> list[str]:
    with running.world.shop.lock:
        return sorted(record["email"] for record in running.world.shop.table("Customer"))


def begun(folder: Folder, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "shoptide", *arguments],
        cwd=folder.path,
        env={**os.environ, "SHOPIFY_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupted(process: subprocess.Popen[str], when: Callable[[], object]) -> Done:
    """Press Ctrl-C as soon as `when` is true, and wait for the end."""
    deadline = time.monotonic() + 60
    while not when() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)  # another process is watched
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    return Done(process.returncode, out, err)


def ledger(folder: Folder) -> Ledger:
    return open_ledger(LedgerConfig("sqlite:///.shoptide/ledger.db"), base=folder.path)


@pytest.mark.parametrize("way", ["rows", "documents"])
def test_ctrl_c_finishes_what_is_in_flight(running: Running, folder: Folder, way: str) -> None:
    """Exit 130; every record that the store made is settled; the next run makes the rest and none twice."""
    fault(running, action="slow", operation="customerCreate", seconds=0.15)
    done = interrupted(begun(folder, "push", "vip", "--apply", way), lambda: len(customers(running)) > 20)
    assert done.code == 130, done.err
    assert "finishing what is in flight" in done.err
    made = customers(running)
    assert 20 < len(made) < ROWS
    with ledger(folder) as held:
        applied = {state.key for state in held.records("vip", outcome="applied")}
        assert {f"c{key[1:]}@example.com" for key in applied} == set(made)
        assert held.runs()[0].outcome == "interrupted"
    httpx2.delete(f"{running.url}/_simulator/faults").raise_for_status()
    again = folder.run("push", "vip", "--apply", "documents")
    assert again.code == 0, again.err
    assert customers(running) == sorted(f"c{i}@example.com" for i in range(ROWS))


def test_ctrl_c_cancels_a_bulk_operation_and_settles_what_it_did(running: Running, folder: Folder) -> None:
    """The store stops working; the next run does the rest."""
    fault(running, on="bulk", operation="mutation", action="slow", seconds=60, times=1)

    def works() -> bool:
        with running.world.shop.lock:
            return any(each["status"] == "RUNNING" for each in running.world.shop.table("BulkOperation"))

    done = interrupted(begun(folder, "push", "vip", "--apply", "bulk"), works)
    assert done.code == 130, done.err
    with running.world.shop.lock:
        assert [each["status"] for each in running.world.shop.table("BulkOperation")] == ["CANCELED"]
    again = folder.run("push", "vip", "--apply", "bulk", "--json")
    assert again.code == 0, again.err
    assert len(customers(running)) == ROWS
    assert folder.run("push", "vip", "--json").events[-1]["unchanged"] == ROWS


def test_a_second_push_of_the_same_name_is_kept_out(running: Running, folder: Folder) -> None:
    """Exit 5, with who holds it; the first one goes on undisturbed."""
    fault(running, action="slow", operation="customerCreate", seconds=0.2)
    first = begun(folder, "push", "vip", "--apply", "rows", "--limit", "60")
    while not customers(running) and first.poll() is None:
        time.sleep(0.02)
    # The warehouse is one process's too: a source without it shows that the push itself is held.
    (folder.path / "beside.toml").write_text(
        (folder.path / "shoptide.toml").read_text().replace("acme.duckdb", "beside.duckdb")
    )
    second = folder.run("push", "vip", "--config", "beside.toml")
    assert (second.code, "is being worked on by another run" in second.err) == (5, True), second.err
    assert f"pid {first.pid}" in second.err
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert len(customers(running)) == 60


def test_a_plan_file_is_shown_kept_and_applied(running: Running, folder: Folder) -> None:
    """`plan --out`, then `push --plan`: what was planned, and exit 4 tells of it before."""
    planned = folder.run("plan", "vip", "--limit", "3", "--out", "plan.json", "--exit-code")
    assert planned.code == 4
    assert "3 writes row by row: about 30 points" in planned.err
    assert json.loads((folder.path / "plan.json").read_text())["estimate"]["writes"] == 3
    done = folder.run("push", "vip", "--plan", "plan.json")
    assert done.code == 0, done.err
    assert len(customers(running)) == 3
    runs = folder.run("query", "select kind, name, outcome from _shoptide_runs", "--json")
    assert '"push"' in runs.out
    assert "succeeded" in runs.out
    folder.edit('strategy = "upsert"', 'strategy = "create"')
    assert folder.run("push", "vip", "--plan", "plan.json").code == 2


def test_a_shrunk_source_asks_and_takes_silence_for_no(running: Running, folder: Folder) -> None:
    """Without a terminal nobody can agree: exit 2, and the way on."""
    folder.edit('strategy = "upsert"', 'strategy = "mirror"')
    folder.write("vip.csv", "crm_id,email\n" + "".join(f"k{i},c{i}@example.com\n" for i in range(6)))
    assert folder.run("push", "vip").code == 0
    folder.write("vip.csv", "crm_id,email\nk0,c0@example.com\n")
    stopped = folder.run("push", "vip")
    assert (stopped.code, "lost 5 of the 6 records" in stopped.err, "--allow-deletes" in stopped.err) == (2, True, True)
    assert len(customers(running)) == 6
    assert folder.run("push", "vip", "--allow-deletes").code == 0
    assert len(customers(running)) == 1
