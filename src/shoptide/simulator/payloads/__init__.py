"""What a webhook tells: a topic's payload in the REST shape, built from the shop's records."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from shoptide.simulator.context import App
from shoptide.simulator.payloads.registry import BUILDERS
from shoptide.simulator.payloads.shapes import number, stamp
from shoptide.simulator.shop import kind_of

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

UNKNOWN: Record = {}  # the payload of a topic that none is known for
OWNERS = {"ProductVariant": "variant"}


@cache
def _load() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


def build(topic: str, record: Record, shop: Shop) -> Record | None:
    """The payload of a topic for the record it is about; None when the shop has no such record any more.

    UNKNOWN for a topic without a builder. Hold the shop's lock.
    """
    _load()
    builder = BUILDERS.get(topic)
    return builder(topic, record, shop) if builder else UNKNOWN


def metafields(record: Record, subscription: Record, shop: Shop) -> list[Record]:
    """A record's metafields of the namespaces, and of the names, that a subscription wants."""
    namespaces = {_namespace(each) for each in subscription.get("metafieldNamespaces") or ()}
    names = {(_namespace(each["namespace"]), each["key"]) for each in subscription.get("metafields") or ()}
    table = shop.table("Metafield")
    table.add_index("owner", lambda held: held["_owner"])
    return [
        _metafield(held, record, shop)
        for held in table.by("owner", record["id"])
        if held["namespace"] in namespaces or (held["namespace"], held["key"]) in names
    ]


def _namespace(wanted: str) -> str:
    """`$app` and `$app:sub` are the app's own."""
    if wanted != "$app" and not wanted.startswith("$app:"):
        return wanted
    return "--".join(filter(None, (App().namespace, wanted.removeprefix("$app").removeprefix(":"))))


def _metafield(held: Record, owner: Record, shop: Shop) -> Record:
    kind = kind_of(owner["id"])
    return {
        "id": number(held["id"]),
        "namespace": held["namespace"],
        "key": held["key"],
        "value": held["value"],
        "description": held.get("description"),
        "owner_id": number(owner["id"]),
        "created_at": stamp(held["createdAt"], shop),
        "updated_at": stamp(held["updatedAt"], shop),
        "owner_resource": OWNERS.get(kind, kind.lower()),
        "type": held["type"],
        "admin_graphql_api_id": held["id"],
    }
