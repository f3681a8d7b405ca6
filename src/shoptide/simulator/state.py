"""A shop's truth as one JSON document: dumped to a file, restored from it. Files of bulk results are not part."""

from __future__ import annotations

from typing import Any

from shoptide.simulator import index
from shoptide.simulator.shop import Record, Shop, kind_of

FORMAT = 1


def dump(shop: Shop) -> Record:
    """Everything a reopened shop needs to go on where this one stands."""
    return {
        "format": FORMAT,
        "domain": shop.domain,
        "currency": shop.currency,
        "timezone": shop.timezone,
        "now": shop.clock.now().isoformat(),
        "counters": dict(shop.counters),
        "tables": {kind: table.all() for kind, table in shop.tables.items()},
    }


def restore(shop: Shop, document: Any) -> None:
    """Replace the shop's records by those of a dump; raises ValueError for anything else, and changes nothing then."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"this is no dump of a simulated shop in format {FORMAT}")
    tables = document["tables"]
    for kind, rows in tables.items():
        wrong = next((row["id"] for row in rows if not kind_of(row["id"])), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} in table {kind} is no gid")
    for table in shop.tables.values():
        for record in table.all():
            table.remove(record["id"])
    for kind, rows in tables.items():
        for row in rows:
            shop.table(kind).put(row)
    index.set_lag(shop, dict(index.lags(shop)))
    shop.counters = dict(document["counters"])
    shop.currency, shop.timezone = document["currency"], document["timezone"]
