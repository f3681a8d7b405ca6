"""kill -9 while webhooks come in: whatever was acknowledged is in the tables in the end."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from killing import TOKEN, count
from serving import free_port

from shoptide.config import LedgerConfig
from shoptide.ledger import open_ledger
from shoptide.ledger.inbox import Inbox
from shoptide.simulator.execution import Request
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

KILLS = int(os.environ.get("SHOPTIDE_SERVE_KILLS", "4"))
CONFIG = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
[warehouse]
url = "duckdb:///w.duckdb"
[pull.store]
streams = ["customers"]
[serve]
port = {port}
public_url = "http://127.0.0.1:{port}"
secrets = ["env:WEBHOOK_SECRET"]
"""
CHANGE = """mutation($input: CustomerInput!) { customerUpdate(input: $input) { userErrors { message } } }"""


def serve(folder: Path) -> subprocess.Popen[str]:
    """Serve in a process of its own; it answers when this returns."""
    with (folder / "log.txt").open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "shoptide", "serve", "--json"],
            cwd=folder,
            env={**os.environ, "SHOPIFY_TOKEN": TOKEN, "WEBHOOK_SECRET": "simulated-secret"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline(), (folder / "log.txt").read_text()
    return process


def status(folder: Path) -> dict[str, int]:
    """What `shoptide status` says of webhooks."""
    command = [sys.executable, "-m", "shoptide", "status", "--json"]
    environment = {**os.environ, "SHOPIFY_TOKEN": TOKEN, "WEBHOOK_SECRET": "simulated-secret"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, int] = json.loads(done.stdout)["webhooks"]
    return found


def until(true: Callable[[], Any], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def change(running: Running, gid: str, note: str) -> None:
    variables = {"input": {"id": gid, "note": note}}
    body = running.world.first.execute(Request(CHANGE, variables), "2026-10", running.url)
    assert "errors" not in body, body


def settled(folder: Path) -> bool:
    with open_ledger(LedgerConfig("sqlite:///.shoptide/ledger.db"), base=folder) as ledger:
        return not {"waiting", "again"} & Inbox(ledger).depth().keys()


def test_nothing_is_lost_however_often_it_is_killed(tmp_path: Path) -> None:
    """Killed between receiving and landing, at moments of a seeded choice; the store sends again what nobody took."""
    dice = random.Random(5)
    world = World.seeded(customers=12, seed=4, plan="enterprise")
    with start(world) as running:
        (tmp_path / "shoptide.toml").write_text(CONFIG.format(url=running.url, port=free_port()))
        shop, post = world.shop, world.first.post
        gids = [row["id"] for row in shop.table("Customer").all()]
        for turn in range(KILLS):
            process = serve(tmp_path)
            until(
                lambda: any(row["topic"] == "CUSTOMERS_UPDATE" for row in shop.table("WebhookSubscription").all()), 30
            )
            for number, gid in enumerate(gids):
                change(running, gid, f"turn {turn}, change {number}")
                if number == len(gids) // 2:
                    time.sleep(dice.random())
            time.sleep(dice.random() * 0.5)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert status(tmp_path)["failed"] == 0
        process = serve(tmp_path)
        shop.clock.move(4 * 3600)  # what found nobody is due again
        until(lambda: all(each.status == "delivered" for each in post.all()), 60)
        until(lambda: settled(tmp_path), 60)
        assert status(tmp_path) == {"waiting": 0, "failed": 0}
        process.send_signal(signal.SIGTERM)
        assert process.wait(35) == 0, (tmp_path / "log.txt").read_text()
        notes = {row["id"]: row["note"] for row in shop.table("Customer").all()}
    with duckdb.connect(str(tmp_path / "w.duckdb"), read_only=True) as connection:
        held = dict(connection.execute("select gid, note from shopify.customers").fetchall())
    wrong = [gid for gid in gids if held.get(gid) != notes[gid]]
    count(serve__kill_points=KILLS, serve__differences=len(wrong))
    assert wrong == []
    log = (tmp_path / "log.txt").read_text()
    assert "Traceback" not in log
    assert TOKEN not in log
    assert "simulated-secret" not in log
