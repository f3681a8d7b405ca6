"""The budget: never overdrawn, nearly all used, first come first served."""

from __future__ import annotations

import heapq
import random
import threading
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from modelled_bucket import ModelBucket
from modelled_time import ModelClock, SharedClock

from shoptide.clock import SystemClock
from shoptide.errors import ConfigError, Interrupted
from shoptide.shopify.governor import PLANS, Allowance, Bucket, Governor, ThrottleStatus, Ticket, governor_for

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Request:
    """One request of a modelled conversation: when it comes up, what it costs, how long each leg of its way takes."""

    at: float
    requested: float
    actual: float
    out: float
    inside: float
    back: float


@st.composite
def requests(draw: st.DrawFn) -> Request:
    requested = draw(st.integers(1, 400))
    leg = st.floats(0.001, 3.0)
    return Request(draw(st.floats(0, 20)), requested, draw(st.integers(0, requested)), draw(leg), draw(leg), draw(leg))


class Conversation:
    """Plays requests event by event; answers overtake each other as their legs have it."""

    def __init__(self, bucket: Bucket, store: ModelBucket) -> None:
        self.bucket = bucket
        self.store = store
        self.now = 0.0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._numbers = count()

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), happens))

    def play(self, planned: list[Request]) -> float:
        """Returns when the last answer was in."""
        for request in planned:
            self.at(request.at, partial(self._ask, request))
        while self._events:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        return self.now

    def spend_elsewhere(self, cost: float) -> None:
        """Another program takes from the same bucket."""
        if self.store.arrive(self.now, cost):
            self.store.finish(self.now, cost, cost)

    def _ask(self, request: Request) -> None:
        ticket = Ticket(next(self._numbers), request.requested)
        self.bucket.waiting.append(ticket)
        self._try(request, ticket)

    def _try(self, request: Request, ticket: Ticket) -> None:
        wait = self.bucket.wait(ticket, self.now)
        if wait == 0:
            self.at(self.now + request.out, partial(self._arrive, request, self.bucket.take(ticket, self.now)))
        else:
            nap = min(wait, 0.05) if self.bucket.is_busy(ticket) else wait
            self.at(self.now + nap, partial(self._try, request, ticket))

    def _arrive(self, request: Request, ticket: Ticket) -> None:
        if self.store.arrive(self.now, request.requested):
            self.at(self.now + request.inside, partial(self._finish, request, ticket))
        else:
            self._answer(request, ticket, 0.0, self.store.status(self.now))

    def _finish(self, request: Request, ticket: Ticket) -> None:
        status = self.store.finish(self.now, request.requested, request.actual)
        self._answer(request, ticket, request.actual, status)

    def _answer(self, request: Request, ticket: Ticket, actual: float, status: ThrottleStatus) -> None:
        def settle() -> None:
            self.bucket.settle(ticket, self.now, actual=actual, status=status)

        self.at(self.now + request.back, settle)


@settings(max_examples=80, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=60), st.sampled_from([Allowance(1000, 50), Allowance(2000, 100)]))
def test_is_never_throttled_whatever_the_latency_and_order_of_answers(planned: list[Request], size: Allowance) -> None:
    """The picture never holds more than the store does, as long as nobody else spends."""
    bucket, store = Bucket(size, 0.0), ModelBucket(size)
    Conversation(bucket, store).play(planned)
    assert store.throttled == 0


@settings(max_examples=30, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=40), st.integers(0, 1000))
def test_an_unused_bucket_comes_back_to_full(planned: list[Request], start: int) -> None:
    """Whatever was believed on the way, nothing of the budget is lost for good."""
    size = Allowance(2000, 100)
    bucket = Bucket(size, 0.0)
    end = Conversation(bucket, ModelBucket(size, level=2000.0 - start)).play(planned)
    assert bucket.in_flight == 0
    assert bucket.level(end + 60 + size.maximum / size.restore_rate) == size.maximum


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1500), st.integers(0, 1000))
def test_recovers_when_others_spend_from_the_same_bucket(start: int, seed: int) -> None:
    """Half the budget goes to another program: what is refused stays a small share, and the rest is used."""
    size = Allowance(2000, 100)
    bucket, store = Bucket(size, 0.0), ModelBucket(size, level=float(start))
    chance = random.Random(seed)
    planned = [Request(i * 0.1, 10, 10, 0.05, chance.uniform(0.01, 0.2), 0.05) for i in range(200)]
    conversation = Conversation(bucket, store)
    for i in range(200):
        conversation.at(i * 0.2, partial(conversation.spend_elsewhere, 10))
    conversation.play(planned)
    assert store.throttled <= 0.1 * len(planned)


@pytest.mark.parametrize("plan", sorted(PLANS))
def test_sixteen_threads_use_the_whole_restore_rate(plan: str) -> None:
    """At least 97 % of what the store restores is spent once the burst is over, and nothing is ever refused."""
    clock, size = SharedClock(), PLANS[plan]
    store, governor = ModelBucket(size, level=size.maximum / 20, now=clock.monotonic()), Governor(plan, clock)
    governor.settle(governor.reserve(0)[0], actual=0, status=store.status(clock.monotonic()))
    seconds = 12.0
    end = clock.monotonic() + seconds
    before = store.level

    def work(number: int) -> None:
        chance = random.Random(number)
        with clock.working():
            while clock.monotonic() < end:
                ticket, _ = governor.reserve(10)
                clock.sleep(chance.uniform(0.005, 0.03))
                taken = store.arrive(clock.monotonic(), 10)
                clock.sleep(chance.uniform(0.001, 0.03))
                status = store.finish(clock.monotonic(), 10, 10) if taken else store.status(clock.monotonic())
                clock.sleep(chance.uniform(0.001, 0.01))
                governor.settle(ticket, actual=10.0 if taken else 0.0, status=status)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for _ in threads:
        clock.join()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert store.throttled == 0
    assert (store.spent - before) / (seconds * size.restore_rate) >= 0.97


def test_waits_exactly_as_long_as_the_points_take_to_come_back() -> None:
    """FACTS §2: 862 points wanted, 572 left, 200 a second: 1.45 s, and the tenth of a second of safety."""
    clock = ModelClock()
    governor = Governor("advanced", clock)
    ticket, _ = governor.reserve(862)
    governor.settle(ticket, actual=0, status=ThrottleStatus(4000, 572, 200), throttled=True)
    _, waited = governor.reserve(862)
    assert waited == pytest.approx(1.45 + 0.1, abs=1e-6)
    assert len(clock.slept) == 1


def test_does_not_wait_while_the_bucket_is_full_enough() -> None:
    """The burst goes out at once."""
    clock = ModelClock()
    governor = Governor("standard", clock)
    assert [governor.reserve(10)[1] for _ in range(190)] == [0.0] * 190
    assert clock.slept == []


def test_gives_back_what_an_answer_did_not_use() -> None:
    """A query that asked 1,000 and used 100 leaves room for the next at once."""
    clock = ModelClock()
    governor = Governor("standard", clock)
    for _ in range(10):
        ticket, waited = governor.reserve(1000)
        assert waited == 0
        governor.settle(ticket, actual=100)
    assert governor.available() == 1000


def test_believes_the_store_about_size_and_rate() -> None:
    """Plans are only where it starts: 2026 answers with 7,500/100 and 1,000/50 were seen."""
    governor = Governor("standard", ModelClock())
    ticket, _ = governor.reserve(10)
    governor.settle(ticket, actual=10, status=ThrottleStatus(7500, 7490, 500))
    assert governor.allowance == Allowance(7500, 500)
    ticket, _ = governor.reserve(10)
    governor.settle(ticket, actual=10, status=ThrottleStatus(1000, 990, 50))
    assert governor.allowance == Allowance(1000, 50)
    assert governor.available() == 990


def test_a_late_answer_does_not_overrule_a_fresher_one() -> None:
    """The bucket as it stood when a slow request was sent says nothing about now."""
    clock = ModelClock()
    governor = Governor("standard", clock)
    slow, _ = governor.reserve(10)
    clock.sleep(1)
    quick, _ = governor.reserve(500)
    governor.settle(quick, actual=500, status=ThrottleStatus(2000, 1490, 100))
    governor.settle(slow, actual=10, status=ThrottleStatus(2000, 1990, 100))
    assert governor.available() <= 1490


def test_a_query_dearer_than_the_bucket_goes_out_when_the_bucket_is_full() -> None:
    """The store's own refusal is a better answer than waiting for ever."""
    clock = ModelClock()
    governor = Governor("standard", clock)
    governor.settle(governor.reserve(500)[0], actual=500)
    _, waited = governor.reserve(5000)
    assert waited == pytest.approx(5)


def test_serves_in_the_order_of_asking() -> None:
    """A cheap request may not overtake a dear one that waits: the dear one would never go."""
    bucket = Bucket(Allowance(2000, 100), 0.0)
    spent = Ticket(0, 1900)
    bucket.waiting.append(spent)
    bucket.settle(bucket.take(spent, 0.0), 0.0, actual=1900)
    dear, cheap = Ticket(1, 1000), Ticket(2, 1)
    bucket.waiting += [dear, cheap]
    assert bucket.wait(cheap, 0.0) > bucket.wait(dear, 0.0) > 0


def test_a_stopped_clock_ends_the_waiting_and_leaves_the_queue() -> None:
    """Ctrl-C while waiting is Interrupted, and who waits behind is not held up."""
    clock = SystemClock()
    governor = Governor("standard", clock)
    governor.settle(governor.reserve(1900)[0], actual=1900)
    clock.stop.set()
    with pytest.raises(Interrupted):
        governor.reserve(1000)
    assert governor.reserve(10)[1] == 0


def test_an_unknown_plan_names_the_known_ones() -> None:
    """A typo in the configuration is told with what would be right."""
    with pytest.raises(ConfigError, match="'premium'") as caught:
        Governor("premium", ModelClock())
    assert "standard, advanced, plus, enterprise" in str(caught.value.hint)


def test_clients_of_one_app_on_one_shop_share_a_governor() -> None:
    """The bucket is per app and shop; another app or shop has its own."""
    clock = ModelClock()
    first = governor_for("a.myshopify.com", "app", clock=clock)
    assert governor_for("a.myshopify.com", "app", clock=clock) is first
    assert governor_for("a.myshopify.com", "other", clock=clock) is not first
    assert governor_for("b.myshopify.com", "app", clock=clock) is not first
    system = governor_for("a.myshopify.com", "app")
    assert governor_for("a.myshopify.com", "app", clock=SystemClock()) is system
