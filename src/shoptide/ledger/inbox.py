"""The webhook inbox: what was told, durable before it is acknowledged, and what has been done about it.

A row is one delivery about one record. It is `waiting` until the record has been read from the store and landed, then
`done`; `again` when a pull was under way meanwhile (see serve/processing.py); `ignored` when nothing is pulled that it
tells of; `failed` when it was given up, which pulls make good.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from shoptide.ledger import Ledger
from shoptide.ledger.schema import inbox as table

BATCH = 500  # rows a statement
OPEN = ("waiting", "again")
KEPT = timedelta(days=3)  # how long settled rows are kept: Shopify tries for 4 hours, and may be a day late (FACTS §7)


@dataclass(frozen=True)
class Delivery:
    """One delivery about one record. `subject` is its gid, empty where none is named; moments are aware UTC."""

    id: str
    shop: str
    topic: str
    subject: str
    event: str
    received_at: datetime
    api_version: str | None = None
    triggered_at: datetime | None = None
    body: str | None = None
    state: str = "waiting"
    attempts: int = 0


def delivery_id(shop: str, topic: str, event: str, subject: str) -> str:
    """One id for all copies: an event is shared by the topics and records that one change set off, so all count."""
    return hashlib.sha256("\0".join((shop, topic, event, subject)).encode()).hexdigest()[:40]


class Inbox:
    """The inbox of a ledger. Every call commits before it returns; threads may share it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Keep deliveries, those that are known already left as they are; all of them in one commit."""
        rows = [_values(each) for each in deliveries]
        if not rows:
            return
        dialect: Any = postgresql if self.ledger.engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).on_conflict_do_nothing(index_elements=["id"])
        with self.ledger.writing() as connection:
            connection.execute(statement, rows)

    def open(self, shop: str, now: datetime, limit: int, states: Sequence[str] = OPEN) -> list[Delivery]:
        """What waits for this shop and is due, oldest first."""
        query = (
            sa.select(table)
            .where(table.c.shop == shop, table.c.state.in_(states), table.c.due_at <= _text(now))
            .order_by(table.c.received_at)
            .limit(limit)
        )
        with self.ledger.reading() as connection:
            return [_delivery(row) for row in connection.execute(query).mappings()]

    def settle(self, ids: Sequence[str], state: str, note: str | None = None) -> None:
        """Note what became of rows: `done`, `again`, `ignored` or `failed`."""
        self._update(ids, state=state, note=note, settled_at=_text(self.ledger.clock.now()))

    def put_off(self, ids: Sequence[str], due: datetime, note: str, attempts: int = 1) -> None:
        """Try these again at a moment; `attempts` is how many were made meanwhile."""
        self._update(ids, attempts=table.c.attempts + attempts, due_at=_text(due), note=note)

    def _update(self, ids: Sequence[str], **values: Any) -> None:
        with self.ledger.writing() as connection:
            for start in range(0, len(ids), BATCH):
                chosen = table.c.id.in_(ids[start : start + BATCH])
                connection.execute(table.update().where(chosen).values(**values))

    def purge(self, before: datetime) -> int:
        """Forget what was settled before a moment; returns how many rows."""
        gone = table.delete().where(table.c.state.not_in(OPEN), table.c.settled_at < _text(before))
        with self.ledger.writing() as connection:
            return connection.execute(gone).rowcount

    def depth(self) -> dict[str, int]:
        """Rows by state, over all shops."""
        query = sa.select(table.c.state, sa.func.count()).group_by(table.c.state)
        with self.ledger.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def among_waiting(self, shop: str, subjects: Iterable[str]) -> set[str]:
        """Which of these records a delivery waits for: they will be read anyway."""
        wanted, found = list(subjects), set[str]()
        with self.ledger.reading() as connection:
            for start in range(0, len(wanted), BATCH):
                chosen = table.c.subject.in_(wanted[start : start + BATCH])
                query = (
                    sa.select(table.c.subject).where(table.c.shop == shop, chosen, table.c.state.in_(OPEN)).distinct()
                )
                found |= set(connection.execute(query).scalars())
        return found

    def told(self, shop: str, subjects: Iterable[str]) -> dict[str, datetime]:
        """When each of these records was told of last, as far back as rows are kept."""
        wanted, found = list(subjects), dict[str, datetime]()
        with self.ledger.reading() as connection:
            for start in range(0, len(wanted), BATCH):
                some = wanted[start : start + BATCH]
                query = (
                    sa.select(table.c.subject, sa.func.max(table.c.received_at))
                    .where(table.c.shop == shop, table.c.subject.in_(some))
                    .group_by(table.c.subject)
                )
                found |= {row[0]: datetime.fromisoformat(row[1]) for row in connection.execute(query)}
        return found


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")


def _values(each: Delivery) -> dict[str, Any]:
    return {
        "id": each.id,
        "shop": each.shop,
        "topic": each.topic,
        "subject": each.subject,
        "event": each.event,
        "api_version": each.api_version,
        "triggered_at": _text(each.triggered_at) if each.triggered_at else None,
        "received_at": _text(each.received_at),
        "body": each.body,
        "state": each.state,
        "attempts": each.attempts,
        "due_at": _text(each.received_at),
        "settled_at": None,
        "note": None,
    }


def _delivery(row: Any) -> Delivery:
    triggered = row["triggered_at"]
    return Delivery(
        row["id"],
        row["shop"],
        row["topic"],
        row["subject"],
        row["event"],
        datetime.fromisoformat(row["received_at"]),
        row["api_version"],
        datetime.fromisoformat(triggered) if triggered else None,
        row["body"],
        row["state"],
        row["attempts"],
    )
