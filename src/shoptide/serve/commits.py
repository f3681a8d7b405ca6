"""Brings deliveries to disk, those that come at once in one transaction: one sync of the disk serves all of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from shoptide.clock import Clock
from shoptide.errors import LedgerError
from shoptide.ledger.inbox import Delivery, Inbox

MOST_WAITING = 5_000  # deliveries; more are told to come again
ACCEPT_SECONDS = 4.0  # Shopify gives up after five

Waiting = tuple[Sequence[Delivery], "asyncio.Future[None]"]


class GroupCommit:
    """A part with one thread, which commits whatever has come since its last commit. `committed` hears of each."""

    name = "inbox"

    def __init__(self, inbox: Inbox, committed: Callable[[list[Delivery]], None], *, clock: Clock) -> None:
        self.inbox = inbox
        self.committed = committed
        self.clock = clock
        self._waiting: list[Waiting] = []
        self._came = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="inbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def drain(self, deadline: float) -> None:
        with self._came:
            self._closing = True
            self._came.notify()
        self._thread.join(max(0.0, deadline - self.clock.monotonic()))

    async def accept(self, deliveries: Sequence[Delivery]) -> None:
        """Return when these are on disk. Raises LedgerError when they are not, or not in time."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        with self._came:
            if self._closing or len(self._waiting) >= MOST_WAITING:
                raise LedgerError("the inbox takes nothing at the moment")
            self._waiting.append((deliveries, done))
            self._came.notify()
        try:
            await asyncio.wait_for(done, ACCEPT_SECONDS)
        except TimeoutError:
            raise LedgerError(f"the inbox was not written within {ACCEPT_SECONDS:.0f} s") from None

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            error: LedgerError | None = None
            try:
                self.inbox.add(each for deliveries, _ in taken for each in deliveries)
            except LedgerError as failed:
                error = failed
            _tell(taken, error)
            if error is None:
                self.committed([each for deliveries, _ in taken for each in deliveries])

    def _next(self) -> list[Waiting] | None:
        """What has come, as soon as something has; None when nothing more will."""
        with self._came:
            self._came.wait_for(lambda: self._waiting or self._closing)
            taken, self._waiting = self._waiting, []
            return taken or None


def _tell(taken: list[Waiting], error: LedgerError | None) -> None:
    def settle() -> None:
        for _, done in taken:
            if done.done():  # nobody waits any more
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    loop = taken[0][1].get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
