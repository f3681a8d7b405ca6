"""A ledger in a SQLite file: WAL with full synchronisation, so that what was noted survives the machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from shoptide.clock import Clock
from shoptide.errors import LedgerError
from shoptide.ledger.locks import file_lock
from shoptide.ledger.store import Store, dump

BLOCK = 4_000  # rows a block of lines


class SQLiteStore(Store):
    """Others read while one writes; who wants to write waits."""

    dialect = sqlite.dialect()

    def __init__(self, path: Path, clock: Clock) -> None:
        super().__init__(f"the ledger {path}", path.parent, clock)
        self.path = path
        self._prepare_folder()
        self.engine = sa.create_engine(
            f"sqlite:///{path}",
            json_serializer=dump,
            json_deserializer=msgspec.json.decode,
            connect_args={"timeout": 30},
            hide_parameters=True,
        )
        sa.event.listen(self.engine, "connect", _configure)
        sa.event.listen(self.engine, "begin", _begin)

    def _prepare_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LedgerError(f"{self.shown} can't be made: {error}", hint="check [ledger] url") from None
        if self.path.exists() and not os.access(self.path, os.W_OK):
            raise LedgerError(f"{self.shown} can't be written", hint="check the file's rights")

    def seconds(self, connection: sa.Connection) -> float:  # noqa: ARG002  # all of them are on this machine
        return self.clock.now().timestamp()

    def insert(self, table: sa.Table) -> Any:
        return sqlite.insert(table)

    def lock(self, name: str) -> AbstractContextManager[None]:
        return file_lock(self.folder / "locks", name, self.clock.now())

    def marks(self, fate: str, push: str) -> Iterator[str]:
        """The lines are put together inside SQLite."""
        line = f"hex(key) || char(9) || coalesce(hash, '') || char(9) || {fate}"
        # `+` keeps SQLite from walking the index on push for each block.
        query = (
            f"SELECT group_concat({line}, char(10)) FROM record_states"  # noqa: S608  # fixed text
            " WHERE rowid BETWEEN ? AND ? AND +push = ?"
        )
        with self.errors(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            first, last = cursor.execute("SELECT min(rowid), max(rowid) FROM record_states").fetchone()
            for start in range(first or 0, (last or -1) + 1, BLOCK):
                (block,) = cursor.execute(query, (start, start + BLOCK - 1, push)).fetchone()
                if block:
                    yield f"{block}\n"

    def lines(self, table: sa.Table, columns: Sequence[str], newer: str | None, since: Any) -> Iterator[str]:
        members = ", ".join(f"'{name}', {_json_member(table.columns[name])}" for name in columns)
        where = f' AND "{newer}" >= ?' if newer else ""
        query = (
            f"SELECT group_concat(json_object({members}), char(10)) FROM {table.name}"  # noqa: S608  # names of ours
            f" WHERE rowid BETWEEN ? AND ?{where}"
        )
        with self.errors(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            lowest = f"SELECT min(rowid), max(rowid) FROM {table.name}"  # noqa: S608  # as above
            first, last = cursor.execute(lowest).fetchone()
            if newer == "id" and since is not None and first is not None:
                first = max(first, int(since))  # the id is SQLite's rowid
            for start in range(first or 0, (-1 if last is None else last) + 1, BLOCK):
                values = (start, start + BLOCK - 1) + ((since,) if newer else ())
                (block,) = cursor.execute(query, values).fetchone()
                if block:
                    yield f"{block}\n"


def _json_member(column: sa.Column[Any]) -> str:
    """A column inside json_object: what is JSON already stays so."""
    return f'json("{column.name}")' if isinstance(column.type, sa.JSON) else f'"{column.name}"'


def _configure(connection: Any, _record: object) -> None:
    # Transactions are begun by `_begin`: Python's own way leaves changes of the layout outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    """Who is going to write takes the write lock at once: to ask for it after reading may be refused without a wait."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
