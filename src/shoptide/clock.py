"""The clock that is passed in: the one place where the process reads time or sleeps."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present as an aware UTC instant."""

    def monotonic(self) -> float:
        """Seconds of a clock that never goes back."""

    def sleep(self, seconds: float) -> None:
        """Wait; a test's clock only moves its hands."""


class SystemClock:
    """Real time. `stop` ends a sleep early, so that Ctrl-C is not kept waiting."""

    def __init__(self) -> None:
        self.stop = threading.Event()

    def now(self) -> datetime:
        return datetime.now(timezone.utc)  # noqa: UP017  # the core runs on Python 3.10 too

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        self.stop.wait(max(0.0, seconds))
