"""A worker with its queue, in this process: what is asked for once runs once, what can't run now waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from shoptide.clock import SystemClock
from shoptide.config import Config
from shoptide.config_file import load_config
from shoptide.inbound.pull import pull
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.syncs import Syncs
from shoptide.serve import control, schedules
from shoptide.serve.queue import Queue
from shoptide.serve.sharing import SharedWarehouse
from shoptide.serve.turns import Means
from shoptide.serve.worker import Worker
from shoptide.shopify.client import AdminClient
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World
from shoptide.warehouse import open_warehouse

FILE = """
[shop.main]
name = "acme"
access_token = "shpat_simulated"
base_url = "{url}"
[warehouse]
url = "duckdb:///acme.duckdb"
[ledger]
url = "{ledger}"
[pull.store]
streams = ["customers"]
schedule = "0 3 1 1 *"
[push.vip]
object = "customers"
strategy = "upsert"
source = "vip.csv"
key = "crm_id"
match = ["email"]
after = ["store"]
trigger = "select count(*) from crm"
"""


@dataclass
class Site:
    """A shop, a configuration, and a worker that may be started."""

    running: Running
    config: Config
    clock: SystemClock
    ledger: Ledger
    worker: Worker
    means: Means

    @property
    def queue(self) -> Queue:
        return self.worker.queue

    @property
    def syncs(self) -> Syncs:
        return Syncs(self.ledger)

    def outcomes(self, name: str) -> list[str | None]:
        return [run.outcome for run in self.ledger.runs(name=name)]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 90
    while not true():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


@pytest.fixture(params=["sqlite", "postgres"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    ledger = "sqlite:///ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    (tmp_path / "vip.csv").write_text("crm_id,email,note\n1,a@example.com,hello\n")
    with ExitStack() as stack:
        running = stack.enter_context(start(World.seeded(name="acme", customers=3, products=1, orders=1)))
        (tmp_path / "shoptide.toml").write_text(FILE.format(url=running.url, ledger=ledger))
        config = load_config(tmp_path / "shoptide.toml", environment={})
        clock = SystemClock()
        shared = SharedWarehouse(lambda: open_warehouse(config.warehouse, base=tmp_path))
        means = Means(
            config,
            clock,
            clock.stop.is_set,
            lambda: open_ledger(config.ledger, base=tmp_path, clock=clock),
            shared.use,
            lambda alias: AdminClient(config.shops[alias], clock=clock),
            tmp_path,
        )
        worker = Worker(means)
        yield Site(running, config, clock, stack.enter_context(means.open_ledger()), worker, means)
        clock.stop.set()
        worker.drain(clock.monotonic() + 20)


def test_a_pull_that_is_asked_for_runs_and_its_push_follows(site: Site) -> None:
    """Because the pull brought something of others; what the push itself did sets off none."""
    site.worker.start()
    assert control.run_now(site.config, site.ledger, "pull.store")
    until(lambda: site.outcomes("vip") == ["succeeded"])
    control.run_now(site.config, site.ledger, "pull.store")
    until(lambda: site.outcomes("store") == ["succeeded"] * 2)
    until(lambda: not site.queue.busy("pull.store"))
    assert site.outcomes("vip") == ["succeeded"]


def test_a_run_that_finds_the_lock_held_waits_in_the_queue(site: Site) -> None:
    """No thread waits for it; who asks by hand afterwards gets ahead."""
    domain = site.config.shops["main"].domain
    site.worker.start()
    with site.ledger.lock(f"pull:{domain}:store"):
        site.queue.ask("pull.store", "test")
        until(lambda: [each.status for each in site.queue.waiting("pull.store")] == ["DELAYED"])
        assert "is being worked on by another run" in str(site.syncs.state("pull.store").error)
        assert not site.queue.ask("pull.store", "put off", after=5)
    assert site.queue.ask("pull.store", "by hand")
    until(lambda: site.outcomes("store") == ["succeeded"])
    until(lambda: site.syncs.state("pull.store").error is None)


def test_one_run_waits_however_often_it_is_asked_for(site: Site) -> None:
    """Runs of one shop come one after the other, so the second waits for the first."""
    site.worker.start()
    domain = site.config.shops["main"].domain
    with site.ledger.lock(f"push:{domain}:vip"):
        assert site.queue.ask("push.vip", "one")
        until(lambda: [each.status for each in site.queue.waiting("push.vip")] == ["DELAYED"])
        assert [site.queue.ask("push.vip", "again", after=5) for _ in range(3)] == [False] * 3
        assert len(site.queue.waiting("push.vip")) == 1
        assert control.cancel(site.config, site.ledger, "push.vip") == "the run that waited is taken back"
        assert site.queue.waiting("push.vip") == []


def test_a_paused_sync_runs_only_by_hand(site: Site) -> None:
    """Neither its schedule nor the pull it follows begins it."""
    site.worker.start()
    control.pause(site.ledger, "push.vip")
    assert site.worker.turns.tick("push.vip", "now") == "paused"
    control.run_now(site.config, site.ledger, "pull.store")
    until(lambda: site.outcomes("store") == ["succeeded"])
    until(lambda: site.syncs.state("pull.store").error is None and not site.queue.waiting("pull.store"))
    assert site.outcomes("vip") == []
    control.run_now(site.config, site.ledger, "push.vip")
    until(lambda: site.outcomes("vip") == ["succeeded"])
    control.resume(site.ledger, "push.vip")
    assert site.worker.turns.tick("push.vip", "now") == "queued"


def test_moments_that_went_by_are_made_up_for_by_one_run(site: Site) -> None:
    """A new sync waits for its first moment; one that was seen to a year ago runs once."""
    site.worker.start()
    now = site.clock.now()
    assert site.syncs.state("pull.store").ticked_at is not None
    assert schedules.make_up(site.config, site.queue, now) == []
    assert schedules.make_up(site.config, site.queue, now + timedelta(days=800)) == ["pull.store"]
    assert schedules.make_up(site.config, site.queue, now + timedelta(days=800)) == []
    until(lambda: site.outcomes("store") == ["succeeded"])


def test_a_push_runs_when_its_trigger_answers_anew(site: Site) -> None:
    """One question a time; the same answer asks for nothing."""
    site.worker.start()
    assert site.worker.turns.watch("push.vip") == "failed"
    assert "trigger: " in str(site.syncs.state("push.vip").error)
    with site.means.open_warehouse() as warehouse:
        warehouse.workbench.execute("create table crm as select 1 as id")
    assert [site.worker.turns.watch("push.vip") for _ in range(2)] == ["queued", "unchanged"]
    with site.means.open_warehouse() as warehouse:
        warehouse.workbench.execute("insert into crm values (2)")
    assert site.worker.turns.watch("push.vip") == "queued"
    until(lambda: "succeeded" in site.outcomes("vip"))


def test_a_run_under_way_ends_when_it_is_cancelled(site: Site) -> None:
    """In good order, as interrupted; it isn't queued again, and the wish doesn't outlive it."""
    site.worker.start()
    slow = {"action": "slow", "seconds": 1.5}
    httpx2.post(f"{site.running.url}/_simulator/faults", json=slow).raise_for_status()
    control.run_now(site.config, site.ledger, "pull.store")
    until(lambda: site.outcomes("store") == [None])
    assert control.cancel(site.config, site.ledger, "pull.store") == "the run under way is told to end"
    until(lambda: site.outcomes("store") == ["interrupted"])
    until(lambda: not site.queue.busy("pull.store"))
    assert site.syncs.state("pull.store").cancel_at is None


def test_a_turn_that_the_end_of_the_process_cuts_short_is_queued_again(site: Site) -> None:
    """Whoever comes next takes it."""
    site.worker.start()
    site.clock.stop.set()
    assert site.worker.turns.run("pull.store", "test", 0) == "handed over"
    assert site.queue.busy("pull.store")


def test_a_worker_that_lives_is_known(site: Site) -> None:
    """By the ledger's other users, on this machine and on others, until it ends."""
    site.worker.start()
    assert [each.id for each in site.syncs.workers()] == [site.worker.id]
    site.worker.drain(site.clock.monotonic() + 20)
    assert site.syncs.workers() == []


def test_what_a_killed_pull_brought_is_answered_by_the_next(site: Site) -> None:
    """The run that died landed everything: the one in its place finds nothing changed, and its push follows still."""
    with site.means.open_warehouse() as warehouse, site.means.open_client("main") as client:
        pull(
            site.config.pulls["store"],
            client=client,
            warehouse=warehouse,
            ledger=site.ledger,
            clock=site.clock,
            spool=site.means.state / "spool",
        )
    assert site.outcomes("vip") == []
    site.worker.start()
    control.run_now(site.config, site.ledger, "pull.store")
    until(lambda: site.outcomes("vip") == ["succeeded"])
    control.run_now(site.config, site.ledger, "pull.store")
    until(lambda: len(site.outcomes("store")) == 3)
    until(lambda: not site.queue.busy("pull.store"))
    assert site.outcomes("vip") == ["succeeded"]
