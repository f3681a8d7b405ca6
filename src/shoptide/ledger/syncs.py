"""What people and workers say of syncs: paused, to be ended, waiting, due; and which workers there are.

A sync is named as the configuration names it: `pull.store`, `push.vip`.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from shoptide.errors import LockHeld
from shoptide.ledger import Ledger
from shoptide.ledger.schema import holders, workers
from shoptide.ledger.schema import syncs as table
from shoptide.ledger.store import as_moment, as_text


@dataclass(frozen=True)
class SyncState:
    """What is said of a sync; moments are aware UTC. `seen` is what its trigger answered last."""

    sync: str
    paused_at: datetime | None = None
    cancel_at: datetime | None = None
    ticked_at: datetime | None = None
    seen: str | None = None
    waiting_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class WorkerEntry:
    """A worker that was started; whether it still lives is told by its lock."""

    id: str
    host: str
    pid: int
    since: datetime


class Syncs:
    """What a ledger holds of syncs. Every call commits before it returns; threads may share it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger

    def state(self, sync: str) -> SyncState:
        with self.ledger.reading() as connection:
            row = connection.execute(sa.select(table).where(table.c.sync == sync)).mappings().first()
        return _state(row) if row else SyncState(sync)

    def states(self) -> dict[str, SyncState]:
        """All that anything was said of, by name."""
        with self.ledger.reading() as connection:
            return {row["sync"]: _state(row) for row in connection.execute(sa.select(table)).mappings()}

    def pause(self, sync: str) -> None:
        self._note(sync, paused_at=self._now())

    def resume(self, sync: str) -> None:
        """Let it run again; moments of its schedule that went by meanwhile are not made up for."""
        self._note(sync, paused_at=None, ticked_at=self._now())

    def cancel(self, sync: str) -> None:
        self._note(sync, cancel_at=self._now())

    def cancelled(self, sync: str) -> None:
        """The run has ended, or there was none."""
        self._note(sync, cancel_at=None)

    def ticked(self, sync: str, moment: datetime) -> None:
        self._note(sync, ticked_at=as_text(moment))

    def answered(self, sync: str, seen: str) -> None:
        self._note(sync, seen=seen)

    def waits(self, sync: str) -> None:
        self._note(sync, waiting_at=self._now())

    def begins(self, sync: str) -> None:
        """Its turn has come; a wish to end an earlier run is no wish to end this one."""
        self._note(sync, waiting_at=None, cancel_at=None)

    def ended(self, sync: str, error: str | None) -> None:
        self._note(sync, error=error)

    def _note(self, sync: str, **values: str | None) -> None:
        insert = self.ledger.store.insert(table).values(sync=sync, **values)
        with self.ledger.writing() as connection:
            connection.execute(insert.on_conflict_do_update(index_elements=["sync"], set_=values))

    def _now(self) -> str:
        return self.ledger.clock.now().isoformat()

    # workers

    @contextmanager
    def working(self, worker: str) -> Iterator[None]:
        """Be a worker for as long as the block runs: the lock says so, also of a process that is killed."""
        mine = {"host": platform.node(), "pid": os.getpid(), "since": self._now()}
        with self.ledger.lock(lock_of(worker)):
            insert = self.ledger.store.insert(workers).values(id=worker, **mine)
            with self.ledger.writing() as connection:
                connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=mine))
            yield

    def workers(self) -> list[WorkerEntry]:
        """The workers that live, oldest first; those that don't are forgotten."""
        query = sa.select(workers).order_by(workers.c.since)
        with self.ledger.reading() as connection:
            rows = connection.execute(query).mappings().all()
        dead = [row["id"] for row in rows if not self.lives(row["id"])]
        if dead:
            with self.ledger.writing() as connection:
                connection.execute(workers.delete().where(workers.c.id.in_(dead)))
                connection.execute(holders.delete().where(holders.c.name.in_([lock_of(each) for each in dead])))
        return [
            WorkerEntry(row["id"], row["host"], row["pid"], datetime.fromisoformat(row["since"]))
            for row in rows
            if row["id"] not in dead
        ]

    def lives(self, worker: str) -> bool:
        try:
            with self.ledger.lock(lock_of(worker)):
                return False
        except LockHeld:
            return True


def lock_of(worker: str) -> str:
    return f"worker:{worker}"


def _state(row: Any) -> SyncState:
    moments = {name: as_moment(row[name]) for name in ("paused_at", "cancel_at", "ticked_at", "waiting_at")}
    return SyncState(row["sync"], seen=row["seen"], error=row["error"], **moments)
