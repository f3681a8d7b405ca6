"""One stream of a run on its way in: window and way chosen, its lines brought to disk and counted against the store.

Runs in a thread of the stream's own and knows the warehouse by the cursor only that it was given.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from shoptide.clock import Clock
from shoptide.config import PullConfig
from shoptide.errors import ApiError, ProofFailed
from shoptide.inbound import extraction
from shoptide.inbound.choice import Budget, Choice, Promised, cheaper, worth_scouting
from shoptide.inbound.cursors import Cursor
from shoptide.inbound.events import Listener, PullReport, StreamProgress, StreamReport, StreamStarted
from shoptide.inbound.extraction import Extract, Paging
from shoptide.inbound.operations import BulkReader
from shoptide.inbound.paging import NotByPages, more_than, refuse_stop
from shoptide.inbound.proof import refuse_shortfall
from shoptide.inbound.refused import WHOLE, refusals, widening
from shoptide.inbound.sizing import Sizing
from shoptide.inbound.slots import Slots
from shoptide.inbound.window import Probe, search_from, settled, unmoved
from shoptide.ledger import Ledger
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.shopify.meter import Meter, Reading
from shoptide.warehouse import Warehouse

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Options:
    """What the command line adds to a pull's configuration."""

    streams: tuple[str, ...] = ()
    full_refresh: bool = False
    since: datetime | None = None
    reconcile: bool = False
    limit: int | None = None


@dataclass
class Job:
    """A stream on its way through a run; `meter` counts what it costs, in whichever thread."""

    plan: StreamPlan
    report: StreamReport
    planned: Callable[[Mapping[str, str]], StreamPlan]  # anew, without what the store refuses
    cursor: Cursor | None = None
    search: str | None = None
    whole: bool = False
    most_pages: int | None = None
    meter: Meter = field(default_factory=Meter)


@dataclass
class Run:
    """What the steps of one pull share. `before` is what the client had spent when the run began; `halt` ends what is
    under way when the run can't go on."""

    config: PullConfig
    client: AdminClient
    warehouse: Warehouse
    ledger: Ledger
    clock: Clock
    spool: Path
    options: Options
    report: PullReport
    tell: Listener
    stop: Callable[[], bool]
    before: Reading
    slots: Slots
    jobs: list[Job] = field(default_factory=list)
    halt: threading.Event = field(default_factory=threading.Event)
    promised: Promised = field(default_factory=Promised)

    @property
    def shop(self) -> str:
        return self.client.domain

    def stopped(self) -> bool:
        return self.halt.is_set() or self.stop()


def extract(run: Run, job: Job) -> Extract | None:
    """Bring to disk what the stream has to read, counted against the store; None when nothing moved."""
    refuse_stop(run.stopped)
    began = run.clock.monotonic()
    try:
        with run.client.meter.shared_with(job.meter):
            return _as_far_as_allowed(run, job)
    finally:
        job.report.seconds += run.clock.monotonic() - began


def _as_far_as_allowed(run: Run, job: Job) -> Extract | None:
    """Read the stream; what the store refuses is left out, and the rest read again."""
    denied: dict[str, str] = {}
    while True:
        try:
            choice = _choose(run, job)
            return None if choice is None else _read(run, job, choice)
        except ApiError as error:
            found = refusals(run.client, job.plan, error)
            if not found or not _without(run, job, denied, found):
                raise
        if job.plan.closed:
            return None


def _without(run: Run, job: Job, denied: dict[str, str], found: dict[str, str]) -> bool:
    """Plan the stream anew without what was refused; False when that changes nothing, so that reading on is no use.

    A stream that was read before and is refused whole now has lost its right: that is a failure, not a choice.
    """
    if WHOLE in found:
        if job.cursor is not None:
            return False
        job.plan = replace(job.plan, closed=found[WHOLE])
        job.report.pruned = job.plan.left_out
        leave_out(run, job.report, found[WHOLE])
        return True
    before = job.plan.page_document()
    for refused, words in found.items():
        for path in widening(refused):
            plan = job.planned({**denied, path: words})
            if plan.page_document() != job.plan.page_document():
                denied[path], job.plan = words, plan
                break
    job.report.pruned = job.plan.left_out
    told = {"stream": job.report.stream, "fields": list(found), "reason": next(iter(found.values()))}
    log.warning("pull.fields_left_out", extra=told)
    return job.plan.page_document() != before


def leave_out(run: Run, report: StreamReport, reason: str) -> None:
    """A stream that the token may not read is left out, with a warning; it has not failed."""
    report.path, report.reason = "none", reason
    log.warning("pull.left_out", extra={"stream": report.stream, "reason": reason})
    run.tell(StreamStarted(report.stream, "none", reason))


def _choose(run: Run, job: Job) -> Choice | None:
    """The window and the way to read it; None when nothing moved since the last read."""
    options, stream = run.options, job.plan.stream
    window = None
    if options.since is not None and stream.search:
        window = search_from(stream.search, options.since)
    elif job.cursor is not None and stream.search and not _wants_all(run, job):
        window = search_from(stream.search, job.cursor.floor)
    job.search = " ".join(part for part in (stream.always, window) if part) or None
    job.whole = window is None and options.limit is None
    if job.cursor is not None and options.since is None and (window or _tells_by_its_newest(run, job)):
        return _choose_next(run, job, job.cursor)
    count = None if options.limit else _counted(run, job)
    why = "" if window else _why_all(job)
    if count is None and job.cursor is not None and window is None:
        # Nobody counts it, but about as many will be there as last time.
        return _chosen(run, job, why, job.cursor.seen, expected=None)
    return _chosen(run, job, why, count)


def _tells_by_its_newest(run: Run, job: Job) -> bool:
    """Whether a stream without a search still tells if anything moved: by its count and its latest change."""
    whole = run.options.limit is None and not _wants_all(run, job)
    return whole and job.plan.stream.search is None and job.plan.probe_document() is not None


def _wants_all(run: Run, job: Job) -> bool:
    """Whether the window is everything.

    Deletes come to light by comparing ids, and without bulk operations by reading everything; and what changes without
    its carrier's last change can only be read so, every now and then.
    """
    if run.options.full_refresh or (run.options.reconcile and not job.plan.bulkable):
        return True
    every, cursor = job.plan.stream.refresh, job.cursor
    if every is None or cursor is None:
        return False
    return cursor.whole_at is None or run.clock.now() - cursor.whole_at >= every


def _why_all(job: Job) -> str:
    if job.cursor is None:
        return "the first read takes everything"
    if job.plan.stream.refresh is not None and job.plan.stream.search:
        return "it is time to read everything again"
    return "everything is read again" if job.plan.stream.search else "the store can't be asked what changed"


def _choose_next(run: Run, job: Job, cursor: Cursor) -> Choice | None:
    """How to read what came after the last read; None when a probe finds that nothing did."""
    if not settled(cursor):
        # The probe could not spare the read: the first page counts what it needs.
        return _chosen(run, job, "changed in the second of the last read", cursor.seen, expected=None)
    probe = _probe(run, job)
    if probe is not None and unmoved(cursor, probe, run.config.overlap):
        _begin(run, job, "none", "nothing moved since the last read", probe.count)
        return None
    return _chosen(run, job, _why_all(job) if job.whole else "", probe.count if probe else None)


def _chosen(run: Run, job: Job, why: str, count: int | None, *, expected: int | None = -1) -> Choice:
    governor = run.client.governor
    # What streams beside this one have begun to read by pages is spent already.
    budget = Budget(governor.available() - run.promised.points, governor.allowance.restore_rate)
    choice = cheaper(job.plan, count, run.options.limit, budget)
    reason = f"{why}; {choice.reason}" if why else choice.reason
    _begin(run, job, choice.path, reason, count if expected == -1 else expected)
    return choice


def _begin(run: Run, job: Job, path: str, reason: str, expected: int | None) -> None:
    job.report.path, job.report.reason, job.report.expected = path, reason, expected
    log.info("pull.path_chosen", extra={"stream": job.report.stream, "path": path, "reason": reason})
    run.tell(StreamStarted(job.report.stream, path, reason, expected))


def _counted(run: Run, job: Job) -> int | None:
    """How many records the read will find; None where the store does not count them."""
    document = job.plan.count_document()
    if document is None:
        return None
    count: int = run.client.execute(document, {"query": job.search}).data[job.plan.stream.count_root or ""]["count"]
    return count


def _probe(run: Run, job: Job) -> Probe | None:
    document = job.plan.probe_document()
    if document is None:
        return None
    answer = run.client.execute(document, {"query": job.search})
    stream = job.plan.stream
    newest = [node[stream.cursor or ""] for node in answer.data[stream.root]["nodes"]]
    return Probe(
        answer.data[stream.count_root or ""]["count"],
        datetime.fromisoformat(newest[0]) if newest else None,
        answer.server_time or run.clock.now(),
    )


def _read(run: Run, job: Job, choice: Choice) -> Extract:
    found = None
    if choice.path == "paged":
        with run.promised.held(choice.points):
            found = _by_pages(run, job, choice)
    if found is None:
        found = bulk_reader(run, job).read()
    try:
        if run.options.limit is None and _may_lack(found, job.report.expected):
            overlap = run.config.overlap
            refuse_shortfall(run.client, job.plan, found, search=job.search, overlap=overlap)
        return extraction.read_passes(run.client, job.plan, found, run.spool, stop=run.stopped, share=job.meter)
    except ProofFailed:
        settle(run, found, "unproved")
        raise


def _by_pages(run: Run, job: Job, choice: Choice) -> Extract | None:
    """None when a bulk operation has to read it after all; the report says why."""
    why = f"more than {choice.most} pages, and the store does not count this"
    try:
        found = None if _has_more(run, job, choice.most) else _read_pages(run, job, choice.most)
    except NotByPages as told:
        found, why = None, f"more than a page shows hangs on one record: {told}"
    if found is None:
        _begin(run, job, "bulk", why, None)
    return found


def _has_more(run: Run, job: Job, most: int | None) -> bool:
    """Whether ids tell that there are more than `most` pages, before dear ones are read in vain."""
    if most is None or not job.whole or not worth_scouting(job.plan):
        return False
    return more_than(run.client, job.plan, most * job.plan.page_size, search=job.search)


def settle(run: Run, found: Extract, status: str) -> None:
    """What was read has served, or can't: no later run shall adopt its operations or go on with its files.

    What is wrong with a result stays wrong however often it is taken up again.
    """
    for gid in found.operations:
        run.ledger.close_operation(gid, status)
    for path in found.paths:
        path.unlink(missing_ok=True)


def _may_lack(found: Extract, expected: int | None) -> bool:
    """Whether to ask the store: always after operations, whose counts are their own; else when fewer came."""
    counted = found.counted if expected is None else expected
    return found.roots is not None or (counted is not None and found.records < counted)


def _progress(run: Run, job: Job) -> Callable[[int], None]:
    return lambda objects: run.tell(StreamProgress(job.report.stream, objects, job.report.expected))


def _read_pages(run: Run, job: Job, most: int | None) -> Extract | None:
    return extraction.read_pages(
        run.client,
        job.plan,
        run.spool / f"{job.plan.stream.name}.jsonl",
        search=job.search,
        paging=Paging(run.options.limit, most, job.report.expected),
        on_progress=_progress(run, job),
        stop=run.stopped,
    )


def bulk_reader(run: Run, job: Job) -> BulkReader:
    return BulkReader(
        client=run.client,
        ledger=run.ledger,
        slots=run.slots,
        plan=job.plan,
        pull=run.config.name,
        run_id=run.report.run_id,
        spool=run.spool,
        on_progress=_progress(run, job),
        stop=run.stopped,
        documents=job.plan.bulk_documents,
        name=job.plan.stream.name,
        base=job.search,
        total=job.report.expected,
        # A whole read that began before another was landed would take what came since for deleted.
        not_before=job.cursor.read_at if job.cursor else None,
        stalled_after=run.config.stalled_after.total_seconds(),
        sizing=Sizing(run.slots.most, run.config.window_records),
        share=job.meter,
    )
