"""One push, from the source to the ledger: read, planned, guarded, sent, and whatever answer was lost looked up."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from shoptide.clock import Clock
from shoptide.config import PushConfig
from shoptide.errors import Interrupted, ShoptideError, SourceError
from shoptide.ledger import Ledger, RecordState
from shoptide.outbound import publication
from shoptide.outbound.application import WORKERS, Sender
from shoptide.outbound.bulk_recovery import resolve_files
from shoptide.outbound.bulk_sending import BulkSender
from shoptide.outbound.comparison import Comparison, compared_source
from shoptide.outbound.echo import KEPT
from shoptide.outbound.estimate import Estimate, estimate
from shoptide.outbound.events import Listener, OperationMoved, Outcome, PushPlanned, PushReport, RowSettled
from shoptide.outbound.guards import Confirm, TimeLimit, guard, shrunk
from shoptide.outbound.lookup import Possible
from shoptide.outbound.plan_files import only_as_planned, plan_document
from shoptide.outbound.planning import WRITES, Plan, Planned
from shoptide.outbound.resolution import complete, resolve_lost, resolved, settled_values, unowned
from shoptide.outbound.rows import checked_config, snaked
from shoptide.outbound.session import Session
from shoptide.outbound.survey import survey
from shoptide.outbound.writers import needs_marker
from shoptide.resources.objects import PushObject
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse

EMPTY_KEY = "(empty)"
COLLECT_AFTER = 200_000  # new objects
# The outcomes of rows that are not sent, by their action.
UNSENT = {action: action for action in ("blocked", "ambiguous", "skipped")} | dict.fromkeys(
    ("invalid", "waiting"), "rejected"
)


@dataclass(frozen=True)
class Options:
    """What the command line adds to a push's configuration."""

    limit: int | None = None
    retry: str | None = None  # "rejected": only rows that were not applied
    allow_deletes: bool = False
    live: bool = False
    plan: dict[str, Any] | None = None  # a plan written earlier: exactly that is applied
    confirm: Confirm | None = None  # asks whoever sits there before a source that shrank deletes
    apply: str | None = None  # rows, documents, bulk or auto, instead of the configuration's
    time_limit: timedelta | None = None


@dataclass
class Job:
    """What planning and pushing share."""

    push: PushConfig
    target: PushObject
    session: Session
    warehouse: Warehouse
    ledger: Ledger
    base: Path
    options: Options

    @property
    def workers(self) -> int:
        return WORKERS[self.session.client.shop.plan]

    @property
    def spool(self) -> Path:
        """Where files of bulk mutations lie while they are sent and read."""
        return self.ledger.folder / "spool"


def _job(
    push: PushConfig, client: AdminClient, warehouse: Warehouse, ledger: Ledger, base: Path, options: Options
) -> Job:
    target = checked_config(push)
    return Job(push, target, Session(push, target, client), warehouse, ledger, base, options)


# planning


def plan(
    push: PushConfig,
    *,
    client: AdminClient,
    warehouse: Warehouse,
    ledger: Ledger,
    base: Path,
    options: Options | None = None,
) -> Plan:
    """What a push would do, without doing it. The store is only read. Raises SourceError and ConfigError."""
    job = _job(push, client, warehouse, ledger, base, options or Options())
    with rarely_collecting():
        found = _planned(job)
    if job.options.limit is not None:
        found.rows = limited(found.rows, job.options.limit)
    _estimated(job, found)
    found.notes += [told] if (told := shrunk(found)) else []
    return found


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Python looks for garbage less often: a plan's rows are many objects that all stay, and looking through them
    again and again takes a quarter of a large push's time."""
    held = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER, *held[1:])
    try:
        yield
    finally:
        gc.set_threshold(*held)


def _planned(job: Job) -> Plan:
    live = job.options.live or bool(job.options.plan and job.options.plan.get("live"))
    retry_only = job.options.retry is not None
    with compared_source(job.session, job.warehouse, job.ledger, job.base, retry_only=retry_only) as compared:
        found = _as_plan(job, compared, live=live)
        rows = resolved(job.session, found.rows, workers=job.workers, look_around=partial(_surveyed, job, found))
        rows = unowned(job.session, rows, job.ledger.owners, compared.present)
    found.rows = settled_values(job.session, rows, live=live)
    found.rows = [complete(job.target, row) for row in found.rows]
    new = [row for row in found.rows if row.action == "create"] if job.target.marker_owner else []
    if any(needs_marker(job.session, row.draft.values) for row in new):
        marker = job.session.marker
        found.notes.append(
            f"each new record carries its row's key in the id metafield {marker['namespace']}.{marker['key']}"
            " (its definition is made when the first one is written)"
        )
    return found


def _surveyed(job: Job, found: Plan, rows: list[Planned]) -> Possible:
    """Which of the rows' match values the store may have, where many at once are cheaper to read than to ask for."""
    around = survey(job.session, rows, job.spool)
    found.notes += [around.note] if around.note else []
    return around.among


def _as_plan(job: Job, compared: Comparison, *, live: bool) -> Plan:
    found = Plan(
        job.push.name,
        job.push.object,
        job.push.strategy,
        compared.rows,
        shop=job.session.client.domain,
        live=live,
        unchanged=compared.unchanged,
        held=compared.held,
        gone=compared.gone,
        rehashed=compared.rehashed,
    )
    if not compared.source_rows and job.push.strategy in ("mirror", "delete"):
        found.notes.append("the source is empty: nothing is deleted")
    return found


def _estimated(job: Job, found: Plan) -> Estimate:
    """How the plan's writes will leave and what that takes; noted in the plan."""
    reckoned = estimate(job.session, job.ledger, found.rows, job.options.apply or job.push.apply)
    found.estimate = reckoned
    return reckoned


def limited(rows: list[Planned], limit: int) -> list[Planned]:
    """At most `limit` writes; the rows beyond are left for the next run."""
    kept, writes = [], 0
    for row in rows:
        if row.action in WRITES:
            writes += 1
            if writes > limit:
                continue
        kept.append(row)
    return kept


# pushing


def push(
    push: PushConfig,
    *,
    client: AdminClient,
    warehouse: Warehouse,
    ledger: Ledger,
    clock: Clock,
    base: Path,
    options: Options | None = None,
    on_event: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> PushReport:
    """Make the store follow the source. One run of a push at a time: raises LockHeld when another works on it.

    Rows that fail are in the report and the ledger and are tried again next time. Raises Interrupted when `stop`
    said so, after everything in flight was settled.
    """
    job = _job(push, client, warehouse, ledger, base, options or Options())
    halt = stop or (lambda: False)
    with ledger.lock(f"push:{client.domain}:{push.name}"), rarely_collecting():
        run_id = ledger.begin_run("push", push.name, client.domain, _shown(job.options))
        report = PushReport(run_id, push.name, client.domain)
        before, began = client.meter.snapshot(), clock.monotonic()
        outcome = "failed"
        try:
            _run(job, report, on_event, halt)
            outcome = "interrupted" if halt() else report.outcome
        except Interrupted:
            outcome = "interrupted"
            raise
        except ShoptideError as error:
            report.error = error
            raise
        finally:
            used = client.meter.snapshot() - before
            report.calls, report.cost, report.seconds = used.calls, used.cost, clock.monotonic() - began
            report.waited, report.throttled = used.waited, used.throttled
            ledger.end_run(run_id, outcome, summary(report))  # type: ignore[arg-type]  # one of the four
            ledger.forget_written(ledger.clock.now() - KEPT)
            publication.publish(warehouse, ledger)
    if outcome == "interrupted":
        raise Interrupted("stopped: what was in flight is settled", hint="run the same command again")
    return report


def _shown(options: Options) -> dict[str, object]:
    return {
        "limit": options.limit,
        "retry": options.retry,
        "allow_deletes": options.allow_deletes,
        "plan": options.plan is not None,
    }


def _run(job: Job, report: PushReport, on_event: Listener | None, stop: Callable[[], bool]) -> None:
    tell = on_event or (lambda _event: None)
    asked = job.options.time_limit
    limit = TimeLimit(job.session.client.clock, job.push.time_limit if asked is None else asked)
    _clear_lost(job, report, stop)
    found = _planned(job)
    if job.options.plan is not None:
        only_as_planned(found, job.options.plan)
    report.notes += found.notes
    report.unchanged = found.unchanged + sum(row.action == "unchanged" for row in found.rows)
    job.ledger.rehash(job.push.name, found.rehashed)
    guard(job.push, found, allow_deletes=job.options.allow_deletes, confirm=job.options.confirm)
    if job.options.limit is not None:
        found.rows = limited(found.rows, job.options.limit)
    report.planned = found.counts()
    reckoned = _estimated(job, found)
    tell(PushPlanned(report.planned, str(reckoned)))
    _note_unsent(job, report, found, lambda outcome: _count(report, outcome, tell, reckoned.writes))
    before = sum(report.outcomes.values())
    _send(job, report, found, tell, lambda: stop() or limit.is_over())
    _look_up_lost(job, report)
    if limit.is_over():
        _count_unsent(report, reckoned.writes - sum(report.outcomes.values()) + before, limit)


def _count(report: PushReport, outcome: Outcome, tell: Listener, total: int) -> None:
    report.count(outcome)
    tell(RowSettled(outcome, sum(report.outcomes.values()), total))


def _send(job: Job, report: PushReport, found: Plan, tell: Listener, stop: Callable[[], bool]) -> None:
    """Send the plan's writes in the way that was reckoned with."""
    reckoned = found.estimate
    assert reckoned is not None  # noqa: S101  # who sends has reckoned
    sender = Sender(
        job.session, job.ledger, report.run_id, stop, lambda outcome: _count(report, outcome, tell, reckoned.writes)
    )
    if reckoned.way == "bulk":
        files = BulkSender(sender, job.ledger, job.spool, lambda *moved: tell(OperationMoved(*moved)))
        files.send(found.rows)
        report.bulk_speed = files.progress.speed
    else:
        sender.send(found.rows, together=reckoned.way == "documents")


def _clear_lost(job: Job, report: PushReport, stop: Callable[[], bool]) -> None:
    """Before anything is planned: what became of the writes that an earlier run left without an answer."""
    entries = job.ledger.unsettled(job.push.name)
    if entries:
        told, left = resolve_files(job.session, job.ledger, report.run_id, entries, job.spool, stop)
        outcomes = told | resolve_lost(job.session, job.ledger, report.run_id, left)
        applied = sum(outcome == "applied" for outcome in outcomes.values())
        report.notes.append(f"{len(outcomes)} writes of an earlier run had no answer: {applied} had reached the store")


def _look_up_lost(job: Job, report: PushReport) -> None:
    """Answers lost in this run are looked up at once; what did not reach the store is sent again by the next run."""
    if not report.outcomes.get("unknown"):
        return
    outcomes = resolve_lost(job.session, job.ledger, report.run_id, job.ledger.unsettled(job.push.name))
    for failure in list(report.failures):
        became = outcomes.get(failure.key)
        if failure.outcome == "unknown" and became:
            report.failures.remove(failure)
            report.outcomes["unknown"] -= 1
            report.count(replace(failure, outcome="applied" if became == "applied" else "delayed"))
    report.outcomes = {name: count for name, count in report.outcomes.items() if count}


def _note_unsent(job: Job, report: PushReport, found: Plan, settled: Callable[[Outcome], None]) -> None:
    """Rows that can't be sent: their states say why, and they are tried again next time."""
    outcomes = {
        "invalid": "rejected",
        "waiting": "rejected",
        "blocked": "blocked",
        "ambiguous": "ambiguous",
        "skipped": "skipped",
    }
    states = []
    for row in found.rows:
        if row.action not in outcomes:
            continue
        outcome = Outcome(
            row.key or EMPTY_KEY,
            row.action,
            UNSENT[row.action],
            row.gid,
            row.reason,
            "INVALID" if row.action == "invalid" else None,
            None,
            snaked(row.problem.column) if row.problem else None,
            row.problem.value if row.problem else None,
        )
        if row.action not in ("skipped", "waiting"):  # they stay what they are
            states.append(_unsent_state(job, report, row, outcome))
        settled(outcome)
    job.ledger.settle(states)
    job.ledger.skipped(job.push.name, [row.key for row in found.rows if row.action == "skipped"])


def _unsent_state(job: Job, report: PushReport, row: Planned, outcome: Outcome) -> RecordState:
    return RecordState(
        push=job.push.name,
        key=outcome.key,
        outcome=outcome.outcome,
        action=row.action,
        run_id=report.run_id,
        gid=row.gid,
        sent=row.sent,
        message=outcome.message,
        code=outcome.code,
        column=outcome.column,
        value=outcome.value,
        attempts=row.attempts + 1,
    )


def _count_unsent(report: PushReport, unsent: int, limit: TimeLimit) -> None:
    """Rows that the time limit kept from being sent are delayed: the next run takes them up."""
    if unsent:
        report.notes.append(f"the time limit of {limit.span} was reached: {unsent} writes are left for the next run")
        report.outcomes["delayed"] = report.outcomes.get("delayed", 0) + unsent


def summary(report: PushReport) -> dict[str, Any]:
    """The run as plain data, for the ledger and for --json."""
    return {
        "planned": report.planned,
        "outcomes": report.outcomes,
        "unchanged": report.unchanged,
        "notes": report.notes,
        "error": report.error and report.error.document,
        "calls": report.calls,
        "cost": report.cost,
        "waited": round(report.waited, 3),
        "throttled": report.throttled,
        "seconds": round(report.seconds, 3),
        "bulk_speed": report.bulk_speed,
    }


__all__ = ["Options", "SourceError", "plan", "plan_document", "push", "summary"]
