"""What the ledger holds, as the rest of the product sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

RunKind = Literal["pull", "push"]
RunOutcome = Literal["succeeded", "incomplete", "failed", "interrupted"]


@dataclass(frozen=True)
class Run:
    """A run; `outcome` is None while it works, and stays so when its process was killed."""

    id: str
    kind: str
    name: str
    shop: str
    outcome: str | None
    started_at: datetime
    ended_at: datetime | None
    options: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class OperationRecord:
    """A bulk operation of a pull, noted before it is first polled; a later run adopts it by its gid."""

    gid: str
    run_id: str
    shop: str
    pull: str
    stream: str
    search: str
    document_hash: str
    status: str
    started_at: datetime | None = None


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
    cost: float | None = None
    changes: dict[str, Any] | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True)
class HistoryEntry:
    key: str
    run_id: str
    at: datetime
    action: str
    outcome: str
    gid: str | None
    changes: dict[str, Any] | None
    message: str | None
    code: str | None
    field: str | None
    cost: float | None


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
