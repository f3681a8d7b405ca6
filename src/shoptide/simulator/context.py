"""What a resolver may know besides its record and arguments: the shop, the API version, the calling app, the time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from shoptide.shopify.schema import Schema, ScopeGroups
from shoptide.simulator.shop import ALL_SCOPES, Shop


@dataclass(frozen=True)
class App:
    """The app whose token the request carries; its scopes are the shop's unless narrowed."""

    number: int = 580111
    title: str = "Shoptide"
    handle: str = "shoptide"

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
    in_bulk: bool = False

    @property
    def version(self) -> str:
        return self.schema.version

    @property
    def now(self) -> datetime:
        return self.shop.clock.now()

    def allows(self, groups: ScopeGroups) -> bool:
        """Whether the token has a scope of every group; write_x stands for read_x as well."""
        held = self.shop.scopes
        if held >= ALL_SCOPES:
            return True
        return all(any(_holds(held, scope) for scope in group) for group in groups)


def _holds(held: set[str], scope: str) -> bool:
    return scope in held or (scope.startswith("read_") and f"write_{scope[5:]}" in held)
