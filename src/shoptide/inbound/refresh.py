"""Brings single records up to date: those that somebody has told of, read by their ids as the store has them now.

What the store no longer has gets `_deleted_at`, its children with it. Cursors are not touched: the next pull reads what
it would have read anyway, and drops what is there already by its hash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from shoptide.inbound import deletions, extraction, history
from shoptide.inbound.extraction import Extract, write_lines
from shoptide.inbound.landing import Landing, TableChange
from shoptide.inbound.paging import Line, NotByPages, batches, lines_of, refuse_stop
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse

AT_ONCE = 4  # requests under way together


@dataclass(frozen=True)
class Refresher:
    """What refreshing a shop's records needs; `spool` is a folder of its own, `kept` says whose versions are kept."""

    client: AdminClient
    warehouse: Warehouse
    run_id: str
    spool: Path
    kept: Callable[[str], bool]
    stop: Callable[[], bool]
    known: set[str] = field(default_factory=set)  # streams whose tables are as they should be

    def refresh(
        self, plan: StreamPlan, gids: Sequence[str], now: datetime, *, doubtful: frozenset[str] = frozenset()
    ) -> list[TableChange]:
        """Read what the stream's root lists by these ids, and land it; returns what changed, by table.

        Of a stream that is found through carriers (fulfillments: orders) the ids are theirs. `doubtful` are ids that
        the store may only hide: that they are not found marks nothing. Raises NotByPages where ids are no way to read
        the stream, and what the client raises.
        """
        found, extract = self._read(plan, gids)
        landing = Landing(self.warehouse, plan, self.client.domain, self.run_id, now, plan.stream.name in self.known)
        with self.warehouse.errors(), closing(landing.staging):
            landing.staging.scan(list(extract.paths))
            landing.staging.split()
        gone = [gid for gid in gids if gid not in found and gid not in doubtful]
        with self.warehouse.transaction():
            landing.declare()
            changes = landing.merge(whole=False)
            if gone:
                changes += deletions.mark(self.warehouse, plan, self.client.domain, gone, now)
            if self.kept(plan.stream.name):
                history.keep(self.warehouse, plan, self.client.domain, now)
        self.known.add(plan.stream.name)
        landing.staging.drop()
        for path in extract.paths:
            path.unlink(missing_ok=True)
        return changes

    def _read(self, plan: StreamPlan, gids: Sequence[str]) -> tuple[set[str], Extract]:
        """The ids that the store has, and their lines on disk."""
        document = plan.carriers_document()
        if document is None:
            raise NotByPages(f"{plan.stream.name}: ids are no way to read it")

        def read(batch: list[str]) -> list[list[Line]]:
            refuse_stop(self.stop)
            nodes = self.client.execute(document, {"ids": batch}).data["nodes"]
            # Of another type than the stream's a node comes as an empty object.
            return [lines_of(self.client, node, plan.paged_children) for node in nodes if node]

        read_at = self.client.clock.now()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="refresh") as pool:
            records = [lines for some in pool.map(read, batches(list(gids), plan.page_size)) for lines in some]
        self.spool.mkdir(parents=True, exist_ok=True)
        target = self.spool / f"{plan.stream.name}.{threading.get_ident()}.jsonl"
        written = write_lines(target, (line for lines in records for line in lines))
        extract = Extract((), read_at).with_file(target, written)
        return {lines[0]["id"] for lines in records}, extraction.read_passes(
            self.client, plan, extract, self.spool, stop=self.stop
        )
