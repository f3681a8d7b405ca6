"""One process of several parts: started in order, drained in the opposite order when the process is told to stop.

A part owns its threads. Whatever it must not lose is in the ledger before it says so to anybody, so a part that is cut
off at the deadline, or killed, only leaves work for the next start.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import Protocol

from shoptide.clock import Clock
from shoptide.errors import ShoptideError

log = logging.getLogger(__name__)

DRAIN = 30.0  # seconds from the signal to the end; orchestrators kill soon afterwards
TURN = 0.001  # seconds a busy thread keeps others waiting: answers are due in milliseconds


class Part(Protocol):
    """Something that stays up beside others."""

    @property
    def name(self) -> str:
        """What logs call it."""

    def start(self) -> None:
        """Begin, without blocking. Raises ShoptideError when it can't."""

    def drain(self, deadline: float) -> None:
        """Take nothing new, end what is in flight, and return before the clock's `monotonic()` is `deadline`."""


class Process:
    """The parts of one process. `stop` is set by whoever wants it to end: a signal, or a part that can't go on."""

    def __init__(self, clock: Clock, stop: threading.Event) -> None:
        self.clock = clock
        self.stop = stop
        self.parts: list[Part] = []
        self.error: BaseException | None = None

    def add(self, part: Part) -> None:
        """Add a part; it is drained before those that were added earlier, which it may rely on until then."""
        self.parts.append(part)

    def fail(self, error: BaseException) -> None:
        """End the process because of this: the first reason given is the one it raises."""
        self.error = self.error or error
        self.stop.set()

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Start every part, wait for `stop`, drain. Raises what a part failed with."""
        started: list[Part] = []
        sys.setswitchinterval(TURN)
        try:
            for part in self.parts:
                part.start()
                started.append(part)
                log.info("serve.started", extra={"part": part.name})
            ready()
            self.stop.wait()
        finally:
            self.stop.set()
            self._drain(started)
        if self.error is not None:
            raise self.error

    def _drain(self, started: list[Part]) -> None:
        deadline = self.clock.monotonic() + DRAIN
        for part in reversed(started):
            try:
                part.drain(deadline)
            except ShoptideError as error:
                log.warning("serve.drain_failed", extra={"part": part.name, "reason": error.message})
                self.error = self.error or error
            else:
                log.info("serve.drained", extra={"part": part.name})
