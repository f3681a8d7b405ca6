"""A part that looks every few seconds which syncs changed health, and tells whom that concerns."""

from __future__ import annotations

import threading

from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.ledger import Ledger
from shoptide.serve.notices import look

EVERY = 5.0  # seconds


class Caretaker:
    """Notes changes of health and delivers notices, from `start` until `drain`."""

    name = "notices"

    def __init__(self, config: Config, ledger: Ledger, clock: Clock) -> None:
        self.config, self.ledger, self.clock = config, ledger, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        while True:
            look(self.config, self.ledger, self.clock)
            if self._stop.wait(EVERY):
                return

    def drain(self, deadline: float) -> None:
        self._stop.set()
        self._thread.join(max(0.0, deadline - self.clock.monotonic()))
