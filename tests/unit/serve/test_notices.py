"""Changes of health are told once to everybody who wants to hear of them, whatever happens in between."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler

from shoptide.config import Config, LedgerConfig
from shoptide.config_file import load_config
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.records import RunOutcome
from shoptide.serve.notices import FIRST_PAUSE, GIVEN_UP, deliver, note_changes
from shoptide.simulator.server import start
from shoptide.simulator.world import World

BASE = """
[shop.main]
name = "acme"
access_token = "shpat_made_up_for_tests"
[pull.store]
streams = ["orders"]
"""


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Site:
    """One configuration, one ledger, a clock; `run` leaves a run behind."""

    def __init__(self, folder: Path, notify: str, url: str | None = None) -> None:
        path = folder / "shoptide.toml"
        path.write_text(BASE + notify)
        self.config: Config = load_config(path, environment={})
        self.clock = Hands()
        self.url = url
        self.folder = folder
        self.ledger: Ledger = self.another()

    def another(self) -> Ledger:
        """The ledger as another process opens it."""
        config = LedgerConfig(self.url) if self.url else self.config.ledger
        return open_ledger(config, base=self.folder, clock=self.clock)

    def run(self, outcome: RunOutcome) -> None:
        self.clock.sleep(60)
        run = self.ledger.begin_run("pull", "store", "acme.myshopify.com", {})
        self.ledger.end_run(run, outcome, {"streams": []})

    def look(self) -> tuple[list[str], int]:
        """What changed, and how many notices were delivered."""
        changes = note_changes(self.config, self.ledger, self.clock)
        return [each.after for each in changes], deliver(self.config, self.ledger, self.clock)


@pytest.fixture(params=["sqlite", "postgres"])
def ledger_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


def command_that_keeps(folder: Path) -> str:
    """A [notify] whose command adds what it is told to a file."""
    program = folder / "keep.py"
    program.write_text(
        "import os, sys\n"
        "open(sys.argv[1], 'a').write(sys.stdin.read() + '\\n')\n"
        "assert not [name for name in os.environ if name.startswith('SHOPIFY_')]\n"
    )
    return f'command = ["{sys.executable}", "{program}", "{folder / "told.jsonl"}"]'


def told(folder: Path) -> list[dict[str, Any]]:
    path = folder / "told.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_change_is_told_once(tmp_path: Path, ledger_url: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good news at first is no news; a failure is, and so is its end; looking again tells nothing."""
    monkeypatch.setenv("SHOPIFY_TOKEN", "shpat_not_for_commands")
    site = Site(tmp_path, f"[notify.ops]\n{command_that_keeps(tmp_path)}", ledger_url)
    assert site.look() == ([], 0)
    site.run("succeeded")
    assert site.look() == (["Healthy"], 0)
    site.run("failed")
    assert site.look() == (["Failed"], 1)
    assert site.look() == ([], 0)
    site.run("succeeded")
    assert site.look() == (["Healthy"], 1)
    assert [(each["before"], each["after"]) for each in told(tmp_path)] == [
        ("Healthy", "Failed"),
        ("Failed", "Healthy"),
    ]
    assert told(tmp_path)[0]["text"].startswith("Shoptide: pull.store (main) is Failed, was Healthy")
    site.ledger.close()


def test_two_processes_tell_it_once(tmp_path: Path, ledger_url: str | None) -> None:
    """The change and each notice go to the process that is first."""
    site = Site(tmp_path, f"[notify.ops]\n{command_that_keeps(tmp_path)}", ledger_url)
    site.run("failed")
    with site.another() as other:
        first = note_changes(site.config, site.ledger, site.clock)
        second = note_changes(site.config, other, site.clock)
        due = other.due_notices(site.clock.now())
        assert [other.claim_notice(each, site.clock.now()) for each in due] == [True]
        assert [site.ledger.claim_notice(each, site.clock.now()) for each in due] == [False]
    assert (len(first), len(second)) == (1, 0)
    site.ledger.close()


def test_only_what_was_asked_for_is_told(tmp_path: Path) -> None:
    site = Site(tmp_path, f'[notify.ops]\non = ["Failed"]\n{command_that_keeps(tmp_path)}')
    site.run("incomplete")
    site.look()
    site.run("failed")
    site.look()
    assert [each["after"] for each in told(tmp_path)] == ["Failed"]
    site.ledger.close()


class Hook(BaseHTTPRequestHandler):
    """Refuses as often as its server says, then keeps what it is sent."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.heard.append(json.loads(body))
        self.send_response(500 if len(server.heard) <= server.refusals else 204)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.heard, server.refusals = [], 0
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_webhook_that_is_away_hears_of_it_later(tmp_path: Path, hook: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A notice waits after each failure, longer each time, and its URL is in no log: it is a key."""
    hook.refusals = 2
    site = Site(tmp_path, f'[notify.chat]\nwebhook = "http://127.0.0.1:{hook.server_port}/services/secret-path"')
    site.run("failed")
    assert site.look() == (["Failed"], 0)
    assert site.look() == ([], 0)
    assert len(hook.heard) == 1
    site.clock.sleep(FIRST_PAUSE.total_seconds())
    assert site.look() == ([], 0)
    site.clock.sleep(FIRST_PAUSE.total_seconds())
    assert site.look() == ([], 0)
    assert len(hook.heard) == 2
    site.clock.sleep(FIRST_PAUSE.total_seconds())
    assert site.look() == ([], 1)
    assert hook.heard[0] == hook.heard[2]
    assert "answered 500" in caplog.text or any("answered 500" in str(vars(each)) for each in caplog.records)
    assert not any("secret-path" in str(vars(each)) for each in caplog.records)
    site.ledger.close()


def test_what_can_never_be_told_is_given_up_with_its_reason(tmp_path: Path) -> None:
    site = Site(tmp_path, '[notify.ops]\ncommand = ["/no/such/program"]')
    site.run("failed")
    site.look()
    for _ in range(GIVEN_UP):
        site.clock.sleep(3600)
        site.look()
    assert site.ledger.due_notices(site.clock.now() + timedelta(days=9)) == []
    site.ledger.close()


class Kept(MessageHandler):
    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.messages.append(message)


def test_people_are_told_by_e_mail(tmp_path: Path) -> None:
    handler = Kept()
    # Port 0 is not understood by the controller: take a free one.
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    port = server.server_port
    server.server_close()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        told_to = f'email = ["ops@example.com", "data@example.com"]\nsmtp = "smtp://127.0.0.1:{port}"'
        site = Site(tmp_path, f'[notify.mail]\n{told_to}\nfrom = "shoptide@example.com"')
        site.run("failed")
        assert site.look() == (["Failed"], 1)
        site.ledger.close()
    finally:
        controller.stop()
    (message,) = handler.messages
    assert message["Subject"] == "Shoptide: pull.store is Failed"
    assert message["To"] == "ops@example.com, data@example.com"
    assert "shoptide runs" in str(message.get_payload())


def test_a_pull_from_the_command_line_tells_too(tmp_path: Path) -> None:
    """Who runs pulls by cron hears of a failure as well: here the store takes back the token."""
    notify = f"[notify.ops]\n{command_that_keeps(tmp_path)}"
    with start(World.seeded(customers=1, products=1, orders=1, seed=1, token="shpat_simulated")) as running:
        shop = f'base_url = "{running.url}"\n[pull.store]'
        config = BASE.replace("shpat_made_up_for_tests", "shpat_simulated").replace("[pull.store]", shop) + notify
        (tmp_path / "shoptide.toml").write_text(config)
        pull = [sys.executable, "-m", "shoptide", "pull", "--quiet"]
        assert subprocess.run(pull, cwd=tmp_path, capture_output=True, check=False).returncode == 0
        assert told(tmp_path) == []
        (tmp_path / "shoptide.toml").write_text(config.replace("shpat_simulated", "shpat_taken_back"))
        for _ in range(2):
            assert subprocess.run(pull, cwd=tmp_path, capture_output=True, check=False).returncode == 3
    assert [(each["before"], each["after"]) for each in told(tmp_path)] == [("Healthy", "Failed")]
    assert "does not accept the access token" in told(tmp_path)[0]["text"]
