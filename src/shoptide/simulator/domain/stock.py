"""What orders do to inventory: pieces are committed when sold, leave when fulfilled, come back when restocked."""

from __future__ import annotations

from shoptide.simulator.domain import inventory
from shoptide.simulator.shop import Record, Shop


def tracked_item(shop: Shop, line: str, location: str | None) -> Record | None:
    """The inventory item behind a line, if it is counted and stocked at the place."""
    record = shop.table("LineItem").get(line)
    variant = shop.get(record.get("variant")) if record else None
    item = shop.get(variant.get("_item")) if variant else None
    if item is None or not item.get("tracked") or location not in item["_levels"]:
        return None
    return item


def _shift(shop: Shop, line: str, location: str | None, deltas: dict[str, int]) -> None:
    item = tracked_item(shop, line, location)
    if item is not None and location is not None:
        inventory.shift(shop, item, location, deltas)


def claim(shop: Shop, order: Record, pieces: dict[str, int], location: str | None) -> None:
    """Sold: available pieces become committed ones."""
    order["_claimed"] = True
    for line, quantity in pieces.items():
        _shift(shop, line, location, {"available": -quantity, "committed": quantity})


def committed(shop: Shop, order: Record, pieces: dict[str, int], location: str | None, *, back: bool) -> None:
    """Fulfilled pieces leave what is committed; those of a cancelled fulfillment come back to it."""
    if order.get("_claimed"):
        for line, quantity in pieces.items():
            _shift(shop, line, location, {"committed": quantity if back else -quantity})


def restock(shop: Shop, order: Record, line: str, quantity: int, location: str | None, *, waiting: int) -> None:
    """Pieces go back on the shelf; those that were still committed are so no longer."""
    gone = min(waiting, quantity) if order.get("_claimed") else 0
    _shift(shop, line, location, {"available": quantity, "committed": -gone} if gone else {"available": quantity})
