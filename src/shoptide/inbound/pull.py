"""One pull: every stream of it probed, extracted, proved, landed, its cursor moved; one stream's failure is its own.

Streams are read side by side, in threads that know nothing of the warehouse; what they bring is landed one after the
other here, since a warehouse has one writer.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timezone
from functools import partial
from pathlib import Path
from typing import Any

from shoptide.clock import Clock
from shoptide.config import PullConfig
from shoptide.errors import Interrupted, ProofFailed, ScopeMissing, ShoptideError, WarehouseMemory
from shoptide.inbound import cursors, deletions, departures, gap, history
from shoptide.inbound.cursors import Cursor
from shoptide.inbound.events import (
    Event,
    Listener,
    PullReport,
    StreamFailed,
    StreamLanded,
    StreamReport,
)
from shoptide.inbound.extraction import Extract
from shoptide.inbound.hidden import hides_old
from shoptide.inbound.intake import Job, Options, Run, bulk_reader, extract, leave_out, settle
from shoptide.inbound.landing import Landing
from shoptide.inbound.layouts import keep_layouts
from shoptide.inbound.paging import refuse_stop
from shoptide.inbound.plans import chosen_streams, plan_one, plan_streams
from shoptide.inbound.proof import proof_of, refuse_lost_lines
from shoptide.inbound.reconciliation import reconcile
from shoptide.inbound.runs import publish_runs
from shoptide.inbound.slots import Slots
from shoptide.inbound.window import EVER, next_floor
from shoptide.ledger import Ledger
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.shopify.versions import nearing_end
from shoptide.warehouse import Warehouse

__all__ = ["Options", "chosen_streams", "merged", "plan_streams", "pull", "summary"]

log = logging.getLogger(__name__)

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
# Streams read at once. More would only wait: for the shop's bulk slots, or for its query budget.
RECONCILED = "_reconciled"  # the name under which the last comparison of all ids stands, beside the streams' cursors
STREAMS_AT_ONCE = 6


def pull(
    config: PullConfig,
    *,
    client: AdminClient,
    warehouse: Warehouse,
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
        before = client.meter.snapshot()
        run_id = ledger.begin_run("pull", config.name, client.domain, {"streams": names, **_shown(chosen)})
        report = PullReport(run_id, config.name, client.domain)
        run = Run(
            config=config,
            client=client,
            warehouse=warehouse,
            ledger=ledger,
            clock=clock,
            # Not the run's own: files that an earlier one brought, whole or in part, are gone on with.
            spool=spool / f"{client.domain}.{config.name}",
            options=chosen,
            report=report,
            tell=_one_at_a_time(on_event),
            stop=stop or _never,
            before=before,
            slots=Slots(client, free=client.shop.free_bulk_slots),
        )
        _warn_of_version(run)
        _work(run, names)
    return report


def _work(run: Run, names: list[str]) -> None:
    """Do the run, and note how it ended, whatever ends it."""
    config, client, report = run.config, run.client, run.report
    outcome = "failed"
    try:
        scopes = client.access().scopes
        _streams(run, plan_streams(config, client, scopes, names), scopes)
        report.layouts = keep_layouts(run.warehouse)
        report.notes += [text for each in report.layouts for text in each.notes]
        outcome = report.outcome
    except Interrupted:
        outcome = "interrupted"
        raise
    except ShoptideError as error:
        report.error = error
        raise
    finally:
        _close(run, outcome)


def _warn_of_version(run: Run) -> None:
    """A version lives twelve months; the store answers in another one after that."""
    told = nearing_end(run.client.api_version, run.clock.now().date())
    if told:
        log.warning("pull.version_ends", extra={"version": run.client.api_version, "reason": told})
        run.report.notes.append(told)


def _one_at_a_time(listener: Listener | None) -> Listener:
    """Streams tell from their threads; whoever listens need not know."""
    lock = threading.Lock()

    def tell(event: Event) -> None:
        if listener is not None:
            with lock:
                listener(event)

    return tell


def _shown(options: Options) -> dict[str, object]:
    return {
        "full_refresh": options.full_refresh,
        "since": options.since.isoformat() if options.since else None,
        "reconcile": options.reconcile,
        "limit": options.limit,
    }


def _never() -> bool:
    return False


def _close(run: Run, outcome: str) -> None:
    """End the run in the ledger and publish it. What a failed stream brought stays on disk for the next run."""
    run.slots.close()
    reading = run.client.meter.snapshot() - run.before
    run.report.calls, run.report.cost = reading.calls, reading.cost
    run.report.waited, run.report.throttled = reading.waited, reading.throttled
    run.ledger.end_run(run.report.run_id, outcome, summary(run.report))  # type: ignore[arg-type]  # one of the four
    if outcome == "succeeded":
        shutil.rmtree(run.spool, ignore_errors=True)
    publish_runs(run.warehouse, run.ledger)


def summary(report: PullReport) -> dict[str, Any]:
    """The run as plain data, for the ledger and for --json."""
    return {
        "calls": report.calls,
        "cost": report.cost,
        "waited": round(report.waited, 3),
        "throttled": report.throttled,
        "seconds": round(report.seconds, 3),
        "notes": report.notes,
        "error": report.error and report.error.document,
        "views": [
            {
                "layout": each.name,
                "schemas": list(each.schemas),
                "made_anew": each.anew,
                "empty": each.empty,
                "partial": each.partial,
                "error": each.error and each.error.document,
            }
            for each in report.layouts
        ],
        "streams": [
            {
                "stream": each.stream,
                "path": each.path,
                "reason": each.reason,
                "expected": each.expected,
                "seen": each.seen,
                "proof": asdict(each.proof) if each.proof else None,
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
                "missed": each.missed,
                "pruned": [{"field": left.field, "reason": left.reason} for left in each.pruned],
                "error": each.error and each.error.document,
            }
            for each in report.streams
        ],
    }


# streams


def _streams(run: Run, plans: list[StreamPlan], scopes: frozenset[str]) -> None:
    began = run.clock.monotonic()
    run.spool.mkdir(parents=True, exist_ok=True)
    with run.warehouse.transaction():
        cursors.prepare(run.warehouse)
    for plan in plans:
        report = StreamReport(plan.stream.name, pruned=plan.left_out)
        run.report.streams.append(report)
        if plan.closed:
            leave_out(run, report, plan.closed)
            run.tell(StreamLanded(plan.stream.name, ()))
            continue
        cursor = cursors.load(run.warehouse, run.shop, run.config.name, plan.stream.name)
        again = partial(plan_one, run.config, run.client.schema, scopes, plan.stream.name)
        run.jobs.append(Job(plan, report, again, cursor))
    with ThreadPoolExecutor(STREAMS_AT_ONCE, thread_name_prefix="stream") as pool:
        try:
            _land_as_they_come(run, {pool.submit(extract, run, job): job for job in run.jobs})
        except BaseException:
            run.halt.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    if run.options.limit is None and run.options.since is None:
        _deletes(run)
    if run.options.reconcile or _reconcile_due(run):
        _reconcile_all(run)
    for job in run.jobs:
        used = job.meter.snapshot()
        job.report.calls, job.report.cost = used.calls, used.cost
    run.report.seconds = run.clock.monotonic() - began


def _land_as_they_come(run: Run, reading: dict[Future[Extract | None], Job]) -> None:
    for future in as_completed(reading):
        job = reading[future]
        with _guarded(run, job):
            found = future.result()
            if found is None:
                run.tell(StreamLanded(job.report.stream, ()))
            else:
                _land(run, job, found)


@contextmanager
def _guarded(run: Run, job: Job) -> Iterator[None]:
    """An error of these steps is the stream's, unless the whole run is to stop."""
    began = run.clock.monotonic()
    try:
        with run.client.meter.shared_with(job.meter):
            yield
    except Interrupted:
        raise
    except ShoptideError as error:
        job.report.error = error
        log.warning("pull.stream_failed", extra={"stream": job.report.stream, "reason": error.message})
        run.tell(StreamFailed(job.report.stream, error))
    finally:
        job.report.seconds += run.clock.monotonic() - began


# landing, one stream after the other


def _land(run: Run, job: Job, found: Extract) -> None:
    """Land a stream within bounded memory; where that turns out too little, with what the machine has."""
    refuse_stop(run.stopped)
    try:
        with run.warehouse.bounded():
            _take_over(run, job, found)
    except WarehouseMemory as tight:
        log.info("pull.memory_unbounded", extra={"stream": job.report.stream, "reason": tight.message})
        _take_over(run, job, found)


def _take_over(run: Run, job: Job, found: Extract) -> None:
    landing = Landing(run.warehouse, job.plan, run.shop, run.report.run_id, run.clock.now())
    straight = run.warehouse.capabilities.local_files
    try:
        if not straight:  # nobody waits in the engine while lines are read
            with run.warehouse.errors():
                _prove(job, found, landing)
        with run.warehouse.transaction():
            job.report.altered = landing.declare()
            if straight:
                _prove(job, found, landing)
            # Where the store hides what is old, what is missing need not be gone.
            all_there = job.whole and not hides_old(run.client, job.plan)
            job.report.changes = tuple(landing.merge(whole=all_there))
            _keep(run, job)
            if run.options.limit is None and run.options.since is None:
                _move_cursor(run, job, found, landing)
            landing.staging.drop()
    except ProofFailed:
        settle(run, found, "unproved")
        raise
    finally:
        landing.staging.close()
    settle(run, found, "landed")
    now = run.clock.now()
    job.report.missed = gap.missed(run.warehouse, run.ledger, job.plan, run.shop, run.report.run_id, now)
    run.tell(StreamLanded(job.report.stream, job.report.changes))


def _prove(job: Job, found: Extract, landing: Landing) -> None:
    """Scan what came, on its way to the tables already: raising undoes it."""
    landing.staging.scan(list(found.paths))
    job.report.seen = landing.staging.roots()
    job.report.proof = proof_of(found)
    refuse_lost_lines(job.report.stream, found, lines=landing.staging.lines(), roots=job.report.seen)
    landing.staging.split()
    if job.report.expected is None or found.roots is not None:
        job.report.expected = found.counted if found.roots is None else found.roots


def _move_cursor(run: Run, job: Job, found: Extract, landing: Landing) -> None:
    stream = job.plan.stream
    floor = next_floor(found.read_at, run.config.overlap) if stream.search else EVER
    seen, newest = landing.staging.newest(floor) if stream.cursor else (found.records, None)
    moved = Cursor(
        found.read_at,
        floor,
        seen,
        newest.replace(tzinfo=UTC) if newest else None,
        found.read_at,
        run.client.api_version,
        found.read_at if job.whole else job.cursor.whole_at if job.cursor else None,
    )
    cursors.save(run.warehouse, run.shop, run.config.name, stream.name, moved, run.report.run_id)


def _keep(run: Run, job: Job) -> None:
    """Note the versions of a stream whose history is asked for, inside the transaction that changed its rows."""
    if run.config.history == ("all",) or job.report.stream in run.config.history:
        history.keep(run.warehouse, job.plan, run.shop, run.clock.now())


def _deletes(run: Run) -> None:
    """Mark what the store's events say was deleted since the last run; without the right to read them, say so."""
    landed = [job for job in run.jobs if job.report.error is None]
    if not landed:
        return
    last = cursors.load(run.warehouse, run.shop, run.config.name, deletions.CURSOR)
    since = next_floor(last.read_at if last else run.clock.now(), run.config.overlap)
    try:
        found = departures.read(run.client, since, stop=run.stopped)
    except ScopeMissing as refused:
        run.report.notes.append(f"deletes are found by --reconcile only: {refused.message}")
        return
    except Interrupted:
        raise
    except ShoptideError as error:
        run.report.notes.append(f"deletes since {since:%Y-%m-%d %H:%M} are looked for next time: {error.message}")
        log.warning("pull.events_failed", extra={"reason": error.message})
        return
    with run.warehouse.transaction():
        for job in landed if found.gids else ():
            changes = deletions.mark(run.warehouse, job.plan, run.shop, found.gids, run.clock.now())
            if sum(change.deleted for change in changes):
                job.report.changes = merged(job.report.changes, changes)
                _keep(run, job)
        moved = Cursor(found.read_at, since, len(found.gids), None, found.read_at, run.client.api_version)
        # A stream that failed has not heard of these yet: the events are read again for it.
        if len(landed) == len(run.jobs):
            cursors.save(run.warehouse, run.shop, run.config.name, deletions.CURSOR, moved, run.report.run_id)


def _reconcile_due(run: Run) -> bool:
    """Whether the last comparison of ids is longer ago than the configuration wants."""
    every = run.config.reconcile_every
    if every is None or run.options.limit is not None or run.options.since is not None or run.options.streams:
        return False
    last = cursors.load(run.warehouse, run.shop, run.config.name, RECONCILED)
    return last is None or run.clock.now() >= last.read_at + every


def _reconcile_all(run: Run) -> None:
    for job in run.jobs:
        known = job.whole and not (job.plan.closed or hides_old(run.client, job.plan))
        if not known and not job.plan.closed and job.report.error is None:
            with _guarded(run, job):
                _reconcile(run, job)
    if not run.options.streams and not run.report.failed:
        now = run.clock.now()
        with run.warehouse.transaction():
            done = Cursor(now, now, 0, None, now, run.client.api_version)
            cursors.save(run.warehouse, run.shop, run.config.name, RECONCILED, done, run.report.run_id)


def _reconcile(run: Run, job: Job) -> None:
    changes = reconcile(
        bulk_reader(run, job),
        run.warehouse,
        now=run.clock.now(),
        afterwards=lambda: _keep(run, job),
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
