"""What a push notes of its rows: the write that is about to leave, and what became of it.

The ledger keeps it; other engines that run the same core keep it their own way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class RecordState:
    """Where a source row stands: what became of it last, and what the store holds of it by our knowledge."""

    push: str
    key: str
    outcome: str
    action: str
    run_id: str
    gid: str | None = None
    hash: str | None = None
    sent: dict[str, Any] | None = None
    message: str | None = None
    code: str | None = None
    field: str | None = None
    column: str | None = None
    value: str | None = None
    attempts: int = 0
    tried: str | None = None  # hash of the values that were refused last; `tried_at` is when
    tried_at: datetime | None = None
    order: str | None = None
    offered: str | None = None  # hash of the values that the run had to send, whatever became of them
    cost: float | None = None  # points that the store charged for the write; None where nothing told of any
    changes: dict[str, Any] | None = None
    updated_at: datetime | None = None
    written: tuple[tuple[str, str], ...] = ()  # gids and the versions the write gave them, "" for a deletion


@dataclass(frozen=True)
class Sending:
    """A write that was about to leave: noted before it does, removed when its outcome is known.

    `marks` say how its record can be found in the store: match keys, custom id, what a delete was of. A write that left
    in a file of a bulk mutation has the file's token as `operation`, and its `line` in it, counted from 0.
    """

    push: str
    key: str
    run_id: str
    action: str
    gid: str | None
    marks: dict[str, Any]
    hash: str | None
    sent: dict[str, Any] | None
    operation: str | None = None
    line: int | None = None


class Journal(Protocol):
    """Where writes are noted. Each call is kept before it returns."""

    def journal(self, entries: Iterable[Sending]) -> None:
        """Note writes before they leave."""

    def settle(self, states: Iterable[RecordState]) -> None:
        """Note what became of rows; their journal entries go with it."""

    def withdraw(self, push: str, keys: Iterable[str]) -> None:
        """Forget writes that never left."""
