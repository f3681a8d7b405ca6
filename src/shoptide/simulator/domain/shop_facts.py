"""The shop itself and the app that asks: settings, plan, access scopes, jobs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from shoptide.shopify.schema import LATEST_VERSION, SUPPORTED_VERSIONS, Schema
from shoptide.simulator.refusals import ASIDE
from shoptide.simulator.registry import ROOTS, Args, field, root
from shoptide.simulator.roots import generic_root

if TYPE_CHECKING:
    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record

PLAN_NAMES = {"standard": "Basic", "advanced": "Advanced", "plus": "Shopify Plus", "enterprise": "Commerce Components"}

ADDRESS = {
    "address1": "103 Ossington Ave",
    "city": "Toronto",
    "province": "Ontario",
    "provinceCode": "ON",
    "zip": "M6J 2Z2",
    "country": "Canada",
    "countryCodeV2": "CA",  # the country whose own phone numbers need no code
}


@root("shop")
def shop(_args: Args, ctx: Context) -> Record:
    return shop_record(ctx)


def shop_record(ctx: Context) -> Record:
    facts, offset = ctx.shop, ctx.now.astimezone(ctx.shop.zone())
    minutes = int((offset.utcoffset() or offset - offset).total_seconds() // 60)
    sign, hours = "-" if minutes < 0 else "+", abs(minutes)
    return {
        "id": f"gid://shopify/Shop/{facts.number}",
        "name": facts.name,
        "email": f"owner@{facts.domain.split('.')[0]}.example",
        "contactEmail": f"owner@{facts.domain.split('.')[0]}.example",
        "myshopifyDomain": facts.domain,
        "url": f"https://{facts.domain}",
        "primaryDomain": {
            "id": f"gid://shopify/Domain/{facts.number}",
            "host": facts.domain,
            "url": f"https://{facts.domain}",
            "sslEnabled": True,
        },
        "currencyCode": facts.currency,
        "enabledPresentmentCurrencies": [facts.currency],
        "ianaTimezone": facts.timezone,
        "timezoneAbbreviation": offset.tzname(),
        "timezoneOffset": f"{sign}{hours // 60:02d}{hours % 60:02d}",
        "timezoneOffsetMinutes": minutes,
        "weightUnit": "KILOGRAMS",
        "unitSystem": "METRIC_SYSTEM",
        "plan": _plan(facts.plan),
        "createdAt": facts.created_at,
        "updatedAt": facts.created_at,
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "taxesIncluded": False,
        "billingAddress": ADDRESS | {"id": f"gid://shopify/ShopAddress/{facts.number}"},
        "shopAddress": ADDRESS | {"id": f"gid://shopify/ShopAddress/{facts.number}"},
    }


def _plan(name: str) -> Record:
    shown = PLAN_NAMES[name]
    return {
        "displayName": shown,
        "publicDisplayName": shown,
        "partnerDevelopment": name == "standard",
        "shopifyPlus": name in ("plus", "enterprise"),
    }


def _same_as_root(name: str) -> Any:
    """`Shop.products` lists what the root does."""

    def resolve(_record: Record, args: Args, ctx: Context) -> Any:
        resolver = ROOTS.get(name)
        return resolver(args, ctx) if resolver else generic_root(name, args, ctx)

    return resolve


for _name in ("products", "orders", "customers", "collections", "locations", "productVariants", "inventoryItems"):
    field("Shop", _name)(_same_as_root(_name))


# the app


@cache
def every_scope(source: Schema) -> tuple[str, ...]:
    """Every access scope the schema speaks of, save those that no ordinary app is granted."""
    found = {scope for name in source.names() for group in _groups(source, name) for scope in group}
    return tuple(sorted(found - ASIDE))


def _groups(source: Schema, name: str) -> list[tuple[str, ...]]:
    kind = source.type(name)
    groups = list(kind.scopes)
    for one in kind.fields.values():
        groups.extend(one.scopes)
    return groups


def granted(ctx: Context) -> list[Record]:
    handles = [*every_scope(ctx.schema), "read_all_orders"] if "*" in ctx.app.scopes else sorted(ctx.app.scopes)
    return [{"handle": handle, "description": handle.replace("_", " ").capitalize()} for handle in handles]


@root("currentAppInstallation")
def installation(_args: Args, ctx: Context) -> Record:
    return {"id": ctx.app.installation_id, "app": app_record(ctx), "accessScopes": granted(ctx)}


@root("appInstallation")
def app_installation(args: Args, ctx: Context) -> Record | None:
    wanted = args.get("id")
    return installation(args, ctx) if wanted in (None, ctx.app.installation_id) else None


@root("app")
def app(args: Args, ctx: Context) -> Record | None:
    return app_record(ctx) if args.get("id") in (None, ctx.app.id) else None


def app_record(ctx: Context) -> Record:
    return {
        "id": ctx.app.id,
        "title": ctx.app.title,
        "handle": ctx.app.handle,
        "apiKey": "simulated-client",
        "embedded": False,
        "availableAccessScopes": granted(ctx),
        "requestedAccessScopes": granted(ctx),
    }


@root("publicApiVersions")
def versions(_args: Args, _ctx: Context) -> list[Record]:
    return [
        {
            "handle": version,
            "displayName": version + (" (Latest)" if version == LATEST_VERSION else ""),
            "supported": True,
        }
        for version in SUPPORTED_VERSIONS
    ]


# jobs


@root("job")
def job(args: Args, ctx: Context) -> Record:
    """A job the shop knows, or one long done: Shopify answers any id so."""
    known = ctx.shop.get(args["id"])
    return known if known is not None else {"id": args["id"], "done": True, "query": {}}
