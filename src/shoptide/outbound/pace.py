"""When the next new order may be sent, on stores that take five a minute (trial and development stores, FACTS §5)."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from shoptide.clock import Clock
from shoptide.errors import RateLimited

APART = 12.0  # seconds between new orders once the store has refused one


@dataclass
class Pace:
    """The time of the next new order, on a store that said it has enough of them. Threads share it."""

    clock: Clock
    apart: float = 0.0
    next_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self) -> None:
        """Wait for a turn; raises RateLimited when a stop ended the wait."""
        with self.lock:
            if not self.apart:
                return
            turn = max(self.clock.monotonic(), self.next_at)
            self.next_at = turn + self.apart
        left = turn - self.clock.monotonic()
        if left > 0:
            self.clock.sleep(left)
            if self.clock.monotonic() < turn - 0.5:
                raise RateLimited("stopped while waiting for the store to take new orders again")

    def refused(self) -> None:
        with self.lock:
            self.apart = APART
            self.next_at = max(self.next_at, self.clock.monotonic() + APART)
