"""What the ledger holds, as the rest of the product sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from shoptide.journal import RecordState, Sending

__all__ = ["HistoryEntry", "OperationRecord", "RecordState", "Run", "RunKind", "RunOutcome", "Sending"]

RunKind = Literal["pull", "push", "webhooks", "compliance"]
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

    @property
    def document(self) -> dict[str, Any]:
        """The run as plain data, for --json and the API."""
        return {
            "run_id": self.id,
            "kind": self.kind,
            "name": self.name,
            "shop": self.shop,
            "outcome": self.outcome,
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "options": self.options,
            "summary": self.summary,
        }


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
class HistoryEntry:
    key: str
    run_id: str
    at: datetime
    action: str
    outcome: str
    gid: str | None
    hash: str | None  # of the values that were sent, also where they were refused
    changes: dict[str, Any] | None  # field → what was sent last, what was sent now
    message: str | None
    code: str | None
    field: str | None
    cost: float | None  # points that the store charged
