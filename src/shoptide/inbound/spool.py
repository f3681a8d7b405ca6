"""Records of a read by pages on their way to disk: written as they come, kept once each, never all in memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Spool:
    """A file of lines. A record that comes again, because it changed meanwhile, takes the place of what came first.

    In memory is only where each record's lines are. `records` and `lines` count what the file holds once it is closed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._file = path.open("wb")
        self._places: dict[str, tuple[int, int, int]] = {}  # gid → begin, end, number of lines
        self._stale: list[tuple[int, int]] = []

    @property
    def records(self) -> int:
        return len(self._places)

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None and self._stale:
            self._compact()

    def add(self, gid: str, lines: Iterable[dict[str, Any]]) -> None:
        """Write a record with what belongs to it."""
        begin, number = self._file.tell(), 0
        for line in lines:
            self._file.write(json.dumps(line).encode() + b"\n")
            number += 1
        held = self._places.pop(gid, None)
        if held is not None:
            self._stale.append(held[:2])
            self.lines -= held[2]
        self._places[gid] = (begin, self._file.tell(), number)
        self.lines += number

    def _compact(self) -> None:
        """Leave out what was written over."""
        kept = self.path.with_suffix(".kept")
        with self.path.open("rb") as old, kept.open("wb") as new:
            for begin, end in sorted(place[:2] for place in self._places.values()):
                old.seek(begin)
                new.write(old.read(end - begin))
        kept.replace(self.path)
