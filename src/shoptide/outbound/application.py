"""Sends a plan: journal first, then the store, then the outcome; many rows at once, never two writes on one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from shoptide.errors import (
    AccessError,
    ApiError,
    RateLimited,
    Rejected,
    ShoptideError,
    ShopUnavailable,
    Throttling,
    Unreachable,
    WriteOutcome,
)
from shoptide.journal import Journal, RecordState, Sending
from shoptide.outbound import blame, fulfillment_writers, lookup, order_writers, product_media, product_writers, writers
from shoptide.outbound.charges import Charges
from shoptide.outbound.documents import MOST_ALIASES, send_together
from shoptide.outbound.events import Outcome
from shoptide.outbound.planning import WRITES, Planned
from shoptide.outbound.replay import Answer, Attempt, Mutation
from shoptide.outbound.resolution import marks_of
from shoptide.outbound.rows import snaked
from shoptide.outbound.session import Refused, Session, store_words
from shoptide.outbound.waves import waves
from shoptide.resources.inputs import shown

CREATE = {
    "customers": writers.create_customer,
    "products": product_writers.create_product,
    "orders": order_writers.create_order,
    "fulfillments": fulfillment_writers.create_fulfillment,
}
UPDATE = {
    "customers": writers.update_customer,
    "products": product_writers.update_product,
    "orders": order_writers.update_order,
    "fulfillments": fulfillment_writers.update_fulfillment,
}
DELETE = {
    "customers": writers.delete_customer,
    "products": product_writers.delete_product,
    "orders": order_writers.delete_order,
    "fulfillments": fulfillment_writers.delete_fulfillment,
}
WORKERS = {"standard": 8, "advanced": 12, "plus": 24, "enterprise": 32}
DOCUMENTS = {"standard": 2, "advanced": 3, "plus": 6, "enterprise": 8}  # in flight at once
CHUNK = 64  # rows noted in the journal at once
# Objects whose writers read what they change: the second time they would read what they did the first time.
ONE_BY_ONE = ("fulfillments",)
DELETED = ""  # the version of a record that is gone
STOPPED = "stopped before it was sent"

Settled = tuple[Planned, Outcome]


class Fatal(Exception):  # noqa: N818  # control flow: what was settled before still has to be noted
    """No further row will fare better: the token or the shop went away."""

    def __init__(self, error: ShoptideError, settled: list[Settled]) -> None:
        super().__init__(error.message)
        self.error = error
        self.settled = settled


@dataclass
class Sender:
    """Applies rows of one run."""

    session: Session
    ledger: Journal
    run_id: str
    stop: Callable[[], bool]
    tell: Callable[[Outcome], None]
    charges: Charges = field(init=False)

    def __post_init__(self) -> None:
        self.charges = Charges(self.session.client.meter)

    @property
    def plan(self) -> str:
        return self.session.client.shop.plan

    def send(self, rows: Iterable[Planned], *, together: bool = False) -> None:
        """Send rows until all are settled or `stop` says so; what is in flight is always waited for.

        `together` sends many rows in a document, where that can be. Raises what makes every further row pointless:
        a token or shop that went away.
        """
        writes = [row for row in rows if row.action in WRITES]
        together = together and self.session.push.object not in ONE_BY_ONE
        prepare(self.session, writes, together=together)
        for number, wave in enumerate(waves(self.session, writes)):
            if number and not self.stop():
                prepare(self.session, wave, together=together)
            self.send_wave(wave, together=together)

    def send_wave(self, rows: Sequence[Planned], *, together: bool) -> None:
        """Send rows none of which mean the same record."""
        if together:
            self._send_batches(rows, MOST_ALIASES, DOCUMENTS[self.plan], self._write_together)
        else:
            self._send_batches(rows, 1, WORKERS[self.plan], self.send_each)

    def _send_batches(
        self, rows: Sequence[Planned], size: int, workers: int, write: Callable[[list[Planned]], list[Settled]]
    ) -> None:
        pending: set[Future[list[Settled]]] = set()
        fatal: ShoptideError | None = None
        with ThreadPoolExecutor(workers) as pool:
            for chunk in in_batches(rows, max(CHUNK, size * workers // 2)):
                if self.stop() or fatal:
                    break
                ready = self.journalled(chunk, pool)
                pending |= {pool.submit(write, batch) for batch in in_batches(ready, size)}
                while len(pending) > max(workers, CHUNK // 2 // size):
                    pending, fatal = self._settle(pending, fatal)
            while pending:
                pending, fatal = self._settle(pending, fatal)
        if fatal:
            raise fatal

    def journalled(self, rows: Sequence[Planned], pool: Executor, *, operation: str | None = None) -> list[Planned]:
        """Note the rows as leaving; one whose marks can't be read is settled here. The others, in their order.

        Rows of a bulk operation's file have its token as `operation`, and their line by their place here.
        """
        entries: list[Sending] = []
        ready: list[Planned] = []
        # Only the marks of fulfillments are asked of the store.
        found = pool.map(self._marks, rows) if self.session.push.object == "fulfillments" else map(self._marks, rows)
        for row, marks in zip(rows, found, strict=True):
            if isinstance(marks, Outcome):
                self.note([(row, marks)])
                continue
            line = len(ready) if operation is not None else None
            entries.append(
                Sending(
                    push=self.session.push.name,
                    key=row.key,
                    run_id=self.run_id,
                    action=row.action,
                    gid=row.gid,
                    marks=marks,
                    hash=row.draft.hash,
                    sent=row.draft.values,
                    operation=operation,
                    line=line,
                )
            )
            ready.append(row)
        self.ledger.journal(entries)
        return ready

    def _marks(self, row: Planned) -> dict[str, Any] | Outcome:
        try:
            with self.charges.to(row.key):
                return marks_of(self.session, row)
        except Refused as answer:
            return self.refusal(row, answer)
        except (AccessError, ShopUnavailable):
            raise
        except ApiError as error:
            return failed(row, error)

    def _settle(
        self, pending: set[Future[list[Settled]]], fatal: ShoptideError | None
    ) -> tuple[set[Future[list[Settled]]], ShoptideError | None]:
        done, left = wait(pending, return_when=FIRST_COMPLETED)
        results: list[Settled] = []
        for future in done:
            try:
                results += future.result()
            except Fatal as end:
                results += end.settled
                fatal = fatal or end.error
            except ShoptideError as error:  # stopped while it waited: the journal keeps what it was about
                fatal = fatal or error
        self.note(results)
        return left, fatal

    def note(self, results: Sequence[Settled]) -> None:
        """Settle outcomes in one commit with the journal, then tell of them."""
        self.ledger.settle([self._state(row, outcome) for row, outcome in results])
        for _row, outcome in results:
            self.tell(outcome)

    # one by one

    def send_each(self, rows: list[Planned]) -> list[Settled]:
        """Send rows that are in the journal, each by itself. Raises Fatal."""
        settled: list[Settled] = []
        for row in rows:
            if self.stop():
                settled.append((row, Outcome(row.key, row.action, "delayed", row.gid, STOPPED)))
                continue
            try:
                settled.append((row, self._outcome(row, lambda row=row: act(self.session, row))))  # type: ignore[misc]
            except (AccessError, ShopUnavailable) as error:
                # Nothing was applied and no other row will fare better.
                self.ledger.withdraw(self.session.push.name, [row.key])
                raise Fatal(error, settled) from error
        return settled

    def _outcome(self, row: Planned, write: Callable[[], str | None]) -> Outcome:
        """What a write came to. Raises AccessError and ShopUnavailable."""
        with self.session.listening() as told, self.charges.to(row.key):
            outcome = self._judged(row, write)
            if row.action == "delete" and outcome.outcome == "applied" and row.gid and not told:
                told.append((row.gid, DELETED))
            return replace(outcome, written=tuple(dict.fromkeys(told))) if told else outcome

    def _judged(self, row: Planned, write: Callable[[], str | None]) -> Outcome:
        try:
            return Outcome(row.key, row.action, "applied", write())
        except Refused as answer:
            return self.refusal(row, answer)
        except (AccessError, ShopUnavailable):
            raise
        except ApiError as error:
            return failed(row, error)

    # many together

    def _write_together(self, rows: list[Planned]) -> list[Settled]:
        if self.stop():
            return [(row, Outcome(row.key, row.action, "delayed", row.gid, STOPPED)) for row in rows]
        return self.finish([Attempt(row) for row in rows])

    def finish(self, attempts: Iterable[Attempt]) -> list[Settled]:
        """Bring rows to their end, step by step, the mutations of each step in common documents. Raises Fatal."""
        settled: list[Settled] = []
        open_attempts = list(attempts)
        alone: list[Planned] = []
        while open_attempts:
            steps = [(attempt, self.proceed(attempt, settled)) for attempt in open_attempts]
            waiting = [(attempt, step) for attempt, step in steps if step is not None]
            came_back = send_together(self.session, [mutation for _attempt, mutation in waiting])
            open_attempts = []
            for (attempt, mutation), sent in zip(waiting, came_back, strict=True):
                self.charges.add([attempt.row.key], sent.cost)
                if is_too_fast(self.session, mutation.name, sent.answer):
                    alone.append(attempt.row)
                    continue
                attempt.answered(sent.answer)
                open_attempts.append(attempt)
        return settled + self.send_each(alone)

    def proceed(self, attempt: Attempt, settled: list[Settled], *, may_read: bool = True) -> Mutation | None:
        """The row's next mutation; None when it came to its end, which is in `settled` then. Raises Fatal, Reads."""
        waits: list[Mutation] = []

        def write() -> str | None:
            step = attempt.proceed(self.session, act, may_read=may_read)
            if isinstance(step, Mutation):
                waits.append(step)
                return None
            return step

        try:
            outcome = self._outcome(attempt.row, write)
        except (AccessError, ShopUnavailable) as error:
            self.ledger.withdraw(self.session.push.name, [attempt.row.key])
            raise Fatal(error, settled) from error
        if waits:
            return waits[0]
        settled.append((attempt.row, outcome))
        return None

    # outcomes

    def refusal(self, row: Planned, answer: Refused) -> Outcome:
        target, draft = self.session.target, row.draft
        error = blame.leading(target, draft, answer.errors)
        column = blame.column_of(target, draft, error)
        value = blame.value_at(draft, column, error.path) if column else None
        messages = dict.fromkeys([error.message, *(other.message for other in answer.errors)])
        return Outcome(
            row.key,
            row.action,
            "blocked" if answer.blocked else "rejected",
            answer.gid or row.gid,
            "; ".join(messages),
            error.code,
            ".".join(error.path) or None,
            snaked(column) if column else None,
            None if value is None else shown(value),
        )

    def _state(self, row: Planned, outcome: Outcome) -> RecordState:
        applied = outcome.outcome == "applied"
        values = row.draft.values if applied and row.action != "delete" else row.sent
        return RecordState(
            push=self.session.push.name,
            key=row.key,
            outcome=outcome.outcome,
            action=row.action,
            run_id=self.run_id,
            gid=outcome.gid or row.gid,
            hash=row.draft.hash if applied else None,
            sent=values,
            message=outcome.message,
            code=outcome.code,
            field=outcome.path,
            column=outcome.column,
            value=outcome.value,
            attempts=0 if applied else row.attempts + 1,
            tried=row.draft.hash if outcome.outcome == "rejected" else None,
            cost=self.charges.settle(row.key),
            offered=row.draft.hash,
            changes={name: [change.before, change.after] for name, change in row.changes.items()},
            written=outcome.written,
        )


def prepare(session: Session, rows: Iterable[Planned], *, together: bool) -> None:
    """Ask at once what the rows' writers would ask one by one: customers and variants of orders, and for rows that
    leave `together` the key's definition and publications. Raises Rejected when that definition can't be made."""
    drafts = [row.draft.values for row in rows if row.action in ("create", "update")]
    new = [row.draft.values for row in rows if row.action == "create"]
    if session.push.object == "orders":
        with suppress(Rejected):  # each row is told by itself
            lookup.variants_by_sku(session, order_writers.skus_of(new))
        order_writers.look_up_customers(session, new)
    if not together:
        return
    if session.target.marker_owner and any(writers.needs_marker(session, values) for values in new):
        try:
            session.ensure_marker()
        except Refused as answer:
            raise Rejected(
                f"the definition of the id metafield that carries rows' keys was refused: {answer}"
            ) from None
    if any(values.get("publishTo") or values.get("unpublishFrom") for values in drafts):
        session.load_publications()


def in_batches(rows: Sequence[Planned], size: int) -> Iterator[list[Planned]]:
    for start in range(0, len(rows), size):
        yield list(rows[start : start + size])


def act(session: Session, row: Planned) -> str | None:
    """Write a row by its object's writer; the record's gid. Raises Refused and ApiError."""
    name = session.push.object
    if row.action == "create":
        return CREATE[name](session, row.key, row.draft.values)
    gid = row.gid
    assert gid is not None  # noqa: S101  # resolution gives every update and deletion its record
    if row.action == "delete":
        DELETE[name](session, gid)
        return gid
    changed = {each: change.after for each, change in row.changes.items()}
    values = session.target.whole(changed, row.draft.values)
    if name == "products":
        values = product_media.without_sent(values, row.sent or {})
    return UPDATE[name](session, gid, values)


def is_too_fast(session: Session, name: str, answer: Answer) -> bool:
    """Whether the store takes no more of these for a while; a row that is sent alone waits for its turn."""
    if isinstance(answer, Exception):
        return False
    try:
        session.judged(name, answer)
    except RateLimited:
        return True
    except Refused:
        return False
    return False


def failed(row: Planned, error: ApiError) -> Outcome:
    """A row whose request failed: not applied and to be tried later, refused for good, or unknown."""
    if error.outcome is not WriteOutcome.NOT_APPLIED:
        return Outcome(row.key, row.action, "unknown", row.gid, store_words(error), error.kind)
    later = isinstance(error, (Throttling, Unreachable))
    code: Any = error.messages[0].code if error.messages else error.kind
    return Outcome(row.key, row.action, "delayed" if later else "rejected", row.gid, store_words(error), code)
