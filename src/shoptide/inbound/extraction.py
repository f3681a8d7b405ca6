"""Brings a stream's records to disk page by page, and what second passes add: the same files of lines that bulk
operations give, so that there is one way to land."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TextIO

import duckdb

from shoptide.errors import ProofFailed
from shoptide.inbound.paging import (
    SPARE_REQUESTS,
    Line,
    NotByPages,
    Sparing,
    Stop,
    batches,
    lines_of,
    pages,
    pass_lines,
    refuse_stop,
)
from shoptide.inbound.reading import ids_tree, nodes, scan
from shoptide.inbound.spool import Spool
from shoptide.resources.extraction import NodePass, StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.shopify.meter import Meter

Progress = Callable[[int], None]
BATCHES_AT_ONCE = 4  # requests of a second pass under way together


@dataclass(frozen=True)
class Extract:
    """Lines on disk. `read_at` is when the store was read, by its own clock: the earliest moment of several.

    `records` came; `roots` is how many the operations say they hold (None for pages), `counted` how many the store
    counted when the read began, where it counts. `lines` and `bytes` are those of all files, second passes' included.
    """

    paths: tuple[Path, ...]
    read_at: datetime
    records: int = 0
    roots: int | None = None
    operations: tuple[str, ...] = ()
    windows: int = 1
    counted: int | None = None
    lines: int = 0
    bytes: int = 0

    def with_file(self, path: Path, lines: int) -> Extract:
        size = self.bytes + path.stat().st_size
        return replace(self, paths=(*self.paths, path), lines=self.lines + lines, bytes=size)


# pages


@dataclass(frozen=True)
class Paging:
    """How far pages are followed: `limit` records are enough; with more than `most` pages it is none's way to read.

    `counted` is how many the store has counted already; else the first page does.
    """

    limit: int | None = None
    most: int | None = None
    counted: int | None = None

    def room(self, records: int) -> int | None:
        """How many more records are wanted when there are so many; None for all."""
        return None if self.limit is None else max(0, self.limit - records)


def read_pages(
    client: AdminClient,
    plan: StreamPlan,
    target: Path,
    *,
    search: str | None,
    paging: Paging | None = None,
    on_progress: Progress,
    stop: Stop | None = None,
) -> Extract | None:
    """Read the stream page by page; None when it has more pages than `paging` allows.

    A record that changes meanwhile turns up again: its last state is kept. Raises NotByPages.
    """
    paging = paging or Paging()
    first = min(plan.page_size, paging.limit or plan.page_size)
    onward = Sparing(client, SPARE_REQUESTS) if plan.bulkable and paging.limit is None else client
    with Spool(target) as spool:
        following = pages(client, plan, search=search, first=first, stop=stop, count=paging.counted is None)
        for number, page in enumerate(following, 1):
            for node in page.nodes[: paging.room(spool.records)]:
                spool.add(node["id"], lines_of(onward, node, plan.paged_children, search))
            on_progress(spool.records)
            if not page.following or paging.room(spool.records) == 0:
                break
            if paging.most is not None and number >= paging.most:
                return None
    counted = page.counted if paging.counted is None else paging.counted
    return Extract((), page.read_at, spool.records, counted=counted).with_file(target, spool.lines)


def read_nodes(client: AdminClient, plan: StreamPlan, ids: list[str], target: Path) -> Extract:
    """Read records by their ids; what the store no longer has is not among them."""
    records: list[Line] = []
    read_at = client.clock.now()
    document = plan.nodes_document()
    if document is None:
        raise NotByPages(plan.stream.name)
    for batch in batches(ids, plan.page_size):
        answer = client.execute(document, {"ids": batch})
        for node in answer.data["nodes"]:
            if node is not None:
                records += lines_of(client, node, plan.node_children)
    return Extract((), read_at).with_file(target, write_lines(target, records))


def read_passes(
    client: AdminClient,
    plan: StreamPlan,
    extract: Extract,
    spool: Path,
    *,
    stop: Stop | None = None,
    share: Meter | None = None,
) -> Extract:
    """Add what hangs on nodes of lists, or deeper than an operation may ask, read by those nodes' ids."""
    for second in plan.passes:
        if ids := node_ids(plan, second.parent_table, extract.paths):
            target = spool / f"{second.table}.jsonl"
            extract = extract.with_file(target, read_pass(client, second, ids, target, stop=stop, share=share))
    return extract


def node_ids(plan: StreamPlan, name: str, paths: Iterable[Path]) -> list[str]:
    """The gids of a table's nodes in files of lines. Raises ProofFailed for a line that is no JSON."""
    table = plan.table(name)
    with duckdb.connect() as connection:
        try:
            read = scan(list(paths), ids_tree(plan, table))
            connection.execute(f"CREATE TEMP TABLE landed AS SELECT * FROM {read}")
        except duckdb.InvalidInputException as error:
            raise unreadable(plan.stream.name, error) from None
        found = nodes(plan, table, "landed")
        rows = connection.execute(f"SELECT DISTINCT {found.at(('id',))} AS id FROM {found.rows()} ORDER BY id")
        return [row[0] for row in rows.fetchall() if row[0] is not None]


def unreadable(stream: str, error: duckdb.Error) -> ProofFailed:
    first = str(error).split("\n", maxsplit=1)[0]
    return ProofFailed(
        f"stream {stream}: what arrived can't be read: {first}",
        hint="nothing was taken over and the cursor stayed; run the pull again",
    )


def read_pass(
    client: AdminClient,
    second: NodePass,
    ids: list[str],
    target: Path,
    *,
    stop: Stop | None = None,
    share: Meter | None = None,
) -> int:
    """Read what hangs on these nodes to `target`, some requests at once; returns the number of lines."""

    def lines(batch: list[str]) -> list[Line]:
        refuse_stop(stop)
        with client.meter.shared_with(share or Meter()):
            return list(pass_lines(client, second, batch))

    written = 0
    with target.open("w", encoding="utf-8") as file, ThreadPoolExecutor(BATCHES_AT_ONCE) as pool:
        # A few rounds in flight: what came first is written before all is here.
        for some in batches(list(batches(ids, second.batch)), 4 * BATCHES_AT_ONCE):
            for found in pool.map(lines, some):
                written += _append(file, found)
    return written


def write_lines(target: Path, lines: Iterable[Line]) -> int:
    with target.open("w", encoding="utf-8") as file:
        return _append(file, lines)


def _append(file: TextIO, lines: Iterable[Line]) -> int:
    written = 0
    for line in lines:
        file.write(json.dumps(line) + "\n")
        written += 1
    return written
