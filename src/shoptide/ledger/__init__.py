"""What the tool itself must remember: runs, bulk operations in flight, record states and their history, the journal.

Every call commits before it returns. SQLite in WAL mode with full synchronisation by default: an outcome that was
noted survives the machine, and others read while one writes.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from shoptide.clock import Clock, SystemClock
from shoptide.config import LedgerConfig
from shoptide.errors import ConfigError, LedgerError
from shoptide.ledger import schema
from shoptide.ledger.locks import file_lock
from shoptide.ledger.records import HistoryEntry, OperationRecord, RecordState, Run, RunKind, RunOutcome, Sending

__all__ = ["HistoryEntry", "Ledger", "OperationRecord", "RecordState", "Run", "Sending", "open_ledger"]

BATCH = 500  # rows a statement
ENCODER = msgspec.json.Encoder(enc_hook=str)
MARKS = 4_000  # records a block of lines
_FATE = """CASE WHEN outcome <> 'applied' THEN 'o' WHEN "order" IS NOT NULL THEN 'x'
  WHEN action = 'delete' THEN 'd' ELSE 'a' END"""
FATE = f"CASE WHEN gid IS NULL THEN upper({_FATE}) ELSE {_FATE} END"


def open_ledger(config: LedgerConfig, *, base: Path, clock: Clock | None = None) -> Ledger:
    """Open or make the ledger; relative paths are below `base`. Raises ConfigError or LedgerError."""
    prefix = "sqlite:///"
    if not config.url.startswith(prefix):
        raise ConfigError(
            f"[ledger] url {config.url!r} is not understood", hint='for example "sqlite:///.shoptide/ledger.db"'
        )
    return Ledger(base / config.url[len(prefix) :], clock or SystemClock())


class Ledger:
    """A SQLite ledger. Threads may share it."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path = path
        self.clock = clock
        self._prepare_folder()
        self.engine = sa.create_engine(
            f"sqlite:///{path}",
            json_serializer=_dump,
            json_deserializer=msgspec.json.decode,
            connect_args={"timeout": 30},
        )
        sa.event.listen(self.engine, "connect", _configure)
        with self._errors():
            self._create()

    def _prepare_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"the ledger {self.path} can't be made: {error}", hint="check [ledger] url") from None
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise LedgerError(f"the ledger {self.path} can't be written", hint="check the file's rights")

    def _create(self) -> None:
        with self.engine.begin() as connection:
            schema.metadata.create_all(connection)
            found = connection.execute(sa.select(schema.layout.c.version)).scalar()
            if found is None:
                connection.execute(schema.layout.insert().values(version=schema.VERSION))
            elif found > schema.VERSION:
                raise LedgerError(
                    f"the ledger {self.path} was written by a newer Shoptide (layout {found})", hint="upgrade Shoptide"
                )
            else:
                self._upgrade(connection, found)

    @staticmethod
    def _upgrade(connection: sa.Connection, found: int) -> None:
        """Bring an older layout to the present one, step by step, in the transaction that opened it."""
        for version in range(found + 1, schema.VERSION + 1):
            for statement in schema.STEPS[version]:
                connection.execute(sa.text(statement))
            connection.execute(schema.layout.update().values(version=version))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise LedgerError(
                f"the ledger {self.path}: {error.orig}", hint="check [ledger] url and the disk"
            ) from error

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with self._errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with self._errors(), self.engine.connect() as connection:
            yield connection

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """A transaction for the tables of the modules beside this one. Raises LedgerError."""
        return self._write()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection for their queries. Raises LedgerError."""
        return self._read()

    def close(self) -> None:
        self.engine.dispose()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Work on `name` alone. Raises LockHeld when another process does; a killed one lets go."""
        return file_lock(self.path.parent / "locks", name, self.clock.now())

    # runs

    def begin_run(self, kind: RunKind, name: str, shop: str, options: dict[str, Any]) -> str:
        """Note that a run begins; returns its id, which sorts by time."""
        now = self.clock.now()
        run_id = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(3)}"
        with self._write() as connection:
            connection.execute(
                schema.runs.insert().values(
                    id=run_id, kind=kind, name=name, shop=shop, started_at=_text(now), options=options, summary={}
                )
            )
        return run_id

    def end_run(self, run_id: str, outcome: RunOutcome, summary: dict[str, Any]) -> None:
        with self._write() as connection:
            connection.execute(
                schema.runs.update()
                .where(schema.runs.c.id == run_id)
                .values(outcome=outcome, ended_at=_text(self.clock.now()), summary=summary)
            )

    def runs(self, *, name: str | None = None, limit: int = 20) -> list[Run]:
        """Runs, newest first."""
        query = sa.select(schema.runs).order_by(schema.runs.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(schema.runs.c.name == name)
        with self._read() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def run(self, run_id: str) -> Run | None:
        """The run of that id, or of the only id that begins so; None where there is none."""
        query = sa.select(schema.runs).where(schema.runs.c.id.startswith(run_id, autoescape=True)).limit(2)
        with self._read() as connection:
            rows = connection.execute(query).mappings().all()
        return _run(rows[0]) if len(rows) == 1 else None

    # bulk operations

    def remember_operation(self, operation: OperationRecord) -> None:
        with self._write() as connection:
            connection.execute(
                sqlite.insert(schema.operations)
                .values(
                    gid=operation.gid,
                    shop=operation.shop,
                    run_id=operation.run_id,
                    sync=operation.pull,
                    stream=operation.stream,
                    search=operation.search,
                    document_hash=operation.document_hash,
                    status=operation.status,
                    started_at=_text(operation.started_at),
                )
                .on_conflict_do_nothing()
            )

    def open_operations(self, shop: str, pull: str, stream: str) -> list[OperationRecord]:
        """Operations that were started and not closed, newest first."""
        table = schema.operations
        query = (
            sa.select(table)
            .where(table.c.shop == shop, table.c.sync == pull, table.c.stream == stream, table.c.closed_at.is_(None))
            .order_by(table.c.started_at.desc())
        )
        with self._read() as connection:
            return [
                OperationRecord(
                    row["gid"],
                    row["run_id"],
                    row["shop"],
                    row["sync"],
                    row["stream"],
                    row["search"],
                    row["document_hash"],
                    row["status"],
                    _moment(row["started_at"]),
                )
                for row in connection.execute(query).mappings()
            ]

    def close_operation(self, gid: str, status: str) -> None:
        with self._write() as connection:
            connection.execute(
                schema.operations.update()
                .where(schema.operations.c.gid == gid)
                .values(status=status, closed_at=_text(self.clock.now()))
            )

    # record states

    def marks(self, push: str) -> Iterator[str]:
        """What comparing a million rows needs of every record: blocks of lines `key in hex, hash, fate`, tab-separated.

        A fate is one letter: `a` applied, `d` deleted, `o` open (tried, and not applied), `x` applied and asked to be
        sent again or skipped; in capitals when the record has no gid. Lines are put together inside SQLite.
        """
        line = f"hex(key) || char(9) || coalesce(hash, '') || char(9) || {FATE}"
        # `+` keeps SQLite from walking the index on push for each block.
        query = (
            f"SELECT group_concat({line}, char(10)) FROM record_states"  # noqa: S608  # fixed text
            " WHERE rowid BETWEEN ? AND ? AND +push = ?"
        )
        with self._errors(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            first, last = cursor.execute("SELECT min(rowid), max(rowid) FROM record_states").fetchone()
            for start in range(first or 0, (last or -1) + 1, MARKS):
                (block,) = cursor.execute(query, (start, start + MARKS - 1, push)).fetchone()
                if block:
                    yield f"{block}\n"

    def states_of(self, push: str, keys: Iterable[str]) -> dict[str, RecordState]:
        """The states of these records, by key; those that were never pushed are missing."""
        table = schema.states
        wanted = list(keys)
        found: dict[str, RecordState] = {}
        with self._read() as connection:
            for start in range(0, len(wanted), BATCH):
                query = sa.select(table).where(table.c.push == push, table.c.key.in_(wanted[start : start + BATCH]))
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
            query = query.where(table.c.key == key)
        with self._read() as connection:
            return [_state(row) for row in connection.execute(query.limit(limit)).mappings()]

    def counts(self, push: str) -> dict[str, int]:
        """Records by outcome."""
        table = schema.states
        query = sa.select(table.c.outcome, sa.func.count()).where(table.c.push == push).group_by(table.c.outcome)
        with self._read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def history(self, push: str, key: str) -> list[HistoryEntry]:
        """What happened to a record, oldest first."""
        table = schema.history
        query = sa.select(table).where(table.c.push == push, table.c.key == key).order_by(table.c.id)
        with self._read() as connection:
            return [_entry(row) for row in connection.execute(query).mappings()]

    def size(self, table: str) -> int:
        """How many rows a table of the ledger has: record_states or record_history."""
        with self._read() as connection:
            found: int = connection.execute(
                sa.select(sa.func.count()).select_from(schema.metadata.tables[table])
            ).scalar_one()
        return found

    def lines(
        self, table: str, columns: tuple[str, ...], newer: str | None = None, since: str | int | None = None
    ) -> Iterator[str]:
        """A table's rows as blocks of lines of JSON objects, those whose column `newer` is at least `since`."""
        kinds = schema.metadata.tables[table].columns
        members = ", ".join(f"'{name}', {_json_member(kinds[name])}" for name in columns)
        where = f' AND "{newer}" >= ?' if newer else ""
        query = (
            f"SELECT group_concat(json_object({members}), char(10)) FROM {table}"  # noqa: S608  # names of ours
            f" WHERE rowid BETWEEN ? AND ?{where}"
        )
        with self._errors(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            lowest = f"SELECT min(rowid), max(rowid) FROM {table}"  # noqa: S608  # as above
            first, last = cursor.execute(lowest).fetchone()
            if newer == "id" and since is not None and first is not None:
                first = max(first, int(since))  # the id is SQLite's rowid
            for start in range(first or 0, (-1 if last is None else last) + 1, MARKS):
                values = (start, start + MARKS - 1) + ((since,) if newer else ())
                (block,) = cursor.execute(query, values).fetchone()
                if block:
                    yield f"{block}\n"

    def settle(self, states: Iterable[RecordState]) -> None:
        """Note outcomes: states and history written, their journal entries removed, all in one commit."""
        settled = list(states)
        if not settled:
            return
        now = self.clock.now()
        # What is unknown stays in the journal until it is looked up.
        known = [{"in_push": each.push, "in_key": each.key} for each in settled if each.outcome != "unknown"]
        with self._write() as connection:
            UPSERT_STATE.run(connection, [_state_values(state, now) for state in settled])
            INSERT_HISTORY.run(connection, [_history_values(state, now) for state in settled])
            if known:
                FORGET.run(connection, known)

    def order(self, push: str, keys: Iterable[str] | None, order: str | None) -> int:
        """Note what a user asks for records (all of them when `keys` is None): resync, skip_once, skip_always, None."""
        table = schema.states
        query = table.update().where(table.c.push == push).values(order=order)
        if keys is not None:
            query = query.where(table.c.key.in_(list(keys)))
        with self._write() as connection:
            return connection.execute(query).rowcount

    def skipped(self, push: str, keys: Iterable[str]) -> None:
        """These were left out by a run: who asked for once has had it."""
        table = schema.states
        done = [{"in_push": push, "in_key": key} for key in keys]
        if done:
            wanted = (table.c.push == sa.bindparam("in_push"), table.c.key == sa.bindparam("in_key"))
            with self._write() as connection:
                connection.execute(table.update().where(*wanted, table.c.order == "skip_once").values(order=None), done)

    def rehash(self, push: str, hashes: Iterable[tuple[str, str]]) -> None:
        """Note new hashes of rows, by key, whose values are the same under a new hash."""
        table = schema.states
        rows = [{"in_push": push, "in_key": key, "in_hash": value} for key, value in hashes]
        if rows:
            wanted = (table.c.push == sa.bindparam("in_push"), table.c.key == sa.bindparam("in_key"))
            with self._write() as connection:
                connection.execute(table.update().where(*wanted).values(hash=sa.bindparam("in_hash")), rows)

    # journal

    def journal(self, entries: Iterable[Sending]) -> None:
        """Note writes durably before they leave."""
        now = _text(self.clock.now())
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
            with self._write() as connection:
                UPSERT_JOURNAL.run(connection, rows)

    def unsettled(self, push: str) -> list[Sending]:
        """Writes whose outcome nobody noted: their process was killed or their answer lost."""
        table = schema.journal
        with self._read() as connection:
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
            with self._write() as connection:
                FORGET.run(connection, gone)


def _json_member(column: sa.Column[Any]) -> str:
    """A column inside json_object: what is JSON already stays so."""
    return f'json("{column.name}")' if isinstance(column.type, sa.JSON) else f'"{column.name}"'


def _configure(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.close()


def _dump(value: Any) -> str:
    return ENCODER.encode(value).decode()


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _run(row: Any) -> Run:
    return Run(
        row["id"],
        row["kind"],
        row["name"],
        row["shop"],
        row["outcome"],
        datetime.fromisoformat(row["started_at"]),
        _moment(row["ended_at"]),
        row["options"],
        row["summary"],
    )


STATE_COLUMNS = (
    "gid", "outcome", "action", "hash", "sent", "message", "code", "field", "column", "value", "attempts", "tried",
    "order", "run_id",
)  # fmt: skip


class Many:
    """A statement for many rows at once, put into SQLite's words once: rows of a large push pass here four times."""

    def __init__(self, statement: Any, columns: Sequence[str]) -> None:
        compiled = statement.compile(dialect=sqlite.dialect(), column_keys=list(columns))
        self.sql = str(compiled)
        self.order = tuple(compiled.positiontup)
        self.as_json = tuple(isinstance(compiled.binds[name].type, sa.JSON) for name in self.order)

    def run(self, connection: sa.Connection, rows: Iterable[dict[str, Any]]) -> None:
        """Execute it for rows of plain values by column."""
        pairs = tuple(zip(self.order, self.as_json, strict=True))
        values = [tuple(_dump(row[name]) if as_json else row[name] for name, as_json in pairs) for row in rows]
        connection.exec_driver_sql(self.sql, values)


def _upserting(table: sa.Table) -> Many:
    """Put each row in place of what its key had."""
    insert = sqlite.insert(table)
    updated = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    statement = insert.on_conflict_do_update(index_elements=["push", "key"], set_=updated)
    return Many(statement, [column.name for column in table.columns])


UPSERT_STATE = _upserting(schema.states)
UPSERT_JOURNAL = _upserting(schema.journal)
INSERT_HISTORY = Many(schema.history.insert(), [each.name for each in schema.history.columns if each.name != "id"])
FORGET = Many(
    schema.journal.delete().where(
        schema.journal.c.push == sa.bindparam("in_push"), schema.journal.c.key == sa.bindparam("in_key")
    ),
    (),
)


def _state(row: Any) -> RecordState:
    values = {name: row[name] for name in STATE_COLUMNS}
    tried, updated = _moment(row["tried_at"]), _moment(row["updated_at"])
    return RecordState(push=row["push"], key=row["key"], tried_at=tried, updated_at=updated, **values)


def _state_values(state: RecordState, now: datetime) -> dict[str, Any]:
    names = ("push", "key", *STATE_COLUMNS)
    return {name: getattr(state, name) for name in names} | {
        "tried_at": _text(now) if state.tried else None,
        "updated_at": _text(now),
    }


def _history_values(state: RecordState, now: datetime) -> dict[str, Any]:
    names = ("push", "key", "run_id", "action", "outcome", "gid", "hash", "changes", "message", "code", "field", "cost")
    return {name: getattr(state, name) for name in names} | {"at": _text(now)}


def _entry(row: Any) -> HistoryEntry:
    names = ("key", "run_id", "action", "outcome", "gid", "changes", "message", "code", "field", "cost")
    return HistoryEntry(at=datetime.fromisoformat(row["at"]), **{name: row[name] for name in names})
