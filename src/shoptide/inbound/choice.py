"""Pages or a bulk operation: what each would take, and the sentence that says why one was chosen."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.cost import requested_cost

# What the two ways take, roughly, in seconds: a page is a round trip, and its points come back at the restore rate; a
# bulk operation costs next to no points, but is queued, run and polled however small it is.
PAGE_SECONDS = 0.5
BULK_SECONDS = 15.0
BULK_ROWS_A_SECOND = 500.0
# How many pages are tried where the store does not count, before a bulk operation is started after all.
TRIAL_PAGES = 3
# From how many points a page on, its ids are counted first (13 points for 250) instead of trying whole pages.
SCOUTED_FROM = 150


@dataclass(frozen=True)
class Budget:
    """What the shop's query budget holds and how fast it fills, in points and points a second."""

    available: float
    restore_rate: float


@dataclass(frozen=True)
class Choice:
    """`path` is paged or bulk; `most` limits the pages where only reading them tells how many there are.

    `points` is what reading so may be charged.
    """

    path: str
    reason: str
    most: int | None = None
    points: int = 0


class Promised:
    """The points that streams read side by side are still to spend: what one may count on, another can't."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points = 0

    @property
    def points(self) -> int:
        return self._points

    @contextmanager
    def held(self, points: int) -> Iterator[None]:
        with self._lock:
            self._points += points
        try:
            yield
        finally:
            with self._lock:
                self._points -= points


def cheaper(plan: StreamPlan, count: int | None, limit: int | None, budget: Budget) -> Choice:
    """The way that is done sooner with `count` records, None where the store does not count them."""
    if limit is not None:
        return Choice("paged", f"at most {limit} records are wanted")
    if not plan.bulkable:
        return Choice("paged", "no bulk operation can read this")
    if count is None:
        told = f"the store does not count this: pages, and a bulk operation if there are more than {TRIAL_PAGES}"
        return Choice("paged", told, TRIAL_PAGES, page_points(plan))
    pages = max(1, math.ceil(count / plan.page_size))
    paged, whole = paged_seconds(plan, pages, budget), bulk_seconds(count)
    told = f"{count} records: about {paged:.0f} s in {_counted(pages, 'page')}, {whole:.0f} s in bulk"
    if paged > whole:
        return Choice("bulk", told)
    return Choice("paged", told, points=pages * page_points(plan))


def paged_seconds(plan: StreamPlan, pages: int, budget: Budget) -> float:
    """A page's requested cost has to be in the budget before it runs: the store lends nothing."""
    return max(pages * PAGE_SECONDS, (pages * page_points(plan) - budget.available) / budget.restore_rate)


def page_points(plan: StreamPlan) -> int:
    """What a whole page is charged before it runs."""
    document, variables = plan.page_request(plan.first_cursors, first=plan.page_size, search=None)
    return requested_cost(plan.schema, document, variables)


def worth_scouting(plan: StreamPlan) -> bool:
    """Whether a page is dear enough to look first how many ids there are."""
    return page_points(plan) >= SCOUTED_FROM


def bulk_seconds(count: int) -> float:
    return BULK_SECONDS + count / BULK_ROWS_A_SECOND


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
