"""The store's side of the query budget: takes the requested cost on arrival and gives back what was not used."""

from __future__ import annotations

from shoptide.shopify.governor import Allowance, ThrottleStatus


class ModelBucket:
    """What FACTS §2 says the store does. `steps` > 0 restores in steps of that many seconds instead of steadily."""

    def __init__(
        self, allowance: Allowance, *, level: float | None = None, now: float = 0.0, steps: float = 0.0
    ) -> None:
        self.allowance = allowance
        self.level = allowance.maximum if level is None else level
        self.now = now
        self.steps = steps
        self.throttled = 0
        self.spent = 0.0

    def arrive(self, now: float, requested: float) -> bool:
        """A request arrives: False when it is answered THROTTLED."""
        self._restore(now)
        if requested > self.level:
            self.throttled += 1
            return False
        self.level -= requested
        return True

    def finish(self, now: float, requested: float, actual: float) -> ThrottleStatus:
        self._restore(now)
        self.level = min(self.allowance.maximum, self.level + requested - actual)
        self.spent += actual
        return self.status(now)

    def status(self, now: float) -> ThrottleStatus:
        """The bucket as an answer shows it: in whole points."""
        self._restore(now)
        return ThrottleStatus(self.allowance.maximum, float(int(self.level)), self.allowance.restore_rate)

    def _restore(self, now: float) -> None:
        upto = now - now % self.steps if self.steps else now
        if upto > self.now:
            gained = (upto - self.now) * self.allowance.restore_rate
            self.level, self.now = min(self.allowance.maximum, self.level + gained), upto
