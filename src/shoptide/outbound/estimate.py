"""How a plan's writes will leave, what they will cost and how long that takes: reckoned before anything is sent.

One by one they cost points and a round trip each; in common documents the same points and few round trips; in files of
bulk mutations hardly any points, and time to queue and start (FACTS §1.1 to 1.3). Shopify names no speed for bulk
mutations: until a run of this push has measured one, a slow one is taken for granted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from shoptide.ledger import Ledger
from shoptide.outbound.application import ONE_BY_ONE, act
from shoptide.outbound.planning import WRITES, Planned
from shoptide.outbound.replay import Attempt, Mutation, Reads
from shoptide.outbound.session import Refused, Session
from shoptide.shopify import bulk
from shoptide.shopify.cost import MUTATION

SAMPLE = 40  # rows whose first mutation is costed
TOGETHER = 50  # writes from which common documents are worth it, where the plan's rate asks for many a second
BULK_LEAST = 200  # writes below which no bulk operation is started by itself
BULK_START = 20.0  # seconds for upload, queue and polling
BULK_SPEED = 20.0  # rows a second and operation, as long as none was measured
FILE_LEAST = 1_000  # rows a file, where there are enough to fill several operations
RUNS = 20  # looked at for a measured speed

WORDS = {"rows": "row by row", "documents": "many rows a document", "bulk": "by bulk mutations"}


@dataclass(frozen=True)
class Estimate:
    """What sending a plan will take; `points` are those of the shop's query budget, `seconds` beyond its burst."""

    way: str
    writes: int
    points: int
    seconds: float
    operations: int = 0

    def __str__(self) -> str:
        if not self.writes:
            return "nothing to send"
        files = f" ({self.operations} at once)" if self.operations else ""
        return f"{self.writes} writes {WORDS[self.way]}{files}: about {self.points} points, {_duration(self.seconds)}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@dataclass(frozen=True)
class Price:
    """A row's points when it is sent directly, and the share of rows that a bulk mutation can take."""

    points: float
    bulkable: float


def estimate(session: Session, ledger: Ledger, rows: Sequence[Planned], way: str = "auto") -> Estimate:
    """Choose how the writes leave, unless `way` says so. Asks the store nothing."""
    writes = [row for row in rows if row.action in WRITES]
    price = price_of(session, writes)
    direct = _direct(session, len(writes), price)
    if session.push.object in ONE_BY_ONE:
        return direct
    by_bulk = _by_bulk(session, ledger, len(writes), price)
    if way == "auto":
        worth = len(writes) >= BULK_LEAST and price.bulkable > 0.5 and by_bulk.seconds < direct.seconds
        return by_bulk if worth else direct
    return by_bulk if way == "bulk" else Estimate(way, direct.writes, direct.points, direct.seconds)


def price_of(session: Session, writes: Sequence[Planned]) -> Price:
    """The mean of a sample of the rows' first mutations, with what their writers ask before it."""
    sample = writes[:: max(1, len(writes) // SAMPLE)][:SAMPLE]
    points, bulkable = 0.0, 0
    for row in sample:
        try:
            step = Attempt(row).proceed(session, act, may_read=False)
        except Reads as reads:
            points += session.client.cost(reads.document, reads.variables) + MUTATION
            continue
        except Refused:
            continue
        if isinstance(step, Mutation):
            bulkable += 1
            points += session.client.cost(step.document(session), step.given)
    return Price(points / len(sample), bulkable / len(sample)) if sample else Price(0.0, 0.0)


def _direct(session: Session, writes: int, price: Price) -> Estimate:
    allowance = session.client.governor.allowance
    points = math.ceil(writes * price.points)
    seconds = max(0.0, (points - session.client.governor.available()) / allowance.restore_rate)
    a_second = allowance.restore_rate / max(1.0, price.points)
    together = writes >= TOGETHER and a_second > 15 and session.push.object not in ONE_BY_ONE and price.bulkable > 0.5
    return Estimate("documents" if together else "rows", writes, points, seconds)


def _by_bulk(session: Session, ledger: Ledger, writes: int, price: Price) -> Estimate:
    in_files = math.ceil(writes * price.bulkable)
    most = max(1, bulk.slots(session.client.api_version) - session.client.shop.free_bulk_slots)
    operations = min(most, max(1, math.ceil(in_files / FILE_LEAST)))
    rest = _direct(session, writes - in_files, price)
    speed = measured_speed(ledger, session.push.name) or BULK_SPEED
    seconds = BULK_START + in_files / (speed * operations) + rest.seconds
    return Estimate("bulk", writes, rest.points + operations * 2 * MUTATION, seconds, operations)


def measured_speed(ledger: Ledger, push: str) -> float | None:
    """Rows a second and operation of this push's latest run that used bulk mutations."""
    for run in ledger.runs(name=push, limit=RUNS):
        if run.kind == "push" and run.summary.get("bulk_speed"):
            return float(run.summary["bulk_speed"])
    return None
