"""The versions of records that pushes wrote: what comes back as one of them was changed by nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from shoptide.journal import RecordState
from shoptide.ledger import schema
from shoptide.ledger.store import BATCH, Statement, Store, as_text

INSERT_WRITTEN = Statement(
    "insert written",
    lambda store: store.insert(schema.written),
    [each.name for each in schema.written.columns if each.name != "id"],
)


class Written:
    """What of the store's history is ours."""

    store: Store

    def written(self, shop: str, gids: Iterable[str]) -> dict[str, set[str | None]]:
        """The versions that pushes gave these records of a shop, by gid: the store's updatedAt, None for a deletion."""
        table = schema.written
        wanted = list(gids)
        found: dict[str, set[str | None]] = {}
        with self.store.read() as connection:
            for start in range(0, len(wanted), BATCH):
                part = [self.store.text(gid) for gid in wanted[start : start + BATCH]]
                query = sa.select(table.c.gid, table.c.version).where(table.c.shop == shop, table.c.gid.in_(part))
                for gid, version in connection.execute(query):
                    found.setdefault(gid, set()).add(version)
        return found

    def forget_written(self, before: datetime) -> int:
        """Remove versions that were written before then, and say how many: nobody asks for them any more."""
        table = schema.written
        with self.store.write() as connection:
            return connection.execute(table.delete().where(table.c.at < as_text(before))).rowcount


def note_written(store: Store, connection: sa.Connection, states: Iterable[RecordState], now: datetime) -> None:
    """Keep the versions of settled rows, in the transaction that settles them."""
    writing = [state for state in states if state.written]
    if not writing:
        return
    runs = schema.runs
    of_runs = sa.select(runs.c.id, runs.c.shop).where(runs.c.id.in_({state.run_id for state in writing}))
    shops = {row.id: row.shop for row in connection.execute(of_runs)}
    rows = [
        {"shop": shops.get(state.run_id, ""), "gid": gid, "version": version or None, "push": state.push,
         "key": state.key, "run_id": state.run_id, "at": as_text(now)}
        for state in writing
        for gid, version in state.written
    ]  # fmt: skip
    store.many(INSERT_WRITTEN, rows, connection)
