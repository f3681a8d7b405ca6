"""What a resolver may know besides its record and arguments: the shop, the API version, the calling app, the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shoptide.simulator.refusals import ASIDE
from shoptide.simulator.shop import ALL_SCOPES, Record, Shop

if TYPE_CHECKING:
    from datetime import datetime

    from shoptide.shopify.schema import Schema, ScopeGroups


@dataclass(frozen=True)
class App:
    """The app whose token the request carries, with its access scopes."""

    number: int = 20_000_000_001
    title: str = "Shoptide"
    handle: str = "shoptide"
    scopes: frozenset[str] = ALL_SCOPES

    def may(self, groups: ScopeGroups) -> bool:
        """Whether it has a scope of every group; write_x stands for read_x too, `*` for all an ordinary app gets."""
        if "*" in self.scopes:
            return all(any(scope not in ASIDE or _holds(self.scopes, scope) for scope in group) for group in groups)
        return all(any(_holds(self.scopes, scope) for scope in group) for group in groups)

    @property
    def id(self) -> str:
        return f"gid://shopify/App/{self.number}"

    @property
    def installation_id(self) -> str:
        return f"gid://shopify/AppInstallation/{self.number + 1000}"

    @property
    def namespace(self) -> str:
        """Where its reserved metafields (`$app`) live."""
        return f"app--{self.number}"


@dataclass
class Context:
    """One request (or one bulk operation) on one shop."""

    shop: Shop
    schema: Schema
    app: App = field(default_factory=App)
    url: str = "http://127.0.0.1"  # where this simulator answers: signed addresses start with it
    idempotency_key: str | None = None  # of the mutation field being run
    bulk: bool = False  # a bulk operation's own run: connections are whole, sizes and cursors ignored
    path: list[str | int] = field(default_factory=list)  # where completion stands in the answer
    errors: list[Record] = field(default_factory=list)
    searches: list[Record] = field(default_factory=list)  # entries of `extensions.search`

    @property
    def version(self) -> str:
        return self.schema.version

    @property
    def now(self) -> datetime:
        return self.shop.clock.now()


def _holds(held: frozenset[str], scope: str) -> bool:
    return scope in held or (scope.startswith("read_") and f"write_{scope[5:]}" in held)
