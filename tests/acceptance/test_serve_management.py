"""`shoptide serve` as a process: looked after over HTTP, told to run and rest, ended by SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from shoptide.simulator.server import start
from shoptide.simulator.world import World

TOKEN = "a-token-of-more-than-twenty"
CONFIG = """
[shop.main]
name = "simulated"
access_token = "shpat_simulated"
base_url = "{url}"
[warehouse]
url = "duckdb:///store.duckdb"
[pull.store]
streams = ["customers"]
[serve]
port = 0
manage_port = 0
secrets = ["env:WEBHOOK_SECRET"]
token = "env:MANAGEMENT_TOKEN"
"""
ENVIRONMENT = {"WEBHOOK_SECRET": "signs-webhooks-of-the-test", "MANAGEMENT_TOKEN": TOKEN}


@dataclass
class Served:
    process: subprocess.Popen[str]
    url: str
    manage: httpx2.Client

    def syncs(self) -> dict[str, Any]:
        return {each["sync"]: each for each in self.manage.get("/api/syncs").json()["syncs"]}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with start(World.seeded(customers=3, products=1, orders=1, seed=5)) as running:
        (tmp_path / "shoptide.toml").write_text(CONFIG.format(url=running.url))
        process = subprocess.Popen(
            [sys.executable, "-m", "shoptide", "serve", "--json"],
            cwd=tmp_path,
            env=os.environ | ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with httpx2.Client(base_url=ready["manage_url"], headers={"Authorization": f"Bearer {TOKEN}"}) as client:
            try:
                yield Served(process, ready["url"], client)
            finally:
                process.kill()
                process.communicate()


def until(true: Callable[[], bool]) -> None:
    """Wait for another process."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def test_a_sync_is_run_and_paused_over_http(served: Served) -> None:
    """What is asked for is queued, worked off, and seen in health and metrics; the public side knows none of this."""
    assert served.manage.get("/readyz").text == "ready\n"
    assert served.syncs()["pull.store"]["health"] == "Pending"
    assert served.manage.post("/api/syncs/pull.store/run").json()["told"] == "queued"
    until(lambda: served.syncs()["pull.store"]["health"] == "Healthy")
    metrics = served.manage.get("/metrics").text
    assert (
        'shoptide_rows_total{change="new",shop="simulated.myshopify.com",sync="pull.store",table="customers"} 3.0'
        in (metrics)
    )
    assert "shoptide_workers 1.0" in metrics
    assert "shoptide_inbox_depth 0.0" in metrics
    served.manage.post("/api/syncs/pull.store/pause")
    assert served.syncs()["pull.store"]["paused"] is True
    served.manage.post("/api/syncs/pull.store/resume")
    assert served.syncs()["pull.store"]["paused"] is False
    for path in ("/healthz", "/metrics", "/api/syncs", "/"):
        assert httpx2.get(served.url + path).status_code == 404


def test_sigterm_ends_it_in_good_order(served: Served) -> None:
    served.process.send_signal(signal.SIGTERM)
    _out, told = served.process.communicate(timeout=35)
    assert served.process.returncode in (0, 130)
    assert "Traceback" not in told
    assert TOKEN not in told


def test_a_password_is_hashed_for_the_configuration(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "shoptide", "serve", "--hash-password"]
    done = subprocess.run(command, input="correct horse\n", capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.startswith("$argon2id$")
    short = subprocess.run(command, input="short\n", capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (short.returncode, "at least 10 characters" in short.stderr) == (2, True)
