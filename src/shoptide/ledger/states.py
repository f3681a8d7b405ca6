"""Record states and their history: what became of each row of a push."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from shoptide.ledger import schema
from shoptide.ledger.journal import FORGET
from shoptide.ledger.records import HistoryEntry, RecordState
from shoptide.ledger.store import BATCH, Statement, Store, as_moment, as_text, upserting
from shoptide.ledger.written import note_written

_FATE = """CASE WHEN outcome <> 'applied' THEN 'o' WHEN "order" IS NOT NULL THEN 'x'
  WHEN action = 'delete' THEN 'd' ELSE 'a' END"""
FATE = f"CASE WHEN gid IS NULL THEN upper({_FATE}) ELSE {_FATE} END"
STATE_COLUMNS = (
    "gid", "outcome", "action", "hash", "sent", "message", "code", "field", "column", "value", "attempts", "tried",
    "order", "run_id",
)  # fmt: skip

WALK_LEAST = 10_000  # gids, below which the index is quick enough
WALK_PACE = 4  # states walked over in the time that one is found by the index

UPSERT_STATE = upserting(schema.states)
INSERT_HISTORY = Statement(
    "insert history",
    lambda store: store.insert(schema.history),
    [each.name for each in schema.history.columns if each.name != "id"],
)
_WANTED = (schema.states.c.push == sa.bindparam("in_push"), schema.states.c.key == sa.bindparam("in_key"))
_ONCE: sa.ColumnElement[str] = sa.literal_column("'skip_once'")  # no parameter: those are the rows' members
HAD_ONCE = Statement(
    "had once",
    lambda _store: schema.states.update().where(*_WANTED, schema.states.c.order == _ONCE).values(order=sa.null()),
)
REHASH = Statement("rehash", lambda _store: schema.states.update().where(*_WANTED).values(hash=sa.bindparam("in_hash")))


class States:
    """Where each record of a push stands, and what happened to it."""

    store: Store

    def marks(self, push: str) -> Iterator[str]:
        """What comparing a million rows needs of every record: blocks of lines `key in hex, hash, fate`, tab-separated.

        A fate is one letter: `a` applied, `d` deleted, `o` open (tried, and not applied), `x` applied and asked to be
        sent again or skipped; in capitals when the record has no gid. Lines are put together by the database.
        """
        return self.store.marks(FATE, push)

    def states_of(self, push: str, keys: Iterable[str]) -> dict[str, RecordState]:
        """The states of these records, by key; those that were never pushed are missing."""
        table = schema.states
        wanted = list(keys)
        found: dict[str, RecordState] = {}
        with self.store.read() as connection:
            for start in range(0, len(wanted), BATCH):
                part = [self.store.text(key) for key in wanted[start : start + BATCH]]
                query = sa.select(table).where(table.c.push == push, table.c.key.in_(part))
                found |= {row["key"]: _state(row) for row in connection.execute(query).mappings()}
        return found

    def records(
        self, push: str, *, outcome: str | None = None, key: str | None = None, limit: int | None = None
    ) -> list[RecordState]:
        table = schema.states
        query = sa.select(table).where(table.c.push == push).order_by(table.c.key)
        if outcome is not None:
            query = query.where(table.c.outcome == outcome)
        if key is not None:
            query = query.where(table.c.key == self.store.text(key))
        with self.store.read() as connection:
            return [_state(row) for row in connection.execute(query.limit(limit)).mappings()]

    def owners(self, push: str, gids: Collection[str]) -> dict[str, set[str]]:
        """The keys of the records that a push has made or changed, by gid, of these gids; deleted ones have none."""
        found: dict[str, set[str]] = {}
        with self.store.read() as connection:
            for gid, key in self._owned(connection, push, gids):
                found.setdefault(gid, set()).add(key)
        return found

    def _owned(self, connection: sa.Connection, push: str, gids: Collection[str]) -> Iterator[tuple[str, str]]:
        """By the index, a batch of gids at a time; by one walk over all states where most of them are asked for."""
        if len(gids) > WALK_LEAST:
            all_states = sa.select(sa.func.count()).where(schema.states.c.push == push)
            if connection.execute(all_states).scalar_one() < WALK_PACE * len(gids):
                yield from ((row[0], row[1]) for row in connection.execute(owning(push)) if row[0] in gids)
                return
        wanted = sorted(gids)  # in the order of the index
        for start in range(0, len(wanted), BATCH):
            for row in connection.execute(owning(push, wanted[start : start + BATCH])):
                yield row[0], row[1]

    def counts(self, push: str) -> dict[str, int]:
        """Records by outcome."""
        table = schema.states
        query = sa.select(table.c.outcome, sa.func.count()).where(table.c.push == push).group_by(table.c.outcome)
        with self.store.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def history(self, push: str, key: str) -> list[HistoryEntry]:
        """What happened to a record, oldest first."""
        table = schema.history
        query = sa.select(table).where(table.c.push == push, table.c.key == self.store.text(key)).order_by(table.c.id)
        with self.store.read() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def size(self, table: str) -> int:
        """How many rows a table of the ledger has: record_states or record_history."""
        query = sa.select(sa.func.count()).select_from(schema.metadata.tables[table])
        with self.store.read() as connection:
            found: int = connection.execute(query).scalar_one()
        return found

    def lines(
        self, table: str, columns: tuple[str, ...], newer: str | None = None, since: str | int | None = None
    ) -> Iterator[str]:
        """A table's rows as blocks of lines of JSON objects, those whose column `newer` is at least `since`."""
        return self.store.lines(schema.metadata.tables[table], columns, newer, since)

    def settle(self, states: Iterable[RecordState]) -> None:
        """Note outcomes: states and history written, their journal entries removed, all in one commit."""
        settled = list(states)
        if not settled:
            return
        now = self.store.clock.now()
        # What is unknown stays in the journal until it is looked up.
        known = [{"in_push": each.push, "in_key": each.key} for each in settled if each.outcome != "unknown"]
        many = self.store.many
        with self.store.write() as connection:
            many(UPSERT_STATE, [_state_values(state, now) for state in settled], connection)
            many(INSERT_HISTORY, [_history_values(state, now) for state in settled], connection)
            note_written(self.store, connection, settled, now)
            if known:
                many(FORGET, known, connection)

    def order(self, push: str, keys: Iterable[str] | None, order: str | None) -> int:
        """Note what a user asks for records (all of them when `keys` is None): resync, skip_once, skip_always, None."""
        table = schema.states
        query = table.update().where(table.c.push == push).values(order=order)
        if keys is not None:
            query = query.where(table.c.key.in_([self.store.text(key) for key in keys]))
        with self.store.write() as connection:
            return connection.execute(query).rowcount

    def skipped(self, push: str, keys: Iterable[str]) -> None:
        """These were left out by a run: who asked for once has had it."""
        done = [{"in_push": push, "in_key": key} for key in keys]
        if done:
            with self.store.write() as connection:
                self.store.many(HAD_ONCE, done, connection)

    def rehash(self, push: str, hashes: Iterable[tuple[str, str]]) -> None:
        """Note new hashes of rows, by key, whose values are the same under a new hash."""
        rows = [{"in_push": push, "in_key": key, "in_hash": value} for key, value in hashes]
        if rows:
            with self.store.write() as connection:
                self.store.many(REHASH, rows, connection)


def owning(push: str, gids: Collection[str] | None = None) -> sa.Select[Any]:
    """The gids that a push's records have, of these or all, each with the record's key."""
    table = schema.states
    deleted = sa.and_(table.c.action == "delete", table.c.outcome == "applied")
    others = table.c.outcome.in_(("blocked", "ambiguous"))  # what they name is not theirs
    wanted = table.c.gid.is_not(None) if gids is None else table.c.gid.in_(gids)
    return sa.select(table.c.gid, table.c.key).where(table.c.push == push, wanted, ~deleted, ~others)


def _state(row: Any) -> RecordState:
    values = {name: row[name] for name in STATE_COLUMNS}
    tried, updated = as_moment(row["tried_at"]), as_moment(row["updated_at"])
    return RecordState(push=row["push"], key=row["key"], tried_at=tried, updated_at=updated, **values)


def _state_values(state: RecordState, now: datetime) -> dict[str, Any]:
    names = ("push", "key", *STATE_COLUMNS)
    return {name: getattr(state, name) for name in names} | {
        "tried_at": as_text(now) if state.tried else None,
        "updated_at": as_text(now),
    }


def _history_values(state: RecordState, now: datetime) -> dict[str, Any]:
    names = ("push", "key", "run_id", "action", "outcome", "gid", "changes", "message", "code", "field", "cost")
    values = {name: getattr(state, name) for name in names}
    return values | {"hash": state.offered or state.hash, "at": as_text(now)}


def _entry(row: Any) -> HistoryEntry:
    names = ("key", "run_id", "action", "outcome", "gid", "hash", "changes", "message", "code", "field", "cost")
    return HistoryEntry(at=datetime.fromisoformat(row["at"]), **{name: row[name] for name in names})
