"""What orders do to inventory: pieces are committed when sold, leave when fulfilled, come back when restocked."""

from __future__ import annotations

from shoptide.simulator.shop import Record, Shop


def level(shop: Shop, line: str, location: str | None) -> Record | None:
    """The quantities of a line's variant at a place; none for untracked or custom items."""
    record = shop.table("LineItem").get(line)
    variant = shop.get(record.get("variant")) if record else None
    item = shop.get(variant.get("_item")) if variant else None
    if item is None or not item.get("tracked"):
        return None
    levels = item.get("_levels") or {}
    found: Record | None = levels.get(location or "")
    return found


def _move(held: Record, name: str, quantity: int) -> None:
    held[name] = held.get(name, 0) + quantity


def claim(shop: Shop, order: Record, pieces: dict[str, int], location: str | None) -> None:
    """Sold: available pieces become committed ones."""
    order["_claimed"] = True
    for line, quantity in pieces.items():
        if (held := level(shop, line, location)) is not None:
            _move(held, "available", -quantity)
            _move(held, "committed", quantity)


def committed(shop: Shop, order: Record, pieces: dict[str, int], location: str | None, *, back: bool) -> None:
    """Fulfilled pieces leave what is committed; those of a cancelled fulfillment come back to it."""
    if not order.get("_claimed"):
        return
    for line, quantity in pieces.items():
        if (held := level(shop, line, location)) is not None:
            _move(held, "committed", quantity if back else -quantity)


def restock(shop: Shop, order: Record, line: str, quantity: int, location: str | None, *, waiting: int) -> None:
    """Pieces go back on the shelf; those that were still committed are so no longer."""
    held = level(shop, line, location)
    if held is None:
        return
    _move(held, "available", quantity)
    if order.get("_claimed"):
        _move(held, "committed", -min(waiting, quantity))
