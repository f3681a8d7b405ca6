"""What a token may do in a store, and what kind of store it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shoptide.shopify.schema import ScopeGroups

DOCUMENT = """query ShopAccess {
  currentAppInstallation { accessScopes { handle } }
  shop {
    name
    myshopifyDomain
    plan { publicDisplayName partnerDevelopment shopifyPlus }
    currencyCode
    ianaTimezone
  }
}"""


@dataclass(frozen=True)
class ShopPlan:
    """The store's subscription: `name` as the store words it (Basic, Grow, Advanced, Plus …)."""

    name: str
    development: bool
    plus: bool


@dataclass(frozen=True)
class Access:
    """The scopes granted and the store they are for."""

    scopes: frozenset[str]
    shop_name: str
    domain: str
    plan: ShopPlan
    currency: str
    timezone: str

    @classmethod
    def of(cls, data: dict[str, Any]) -> Access:
        installation, shop = data.get("currentAppInstallation") or {}, data.get("shop") or {}
        plan = shop.get("plan") or {}
        return cls(
            frozenset(each["handle"] for each in installation.get("accessScopes") or ()),
            shop.get("name") or "",
            shop.get("myshopifyDomain") or "",
            ShopPlan(
                plan.get("publicDisplayName") or "", bool(plan.get("partnerDevelopment")), bool(plan.get("shopifyPlus"))
            ),
            shop.get("currencyCode") or "",
            shop.get("ianaTimezone") or "UTC",
        )

    def has(self, scope: str) -> bool:
        """Whether a scope is granted; who may write products may also read them."""
        return scope in self.scopes or scope.replace("read_", "write_", 1) in self.scopes

    def missing(self, groups: ScopeGroups) -> tuple[tuple[str, ...], ...]:
        """The groups of which no scope is granted; every group is needed, any scope of a group will do."""
        return tuple(group for group in groups if not any(self.has(scope) for scope in group))

    def lacking(self, scopes: Iterable[str]) -> tuple[str, ...]:
        return tuple(scope for scope in scopes if not self.has(scope))
