"""The database a ledger lies in: connections, transactions, locks, batches. What the rows mean is not known here."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec
import sqlalchemy as sa

from shoptide.clock import Clock
from shoptide.errors import LedgerError

BATCH = 500  # keys a query asks for
ENCODER = msgspec.json.Encoder(enc_hook=str)


class Store:
    """A database with a ledger's tables. Threads may share it; the two kinds of it differ in what is below the line."""

    engine: sa.Engine
    dialect: sa.Dialect  # with positional parameters: batches are put into its words once

    def __init__(self, shown: str, folder: Path, clock: Clock) -> None:
        """`shown` names it in messages, without any password; `folder` is for files of this machine."""
        self.shown = shown
        self.folder = folder
        self.clock = clock
        self._batches: dict[str, Many] = {}
        self._is_beside = False

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Map the driver's errors to LedgerError."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            told = self.clean(str(error.orig).strip())
            raise LedgerError(f"{self.shown}: {told}", hint="check [ledger] url and the database") from None
        except sa.exc.TimeoutError:
            raise LedgerError(f"{self.shown}: all its connections are busy", hint="run fewer syncs at once") from None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that writes; it is committed when the block ends well."""
        self.check_locks()
        with self.errors(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        with self.errors(), self.engine.connect() as connection:
            yield connection

    def many(self, statement: Statement, rows: Iterable[dict[str, Any]], connection: sa.Connection) -> None:
        """Run a statement for many rows of plain values by column, in one go."""
        prepared = self._batches.get(statement.name)
        if prepared is None:
            prepared = self._batches[statement.name] = Many(statement, self)
        prepared.run(connection, rows)

    def beside(self) -> Self:
        """The same database through the same connections, with locks of its own: one that breaks is not the others'."""
        other = copy.copy(self)
        other._is_beside = True  # noqa: SLF001  # its own kind
        return other

    def close(self) -> None:
        """Close the connections; those of a store that is beside another are the other's."""
        if not self._is_beside:
            self.engine.dispose()

    # what each kind does its own way

    def make_room(self) -> None:
        """Make what tables are made in, if it isn't there."""

    def alone(self, connection: sa.Connection, name: str = "layout") -> None:
        """Keep others from what bears that name until the connection's transaction ends."""

    def seconds(self, connection: sa.Connection) -> float:
        """The time that all users of the database agree on, in seconds."""
        raise NotImplementedError

    def insert(self, table: sa.Table) -> Any:
        """An insert that knows on_conflict_do_update and on_conflict_do_nothing."""
        raise NotImplementedError

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Work on `name` alone. Raises LockHeld when another process does; a killed one lets go."""
        raise NotImplementedError

    def check_locks(self) -> None:
        """Raise LedgerError when a lock that is held here was lost with its connection."""

    def text(self, value: str) -> str:
        """A text as this kind of database can keep it."""
        return value

    def clean(self, message: str) -> str:
        """A driver's message without the password."""
        return message

    def marks(self, fate: str, push: str) -> Iterator[str]:
        """Blocks of lines `key in hex, hash, fate` of a push's record states; `fate` is an SQL expression."""
        raise NotImplementedError

    def lines(self, table: sa.Table, columns: Sequence[str], newer: str | None, since: Any) -> Iterator[str]:
        """Blocks of lines of JSON objects: a table's rows, those whose column `newer` is at least `since`."""
        raise NotImplementedError


class Building(Protocol):
    def __call__(self, store: Store) -> Any:
        """The statement, with bind parameters named as the rows' members."""


class Statement:
    """A statement for many rows, not yet in any engine's words. `columns` are those of an insert."""

    def __init__(self, name: str, build: Building, columns: Sequence[str] = ()) -> None:
        self.name = name
        self.build = build
        self.columns = tuple(columns)


class Many:
    """A statement in one engine's words, put into them once: rows of a large push pass here four times."""

    def __init__(self, statement: Statement, store: Store) -> None:
        compiled: Any = statement.build(store).compile(dialect=store.dialect, column_keys=list(statement.columns))
        self.sql = str(compiled)
        self.text = store.text
        self.order = tuple(compiled.positiontup)
        self.as_json = tuple(isinstance(compiled.binds[name].type, sa.JSON) for name in self.order)

    def run(self, connection: sa.Connection, rows: Iterable[dict[str, Any]]) -> None:
        pairs = tuple(zip(self.order, self.as_json, strict=True))
        text = self.text
        values = [
            tuple(
                dump(value) if as_json else text(value) if isinstance(value, str) else value
                for value, as_json in ((row[name], as_json) for name, as_json in pairs)
            )
            for row in rows
        ]
        connection.exec_driver_sql(self.sql, values)


def upserting(table: sa.Table) -> Statement:
    """Put each row in place of what its key had."""

    def build(store: Store) -> Any:
        insert = store.insert(table)
        updated = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
        return insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=updated)

    return Statement(f"upsert {table.name}", build, [column.name for column in table.columns])


def dump(value: Any) -> str:
    return ENCODER.encode(value).decode()


def as_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def as_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
