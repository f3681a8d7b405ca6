"""The health of a sync, told from its last run and its records: the words that users of sync tools know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from shoptide.ledger.records import Run

Health = Literal["Pending", "Healthy", "Incomplete", "Failed", "Delayed"]
HEALTHS: tuple[Health, ...] = get_args(Health)
BY_OUTCOME: dict[str, Health] = {
    "succeeded": "Healthy",
    "incomplete": "Incomplete",
    "failed": "Failed",
    "interrupted": "Delayed",
}
# Outcomes of records that say nothing of trouble: done, put off by a limit, or left out on request.
PATIENT = frozenset({"applied", "delayed", "skipped"})


@dataclass(frozen=True)
class SyncHealth:
    """Where a sync stands: since its last run, whose id is `run_id`; `told` is what that run did, for people."""

    kind: str  # pull | push
    name: str
    shop: str
    health: Health
    run_id: str | None
    last_run: datetime | None
    records: dict[str, int]  # of a push, by outcome
    told: str

    @property
    def sync(self) -> str:
        """The name by which a configuration speaks of it: `pull.store`."""
        return f"{self.kind}.{self.name}"

    @property
    def document(self) -> dict[str, Any]:
        """It as plain data, for --json and the API."""
        return {
            "kind": self.kind,
            "name": self.name,
            "shop": self.shop,
            "health": self.health,
            "last_run": self.last_run.isoformat(timespec="seconds") if self.last_run else None,
            "run_id": self.run_id,
            "records": self.records,
            "told": self.told,
        }


def sync_health(kind: str, name: str, shop: str, last: Run | None, counts: dict[str, int]) -> SyncHealth:
    return SyncHealth(
        kind,
        name,
        shop,
        health(last, counts),
        last.id if last else None,
        last.started_at if last else None,
        counts,
        told(last, counts),
    )


def health(last: Run | None, counts: dict[str, int]) -> Health:
    """A push whose rows were only put off by limits is Delayed; a killed run is one that did not end."""
    if last is None:
        return "Pending"
    if last.outcome is None:
        return "Delayed" if last.ended_at is None else "Pending"
    if last.outcome == "incomplete" and counts and set(counts) <= PATIENT:
        return "Delayed"
    return BY_OUTCOME[last.outcome]


def told(last: Run | None, counts: dict[str, int]) -> str:
    if last is None:
        return "never run"
    if error := last.summary.get("error"):
        return str(error["message"])
    if counts:
        return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    rows = changed_tables(last.summary)
    if not rows:
        return "nothing changed" if last.outcome == "succeeded" else str(last.outcome or "running, or killed")
    new, changed = sum(row["new"] for row in rows), sum(row["changed"] for row in rows)
    missed = sum(stream.get("missed") or 0 for stream in last.summary.get("streams", []))
    return f"{new} new, {changed} changed rows" + (f", {missed} records missed by webhooks" if missed else "")


def changed_tables(summary: dict[str, Any]) -> list[dict[str, Any]]:
    """A pull's tables with their numbers of rows new, changed, unchanged, deleted; none for a push."""
    return [table for stream in summary.get("streams", []) for table in stream["tables"]]
