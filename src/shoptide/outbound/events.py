"""What a push tells while it works, and its report at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shoptide.errors import ShoptideError

OUTCOMES = ("applied", "rejected", "blocked", "ambiguous", "unknown", "delayed", "skipped")


@dataclass(frozen=True)
class Outcome:
    """What became of a row: `path` is the store's field path, `column` the source's column it came from.

    `written` are the versions that the write gave records: gid and the store's updatedAt, "" where it was deleted.
    """

    key: str
    action: str
    outcome: str
    gid: str | None = None
    message: str | None = None
    code: str | None = None
    path: str | None = None
    column: str | None = None
    value: str | None = None
    written: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PushPlanned:
    counts: dict[str, int]
    estimate: str


@dataclass(frozen=True)
class RowSettled:
    outcome: Outcome
    done: int
    total: int


@dataclass(frozen=True)
class OperationMoved:
    """A bulk operation was looked at: lines done, of those in its file."""

    operation: str
    done: int
    total: int


Event = PushPlanned | RowSettled | OperationMoved
Listener = Callable[[Event], None]


@dataclass
class PushReport:
    """A whole run. `outcomes` counts the rows that were to be written or could not be; `unchanged` cost nothing."""

    run_id: str
    push: str
    shop: str
    planned: dict[str, int] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    unchanged: int = 0
    failures: list[Outcome] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    error: ShoptideError | None = None  # what stopped the whole run
    calls: int = 0
    cost: float = 0.0
    waited: float = 0.0  # seconds, for the query budget
    throttled: int = 0  # THROTTLED and 429 answers
    seconds: float = 0.0
    bulk_speed: float | None = None  # rows a second and bulk operation, when there were any

    def count(self, outcome: Outcome) -> None:
        self.outcomes[outcome.outcome] = self.outcomes.get(outcome.outcome, 0) + 1
        if outcome.outcome not in ("applied", "skipped"):
            self.failures.append(outcome)

    @property
    def outcome(self) -> str:
        failed = sum(count for name, count in self.outcomes.items() if name not in ("applied", "skipped"))
        if not failed:
            return "succeeded"
        return "incomplete" if self.outcomes.get("applied") or self.unchanged else "failed"
