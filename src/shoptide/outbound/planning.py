"""What a push would do, row by row: drafts against the states of the last push. Pure, and linear in the rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shoptide.config import PushConfig
from shoptide.outbound.rows import Draft, content_hash
from shoptide.outbound.sameness import Same, no_others
from shoptide.resources.inputs import Problem

if TYPE_CHECKING:
    from shoptide.journal import RecordState
    from shoptide.outbound.estimate import Estimate

# What a row's action may be. `find` becomes create or update when the store has been asked; a row that was refused
# several times is `waiting` until it is its turn again.
ACTIONS = ("create", "update", "delete", "find", "unchanged", "blocked", "ambiguous", "invalid", "skipped", "waiting")
WRITES = ("create", "update", "delete", "find")


@dataclass(frozen=True)
class Change:
    """A field's values: as sent last (None when never), and as they would be sent."""

    before: Any
    after: Any


@dataclass(frozen=True)
class Planned:
    """One row of a plan."""

    key: str
    action: str
    draft: Draft
    gid: str | None = None
    changes: dict[str, Change] = field(default_factory=dict)
    reason: str | None = None
    problem: Problem | None = None
    attempts: int = 0
    sent: dict[str, Any] | None = None  # as the store accepted them last
    conflicts: dict[str, Change] = field(default_factory=dict)  # what was sent last, and what the store has instead


@dataclass
class Plan:
    push: str
    object: str
    strategy: str
    rows: list[Planned]  # without those that are unchanged
    notes: list[str] = field(default_factory=list)
    shop: str = ""
    live: bool = False  # compared with what the store holds
    unchanged: int = 0
    held: int = 0  # records that earlier pushes made or changed
    gone: int = 0  # of these, whose rows left the source since the last push
    rehashed: list[tuple[str, str]] = field(default_factory=list)  # keys of unchanged rows, and their new hash
    estimate: Estimate | None = None

    def counts(self) -> dict[str, int]:
        found = dict.fromkeys(ACTIONS, 0)
        found["unchanged"] = self.unchanged
        for row in self.rows:
            found[row.action] += 1
        return {name: count for name, count in found.items() if count}

    @property
    def changes_anything(self) -> bool:
        return any(row.action in WRITES for row in self.rows)


# How long a row that the store refused so many times waits, unless it changes or is asked for.
WAITS = (0, 0, 5 * 60, 15 * 60, 3600, 4 * 3600, 24 * 3600)  # seconds


def compare(
    push: PushConfig,
    drafts: Iterable[Draft],
    states: dict[str, RecordState],
    *,
    retry_only: bool = False,
    now: datetime | None = None,
    same: Same = no_others,
) -> list[Planned]:
    """Plan a push's rows; `states` by key. Records that have no row any more are `gone`'s to plan.

    With `now`, rows that were refused several times wait for their turn. `same` says which values are one.
    """
    planned = []
    for draft in drafts:
        state = states.get(draft.key)
        if retry_only and (state is None or state.outcome == "applied"):
            continue
        row = _one(push, draft, state, same)
        turn = None if retry_only or now is None or row.action not in WRITES else next_turn(draft, state)
        planned.append(_waiting(row, state, turn) if turn and now and turn > now else row)
    return planned


def next_turn(draft: Draft, state: RecordState | None) -> datetime | None:
    """When a row that was refused as it is may be sent again; None for any other."""
    if state is None or state.outcome != "rejected" or state.order == "resync" or state.tried != draft.hash:
        return None
    wait = WAITS[min(state.attempts, len(WAITS) - 1)]
    return state.tried_at + timedelta(seconds=wait) if state.tried_at else None


def _waiting(row: Planned, state: RecordState | None, turn: datetime) -> Planned:
    told = state.message if state else ""
    reason = f"{told} (refused {row.attempts} times as it is; sent again after {turn:%Y-%m-%d %H:%M} UTC)"
    return replace(row, action="waiting", reason=reason)


def _one(push: PushConfig, draft: Draft, state: RecordState | None, same: Same) -> Planned:
    attempts = state.attempts if state else 0
    if draft.problem is not None:
        return Planned(
            draft.key, "invalid", draft, problem=draft.problem, reason=draft.problem.reason, attempts=attempts
        )
    if state is not None and state.order in ("skip_once", "skip_always"):
        return Planned(draft.key, "skipped", draft, state.gid, reason="asked to be skipped")
    gid = draft.gid or (state.gid if state else None)
    if push.strategy == "delete":
        return _deletion(draft, state, gid, attempts)
    applied = state is not None and state.outcome == "applied" and state.action != "delete" and state.order != "resync"
    if applied and state is not None and (state.hash == draft.hash or push.strategy == "create"):
        return Planned(draft.key, "unchanged", draft, gid)
    changes = differences(state.sent if state else None, draft.values, same)
    sent = state.sent if state else None
    if applied and sent is not None and not changes:
        return Planned(draft.key, "unchanged", draft, gid)  # a field left the row, which changes nothing
    half_made = state is not None and state.gid and state.action in ("create", "update") and not applied
    if push.strategy == "create" and not (half_made and draft.gid is None):
        return Planned(draft.key, "create" if gid is None else "blocked", draft, gid, changes,
                       None if gid is None else "the row names a record that exists", attempts=attempts)  # fmt: skip
    action = "update" if gid else "find"
    return Planned(draft.key, action, draft, gid, changes, attempts=attempts, sent=sent)


def _deletion(draft: Draft, state: RecordState | None, gid: str | None, attempts: int) -> Planned:
    if state is not None and state.action == "delete" and state.outcome == "applied" and state.order != "resync":
        return Planned(draft.key, "unchanged", draft, state.gid)
    return Planned(draft.key, "delete", draft, gid, attempts=attempts)


def gone(state: RecordState) -> Planned:
    """What a mirror does with a record whose row left the source."""
    draft = Draft(state.key, state.sent or {}, state.gid)
    if state.order in ("skip_once", "skip_always"):
        return Planned(state.key, "skipped", draft, state.gid, reason="asked to be skipped")
    return Planned(state.key, "delete", draft, state.gid, reason="no longer in the source", attempts=state.attempts)


def differences(before: dict[str, Any] | None, after: dict[str, Any], same: Same = no_others) -> dict[str, Change]:
    """The fields whose value would change; a field that left the row is left alone."""
    held = before or {}
    return {
        name: Change(held.get(name), value)
        for name, value in after.items()
        if before is None or name not in held or not _is_one(name, held[name], value, same)
    }


def _is_one(name: str, before: Any, after: Any, same: Same) -> bool:
    return content_hash({"v": before}) == content_hash({"v": after}) or same(name, before, after)
