"""The truth behind the API, read and changed without it: what a test or a rehearsal needs and no store offers.

Records are as the shop keeps them: public fields under their GraphQL names, others begin with an underscore. A change
made here happens to the record alone: no event, no webhook, no new `updatedAt` unless they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoptide.simulator.shop import kind_of

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

ASKED = frozenset({"kind", "id"})
CHANGED = frozenset({"id", "set", "touch", "emit"})
# what listeners are told of a change, and of a deletion
TOPICS = {
    "Collection": ("collections/update", "collections/delete"),
    "Customer": ("customers/update", "customers/delete"),
    "InventoryItem": ("inventory_items/update", "inventory_items/delete"),
    "Location": ("locations/update", "locations/delete"),
    "Order": ("orders/updated", "orders/delete"),
    "Product": ("products/update", "products/delete"),
}


def read(shop: Shop, asked: Record) -> Record:
    """How many records there are by kind; with `kind` all of them, with `id` one. Raises ValueError."""
    _known(asked, ASKED)
    if "id" in asked:
        return {"record": _record(shop, asked["id"])}
    if "kind" in asked:
        if asked["kind"] not in shop.tables:
            raise ValueError(f"no records of kind {asked['kind']!r}: there are {', '.join(sorted(shop.tables))}")
        return {"records": shop.table(asked["kind"]).all()}
    return {"counts": {kind: len(table) for kind, table in sorted(shop.tables.items()) if len(table)}}


def change(shop: Shop, body: Any) -> Record:
    """Set values of a record: `{"id": gid, "set": {...}, "touch": true, "emit": true}`.

    `touch` moves its `updatedAt` to now, `emit` tells listeners (webhooks): true of the kind's own topic, else of the
    topic it names. Raises ValueError.
    """
    if not isinstance(body, dict) or not isinstance(body.get("set", {}), dict):
        raise ValueError("a change is an object with id and set")  # noqa: TRY004  # the caller's words
    _known(body, CHANGED)
    record = _record(shop, body.get("id"))
    topic = _topic(record, body.get("emit"), 0)
    given = body.get("set", {})
    if given.get("id", record["id"]) != record["id"]:
        raise ValueError("the id of a record does not change")
    record.update(given)
    if body.get("touch"):
        shop.touch(record)
    shop.table(kind_of(record["id"])).put(record)
    if topic:
        shop.emit(topic, record)
    return {"record": record}


def remove(shop: Shop, asked: Record) -> Record:
    """Take a record away, without a trace: a deletion that no event tells of; webhooks do with `emit`.

    Raises ValueError.
    """
    _known(asked, frozenset({"id", "emit"}))
    record = _record(shop, asked.get("id"))
    topic = _topic(record, asked.get("emit") in ("1", "true"), 1)
    shop.table(kind_of(record["id"])).remove(record["id"])
    if topic:
        shop.emit(topic, record)
    return {"removed": record["id"]}


def _topic(record: Record, wanted: Any, place: int) -> str | None:
    if not wanted or isinstance(wanted, str):
        return wanted or None
    kind = kind_of(record["id"])
    if kind not in TOPICS:
        raise ValueError(f"no topic tells of a change of {kind}: it does of {', '.join(TOPICS)}")
    return TOPICS[kind][place]


def _record(shop: Shop, gid: Any) -> Record:
    record = shop.get(gid) if isinstance(gid, str) and kind_of(gid) else None
    if record is None:
        raise ValueError(f"no record with the id {gid!r}: ids look like gid://shopify/Order/123")
    return record


def _known(given: Record, names: frozenset[str]) -> None:
    if unknown := set(given) - names:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}: choose among {', '.join(sorted(names))}")
