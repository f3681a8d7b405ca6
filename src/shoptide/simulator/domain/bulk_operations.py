"""Bulk operations: started by a mutation, worked off in a thread, read and cancelled by their id (FACTS 50 to 53)."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql import parse

from shoptide.simulator import bulk_lines, bulk_rules
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    field,
    instant,
    mutation,
    numeric_id,
    opening,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.schema import executable
from shoptide.simulator.search import Term, instant_bounds, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record, Shop

log = logging.getLogger(__name__)

KIND = "BulkOperation"
SLOTS = 5
OPEN = ("CREATED", "RUNNING", "CANCELING")
DONE = ("COMPLETED", "FAILED", "CANCELED", "EXPIRED")
LARGEST_FILE = 100 * 1024 * 1024
KEPT = timedelta(days=7)
SECONDS = 0.6  # how long even the smallest operation takes; `shop.settings["bulk_seconds"]` says otherwise
SLICE = 200  # lines written before the shop's lock is let go

NO_FILE = (
    "The JSONL file could not be found. Try uploading the file again, and check that you've entered the URL "
    "correctly for the stagedUploadPath mutation argument."
)


@opening
def found(shop: Shop) -> None:
    shop.table(KIND).add_index("open", lambda record: record["type"] if record["status"] in OPEN else None)


@mutation("bulkOperationRunQuery")
def run_query(args: Args, ctx: Context) -> Record:
    errors = bulk_rules.query_errors(executable(ctx.version), args["query"]) or _busy(ctx.shop, "QUERY")
    if errors:
        return {"bulkOperation": None, "userErrors": errors}
    operation = _create(ctx.shop, "QUERY", args["query"], grouped=bool(args.get("groupObjects")))
    _start(operation, ctx, None)
    return {"bulkOperation": dict(operation), "userErrors": []}


@mutation("bulkOperationRunMutation")
def run_mutation(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    errors = bulk_rules.mutation_errors(executable(ctx.version), args["mutation"]) or _identifier_errors(args)
    path = shop.vault.path(args["stagedUploadPath"])
    errors = errors or _file_errors(path) or _busy(shop, "MUTATION")
    if errors or path is None:
        return {"bulkOperation": None, "userErrors": errors}
    operation = _create(shop, "MUTATION", args["mutation"], grouped=False)
    _start(operation, ctx, path)
    return {"bulkOperation": dict(operation), "userErrors": []}


def _identifier_errors(args: Args) -> list[Record]:
    given = args.get("clientIdentifier")
    if given is None or 10 <= len(given) <= 255:
        return []
    words = "is too short (minimum is 10 characters)" if len(given) < 10 else "is too long (maximum is 255 characters)"
    return [user_error(["clientIdentifier"], words, "INVALID_MUTATION")]


def _file_errors(path: Path | None) -> list[Record]:
    if path is None:
        return [user_error(None, NO_FILE, "NO_SUCH_FILE")]
    size = path.stat().st_size
    if size == 0:
        return [user_error(None, "The input file is empty.", "INVALID_STAGED_UPLOAD_FILE")]
    if size > LARGEST_FILE:
        message = "The input file size exceeds the maximum allowed size of 100 MB."
        return [user_error(None, message, "INVALID_STAGED_UPLOAD_FILE")]
    return []


def _busy(shop: Shop, kind: str) -> list[Record]:
    """The refusal when every slot of that type is taken."""
    taken = [record["id"] for record in shop.table(KIND).by("open", kind)]
    if len(taken) < shop.settings.get("bulk_slots", SLOTS):
        return []
    words = f"A bulk {kind.lower()} operation for this app and shop is already in progress: {', '.join(taken)}."
    return [user_error(None, words, "OPERATION_IN_PROGRESS")]


def _create(shop: Shop, kind: str, text: str, *, grouped: bool) -> Record:
    return shop.table(KIND).put(
        {
            "id": shop.new_id(KIND),
            "status": "CREATED",
            "type": kind,
            "errorCode": None,
            "createdAt": shop.stamp(),
            "completedAt": None,
            "objectCount": "0",
            "rootObjectCount": "0",
            "fileSize": None,
            "url": None,
            "partialDataUrl": None,
            "query": text,
            "_grouped": grouped,
        }
    )


def _start(operation: Record, ctx: Context, variables: Path | None) -> None:
    worker = Worker(operation, ctx, variables)
    threading.Thread(target=worker.run, name=f"bulk {operation['id']}", daemon=True).start()


class Worker:
    """Works one operation off: waits, writes its lines in slices under the shop's lock, ends it."""

    def __init__(self, operation: Record, ctx: Context, variables: Path | None) -> None:
        self.operation = operation
        self.shop = ctx.shop
        self.ctx = ctx
        self.variables = variables
        self.name = operation["id"].rsplit("/", 1)[-1]
        self.fault = ctx.shop.faults.strike("bulk", [operation["type"].lower(), *_roots(operation["query"])])

    def run(self) -> None:
        seconds = float(self.shop.settings.get("bulk_seconds", SECONDS))
        time.sleep(seconds / 2)
        if not self._step("RUNNING"):
            return
        time.sleep(seconds / 2)
        if self.fault and self.fault.action == "stuck":
            self._wait_for_cancel()
            return
        try:
            self._write()
        except bulk_lines.BulkRefused as refusal:
            self._fail(refusal.code)
        except Exception:  # whatever breaks in a resolver is the operation's INTERNAL_SERVER_ERROR
            log.exception("bulk.failed")
            self._fail("INTERNAL_SERVER_ERROR")

    def _step(self, status: str) -> bool:
        """Move on, unless the operation was cancelled meanwhile."""
        with self.shop.lock:
            if self.operation["status"] == "CANCELING":
                self._end("CANCELED")
                return False
            self._set(status=status)
            return True

    def _set(self, **values: Any) -> None:
        self.operation.update(values)
        self.shop.table(KIND).put(self.operation)

    def _wait_for_cancel(self) -> None:
        while self.operation["status"] != "CANCELING":
            time.sleep(0.05)
        with self.shop.lock:
            self._end("CANCELED")

    def _write(self) -> None:
        prepared = self.shop.settings.get("bulk_files", {})
        own = next((prepared[name] for name in _roots(self.operation["query"]) if name in prepared), None)
        if own is not None and self.operation["type"] == "QUERY":
            self._serve(Path(own))
            return
        target = self.shop.vault.new_path(f"results/{self.name}")
        lines, counts = self._lines(), [0, 0]
        with target.open("wb") as out:
            while self._slice(lines, counts, out):
                if self.operation["status"] == "CANCELING":
                    with self.shop.lock:
                        self._end("CANCELED")
                    return
        if self.fault and self.fault.action == "fail":
            raise bulk_lines.BulkRefused(self.fault.rule.get("code", "INTERNAL_SERVER_ERROR"))
        self._complete(target)

    def _slice(self, lines: Iterator[tuple[bytes, bool]], counts: list[int], out: Any) -> bool:
        """Write some lines; False when there were no more."""
        with self.shop.lock:
            for _ in range(SLICE):
                found = next(lines, None)
                if found is None:
                    return False
                out.write(found[0])
                counts[0] += 1
                counts[1] += found[1]
                self.operation["objectCount"], self.operation["rootObjectCount"] = map(str, counts)
            return True

    def _lines(self) -> Iterator[tuple[bytes, bool]]:
        text = self.operation["query"]
        if self.variables is not None:
            rows = [row for row in self.variables.read_bytes().splitlines() if row.strip()]
            return bulk_lines.mutation_writer(text, rows, self._fresh)
        return bulk_lines.query_writer(text, self._fresh(), grouped=self.operation["_grouped"])

    def _fresh(self) -> Context:
        return replace(self.ctx, bulk=self.variables is None, path=[], errors=[], searches=[], idempotency_key=None)

    def _serve(self, path: Path) -> None:
        """Answer with a prepared file."""
        lines = roots = 0
        with path.open("rb") as rows:
            for row in rows:
                lines += 1
                roots += b'"__parentId"' not in row
        self.operation["objectCount"], self.operation["rootObjectCount"] = str(lines), str(roots)
        self.shop.vault.link(f"results/{self.name}", path)
        self._complete(path)

    def _complete(self, target: Path) -> None:
        size = target.stat().st_size
        with self.shop.lock:
            self._wrong_counts()
            url = self._url() if size else None
            self._end("COMPLETED", url=url, fileSize=str(size) if size else None)

    def _wrong_counts(self) -> None:
        if self.fault and self.fault.action == "wrong_counts":
            self.operation["objectCount"] = str(int(self.operation["objectCount"]) + 1)

    def _fail(self, code: str) -> None:
        target = self.shop.vault.path(f"results/{self.name}")
        with self.shop.lock:
            partial = self._url() if target is not None and target.stat().st_size else None
            self._end("FAILED", errorCode=code, partialDataUrl=partial)

    def _end(self, status: str, **values: Any) -> None:
        completed = None if status == "CANCELED" else self.shop.stamp()
        self._set(status=status, completedAt=completed, **values)
        self.shop.emit("bulk_operations/finish", self.operation)

    def _url(self) -> str:
        name = self.shop.domain.split(".")[0]
        until = int((self.shop.clock.now() + KEPT).timestamp())
        return f"{self.ctx.url}/_files/{name}/results/{self.name}?Expires={until}&Signature={self.name}"


def _roots(text: str) -> list[str]:
    """The root fields of a text that parses."""
    return [
        node.name.value
        for definition in parse(text).definitions
        for node in definition.selection_set.selections  # type: ignore[attr-defined]
        if hasattr(node, "name")
    ]


@mutation("bulkOperationCancel")
def cancel(args: Args, ctx: Context) -> Record:
    operation = ctx.shop.table(KIND).get(args["id"])
    if operation is None:
        return {"bulkOperation": None, "userErrors": [user_error(["id"], "Bulk operation does not exist")]}
    if operation["status"] in DONE:
        message = f"A bulk operation cannot be canceled when it is {operation['status'].lower()}"
        return {"bulkOperation": operation, "userErrors": [user_error(None, message)]}
    operation["status"] = "CANCELING"
    return {"bulkOperation": ctx.shop.table(KIND).put(operation), "userErrors": []}


@root("currentBulkOperation")
def current(args: Args, ctx: Context) -> Record | None:
    """The newest operation of the type, finished or not."""
    return next((row for row in reversed(ctx.shop.table(KIND).all()) if row["type"] == args["type"]), None)


@root("bulkOperations")
def operations(args: Args, ctx: Context) -> Listing:
    for term in tokens(args.get("query") or ""):
        if isinstance(term, Term) and term.name == "created_at" and instant_bounds(term, ctx.shop) is None:
            raise TopLevelError("BAD_REQUEST", "Invalid timestamp for query filter `created_at`.")
    return Listing(kind=KIND, records=ctx.shop.table(KIND), root="bulkOperations")


search(
    KIND,
    {
        "status": token(lambda record, _shop: record["status"], [name.lower() for name in (*OPEN, *DONE)]),
        "operation_type": token(lambda record, _shop: record["type"], ["query", "mutation"]),
        "created_at": instant(lambda record, _shop: record["createdAt"]),
        "id": numeric_id(lambda record, _shop: record["id"]),
    },
)


sort(
    "bulkOperations",
    {
        "CREATED_AT": lambda record, _shop: record["createdAt"],
        "COMPLETED_AT": lambda record, _shop: record["completedAt"],
    },
    default="CREATED_AT",
    newest_first=True,
)


def _expired(record: Record, ctx: Context) -> bool:
    done = record.get("completedAt")
    return done is not None and ctx.now - datetime.fromisoformat(done) > KEPT


@field(KIND, "status")
def status(record: Record, _args: Args, ctx: Context) -> str:
    return "EXPIRED" if record["status"] == "COMPLETED" and _expired(record, ctx) else str(record["status"])


@field(KIND, "url")
def url(record: Record, _args: Args, ctx: Context) -> str | None:
    return None if _expired(record, ctx) else record["url"]


@field(KIND, "partialDataUrl")
def partial_data_url(record: Record, _args: Args, ctx: Context) -> str | None:
    return None if _expired(record, ctx) else record["partialDataUrl"]
