"""Sends a plan: journal first, then the store, then the outcome; many rows at once, never two writes on one record."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from shoptide.errors import (
    AccessError,
    ApiError,
    ShoptideError,
    ShopUnavailable,
    Throttling,
    Unreachable,
    WriteOutcome,
)
from shoptide.ledger import Ledger, RecordState, Sending
from shoptide.outbound import blame, fulfillment_writers, order_writers, product_media, product_writers, writers
from shoptide.outbound.events import Outcome
from shoptide.outbound.planning import WRITES, Planned
from shoptide.outbound.resolution import marks_of
from shoptide.outbound.rows import snaked
from shoptide.outbound.session import Refused, Session, store_words
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
CHUNK = 64  # rows noted in the journal at once


@dataclass
class Sender:
    """Applies rows of one run."""

    session: Session
    ledger: Ledger
    run_id: str
    workers: int
    stop: Callable[[], bool]
    tell: Callable[[Outcome], None]

    def send(self, rows: Iterable[Planned]) -> None:
        """Send rows until all are settled or `stop` says so; what is in flight is always waited for.

        Raises what makes every further row pointless: a token or shop that went away.
        """
        waiting = [row for row in rows if row.action in WRITES]
        pending: set[Future[tuple[Planned, Outcome]]] = set()
        fatal: ShoptideError | None = None
        with ThreadPoolExecutor(self.workers) as pool:
            for start in range(0, len(waiting), CHUNK):
                if self.stop() or fatal:
                    break
                chunk = self._journalled(waiting[start : start + CHUNK])
                pending |= {pool.submit(self._write, row) for row in chunk}
                while len(pending) > CHUNK // 2:
                    pending, fatal = self._settle(pending, fatal)
            while pending:
                pending, fatal = self._settle(pending, fatal)
        if fatal:
            raise fatal

    def _journalled(self, rows: list[Planned]) -> list[Planned]:
        """Note the rows as leaving; one whose marks can't be read is settled here."""
        entries, ready = [], []
        for row in rows:
            try:
                marks = marks_of(self.session, row)
            except Refused as answer:
                self._note(row, self._refusal(row, answer))
                continue
            entries.append(
                Sending(
                    self.session.push.name,
                    row.key,
                    self.run_id,
                    row.action,
                    row.gid,
                    marks,
                    row.draft.hash,
                    row.draft.values,
                )
            )
            ready.append(row)
        self.ledger.journal(entries)
        return ready

    def _settle(
        self, pending: set[Future[tuple[Planned, Outcome]]], fatal: ShoptideError | None
    ) -> tuple[set[Future[tuple[Planned, Outcome]]], ShoptideError | None]:
        done, left = wait(pending, return_when=FIRST_COMPLETED)
        results = []
        for future in done:
            try:
                results.append(future.result())
            except ShoptideError as error:
                fatal = fatal or error
        self.ledger.settle([self._state(row, outcome) for row, outcome in results])
        for _row, outcome in results:
            self.tell(outcome)
        return left, fatal

    def _note(self, row: Planned, outcome: Outcome) -> None:
        self.ledger.settle([self._state(row, outcome)])
        self.tell(outcome)

    def _write(self, row: Planned) -> tuple[Planned, Outcome]:
        if self.stop():
            return row, Outcome(row.key, row.action, "delayed", row.gid, "stopped before it was sent")
        try:
            gid = self._act(row)
            return row, Outcome(row.key, row.action, "applied", gid)
        except Refused as answer:
            return row, self._refusal(row, answer)
        except (AccessError, ShopUnavailable):
            # Nothing was applied and no other row will fare better.
            self.ledger.withdraw(self.session.push.name, [row.key])
            raise
        except ApiError as error:
            return row, failed(row, error)

    def _act(self, row: Planned) -> str | None:
        name = self.session.push.object
        if row.action == "create":
            return CREATE[name](self.session, row.key, row.draft.values)
        gid = row.gid
        assert gid is not None  # noqa: S101  # resolution gives every update and deletion its record
        if row.action == "delete":
            DELETE[name](self.session, gid)
            return gid
        changed = {each: change.after for each, change in row.changes.items()}
        values = self.session.target.whole(changed, row.draft.values)
        if name == "products":
            values = product_media.without_sent(values, row.sent or {})
        return UPDATE[name](self.session, gid, values)

    def _refusal(self, row: Planned, answer: Refused) -> Outcome:
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
            changes={name: [change.before, change.after] for name, change in row.changes.items()},
        )


def failed(row: Planned, error: ApiError) -> Outcome:
    """A row whose request failed: not applied and to be tried later, refused for good, or unknown."""
    if error.outcome is not WriteOutcome.NOT_APPLIED:
        return Outcome(row.key, row.action, "unknown", row.gid, store_words(error), error.kind)
    later = isinstance(error, (Throttling, Unreachable))
    code: Any = error.messages[0].code if error.messages else error.kind
    return Outcome(row.key, row.action, "delayed" if later else "rejected", row.gid, store_words(error), code)
