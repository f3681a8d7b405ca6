"""Bulk operations: started, adopted, watched, cancelled, and their results brought to disk with proof.

Shopify runs a query (or a mutation per line of a file) on its own time and leaves a JSONL file. An operation belongs to
app and shop, not to a process: whoever knows its id can go on where another stopped. FACTS §4 lists the traps.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from shoptide.errors import (
    ApiError,
    ApiMessage,
    BulkBusy,
    BulkFailed,
    ConnectionLost,
    Interrupted,
    InvalidDocument,
    NotFound,
    ProofFailed,
    ServerFault,
    Unreachable,
)
from shoptide.shopify.backoff import Backoff, pause
from shoptide.shopify.pages import nodes
from shoptide.shopify.results import Download, fetch, measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from shoptide.shopify.client import AdminClient

log = logging.getLogger(__name__)

# STALLED is ours: cancelled because it stood still, whatever it says meanwhile.
TERMINAL = frozenset({"COMPLETED", "FAILED", "CANCELED", "EXPIRED", "STALLED"})
ACTIVE = ("CREATED", "RUNNING", "CANCELING")

_FIELDS = "id status errorCode type createdAt completedAt objectCount rootObjectCount fileSize url partialDataUrl query"
RUN_QUERY = f"""mutation BulkRunQuery($query: String!) {{
  bulkOperationRunQuery(query: $query, groupObjects: false) {{
    bulkOperation {{ {_FIELDS} }}
    userErrors {{ field message code }}
  }}
}}"""
RUN_MUTATION = f"""mutation BulkRunMutation($mutation: String!, $path: String!, $client: String) {{
  bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path, clientIdentifier: $client) {{
    bulkOperation {{ {_FIELDS} }}
    userErrors {{ field message code }}
  }}
}}"""
READ = f"query BulkRead($id: ID!) {{ bulkOperation(id: $id) {{ {_FIELDS} }} }}"
RECENT = f"""query BulkRecent($first: Int!, $query: String) {{
  bulkOperations(first: $first, query: $query, sortKey: CREATED_AT, reverse: true) {{
    nodes {{ {_FIELDS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
CANCEL = f"""mutation BulkCancel($id: ID!) {{
  bulkOperationCancel(id: $id) {{ bulkOperation {{ {_FIELDS} }} userErrors {{ field message }} }}
}}"""

# A tiny job is done in a second or two: the first looks come quickly, then 2 s growing to 30 s (FACTS §4).
QUICK_LOOKS = (0.2, 0.4, 0.7, 1.0)
POLLING = Backoff(first=2.0, factor=1.5, cap=30.0, jitter=0.1)
SLOT_POLLING = Backoff(first=1.0, factor=2.0, cap=30.0, jitter=0.3)
# An operation runs on while Shopify or the network is out; this many looks in vain are borne, some ten minutes.
UNSEEN_LOOKS = 10
STOP_GLANCE = 0.5


def slots(version: str) -> int:
    """How many operations of a kind run at once per app and shop: five since 2026-01, one before (FACTS 50)."""
    return 5 if version >= "2026-01" else 1


@dataclass(frozen=True)
class BulkOperation:
    """One operation as last read. Counts are 0 and `file_size` None until known; the URLs are keys to the data."""

    id: str
    status: str
    error_code: str | None
    created_at: datetime
    completed_at: datetime | None
    object_count: int
    root_object_count: int
    file_size: int | None
    url: str | None = field(repr=False)
    partial_data_url: str | None = field(repr=False)
    query: str = field(repr=False)
    type: str = "QUERY"

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    @classmethod
    def of(cls, raw: dict[str, Any]) -> BulkOperation:
        created = _instant(raw["createdAt"])
        if created is None:
            raise ValueError("a bulk operation without createdAt")
        return cls(
            id=raw["id"],
            status=raw["status"].upper(),
            error_code=raw.get("errorCode"),
            created_at=created,
            completed_at=_instant(raw.get("completedAt")),
            object_count=int(raw.get("objectCount") or 0),
            root_object_count=int(raw.get("rootObjectCount") or 0),
            file_size=int(raw["fileSize"]) if raw.get("fileSize") is not None else None,
            url=raw.get("url"),
            partial_data_url=raw.get("partialDataUrl"),
            query=raw.get("query") or "",
            type=raw.get("type") or "QUERY",
        )


def start_query(
    client: AdminClient,
    document: str,
    *,
    patience: float = 600.0,
    stop: Callable[[], bool] | None = None,
) -> BulkOperation:
    """Start a bulk query, waiting up to `patience` seconds for a free slot.

    Raises BulkBusy when none came free, InvalidDocument when Shopify refuses the query, Interrupted when `stop` says
    so.
    When the answer to the start is lost, the operation is looked for before another one is started.
    """
    started = client.clock.now()

    def adopt() -> BulkOperation | None:
        return _started_since(client, started, lambda each: each.type == "QUERY" and each.query == document)

    return _start(_Start(client, RUN_QUERY, {"query": document}, adopt), patience, stop)


def start_mutation(
    client: AdminClient,
    mutation: str,
    staged_upload_path: str,
    *,
    client_identifier: str | None = None,
    patience: float = 600.0,
    stop: Callable[[], bool] | None = None,
    only_ours: bool = False,
) -> BulkOperation:
    """Run a mutation once per line of an uploaded file; waits for a slot as `start_query` does.

    A start whose answer was lost raises: its lines may be running, and only the caller's records can tell which. When
    the mutation's text is `only_ours` (its operation has a name of its own), the operation is looked for by it.
    """
    started = client.clock.now()

    def adopt() -> BulkOperation | None:
        return _started_since(client, started, lambda each: each.type == "MUTATION" and each.query == mutation)

    variables: dict[str, object] = {"mutation": mutation, "path": staged_upload_path}
    if client_identifier is not None:
        variables["client"] = client_identifier
    return _start(_Start(client, RUN_MUTATION, variables, adopt if only_ours else None), patience, stop)


def read(client: AdminClient, gid: str) -> BulkOperation:
    """Read an operation by its id, from whichever process it was started; raises NotFound when the store has none."""
    raw = client.execute(READ, {"id": gid}).data.get("bulkOperation")
    if raw is None:
        raise NotFound(f"{client.domain}: there is no bulk operation {gid}", hint="start it again")
    return BulkOperation.of(raw)


def recent(client: AdminClient, *, first: int = 25, search: str | None = None) -> list[BulkOperation]:
    """The operations of this app, newest first, finished ones included."""
    data = client.execute(RECENT, {"first": first, "query": search}).data
    return [BulkOperation.of(raw) for raw in nodes(data["bulkOperations"])]


def running(client: AdminClient, *, kind: str = "QUERY") -> list[BulkOperation]:
    """The operations of a kind (QUERY, MUTATION) that hold a slot now."""
    return [each for each in recent(client, first=50) if not each.is_terminal and each.type == kind]


def await_room(
    client: AdminClient, most: int, *, kind: str, patience: float, stop: Callable[[], bool] | None = None
) -> None:
    """Wait until fewer than `most` operations of a kind hold a slot. Raises BulkBusy, Interrupted when `stop` says."""
    deadline = client.clock.monotonic() + patience
    for delay in SLOT_POLLING.delays(client.chance):
        taken = running(client, kind=kind)
        if len(taken) < most:
            return
        told = ", ".join(each.id for each in taken)
        if client.clock.monotonic() + delay > deadline:
            raise BulkBusy(
                f"{client.domain}: no slot is free for another bulk operation: {told} are running",
                hint="wait for them to end, cancel one, or set free_bulk_slots lower",
            )
        log.info("bulk.slots_taken", extra={"shop": client.domain, "operations": told, "after": delay})
        rest(client, delay, stop)


def cancel(client: AdminClient, gid: str) -> BulkOperation:
    """Ask to stop an operation; it may take minutes, and may have ended before. Returns it as it is now."""
    payload = client.execute(CANCEL, {"id": gid}).data["bulkOperationCancel"]
    if payload.get("bulkOperation") is not None:
        return BulkOperation.of(payload["bulkOperation"])
    return read(client, gid)


def wait(
    client: AdminClient,
    gid: str,
    *,
    on_progress: Callable[[BulkOperation], None] | None = None,
    stalled_after: float | None = None,
    stop: Callable[[], bool] | None = None,
) -> BulkOperation:
    """Watch an operation until it is COMPLETED. Raises BulkFailed for any other end, Interrupted when `stop` says so.

    One whose status and objectCount have stood still for `stalled_after` seconds is cancelled, and raises BulkFailed
    with the status STALLED. The operation itself goes on when this is interrupted: `wait` for the same id takes it up
    again.
    """
    unseen = 0
    progress = _Progress(client.clock.monotonic())
    for delay in _looks(client):
        try:
            operation, unseen = read(client, gid), 0
        except (ServerFault, ConnectionLost, Unreachable) as hidden:
            unseen += 1
            if unseen >= UNSEEN_LOOKS:
                raise
            log.warning("bulk.unseen", extra={"shop": client.domain, "operation": gid, "reason": hidden.kind})
        else:
            log.info("bulk.polled", extra=_fields_of(client, operation))
            if on_progress is not None:
                on_progress(operation)
            if not operation.is_terminal and progress.stood_still(operation, client.clock.monotonic(), stalled_after):
                operation = _given_up(client, operation)
            if operation.is_terminal:
                return _completed(client, operation)
        rest(client, delay, stop, lambda: FINISHED.heard(gid))
    raise AssertionError("the delays never end by themselves")


class Finished:
    """Operations that somebody was told have ended: a hint to look now, nothing more. Threads share it."""

    MOST = 1_000

    def __init__(self) -> None:
        self._told: dict[str, None] = {}
        self._lock = threading.Lock()

    def tell(self, gid: str) -> None:
        with self._lock:
            self._told[gid] = None
            if len(self._told) > self.MOST:
                del self._told[next(iter(self._told))]

    def heard(self, gid: str) -> bool:
        """Whether its end was told since this was asked last."""
        with self._lock:
            return self._told.pop(gid, 0) is None


FINISHED = Finished()  # of this process: whoever takes webhooks tells, whoever waits for an operation listens


@dataclass
class _Progress:
    """When an operation was last seen to move."""

    since: float
    seen: tuple[str, int] = ("", 0)

    def stood_still(self, operation: BulkOperation, now: float, longest: float | None) -> bool:
        seen = (operation.status, operation.object_count)
        if seen != self.seen:
            self.seen, self.since = seen, now
        return longest is not None and now - self.since >= longest


def _given_up(client: AdminClient, operation: BulkOperation) -> BulkOperation:
    """Cancel an operation that stands still; it may have ended at this very moment."""
    log.warning("bulk.stalled", extra=_fields_of(client, operation))
    found = cancel(client, operation.id)
    return found if found.status == "COMPLETED" else replace(operation, status="STALLED")


def download(
    client: AdminClient, operation: BulkOperation, target: Path, *, stop: Callable[[], bool] | None = None
) -> Download:
    """Fetch a completed operation's result to `target` and prove it against fileSize and objectCount.

    A `target` that proves itself already is taken as it is: it must be named so that it can only be this result's.

    An operation that matched nothing has no URL: `target` becomes an empty file. A part that an earlier try left is
    continued. Raises ProofFailed, with nothing under `target`, when what arrived is not what the store counted.
    """
    part = _part(operation, target)
    if target.exists() and _unproved(operation, *(held := measure(target))) is None:
        return Download(target, *held)
    if operation.url is None:
        part.write_bytes(b"")
    else:
        renew = lambda: read(client, operation.id).url  # noqa: E731
        fetch(client, operation.url, part, size=operation.file_size, renew=renew, stop=stop)
    size, lines = measure(part)
    if (wrong := _unproved(operation, size, lines)) is not None:
        part.unlink()  # what is wrong in it would stay wrong however often it is continued
        raise ProofFailed(f"{client.domain}: bulk operation {operation.id}: {wrong}", hint=_AGAIN)
    part.replace(target)
    log.info("bulk.downloaded", extra={**_fields_of(client, operation), "bytes": size, "lines": lines})
    return Download(target, size, lines)


def download_partial(client: AdminClient, operation: BulkOperation, target: Path) -> Download:
    """Fetch what a failed operation left. There are no counts to prove it by: no cursor may move on it."""
    part = _part(operation, target)
    if operation.partial_data_url is None:
        part.write_bytes(b"")
    else:
        renew = lambda: read(client, operation.id).partial_data_url  # noqa: E731
        fetch(client, operation.partial_data_url, part, size=None, renew=renew)
    size, lines = measure(part)
    part.replace(target)
    return Download(target, size, lines)


_AGAIN = "nothing was taken over and no cursor moved; run it again"


def _part(operation: BulkOperation, target: Path) -> Path:
    """Where the file grows: named by the operation, so that a part is never continued with another one's bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.with_name(f"{target.name}.{operation.id.rsplit('/', 1)[-1]}.part")


def _unproved(operation: BulkOperation, size: int, lines: int) -> str | None:
    """What is wrong with a file of this size, if anything."""
    if operation.file_size is not None and size != operation.file_size:
        return f"{size} bytes arrived, and Shopify counted {operation.file_size}"
    if lines != operation.object_count:
        return f"{lines} lines arrived, and Shopify counted {operation.object_count} objects"
    return None


def _looks(client: AdminClient) -> Iterator[float]:
    yield from QUICK_LOOKS
    yield from POLLING.delays(client.chance)


def _completed(client: AdminClient, operation: BulkOperation) -> BulkOperation:
    if operation.status == "COMPLETED":
        return operation
    reason = f", {operation.error_code}" if operation.error_code else ""
    raise BulkFailed(
        f"{client.domain}: bulk operation {operation.id} ended as {operation.status}{reason} "
        f"after {operation.object_count} objects",
        hint=_HINTS.get(operation.error_code or operation.status, "start it again"),
        operation=operation.id,
        operation_status=operation.status,
        error_code=operation.error_code,
        partial_data_url=operation.partial_data_url,
    )


_HINTS = {
    "ACCESS_DENIED": "a field of the query needs a scope that the token lacks: run `shoptide check`",
    "TIMEOUT": "it was too much for one operation: ask for a shorter window",
    "INTERNAL_SERVER_ERROR": "Shopify failed inside; start it again",
    "CANCELED": "it was cancelled here, by another process of the same app, or by Shopify as stalled; start it again",
    "STALLED": "it stood still for too long and was cancelled here; start it again",
    "EXPIRED": "its result was kept for seven days and is gone; start it again",
}


def _start(start: _Start, patience: float, stop: Callable[[], bool] | None) -> BulkOperation:
    client = start.client
    deadline = client.clock.monotonic() + patience
    for delay in SLOT_POLLING.delays(client.chance):
        try:
            return start.once()
        except (BulkBusy, ServerFault, ConnectionLost) as refused:
            if client.clock.monotonic() + delay > deadline or not start.may_repeat(refused):
                raise
            log.info("bulk.start_waits", extra={"shop": client.domain, "reason": refused.kind, "after": delay})
            lost = not isinstance(refused, BulkBusy)
        rest(client, delay, stop)
        if lost and start.adopt is not None and (found := start.adopt()) is not None:
            return found  # it was on its way when we looked the first time
    raise AssertionError("the delays never end by themselves")


@dataclass(frozen=True)
class _Start:
    """The request that starts an operation, and how to find the operation when the answer is lost."""

    client: AdminClient
    document: str
    variables: dict[str, object]
    adopt: Callable[[], BulkOperation | None] | None = None

    def once(self) -> BulkOperation:
        try:
            payload = _only(self.client.execute(self.document, self.variables).data)
        except (ServerFault, ConnectionLost):
            found = self.adopt() if self.adopt is not None else None
            if found is None:
                raise
            log.info("bulk.adopted", extra=_fields_of(self.client, found))
            return found
        if payload.get("bulkOperation") is None or payload.get("userErrors"):
            raise _refused(self.client, payload)
        operation = BulkOperation.of(payload["bulkOperation"])
        log.info("bulk.started", extra=_fields_of(self.client, operation))
        return operation

    def may_repeat(self, refused: ApiError) -> bool:
        """A lost start may be repeated only after looking that it left nothing."""
        return isinstance(refused, BulkBusy) or self.adopt is not None


def _only(data: dict[str, Any]) -> dict[str, Any]:
    payload = next(iter(data.values()), None)
    return payload if isinstance(payload, dict) else {}


def _refused(client: AdminClient, payload: dict[str, Any]) -> ApiError:
    errors = payload.get("userErrors") or [{"message": "Shopify started no operation and gave no reason"}]
    messages = tuple(ApiMessage(each["message"], each.get("code"), tuple(each.get("field") or ())) for each in errors)
    told = "; ".join(each.message for each in messages)
    if any(each.code in ("OPERATION_IN_PROGRESS", "LIMIT_REACHED") for each in messages):
        return BulkBusy(
            f"{client.domain}: no slot is free for another bulk operation: {told}",
            hint="wait for the others to end, or cancel one",
            messages=messages,
        )
    return InvalidDocument(f"{client.domain}: Shopify refuses the bulk operation: {told}", messages=messages)


def _started_since(
    client: AdminClient, since: datetime, matches: Callable[[BulkOperation], bool]
) -> BulkOperation | None:
    """An operation that our lost request may have started; the store's clock may be behind ours and drops fractions."""
    earliest = since - timedelta(seconds=5)
    return next((each for each in recent(client) if each.created_at >= earliest and matches(each)), None)


def rest(
    client: AdminClient, seconds: float, stop: Callable[[], bool] | None, early: Callable[[], bool] | None = None
) -> None:
    """Sleep, or until `early`, looking now and then whether to stop: then it raises Interrupted."""
    left = seconds
    while left > 0 and not (early is not None and early()):
        if stop is not None and stop():
            raise Interrupted("Stopped while waiting for a bulk operation", hint="run the same command again to go on")
        nap = left if stop is None and early is None else min(left, STOP_GLANCE)
        pause(client.clock, nap)
        left -= nap


def _instant(text: str | None) -> datetime | None:
    # Python 3.10 does not read the Z that Shopify writes.
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None  # noqa: FURB162


def _fields_of(client: AdminClient, operation: BulkOperation) -> dict[str, object]:
    return {
        "shop": client.domain,
        "operation": operation.id,
        "status": operation.status,
        "objects": operation.object_count,
    }
