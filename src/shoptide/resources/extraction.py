"""Plans how a stream is read: its tables, and the documents that fetch them in one API version with one token.

Bulk queries take at most five connections, two levels deep, none below a list (FACTS §4). What is too wide for one is
split into several, joined when they land; what hangs on a list (refund line items, fulfillment line items) or lies
deeper is read in a second pass by ids. Paged queries select the same fields with a page
size whose cost fits one request; what a nested page leaves behind is read by its parent's id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shoptide.errors import ConfigError
from shoptide.resources.branches import (
    BULK_LEVELS,
    HERE,
    PAGE_BUDGET,
    PAGE_SIZES,
    Branch,
    PagedChild,
    branch_texts,
    called,
    page_body,
    paged_children,
    rest_document,
    rest_size,
    rows_in,
)
from shoptide.resources.place import Place, is_node
from shoptide.resources.selection import Pruned, Shape
from shoptide.resources.stream import Stream
from shoptide.resources.tables import Table
from shoptide.shopify.cost import requested_cost
from shoptide.shopify.schema import Schema

NODES_AT_ONCE = 250
BULK_CONNECTIONS = 5
ID = "id"
# What a record keeps for life, by the names that searches have for it; the first that a root knows splits its reads.
WINDOW_FIELDS = ("created_at", "customer_date", ID)
# A node that is there only to name its connections' parent: its content comes with another document.
STUB = "_stub"
STUB_TEXT = f"id {STUB}: __typename"

Cursors = dict[str, str | None]  # listing → where its next page begins; None at the start


@dataclass(frozen=True)
class Piece:
    """A connection of the root's nodes in one of a stream's bulk documents, with these of its own connections.

    As a `stub` it only names the parents of these: another document brings its content.
    """

    branch: Branch
    connections: tuple[Branch, ...]
    stub: bool = False

    @property
    def size(self) -> int:
        """Its connections; in a union there is one for every member that has the field."""
        return sum(branch.around.count(HERE) for branch in (self.branch, *self.connections))

    def text(self) -> str:
        if self.stub:
            texts = [STUB_TEXT]
        else:
            lists = [branch for branch in self.branch.branches if not branch.connection]
            texts = [self.branch.shape.text(), *branch_texts(lists, paged=False)]
        texts += branch_texts(self.connections, paged=False, depth=2)
        return self.branch.spelled((), f"edges {{ node {{ {' '.join(texts)} }} }}")


@dataclass(frozen=True)
class BulkPart:
    """One of the bulk documents that together hold a stream; the first holds the root's own content."""

    pieces: tuple[Piece, ...]
    stub: bool = False


def pack(branches: Iterable[Branch]) -> tuple[BulkPart, ...]:
    """Distribute the root's connections over as few documents as keep Shopify's limit of connections.

    The root is a connection itself. A connection with too many of its own is cut: the further pieces name it only.
    """
    room = BULK_CONNECTIONS - 1
    bins: list[list[Piece]] = [[]]
    for branch in branches:
        below = branch.connections()
        cuts = [below[at : at + room - 1] for at in range(0, len(below), room - 1)] or [()]
        for number, cut in enumerate(cuts):
            piece = Piece(branch, tuple(cut), stub=number > 0)
            fitting = (held for held in bins if sum(each.size for each in held) + piece.size <= room)
            held = next(fitting, None)
            if held is None:
                bins.append(held := [])
            held.append(piece)
    return tuple(BulkPart(tuple(held), stub=number > 0) for number, held in enumerate(bins))


@dataclass(frozen=True)
class NodePass:
    """A second pass: a connection of nodes that arrived in a list, read by their ids.

    `document` takes `$ids` (at most `batch`), `rest` takes `$id`, `$first` (at most `rest_first`), `$after`: both
    answer the connection `field` with `edges` and `pageInfo`. Its rows are lines whose `__parentId` is the node's id;
    `children` are the connections inside them.
    """

    parent_table: str
    parent_type: str
    table: str
    field: str
    document: str
    rest: str
    rest_first: int
    batch: int
    children: tuple[PagedChild, ...] = ()


@dataclass(frozen=True)
class StreamPlan:
    """How a stream is read. Tables stand parents before children; the first is the stream's own.

    `branches` are what hangs on the root's nodes; where those are carriers only, the one branch is the stream's own
    table. A plan that is `closed` says why the stream can't be read at all and holds nothing else.
    """

    stream: Stream
    schema: Schema = field(repr=False)
    tables: tuple[Table, ...] = ()
    pruned: tuple[Pruned, ...] = ()
    branches: tuple[Branch, ...] = field(default=(), repr=False)
    root_shape: Shape = field(default_factory=Shape, repr=False)
    found: Place | None = field(default=None, repr=False)
    closed: str | None = None

    @property
    def version(self) -> str:
        return self.schema.version

    @property
    def left_out(self) -> tuple[Pruned, ...]:
        """What is not read of the stream, and why."""
        return (Pruned("*", self.closed),) if self.closed else self.pruned

    @property
    def place(self) -> Place:
        """Where the records are; raises ValueError for a stream that is closed."""
        if self.found is None:
            raise ValueError(f"{self.stream.name} can't be read: {self.closed}")
        return self.found

    @property
    def root_types(self) -> tuple[str, ...]:
        """The types that a line without a parent may have."""
        carrier = self.place.carrier
        return carrier.possible_types or (carrier.name,)

    @property
    def bulkable(self) -> bool:
        return self.place.bulk

    # bulk operations

    @cached_property
    def bulk_parts(self) -> tuple[BulkPart, ...]:
        """The documents that hold the stream: one, unless it has more connections than a bulk query may."""
        return pack(branch for branch in self.branches if branch.connection)

    def bulk_documents(self, search: str | None = None) -> tuple[str, ...]:
        """The queries that bulk operations run, one for each of `bulk_parts`."""
        return tuple(self._bulk_text(part, search) for part in self.bulk_parts)

    def _bulk_text(self, part: BulkPart, search: str | None) -> str:
        node = STUB_TEXT if part.stub else self._node_text(paged=False)
        return self._searched(" ".join([node, *(piece.text() for piece in part.pieces)]), search)

    def ids_document(self, search: str | None = None) -> str:
        """The bulk query of reconciliation: the ids that exist, and no more."""
        inner = "__typename id"
        if self.stream.via is not None:
            own = self.branches[0]
            inner += " " + own.spelled((), f"edges {{ node {{ {inner} }} }}" if own.connection else inner)
        return self._searched(inner, search)

    def _searched(self, inner: str, search: str | None) -> str:
        """A bulk query over the root's nodes; the search stands in it as a literal."""
        given = [f"query: {quoted(search)}"] if search and not self.stream.search_via else []
        text = f"{{ {self._root_text(given, f'edges {{ node {{ {inner} }} }}')} }}"
        return text.replace("$query", quoted(search) if search else "null")

    # pages

    @cached_property
    def page_size(self) -> int:
        """The largest page whose document fits the budget of one request."""
        for size in PAGE_SIZES:
            document, variables = self.page_request(self.first_cursors, first=size, search=None)
            if requested_cost(self.schema, document, variables) <= PAGE_BUDGET:
                return size
        raise ConfigError(
            f"stream {self.stream.name}: even a page of one costs more than {PAGE_BUDGET} points",
            hint=f'leave fields out: [pull.….stream.{self.stream.name}] fields = {{ exclude = ["…"] }}',
        )

    @property
    def first_cursors(self) -> Cursors:
        """Where reading by pages begins: one listing, or one for each value of the declaration's `each`."""
        return dict.fromkeys(self.place.values or (self.place.key,))

    def page_document(self, *, counted: bool = False) -> str:
        """The document of the first page."""
        return self.page_request(self.first_cursors, first=1, search=None, counted=counted)[0]

    def page_request(
        self, cursors: Cursors, *, first: int, search: str | None, counted: bool = False
    ) -> tuple[str, dict[str, object]]:
        """A page of every listing, oldest change first, with its variables; `counted` asks for the whole count too."""
        texts, declared = [], {"first": "Int!"} if self.place.form == "connection" else {}
        values: dict[str, object] = {"first": first} if declared else {}
        body = self._node_text(paged=True)
        if self.place.form == "connection":
            body = page_body(body)
        for number, (listing, after) in enumerate(cursors.items()):
            name = "after" if not self.place.values else f"after{number}"
            if declared:
                declared[name], values[name] = "String", after
            texts.append(self._root_text(self._page_arguments(name, listing), body, listing))
        count = self._count_field() if counted else None
        text = " ".join([*texts, *([count] if count else [])])
        if "$query" in text:
            declared["query"], values["query"] = "String", search
        head = ", ".join(f"${name}: {kind}" for name, kind in declared.items())
        return f"query{f'({head})' if head else ''} {{ {text} }}", values

    def scout_document(self) -> str | None:
        """A page of ids: takes `$first`, `$after`, `$query`; None where the root is no single connection."""
        if self.place.form != "connection" or self.place.values:
            return None
        text = self._root_text(self._page_arguments("after", self.place.key), page_body("id"))
        searched = ", $query: String" if "$query" in text else ""
        return f"query($first: Int!, $after: String{searched}) {{ {text} }}"

    def _page_arguments(self, after: str, listing: str) -> list[str]:
        given = [f"{self.stream.each}: {listing}"] if self.place.values else []
        if self.place.form != "connection":
            return given
        given += ["first: $first", f"after: ${after}"]
        known = self.place.root.arguments
        if "query" in known and not self.stream.search_via:
            given.append("query: $query")
        if self.stream.sort_key and "sortKey" in known:
            given.append(f"sortKey: {self.stream.sort_key}")
        return given

    def page_of(self, data: dict[str, Any], cursors: Cursors) -> tuple[list[Any], Cursors]:
        """The nodes of an answer, and the listings that go on with their cursors; nothing goes on at the end."""
        holder: Any = data
        for step in self.place.path[:-1]:
            holder = (holder or {}).get(step)
        nodes, following = [], {}
        for listing in cursors:
            held = (holder or {}).get(listing)
            if self.place.form != "connection":
                nodes += [each for each in (held if isinstance(held, list) else [held]) if each is not None]
            elif held is not None:
                nodes += rows_in(held)
                if held["pageInfo"]["hasNextPage"]:
                    following[listing] = held["pageInfo"].get("endCursor")
        return nodes, following

    def nodes_document(self) -> str | None:
        """Records by their ids, as a page would have them: takes `$ids`; None where the API does not find them so."""
        if self.stream.via is None:
            return self.carriers_document()
        if not is_node(self.schema, self.place.node):
            return None
        held = self.branches[0]
        below_list, depth = not held.connection, 1 + held.connection
        below = branch_texts(held.branches, paged=True, below_list=below_list, depth=depth)
        return _by_ids(self.stream.node_type, " ".join([self.root_shape.text(), *below]))

    def carriers_document(self) -> str | None:
        """The root's nodes by their ids with all of the stream that they hold; what is in pages is `paged_children`."""
        text = self._node_text(paged=True)
        if "$query" in text or not is_node(self.schema, self.place.carrier):
            return None
        return _by_ids(self.place.carrier.name, text)

    @property
    def node_children(self) -> tuple[PagedChild, ...]:
        """The connections inside the nodes that `nodes_document` brings."""
        if self.stream.via is None:
            return self.paged_children
        return self.paged_children[0].children if self.place.via_connection else ()

    # counts

    def count_document(self) -> str | None:
        """How many records a search finds: takes `$query`; None where the API does not count."""
        field = self._count_field()
        return f"query($query: String) {{ {field} }}" if field else None

    def counts_document(self, number: int) -> str | None:
        """How many records each of several searches finds: takes `$q0`, `$q1`, …; answers `c0`, `c1`, …"""
        field = self._count_field()
        if field is None:
            return None
        declared = ", ".join(f"$q{index}: String" for index in range(number))
        counts = " ".join(f"c{index}: {field.replace('$query', f'$q{index}')}" for index in range(number))
        return f"query({declared}) {{ {counts} }}"

    @property
    def window_field(self) -> str | None:
        """The search field that a large read is split by: what a record keeps for life, so that none moves between."""
        if self.stream.search_via or len(self.place.path) > 1:
            return None
        known = self.schema.search_fields(self.place.key)
        found = next((name for name in WINDOW_FIELDS if name in known), None)
        # Where ids are cut has to be known: a root that can't be reversed does not tell its highest.
        return None if found == ID and "reverse" not in self.place.root.arguments else found

    def end_document(self) -> str:
        """The record with the lowest id or, with `$reverse`, the highest."""
        sort = self.place.root.arguments.get("sortKey")
        by_id = sort is not None and "ID" in self.schema.type(sort.type.name).values
        given = ["first: 1", "reverse: $reverse", *(["sortKey: ID"] if by_id else [])]
        return f"query($reverse: Boolean!) {{ {self._root_text(given, 'nodes { id }')} }}"

    def oldest_document(self) -> str | None:
        """When the first record was created, as `createdAt`; None where the root can't be asked so."""
        sort = self.place.root.arguments.get("sortKey")
        if (
            "createdAt" not in self.place.carrier.fields
            or sort is None
            or "CREATED_AT" not in self.schema.type(sort.type.name).values
        ):
            return None
        return f"{{ {self._root_text(['first: 1', 'sortKey: CREATED_AT'], 'nodes { createdAt }')} }}"

    def search_document(self) -> str:
        """The smallest question with a search: takes `$query`. Its answer tells whether the search was understood."""
        if self.stream.search_via:
            own = self.branches[0].spelled(("first: 1",), "nodes { __typename }")
            return f"query($query: String) {{ {self._root_text(['first: 1'], f'nodes {{ {own} }}')} }}"
        given = ["first: 1", "query: $query"]
        return f"query($query: String) {{ {self._root_text(given, 'nodes { __typename }')} }}"

    def _count_field(self) -> str | None:
        counting = self.schema.query_root.fields.get(self.stream.count_root or "")
        if counting is None:
            return None
        limit = "limit: null, " if "limit" in counting.arguments else ""
        return f"{counting.name}({limit}query: $query) {{ count precision }}"

    def probe_document(self) -> str | None:
        """One cheap request that tells whether anything moved: the count and the newest change; takes `$query`."""
        counted, sort = self.count_document(), self.stream.sort_key
        if counted is None or not self.stream.cursor or sort in (None, "ID"):
            return None
        given = ["first: 1", "reverse: true", f"sortKey: {sort}", "query: $query"]
        newest = self._root_text(given, f"nodes {{ id {self.stream.cursor} }}")
        return counted.removesuffix("}").rstrip() + f" {newest} }}"

    # what hangs below

    @cached_property
    def passes(self) -> tuple[NodePass, ...]:
        return tuple(self._passes(self.branches))

    @cached_property
    def paged_children(self) -> tuple[PagedChild, ...]:
        """The connections inside the nodes of a page, and those inside theirs."""
        return paged_children(self.schema, self.branches, self.tables[0].name, self.place.carrier.name)

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    def _root_text(self, given: Iterable[str], inner: str, listing: str | None = None) -> str:
        """The root with its arguments and content, inside the objects before it."""
        *before, key = self.place.path
        text = called(key, (*given, *self.stream.arguments)) + f" {{ {inner} }}"
        if listing is not None and listing != key:
            text = f"{listing}: {text}"
        for step in reversed(before):
            text = f"{step} {{ {text} }}"
        return text

    def _node_text(self, *, paged: bool) -> str:
        """A root's node with its lists; for a page with its connections, which `bulk_parts` distribute otherwise."""
        carrier = f"__typename id {self.stream.cursor or ''}".rstrip()
        own = carrier if self.stream.via is not None else self.root_shape.text()
        chosen = self.branches if paged else [branch for branch in self.branches if not branch.connection]
        return " ".join([own, *branch_texts(chosen, paged=paged)])

    def _passes(self, branches: Iterable[Branch], *, below_list: bool = False, depth: int = 1) -> Iterable[NodePass]:
        for branch in branches:
            if branch.connection and (below_list or depth > BULK_LEVELS):
                yield self._pass(branch)
                yield from self._passes(branch.branches)  # its rows are pages' nodes: their lists have connections too
            else:
                under = below_list or not branch.connection
                yield from self._passes(branch.branches, below_list=under, depth=depth + branch.connection)

    def _pass(self, branch: Branch) -> NodePass:
        table = self.table(branch.table)
        if table.parent is None:
            raise ValueError(f"{table.name}: a pass reads what hangs on a list's nodes")
        parent_type = self.table(table.parent).node_type
        inner = " ".join([branch.shape.text(), *branch_texts(branch.branches, paged=True)])
        page = branch.spelled((f"first: {branch.first}",), page_body(inner))
        many = f"... on {parent_type} {{ __typename id {page} }}"
        rest = rest_document(parent_type, branch, inner)
        return NodePass(
            parent_table=table.parent,
            parent_type=parent_type,
            table=branch.table,
            field=branch.child.field,
            document=f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {many} }} }}",
            rest=rest,
            rest_first=rest_size(self.schema, rest),
            batch=NODES_AT_ONCE,
            children=paged_children(self.schema, branch.branches, branch.table, branch.node_type),
        )


def _by_ids(kind: str, inner: str) -> str:
    return f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ {inner} }} }} }}"


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
