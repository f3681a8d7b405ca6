"""What a shop can be told about its own behaviour, at the start by flags or while it runs by the control address.

bulk_seconds: how long an operation takes at least · bulk_slots: operations of a type at once · bulk_files: prepared
results by root field · index_lag: seconds by type · late_bump: seconds until a new order is stamped again ·
orders_per_minute: how many a trial store may create.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoptide.simulator import index, prepared

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

NUMBERS = frozenset({"bulk_seconds", "bulk_slots", "late_bump", "orders_per_minute"})
NAMES = NUMBERS | {"bulk_files", "index_lag"}


def apply(shop: Shop, given: Record) -> None:
    """Set what is given; raises ValueError, and changes nothing then."""
    for name in NUMBERS & set(given):
        value = given[name]
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
            raise ValueError(f"{name} is a number, not {value!r}")
    files = prepared.check(given["bulk_files"]) if "bulk_files" in given else None
    if "index_lag" in given:
        index.set_lag(shop, given["index_lag"])
    if files is not None:
        shop.settings["bulk_files"] = files
    for name in NUMBERS & set(given):
        if given[name] is None:
            shop.settings.pop(name, None)
        else:
            shop.settings[name] = given[name]


def shown(shop: Shop) -> dict[str, Any]:
    return {name: shop.settings[name] for name in sorted(NAMES & set(shop.settings))}
