"""Brings a stream's records to disk page by page, as the same lines of JSON that bulk operations give.

A line is a record with `__typename` and `id`; what comes from a connection is a line of its own with `__parentId`. That
is the shape of Shopify's bulk results (FACTS §4); pages are rewritten into it, so that there is one way to land.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

import duckdb

from shoptide.errors import Interrupted, ProofFailed
from shoptide.inbound.reading import ids_tree, nodes, scan
from shoptide.inbound.spool import Spool
from shoptide.resources.extraction import NodePass, PagedChild, StreamPlan
from shoptide.shopify.answers import Answer
from shoptide.shopify.client import AdminClient
from shoptide.shopify.meter import Meter

T = TypeVar("T")
Line = dict[str, Any]
Progress = Callable[[int], None]
Stop = Callable[[], bool]
SPARE_REQUESTS = 50  # for what a read's pages leave behind, where a bulk operation could do it instead

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


class NotByPages(Exception):  # noqa: N818  # a finding: a bulk operation can
    """More hangs on records than pages show: too much, or on one that the API finds by no id to read on."""


def refuse_stop(stop: Stop | None) -> None:
    if stop is not None and stop():
        raise Interrupted("stopped before everything was read", hint="run the same command again: it goes on from here")


# pages


class Asks(Protocol):
    """What reading on needs of a client."""

    def execute(self, document: str, variables: Line) -> Answer: ...


class Sparing:
    """A client for what a page's connections leave behind: only so many requests, as a bulk operation needs none.

    A page of 250 products with ten metafields each is one request; where most have more, it is 250.
    """

    def __init__(self, client: AdminClient, most: int) -> None:
        self.client = client
        self.left = most

    def execute(self, document: str, variables: Line) -> Answer:
        self.left -= 1
        if self.left < 0:
            raise NotByPages("too many records have more than a page of something")
        return self.client.execute(document, variables)


@dataclass(frozen=True)
class Paging:
    """How far pages are followed: `limit` records are enough; with more than `most` pages it is none's way to read."""

    limit: int | None = None
    most: int | None = None

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
    cursors = plan.first_cursors
    onward = Sparing(client, SPARE_REQUESTS) if plan.bulkable and paging.limit is None else client
    read_at: datetime | None = None
    counted: int | None = None
    pages = 0
    with Spool(target) as spool:
        while True:
            refuse_stop(stop)
            document, variables = plan.page_request(cursors, first=first, search=search, counted=read_at is None)
            answer = client.execute(document, variables)
            if read_at is None:
                read_at = answer.server_time or client.clock.now()
                counted = (answer.data.get(plan.stream.count_root or "") or {}).get("count")
            nodes, following = plan.page_of(answer.data, cursors)
            pages += 1
            for node in nodes[: paging.room(spool.records)]:
                spool.add(node["id"], lines_of(onward, node, plan.paged_children, search))
            on_progress(spool.records)
            if not following or paging.room(spool.records) == 0:
                break
            if paging.most is not None and pages >= paging.most:
                return None
            for listing, after in following.items():
                _onward(listing, after, cursors[listing])
            cursors = following
    return Extract((), read_at, spool.records, counted=counted).with_file(target, spool.lines)


def _onward(what: str, following: str | None, after: str | None) -> str:
    """The cursor of the next page; raises ProofFailed when the store gives none, which would never end."""
    if not following or following == after:
        raise ProofFailed(
            f"{what}: the store says there is a next page and gives no new cursor",
            hint="nothing was taken over and the cursor stayed; run the pull again",
        )
    return following


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


def lines_of(client: Asks, node: Line, children: tuple[PagedChild, ...], search: str | None = None) -> list[Line]:
    """A record and what is in its connections, as bulk lines; each connection read to its end."""
    lines = [node]
    for child in children:
        connection = taken_out(node, child.field)
        if connection is None:
            continue
        for row in whole_connection(client, node["id"], child.field, child.rest, connection, search):
            row["__parentId"] = node["id"]
            lines += lines_of(client, row, child.children, search)
    return lines


def taken_out(node: Line, path: str) -> Line | None:
    """What is at a dotted path of a node, which then no longer holds it; None where there is nothing."""
    *before, last = path.split(".")
    holder: Line | None = node
    for step in before:
        holder = holder.get(step) if holder is not None else None
    found: Line | None = holder.pop(last, None) if holder is not None else None
    return found


def whole_connection(
    client: Asks, owner: str, field: str, rest: str | None, connection: Line | None, search: str | None = None
) -> list[Line]:
    """A connection's rows to its end. Raises ProofFailed where the store gives none at all, and NotByPages."""
    if connection is None:
        raise ProofFailed(f"{owner}: the store gives no {field}", hint="nothing was taken over; run the pull again")
    rows = list(connection["nodes"])
    page = connection["pageInfo"]
    while page["hasNextPage"]:
        if rest is None:
            raise NotByPages(f"{owner}: {field}")
        variables: Line = {"id": owner, "first": 50, "after": page["endCursor"]}
        if "$query" in rest:
            variables["query"] = search
        found = client.execute(rest, variables).data["node"]
        if found is None:
            raise ProofFailed(f"{owner} went away while its {field} were read", hint="run the pull again")
        following = taken_out(found, field)
        if following is None:
            raise ProofFailed(f"{owner}: the store gives no more of its {field}", hint="run the pull again")
        rows += following["nodes"]
        page = following["pageInfo"]
        if page["hasNextPage"]:
            _onward(f"{owner} {field}", page.get("endCursor"), variables["after"])
    return rows


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
        rows = connection.execute(f"SELECT DISTINCT {found.at(('id',))} AS id FROM {found.source} ORDER BY id")
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
            return list(_pass_lines(client, second, batch))

    written = 0
    with target.open("w", encoding="utf-8") as file, ThreadPoolExecutor(BATCHES_AT_ONCE) as pool:
        # A few rounds in flight: what came first is written before all is here.
        for some in batches(list(batches(ids, second.batch)), 4 * BATCHES_AT_ONCE):
            for found in pool.map(lines, some):
                written += _append(file, found)
    return written


def _pass_lines(client: AdminClient, second: NodePass, batch: list[str]) -> Iterable[Line]:
    for node in client.execute(second.document, {"ids": batch}).data["nodes"]:
        if node is None:
            continue  # deleted meanwhile; its parent changed with it and will be read again
        for row in whole_connection(client, node["id"], second.field, second.rest, taken_out(node, second.field)):
            row["__parentId"] = node["id"]
            yield from lines_of(client, row, second.children)


def batches(items: list[T], size: int) -> Iterable[list[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def write_lines(target: Path, lines: Iterable[Line]) -> int:
    with target.open("w", encoding="utf-8") as file:
        return _append(file, lines)


def _append(file: TextIO, lines: Iterable[Line]) -> int:
    written = 0
    for line in lines:
        file.write(json.dumps(line) + "\n")
        written += 1
    return written
