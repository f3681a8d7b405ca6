"""Starts the pushes that come `after` a pull: when somebody else changed in the store what the pull brings.

Two tell of such changes: a pull that has ended, and webhooks, whose records the next pull finds unchanged because they
are there already. What a push did itself starts none (outbound/echo.py).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from contextlib import ExitStack

from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.errors import ShoptideError, UsageError
from shoptide.inbound.plans import chosen_streams
from shoptide.ledger import Ledger, Run
from shoptide.outbound.echo import landed_by_others, refreshed_by_others
from shoptide.resources.extraction import StreamPlan
from shoptide.serve.queue import Queue, open_queue
from shoptide.warehouse import Warehouse

log = logging.getLogger(__name__)

LOOKED_BACK = 50  # runs of a pull that nobody answered to yet
GATHERED = 5.0  # seconds in which changes that webhooks tell of become one push
PATIENCE = 1.0  # seconds between two tries to find the queue, which this process's worker may be making


def pushes_after(config: Config, pull: str) -> list[str]:
    """The pushes that follow a pull, as syncs."""
    return [f"push.{push.name}" for push in config.pushes.values() if pull in push.after]


def follow_pull(config: Config, queue: Queue, ledger: Ledger, warehouse: Warehouse, pull: str) -> None:
    """Ask for the pushes that follow a pull, for all its runs that nobody answered to yet.

    A run whose process died after landing something is among them: what it brought, the run that was begun in its
    place finds unchanged.
    """
    pushes, sync = pushes_after(config, pull), f"pull.{pull}"
    if not pushes:
        return
    seen = queue.syncs.state(sync).seen or ""
    runs = [run for run in ledger.runs(name=pull, limit=LOOKED_BACK) if run.kind == "pull" and run.id > seen]
    if any(_brought(config, ledger, warehouse, run) for run in runs):
        _ask(queue, pushes, f"pull {pull}")
    if runs:
        queue.syncs.answered(sync, max(run.id for run in runs))


def _ask(queue: Queue, pushes: Sequence[str], why: str, *, after: float = 0.0) -> None:
    for push in pushes:
        if queue.syncs.state(push).paused_at is None:
            queue.ask(push, why, after=after)


def _brought(config: Config, ledger: Ledger, warehouse: Warehouse, run: Run) -> bool:
    """Whether a run landed a change of somebody else's."""
    names = _changed(run) if run.outcome not in (None, "interrupted") else chosen_streams(config.pulls[run.name])
    return any(landed_by_others(ledger, warehouse, run.shop, name, run.id) for name in names)


def _changed(run: Run) -> list[str]:
    return [
        str(stream["stream"])
        for stream in run.summary.get("streams", [])
        if any(table["new"] + table["changed"] + table["deleted"] for table in stream["tables"])
    ]


class Follower:
    """A part that hears of what webhooks brought. Threads of several shops may tell it.

    When it starts it asks for each such push once: the process before may have died between a change and this. A push
    that finds nothing to do sends nothing.
    """

    name = "followers"

    def __init__(self, config: Config, ledger: Ledger, clock: Clock) -> None:
        self.config, self.ledger, self.clock = config, ledger, clock
        self._open = ExitStack()
        self._queue: Queue | None = None
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._begin, name=self.name, daemon=True)

    def start(self) -> None:
        if any(push.after for push in self.config.pushes.values()):
            self._thread.start()

    def _begin(self) -> None:
        pushes = [f"push.{push.name}" for push in self.config.pushes.values() if push.after]
        while not self._stop.is_set():
            try:
                with self._lock:
                    _ask(self._opened(), pushes, "start of serve")
            except UsageError:
                self._stop.wait(PATIENCE)  # the worker of this process has not made the queue yet
            except ShoptideError as error:
                log.warning("push.not_asked_for", extra={"reason": error.message})
                self._stop.wait(PATIENCE)
            else:
                return

    def landed(self, warehouse: Warehouse, run_id: str, pull: str, plan: StreamPlan, gids: Sequence[str]) -> None:
        """Webhooks named these records, and rows of them changed. Tells by the log when a push can't be asked for."""
        pushes = pushes_after(self.config, pull)
        if not pushes:
            return
        shop = self.config.shops[self.config.pulls[pull].shop].domain
        own = plan.tables[0]
        column = own.parent_column if plan.stream.via is not None and own.parent_column else "gid"
        try:
            if refreshed_by_others(self.ledger, warehouse, shop, own.name, column, gids, run_id):
                with self._lock:
                    _ask(self._opened(), pushes, "what webhooks told of", after=GATHERED)
        except ShoptideError as error:
            log.warning("push.not_asked_for", extra={"pull": pull, "reason": error.message})

    def _opened(self) -> Queue:
        if self._queue is None:
            self._queue = self._open.enter_context(open_queue(self.config, self.ledger))
        return self._queue

    def drain(self, deadline: float) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(max(0.0, deadline - self.clock.monotonic()))
        with self._lock:
            self._open.close()
            self._queue = None
