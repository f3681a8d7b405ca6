"""Works bulk operations off, each in a thread: its lines in slices under the shop's lock, and how it ends.

The faults that strike a whole operation (`on: bulk`) or a line of its file (`on: line`) are carried out here.
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from graphql import StringValueNode, parse

from shoptide.simulator import bulk_lines
from shoptide.simulator.prepared import PreparedFile, prepared

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record

log = logging.getLogger(__name__)

KIND = "BulkOperation"
KEPT = timedelta(days=7)
LONGEST = {"QUERY": timedelta(days=10), "MUTATION": timedelta(hours=24)}
SECONDS = 0.6  # how long even the smallest operation takes; `shop.settings["bulk_seconds"]` says otherwise
SLICE = 200  # lines written before the shop's lock is let go


def start(operation: Record, ctx: Context, variables: Path | None) -> None:
    worker = Worker(operation, ctx, variables)
    threading.Thread(target=worker.run, name=f"bulk {operation['id']}", daemon=True).start()


class Cancelled(Exception):  # noqa: N818  # asked for
    """The operation was cancelled while it ran."""


class Worker:
    """Works one operation off: waits, writes its lines in slices under the shop's lock, ends it."""

    def __init__(self, operation: Record, ctx: Context, variables: Path | None) -> None:
        self.operation = operation
        self.shop = ctx.shop
        self.ctx = ctx
        self.variables = variables
        self.name = operation["id"].rsplit("/", 1)[-1]
        self.roots = root_fields(operation["query"])
        self.fault = ctx.shop.faults.strike("bulk", [operation["type"].lower(), *self.roots])

    def run(self) -> None:
        try:
            self._wait()
            self._write()
        except Cancelled:
            with self.shop.lock:
                self._end("CANCELED", url=self._result())
        except bulk_lines.BulkRefused as refusal:
            self._fail(refusal.code)
        except Exception:  # whatever breaks in a resolver is the operation's INTERNAL_SERVER_ERROR
            log.exception("bulk.failed")
            self._fail("INTERNAL_SERVER_ERROR")

    def struck(self, action: str) -> bool:
        return self.fault is not None and self.fault.action == action

    def rule(self, key: str, default: Any) -> Any:
        return self.fault.rule.get(key, default) if self.fault else default

    # before the first line

    def _wait(self) -> None:
        seconds = float(self.shop.settings.get("bulk_seconds", SECONDS))
        time.sleep(seconds / 2)
        with self.shop.lock:
            self._look()
            self._set(status="RUNNING")
        time.sleep(seconds / 2)
        if self.struck("slow"):
            self._idle(time.monotonic() + self.rule("seconds", 30))
        if self.struck("stuck"):
            self._idle(None)
        if self.struck("cancel"):
            raise Cancelled  # Shopify gives up operations that stall
        self._look()

    def _look(self) -> None:
        if self.operation["status"] == "CANCELING":
            raise Cancelled

    def _idle(self, until: float | None) -> None:
        """Do nothing, for ever if need be: until it is cancelled, or the shop's clock says it took too long."""
        latest = datetime.fromisoformat(self.operation["createdAt"]) + LONGEST[self.operation["type"]]
        while until is None or time.monotonic() < until:
            self._look()
            if self.shop.clock.now() > latest:
                raise bulk_lines.BulkRefused("TIMEOUT")
            time.sleep(0.02)

    # the lines

    def _write(self) -> None:
        file = None if self.variables else next(filter(None, (prepared(self.shop, root) for root in self.roots)), None)
        if file is not None:
            self._serve(file)
            return
        target = self.shop.vault.new_path(f"results/{self.name}")
        counts = [0, 0]
        lines = self._until_failure(self._lines())
        with target.open("wb") as out:
            while self._slice(lines, counts, out):
                self._look()
        if self.struck("fail"):
            if self.variables is None and self.rule("lines", None) is None:
                self._keep(target, counts[0] // 2)
            raise bulk_lines.BulkRefused(self.rule("code", "INTERNAL_SERVER_ERROR"))
        if self.struck("lose_lines"):
            keep_lines(target, counts[0] - self.rule("lines", 1))
        self._complete(target.stat().st_size)

    def _keep(self, target: Path, count: int) -> None:
        """A query that breaks off half way: its counters tell of what was written."""
        kept = keep_lines(target, count)
        self.operation["objectCount"] = str(len(kept))
        self.operation["rootObjectCount"] = str(sum(b'"__parentId"' not in line for line in kept))

    def _until_failure(self, lines: Iterator[tuple[bytes, bool]]) -> Iterator[tuple[bytes, bool]]:
        """The lines that come before the operation breaks off: what it would have done after them is not done."""
        if not self.struck("fail"):
            return lines
        if self.rule("lines", None) is not None:
            return itertools.islice(lines, self.rule("lines", None))
        return lines if self.variables is None else itertools.islice(lines, len(self._variables(self.variables)) // 2)

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
        if self.variables is None:
            return bulk_lines.query_writer(text, self._fresh(), grouped=self.operation["_grouped"])
        strike = self.shop.faults.strike
        names = self.roots

        def fault() -> str | None:
            found = strike("line", names)
            return found.action if found else None

        return bulk_lines.mutation_writer(text, self._variables(self.variables), self._fresh, fault)

    @staticmethod
    def _variables(path: Path) -> list[bytes]:
        return [row for row in path.read_bytes().splitlines() if row.strip()]

    def _fresh(self) -> Context:
        return replace(self.ctx, bulk=self.variables is None, path=[], errors=[], searches=[], idempotency_key=None)

    def _serve(self, file: PreparedFile) -> None:
        """Answer with the part of a prepared file that is asked for."""
        part = file.part(searched(self.operation["query"]))
        self.operation["objectCount"], self.operation["rootObjectCount"] = str(part.lines), str(part.roots)
        if part.is_whole:
            self.shop.vault.link(f"results/{self.name}", file.path)
        else:
            part.write(self.shop.vault.new_path(f"results/{self.name}"))
        if self.struck("fail"):
            raise bulk_lines.BulkRefused(self.rule("code", "INTERNAL_SERVER_ERROR"))
        self._complete(part.size)

    # the end

    def _complete(self, size: int) -> None:
        with self.shop.lock:
            if self.struck("wrong_counts"):
                self.operation["objectCount"] = str(int(self.operation["objectCount"]) + self.rule("by", 1))
            self._end("COMPLETED", url=self._url() if size else None, fileSize=str(size) if size else None)

    def _fail(self, code: str) -> None:
        with self.shop.lock:
            self._end("FAILED", errorCode=code, partialDataUrl=self._result())

    def _result(self) -> str | None:
        """Where the lines written so far are, if there are any."""
        path = self.shop.vault.path(f"results/{self.name}")
        return self._url() if path is not None and path.stat().st_size else None

    def _set(self, **values: Any) -> None:
        self.operation.update(values)
        self.shop.table(KIND).put(self.operation)

    def _end(self, status: str, **values: Any) -> None:
        completed = None if status == "CANCELED" else self.shop.stamp()
        self._set(status=status, completedAt=completed, **values)
        self.shop.emit("bulk_operations/finish", self.operation)
        self.shop.settle()

    def _url(self) -> str:
        name = self.shop.domain.split(".")[0]
        until = int((self.shop.clock.now() + KEPT).timestamp())
        return f"{self.ctx.url}/_files/{name}/results/{self.name}?Expires={until}&Signature={self.name}"


def root_fields(text: str) -> list[str]:
    """The root fields of a text that parses."""
    return [
        node.name.value
        for definition in parse(text).definitions
        for node in definition.selection_set.selections  # type: ignore[attr-defined]
        if hasattr(node, "name")
    ]


def searched(text: str) -> str | None:
    """The `query` argument of the first root field, which a bulk query writes out."""
    for definition in parse(text).definitions:
        for node in definition.selection_set.selections:  # type: ignore[attr-defined]
            for argument in getattr(node, "arguments", None) or ():
                if argument.name.value == "query" and isinstance(argument.value, StringValueNode):
                    return str(argument.value.value)
    return None


def keep_lines(path: Path, count: int) -> list[bytes]:
    """Cut a file after so many lines; those that stay."""
    with path.open("r+b") as rows:
        kept = list(itertools.islice(iter(rows.readline, b""), max(0, count)))
        rows.truncate(rows.tell())
    return kept
