"""The webhook subscriptions that this deployment made: they alone are its own to change, and since when each tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from shoptide.ledger import Ledger
from shoptide.ledger.schema import subscriptions as table


@dataclass(frozen=True)
class Subscribed:
    """A subscription that was made. `topic` is as the API names it."""

    gid: str
    shop: str
    topic: str
    uri: str
    since: datetime


class Subscriptions:
    """A ledger's subscriptions. Every call commits before it returns."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def of(self, shop: str) -> dict[str, Subscribed]:
        """Those that are thought to be there, by gid."""
        query = sa.select(table).where(table.c.shop == shop, table.c.gone_at.is_(None))
        with self.ledger.reading() as connection:
            rows = connection.execute(query).mappings().all()
        return {
            row["gid"]: Subscribed(
                row["gid"], row["shop"], row["topic"], row["uri"], datetime.fromisoformat(row["since"])
            )
            for row in rows
        }

    def note(self, made: Subscribed) -> None:
        """Keep one that was made, taken over or changed; since when it tells stays as it was."""
        values = {
            "gid": made.gid,
            "shop": made.shop,
            "topic": made.topic,
            "uri": made.uri,
            "since": made.since.isoformat(),
            "gone_at": None,
        }
        dialect: Any = postgresql if self.ledger.engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(**values)
        changed = {"uri": made.uri, "gone_at": None}
        with self.ledger.writing() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["gid", "shop"], set_=changed))

    def gone(self, shop: str, gid: str) -> None:
        """Note that one is no more."""
        chosen = sa.and_(table.c.shop == shop, table.c.gid == gid)
        with self.ledger.writing() as connection:
            connection.execute(table.update().where(chosen).values(gone_at=self.ledger.clock.now().isoformat()))
