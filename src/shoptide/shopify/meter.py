"""Counts what a client's work has cost: calls, points, waits. Threads may count at once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Reading:
    """Totals since the client was opened, or between two moments when subtracted."""

    calls: int = 0  # requests sent, those sent again included
    cost: float = 0.0  # points charged
    throttled: int = 0  # THROTTLED and 429 answers
    retries: int = 0
    waits: int = 0  # times a request had to wait for the budget
    waited: float = 0.0  # seconds

    def __sub__(self, earlier: Reading) -> Reading:
        return Reading(*(getattr(self, name) - getattr(earlier, name) for name in self.__dataclass_fields__))


class Meter:
    def __init__(self) -> None:
        self._reading = Reading()
        self._lock = threading.Lock()
        self._here = threading.local()

    def add(self, **amounts: float) -> None:
        """Count on: `meter.add(calls=1, cost=10)`."""
        with self._lock:
            totals = {name: getattr(self._reading, name) + amount for name, amount in amounts.items()}
            self._reading = replace(self._reading, **totals)
        share: Meter | None = getattr(self._here, "share", None)
        if share is not None:
            share.add(**amounts)

    @contextmanager
    def shared_with(self, share: Meter) -> Iterator[None]:
        """What this thread adds while the block runs, `share` counts too: one piece of work among several at once."""
        held, self._here.share = getattr(self._here, "share", None), share
        try:
            yield
        finally:
            self._here.share = held

    def snapshot(self) -> Reading:
        return self._reading
