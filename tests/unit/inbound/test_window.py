"""When a pull may skip reading, and where its cursor goes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from shoptide.inbound.cursors import Cursor, load, prepare, save
from shoptide.inbound.window import Probe, next_floor, search_from, settled, unmoved
from shoptide.warehouse.duckdb import DuckDBWarehouse

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)


def second(number: float) -> datetime:
    return NOON + timedelta(seconds=number)


def cursor(newest: datetime | None, read_at: datetime, seen: int = 3) -> Cursor:
    return Cursor(read_at, next_floor(read_at, OVERLAP), seen, newest, read_at)


def test_the_instant_is_quoted_and_rounded_down() -> None:
    """Unquoted, Shopify reads a timestamp as something else (FACTS 1); rounded up, it would cut records off."""
    assert search_from("updated_at", second(0.999)) == "updated_at:>='2026-11-01T12:00:00Z'"


def test_an_edit_in_the_second_of_the_read_is_not_settled() -> None:
    assert not settled(cursor(newest=second(5), read_at=second(5.9)))
    assert settled(cursor(newest=second(5), read_at=second(6)))
    assert settled(cursor(newest=None, read_at=second(0)))


@pytest.mark.parametrize(
    ("probe", "holds"),
    [
        (Probe(3, second(0), second(60)), True),
        (Probe(4, second(0), second(60)), False),  # one more
        (Probe(2, second(0), second(60)), False),  # one fewer
        (Probe(3, second(1), second(60)), False),  # one changed
        (Probe(3, second(0), second(601)), False),  # the overlap has passed: read once more
    ],
)
def test_a_read_is_skipped_only_when_nothing_can_have_moved(probe: Probe, holds: bool) -> None:
    assert unmoved(cursor(newest=second(0), read_at=second(2)), probe, OVERLAP) is holds


def test_after_the_read_behind_the_overlap_nothing_more_is_read() -> None:
    late = cursor(newest=second(0), read_at=second(601))
    assert unmoved(late, Probe(3, second(0), second(9999)), OVERLAP)


def test_an_empty_stream_stays_skipped() -> None:
    assert unmoved(cursor(newest=None, read_at=second(0), seen=0), Probe(0, None, second(9999)), OVERLAP)


def test_the_floor_is_the_overlap_before_the_read_in_whole_seconds() -> None:
    assert next_floor(second(0.5), OVERLAP) == NOON - OVERLAP


def test_cursors_come_back_as_they_were_saved() -> None:
    warehouse = DuckDBWarehouse(None, "shopify")
    prepare(warehouse)
    saved = Cursor(second(1), second(0), 7, None, second(2.25), "2026-10")
    save(warehouse, "acme", "store", "orders", saved, "run-1")
    save(warehouse, "acme", "store", "customers", cursor(second(1), second(9)), "run-1")
    assert load(warehouse, "acme", "store", "orders") == saved
    assert load(warehouse, "other", "store", "orders") is None
    moved = Cursor(second(5), second(4), 8, second(4), second(6), "2026-10")
    save(warehouse, "acme", "store", "orders", moved, "run-2")
    assert load(warehouse, "acme", "store", "orders") == moved
