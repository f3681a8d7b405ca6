"""One turn of a sync: the pull or push is run, and what has to follow is asked for.

A turn that can't be taken now (somebody holds the lock, the warehouse is another process's, the store is away) is put
off and waits in the queue like any other; no thread waits for it. A turn that the end of its process cuts short is
queued again at once, and goes on where it stopped.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.errors import Interrupted, LedgerError, LockHeld, ShoptideError, WarehouseError, WarehouseLocked
from shoptide.ledger import Ledger
from shoptide.ledger.syncs import Syncs
from shoptide.serve.following import follow_pull

if TYPE_CHECKING:
    from shoptide.serve.queue import Queue
    from shoptide.shopify.client import AdminClient
    from shoptide.warehouse import Warehouse

log = logging.getLogger(__name__)

LOOK = 2.0  # seconds between two questions whether the run is to be cancelled
LONGEST = 60.0  # seconds a turn is put off when others hold what it needs
TRIES = 5  # of what failed in a way that may pass; after that the next moment of its schedule is its next chance


@dataclass(frozen=True)
class Means:
    """What a turn is run with: opened for each, so that a lock that broke is that turn's alone."""

    config: Config
    clock: Clock
    stop: Callable[[], bool]
    open_ledger: Callable[[], Ledger]
    open_warehouse: Callable[[], AbstractContextManager[Warehouse]]
    open_client: Callable[[str], AdminClient]  # of a shop, by its alias
    state: Path  # the folder for files of our own


class Turns:
    """Takes turns. Each method returns what became of it, in a word."""

    def __init__(self, means: Means, queue: Queue) -> None:
        self.means = means
        self.queue = queue

    def tick(self, sync: str, moment: Any) -> str:
        """A moment of the sync's schedule has come."""
        syncs = self.queue.syncs
        if not self._is_configured(sync):
            return "not configured"
        syncs.ticked(sync, self.means.clock.now())
        if syncs.state(sync).paused_at is not None:
            return "paused"
        return "queued" if self.queue.ask(sync, f"schedule of {moment}") else "waits already"

    def watch(self, sync: str) -> str:
        """Ask a push's trigger whether its source has changed."""
        push = self.means.config.pushes.get(sync.partition(".")[2])
        state = self.queue.syncs.state(sync)
        if push is None or push.trigger is None or state.paused_at is not None:
            return "paused"
        try:
            with self.means.open_warehouse() as warehouse:
                answer = repr(warehouse.run_query(push.trigger)[1])
        except ShoptideError as error:
            self.queue.syncs.ended(sync, f"trigger: {error.message}")
            log.warning("sync.trigger_failed", extra={"sync": sync, "reason": error.message})
            return "failed"
        if answer == state.seen:
            return "unchanged"
        self.queue.ask(sync, "new source rows")
        self.queue.syncs.answered(sync, answer)
        return "queued"

    def run(self, sync: str, why: str, attempt: int) -> str:
        """Run the pull or push, and ask for what follows it."""
        if not self._is_configured(sync):
            return "not configured"
        kind, _, name = sync.partition(".")
        if self.means.stop():
            return self._handed_over(sync, why, attempt)
        self.queue.syncs.begins(sync)
        log.info("sync.begins", extra={"sync": sync, "reason": why})
        try:
            with self.means.open_ledger() as ledger:
                outcome = self._pull(name, ledger) if kind == "pull" else self._push(name, ledger)
        except Interrupted:
            return self._interrupted(sync, why, attempt)
        except LedgerError:
            raise  # nothing could be said of it
        except ShoptideError as error:
            return self._failed(sync, why, attempt, error)
        except Exception as bug:
            self.queue.syncs.ended(sync, f"a bug in Shoptide: {type(bug).__name__}")
            raise  # DBOS notes it, and logs where it was
        self.queue.syncs.ended(sync, None)
        log.info("sync.ended", extra={"sync": sync, "outcome": outcome})
        return outcome

    def _is_configured(self, sync: str) -> bool:
        kind, _, name = sync.partition(".")
        return name in (self.means.config.pulls if kind == "pull" else self.means.config.pushes)

    def _pull(self, name: str, ledger: Ledger) -> str:
        from shoptide.inbound.pull import pull

        means = self.means
        config = means.config.pulls[name]
        with means.open_warehouse() as warehouse, means.open_client(config.shop) as client:
            report = pull(
                config,
                client=client,
                warehouse=warehouse,
                ledger=ledger,
                clock=means.clock,
                spool=means.state / "spool",
                stop=self._stop(f"pull.{name}", ledger),
            )
            follow_pull(means.config, self.queue, ledger, warehouse, name)
        return report.outcome

    def _push(self, name: str, ledger: Ledger) -> str:
        from shoptide.inbound.runs import publish_runs
        from shoptide.outbound.push import push

        means = self.means
        config = means.config.pushes[name]
        with means.open_warehouse() as warehouse, means.open_client(config.shop) as client:
            try:
                report = push(
                    config,
                    client=client,
                    warehouse=warehouse,
                    ledger=ledger,
                    clock=means.clock,
                    base=means.config.path.parent,
                    stop=self._stop(f"push.{name}", ledger),
                )
            finally:
                publish_runs(warehouse, ledger)
        return report.outcome

    # what ends a turn early

    def _stop(self, sync: str, ledger: Ledger) -> Callable[[], bool]:
        """Whether to end: the process does, or somebody asked for the run to be cancelled."""
        syncs, clock = Syncs(ledger), self.means.clock
        asked = clock.monotonic()
        wanted = False

        def stop() -> bool:
            nonlocal asked, wanted
            if not wanted and clock.monotonic() - asked >= LOOK:
                asked = clock.monotonic()
                wanted = syncs.state(sync).cancel_at is not None
            return wanted or self.means.stop()

        return stop

    def _interrupted(self, sync: str, why: str, attempt: int) -> str:
        if self.queue.syncs.state(sync).cancel_at is not None:
            self.queue.syncs.cancelled(sync)
            log.info("sync.cancelled", extra={"sync": sync})
            return "cancelled"
        return self._handed_over(sync, why, attempt)

    def _handed_over(self, sync: str, why: str, attempt: int) -> str:
        self.queue.ask(sync, why, attempt=attempt)
        log.info("sync.handed_over", extra={"sync": sync})
        return "handed over"

    def _failed(self, sync: str, why: str, attempt: int, error: ShoptideError) -> str:
        busy = isinstance(error, LockHeld | WarehouseLocked)
        self.queue.syncs.ended(sync, error.message)
        log.warning("sync.failed", extra={"sync": sync, "reason": error.message, "hint": error.hint})
        # A warehouse may be away for a moment as a store may; what is wrong with it for good is told after some tries.
        passes = error.retry.helps or isinstance(error, WarehouseError)
        if not passes or (attempt >= TRIES and not busy):
            return "failed"
        pause = min(5.0 * 2**attempt, LONGEST) if busy else max(30.0 * 2**attempt, error.retry.after or 0.0)
        self.queue.ask(sync, why, after=pause, attempt=attempt + 1)
        return "put off"
