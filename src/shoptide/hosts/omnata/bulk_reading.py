"""Everything of a stream by bulk operations: started or taken up again, their files cut into rows bit by bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from shoptide.errors import NotFound
from shoptide.inbound.choice import Budget, cheaper
from shoptide.inbound.paging import Line, batches, pass_lines
from shoptide.resources.rows import Row, Sorter, owners_of
from shoptide.shopify import bulk

if TYPE_CHECKING:
    from shoptide.resources.extraction import StreamPlan
    from shoptide.shopify.bulk import BulkOperation
    from shoptide.shopify.client import AdminClient

LINES = 5_000  # taken at a time; what is too much for the memory of a procedure is never held whole
STALLED = 1_800.0  # seconds without a new object
ADOPTED = timedelta(hours=12)  # how old an operation of an earlier run may be


def better_in_bulk(client: AdminClient, plan: StreamPlan, search: str | None) -> int | None:
    """How many records there are when a bulk operation has them sooner than pages; None when pages do."""
    document = plan.count_document() if plan.bulkable else None
    if document is None:
        return None
    count: int = client.execute(document, {"query": search}).data[plan.stream.count_root or ""]["count"]
    budget = Budget(client.governor.available(), client.governor.allowance.restore_rate)
    return count if cheaper(plan, count, None, budget).path == "bulk" else None


def with_passes(
    client: AdminClient, plan: StreamPlan, lines: list[Line], owners: dict[str, str] | None = None
) -> list[Line]:
    """Lines with what second passes add: connections below lists, read by the ids of what the lists hold."""
    for second in plan.passes:
        ids = [row.values["gid"] for row in Sorter(plan, owners).rows(lines)[second.parent_table]]
        for batch in batches(ids, second.batch):
            lines = [*lines, *pass_lines(client, second, batch)]
    return lines


@dataclass
class BulkReading:
    """The operations of one stream: `known` are those under way, by document; `read_at` is when the first began."""

    client: AdminClient
    plan: StreamPlan
    folder: Path
    stop: Callable[[], bool]
    known: dict[str, str]
    _began: list[datetime] = field(default_factory=list)

    @property
    def read_at(self) -> datetime:
        return min(self._began)

    def files(self, search: str | None, started: Callable[[], None]) -> Iterator[Path]:
        """Each document's result on disk, proved; `started` is called when an operation is under way."""
        for number, document in enumerate(self.plan.bulk_documents(search)):
            operation = self._operation(document, started)
            self._began.append(operation.created_at)
            done = bulk.wait(self.client, operation.id, stalled_after=STALLED, stop=self.stop)
            target = self.folder / f"{number}.jsonl"
            yield bulk.download(self.client, done, target, stop=self.stop).path
            target.unlink(missing_ok=True)

    def _operation(self, document: str, started: Callable[[], None]) -> BulkOperation:
        """The operation of an earlier run that reads the same, or a new one."""
        key = hashlib.sha256(document.encode()).hexdigest()[:16]
        held = self._held(key)
        if held is not None:
            return held
        operation = bulk.start_query(self.client, document, stop=self.stop)
        self.known[key] = operation.id
        started()
        return operation

    def _held(self, key: str) -> BulkOperation | None:
        if key not in self.known:
            return None
        try:
            found = bulk.read(self.client, self.known[key])
        except NotFound:
            return None
        young = self.client.clock.now() - found.created_at < ADOPTED
        return found if young and (found.status == "COMPLETED" or not found.is_terminal) else None

    def rows(self, path: Path) -> Iterator[dict[str, list[Row]]]:
        """A file's rows by table, some lines at a time."""
        owners = owners_of(self.plan, _lines(path))
        sorter, lines = Sorter(self.plan, owners), _lines(path)
        while some := list(islice(lines, LINES)):
            yield sorter.rows(with_passes(self.client, self.plan, some, owners))


def _lines(path: Path) -> Iterator[Line]:
    with path.open("rb") as file:
        for line in file:
            yield json.loads(line)
