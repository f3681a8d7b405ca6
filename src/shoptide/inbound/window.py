"""Which records a pull has to read: from where, whether anything moved at all, and where the cursor may go.

The cursor only ever moves to the moment a read began, by the store's own clock, and the next read begins an overlap
before that: rows that the store's index shows late, and edits of the same whole second, are read again and dropped by
their hash (FACTS 3–7).

Reading the overlap again at every run would cost a busy shop pages of rows that did not change. So one cheap request
first asks how many records stand at or after the floor and when the latest changed. Nothing is read, and the cursor
does not move, when both are as the last read saw them and

- that read began in a later second than the latest change, so an edit in the same second can't hide behind it, and
- the latest change is less than an overlap ago, or the last read already came an overlap after it.

What this can miss, for no longer than the overlap: one record leaving the window (deleted) while another enters it
unseen (indexed late), and children edited without their parent's `updatedAt`. Because the cursor stays, the read that
comes when the overlap has passed covers both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from shoptide.inbound.cursors import Cursor

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package


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
