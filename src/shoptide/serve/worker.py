"""The part that takes turns: DBOS dequeues them here, keeps the schedules, and brings back what dead workers left.

A worker's turns are marked with its name in DBOS's tables, and its name is a lock of the ledger that ends with its
process. Every worker looks now and then whose names are there without their lock: their turns go back to the queue.
"""

from __future__ import annotations

import logging
import os
import platform
import random
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shoptide.clock import Clock
from shoptide.errors import LedgerError, LockHeld, ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.syncs import Syncs
from shoptide.serve import queue as queues
from shoptide.serve import schedules
from shoptide.serve.turns import Means, Turns
from shoptide.shopify.backoff import Backoff

log = logging.getLogger(__name__)

DATABASE_SESSIONS = 4  # of DBOS, which waits for one rather than open more
PATIENCE = 60.0  # seconds for others to make DBOS's tables
LOOK_ROUND = 3.0  # seconds between two looks for workers that are gone
CLEAN = 1200  # of those looks between two cleanings
KEPT = timedelta(days=3)  # how long turns that are over stay in DBOS's tables
MANY = 1000  # turns forgotten at once
RECOVERIES = 1000  # of one turn: the pulls of a machine that dies every hour still end some day


class Worker:
    """A part of a process. `id` is its name among all workers of the ledger."""

    name = "worker"

    def __init__(self, means: Means) -> None:
        self.means = means
        self.id = f"{platform.node()}-{os.getpid()}-{secrets.token_hex(3)}"
        self._open = ExitStack()
        self._chance = random.Random()  # noqa: S311  # spreads retries, guards nothing
        self._quit = threading.Event()
        self._watch = threading.Thread(target=self._look_round, name="worker", daemon=True)

    def start(self) -> None:
        """Begin to take turns. Raises ShoptideError when the ledger or its queue can't be used."""
        try:
            self.ledger = self._open.enter_context(self.means.open_ledger())
            self._be_known()
            self._launch()
            self.queue = self._open.enter_context(queues.open_queue(self.means.config, self.ledger))
            self.turns = Turns(replace(self.means, open_ledger=self.ledger.beside), self.queue)
            schedules.apply(self.means.config, self._tick, self._watched)
            schedules.make_up(self.means.config, self.queue, self.means.clock.now())
        except BaseException:
            self.drain(self.means.clock.monotonic())
            raise
        self._ready.set()
        self._watch.start()

    def _be_known(self) -> None:
        """Hold the lock that says that this worker lives; when it breaks, no run is the worse for it."""
        self._presence = ExitStack()
        ledger = self.ledger.beside()
        self._presence.enter_context(Syncs(ledger).working(self.id))
        self._known_by = ledger

    def _launch(self) -> None:
        from dbos import DBOS, DBOSPortableJSONSerializer

        config = self.means.config
        self._ready = threading.Event()
        settings: Any = {
            "name": queues.APPLICATION,
            "system_database_url": queues.system_database(config.ledger, self.ledger),
            "dbos_system_schema": queues.system_schema(config.ledger),
            "application_version": queues.VERSION,
            "executor_id": self.id,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "sys_db_pool_size": DATABASE_SESSIONS,
            "scheduler_polling_interval_sec": 30.0,
        }
        # Workers that start together make DBOS's tables one after the other.
        with queues.quiet_logs(), in_turn(self.ledger, "queue", self.means.clock):
            DBOS(config=settings)
            self._register(DBOS)
            DBOS.launch()
            for name in queues.QUEUES.values():
                DBOS.register_queue(
                    name,
                    partition_concurrency=1,
                    worker_concurrency=config.serve.at_once,
                    polling_interval_sec=queues.LOOK,
                )

    def _register(self, dbos: Any) -> None:
        """Give DBOS the functions that its rows name."""

        def run(sync: str, why: str, attempt: int) -> str:
            return self._turn(lambda turns: turns.run(sync, why, attempt))

        def tick(moment: Any, sync: str) -> str:
            return self._turn(lambda turns: turns.tick(sync, moment))

        def watch(_moment: Any, sync: str) -> str:
            return self._turn(lambda turns: turns.watch(sync))

        many = {"max_recovery_attempts": RECOVERIES}
        dbos.workflow(name=queues.RUN, **many)(run)
        self._tick = dbos.workflow(name=queues.TICK, **many)(tick)
        self._watched = dbos.workflow(name=queues.WATCH, **many)(watch)

    def _turn(self, take: Callable[[Turns], str]) -> str:
        """A turn as DBOS sees it: one that fails is told of in our logs, not as a traceback in its tables."""
        self._ready.wait()
        pauses = Backoff(first=1.0, cap=60.0).delays(self._chance)
        while True:
            try:
                return take(self.turns)
            except LedgerError as away:
                # Without its ledger no turn can be taken, nor put off: this one waits here, and holds its place.
                log.warning("worker.waits_for_ledger", extra={"reason": away.message})
                if self.means.stop():
                    raise
                self.means.clock.sleep(next(pauses))
            except ShoptideError as error:
                log.error("sync.turn_failed", extra={"reason": error.message})  # noqa: TRY400  # no traceback
                return "failed"

    # what is looked after while turns are taken

    def _look_round(self) -> None:
        rounds = 0
        while not self._quit.wait(LOOK_ROUND):
            rounds += 1
            try:
                self._stay_known()
                self._bring_back()
                if rounds % CLEAN == 1:
                    self._clean()
            except ShoptideError as error:
                log.warning("worker.look_failed", extra={"reason": error.message})
            except Exception as error:  # noqa: BLE001  # DBOS and its driver raise what they like; the next look may do
                log.warning("worker.look_failed", extra={"reason": self.ledger.store.clean(str(error))})

    def _stay_known(self) -> None:
        try:
            self._known_by.store.check_locks()
        except LedgerError as broken:
            log.warning("worker.unknown", extra={"reason": broken.message})
            with suppress(LedgerError):
                self._presence.close()
            with suppress(LockHeld):  # somebody is just looking whether it is free
                self._be_known()

    def _bring_back(self) -> None:
        """Queue the turns of workers that are gone."""
        from dbos import DBOS

        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        syncs = self.queue.syncs
        names = {each.executor_id for each in pending if each.executor_id not in (None, self.id)}
        gone = [name for name in names if not syncs.lives(name)]
        if gone:
            log.warning("worker.gone", extra={"workers": gone})
            DBOS._recover_pending_workflows(gone)  # noqa: SLF001  # what its own recovery service calls

    def _clean(self) -> None:
        """Forget turns that are long over, and workers that are gone."""
        from dbos import DBOS

        self.queue.syncs.workers()
        before = (self.means.clock.now() - KEPT).isoformat()
        old = DBOS.list_workflows(completed_before=before, limit=MANY, load_input=False, load_output=False)
        if old:
            DBOS.delete_workflows([each.workflow_id for each in old])

    def drain(self, deadline: float) -> None:
        """Take no more turns; those under way have been told to stop by the process, and are queued again."""
        from dbos import DBOS

        self._quit.set()
        if self._watch.is_alive():
            self._watch.join(max(0.0, deadline - self.means.clock.monotonic()))
        left = int(max(0.0, deadline - self.means.clock.monotonic()))
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=left)
        for each in (self._open, getattr(self, "_presence", ExitStack())):
            with suppress(LedgerError):
                each.close()


@contextmanager
def in_turn(ledger: Ledger, name: str, clock: Clock) -> Iterator[None]:
    """Hold a lock, after whoever holds it now. Raises LockHeld when that takes too long."""
    with ExitStack() as stack:
        deadline = clock.monotonic() + PATIENCE
        while True:
            try:
                stack.enter_context(ledger.lock(name))
                break
            except LockHeld:
                if clock.monotonic() >= deadline:
                    raise
                clock.sleep(0.2)
        yield
