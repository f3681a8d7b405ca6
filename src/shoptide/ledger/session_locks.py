"""Locks of database sessions: the server lets go of them when the process or its machine is gone."""

from __future__ import annotations

import hashlib
import os
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import sqlalchemy as sa

from shoptide.errors import LedgerError
from shoptide.ledger import schema
from shoptide.ledger.locks import held_by

if TYPE_CHECKING:
    from shoptide.ledger.postgres import PostgresStore

LOOK = 1.0  # seconds for which a lock that was there is believed to be
# The server's own look at whether the holder's machine still answers.
KEEPALIVE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 4")


class SessionLocks:
    """The locks that this process holds in one ledger, each in a session of its own."""

    def __init__(self, engine: sa.Engine, store: PostgresStore) -> None:
        self._engine = engine
        self._store = store
        self._held: dict[str, _Held] = {}
        self._guard = threading.Lock()

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold `name` for as long as the block runs; raises LockHeld with the holder's host, pid and since when."""
        with self._store.errors():
            connection = self._engine.connect()
        try:
            with self._store.errors():
                self._take(connection, name)
            with self._guard:
                self._held[name] = _Held(connection, self._store.clock.monotonic())
            try:
                yield
            finally:
                with self._guard:
                    del self._held[name]
        finally:
            # Closing the session lets go; one that is broken already has.
            with suppress(sa.exc.DBAPIError):
                connection.close()

    def _take(self, connection: sa.Connection, name: str) -> None:
        for setting in KEEPALIVE:
            connection.exec_driver_sql(f"SET {setting}")
        key = lock_key(self._store.schema, name)
        if not connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar_one():
            query = sa.select(schema.holders).where(schema.holders.c.name == name)
            holder = connection.execute(query).mappings().first()
            raise held_by(name, dict(holder) if holder else {})
        mine = {
            "host": platform.node(),
            "pid": os.getpid(),
            "since": self._store.clock.now().isoformat(timespec="seconds"),
        }
        insert = self._store.insert(schema.holders).values(name=name, **mine)
        connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=mine))

    def check(self) -> None:
        """Raise LedgerError when the session of a lock has ended: somebody else may hold it by now.

        Called before every write, so a process that slept or lost its connection sends nothing more.
        """
        with self._guard:
            for name, held in self._held.items():
                if not held.is_there(self._store.clock.monotonic()):
                    raise LedgerError(
                        f"{self._store.shown}: the connection that held {name} broke, and the lock with it",
                        hint="run it again: it goes on where it stopped",
                    )


class _Held:
    """A lock's session, and when it was last seen alive."""

    def __init__(self, connection: sa.Connection, seen: float) -> None:
        self._connection = connection
        self._seen = seen
        self._broken = False

    def is_there(self, now: float) -> bool:
        if not self._broken and now - self._seen >= LOOK:
            try:
                self._connection.exec_driver_sql("SELECT 1")
                self._seen = now
            except sa.exc.DBAPIError:
                self._broken = True
        return not self._broken


def lock_key(*names: str) -> int:
    """A number for pg_advisory_lock, which knows 64 bits and a sign."""
    digest = hashlib.sha256("\x00".join(names).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
