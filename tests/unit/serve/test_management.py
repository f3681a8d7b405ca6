"""The management side over a real socket: who gets in, what is shown, what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from shoptide.clock import SystemClock
from shoptide.config import Secret
from shoptide.config_file import load_config
from shoptide.errors import UsageError
from shoptide.ledger import open_ledger
from shoptide.serve.access import Keys, hash_password
from shoptide.serve.http import HttpPart
from shoptide.serve.management import Management, management_app
from shoptide.serve.metrics import Metrics

TOKEN = "a-token-of-more-than-twenty"
PASSWORD = "correct horse battery"
CONFIG = """
[shop.main]
name = "acme"
access_token = "shpat_must_never_be_shown"
[pull.store]
streams = ["orders"]
[push.vip]
object = "customers"
strategy = "upsert"
source = "vip"
key = "id"
match = ["email"]
"""


@dataclass
class Asked:
    """Controls that keep what was asked of them; one sync can't be cancelled."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    resting: set[str] = field(default_factory=set)

    def run(self, sync: str) -> str:
        self.calls.append(("run", sync))
        return "queued"

    def pause(self, sync: str) -> str:
        self.resting.add(sync)
        return "paused"

    def resume(self, sync: str) -> str:
        self.resting.discard(sync)
        return "resumed"

    def cancel(self, sync: str) -> str:
        raise UsageError(f"{sync} is not running", hint="`shoptide status` shows what is")

    def paused(self) -> set[str]:
        return self.resting


@dataclass
class Served:
    side: Management
    controls: Asked
    url: str
    client: httpx2.Client

    def get(self, path: str, **headers: str) -> httpx2.Response:
        return self.client.get(self.url + path, headers=headers)

    def post(self, path: str, body: str = "", **headers: str) -> httpx2.Response:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.client.post(self.url + path, content=body.encode(), headers=kind | headers)

    def log_in(self) -> str:
        """Log in as a browser does; returns the token that forms carry."""
        assert self.post("/login", f"password={PASSWORD.replace(' ', '+')}").status_code == 303
        found = re.search(r'name="csrf" value="([^"]+)"', self.get("/").text)
        assert found is not None
        return found[1]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    (tmp_path / "shoptide.toml").write_text(CONFIG)
    config, clock = load_config(tmp_path / "shoptide.toml", environment={}), SystemClock()
    keys = Keys(clock, Secret(TOKEN), Secret(hash_password(PASSWORD)))
    with open_ledger(config.ledger, base=tmp_path, clock=clock) as ledger, httpx2.Client() as client:
        controls = Asked()
        metrics = Metrics(config, ledger, clock, {"inbox_depth": lambda: 7.0})
        side = Management(config, ledger, clock, keys, controls, metrics, ready=lambda: None)
        failed: list[BaseException] = []
        part = HttpPart("management", management_app(side), "127.0.0.1", 0, clock=clock, fail=failed.append)
        part.start()
        try:
            yield Served(side, controls, part.url, client)
        finally:
            part.drain(clock.monotonic() + 10)
        assert failed == []


BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_machines_may_ask_for_health_and_nothing_else(served: Served) -> None:
    """Everything but /healthz, /readyz and the log-in needs a key; no answer says more."""
    assert served.get("/healthz").text == "ok\n"
    assert served.get("/readyz").status_code == 200
    for path in ("/metrics", "/", "/api/syncs", "/api/runs", "/api/runs/x", "/api/records/vip"):
        answer = served.get(path)
        assert (path, answer.status_code) == (path, 401)
        assert "store" not in answer.text
    assert served.post("/api/syncs/pull.store/run").status_code == 401
    assert served.controls.calls == []


def test_readiness_says_why_not(served: Served) -> None:
    served.side.ready = lambda: "the ledger can't be reached"
    answer = served.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the ledger can't be reached\n")


def test_a_token_opens_the_api(served: Served) -> None:
    found = served.get("/api/syncs", **BEARER).json()["syncs"]
    assert [(each["sync"], each["health"], each["paused"]) for each in found] == [
        ("pull.store", "Pending", False),
        ("push.vip", "Pending", False),
    ]
    done = served.post("/api/syncs/pull.store/run", **BEARER)
    assert (done.status_code, done.json()["told"]) == (202, "queued")
    assert served.controls.calls == [("run", "pull.store")]


def test_what_cannot_be_done_is_told_with_what_to_do(served: Served) -> None:
    answer = served.post("/api/syncs/push.vip/cancel", **BEARER)
    assert (answer.status_code, answer.json()["hint"]) == (409, "`shoptide status` shows what is")
    assert served.post("/api/syncs/push.none/run", **BEARER).status_code == 404
    assert served.post("/api/syncs/push.vip/explode", **BEARER).status_code == 404


def test_a_browser_logs_in_and_its_forms_work(served: Served) -> None:
    csrf = served.log_in()
    assert served.post("/api/syncs/pull.store/pause", f"csrf={csrf}").status_code == 303
    assert served.controls.resting == {"pull.store"}
    assert "paused" in served.get("/").text
    assert served.post("/logout", f"csrf={csrf}").status_code == 303
    assert served.get("/api/syncs").status_code == 401


def test_another_sites_form_does_nothing(served: Served) -> None:
    """Without the page's own token, with a wrong one, or sent from elsewhere, a logged-in browser's form is refused."""
    csrf = served.log_in()
    assert served.post("/api/syncs/pull.store/pause").status_code == 403
    assert served.post("/api/syncs/pull.store/pause", "csrf=wrong").status_code == 403
    crossed = served.post("/api/syncs/pull.store/pause", f"csrf={csrf}", **{"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    assert served.controls.resting == set()


def test_a_session_cookie_is_for_the_browser_alone(served: Served) -> None:
    answer = served.post("/login", f"password={PASSWORD.replace(' ', '+')}")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_guessing_is_stopped_even_when_the_last_guess_is_right(served: Served) -> None:
    """Ten wrong keys, and the address waits; the right one does not help it."""
    for number in range(10):
        assert served.get("/api/syncs", Authorization=f"Bearer guess-{number}").status_code == 401
    answer = served.get("/api/syncs", **BEARER)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 200
    assert served.post("/login", f"password={PASSWORD.replace(' ', '+')}").status_code == 429


def test_one_address_cannot_ask_without_end(served: Served) -> None:
    answers = [served.get("/healthz").status_code for _ in range(305)]
    assert answers[:300] == [200] * 300
    assert answers[300:] == [429] * 5


def test_only_our_own_names_are_answered(served: Served) -> None:
    """A name that somebody else made to lead here (DNS rebinding) gets nothing."""
    assert served.get("/healthz", Host="evil.example.com").status_code == 400


def test_a_large_form_is_refused(served: Served) -> None:
    assert served.post("/login", "password=" + "x" * 20_000).status_code == 413


def test_without_a_key_the_side_is_closed(served: Served) -> None:
    served.side.keys = Keys(served.side.clock)
    assert served.get("/api/syncs", Authorization="Bearer x").status_code == 403
    assert served.get("/healthz").status_code == 200


def test_no_answer_shows_a_secret_or_may_be_kept(served: Served) -> None:
    csrf = served.log_in()
    assert csrf
    for path in ("/", "/api/syncs", "/api/runs", "/metrics", "/login", "/healthz"):
        answer = served.get(path)
        assert answer.status_code == 200, path
        assert "shpat_" not in answer.text
        assert TOKEN not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "server" not in answer.headers


def test_metrics_tell_where_syncs_stand_and_what_runs_did(served: Served) -> None:
    """Runs that end while the process is up are counted once, however often it is asked."""
    ledger = served.side.ledger
    run = ledger.begin_run("pull", "store", "acme.myshopify.com", {})
    table = {"table": "orders", "new": 3, "changed": 2, "unchanged": 0, "deleted": 1}
    summary = {"calls": 4, "cost": 12.5, "waited": 1.5, "throttled": 0, "streams": [{"tables": [table]}]}
    ledger.end_run(run, "succeeded", summary)
    served.get("/metrics", **BEARER)
    text = served.get("/metrics", **BEARER).text
    told = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    of = 'shop="acme.myshopify.com",sync="pull.store"'
    assert told[f'shoptide_sync_health{{health="Healthy",{of}}}'] == "1.0"
    assert told[f'shoptide_sync_health{{health="Failed",{of}}}'] == "0.0"
    assert told[f'shoptide_rows_total{{change="new",{of},table="orders"}}'] == "3.0"
    assert told[f"shoptide_cost_points_total{{{of}}}"] == "12.5"
    assert told[f"shoptide_throttle_wait_seconds_total{{{of}}}"] == "1.5"
    assert told[f'shoptide_runs_total{{outcome="succeeded",{of}}}'] == "1.0"
    assert told["shoptide_inbox_depth"] == "7.0"
    assert float(told[f"shoptide_freshness_seconds{{{of}}}"]) < 60
