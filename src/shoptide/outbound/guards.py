"""What keeps a push from doing harm: deletions that are too many, sources that shrank, conflicts, the time limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shoptide.clock import Clock
from shoptide.config import PushConfig
from shoptide.errors import UsageError
from shoptide.outbound.planning import Plan

Confirm = Callable[[str], bool]


def guard(push: PushConfig, found: Plan, *, allow_deletes: bool, confirm: Confirm | None) -> None:
    """Stop what nobody may have meant, before anything is sent. Raises UsageError; `confirm` asks a person first."""
    if not allow_deletes:
        _guard_deletes(push, found)
        _guard_shrunk(push, found, confirm)
    if push.on_conflict == "stop":
        _guard_conflicts(push, found)


def _guard_deletes(push: PushConfig, found: Plan) -> None:
    deletes = sum(row.action == "delete" for row in found.rows)
    if push.max_deletes is not None and deletes > push.max_deletes:
        raise UsageError(
            f"push {push.name} would delete {deletes} records; max_deletes is {push.max_deletes}",
            hint="look at `shoptide plan`, then run it with --allow-deletes",
        )


def shrunk(found: Plan) -> str | None:
    """What to say of a source that lost more than half of its records since the last push."""
    if found.gone * 2 <= found.held:
        return None
    return f"the source lost {found.gone} of the {found.held} records that push {found.push} made or changed"


def _guard_shrunk(push: PushConfig, found: Plan, confirm: Confirm | None) -> None:
    told = shrunk(found)
    if told is None or (confirm is not None and confirm(f"{told}: delete them?")):
        return
    raise UsageError(
        f"{told}: nothing was sent", hint=f"look at `shoptide plan {push.name}`, then run it with --allow-deletes"
    )


def _guard_conflicts(push: PushConfig, found: Plan) -> None:
    rows = [row for row in found.rows if row.conflicts]
    if rows:
        named = ", ".join(row.key for row in rows[:5]) + (" …" if len(rows) > 5 else "")
        raise UsageError(
            f"{len(rows)} records of push {push.name} were changed in the store since the last push: {named}",
            hint=f'`shoptide plan {push.name} --live` shows what; on_conflict = "overwrite" or "skip" goes on',
        )


@dataclass
class TimeLimit:
    """How long a run may go on sending; from when it is made."""

    clock: Clock
    span: timedelta | None

    def __post_init__(self) -> None:
        self.ends = None if self.span is None else self.clock.monotonic() + self.span.total_seconds()

    def is_over(self) -> bool:
        return self.ends is not None and self.clock.monotonic() >= self.ends
