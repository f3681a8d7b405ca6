"""Everything one simulator process holds: its shops, their cost buckets and credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from shoptide.shopify import schema as compact
from shoptide.simulator import domain, settings, state
from shoptide.simulator.bucket import PLANS, Bucket
from shoptide.simulator.context import App, Context
from shoptide.simulator.credentials import Credentials
from shoptide.simulator.deliveries import Post
from shoptide.simulator.execution import Request, answer
from shoptide.simulator.notices import Notices, unsubscribe
from shoptide.simulator.seed import found_shop, seed
from shoptide.simulator.shop import Record, Shop, SimClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from shoptide.simulator.faults import Rule

DEFAULT_TOKEN = "shpat_simulated"  # noqa: S105  # the simulator's published default
DEFAULT_NAME = "simulated"


@dataclass(frozen=True)
class Opening:
    """How a shop begins; resetting it begins the same again."""

    name: str = DEFAULT_NAME
    customers: int = 0
    products: int = 0
    orders: int = 0
    seed: int = 1
    plan: str = "standard"
    currency: str = "CAD"
    timezone: str = "America/Toronto"
    scopes: frozenset[str] = frozenset({"*"})
    token: str = DEFAULT_TOKEN
    now: datetime | None = None
    dump: Path | None = None  # a file to begin with, instead of seeded data
    settings: Record = field(default_factory=dict)
    faults: tuple[Rule, ...] = ()

    def open(self) -> Shop:
        if self.plan not in PLANS:
            raise ValueError(f"plan {self.plan!r}: choose one of {', '.join(PLANS)}")
        domain.load()
        shop = Shop(
            f"{self.name}.myshopify.com",
            name=self.name.replace("-", " ").title(),
            currency=self.currency,
            timezone=self.timezone,
            plan=self.plan,
            scopes=self.scopes,
            token=self.token,
            clock=SimClock(self.now),
        )
        found_shop(shop)
        if self.dump is not None:
            state.restore(shop, state.load(self.dump))
        elif self.customers or self.products or self.orders:
            seed(shop, customers=self.customers, products=self.products, orders=self.orders, seed=self.seed)
        settings.apply(shop, self.settings)
        shop.faults.set(self.faults)
        return shop


@dataclass
class Reply:
    status: int
    body: Record | str
    headers: dict[str, str] = field(default_factory=dict)


class Stall:
    """A shop with what belongs to its API side: bucket, app, credentials."""

    def __init__(self, opening: Opening) -> None:
        self.opening = opening
        self._open()

    def reset(self) -> None:
        """Open the shop anew: its data, clock, tokens, limits, settings and faults are as at the start."""
        self.post.close()
        self.shop.close()
        self._open()

    def _open(self) -> None:
        self.shop = self.opening.open()
        self.bucket = Bucket.of_plan(self.opening.plan, self.shop.clock)
        self.credentials = Credentials()
        self.requests = 0
        self.post = Post(self.shop.clock, partial(unsubscribe, self.shop))
        self.notices = Notices(self.shop, self.post, self.credentials)
        self.shop.listeners.append(self.notices.hear)
        self.shop.ears.append(self.notices.heeds)
        self.shop.settled.append(self.notices.settle)

    def app(self) -> App:
        return App(scopes=frozenset(self.shop.scopes))

    def context(self, version: str, url: str) -> Context:
        return Context(self.shop, compact.load(version), self.app(), url)

    def execute(self, request: Request, version: str, url: str, *, debug: bool = False) -> Record:
        """Answer a request; one at a time, as a shop's database would order them."""
        with self.shop.lock:
            self.requests += 1
            try:
                return answer(request, self.context(version, url), self.bucket, debug=debug)
            finally:
                self.shop.settle()


class World:
    """The shops by name; the first is the one that addresses without a name mean."""

    def __init__(self, openings: Iterable[Opening] = (Opening(),)) -> None:
        self.stalls = {opening.name: Stall(opening) for opening in openings}

    @classmethod
    def seeded(
        cls,
        *,
        customers: int = 0,
        products: int = 0,
        orders: int = 0,
        seed: int = 1,
        plan: str = "standard",
        currency: str = "CAD",
        timezone: str = "America/Toronto",
        scopes: Iterable[str] = ("*",),
        token: str = DEFAULT_TOKEN,
        name: str = DEFAULT_NAME,
        now: datetime | None = None,
    ) -> World:
        opening = Opening(
            name, customers, products, orders, seed, plan, currency, timezone, frozenset(scopes), token, now
        )
        return cls([opening])

    @classmethod
    def empty(
        cls,
        *,
        plan: str = "standard",
        currency: str = "CAD",
        timezone: str = "America/Toronto",
        scopes: Iterable[str] = ("*",),
        token: str = DEFAULT_TOKEN,
        name: str = DEFAULT_NAME,
        now: datetime | None = None,
    ) -> World:
        return cls.seeded(
            plan=plan, currency=currency, timezone=timezone, scopes=scopes, token=token, name=name, now=now
        )

    @property
    def first(self) -> Stall:
        return next(iter(self.stalls.values()))

    @property
    def shop(self) -> Shop:
        """The first shop: what tests of one shop look at."""
        return self.first.shop

    def stall(self, name: str | None) -> Stall | None:
        return self.first if name is None else self.stalls.get(name)

    def add(self, opening: Opening) -> Stall:
        self.stalls[opening.name] = Stall(opening)
        return self.stalls[opening.name]

    def reset(self) -> None:
        for stall in self.stalls.values():
            stall.reset()
