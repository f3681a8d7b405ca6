"""What a shop can be told about its own behaviour, at the start by flags or while it runs by the control address.

bulk_seconds: how long an operation takes at least · bulk_slots: operations of a type at once · bulk_files: prepared
results by root field · index_lag: seconds by type · late_bump: seconds until a new order is stamped again ·
orders_per_minute: how many a trial store may create · webhook_hosts: where webhooks may go besides this machine ·
webhook_version: the API version of their payloads' headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shoptide.shopify.schema import SUPPORTED_VERSIONS
from shoptide.simulator import index, prepared

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop

NUMBERS = frozenset({"bulk_seconds", "bulk_slots", "late_bump", "orders_per_minute"})
NAMES = NUMBERS | {"bulk_files", "index_lag", "webhook_hosts", "webhook_version"}


def apply(shop: Shop, given: Record) -> None:
    """Set what is given; raises ValueError, and changes nothing then."""
    for name in NUMBERS & set(given):
        value = given[name]
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
            raise ValueError(f"{name} is a number, not {value!r}")
    _check_webhooks(given)
    files = prepared.check(given["bulk_files"]) if "bulk_files" in given else None
    if "index_lag" in given:
        index.set_lag(shop, given["index_lag"])
    if files is not None:
        shop.settings["bulk_files"] = files
    for name in (NUMBERS | {"webhook_hosts", "webhook_version"}) & set(given):
        if given[name] is None:
            shop.settings.pop(name, None)
        else:
            shop.settings[name] = given[name]


def _check_webhooks(given: Record) -> None:
    hosts = given.get("webhook_hosts")
    if hosts is not None and not (isinstance(hosts, list) and all(isinstance(host, str) and host for host in hosts)):
        raise ValueError(f"webhook_hosts is a list of hosts, or of hosts with a port, not {hosts!r}")
    version = given.get("webhook_version")
    if version is not None and version not in SUPPORTED_VERSIONS:
        raise ValueError(f"webhook_version {version!r}: choose one of {', '.join(SUPPORTED_VERSIONS)}")


def shown(shop: Shop) -> dict[str, Any]:
    return {name: shop.settings[name] for name in sorted(NAMES & set(shop.settings))}
