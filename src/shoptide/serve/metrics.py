"""What Prometheus scrapes: where every sync stands, and what the runs that ended since the process began have done.

The numbers come from the ledger, so that any process of several tells the same of all of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shoptide import __version__
from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.ledger import Ledger, Run
from shoptide.ledger.health import HEALTHS, SyncHealth, changed_tables
from shoptide.serve.health import healths

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

SETTLING = timedelta(minutes=1)  # clocks of several machines differ: ends are looked for again so far back
ROWS = ("new", "changed", "unchanged", "deleted")


@dataclass
class Totals:
    """Sums over the runs that ended since the process began, each by its labels."""

    runs: dict[tuple[str, ...], float] = field(default_factory=dict)
    rows: dict[tuple[str, ...], float] = field(default_factory=dict)
    outcomes: dict[tuple[str, ...], float] = field(default_factory=dict)
    cost: dict[tuple[str, ...], float] = field(default_factory=dict)
    calls: dict[tuple[str, ...], float] = field(default_factory=dict)
    waited: dict[tuple[str, ...], float] = field(default_factory=dict)
    throttled: dict[tuple[str, ...], float] = field(default_factory=dict)

    def add(self, run: Run) -> None:
        """Count a run that ended."""
        sync, summary = f"{run.kind}.{run.name}", run.summary
        _raise(self.runs, (sync, run.shop, str(run.outcome)), 1)
        for name in ("cost", "calls", "waited", "throttled"):
            _raise(getattr(self, name), (sync, run.shop), summary.get(name) or 0)
        for table in changed_tables(summary):
            for what in ROWS:
                _raise(self.rows, (sync, run.shop, str(table["table"]), what), table.get(what, 0))
        for outcome, number in (summary.get("outcomes") or {}).items():
            _raise(self.outcomes, (sync, run.shop, str(outcome)), number)


def _raise(sums: dict[tuple[str, ...], float], labels: tuple[str, ...], number: float) -> None:
    if number or labels in sums:
        sums[labels] = sums.get(labels, 0) + number


class Metrics(Collector):
    """A process's metrics; `gauges` are further numbers by name, such as the inbox's depth, read at each scrape."""

    def __init__(
        self, config: Config, ledger: Ledger, clock: Clock, gauges: dict[str, Callable[[], float]] | None = None
    ) -> None:
        self.config, self.ledger, self.clock = config, ledger, clock
        self.gauges = gauges or {}
        self._totals = Totals()
        self._since = clock.now()
        self._counted: set[str] = set()  # of the last scrape: its ends are looked at once more
        self._lock = threading.Lock()
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def text(self) -> bytes:
        """The exposition, in Prometheus' text format."""
        return generate_latest(self._registry)

    def describe(self) -> list[Metric]:
        return []  # asked at registration; nothing is read before the first scrape

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            self._count()
            yield from self._standing()
            yield from self._sums()
        for name, read in self.gauges.items():
            yield _gauge(f"shoptide_{name}", name.replace("_", " "), [], [((), read())])

    def _count(self) -> None:
        """Take in the runs that ended since the last scrape, each once."""
        now, found = self.clock.now(), self.ledger.ended_runs(self._since)
        for run in found:
            if run.id not in self._counted:
                self._totals.add(run)
        self._counted = {run.id for run in found}
        self._since = max(self._since, now - SETTLING)

    def _standing(self) -> Iterator[Metric]:
        found, now = healths(self.config, self.ledger), self.clock.now()
        yield _gauge("shoptide_info", "This Shoptide", ["version"], [((__version__,), 1)])
        yield _gauge(
            "shoptide_sync_health",
            "1 for the health that a sync is in",
            ["sync", "shop", "health"],
            [((*self._of(each), name), float(each.health == name)) for each in found for name in HEALTHS],
        )
        yield _gauge(
            "shoptide_records",
            "Records of a push by the outcome that they have now",
            ["sync", "shop", "outcome"],
            [((*self._of(each), name), count) for each in found for name, count in each.records.items()],
        )
        fresh = [(each, self._last_success(each.kind, each.name)) for each in found]
        yield _gauge(
            "shoptide_freshness_seconds",
            "Since a sync's last run that succeeded began",
            ["sync", "shop"],
            [(self._of(each), (now - run.started_at).total_seconds()) for each, run in fresh if run is not None],
        )

    def _of(self, found: SyncHealth) -> tuple[str, str]:
        return found.sync, self.config.shops[found.shop].domain

    def _last_success(self, kind: str, name: str) -> Run | None:
        runs = self.ledger.runs(name=name, limit=50)
        return next((run for run in runs if run.kind == kind and run.outcome == "succeeded"), None)

    def _sums(self) -> Iterator[Metric]:
        totals, own = self._totals, ["sync", "shop"]
        yield _counter("shoptide_runs", "Runs that ended", [*own, "outcome"], totals.runs)
        yield _counter("shoptide_rows", "Rows that pulls landed", [*own, "table", "change"], totals.rows)
        yield _counter("shoptide_outcomes", "Rows that pushes settled", [*own, "outcome"], totals.outcomes)
        yield _counter("shoptide_cost_points", "Query cost charged by the store", own, totals.cost)
        yield _counter("shoptide_calls", "Requests sent to the store", own, totals.calls)
        yield _counter("shoptide_throttle_wait_seconds", "Waits for the query budget", own, totals.waited)
        yield _counter("shoptide_throttled", "THROTTLED and 429 answers", own, totals.throttled)


Samples = list[tuple[tuple[str, ...], float]]


def _gauge(name: str, told: str, labels: list[str], samples: Samples) -> Metric:
    found = GaugeMetricFamily(name, told, labels=labels)
    for values, number in samples:
        found.add_metric(values, number)
    return found


def _counter(name: str, told: str, labels: list[str], sums: dict[tuple[str, ...], Any]) -> Metric:
    found = CounterMetricFamily(name, told, labels=labels)
    for values, number in sums.items():
        found.add_metric(values, number)
    return found
