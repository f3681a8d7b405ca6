"""Prepared results: a JSONL file served as the answer of every bulk query on a root.

Large loads can be measured so without being generated. The file is read once, to count it, and never held in memory.

Its records are taken to have changed just now: whoever asks for what changed before some moment gets none of them. They
are taken to have been created one after the other in the year before the file was written, so that a read may be split
by `created_at`: each window has its own part of the file. It is cut only where a record follows a line of another's
child (between Shopify's batches), or in files without children every so many records.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptide.simulator.search import Term, tokens

if TYPE_CHECKING:
    from shoptide.simulator.shop import Shop

YEAR = timedelta(days=365)
BATCH = 100  # records between cuts of a file without children
CHUNK = 1 << 20


@dataclass(frozen=True)
class Cut:
    """A place where the file may be cut: what stands before it."""

    roots: int = 0
    lines: int = 0
    size: int = 0


@dataclass(frozen=True)
class PreparedFile:
    """A file with its cuts, the first before everything and the last after it; `begin` to `end` is its year."""

    path: Path
    begin: datetime
    end: datetime
    cuts: tuple[Cut, ...] = field(repr=False)

    @property
    def roots(self) -> int:
        return self.cuts[-1].roots

    def part(self, query: str | None) -> Part:
        """What a search finds of it: whole pieces of the file from one cut to another."""
        first, last = 0, len(self.cuts) - 1
        for term in tokens(query or ""):
            moment = _moment(term)
            if moment is None:
                continue
            after = ">" in term.operator
            if term.name == "created_at":
                place = self._place(moment)
                first, last = (max(first, place), last) if after else (first, min(last, place))
            elif not after:
                last = 0
        first = min(first, last)
        return Part(self, self.cuts[first], self.cuts[last])

    def _place(self, moment: datetime) -> int:
        """Which is the first cut whose piece was created at a moment or later; the pieces are spread over the year."""
        pieces = len(self.cuts) - 1
        step = (self.end - self.begin) / max(1, pieces)
        return bisect_left(range(pieces), moment, key=lambda number: self.begin + number * step)


@dataclass(frozen=True)
class Part:
    """A stretch of a prepared file, with what Shopify tells of a result."""

    file: PreparedFile
    begin: Cut
    end: Cut

    @property
    def roots(self) -> int:
        return self.end.roots - self.begin.roots

    @property
    def lines(self) -> int:
        return self.end.lines - self.begin.lines

    @property
    def size(self) -> int:
        return self.end.size - self.begin.size

    @property
    def is_whole(self) -> bool:
        return self.begin == Cut() and self.end == self.file.cuts[-1]

    def write(self, target: Path) -> None:
        """Copy the stretch to a file of its own."""
        left = self.size
        with self.file.path.open("rb") as given, target.open("wb") as out:
            given.seek(self.begin.size)
            while left > 0 and (chunk := given.read(min(CHUNK, left))):
                out.write(chunk)
                left -= len(chunk)


def prepared(shop: Shop, root: str) -> PreparedFile | None:
    """The file that answers for a root field, if there is one (`shop.settings["bulk_files"]`)."""
    given = shop.settings.get("bulk_files", {}).get(root)
    return counted(given) if given is not None else None


def _moment(term: Any) -> datetime | None:
    """The instant that a term compares with; None for any other term."""
    if not isinstance(term, Term) or term.operator is None or not re.match(r"\d{4}-\d", term.value.strip()):
        return None
    try:
        found = datetime.fromisoformat(term.value.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)  # noqa: UP017  # one spelling with the rest


def counted(given: str) -> PreparedFile:
    """The file at a path, counted once as long as it does not change; raises ValueError where there is none."""
    path = Path(given)
    if not path.is_file():
        raise ValueError(f"no file at {given!r}: bulk_files wants a root field and the path of a JSONL file")
    state = path.stat()
    return _counted(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=32)
def _counted(path: Path, _size: int, changed: int) -> PreparedFile:
    end = datetime.fromtimestamp(changed // 10**9, timezone.utc)  # noqa: UP017
    with path.open("rb") as rows:
        cuts = list(_cuts(rows))
    return PreparedFile(path, end - YEAR, end, tuple(cuts))


def _cuts(rows: Iterator[bytes]) -> Iterator[Cut]:
    """The places where the file may be cut, in order; none of them inside a family."""
    roots = lines = size = last = 0
    after_child = childless = True
    yield Cut()
    for row in rows:
        is_root = b'"__parentId"' not in row
        if is_root and roots > last and ((after_child and not childless) or (childless and roots - last >= BATCH)):
            yield Cut(roots, lines, size)
            last = roots
        after_child = not is_root
        childless = childless and is_root
        roots, lines, size = roots + is_root, lines + 1, size + len(row)
    if lines:
        yield Cut(roots, lines, size)


def check(given: Any) -> dict[str, str]:
    """`{"orders": "/path/orders.jsonl"}`, each file there and counted; raises ValueError otherwise."""
    if not isinstance(given, dict):
        raise ValueError(f"bulk_files is an object of root fields and paths, not {given!r}")  # noqa: TRY004  # the caller's words
    for path in given.values():
        counted(str(path))
    return {str(root): str(path) for root, path in given.items()}
