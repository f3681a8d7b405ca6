"""Records that Omnata hands over, on their way to the store: planned, sent, and a result for each; none is lost.

Omnata keeps the record states; what our own ledger would keep beside them is not there. So a write whose answer was
lost is looked up within the run, and where even that fails its result holds what it can be found by: the next run gets
results back with the records, and looks before it sends anything again. New records carry Omnata's identifier in an
id metafield, by which they are found even after the procedure itself was killed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from shoptide.config import PushConfig
from shoptide.errors import Interrupted, ShoptideError, SourceError
from shoptide.journal import RecordState, Sending
from shoptide.outbound import lookup
from shoptide.outbound.application import WORKERS, Sender
from shoptide.outbound.events import Outcome
from shoptide.outbound.planning import WRITES, Planned, differences
from shoptide.outbound.resolution import complete, resolve_lost, resolved, settled_values
from shoptide.outbound.rows import Draft, Drafter, checked_config, read_columns, snaked
from shoptide.outbound.session import Refused, Session
from shoptide.resources.inputs import Problem
from shoptide.shopify.client import AdminClient

log = logging.getLogger("omnata_plugin")

KEY = "omnata_identifier"  # the column of a draft that Omnata's own identifier stands in
BATCH = 250  # records planned and sent together
TOGETHER = 20  # from so many writes on they share documents
SENDING = "sending"  # in a result: what a write without an answer can be found by


@dataclass(frozen=True)
class Record:
    """A record as Omnata hands it over: `gid` is what it was applied to, `result` what was told of it last."""

    identifier: str
    action: str
    values: Mapping[str, Any]
    gid: str | None = None
    previous: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None

    @property
    def was_applied(self) -> bool:
        return self.result is not None and "error" not in self.result


@dataclass(frozen=True)
class Result:
    """What became of a record; `told` is what Omnata keeps and shows."""

    identifier: str
    success: bool
    gid: str | None
    told: dict[str, Any]


@dataclass
class RunJournal:
    """The journal of one run, in memory: Omnata's results are what stays of it."""

    entries: dict[str, Sending] = field(default_factory=dict)
    states: dict[str, RecordState] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def journal(self, entries: Iterable[Sending]) -> None:
        with self.lock:
            self.entries.update({entry.key: entry for entry in entries})

    def settle(self, states: Iterable[RecordState]) -> None:
        with self.lock:
            for state in states:
                self.states[state.key] = state
                if state.outcome != "unknown":  # what is unknown stays until it is looked up
                    self.entries.pop(state.key, None)

    def withdraw(self, push: str, keys: Iterable[str]) -> None:  # noqa: ARG002  # there is one push a run
        with self.lock:
            for key in keys:
                self.entries.pop(key, None)


class Outbound:
    """Applies the records of one run. `report` takes results as they come; no exception leaves `send`."""

    def __init__(
        self,
        push: PushConfig,
        client: AdminClient,
        *,
        stop: Callable[[], bool],
        report: Callable[[Sequence[Result]], None],
    ) -> None:
        """Raises ConfigError for settings that can't work together."""
        self.push = push
        self.target = checked_config(push)
        self.session = Session(push, self.target, client, marks_all=True)
        self.stop = stop
        self.report = report
        self.journal = RunJournal()
        self.sender = Sender(self.session, self.journal, "omnata", stop, self._note)
        self._drafters: dict[tuple[str, ...], Drafter] = {}
        self._open: dict[str, str] = {}  # identifiers without a result, and their actions
        self._deletes = 0
        self._written: dict[str, str] = {}  # gid → the identifier that changed or deleted it in this run

    def send(self, records: Sequence[Record]) -> None:
        """Send records batch by batch; those that the run's end leaves over get no result and are Omnata's to hand over
        again."""
        for start in range(0, len(records), BATCH):
            if self.stop():
                return
            self._send_batch(records[start : start + BATCH])

    def _send_batch(self, records: Sequence[Record]) -> None:
        self._open = {record.identifier: record.action for record in records}
        self.journal = self.sender.ledger = RunJournal()  # what the batch before left is told in its results
        try:
            self._apply(records)
        except Interrupted:
            self._leave_unknown("the run was ended before Shopify's answer was known")
        except ShoptideError as error:
            self._fail_rest(f"{error.message}. {error.hint}" if error.hint else error.message, error.kind)
        except Refused as answer:
            self._fail_rest("; ".join(each.message for each in answer.errors), "refused")
        except Exception as bug:
            # Whatever it is, it must not take the results of other records along.
            log.exception("a batch of records failed")
            self._fail_rest(f"this is a bug in Shoptide: {type(bug).__name__}: {bug}", "bug")

    def _apply(self, records: Sequence[Record]) -> None:
        records = self._recovered(records)
        rows = self._own(self._guarded([self._planned(record) for record in records]))
        rows = resolved(self.session, rows, workers=WORKERS[self.sender.plan])
        rows = settled_values(self.session, self._unshared(rows), live=False)
        rows = [complete(self.target, row) for row in rows]
        self._tell([_unsent(row) for row in rows if row.action not in WRITES])
        writes = [row for row in rows if row.action in WRITES]
        try:
            self.sender.send(writes, together=len(writes) >= TOGETHER)
        finally:
            self._look_up_lost()

    # planning

    def _planned(self, record: Record) -> Planned:
        if record.action == "Delete" and record.gid:
            return Planned(record.identifier, "delete", Draft(record.identifier, {}, record.gid), record.gid)
        try:
            draft = self._draft(record.identifier, record.values)
        except SourceError as wrong:
            problem = Problem(KEY, f"{wrong.message}. {wrong.hint}" if wrong.hint else wrong.message, None)
            draft = Draft(record.identifier, problem=problem)
        if draft.problem is not None:
            return Planned(draft.key, "invalid", draft, problem=draft.problem, reason=draft.problem.reason)
        gid = draft.gid or record.gid
        if record.action == "Delete":
            return Planned(draft.key, "delete", draft, gid)
        return self._planned_write(record, draft, gid)

    def _planned_write(self, record: Record, draft: Draft, gid: str | None) -> Planned:
        if self.push.strategy == "create" and draft.gid and not record.gid:
            return Planned(draft.key, "blocked", draft, draft.gid, reason="the row names a record that exists")
        sent = self._sent(record)
        changes = differences(sent, draft.values)
        if gid and sent is not None and not changes:
            return Planned(draft.key, "unchanged", draft, gid)
        action = "update" if gid else "create" if self.push.strategy == "create" else "find"
        return Planned(draft.key, action, draft, gid, changes, sent=sent)

    def _sent(self, record: Record) -> dict[str, Any] | None:
        """What the store accepted last; None where that is not sure, so that all is sent again."""
        if record.previous is None or not record.was_applied:
            return None
        names = {**dict.fromkeys(record.values), **record.previous}
        try:
            draft = self._draft(record.identifier, names)
        except SourceError:
            return None
        return None if draft.problem else draft.values

    def _draft(self, key: str, values: Mapping[str, Any]) -> Draft:
        """Values as the store takes them. Raises SourceError for a field that the object doesn't have."""
        drafter = self._drafters.get(tuple(values))
        if drafter is None:
            columns = read_columns(self.push, self.target, self.session.schema, [KEY, *values])
            currency = (lambda: self.session.currency) if self.push.object == "orders" else None
            drafter = Drafter(self.push, self.target, self.session.schema, columns, currency)
            self._drafters[tuple(values)] = drafter
        return drafter.draft({KEY: key, **values}, key)

    def _guarded(self, rows: list[Planned]) -> list[Planned]:
        """Refuse deletions beyond `max_deletes` of the run: a source that was emptied by mistake deletes no shop."""
        most = self.push.max_deletes
        if most is None or self.push.strategy != "mirror":
            return rows
        guarded = []
        for row in rows:
            self._deletes += row.action == "delete"
            over = row.action == "delete" and self._deletes > most
            reason = f"more than {most} deletions in one run; raise the sync's limit if they are meant"
            guarded.append(replace(row, action="blocked", reason=reason) if over else row)
        return guarded

    def _unshared(self, rows: list[Planned]) -> list[Planned]:
        """Leave out what another record of this run has written: they would overwrite each other at every run."""
        kept = []
        for row in rows:
            writes = row.gid is not None and row.action in ("update", "delete")
            first = self._written.setdefault(row.gid or "", row.key) if writes else row.key
            reason = f"the record {row.gid} is that of {first} too"
            kept.append(row if first == row.key else replace(row, action="ambiguous", reason=reason))
        return kept

    def _own(self, rows: list[Planned]) -> list[Planned]:
        """Records of a strict create that an earlier run made, and whose result was lost, are the rows' own."""
        new = {row.key: row.draft.values for row in rows if row.action == "create"}
        found = lookup.find_marked(self.session, new) if new else {}
        return [replace(row, action="update", gid=found[row.key]) if row.key in found else row for row in rows]

    # answers that were lost

    def _recovered(self, records: Sequence[Record]) -> list[Record]:
        """Look up what earlier runs sent without an answer; what is found goes on as a change of that record."""
        lost = {
            record.identifier: _entry(self.push.name, record)
            for record in records
            if record.result and SENDING in record.result and record.gid is None
        }
        if not lost:
            return list(records)
        resolve_lost(self.session, self.journal, "omnata", lost.values())
        found = {key: state.gid for key, state in self.journal.states.items() if key in lost and state.gid}
        return [replace(record, gid=found.get(record.identifier, record.gid)) for record in records]

    def _look_up_lost(self) -> None:
        """Answers that were lost in this batch, looked up at once; what did not reach the store is left for later."""
        entries = list(self.journal.entries.values())
        if not entries:
            return
        outcomes = resolve_lost(self.session, self.journal, "omnata", entries)
        for entry in entries:
            state = self.journal.states.get(entry.key)
            if outcomes.get(entry.key) == "applied" and state is not None:
                self._note(Outcome(entry.key, entry.action, "applied", state.gid))
            elif state is not None and state.gid:
                words = "the record was made, and Shopify's answer lost before all of it was; the next run completes it"
                self._note(Outcome(entry.key, entry.action, "incomplete", state.gid, words))
            else:
                self._open.pop(entry.key, None)

    def _leave_unknown(self, words: str) -> None:
        """Writes that may have reached the store: their results say what they can be found by."""
        self._tell([_unknown(entry, words) for entry in self.journal.entries.values() if entry.key in self._open])

    def _fail_rest(self, words: str, code: str) -> None:
        self._leave_unknown(words)
        self._tell([Result(key, success=False, gid=None, told={"error": words, "code": code}) for key in self._open])

    # results

    def _note(self, outcome: Outcome) -> None:
        """Take an outcome from the sender: what is unknown is looked up first, what is delayed has no result."""
        if outcome.outcome not in ("unknown", "delayed"):
            self._tell([_result(outcome)])

    def _tell(self, results: list[Result]) -> None:
        fresh = [result for result in results if result.identifier in self._open]
        for result in fresh:
            del self._open[result.identifier]
        if fresh:
            self.report(fresh)


def _unsent(row: Planned) -> Result:
    """The result of a row that is not sent."""
    if row.action == "unchanged":
        return Result(row.key, success=True, gid=row.gid, told=_applied("unchanged", row.gid, row.reason))
    told: dict[str, Any] = {"error": row.reason or row.action, "code": row.action.upper()}
    if row.problem is not None and row.problem.column != KEY:
        told["field"] = snaked(row.problem.column)
        told["error"] = f"{told['field']}: {row.problem.reason}"
        told |= {"value": row.problem.value} if row.problem.value is not None else {}
    return Result(row.key, success=False, gid=row.gid, told=told)


def _result(outcome: Outcome) -> Result:
    if outcome.outcome == "applied":
        return Result(outcome.key, success=True, gid=outcome.gid, told=_applied(outcome.action, outcome.gid))
    told = {
        "error": outcome.message or outcome.outcome,
        "code": outcome.code or outcome.outcome.upper(),
        "field": outcome.column,
        "path": outcome.path,
        "value": outcome.value,
    }
    kept = {name: value for name, value in told.items() if value is not None}
    return Result(outcome.key, success=False, gid=outcome.gid, told=kept)


def _applied(action: str, gid: str | None, note: str | None = None) -> dict[str, Any]:
    number = (gid or "").rpartition("/")[2]
    told = {"action": action, "gid": gid, "id": int(number) if number.isdigit() else None, "note": note}
    return {name: value for name, value in told.items() if value is not None}


def _unknown(entry: Sending, words: str) -> Result:
    told = {
        "error": f"it is not known whether this reached Shopify ({words}); the next run looks before it sends it again",
        "code": "UNKNOWN",
        SENDING: asdict(entry),
    }
    return Result(entry.key, success=False, gid=entry.gid, told=told)


def _entry(push: str, record: Record) -> Sending:
    """A write of an earlier run, as its result tells it."""
    told: dict[str, Any] = dict((record.result or {})[SENDING])
    names = ("run_id", "action", "gid", "marks", "hash", "sent")
    held: dict[str, Any] = {name: told.get(name) for name in names}
    return Sending(push=push, key=record.identifier, **{**held, "marks": held["marks"] or {}})
