"""The journal: writes that were about to leave, noted before they do and removed once their outcome is known."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from shoptide.ledger import schema
from shoptide.ledger.records import Sending
from shoptide.ledger.store import Statement, Store, as_text, upserting

UPSERT_JOURNAL = upserting(schema.journal)
FORGET = Statement(
    "forget",
    lambda _store: schema.journal.delete().where(
        schema.journal.c.push == sa.bindparam("in_push"), schema.journal.c.key == sa.bindparam("in_key")
    ),
)


class Journal:
    """What may have happened to records whose outcome nobody noted."""

    store: Store

    def journal(self, entries: Iterable[Sending]) -> None:
        """Note writes durably before they leave."""
        now = as_text(self.store.clock.now())
        rows = [
            {
                "push": entry.push,
                "key": entry.key,
                "run_id": entry.run_id,
                "action": entry.action,
                "gid": entry.gid,
                "marks": entry.marks,
                "hash": entry.hash,
                "sent": entry.sent,
                "at": now,
                "operation": entry.operation,
                "line": entry.line,
            }
            for entry in entries
        ]
        if rows:
            with self.store.write() as connection:
                self.store.many(UPSERT_JOURNAL, rows, connection)

    def unsettled(self, push: str) -> list[Sending]:
        """Writes whose outcome nobody noted: their process was killed or their answer lost."""
        table = schema.journal
        with self.store.read() as connection:
            return [
                Sending(
                    row["push"],
                    row["key"],
                    row["run_id"],
                    row["action"],
                    row["gid"],
                    row["marks"],
                    row["hash"],
                    row["sent"],
                    row["operation"],
                    row["line"],
                )
                for row in connection.execute(sa.select(table).where(table.c.push == push)).mappings()
            ]

    def withdraw(self, push: str, keys: Iterable[str]) -> None:
        """Remove journal entries of writes that certainly never happened."""
        gone = [{"in_push": push, "in_key": key} for key in keys]
        if gone:
            with self.store.write() as connection:
                self.store.many(FORGET, gone, connection)
