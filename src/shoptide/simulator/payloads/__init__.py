"""What a webhook tells: a topic's payload in the REST shape, built from the shop's records."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from shoptide.simulator.payloads.registry import BUILDERS
from shoptide.simulator.payloads.shapes import number, stamp

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


def metafields(record: Record, namespaces: list[str], shop: Shop) -> list[Record]:
    """A record's metafields of these namespaces, as `metafieldNamespaces` adds them."""
    table = shop.table("Metafield")
    table.add_index("owner", lambda held: held["_owner"])
    kind = record["id"].split("/")[3]
    return [
        {
            "id": number(held["id"]),
            "namespace": held["namespace"],
            "key": held["key"],
            "value": held["value"],
            "description": held.get("description"),
            "owner_id": number(record["id"]),
            "created_at": stamp(held["createdAt"], shop),
            "updated_at": stamp(held["updatedAt"], shop),
            "owner_resource": OWNERS.get(kind, kind.lower()),
            "type": held["type"],
            "admin_graphql_api_id": held["id"],
        }
        for held in table.by("owner", record["id"])
        if held["namespace"] in namespaces
    ]
