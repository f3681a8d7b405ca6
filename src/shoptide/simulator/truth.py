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
    """Set values of a record: `{"id": gid, "set": {...}, "touch": true, "emit": "orders/updated"}`.

    `touch` moves its `updatedAt` to now, `emit` tells listeners of the topic. Raises ValueError.
    """
    if not isinstance(body, dict) or not isinstance(body.get("set", {}), dict):
        raise ValueError("a change is an object with id and set")  # noqa: TRY004  # the caller's words
    _known(body, CHANGED)
    record = _record(shop, body.get("id"))
    given = body.get("set", {})
    if given.get("id", record["id"]) != record["id"]:
        raise ValueError("the id of a record does not change")
    record.update(given)
    if body.get("touch"):
        shop.touch(record)
    shop.table(kind_of(record["id"])).put(record)
    if body.get("emit"):
        shop.emit(str(body["emit"]), record)
    return {"record": record}


def remove(shop: Shop, asked: Record) -> Record:
    """Take a record away, without a trace: a deletion that no event tells of. Raises ValueError."""
    _known(asked, frozenset({"id"}))
    record = _record(shop, asked.get("id"))
    shop.table(kind_of(record["id"])).remove(record["id"])
    return {"removed": record["id"]}


def _record(shop: Shop, gid: Any) -> Record:
    record = shop.get(gid) if isinstance(gid, str) and kind_of(gid) else None
    if record is None:
        raise ValueError(f"no record with the id {gid!r}: ids look like gid://shopify/Order/123")
    return record


def _known(given: Record, names: frozenset[str]) -> None:
    if unknown := set(given) - names:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}: choose among {', '.join(sorted(names))}")
