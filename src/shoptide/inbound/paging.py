"""A stream's records page by page, as the same lines of JSON that bulk operations give; in memory, and no further.

A line is a record with `__typename` and `id`; what comes from a connection is a line of its own with `__parentId`. That
is the shape of Shopify's bulk results (FACTS §4). Nothing here knows files or warehouses: engines that take records as
they come read the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from shoptide.errors import Interrupted, ProofFailed
from shoptide.resources.branches import rows_in
from shoptide.resources.extraction import NODES_AT_ONCE

if TYPE_CHECKING:
    from shoptide.resources.branches import PagedChild
    from shoptide.resources.extraction import Cursors, NodePass, StreamPlan
    from shoptide.shopify.answers import Answer
    from shoptide.shopify.client import AdminClient

T = TypeVar("T")
Line = dict[str, Any]
Stop = Callable[[], bool]
SPARE_REQUESTS = 50  # for what a read's pages leave behind, where a bulk operation could do it instead


class NotByPages(Exception):  # noqa: N818  # a finding: a bulk operation can
    """More hangs on records than pages show: too much, or on one that the API finds by no id to read on."""


def refuse_stop(stop: Stop | None) -> None:
    if stop is not None and stop():
        raise Interrupted("stopped before everything was read", hint="run the same command again: it goes on from here")


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
class Page:
    """Records of one page, each with what belongs to it still inside. `following` is where the next begins; empty at
    the end. `read_at` is when the first page was read, by the store's own clock, `counted` how many there were then."""

    nodes: list[Line]
    following: Cursors
    read_at: datetime
    counted: int | None


def pages(
    client: AdminClient,
    plan: StreamPlan,
    *,
    search: str | None,
    first: int,
    cursors: Cursors | None = None,
    stop: Stop | None = None,
    count: bool = True,
) -> Iterator[Page]:
    """Read the stream's pages to the end, from `cursors` on. A record that changes meanwhile turns up again.

    `count` has the first page count the records too, where the store counts them.
    """
    at = plan.first_cursors if cursors is None else cursors
    read_at: datetime | None = None
    counted: int | None = None
    while True:
        refuse_stop(stop)
        document, variables = plan.page_request(at, first=first, search=search, counted=count and read_at is None)
        answer = client.execute(document, variables)
        if read_at is None:
            read_at = answer.server_time or client.clock.now()
            counted = (answer.data.get(plan.stream.count_root or "") or {}).get("count")
        nodes, following = plan.page_of(answer.data, at)
        yield Page(nodes, following, read_at, counted)
        if not following:
            return
        for listing, after in following.items():
            _onward(listing, after, at[listing])
        at = following


def more_than(client: AdminClient, plan: StreamPlan, most: int, *, search: str | None) -> bool:
    """Whether the stream has more than `most` records, told by pages of ids, which cost next to nothing.

    False also where the root can't be asked so.
    """
    document = plan.scout_document()
    variables: Line = {"first": min(most, NODES_AT_ONCE), "after": None}
    met = 0
    while document is not None:
        if "$query" in document:
            variables["query"] = search
        data = client.execute(document, variables).data
        nodes, following = plan.page_of(data, dict.fromkeys((plan.place.key,)))
        met += len(nodes)
        if not following or met > most:
            return met > most
        after = following[plan.place.key]
        variables["after"] = _onward(plan.place.key, after, variables["after"])
    return False


def _onward(what: str, following: str | None, after: str | None) -> str:
    """The cursor of the next page; raises ProofFailed when the store gives none, which would never end."""
    if not following or following == after:
        raise ProofFailed(
            f"{what}: the store says there is a next page and gives no new cursor",
            hint="nothing was taken over and the cursor stayed; run the pull again",
        )
    return following


def lines_of(client: Asks, node: Line, children: tuple[PagedChild, ...], search: str | None = None) -> list[Line]:
    """A record and what is in its connections, as bulk lines; each connection read to its end."""
    lines = [node]
    for child in children:
        connection = taken_out(node, child.field)
        if connection is None:
            continue
        for row in whole_connection(client, node["id"], child, connection, search):
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
    client: Asks, owner: str, child: PagedChild | NodePass, connection: Line | None, search: str | None = None
) -> list[Line]:
    """A connection's rows to its end. Raises ProofFailed where the store gives none at all, and NotByPages."""
    field, rest = child.field, child.rest
    if connection is None:
        raise ProofFailed(f"{owner}: the store gives no {field}", hint="nothing was taken over; run the pull again")
    rows = rows_in(connection)
    page = connection["pageInfo"]
    while page["hasNextPage"]:
        if rest is None:
            raise NotByPages(f"{owner}: {field}")
        variables: Line = {"id": owner, "first": child.rest_first, "after": page["endCursor"]}
        if "$query" in rest:
            variables["query"] = search
        found = client.execute(rest, variables).data["node"]
        if found is None:
            raise ProofFailed(f"{owner} went away while its {field} were read", hint="run the pull again")
        following = taken_out(found, field)
        if following is None:
            raise ProofFailed(f"{owner}: the store gives no more of its {field}", hint="run the pull again")
        rows += rows_in(following)
        page = following["pageInfo"]
        if page["hasNextPage"]:
            _onward(f"{owner} {field}", page.get("endCursor"), variables["after"])
    return rows


def pass_lines(client: AdminClient, second: NodePass, batch: list[str]) -> Iterator[Line]:
    """What hangs on these nodes, as lines that name them."""
    for node in client.execute(second.document, {"ids": batch}).data["nodes"]:
        if node is None:
            continue  # deleted meanwhile; its parent changed with it and will be read again
        for row in whole_connection(client, node["id"], second, taken_out(node, second.field)):
            row["__parentId"] = node["id"]
            yield from lines_of(client, row, second.children)


def batches(items: list[T], size: int) -> Iterable[list[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
