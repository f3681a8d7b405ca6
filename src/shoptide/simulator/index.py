"""The search index of a shop: what searches and sorted lists go by, some seconds behind the records (FACTS 5 to 7).

Off by default. Where a kind lags, a new record is not found yet, a changed one is found by what it was, a deleted one
still counts; reading by id is never behind. What an index reads of other tables (an order's payments) is the present.
"""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from shoptide.simulator.registry import SEARCHES

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop, SimClock, Table

NEVER_BEHIND = frozenset({"BulkOperation", "Event", "WebhookSubscription"})


class Index:
    """A table as its search index knows it: the records as they were `seconds` ago."""

    def __init__(self, table: Table, clock: SimClock, seconds: float) -> None:
        self.table = table
        self.clock = clock
        self.seconds = seconds
        self.version = 0  # moves when the index learns something
        self._rows = {row["id"]: _copied(row) for row in table}
        self._waiting: deque[tuple[datetime, str, Record | None]] = deque()
        self._open: Counter[str] = Counter()

    def note(self, gid: str, record: Record | None) -> None:
        """A record changed, or went (None): the index hears of it later."""
        due = self.clock.now() + timedelta(seconds=self.seconds)
        self._waiting.append((due, gid, None if record is None else _copied(record)))
        self._open[gid] += 1

    def settle(self) -> None:
        """Learn what is due by now."""
        now = self.clock.now()
        while self._waiting and self._waiting[0][0] <= now:
            _due, gid, known = self._waiting.popleft()
            self._open[gid] -= 1
            if not self._open[gid]:
                # The last change: a resolver may have gone on with the record after it put it back.
                live = self.table.get(gid)
                known = None if live is None else _copied(live)
                del self._open[gid]
            if known is None:
                self._rows.pop(gid, None)
            else:
                self._rows[gid] = known
            self.version += 1

    def rows(self) -> list[Record]:
        self.settle()
        return list(self._rows.values())


def _copied(record: Record) -> Record:
    copied: Record = msgspec.json.decode(msgspec.json.encode(record))
    return copied


def lagging_kinds() -> list[str]:
    """The types whose index may lag."""
    return sorted(set(SEARCHES) - NEVER_BEHIND)


def set_lag(shop: Shop, wanted: Any) -> None:
    """Let indexes lag: seconds for all of them, or `{"Product": 60, "Order": 5}`; 0 is none. Raises ValueError."""
    seconds = dict.fromkeys(lagging_kinds(), wanted) if isinstance(wanted, int | float) else wanted
    if not isinstance(seconds, dict):
        raise ValueError(f"index_lag is a number of seconds or one for each type, not {wanted!r}")  # noqa: TRY004  # the caller's words
    for kind, number in seconds.items():
        if kind not in lagging_kinds():
            raise ValueError(f"index_lag of {kind!r}: choose among {', '.join(lagging_kinds())}")
        if not isinstance(number, int | float) or number < 0:
            raise ValueError(f"index_lag of {kind} is a number of seconds, not {number!r}")
    for kind, number in seconds.items():
        table = shop.table(kind)
        table.index = Index(table, shop.clock, float(number)) if number else None
    held = {**lags(shop), **seconds}
    shop.settings["index_lag"] = {kind: number for kind, number in held.items() if number}


def lags(shop: Shop) -> dict[str, float]:
    """The seconds that each type's index lags; types that don't are absent."""
    found: dict[str, float] = shop.settings.get("index_lag", {})
    return found
