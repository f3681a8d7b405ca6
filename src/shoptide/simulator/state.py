"""A shop's truth as one JSON document: dumped to a file, restored from it.

Not part of it: files of bulk results and uploads, faults, and the clock, for no store goes back in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from shoptide.simulator import index
from shoptide.simulator.shop import Record, Shop, kind_of

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1


def dump(shop: Shop) -> Record:
    """Everything a reopened shop needs to go on where this one stands."""
    return {
        "format": FORMAT,
        "domain": shop.domain,
        "name": shop.name,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "now": shop.stamp(),
        "settings": dict(shop.settings),
        "counters": dict(shop.counters),
        "tables": {kind: table.all() for kind, table in shop.tables.items()},
    }


def restore(shop: Shop, document: Any) -> None:
    """Replace the shop's records by those of a dump; raises ValueError for anything else, and changes nothing then."""
    _check(document)
    shop.currency, shop.timezone = document["currency"], document["timezone"]
    shop.settings = {**shop.settings, **document.get("settings", {})}
    shop.counters = dict(document["counters"])
    for table in shop.tables.values():
        for record in table.all():
            table.remove(record["id"])
    for kind, rows in document["tables"].items():
        for row in rows:
            shop.table(kind).put(row)
    index.set_lag(shop, dict(index.lags(shop)))
    _end_operations(shop)


def _check(document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"this is no dump of a simulated shop in format {FORMAT}")
    if missing := {"tables", "counters", "currency", "timezone"} - set(document):
        raise ValueError(f"this dump of a simulated shop lacks {', '.join(sorted(missing))}")
    for kind, rows in document["tables"].items():
        wrong = next((row.get("id") for row in rows if not kind_of(str(row.get("id")))), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} in table {kind} is no gid")


def _end_operations(shop: Shop) -> None:
    """Bulk operations that were running have nobody to work them off any more."""
    for record in shop.table("BulkOperation").all():
        if record["status"] in ("CREATED", "RUNNING", "CANCELING"):
            record.update(status="FAILED", errorCode="INTERNAL_SERVER_ERROR", completedAt=shop.stamp())
            shop.table("BulkOperation").put(record)


def save(shop: Shop, path: Path) -> None:
    """Dump to a file; an earlier one stays whole until the new one is."""
    with shop.lock:
        content = msgspec.json.encode(dump(shop))
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(content)
    beside.replace(path)


def load(path: Path) -> Any:
    """The dump in a file; raises ValueError where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise ValueError(f"{path} is no dump of a simulated shop: {error}") from None
