"""Brings a stream's records to disk, by bulk operation or page by page: either way as the same lines of JSON.

A line is a record with `__typename` and `id`; what comes from a connection is a line of its own with `__parentId`. That
is the shape of Shopify's bulk results (FACTS §4); pages are rewritten into it, so that there is one way to land.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shoptide.errors import Interrupted, NotFound, ProofFailed
from shoptide.ledger import Ledger, OperationRecord
from shoptide.resources.extraction import NodePass, PagedChild, StreamPlan
from shoptide.shopify import bulk
from shoptide.shopify.bulk import BulkOperation
from shoptide.shopify.client import AdminClient

Line = dict[str, Any]
Progress = Callable[[int], None]
Stop = Callable[[], bool]


@dataclass(frozen=True)
class Extract:
    """Lines on disk. `read_at` is when the store was read, by its own clock; `roots` what it says there are."""

    path: Path
    read_at: datetime
    roots: int | None
    operation: str | None = None
    counted: int | None = None  # what the store counted when the first page was read


def refuse_stop(stop: Stop | None) -> None:
    if stop is not None and stop():
        raise Interrupted("stopped before everything was read", hint="run the same command again: it goes on from here")


# bulk


def document_hash(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()[:32]


def begin_bulk(
    client: AdminClient,
    ledger: Ledger,
    plan: StreamPlan,
    *,
    pull: str,
    run_id: str,
    search: str | None,
    document: str | None = None,
    adopt: bool = True,
    stop: Stop | None = None,
) -> str:
    """Start the stream's bulk operation, or adopt the one that an earlier run left; returns its gid."""
    text = document or plan.bulk_document(search)
    key = document_hash(text)
    for known in ledger.open_operations(client.domain, pull, plan.stream.name):
        if adopt and known.document_hash == key and (found := _still_good(client, known.gid)):
            return found.id
        ledger.close_operation(known.gid, "abandoned")
    started = bulk.start_query(client, text, stop=stop)
    ledger.remember_operation(
        OperationRecord(
            gid=started.id,
            run_id=run_id,
            shop=client.domain,
            pull=pull,
            stream=plan.stream.name,
            search=search or "",
            document_hash=key,
            status=started.status,
            started_at=started.created_at,
        )
    )
    return started.id


def _still_good(client: AdminClient, gid: str) -> BulkOperation | None:
    """The operation, when it is running or its result can still be fetched."""
    try:
        found = bulk.read(client, gid)
    except NotFound:
        return None
    return found if found.status in ("CREATED", "RUNNING", "COMPLETED") else None


def finish_bulk(
    client: AdminClient, gid: str, target: Path, *, on_progress: Progress, stop: Stop | None = None
) -> Extract:
    """Wait for an operation and bring its result to disk, proved by bytes and lines."""
    done = bulk.wait(client, gid, on_progress=lambda each: on_progress(each.object_count), stop=stop)
    bulk.download(client, done, target)
    on_progress(done.object_count)
    return Extract(target, done.created_at, done.root_object_count, done.id)


# pages


def read_pages(
    client: AdminClient,
    plan: StreamPlan,
    target: Path,
    *,
    search: str | None,
    limit: int | None = None,
    on_progress: Progress,
    stop: Stop | None = None,
) -> Extract:
    """Read the stream page by page. A record that changes meanwhile turns up again: its last state is kept."""
    records: dict[str, list[Line]] = {}
    variables: Line = {"first": min(plan.page_size, limit or plan.page_size), "after": None, "query": search}
    read_at: datetime | None = None
    counted: int | None = None
    while True:
        refuse_stop(stop)
        answer = client.execute(plan.page_document(counted=read_at is None), variables)
        if read_at is None:
            read_at = answer.server_time or client.clock.now()
            counted = (answer.data.get(plan.stream.count_root or "") or {}).get("count")
        connection = answer.data[plan.stream.root]
        for node in connection["nodes"]:
            records.pop(node["id"], None)
            records[node["id"]] = lines_of(client, node, plan.paged_children)
        on_progress(len(records))
        page = connection["pageInfo"]
        if not page["hasNextPage"] or (limit is not None and len(records) >= limit):
            break
        variables["after"] = page["endCursor"]
    write_lines(target, (line for lines in list(records.values())[:limit] for line in lines))
    return Extract(target, read_at, len(records), counted=counted)


def read_nodes(client: AdminClient, plan: StreamPlan, ids: list[str], target: Path) -> Extract:
    """Read records by their ids; what the store no longer has is not among them."""
    records: list[Line] = []
    read_at = client.clock.now()
    for batch in batches(ids, plan.page_size):
        answer = client.execute(plan.nodes_document(), {"ids": batch})
        for node in answer.data["nodes"]:
            if node is not None:
                records += lines_of(client, node, plan.paged_children)
    write_lines(target, records)
    return Extract(target, read_at, None)


def lines_of(client: AdminClient, node: Line, children: tuple[PagedChild, ...]) -> list[Line]:
    """A node and what its connections hold, each a line; a connection that goes on is read to its end."""
    lines = [node]
    for child in children:
        connection = node.pop(child.field, None)
        if connection is None:
            continue
        for row in whole_connection(client, node["id"], child.field, child.rest, connection):
            row["__parentId"] = node["id"]
            lines += lines_of(client, row, child.children)
    return lines


def whole_connection(client: AdminClient, owner: str, field: str, rest: str, connection: Line) -> list[Line]:
    rows = list(connection["nodes"])
    page = connection["pageInfo"]
    while page["hasNextPage"]:
        variables = {"id": owner, "first": 50, "after": page["endCursor"]}
        found = client.execute(rest, variables).data["node"]
        if found is None:
            raise ProofFailed(f"{owner} went away while its {field} were read", hint="run the pull again")
        rows += found[field]["nodes"]
        page = found[field]["pageInfo"]
    return rows


def read_pass(client: AdminClient, second: NodePass, ids: list[str], target: Path, *, stop: Stop | None = None) -> Path:
    """Read what hangs on nodes of a list, by the nodes' ids."""
    with target.open("w", encoding="utf-8") as file:
        for batch in batches(ids, second.batch):
            refuse_stop(stop)
            for node in client.execute(second.document, {"ids": batch}).data["nodes"]:
                if node is None:
                    continue
                for row in whole_connection(client, node["id"], second.field, second.rest, node[second.field]):
                    row["__parentId"] = node["id"]
                    file.write(json.dumps(row) + "\n")
    return target


def batches(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def write_lines(target: Path, lines: Iterable[Line]) -> None:
    with target.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line) + "\n")
