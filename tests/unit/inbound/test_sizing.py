"""Windows of a large read: together they hold every record once, whatever the store's history looks like."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shoptide.inbound.sizing import Bounds, Sizing, halved, split
from shoptide.inbound.window import Edge, Window, disjoint, gaps, position, search_from, window_of

OPENED = datetime(2019, 3, 1, 9, 30, 15, tzinfo=UTC)
NOW = datetime(2026, 10, 1, 12, 0, 0, 250_000, tzinfo=UTC)
BOUNDS = Bounds(OPENED, NOW)
# Many in one second, many in one hour, some before the oldest known and some that came after counting began.
SECONDS = st.one_of(st.integers(-5, 3), st.integers(100_000, 103_600), st.integers(0, 239_000_000))
RECORDS = st.lists(SECONDS.map(lambda seconds: OPENED + timedelta(seconds=seconds)), max_size=200)


def holds(window: Window, edge: Edge) -> bool:
    place = position(edge)
    after = window.begin is None or place >= position(window.begin)
    return after and (window.end is None or place < position(window.end))


class Store:
    """Counts as a store does, and how often it was asked."""

    def __init__(self, records: Sequence[Edge]) -> None:
        self.records = records
        self.asked = 0

    def __call__(self, windows: Sequence[Window]) -> list[int]:
        self.asked += 1
        return [sum(holds(window, moment) for moment in self.records) for window in windows]


@given(RECORDS, st.integers(1, 60))
def test_every_record_is_in_exactly_one_window(records: list[datetime], target: int) -> None:
    """No gap, no overlap, open at both ends; none too large unless a single second is."""
    store = Store(records)
    windows = split(Window(), "created_at", len(records), target, BOUNDS, store)
    for moment in [*records, OPENED - timedelta(days=9000), NOW + timedelta(days=1)]:
        assert sum(holds(window, moment) for window in windows) == 1
    assert windows[0].begin is None
    assert windows[-1].end is None
    for window, held in zip(windows, store(windows), strict=True):
        busiest = max((records.count(moment) for moment in records if holds(window, moment)), default=0)
        before = sum(moment < OPENED for moment in records if holds(window, moment))
        assert held <= target or busiest > target // 2 or before


@given(RECORDS)
def test_halves_hold_what_the_whole_held(records: list[datetime]) -> None:
    """With counts, and in the middle of the time without; what can't be cut stays itself."""
    for count in (Store(records), None):
        windows = halved(Window(), "created_at", BOUNDS, count)
        for moment in records:
            assert sum(holds(window, moment) for window in windows) == 1
        assert len(windows) > 1 or count is not None
    second = Window("created_at", OPENED, OPENED + timedelta(seconds=1))
    assert halved(second, "created_at", BOUNDS, None) == [second]
    assert halved(second, "created_at", BOUNDS, Store([OPENED] * 9)) == [second]


@given(st.lists(st.integers(7, 10**13), max_size=100), st.integers(1, 30))
def test_ids_split_what_has_no_date_to_search_by(ids: list[int], target: int) -> None:
    """Variants and collections are not searched by when they were created; new ones have higher ids."""
    store = Store(ids)
    bounds = Bounds(min(ids, default=0), max(ids, default=0) + 1)
    windows = split(Window(), "id", len(ids), target, bounds, store)
    for number in [*ids, 1, 10**15]:
        assert sum(holds(window, number) for window in windows) == 1
    for window, held in zip(windows, store(windows), strict=True):
        assert held <= target or max(ids.count(number) for number in ids if holds(window, number)) > target // 2
        assert window_of(window.search("tag:x") or "", "tag:x", "id") == window
    assert window_of("id:>=5 id:<9", None, "id") == Window("id", 5, 9)


def test_a_store_of_even_growth_is_cut_by_one_request() -> None:
    """Sixteen counts tell enough for four slots."""
    records = [OPENED + timedelta(days=number / 4) for number in range(10_000)]
    store = Store(records)
    target = Sizing(4).target(len(records))
    windows = split(Window(), "created_at", len(records), target, BOUNDS, store)
    assert store.asked == 1
    assert 4 <= len(windows) <= 6


def test_targets_fill_the_slots_and_end_at_the_largest_window() -> None:
    """A hundred thousand in four; millions in windows of fifty thousand; a thousand in one."""
    sizing = Sizing(4)
    assert sizing.target(100_000) == 25_000
    assert sizing.target(3_000_000) == 50_000
    assert sizing.target(900) == 1_000
    assert split(Window(), "created_at", 900, sizing.target(900), BOUNDS, Store([])) == [Window()]


MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001  # hypothesis wants them bare
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
WINDOWS = st.tuples(st.none() | MOMENTS, st.none() | MOMENTS).map(
    lambda ends: Window("created_at", *ends) if any(ends) else Window()
)


@given(WINDOWS, st.none() | MOMENTS)
def test_a_window_is_known_again_by_its_search(window: Window, floor: datetime | None) -> None:
    """A later run reads it from the ledger; a search of another read is none of its windows."""
    base = search_from("updated_at", floor) if floor else None
    assert window_of(window.search(base) or "", base, "created_at") == window
    assert window_of(window.search("tag:x") or "", base, "created_at") is None
    if window != Window():
        assert window_of(window.search(base) or "", base, "processed_at") is None


@given(st.lists(st.integers(0, 40), unique=True, min_size=1), st.data())
def test_gaps_are_what_nobody_covers(edges: list[int], data: st.DataObject) -> None:
    """Adopted windows and the gaps beside them are the whole read, once."""
    cuts = [OPENED + timedelta(seconds=edge) for edge in sorted(edges)]
    pieces = [Window("created_at", begin, end) for begin, end in zip([None, *cuts], [*cuts, None], strict=True)]
    covered = [piece for piece in pieces if data.draw(st.booleans())]
    together = covered + gaps(covered, "created_at")
    for second in range(-1, 42):
        assert sum(holds(window, OPENED + timedelta(seconds=second)) for window in together) == 1
    assert disjoint(together) == together


def test_a_window_that_overlaps_another_is_left_out() -> None:
    """Operations of two earlier runs may cover the same records."""
    first = Window("created_at", None, OPENED)
    assert disjoint([first, Window(), Window("created_at", OPENED, None)]) == [
        first,
        Window("created_at", OPENED, None),
    ]
