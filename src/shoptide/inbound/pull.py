"""One pull: every stream of it probed, extracted, proved, landed, its cursor moved; one stream's failure is its own."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from shoptide.clock import Clock
from shoptide.config import PullConfig, StreamConfig
from shoptide.errors import ConfigError, Interrupted, ProofFailed, ShoptideError
from shoptide.inbound import cursors, extraction
from shoptide.inbound.cursors import Cursor
from shoptide.inbound.events import (
    Listener,
    PullReport,
    StreamFailed,
    StreamLanded,
    StreamProgress,
    StreamReport,
    StreamStarted,
)
from shoptide.inbound.extraction import Extract
from shoptide.inbound.landing import Landing
from shoptide.inbound.reconciliation import reconcile
from shoptide.inbound.runs import publish_runs
from shoptide.inbound.window import Probe, next_floor, search_from, settled, unmoved
from shoptide.ledger import Ledger
from shoptide.resources.extraction import StreamPlan, plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import DuckDBWarehouse

log = logging.getLogger(__name__)

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
FREE_SLOTS = 1  # bulk slots left to the shop's other work
SLOTS = 5

# What the two ways take, roughly, in seconds: a page is a round trip and its points at the restore rate; a bulk
# operation is queued, run and polled however small it is.
PAGE_SECONDS = 0.5
BULK_SECONDS = 15.0
BULK_ROWS_A_SECOND = 500.0


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
    """A stream on its way through a run."""

    plan: StreamPlan
    report: StreamReport
    cursor: Cursor | None = None
    search: str | None = None
    whole: bool = False
    operation: str | None = None
    started: Any = None  # the meter when its work began
    done: bool = False


@dataclass
class Run:
    """What the steps of one pull share."""

    config: PullConfig
    client: AdminClient
    warehouse: DuckDBWarehouse
    ledger: Ledger
    clock: Clock
    spool: Path
    options: Options
    report: PullReport
    tell: Listener
    stop: Callable[[], bool]
    jobs: list[Job] = field(default_factory=list)

    @property
    def shop(self) -> str:
        return self.client.domain


def chosen_streams(config: PullConfig, wanted: Iterable[str] = ()) -> list[str]:
    """The streams a pull reads, parents before what depends on them; raises ConfigError for names that don't exist."""
    configured = list(STREAMS) if config.streams == ("all",) else list(config.streams)
    unknown = [name for name in [*configured, *wanted] if name not in STREAMS]
    if unknown:
        raise ConfigError(
            f"[pull.{config.name}] there is no stream {unknown[0]!r}", hint=f"streams are {', '.join(STREAMS)}"
        )
    absent = [name for name in wanted if name not in configured]
    if absent:
        raise ConfigError(
            f"--stream {absent[0]}: [pull.{config.name}] reads {', '.join(configured)}", hint="add it to streams"
        )
    names = [name for name in configured if not wanted or name in wanted]
    return sorted(dict.fromkeys(names), key=list(STREAMS).index)


def plan_streams(
    config: PullConfig, client: AdminClient, scopes: frozenset[str] | None, names: Iterable[str]
) -> list[StreamPlan]:
    plans = []
    for name in names:
        chosen = config.stream.get(name, StreamConfig())
        plans.append(
            plan_stream(
                STREAMS[name],
                client.schema,
                scopes=scopes,
                include=chosen.include,
                exclude=chosen.exclude,
                metafields=chosen.metafields,
            )
        )
    return plans


def pull(
    config: PullConfig,
    *,
    client: AdminClient,
    warehouse: DuckDBWarehouse,
    ledger: Ledger,
    clock: Clock,
    spool: Path,
    options: Options | None = None,
    on_event: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> PullReport:
    """Bring the pull's streams up to date. Raises only what stops the whole run: no access, no lock, interrupted.

    A stream that fails is in the report with its error and its cursor where it was; the others are landed. Run it
    again after any interruption: it ends as if it had not been interrupted.
    """
    chosen = options or Options()
    names = chosen_streams(config, chosen.streams)
    with ledger.lock(f"pull:{client.domain}:{config.name}"):
        scopes = client.access().scopes
        run_id = ledger.begin_run("pull", config.name, client.domain, {"streams": names, **_shown(chosen)})
        report = PullReport(run_id, config.name, client.domain)
        run = Run(
            config, client, warehouse, ledger, clock, spool / run_id, chosen, report, on_event or _quiet, stop or _never
        )
        outcome = "failed"
        try:
            _streams(run, plan_streams(config, client, scopes, names))
            outcome = report.outcome
        except Interrupted:
            outcome = "interrupted"
            raise
        finally:
            _close(run, outcome)
    return report


def _shown(options: Options) -> dict[str, object]:
    return {
        "full_refresh": options.full_refresh,
        "since": options.since.isoformat() if options.since else None,
        "reconcile": options.reconcile,
        "limit": options.limit,
    }


def _quiet(_event: object) -> None:
    """Nobody listens."""


def _never() -> bool:
    return False


def _close(run: Run, outcome: str) -> None:
    """End the run in the ledger and publish it; the spooled files have served."""
    reading = run.client.meter.snapshot()
    run.report.calls, run.report.cost = reading.calls, reading.cost
    run.ledger.end_run(run.report.run_id, outcome, summary(run.report))  # type: ignore[arg-type]  # one of the four
    shutil.rmtree(run.spool, ignore_errors=True)
    publish_runs(run.warehouse, run.ledger)


def summary(report: PullReport) -> dict[str, Any]:
    """The run as plain data, for the ledger and for --json."""
    return {
        "calls": report.calls,
        "cost": report.cost,
        "seconds": round(report.seconds, 3),
        "streams": [
            {
                "stream": each.stream,
                "path": each.path,
                "reason": each.reason,
                "expected": each.expected,
                "seen": each.seen,
                "calls": each.calls,
                "cost": each.cost,
                "seconds": round(each.seconds, 3),
                "tables": [
                    {
                        "table": change.table,
                        "new": change.new,
                        "changed": change.changed,
                        "unchanged": change.unchanged,
                        "deleted": change.deleted,
                    }
                    for change in each.changes
                ],
                "altered": each.altered,
                "pruned": [{"field": left.field, "reason": left.reason} for left in each.pruned],
                "error": None
                if each.error is None
                else {"kind": each.error.kind, "message": each.error.message, "hint": each.error.hint},
            }
            for each in report.streams
        ],
    }


# streams


def _streams(run: Run, plans: list[StreamPlan]) -> None:
    began = run.clock.monotonic()
    run.spool.mkdir(parents=True, exist_ok=True)
    with run.warehouse.transaction():
        cursors.prepare(run.warehouse)
    for plan in plans:
        report = StreamReport(plan.stream.name, pruned=plan.pruned)
        run.report.streams.append(report)
        run.jobs.append(Job(plan, report))
    for job in run.jobs:
        _guarded(run, job, _prepare)
    _bulk_streams(run)
    for job in run.jobs:
        if not job.done:
            _guarded(run, job, _take)
    if run.options.reconcile:
        for job in run.jobs:
            if not job.whole:
                _guarded(run, job, _reconcile)
    run.report.seconds = run.clock.monotonic() - began


def _bulk_streams(run: Run) -> None:
    """Operations run side by side in the store; one slot is left to the shop's other work."""
    waiting = [job for job in run.jobs if not job.done and job.report.path == "bulk"]
    for index, job in enumerate(waiting):
        for ahead in waiting[index : index + SLOTS - FREE_SLOTS]:
            if ahead.operation is None and not ahead.done:
                _guarded(run, ahead, _begin)
        _guarded(run, job, _take)


def _guarded(run: Run, job: Job, step: Callable[[Run, Job], None]) -> None:
    """Run a step; its error is the stream's, unless the whole run is to stop."""
    if job.report.error is not None:
        return
    before, began = run.client.meter.snapshot(), run.clock.monotonic()
    try:
        step(run, job)
    except Interrupted:
        raise
    except ShoptideError as error:
        job.report.error, job.done = error, True
        log.warning("pull.stream_failed", extra={"stream": job.report.stream, "reason": error.message})
        run.tell(StreamFailed(job.report.stream, error))
    finally:
        used = run.client.meter.snapshot() - before
        job.report.calls += used.calls
        job.report.cost += used.cost
        job.report.seconds += run.clock.monotonic() - began


def _prepare(run: Run, job: Job) -> None:
    """Choose the window and the way to read it."""
    options, stream = run.options, job.plan.stream
    job.cursor = cursors.load(run.warehouse, run.shop, run.config.name, stream.name)
    if options.since is not None and stream.search:
        job.search = search_from(stream.search, options.since)
    elif job.cursor is not None and not options.full_refresh and stream.search:
        job.search = search_from(stream.search, job.cursor.floor)
    if job.search is None:
        job.whole = options.limit is None
        _choose(run, job, "paged" if options.limit else "bulk", "the first read takes everything", None)
        return
    if job.cursor is not None and options.since is None and not settled(job.cursor):
        # The probe could not spare the read: the first page counts what it needs.
        path, reason = cheaper_path(job.plan, job.cursor.seen, options.limit)
        _choose(run, job, path, f"changed in the second of the last read; {reason}", None)
        return
    probe = _probe(run, job)
    if probe is not None and job.cursor is not None and options.since is None:
        job.report.expected = probe.count
        if unmoved(job.cursor, probe, run.config.overlap):
            _choose(run, job, "none", "nothing moved since the last read", probe.count)
            job.done = True
            run.tell(StreamLanded(stream.name, ()))
            return
    path, reason = cheaper_path(job.plan, probe.count if probe else None, options.limit)
    _choose(run, job, path, reason, probe.count if probe else None)


def _choose(run: Run, job: Job, path: str, reason: str, expected: int | None) -> None:
    job.report.path, job.report.reason, job.report.expected = path, reason, expected
    log.info("pull.path_chosen", extra={"stream": job.report.stream, "path": path, "reason": reason})
    run.tell(StreamStarted(job.report.stream, path, reason, expected))


def cheaper_path(plan: StreamPlan, count: int | None, limit: int | None) -> tuple[str, str]:
    """Paged or bulk, by what each would take; and the sentence that says so."""
    if limit is not None:
        return "paged", f"at most {limit} records are wanted"
    if count is None:
        return "bulk", "the store does not count this"
    pages = max(1, math.ceil(count / plan.page_size))
    paged, whole = pages * PAGE_SECONDS, BULK_SECONDS + count / BULK_ROWS_A_SECOND
    told = f"{count} records: about {paged:.0f} s in {pages} pages, {whole:.0f} s in bulk"
    return ("paged", told) if paged <= whole else ("bulk", told)


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


def _begin(run: Run, job: Job) -> None:
    job.operation = extraction.begin_bulk(
        run.client,
        run.ledger,
        job.plan,
        pull=run.config.name,
        run_id=run.report.run_id,
        search=job.search,
        stop=run.stop,
    )


def _take(run: Run, job: Job) -> None:
    """Extract, prove and land a stream."""
    extraction.refuse_stop(run.stop)
    name, target = job.plan.stream.name, run.spool / f"{job.plan.stream.name}.jsonl"

    def progress(objects: int) -> None:
        run.tell(StreamProgress(name, objects, job.report.expected))

    if job.report.path == "bulk":
        if job.operation is None:
            _begin(run, job)
        assert job.operation is not None  # noqa: S101  # _begin sets it or raises
        extract = extraction.finish_bulk(run.client, job.operation, target, on_progress=progress, stop=run.stop)
    else:
        extract = extraction.read_pages(
            run.client,
            job.plan,
            target,
            search=job.search,
            limit=run.options.limit,
            on_progress=progress,
            stop=run.stop,
        )
    _land(run, job, extract)
    if job.operation is not None:
        run.ledger.close_operation(job.operation, "landed")
    job.done = True


def _land(run: Run, job: Job, extract: Extract) -> None:
    landing = Landing(run.warehouse, job.plan, run.shop, run.report.run_id, run.clock.now())
    with run.warehouse.errors():
        landing.scan([extract.path])
        job.report.seen = landing.roots()
        _prove(run, job, extract)
        for second in job.plan.passes:
            ids = landing.ids(second.parent_table)
            if ids:
                target = run.spool / f"{second.table}.jsonl"
                landing.scan([extraction.read_pass(run.client, second, ids, target, stop=run.stop)], more=True)
        landing.split()
    with run.warehouse.transaction():
        job.report.altered = landing.declare()
        job.report.changes = tuple(landing.merge(whole=job.whole))
        if run.options.limit is None and run.options.since is None:
            _move_cursor(run, job, extract, landing)
    landing.drop()
    run.tell(StreamLanded(job.report.stream, job.report.changes))


def _prove(run: Run, job: Job, extract: Extract) -> None:
    """What arrived against what the store says there is; raises ProofFailed, and nothing is landed."""
    seen = job.report.seen
    if extract.operation is not None:
        job.report.expected = extract.roots
        if extract.roots is not None and seen != extract.roots:
            raise ProofFailed(
                f"stream {job.report.stream}: the bulk operation counted {extract.roots} records and sent {seen}",
                hint="nothing was taken over and the cursor stayed; run the pull again",
            )
        return
    expected = job.report.expected = extract.counted if job.report.expected is None else job.report.expected
    if expected is None or seen >= expected or run.options.limit is not None:
        return
    # Records deleted or moved while the pages were read lower the count: ask again before calling it a loss.
    again = _probe(run, job)
    if again is not None and seen < min(expected, again.count):
        raise ProofFailed(
            f"stream {job.report.stream}: the store counts {again.count} records and its pages held {seen}",
            hint="nothing was taken over and the cursor stayed; run the pull again",
        )


def _move_cursor(run: Run, job: Job, extract: Extract, landing: Landing) -> None:
    stream = job.plan.stream
    if not stream.cursor:
        return
    floor = next_floor(extract.read_at, run.config.overlap)
    seen, newest = landing.newest(stream.cursor, floor)
    moved = Cursor(
        extract.read_at,
        floor,
        seen,
        newest.replace(tzinfo=UTC) if newest else None,
        extract.read_at,
        run.client.api_version,
    )
    cursors.save(run.warehouse, run.shop, run.config.name, stream.name, moved, run.report.run_id)


def _reconcile(run: Run, job: Job) -> None:
    changes = reconcile(
        run.client,
        run.warehouse,
        run.ledger,
        job.plan,
        pull=run.config.name,
        run_id=run.report.run_id,
        now=run.clock.now(),
        spool=run.spool,
        stop=run.stop,
    )
    job.report.changes = merged(job.report.changes, changes)
    run.tell(StreamLanded(job.report.stream, changes))


def merged(first: Iterable[Any], second: Iterable[Any]) -> tuple[Any, ...]:
    """Two lists of changes added up by table."""
    sums: dict[str, Any] = {}
    for change in [*first, *second]:
        held = sums.get(change.table)
        sums[change.table] = (
            change
            if held is None
            else type(change)(
                change.table,
                held.new + change.new,
                held.changed + change.changed,
                held.unchanged + change.unchanged,
                held.deleted + change.deleted,
            )
        )
    return tuple(sums.values())
