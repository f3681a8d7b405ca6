"""Healths of syncs as they were last seen, and what is still to be told of their changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from shoptide.ledger import schema
from shoptide.ledger.store import Store, as_text

DUE = 100  # notices looked at once


@dataclass(frozen=True)
class Notice:
    """Something to be told to one receiver (`ops.email`), tried so often already."""

    id: int
    channel: str
    body: dict[str, Any]
    attempts: int
    due_at: str


class Notices:
    """What was told of whose health, and what is to be."""

    store: Store

    def health(self, sync: str) -> str | None:
        """The health that a sync was last seen in."""
        table = schema.healths
        with self.store.read() as connection:
            found: str | None = connection.execute(sa.select(table.c.health).where(table.c.sync == sync)).scalar()
        return found

    def change_health(
        self, sync: str, before: str | None, after: str, channels: Iterable[str], body: dict[str, Any]
    ) -> bool:
        """Note a change and who is to hear of it, in one commit; False when another process noted it first."""
        now = as_text(self.store.clock.now())
        with self.store.write() as connection:
            if not self._moved(connection, sync, before, after, now):
                return False
            rows = [
                {"channel": each, "body": body, "created_at": now, "due_at": now, "attempts": 0} for each in channels
            ]
            if rows:
                connection.execute(schema.notices.insert(), rows)
        return True

    def _moved(self, connection: sa.Connection, sync: str, before: str | None, after: str, now: str | None) -> bool:
        table = schema.healths
        if before is None:
            values = {"sync": sync, "health": after, "since": now}
            insert = self.store.insert(table).values(**values).on_conflict_do_nothing()
            return connection.execute(insert.returning(table.c.sync)).first() is not None
        changed = table.update().where(table.c.sync == sync, table.c.health == before)
        return connection.execute(changed.values(health=after, since=now)).rowcount == 1

    def due_notices(self, now: datetime) -> list[Notice]:
        """Notices whose time has come, oldest first."""
        table = schema.notices
        query = sa.select(table).where(table.c.settled_at.is_(None), table.c.due_at <= as_text(now))
        with self.store.read() as connection:
            return [
                Notice(row["id"], row["channel"], row["body"], row["attempts"], row["due_at"])
                for row in connection.execute(query.order_by(table.c.id).limit(DUE)).mappings()
            ]

    def claim_notice(self, notice: Notice, again_at: datetime) -> bool:
        """Take a notice for an attempt, which the next may follow at `again_at`; False when somebody else has it."""
        table = schema.notices
        mine = table.update().where(
            table.c.id == notice.id, table.c.settled_at.is_(None), table.c.attempts == notice.attempts
        )
        with self.store.write() as connection:
            taken = connection.execute(mine.values(attempts=notice.attempts + 1, due_at=as_text(again_at)))
            return taken.rowcount == 1

    def settle_notice(self, number: int, error: str | None) -> None:
        """End a notice: told, or given up with the reason."""
        table = schema.notices
        with self.store.write() as connection:
            connection.execute(
                table.update()
                .where(table.c.id == number)
                .values(settled_at=as_text(self.store.clock.now()), error=error)
            )
