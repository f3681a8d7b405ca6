"""How long to wait before trying again, and the waiting itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptide.errors import Interrupted

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from shoptide.clock import Clock


@dataclass(frozen=True)
class Backoff:
    """Delays that grow from `first` by `factor` up to `cap` seconds; `jitter` is the share left to chance."""

    first: float = 0.5
    factor: float = 2.0
    cap: float = 30.0
    jitter: float = 0.5

    def delays(self, chance: random.Random) -> Iterator[float]:
        delay = self.first
        while True:
            yield delay * (1 - self.jitter * chance.random())
            delay = min(self.cap, delay * self.factor)


def pause(clock: Clock, seconds: float) -> None:
    """Sleep on the clock; raises Interrupted when the clock was stopped (Ctrl-C), instead of spinning on it."""
    clock.sleep(seconds)
    stop = getattr(clock, "stop", None)
    if stop is not None and stop.is_set():
        raise Interrupted("Stopped while waiting for Shopify", hint="run the same command again to go on")
