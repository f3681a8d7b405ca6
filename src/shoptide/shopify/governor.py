"""Spends one shop's query cost budget: who may send now, who waits how long, so that the store never has to say no.

The store keeps a bucket of points per app and shop that fills at a steady rate; a request takes its requested cost on
arrival and gives back what it did not use. `Bucket` is our picture of it, kept so that it never holds more than the
real one; `Governor` lets threads wait on that picture.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from shoptide.clock import Clock, SystemClock
from shoptide.errors import ConfigError
from shoptide.shopify.backoff import pause


@dataclass(frozen=True)
class Allowance:
    """A bucket's size in points and how many of them come back each second."""

    maximum: float
    restore_rate: float


# FACTS §2. Only where a conversation starts: the store's own throttleStatus counts from its first answer on.
PLANS = {
    "standard": Allowance(2_000, 100),
    "advanced": Allowance(4_000, 200),
    "plus": Allowance(20_000, 1_000),
    "enterprise": Allowance(40_000, 2_000),
}


@dataclass(frozen=True)
class ThrottleStatus:
    """The bucket as an answer reports it; how it stood somewhere between sending and receiving."""

    maximum: float
    available: float
    restore_rate: float


@dataclass(frozen=True)
class Ticket:
    """A request that may go (or waits to): what it reserves, and when it was let go."""

    number: int
    cost: float
    sent_at: float = 0.0


@dataclass(frozen=True)
class Share:
    """What a process may spend from: the budget divided by so many `parties`, this one among them.

    `full_in` is in how many seconds the whole budget is certainly full, for all that others have spent.
    """

    parties: int
    full_in: float


NOT_YET = Share(0, 0.0)  # the others have to make room first


class Shares(Protocol):
    """Where processes that spend from one budget agree on their shares."""

    def renew(self, refill: float) -> Share:
        """Renew the share or ask for one; `refill` is how many seconds an empty budget takes to be full."""

    def leave(self, full_in: float) -> None:
        """Give the share back; the budget is full in so many seconds if nobody else spends from it."""


# How often a share is renewed while it is spent from, and how soon asked for again by who has none yet; seconds.
RENEWED_EVERY = 2.0
ASKED_EVERY = 0.25
# After so many seconds without renewing, others may have taken the share for theirs.
FORGOTTEN = 8.0
# The margin that is never spent, in seconds of restoring: for a store that counts in whole points or restores in steps.
SAFETY_SECONDS = 0.1
# While answers are outstanding their refunds may come any moment, so a waiter looks again at least this often.
GLANCE = 0.05
# Answers show the bucket in whole points.
WHOLE_POINT = 1.0
# How long the answers alone count after somebody else was found to spend from the bucket.
DOUBT_SECONDS = 60.0


@dataclass(frozen=True)
class _Settled:
    at: float
    cost: float
    refund: float


class Bucket:
    """A lower bound of the points the store has left, moved by what we send and what answers say. Pure: time is given.

    What keeps it below the truth, however late and in whatever order answers arrive: what is in flight can't restore
    (`level + in flight <= maximum`), since the store may not have seen it yet; and an answer's figure may or may not
    include any request that was under way beside it, so as a lower bound all of those are taken off it.

    Our own count is a lower bound too as long as nobody else spends from the bucket, so the higher of both is right.
    A count above what an answer allows for proves that somebody does (or that the store restores differently): for a
    while then only what answers say counts.
    """

    def __init__(self, allowance: Allowance, now: float) -> None:
        self.allowance = allowance
        self._level = allowance.maximum
        self._at = now
        self._believed = float("-inf")  # when the request was sent whose answer the level stands on
        self._in_flight: dict[int, Ticket] = {}
        self._settled: list[_Settled] = []  # those that a request still in flight was under way beside
        self._doubted_until = float("-inf")
        self.parties = 1
        self.waiting: list[Ticket] = []

    @property
    def in_flight(self) -> float:
        return sum(each.cost for each in self._in_flight.values())

    def level(self, now: float) -> float:
        """What may be spent now."""
        restored = self._level + max(0.0, now - self._at) * self.allowance.restore_rate
        return min(restored, max(self._level, self.allowance.maximum - self.in_flight))

    def wait(self, ticket: Ticket, now: float) -> float:
        """Seconds until the ticket is affordable after all those that came before it; 0 when it is now."""
        ahead = sum(each.cost for each in self.waiting if each.number < ticket.number)
        needed = ahead + ticket.cost + self._safety()
        ceiling = self.allowance.maximum - self.in_flight
        if not self._in_flight and not ahead:
            needed = min(needed, ceiling)  # dearer than the whole bucket: the store's own refusal is the better answer
        missing = needed - self.level(now)
        return max(0.0, missing / self.allowance.restore_rate) if missing > 1e-6 else 0.0

    def is_busy(self, ticket: Ticket) -> bool:
        """Whether points may come back sooner than by restoring alone."""
        return bool(self._in_flight) or any(each.number < ticket.number for each in self.waiting)

    def take(self, ticket: Ticket, now: float) -> Ticket:
        """Reserve the ticket's cost: it leaves now."""
        self._advance(now)
        sent = Ticket(ticket.number, ticket.cost, now)
        self.waiting = [each for each in self.waiting if each.number != ticket.number]
        self._level -= ticket.cost
        self._in_flight[ticket.number] = sent
        return sent

    def settle(self, ticket: Ticket, now: float, *, actual: float, status: ThrottleStatus | None = None) -> None:
        """Take in an answer: give back what was not used and believe the store's figures if they are the freshest."""
        if ticket.number not in self._in_flight:
            return
        self._advance(now)  # while the ticket still holds its place below the ceiling
        del self._in_flight[ticket.number]
        self._level += ticket.cost - actual
        if status is not None:
            self._believe(ticket, now, status)
        self._settled.append(_Settled(now, actual, ticket.cost - actual))
        self._forget()

    def divide(self, parties: int, now: float) -> None:
        """Go on with the share of one of so many: what the share can't hold is given up."""
        self._advance(now)
        whole = Allowance(self.allowance.maximum * self.parties, self.allowance.restore_rate * self.parties)
        self.parties = parties
        self.allowance = Allowance(whole.maximum / parties, whole.restore_rate / parties)
        self._level = min(self._level, self.allowance.maximum - self.in_flight)

    def begin(self, full_in: float, now: float) -> None:
        """Begin to spend when others did before: of theirs beside us nothing is known, of what was theirs a bound."""
        self._advance(now)
        held = 0.0 if self.parties > 1 else self.allowance.maximum - full_in * self.allowance.restore_rate
        self._level = min(self._level, max(0.0, held))

    def full_in(self, now: float) -> float:
        """Seconds until the whole budget is certainly full, what is in flight counted as spent."""
        missing = self.allowance.maximum - self.level(now)
        return max(0.0, missing) / self.allowance.restore_rate

    def doubt(self, now: float) -> None:
        """Trust our own count no more for a while: the store said THROTTLED to what we thought was affordable."""
        self._doubted_until = now + DOUBT_SECONDS

    def _advance(self, now: float) -> None:
        self._level, self._at = self.level(now), max(self._at, now)

    def _believe(self, ticket: Ticket, now: float, status: ThrottleStatus) -> None:
        if ticket.sent_at < self._believed:
            return  # an older picture than the one we stand on
        self._believed = ticket.sent_at
        if status.restore_rate > 0 and status.maximum > 0:
            self.allowance = Allowance(status.maximum / self.parties, status.restore_rate / self.parties)
        beside = [each for each in self._settled if each.at >= ticket.sent_at]
        restored = (now - ticket.sent_at) * self.allowance.restore_rate
        if self._level > status.available + restored + sum(each.refund for each in beside) + WHOLE_POINT:
            self.doubt(now)
        least = status.available - sum(each.cost for each in beside) - self.in_flight
        if now < self._doubted_until:
            level = least / self.parties
        else:
            # The others' shares, spent or not, are theirs.
            level = max(least - (self.parties - 1) * self.allowance.maximum, self._level)
        self._level = min(level, self.allowance.maximum - self.in_flight)
        self._at = now

    def _forget(self) -> None:
        """Drop settled requests that no outstanding request was beside of."""
        oldest = min((each.sent_at for each in self._in_flight.values()), default=float("inf"))
        self._settled = [each for each in self._settled if each.at >= oldest]

    def _safety(self) -> float:
        return SAFETY_SECONDS * self.allowance.restore_rate


class Governor:
    """Lets the threads of this process send to one shop as one app, in the order they asked, within its budget."""

    def __init__(self, plan: str, clock: Clock) -> None:
        if plan not in PLANS:
            raise ConfigError(f"Plan {plan!r} is not known", hint=f"choose one of {', '.join(PLANS)}")
        self._clock = clock
        self._bucket = Bucket(PLANS[plan], clock.monotonic())
        self._lock = threading.Lock()
        self._numbers = count()
        self._shares: Shares | None = None
        self._renewed = float("-inf")
        self._has_share = False
        self._users = 0

    def used_by(self, shares: Shares | None) -> None:
        """A client begins to send; with `shares` the budget is divided with other processes."""
        with self._lock:
            self._users += 1
            if self._shares is None:
                self._shares = shares

    def left_by(self) -> None:
        """A client has ended; the last one gives the share back."""
        with self._lock:
            self._users -= 1
            if self._users > 0 or self._shares is None:
                return
            shares, self._shares = self._shares, None
            now = self._clock.monotonic()
            if self._renewed > float("-inf"):
                shares.leave(self._bucket.full_in(now) if self._has_share else 0.0)
            self._renewed, self._has_share = float("-inf"), False
            self._bucket.divide(1, now)

    @property
    def allowance(self) -> Allowance:
        return self._bucket.allowance

    def available(self) -> float:
        """What the budget holds now, as far as is known."""
        with self._lock:
            return self._bucket.level(self._clock.monotonic())

    def reserve(self, cost: float, *, clock: Clock | None = None) -> tuple[Ticket, float]:
        """Wait for the points and take them; returns the ticket to settle and the seconds waited.

        `clock` does the sleeping when given: one governor may serve threads that are stopped separately.
        """
        sleeper = clock or self._clock
        waited = 0.0
        with self._lock:
            ticket = Ticket(next(self._numbers), cost)
            self._bucket.waiting.append(ticket)
        started = sleeper.monotonic()
        try:
            while (sent := self._try(ticket, sleeper)) is None:
                pause(sleeper, self._nap(ticket, sleeper))
                waited = sleeper.monotonic() - started
        except BaseException:
            self._leave(ticket)
            raise
        return sent, waited

    def settle(
        self,
        ticket: Ticket,
        *,
        actual: float | None = None,
        status: ThrottleStatus | None = None,
        throttled: bool = False,
    ) -> None:
        """Report an answer: `actual` None means that all that was reserved is taken for spent."""
        with self._lock:
            now = self._clock.monotonic()
            if throttled:
                self._bucket.doubt(now)
            self._bucket.settle(ticket, now, actual=ticket.cost if actual is None else actual, status=status)

    def _try(self, ticket: Ticket, clock: Clock) -> Ticket | None:
        with self._lock:
            now = clock.monotonic()
            if self._shares is not None and not self._share_holds(self._shares, now):
                return None
            return self._bucket.take(ticket, now) if self._bucket.wait(ticket, now) == 0.0 else None

    def _share_holds(self, shares: Shares, now: float) -> bool:
        """Renew the share when it is time to. One that was not spent from for long is one to begin anew."""
        since = now - self._renewed
        if since < (RENEWED_EVERY if self._has_share else ASKED_EVERY):
            return self._has_share
        self._renewed = now
        allowance = self._bucket.allowance
        share = shares.renew(allowance.maximum / allowance.restore_rate)
        if share.parties:
            self._bucket.divide(share.parties, now)
            if not self._has_share or since > FORGOTTEN:
                self._bucket.begin(share.full_in, now)
        self._has_share = bool(share.parties)
        return self._has_share

    def _nap(self, ticket: Ticket, clock: Clock) -> float:
        with self._lock:
            if self._shares is not None and not self._has_share:
                return ASKED_EVERY
            wait = self._bucket.wait(ticket, clock.monotonic())
            if self._shares is not None:
                wait = min(wait, RENEWED_EVERY)
            return min(wait, GLANCE) if self._bucket.is_busy(ticket) else wait

    def _leave(self, ticket: Ticket) -> None:
        with self._lock:
            self._bucket.waiting = [each for each in self._bucket.waiting if each.number != ticket.number]


_governors: dict[tuple[str, str, int], Governor] = {}
_governors_lock = threading.Lock()


def governor_for(domain: str, app: str, *, plan: str = "standard", clock: Clock | None = None) -> Governor:
    """The one governor of this process for an app on a shop: all clients that meet there share its budget.

    Clients on the system's clock share; a clock of a test's own gets a governor of its own.
    """
    key = (domain, app, 0 if clock is None or isinstance(clock, SystemClock) else id(clock))
    with _governors_lock:
        if key not in _governors:
            # Kept for good: the store remembers what was spent when the next client of this process opens.
            _governors[key] = Governor(plan, clock or SystemClock())
        return _governors[key]
