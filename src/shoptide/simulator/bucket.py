"""The leaky bucket of query cost, one an app and shop, and the figures each plan starts it with (FACTS §2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from shoptide.simulator.shop import Record, SimClock

PLANS: dict[str, tuple[int, int]] = {  # plan → size, points restored a second
    "standard": (2000, 100),
    "advanced": (4000, 200),
    "plus": (20000, 1000),
    "enterprise": (40000, 2000),
}


@dataclass
class Bucket:
    clock: SimClock
    maximum: float
    restore_rate: float
    level: float = -1.0  # points available; full at first
    seen: datetime | None = None

    @classmethod
    def of_plan(cls, plan: str, clock: SimClock) -> Bucket:
        maximum, rate = PLANS[plan]
        return cls(clock, maximum, rate)

    def available(self) -> float:
        now = self.clock.now()
        if self.seen is None:
            self.level = self.maximum
        else:
            # The clock may be set back; points are never taken for that.
            passed = max(0.0, (now - self.seen).total_seconds())
            self.level = min(self.maximum, self.level + passed * self.restore_rate)
        self.seen = now
        return self.level

    def take(self, points: float) -> bool:
        """Reserve the requested cost; False, and nothing taken, when there is not enough."""
        if points > self.available():
            return False
        self.level -= points
        return True

    def give_back(self, points: float) -> None:
        self.level = min(self.maximum, self.available() + points)

    def resize(self, maximum: float, restore_rate: float) -> None:
        """Another plan, or a limit that Shopify lowered for a while."""
        self.level = min(self.available(), maximum)
        self.maximum, self.restore_rate = maximum, restore_rate

    def status(self) -> Record:
        return {
            "maximumAvailable": float(self.maximum),
            "currentlyAvailable": int(self.available()),
            "restoreRate": float(self.restore_rate),
        }
