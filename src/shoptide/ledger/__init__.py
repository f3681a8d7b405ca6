"""What the tool itself must remember: runs, bulk operations in flight, record states and their history, the journal.

Every call commits before it returns: an outcome that was noted survives the machine, and others read while one writes.
A ledger lies in a SQLite file, or in Postgres when several machines share it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import sqlalchemy as sa

from shoptide.clock import Clock, SystemClock
from shoptide.config import LedgerConfig
from shoptide.errors import ConfigError
from shoptide.ledger import layouts
from shoptide.ledger.journal import Journal
from shoptide.ledger.notices import Notices
from shoptide.ledger.records import HistoryEntry, OperationRecord, RecordState, Run, Sending
from shoptide.ledger.runs import Runs
from shoptide.ledger.sqlite import SQLiteStore
from shoptide.ledger.states import States
from shoptide.ledger.store import Store
from shoptide.ledger.written import Written

__all__ = ["HistoryEntry", "Ledger", "OperationRecord", "RecordState", "Run", "Sending", "open_ledger"]

SQLITE = "sqlite:///"
POSTGRES = ("postgresql", "postgres")
STATE_FOLDER = ".shoptide"  # files of this machine, where the ledger itself is elsewhere


class Ledger(Runs, States, Journal, Written, Notices):
    """A ledger in one of its databases. Threads may share it. `folder` is for files of this machine that go with it."""

    def __init__(self, store: Store, *, prepared: bool = False) -> None:
        """Make the tables, or bring older ones up to date. Raises LedgerError, also for those of a newer Shoptide."""
        self.store = store
        self.folder = store.folder
        if prepared:
            return
        try:
            with store.errors():
                layouts.prepare(store)
        except BaseException:
            store.close()
            raise

    @property
    def clock(self) -> Clock:
        return self.store.clock

    @property
    def engine(self) -> sa.Engine:
        return self.store.engine

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """A transaction for the tables of the modules beside this one. Raises LedgerError."""
        return self.store.write()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection for their queries. Raises LedgerError."""
        return self.store.read()

    def beside(self) -> Ledger:
        """The same ledger for another run of this process: its connections are shared, its locks are its own."""
        return Ledger(self.store.beside(), prepared=True)

    def close(self) -> None:
        self.store.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Work on `name` alone. Raises LockHeld when another process does; a killed one lets go."""
        return self.store.lock(name)


def open_ledger(config: LedgerConfig, *, base: Path, clock: Clock | None = None) -> Ledger:
    """Open or make the ledger; relative paths are below `base`. Raises ConfigError or LedgerError."""
    time = clock or SystemClock()
    if config.url.startswith(SQLITE):
        return Ledger(SQLiteStore(base / config.url[len(SQLITE) :], time))
    kind, mark, _ = config.url.partition("://")
    if kind in POSTGRES:
        from shoptide.ledger.postgres import PostgresStore

        return Ledger(PostgresStore(config, base / STATE_FOLDER, time))
    raise ConfigError(
        f"[ledger] url {kind + '://…' if mark else '…'} is not understood",
        hint='for example "sqlite:///.shoptide/ledger.db" or "postgresql://user@host/database"',
    )
