"""What a pull tells while it works, and its report at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shoptide.errors import ShoptideError
from shoptide.inbound.landing import TableChange
from shoptide.inbound.layouts import KeptLayout
from shoptide.inbound.proof import Proof
from shoptide.resources.selection import Pruned


@dataclass(frozen=True)
class StreamStarted:
    """`path` is bulk, paged or none; `reason` says why it was chosen; `expected` is None where nothing counts."""

    stream: str
    path: str
    reason: str
    expected: int | None = None


@dataclass(frozen=True)
class StreamProgress:
    stream: str
    objects: int
    expected: int | None = None


@dataclass(frozen=True)
class StreamLanded:
    stream: str
    changes: tuple[TableChange, ...]


@dataclass(frozen=True)
class StreamFailed:
    stream: str
    error: ShoptideError


Event = StreamStarted | StreamProgress | StreamLanded | StreamFailed
Listener = Callable[[Event], None]


@dataclass
class StreamReport:
    """One stream's part of a run. `expected` is what the store counted, `seen` what arrived: `proof` has it all."""

    stream: str
    path: str = "none"
    reason: str = ""
    changes: tuple[TableChange, ...] = ()
    expected: int | None = None
    seen: int = 0
    calls: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    pruned: tuple[Pruned, ...] = ()
    altered: list[str] = field(default_factory=list)
    proof: Proof | None = None
    missed: int | None = None  # records that webhooks should have told of; None where none is to tell
    error: ShoptideError | None = None


@dataclass
class PullReport:
    """A whole run: `failed` streams kept their cursors, the others are landed."""

    run_id: str
    pull: str
    shop: str
    streams: list[StreamReport] = field(default_factory=list)
    calls: int = 0
    cost: float = 0.0
    waited: float = 0.0  # seconds, for the query budget
    throttled: int = 0  # THROTTLED and 429 answers
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    error: ShoptideError | None = None  # what stopped the whole run
    layouts: list[KeptLayout] = field(default_factory=list)

    @property
    def failed(self) -> list[StreamReport]:
        return [each for each in self.streams if each.error is not None]

    @property
    def outcome(self) -> str:
        if not self.failed:
            return "incomplete" if any(each.error for each in self.layouts) else "succeeded"
        return "failed" if len(self.failed) == len(self.streams) else "incomplete"
