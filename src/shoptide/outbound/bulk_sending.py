"""Sends rows as files of bulk mutations: journal, upload, start, wait, and each line's answer brought to its row.

A file's rows are in the journal, with the file's token and their lines, before the store hears of it; the token is the
operation's name in the mutation, so an operation whose start was never answered is found by it (`bulk_recovery`).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from shoptide.clock import SystemClock
from shoptide.errors import AccessError, ApiError, BulkFailed, Interrupted, ProofFailed, ShoptideError, ShopUnavailable
from shoptide.ledger import Ledger, OperationRecord
from shoptide.outbound.application import Fatal, Sender, Settled, failed, in_batches, is_too_fast, prepare
from shoptide.outbound.bulk_files import File, Group, answers, files
from shoptide.outbound.estimate import FILE_LEAST
from shoptide.outbound.events import Outcome
from shoptide.outbound.planning import WRITES, Planned
from shoptide.outbound.replay import Answer, Attempt, Reads
from shoptide.outbound.session import Session
from shoptide.outbound.waves import waves
from shoptide.shopify import bulk, staging
from shoptide.shopify.bulk import BulkOperation

log = logging.getLogger(__name__)

PATIENCE = 3 * 3600.0  # seconds to wait for a slot that others hold
NOTED = 2_000  # outcomes in one commit
CANCEL_LOOKS, CANCEL_GLANCE = 60, 0.5  # looks at an operation that was cancelled, seconds apart

Moved = Callable[[str, int, int], None]  # operation, lines done, lines of the file


@dataclass
class Progress:
    """What bulk operations of a run did: rows and the seconds they took, for the next run's estimate."""

    rows: int = 0
    seconds: float = 0.0

    @property
    def speed(self) -> float | None:
        """Rows a second and operation."""
        return self.rows / self.seconds if self.rows and self.seconds > 0 else None


@dataclass
class BulkSender:
    """Applies rows of one run by bulk mutations; what a bulk mutation can't do goes in common documents."""

    sender: Sender
    ledger: Ledger
    spool: Path
    moved: Moved
    progress: Progress = field(default_factory=Progress)
    starting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def session(self) -> Session:
        return self.sender.session

    def send(self, rows: Sequence[Planned]) -> None:
        """Send rows until all are settled or the sender's `stop` says so, which cancels what the store works on."""
        writes = [row for row in rows if row.action in WRITES]
        prepare(self.session, writes, together=True)
        for number, wave in enumerate(waves(self.session, writes)):
            if self.sender.stop():
                return
            if number:
                prepare(self.session, wave, together=True)
            if number and len(wave) < FILE_LEAST:
                self.sender.send_wave(wave, together=True)
            else:
                self._send_files(wave, number)

    def _send_files(self, rows: Sequence[Planned], number: int) -> None:
        groups, beside = self._grouped(rows)
        at_once = max(1, bulk.slots(self.session.client.api_version) - self.session.client.shop.free_bulk_slots)
        prefix = "Shoptide_" + re.sub(r"\W", "_", f"{self.sender.run_id}_{number}")
        waiting = files(groups, prefix, at_once, FILE_LEAST)
        fatal: ShoptideError | None = None
        with ThreadPoolExecutor(at_once, thread_name_prefix="bulk") as pool:
            pending: set[Future[list[Settled]]] = {pool.submit(self._send_file, file) for file in waiting}
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    fatal = self._noted(future) or fatal
        if fatal:
            raise fatal
        if not self.sender.stop():
            self.sender.send_wave(beside, together=True)

    def _grouped(self, rows: Sequence[Planned]) -> tuple[list[Group], list[Planned]]:
        """Rows by their mutation's text, and those whose writers must ask the store first."""
        groups: dict[str, Group] = {}
        beside: list[Planned] = []
        settled: list[Settled] = []
        for row in rows:
            attempt = Attempt(row)
            try:
                step = self.sender.proceed(attempt, settled, may_read=False)
            except Reads:
                beside.append(row)
                continue
            if step is not None:
                document = step.document(self.session)
                groups.setdefault(document, Group(step.name, document)).add(attempt, step)
        self.sender.note(settled)
        return list(groups.values()), beside

    def _noted(self, future: Future[list[Settled]]) -> ShoptideError | None:
        fatal = None
        try:
            settled = future.result()
        except Fatal as end:
            settled, fatal = end.settled, end.error
        except ShoptideError as error:  # stopped while the store worked: the journal keeps the file's rows
            settled, fatal = [], error
        for start in range(0, len(settled), NOTED):
            self.sender.note(settled[start : start + NOTED])
        return fatal

    # one file

    def _send_file(self, file: File) -> list[Settled]:
        """Send one file and settle its rows. Raises Fatal."""
        sender = self.sender
        if sender.stop():
            return []
        with ThreadPoolExecutor(1) as pool:
            sender.journalled([attempt.row for attempt in file.attempts], pool, operation=file.token)
        keys = [attempt.row.key for attempt in file.attempts]
        try:
            with sender.charges.to(*keys):
                operation = self._started(file)
        except (Interrupted, AccessError, ShopUnavailable, ApiError) as error:
            return self._not_started(file, error)
        began = self.session.client.clock.monotonic()
        with sender.charges.to(*keys):
            found = self._results(file, operation)
        self.progress.rows += len(found)
        self.progress.seconds += self.session.client.clock.monotonic() - began
        settled = self._settled(file, found)
        self.ledger.close_operation(operation.id, "settled")
        return settled

    def _started(self, file: File) -> BulkOperation:
        session, client = self.session, self.session.client
        path = file.write(self.spool)
        try:
            staged = staging.upload(client, path)
        finally:
            path.unlink(missing_ok=True)
        most = max(1, bulk.slots(client.api_version) - client.shop.free_bulk_slots)
        stop = self.sender.stop
        with self.starting:
            bulk.await_room(client, most, kind="MUTATION", patience=PATIENCE, stop=stop)
            started = bulk.start_mutation(client, file.document, staged, patience=PATIENCE, stop=stop, only_ours=True)
        record = OperationRecord(
            gid=started.id,
            run_id=self.sender.run_id,
            shop=client.domain,
            pull=session.push.name,
            stream=file.token,
            search="",
            document_hash="",
            status=started.status,
            started_at=started.created_at,
        )
        self.ledger.remember_operation(record)
        log.info("push.operation_started", extra={"operation": started.id, "rows": len(file.attempts)})
        return started

    def _not_started(self, file: File, error: ShoptideError) -> list[Settled]:
        """The store never began with the file, or it is not known whether it did: then the journal keeps its rows."""
        rows = [attempt.row for attempt in file.attempts]
        if isinstance(error, (AccessError, ShopUnavailable)):
            self.ledger.withdraw(self.session.push.name, [row.key for row in rows])
            raise Fatal(error, []) from error
        if isinstance(error, ApiError):
            return [(row, failed(row, error)) for row in rows]
        told = "stopped before it was sent"
        return [(row, Outcome(row.key, row.action, "delayed", row.gid, told)) for row in rows]

    def _results(self, file: File, operation: BulkOperation) -> dict[int, Answer]:
        """The answers of the file's lines; those of an operation that broke off as far as it came."""
        tell = lambda each: self.moved(operation.id, each.object_count, len(file.attempts))  # noqa: E731
        try:
            try:
                done = bulk.wait(self.session.client, operation.id, on_progress=tell, stop=self.sender.stop)
            except Interrupted:
                done = self._cancelled(operation)
        except BulkFailed as failed_operation:
            log.warning("push.operation_failed", extra={"operation": operation.id, "reason": failed_operation.message})
            done = bulk.read(self.session.client, operation.id)
        return fetched(self.session, file.name, done, self.spool, len(file.attempts))

    def _cancelled(self, operation: BulkOperation) -> BulkOperation:
        """Stop the store's work and see how far it came; raises Interrupted where that takes long."""
        client = self.session.client
        clock = SystemClock()  # the client's own does not wait any more when it was stopped
        found = bulk.cancel(client, operation.id)
        for _ in range(CANCEL_LOOKS):
            if found.is_terminal:
                return found
            clock.sleep(CANCEL_GLANCE)
            found = bulk.read(client, operation.id)
        raise Interrupted("stopped while a bulk operation was ending", hint="run the same command again to go on")

    def _settled(self, file: File, found: dict[int, Answer]) -> list[Settled]:
        """Every row's outcome; rows with a further step go on in common documents. Raises Fatal."""
        settled: list[Settled] = []
        open_attempts: list[Attempt] = []
        alone: list[Planned] = []
        for index, attempt in enumerate(file.attempts):
            answer = found.get(index)
            row = attempt.row
            if answer is None:
                told = "the bulk operation ended without an answer for it"
                settled.append((row, Outcome(row.key, row.action, "unknown", row.gid, told)))
            elif is_too_fast(self.session, file.name, answer):
                alone.append(row)
            else:
                attempt.answered(answer)
                open_attempts.append(attempt)
        for batch in in_parts(open_attempts, NOTED):
            try:
                settled += self.sender.finish(batch)
            except Fatal as end:
                raise Fatal(end.error, settled + end.settled) from end
        for rows in in_batches(alone, NOTED):
            settled += self.sender.send_each(rows)
        return settled


def in_parts(attempts: list[Attempt], size: int) -> list[list[Attempt]]:
    return [attempts[start : start + size] for start in range(0, len(attempts), size)]


def fetched(session: Session, name: str, operation: BulkOperation, spool: Path, count: int) -> dict[int, Answer]:
    """The answers that a finished operation left, by line; none where its result is gone or can't be told apart."""
    spool.mkdir(parents=True, exist_ok=True)
    target = spool / f"result-{operation.id.rsplit('/', 1)[-1]}.jsonl"
    whole = operation.status == "COMPLETED"
    try:
        if whole:
            bulk.download(session.client, operation, target)
        else:
            bulk.download_partial(session.client, operation, target)
    except ProofFailed:
        # The store's counters don't fit its file. What the file says is said all the same; what it lacks is looked up.
        bulk.download_partial(session.client, replace(operation, partial_data_url=operation.url), target)
    try:
        return answers(session, name, target, count)
    finally:
        target.unlink(missing_ok=True)


def gid_of(payload: dict[str, Any]) -> str | None:
    """The record that a mutation's payload names."""
    return next((str(each["id"]) for each in payload.values() if isinstance(each, dict) and each.get("id")), None)
