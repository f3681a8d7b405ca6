"""What is left when a record goes: an event that says so, and word to whoever listens."""

from __future__ import annotations

from shoptide.simulator.domain import events
from shoptide.simulator.shop import Record, Shop


def forget(shop: Shop, record: Record, topic: str) -> None:
    """Note a deletion; its metafields go with the record."""
    for metafield in metafields_of(shop, record["id"]):
        shop.table("Metafield").remove(metafield["id"])
    events.note(shop, "destroy", record)
    shop.emit(topic, record)


def metafields_of(shop: Shop, owner: str) -> list[Record]:
    held = shop.table("Metafield")
    held.add_index("owner", lambda record: record["_owner"])
    return held.by("owner", owner)
