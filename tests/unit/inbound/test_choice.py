"""Pages or bulk: whichever is done sooner with the budget there is, and the sentence that says so."""

from __future__ import annotations

import pytest

from shoptide.inbound.choice import Budget, Promised, cheaper, page_points
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load

STANDARD, PLUS = Budget(2_000, 100), Budget(20_000, 1_000)


@pytest.fixture(scope="module")
def plan() -> StreamPlan:
    return plan_stream(STREAMS["orders"], load("2026-10"))


def test_few_records_come_by_pages_and_many_in_bulk(plan: StreamPlan) -> None:
    assert cheaper(plan, plan.page_size, None, STANDARD).path == "paged"
    assert cheaper(plan, 0, None, STANDARD).path == "paged"
    assert cheaper(plan, 100 * plan.page_size, None, STANDARD).path == "bulk"


def test_a_larger_budget_makes_pages_the_better_way_for_more(plan: StreamPlan) -> None:
    """A page's cost has to be in the bucket before it runs."""
    records = 10 * plan.page_size
    assert cheaper(plan, records, None, STANDARD).path == "bulk"
    assert cheaper(plan, records, None, PLUS).path == "paged"
    assert cheaper(plan, records, None, Budget(0, 100)).path == "bulk"


def test_what_others_have_begun_to_spend_is_no_budget(plan: StreamPlan) -> None:
    """Streams are read side by side: the second finds the budget of the first promised, until that is read."""
    promised = Promised()
    first = cheaper(plan, 2 * plan.page_size, None, STANDARD)
    assert (first.path, first.points) == ("paged", 2 * page_points(plan))
    with promised.held(first.points):
        left = Budget(STANDARD.available - promised.points, STANDARD.restore_rate)
        second = cheaper(plan, 2 * plan.page_size, None, left)
    assert (second.path, second.points) == ("bulk", 0)
    assert promised.points == 0


def test_the_reason_has_the_figures(plan: StreamPlan) -> None:
    reason = cheaper(plan, 1, None, STANDARD).reason
    assert reason == "1 records: about 0 s in 1 page, 15 s in bulk"


def test_what_the_store_does_not_count_is_tried_by_pages(plan: StreamPlan) -> None:
    choice = cheaper(plan, None, None, STANDARD)
    assert (choice.path, choice.most) == ("paged", 3)


def test_a_limit_is_for_pages(plan: StreamPlan) -> None:
    assert cheaper(plan, 10**6, 20, STANDARD).path == "paged"
