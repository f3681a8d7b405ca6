"""A plan as plain data, for --json and for the file that `push --plan` applies: exactly that, or not at all. Pure."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from shoptide.errors import UsageError
from shoptide.outbound.planning import WRITES, Change, Plan, Planned
from shoptide.outbound.rows import Draft, content_hash, snaked

CHANGED = "changed since the plan was made"


def plan_document(found: Plan) -> dict[str, Any]:
    """The plan with a row for everything but what is unchanged."""
    return {
        "push": found.push,
        "shop": found.shop,
        "object": found.object,
        "strategy": found.strategy,
        "live": found.live,
        "counts": found.counts(),
        "notes": found.notes,
        "estimate": asdict(found.estimate) if found.estimate else None,
        "rows": [_row(row) for row in found.rows if row.action != "unchanged"],
    }


def _row(row: Planned) -> dict[str, Any]:
    found = {
        "key": row.key,
        "action": row.action,
        "gid": row.gid,
        "hash": row.draft.hash if row.action in WRITES else None,
        "changes": _changes(row.changes),
        "reason": row.reason,
        "column": snaked(row.problem.column) if row.problem else None,
        "value": row.problem.value if row.problem else None,
    }
    return found | ({"conflicts": _changes(row.conflicts)} if row.conflicts else {})


def _changes(changes: dict[str, Change]) -> dict[str, list[Any]]:
    return {snaked(name): [change.before, change.after] for name, change in changes.items()}


def check_plan(document: dict[str, Any], found: Plan) -> None:
    """Raise UsageError for a plan of another push, shop, object or strategy."""
    for name in ("push", "shop", "object", "strategy"):
        then, now = document.get(name), getattr(found, name)
        if then != now:
            raise UsageError(
                f"the plan is for {name} {then!r}, not {now!r}",
                hint=f"make a new one: shoptide plan {found.push} --out FILE",
            )


def only_as_planned(found: Plan, document: dict[str, Any]) -> None:
    """Keep the writes that an earlier plan holds; rows that changed since are skipped and say so."""
    check_plan(document, found)
    wanted = {row["key"]: row for row in document["rows"] if row["action"] in WRITES}
    kept = [_as_planned(row, wanted.pop(row.key, None)) for row in found.rows if row.action in WRITES]
    others = [row for row in found.rows if row.action not in WRITES and row.key not in wanted]
    # What was to be written and is none of today's writes: the row is gone, done, or not what it was.
    gone = [Planned(key, "skipped", Draft(key), row["gid"], reason=CHANGED) for key, row in wanted.items()]
    found.rows = [*[row for row in kept if row is not None], *others, *gone]


def _as_planned(row: Planned, then: dict[str, Any] | None) -> Planned | None:
    """The row, skipped if it is not what was planned; None for one that was not planned to be written."""
    if then is None:
        return None
    same = _told(then) == _told(_row(row))
    return row if same else replace(row, action="skipped", reason=CHANGED)


def _told(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["action"], row["gid"], row["hash"], content_hash(row["changes"])
