"""Splits a large read into windows of about equal size, by asking the store for counts; halves what was too much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from shoptide.inbound.window import UTC, Edge, Window, position

Count = Callable[[Sequence[Window]], list[int]]  # how many records each window holds

BINS = 16  # counts asked for in one request, 10 points each


@dataclass(frozen=True)
class Sizing:
    """How large windows should be, in records: `most`, and what fills the slots if that is less."""

    slots: int
    most: int = 50_000

    @property
    def least(self) -> int:
        """Below this an operation's own time outweighs what it reads."""
        return min(1_000, self.most // 10)

    def target(self, total: int) -> int:
        """Records a window, so that all slots have work and none has too much."""
        return min(self.most, max(self.least, -(-total // self.slots)))


@dataclass(frozen=True)
class Bounds:
    """Where an open window is taken to begin and end when it is cut: the oldest record, and now or the newest."""

    first: Edge
    last: Edge

    def of(self, window: Window) -> tuple[int, int]:
        """The positions between which a window is cut."""
        end = position(self.last if window.end is None else window.end)
        begin = min(position(self.first), end) if window.begin is None else position(window.begin)
        return begin, max(end, begin)

    def edge(self, place: int) -> Edge:
        return place if isinstance(self.first, int) else datetime.fromtimestamp(place, UTC)


def split(window: Window, field: str, total: int, target: int, bounds: Bounds, count: Count) -> list[Window]:
    """Cut a window that holds `total` records into windows of about `target`; it stays whole if it is no larger."""
    if total <= target:
        return [window]
    fine = max(1, target // 2)
    found = _merged(_bins(Window(field, window.begin, window.end), total, fine, bounds, count), target)
    return found if len(found) > 1 else [window]


def _bins(window: Window, total: int, fine: int, bounds: Bounds, count: Count) -> list[tuple[Window, int]]:
    """Cut at equal distances, and those that hold much again, until none holds more than `fine` or can be cut."""
    cuts = [bounds.edge(place) for place in _cuts(*bounds.of(window))]
    if total <= fine or not cuts:
        return [(window, total)]
    edges = [window.begin, *cuts, window.end]
    parts = [Window(window.field, begin, end) for begin, end in pairwise(edges)]
    found: list[tuple[Window, int]] = []
    for part, held in zip(parts, count(parts), strict=True):
        found += _bins(part, held, fine, bounds, count)
    return found


def _cuts(begin: int, end: int) -> list[int]:
    """Places between, at most one less than BINS."""
    length = end - begin
    places = {length * number // BINS for number in range(1, BINS)} - {0, length}
    return [begin + place for place in sorted(places)]


def _merged(bins: list[tuple[Window, int]], target: int) -> list[Window]:
    """Neighbours taken together as long as they hold no more than `target`."""
    windows: list[Window] = []
    held = 0
    for window, count in bins:
        if windows and held + count <= target:
            windows[-1], held = Window(window.field, windows[-1].begin, window.end), held + count
        else:
            windows.append(window)
            held = count
    return windows


def halved(window: Window, field: str, bounds: Bounds, count: Count | None) -> list[Window]:
    """Two or more windows in place of one that was too much for an operation; only itself where it can't be cut.

    Without counts it is cut in the middle.
    """
    begin, end = bounds.of(window)
    if count is not None:
        total = count([window])[0]
        return split(window, field, total, max(1, -(-total // 2)), bounds, count)
    if end - begin < 2:
        return [window]
    middle = bounds.edge((begin + end) // 2)
    return [Window(field, window.begin, middle), Window(field, middle, window.end)]
