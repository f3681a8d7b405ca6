"""Runs and the bulk operations they started."""

from __future__ import annotations

import getpass
import secrets
import socket
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from shoptide.ledger import schema
from shoptide.ledger.records import OperationRecord, Run, RunKind, RunOutcome
from shoptide.ledger.store import Store, as_moment, as_text


class Runs:
    """What pulls and pushes did, and what they have running in the store."""

    store: Store

    def begin_run(self, kind: RunKind, name: str, shop: str, options: dict[str, Any]) -> str:
        """Note that a run begins, and in its options `by` whom; returns its id, which sorts by time."""
        now = self.store.clock.now()
        run_id = f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}-{secrets.token_hex(3)}"
        with self.store.write() as connection:
            connection.execute(
                schema.runs.insert().values(
                    id=run_id,
                    kind=kind,
                    name=name,
                    shop=shop,
                    started_at=as_text(now),
                    options={**options, "by": actor()},
                    summary={},
                )
            )
        return run_id

    def end_run(self, run_id: str, outcome: RunOutcome, summary: dict[str, Any]) -> None:
        with self.store.write() as connection:
            connection.execute(
                schema.runs.update()
                .where(schema.runs.c.id == run_id)
                .values(outcome=outcome, ended_at=as_text(self.store.clock.now()), summary=summary)
            )

    def runs(self, *, name: str | None = None, limit: int = 20) -> list[Run]:
        """Runs, newest first."""
        query = sa.select(schema.runs).order_by(schema.runs.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(schema.runs.c.name == name)
        with self.store.read() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def ended_runs(self, since: datetime) -> list[Run]:
        """Runs that ended at that moment or later, in the order of their ends."""
        ended = schema.runs.c.ended_at
        query = sa.select(schema.runs).where(ended >= as_text(since)).order_by(ended)
        with self.store.read() as connection:
            return [_run(row) for row in connection.execute(query).mappings()]

    def run(self, run_id: str) -> Run | None:
        """The run of that id, or of the only id that begins so; None where there is none."""
        query = sa.select(schema.runs).where(schema.runs.c.id.startswith(run_id, autoescape=True)).limit(2)
        with self.store.read() as connection:
            rows = connection.execute(query).mappings().all()
        return _run(rows[0]) if len(rows) == 1 else None

    def remember_operation(self, operation: OperationRecord) -> None:
        insert = self.store.insert(schema.operations).values(
            gid=operation.gid,
            shop=operation.shop,
            run_id=operation.run_id,
            sync=operation.pull,
            stream=operation.stream,
            search=operation.search,
            document_hash=operation.document_hash,
            status=operation.status,
            started_at=as_text(operation.started_at),
        )
        with self.store.write() as connection:
            connection.execute(insert.on_conflict_do_nothing())

    def open_operations(self, shop: str, pull: str, stream: str) -> list[OperationRecord]:
        """Operations that were started and not closed, newest first."""
        table = schema.operations
        query = (
            sa.select(table)
            .where(table.c.shop == shop, table.c.sync == pull, table.c.stream == stream, table.c.closed_at.is_(None))
            .order_by(table.c.started_at.desc().nulls_last())
        )
        with self.store.read() as connection:
            return [_operation(row) for row in connection.execute(query).mappings()]

    def close_operation(self, gid: str, status: str) -> None:
        with self.store.write() as connection:
            connection.execute(
                schema.operations.update()
                .where(schema.operations.c.gid == gid)
                .values(status=status, closed_at=as_text(self.store.clock.now()))
            )


def actor() -> str:
    """Who runs this process: the system's user at its machine; in a container the user may have no name."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "?"
    return f"{user}@{socket.gethostname()}"


def _run(row: Any) -> Run:
    return Run(
        row["id"],
        row["kind"],
        row["name"],
        row["shop"],
        row["outcome"],
        datetime.fromisoformat(row["started_at"]),
        as_moment(row["ended_at"]),
        row["options"],
        row["summary"],
    )


def _operation(row: Any) -> OperationRecord:
    return OperationRecord(
        row["gid"],
        row["run_id"],
        row["shop"],
        row["sync"],
        row["stream"],
        row["search"],
        row["document_hash"],
        row["status"],
        as_moment(row["started_at"]),
    )
