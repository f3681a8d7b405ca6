"""What each row's write has cost, in points of the shop's query budget: from its calls until its outcome is noted.

A row pays for the calls that only it made; rows that share a call share its points, so that their sum is what the store
charged. What a run asks for many rows before they leave (look-ups, the key's definition, publications) is the run's.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from shoptide.shopify.meter import Meter


class Charges:
    """The open accounts of a run's rows, by key. Threads may charge at once."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._open: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def to(self, *keys: str) -> Iterator[None]:
        """What this thread's calls cost while the block runs is charged to these rows, in equal shares."""
        own = Meter()
        try:
            with self._meter.shared_with(own):
                yield
        finally:
            if keys:
                self.add(keys, own.snapshot().cost / len(keys))

    def add(self, keys: Collection[str], points: float) -> None:
        """Charge each of these rows so many points."""
        if points > 0:
            with self._lock:
                for key in keys:
                    self._open[key] = self._open.get(key, 0.0) + points

    def settle(self, key: str) -> float | None:
        """Close a row's account: its points; None where nothing told of any: nothing was sent, or its answer lost."""
        with self._lock:
            return self._open.pop(key, None)
