"""Reads a stream by bulk operations: one a window and document, several at once, until all of them are on disk.

What keeps a read from getting stuck: an operation that an earlier run left is adopted; one that ends as TIMEOUT is cut
into smaller windows; one that failed inside, was cancelled or stands still is started again, a few times. What was read
stays good when another window fails for good: the next run adopts it and reads the rest.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from shoptide.errors import BulkFailed, NotFound, ProofFailed, SearchIgnored, ShoptideError
from shoptide.inbound.extraction import Extract, Progress
from shoptide.inbound.paging import Stop, refuse_stop
from shoptide.inbound.sizing import BINS, Bounds, Sizing, halved, split
from shoptide.inbound.slots import Slots
from shoptide.inbound.window import EARLIEST, Window, beginning, disjoint, gaps, window_of
from shoptide.ledger import Ledger, OperationRecord
from shoptide.resources.extraction import ID, StreamPlan
from shoptide.shopify import bulk
from shoptide.shopify.backoff import Backoff
from shoptide.shopify.bulk import BulkOperation
from shoptide.shopify.client import AdminClient
from shoptide.shopify.meter import Meter
from shoptide.shopify.results import Download

log = logging.getLogger(__name__)

ATTEMPTS = 4  # starts of one window before its stream fails
DOWNLOADS = 2  # of one result, when what arrived does not prove itself
PAUSES = Backoff(first=2.0, factor=3.0, cap=60.0, jitter=0.3)
GLANCE = 0.5
IDS_AT_ONCE = 250_000  # ids a window, when nothing else is asked
# Ends after which the same operation may well succeed. ACCESS_DENIED is none of them: nothing will change by itself.
PASSING = frozenset({"INTERNAL_SERVER_ERROR", "CANCELED", "EXPIRED", "STALLED"})


def document_hash(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Task:
    """One operation to be had: document number `part`, for a window; `adopted` is one that exists already."""

    part: int
    window: Window
    adopted: str | None = None


@dataclass(frozen=True)
class Fetched:
    """A window on disk, proved by bytes and lines."""

    task: Task
    operation: BulkOperation
    download: Download


@dataclass
class BulkReader:
    """One read of a stream by bulk operations.

    `documents` gives the stream's queries for a search; `base` is the read's own search, `total` how many records it
    finds, if known. Operations begun before `not_before` are of no use: a later read has been landed already.
    """

    client: AdminClient
    ledger: Ledger
    slots: Slots
    plan: StreamPlan
    pull: str
    run_id: str
    spool: Path
    on_progress: Progress
    stop: Stop
    documents: Callable[[str | None], Sequence[str]]
    name: str
    base: str | None = None
    total: int | None = None
    not_before: datetime | None = None
    adopt: bool = True
    stalled_after: float | None = None
    sizing: Sizing = field(default_factory=lambda: Sizing(1))
    share: Meter = field(default_factory=Meter)
    _given_up: threading.Event = field(default_factory=threading.Event, init=False)
    _objects: dict[str, int] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def of_ids(self) -> BulkReader:
        """The same for the ids that exist; never an earlier run's, as what was landed since would look deleted."""
        return replace(
            self,
            documents=lambda search: (self.plan.ids_document(search),),
            name=f"{self.name}.ids",
            base=self.plan.stream.always or None,
            total=None,
            adopt=False,
            sizing=Sizing(self.sizing.slots, IDS_AT_ONCE),
        )

    def read(self) -> Extract:
        """Bring the whole read to disk. Raises what made a window fail for good; Interrupted when told to stop."""
        fetched = self._work_off(self._tasks())
        own = [each for each in fetched if each.task.part == 0]
        roots = sum(each.operation.root_object_count for each in own)
        return Extract(
            paths=tuple(each.download.path for each in fetched),
            read_at=min(each.operation.created_at for each in fetched),
            records=roots,
            roots=roots,
            operations=tuple(each.operation.id for each in fetched),
            windows=len(own),
            counted=self.total,
            lines=sum(each.download.lines for each in fetched),
            bytes=sum(each.download.bytes for each in fetched),
        )

    def _stopped(self) -> bool:
        return self._given_up.is_set() or self.stop()

    # planning

    def _tasks(self) -> list[Task]:
        tasks = self._adopted()
        sized: dict[Window, list[Window]] = {}
        for part in range(len(self.documents(None))):
            covered = [task.window for task in tasks if task.part == part]
            for gap in gaps(covered, self.plan.window_field):
                if gap not in sized:
                    sized[gap] = self._sized(gap)
                tasks += [Task(part, window) for window in sized[gap]]
        return tasks

    def _adopted(self) -> list[Task]:
        """The operations that earlier runs left of this read; what they left of others is cleared away."""
        parts = {document_hash(document): part for part, document in enumerate(self.documents(None))}
        found: list[Task] = []
        for known in self.ledger.open_operations(self.client.domain, self.pull, self.name):
            task = self._task_of(known, parts)
            if task is not None and _fits(task, found) and self._still_good(known.gid):
                log.info("bulk.adopted", extra={"stream": self.name, "operation": known.gid})
                found.append(task)
            else:
                self._abandon(known.gid)
        return found

    def _task_of(self, known: OperationRecord, parts: dict[str, int]) -> Task | None:
        """What an operation of the ledger can serve in this read."""
        if not self.adopt or known.document_hash not in parts:
            return None
        if self.not_before and (known.started_at is None or known.started_at <= self.not_before):
            return None
        window = window_of(known.search, self.base, self.plan.window_field)
        return None if window is None else Task(parts[known.document_hash], window, known.gid)

    def _still_good(self, gid: str) -> bool:
        """Whether it is running, or its result can still be fetched."""
        try:
            return bulk.read(self.client, gid).status in ("CREATED", "RUNNING", "COMPLETED")
        except NotFound:
            return False

    def _abandon(self, gid: str) -> None:
        """Nobody will read its result: it should not hold a slot for hours."""
        try:
            if not bulk.read(self.client, gid).is_terminal:
                bulk.cancel(self.client, gid)
        except NotFound:
            pass
        self.ledger.close_operation(gid, "abandoned")

    def _sized(self, gap: Window) -> list[Window]:
        """A part of the read, cut by the store's counts."""
        if self.plan.count_document() is None:
            self._check_search()
            return [gap]
        total = self.total if gap == Window() and self.total is not None else self._count([gap])[0]
        if gap == Window():
            self.total = total
        window_field = self.plan.window_field
        target = self.sizing.target(total)
        if window_field is None or total <= target:
            return [gap]
        try:
            found = split(gap, window_field, total, target, self._bounds(), self._count)
        except SearchIgnored as ignored:
            log.warning("pull.not_split", extra={"stream": self.name, "reason": ignored.message})
            return [gap]
        told = {"stream": self.name, "records": total, "windows": len(found), "slots": self.sizing.slots}
        log.info("pull.split", extra=told)
        return found

    def _check_search(self) -> None:
        """A bulk query never tells that its search was not understood; a plain one does. Raises SearchIgnored."""
        if self.base:
            self.client.execute(self.plan.search_document(), {"query": self.base})

    def _count(self, windows: Sequence[Window]) -> list[int]:
        counts: list[int] = []
        for start in range(0, len(windows), BINS):
            batch = windows[start : start + BINS]
            document = self.plan.counts_document(len(batch)) or ""
            variables = {f"q{index}": window.search(self.base) for index, window in enumerate(batch)}
            data = self.client.execute(document, variables).data
            counts += [data[f"c{index}"]["count"] for index in range(len(batch))]
        return counts

    def _bounds(self) -> Bounds:
        if self.plan.window_field == ID:
            return Bounds(self._end(reverse=False), self._end(reverse=True) + 1)
        document = self.plan.oldest_document()
        nodes = self.client.execute(document).data[self.plan.stream.root]["nodes"] if document else []
        first = datetime.fromisoformat(nodes[0]["createdAt"]) if nodes else EARLIEST
        return Bounds(first, self.client.clock.now())

    def _end(self, *, reverse: bool) -> int:
        """The lowest or highest id there is, as a number; 0 where there is none."""
        data = self.client.execute(self.plan.end_document(), {"reverse": reverse}).data
        nodes = data[self.plan.stream.root]["nodes"]
        return int(nodes[0]["id"].rsplit("/", 1)[-1].split("?")[0]) if nodes else 0

    # working

    def _work_off(self, tasks: list[Task]) -> list[Fetched]:
        fetched: list[Fetched] = []
        pending = {self._submit(task) for task in tasks}
        try:
            while pending:
                done, pending = wait(pending, timeout=GLANCE, return_when=FIRST_COMPLETED)
                refuse_stop(self.stop)
                for future in done:
                    result = future.result()
                    if isinstance(result, Fetched):
                        fetched.append(result)
                    else:
                        pending |= {self._submit(task) for task in result}
        finally:
            # What is running in the store goes on; the ledger knows it, and the next run adopts it.
            self._given_up.set()
            for future in pending:
                future.cancel()
            wait(pending)
        return sorted(fetched, key=lambda each: (each.task.part, beginning(each.task.window)))

    def _submit(self, task: Task) -> Future[Fetched | list[Task]]:
        def work() -> Fetched | list[Task]:
            with self.client.meter.shared_with(self.share):
                return self._fetch(task)

        return self.slots.submit(work)

    def _fetch(self, task: Task) -> Fetched | list[Task]:
        """Have the operation, or the smaller tasks that take its place."""
        refuse_stop(self._stopped)
        pauses, gid = PAUSES.delays(self.client.chance), task.adopted
        for attempt in range(1, ATTEMPTS + 1):
            try:
                gid = gid or self._start(task)
                return self._finish(task, gid)
            except (BulkFailed, NotFound) as failed:
                self._close(gid, failed)
                if _is_timeout(failed) and (smaller := self._cut(task)):
                    return smaller
                if attempt == ATTEMPTS or not _is_passing(failed):
                    raise
                pause = next(pauses)
                told = {"stream": self.name, "reason": failed.message, "attempt": attempt, "after": pause}
                log.warning("bulk.resubmitted", extra=told)
            gid = None
            bulk.rest(self.client, pause, self._stopped)
        raise AssertionError("the last attempt returns or raises")

    def _start(self, task: Task) -> str:
        search = task.window.search(self.base)
        document = self.documents(search)[task.part]
        started = self.slots.start(document, self._stopped)
        self.ledger.remember_operation(
            OperationRecord(
                gid=started.id,
                run_id=self.run_id,
                shop=self.client.domain,
                pull=self.pull,
                stream=self.name,
                search=search or "",
                document_hash=document_hash(self.documents(None)[task.part]),
                status=started.status,
                started_at=started.created_at,
            )
        )
        return started.id

    def _finish(self, task: Task, gid: str) -> Fetched:
        stalled = self.stalled_after
        done = bulk.wait(self.client, gid, on_progress=self._tell, stalled_after=stalled, stop=self._stopped)
        target = self.spool / f"{self.name}.{gid.rsplit('/', 1)[-1]}.jsonl"
        for attempt in range(1, DOWNLOADS + 1):
            try:
                return Fetched(task, done, bulk.download(self.client, done, target, stop=self._stopped))
            except ProofFailed as failed:
                if attempt == DOWNLOADS:
                    self._close(gid, failed)
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _cut(self, task: Task) -> list[Task]:
        """Smaller tasks in place of one that was too much; none where it can't be cut."""
        window_field = self.plan.window_field
        if window_field is None:
            return []
        count = None if self.plan.count_document() is None else self._count
        windows = halved(task.window, window_field, self._bounds(), count)
        if len(windows) < 2:
            return []
        log.warning("pull.window_halved", extra={"stream": self.name, "windows": len(windows)})
        return [Task(task.part, window) for window in windows]

    def _close(self, gid: str | None, failed: ShoptideError) -> None:
        """It is over: no later run shall adopt it."""
        if gid is not None:
            status = failed.operation_status if isinstance(failed, BulkFailed) else None
            self.ledger.close_operation(gid, (status or failed.kind).lower())

    def _tell(self, operation: BulkOperation) -> None:
        with self._lock:
            self._objects[operation.id] = operation.object_count
            objects = sum(self._objects.values())
        self.on_progress(objects)


def _fits(task: Task, found: Sequence[Task]) -> bool:
    """Whether a task's window lies apart from those of the same document."""
    beside = [each.window for each in found if each.part == task.part]
    return len(disjoint([*beside, task.window])) > len(beside)


def _is_timeout(failed: ShoptideError) -> bool:
    return isinstance(failed, BulkFailed) and failed.error_code == "TIMEOUT"


def _is_passing(failed: ShoptideError) -> bool:
    """Whether starting again may help; a TIMEOUT of what can't be cut further would come again."""
    if isinstance(failed, BulkFailed):
        return failed.error_code in PASSING or (failed.error_code is None and failed.operation_status in PASSING)
    return isinstance(failed, NotFound)
