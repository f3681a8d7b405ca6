"""Clocks whose hands move only when somebody sleeps: for one thread, and for many that share one time."""

from __future__ import annotations

import heapq
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)  # as the code under test, Python 3.10


class ModelClock:
    """Sleeping moves the hands at once. `slept` lists every sleep."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class SharedClock:
    """Time for many threads: it moves to the earliest waking when every thread at work sleeps."""

    def __init__(self) -> None:
        self._seconds = 1000.0
        self._working = 0
        self._asleep: list[tuple[float, int, threading.Event]] = []
        self._numbers = count()
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._seconds)

    def monotonic(self) -> float:
        return self._seconds

    def join(self) -> None:
        """Count a thread among those that time waits for; called before it starts."""
        with self._lock:
            self._working += 1

    @contextmanager
    def working(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1
                self._wake_next()

    def sleep(self, seconds: float) -> None:
        awake = threading.Event()
        with self._lock:
            heapq.heappush(self._asleep, (self._seconds + max(0.0, seconds), next(self._numbers), awake))
            self._working -= 1
            self._wake_next()
        awake.wait()

    def _wake_next(self) -> None:
        if self._working == 0 and self._asleep:
            wake, _, awake = heapq.heappop(self._asleep)
            self._seconds = max(self._seconds, wake)
            self._working += 1
            awake.set()
