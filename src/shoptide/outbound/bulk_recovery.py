"""What became of rows that left in files of bulk mutations when the process that sent them is gone.

The journal has each row's file and line. The operation is known to the ledger, or found among the store's by the
file's token in its text; its result file then says what was done, line by line. Only what the file doesn't say is
looked up. An operation that the store doesn't have was never started: its rows are free to be sent. Where the store has
had so many others since that it can't be told, each row is looked up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from shoptide.errors import BulkFailed, NotFound, RateLimited
from shoptide.ledger import Ledger, RecordState, Sending
from shoptide.outbound.bulk_files import lines_of, mutation_of
from shoptide.outbound.bulk_sending import fetched, gid_of
from shoptide.outbound.replay import Answer
from shoptide.outbound.resolution import Found, taken_over
from shoptide.outbound.session import Refused, Session
from shoptide.shopify import bulk
from shoptide.shopify.bulk import BulkOperation

log = logging.getLogger(__name__)

RECENT = 100  # operations of the store that are looked through for a token


def resolve_files(
    session: Session, ledger: Ledger, run_id: str, entries: Iterable[Sending], spool: Path, stop: Callable[[], bool]
) -> tuple[dict[str, str], list[Sending]]:
    """Settle what result files tell: key → applied or not_applied, and the entries that are left to be looked up.

    Waits for operations that still run; raises Interrupted when `stop` says so.
    """
    outcomes: dict[str, str] = {}
    left: list[Sending] = []
    by_token: dict[str, list[Sending]] = {}
    for entry in entries:
        if entry.operation is None:
            left.append(entry)
        else:
            by_token.setdefault(entry.operation, []).append(entry)
    for token, rows in by_token.items():
        operation, certain = _operation(session, ledger, token)
        if operation is None and certain:
            ledger.withdraw(session.push.name, [entry.key for entry in rows])
            outcomes |= {entry.key: "not_applied" for entry in rows}
            continue
        if operation is None:
            left += rows
            continue
        found = _told(session, operation, token, rows, spool, stop, run_id)
        ledger.withdraw(session.push.name, found.undone)
        ledger.settle(found.applied)
        outcomes |= dict.fromkeys(found.undone, "not_applied")
        outcomes |= {each.key: "applied" if each.outcome == "applied" else "not_applied" for each in found.applied}
        left += found.open
        ledger.close_operation(operation.id, "settled")
    return outcomes, left


@dataclass
class _Found:
    """What a result file says of its rows: done, certainly not done, and those that it leaves open."""

    applied: list[RecordState] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    open: list[Sending] = field(default_factory=list)


def _told(
    session: Session,
    operation: BulkOperation,
    token: str,
    rows: list[Sending],
    spool: Path,
    stop: Callable[[], bool],
    run_id: str,
) -> _Found:
    done = _ended(session, operation, stop)
    name = mutation_of(done.query, token)
    known = fetched(session, name, done, spool, lines_of(token)) if name else {}
    found = _Found()
    for entry in rows:
        answer = known.get(entry.line if entry.line is not None else -1)
        if not name or not isinstance(answer, dict):
            found.open.append(entry)
        elif (state := _state(session, name, entry, answer, run_id)) is not None:
            found.applied.append(state)
        else:
            found.undone.append(entry.key)
    return found


def _operation(session: Session, ledger: Ledger, token: str) -> tuple[BulkOperation | None, bool]:
    """The operation of a file: as the ledger noted it, else by the token in its text; and whether that is certain."""
    for known in ledger.open_operations(session.client.domain, session.push.name, token):
        try:
            return bulk.read(session.client, known.gid), True
        except NotFound:
            continue
    found = bulk.recent(session.client, first=RECENT)
    own = next((each for each in found if each.type == "MUTATION" and f" {token}(" in each.query), None)
    return own, own is not None or len(found) < RECENT


def _ended(session: Session, operation: BulkOperation, stop: Callable[[], bool]) -> BulkOperation:
    try:
        return bulk.wait(session.client, operation.id, stop=stop)
    except BulkFailed:
        return bulk.read(session.client, operation.id)


def _state(session: Session, name: str, entry: Sending, answer: Answer, run_id: str) -> RecordState | None:
    """The state of a row whose line was answered; None where it is to be sent again."""
    try:
        with session.listening() as told:
            payload = session.judged(name, answer if isinstance(answer, dict) else None)
    except (Refused, RateLimited):
        return None  # nothing was done: its refusal is told when it is sent again, as that of any row
    gid = entry.gid or gid_of(payload)
    if entry.action == "update" or gid is None:
        return None  # what follows the first step may be missing, and sending it all again does no harm
    later = any((entry.sent or {}).get(name) for name in session.target.later)
    return replace(
        taken_over(entry, run_id, Found(gid, whole=entry.action == "delete" or not later)), written=tuple(told)
    )
