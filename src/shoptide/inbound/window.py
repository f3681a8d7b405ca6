"""Which records a pull has to read: from where, whether anything moved at all, and where the cursor may go.

The cursor only ever moves to the moment a read began, by the store's own clock, and the next read begins an overlap
before that: rows that the store's index shows late, and edits of the same whole second, are read again and dropped by
their hash (FACTS 3–7).

Reading the overlap again at every run would cost a busy shop pages of rows that did not change. So one cheap request
first asks how many records stand at or after the floor and when the latest changed. Nothing is read, and the cursor
does not move, when both are as the last read saw them and

- that read began in a later second than the latest change, so an edit in the same second can't hide behind it, and
- the latest change is less than an overlap ago, or the last read already came an overlap after it.

What the probe can miss, for no longer than the overlap: one record leaving the window (deleted) while another enters it
unseen (indexed late), and children edited without their parent's `updatedAt`. Because the cursor stays, the read that
comes when the overlap has passed covers both.

A large read is split into windows by what a record keeps for life (when it was created, or its id), half open and
without gaps, the first without a beginning and the last without an end: each record is in exactly one of them however
often it changes while the operations run. Every window is read as of some moment after the earliest operation began, so
the cursor goes to that moment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoptide.inbound.cursors import Cursor


UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
EVER = datetime(1970, 1, 1, tzinfo=UTC)  # the floor where nothing can be searched: a probe counts everything


@dataclass(frozen=True)
class Probe:
    """The store's answer to "did anything move": records at or after the floor, the latest change, and its clock."""

    count: int
    newest: datetime | None
    at: datetime


def stamp(moment: datetime) -> str:
    """An instant as a search wants it: whole seconds, UTC; round down, so that nothing is cut off."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def search_from(field: str, floor: datetime) -> str:
    """The filter of a window. The instant is quoted: Shopify misreads one that is not (FACTS 1)."""
    return f"{field}:>='{stamp(floor)}'"


def search_until(field: str, end: datetime) -> str:
    return f"{field}:<'{stamp(end)}'"


def settled(cursor: Cursor) -> bool:
    """Whether the last read began in a later second than the latest change it saw: updatedAt has whole seconds."""
    return cursor.newest is None or cursor.read_at.replace(microsecond=0) > cursor.newest


def unmoved(cursor: Cursor, probe: Probe, overlap: timedelta) -> bool:
    """Whether the last read still holds; see the module's text for what makes it safe."""
    if probe.count != cursor.seen or probe.newest != cursor.newest:
        return False
    if probe.newest is None:
        return True
    if not settled(cursor):
        return False
    return probe.at < probe.newest + overlap or cursor.read_at >= probe.newest + overlap


def next_floor(read_at: datetime, overlap: timedelta) -> datetime:
    return (read_at - overlap).replace(microsecond=0)


# windows of one read

Edge = datetime | int  # an instant, or the number of an id
SPAN = re.compile(r"(?:(?P<f1>\w+):>=(?P<begin>'[^']+'|\d+))?(?: ?(?P<f2>\w+):<(?P<end>'[^']+'|\d+))?")


@dataclass(frozen=True)
class Window:
    """What one bulk operation reads of a stream: records whose `field` is in [begin, end), in whole seconds or ids.

    None is open on that side; a window that is open on both sides is the whole read.
    """

    field: str | None = None
    begin: Edge | None = None
    end: Edge | None = None

    def search(self, base: str | None) -> str | None:
        """The filter of the operation: the read's own (`base`) and the window's."""
        parts = [base] if base else []
        if self.begin is not None:
            parts.append(f"{self.field}:>={_edge_text(self.begin)}")
        if self.end is not None:
            parts.append(f"{self.field}:<{_edge_text(self.end)}")
        return " ".join(parts) or None


def window_of(search: str, base: str | None, field: str | None) -> Window | None:
    """The window that a search was made from; None when it belongs to another read."""
    if search == (base or ""):
        return Window()
    prefix = f"{base} " if base else ""
    found = SPAN.fullmatch(search[len(prefix) :]) if search.startswith(prefix) else None
    if found is None or field is None or {found["f1"], found["f2"]} - {field, None}:
        return None
    return Window(field, _edge(found["begin"]), _edge(found["end"]))


def gaps(covered: Iterable[Window], field: str | None) -> list[Window]:
    """What is left to read beside windows that don't overlap."""
    left: list[Window] = []
    begin: Edge | None = None
    for window in sorted(covered, key=beginning):
        if window.begin is not None and (begin is None or position(window.begin) > position(begin)):
            left.append(Window(field, begin, window.begin))
        if window.end is None:
            return left
        begin = window.end
    return [*left, Window(field, begin, None) if begin is not None else Window()]


def disjoint(windows: Iterable[Window]) -> list[Window]:
    """The windows without those that overlap one before them."""
    kept: list[Window] = []
    for window in windows:
        if all(_apart(window, other) for other in kept):
            kept.append(window)
    return kept


EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # before any store


def position(edge: Edge) -> int:
    """An edge as a whole number: seconds of an instant, or the id itself."""
    return edge if isinstance(edge, int) else int(edge.timestamp())


def beginning(window: Window) -> int:
    """What windows are sorted by."""
    return -1 if window.begin is None else position(window.begin)


def _apart(one: Window, other: Window) -> bool:
    return _before(one, other) or _before(other, one)


def _before(one: Window, other: Window) -> bool:
    return one.end is not None and other.begin is not None and position(one.end) <= position(other.begin)


def _edge(text: str | None) -> Edge | None:
    if text is None:
        return None
    if not text.startswith("'"):
        return int(text)
    return datetime.fromisoformat(text.strip("'").replace("Z", "+00:00"))  # noqa: FURB162  # Python 3.10 knows no Z


def _edge_text(edge: Edge) -> str:
    return str(edge) if isinstance(edge, int) else f"'{stamp(edge)}'"
