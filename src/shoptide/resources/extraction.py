"""Plans how a stream is read: its tables, and the documents that fetch them in one API version with one token.

Bulk queries take at most five connections, two levels deep, none below a list (FACTS §4). What is too wide for one is
split into several, joined when they land; what hangs on a list (refund line items, fulfillment line items) or lies
deeper is read in a second pass by ids. Paged queries select the same fields with a page
size whose cost fits one request; what a nested page leaves behind is read by its parent's id.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from shoptide.errors import ConfigError
from shoptide.resources.selection import Pruned, Rules, Shape, child_shape, open_to, scope_reason, shape, wanted_scopes
from shoptide.resources.stream import Child, Stream
from shoptide.resources.tables import Column, Table, singular, snake
from shoptide.shopify.cost import requested_cost
from shoptide.shopify.schema import Schema

PAGE_SIZES = (250, 200, 150, 100, 75, 50, 40, 30, 25, 20, 15, 10, 5, 3, 2, 1)
PAGE_BUDGET = 900  # of the 1,000 points one request may cost
NODES_AT_ONCE = 250
BULK_CONNECTIONS = 5
BULK_LEVELS = 2
WINDOW_FIELD = "created_at"
# A node that is there only to name its connections' parent: its content comes with another document.
STUB = "_stub"
STUB_TEXT = f"id {STUB}: __typename"


@dataclass(frozen=True)
class Branch:
    """A list or connection below a node: the table it fills, what is selected of its nodes, and what is below them."""

    child: Child
    table: str
    node_type: str
    connection: bool
    shape: Shape
    branches: tuple[Branch, ...] = ()

    def connections(self) -> tuple[Branch, ...]:
        """The connections that come with this branch; those of lists and deeper ones are read in second passes."""
        return tuple(branch for branch in self.branches if branch.connection)


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
        return 1 + len(self.connections)

    def text(self) -> str:
        if self.stub:
            texts = [STUB_TEXT]
        else:
            lists = [branch for branch in self.branch.branches if not branch.connection]
            texts = [self.branch.shape.text(), *_branch_texts(lists, paged=False)]
        texts += _branch_texts(self.connections, paged=False, depth=2)
        return f"{self.branch.child.field} {{ edges {{ node {{ {' '.join(texts)} }} }} }}"


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

    `document` takes `$ids` (at most `batch`), `rest` takes `$id`, `$first`, `$after`: both answer the connection
    `field` with `nodes` and `pageInfo`. Its rows are lines whose `__parentId` is the node's id; `children` are the
    connections inside them.
    """

    parent_table: str
    parent_type: str
    table: str
    field: str
    document: str
    rest: str
    first: int
    batch: int
    children: tuple[PagedChild, ...] = ()


@dataclass(frozen=True)
class PagedChild:
    """A connection inside a page's nodes: `field` on nodes of `parent_table`; `rest` reads on by the parent's id."""

    parent_table: str
    parent_type: str
    table: str
    field: str
    rest: str
    children: tuple[PagedChild, ...] = ()


@dataclass(frozen=True)
class StreamPlan:
    """How a stream is read. Tables stand parents before children; the first is the stream's own."""

    stream: Stream
    schema: Schema = field(repr=False)
    tables: tuple[Table, ...]
    pruned: tuple[Pruned, ...]
    branches: tuple[Branch, ...] = field(repr=False)
    root_shape: Shape = field(repr=False)

    @property
    def version(self) -> str:
        return self.schema.version

    @cached_property
    def bulk_parts(self) -> tuple[BulkPart, ...]:
        """The documents that hold the stream: one, unless it has more connections than a bulk query may."""
        if self.stream.via is not None:
            return (BulkPart(()),)  # what hangs on a carrier's list is read in second passes
        return pack(branch for branch in self.branches if branch.connection)

    def bulk_documents(self, search: str | None = None) -> tuple[str, ...]:
        """The queries that bulk operations run, one for each of `bulk_parts`."""
        return tuple(self._bulk_text(part, search) for part in self.bulk_parts)

    def _bulk_text(self, part: BulkPart, search: str | None) -> str:
        arguments = self._arguments([f"query: {_quoted(search)}"] if search else [])
        node = STUB_TEXT if part.stub else self._node_text(paged=False)
        inner = " ".join([node, *(piece.text() for piece in part.pieces)])
        return f"{{ {self.stream.root}{arguments} {{ edges {{ node {{ {inner} }} }} }} }}"

    @cached_property
    def page_size(self) -> int:
        """The largest page whose document fits the budget of one request."""
        for size in PAGE_SIZES:
            variables = {"first": size, "query": None, "after": None}
            if requested_cost(self.schema, self.page_document(), variables) <= PAGE_BUDGET:
                return size
        raise ConfigError(
            f"stream {self.stream.name}: even a page of one costs more than {PAGE_BUDGET} points",
            hint=f'leave fields out: [pull.….stream.{self.stream.name}] fields = {{ exclude = ["…"] }}',
        )

    def page_document(self, *, counted: bool = False) -> str:
        """A page, oldest change first: takes `$query`, `$first`, `$after`. `counted` asks for the whole count too."""
        given = ["first: $first", "after: $after"]
        root = self.schema.query_root.fields[self.stream.root]
        if "query" in root.arguments:
            given.append("query: $query")
        if self.stream.sort_key and "sortKey" in root.arguments:
            given.append(f"sortKey: {self.stream.sort_key}")
        declared = "$first: Int!, $after: String" + (", $query: String" if "query" in root.arguments else "")
        body = f"nodes {{ {self._node_text(paged=True)} }} pageInfo {{ hasNextPage endCursor }}"
        count = self._count_field() if counted and "query" in root.arguments else None
        page = f"{self.stream.root}{self._arguments(given)} {{ {body} }}"
        return f"query({declared}) {{ {page} {count or ''} }}"

    def ids_document(self, search: str | None = None) -> str:
        """The bulk query of reconciliation: the ids that exist, and no more."""
        inner = f"__typename id {self.stream.via} {{ __typename id }}" if self.stream.via else "__typename id"
        arguments = self._arguments([f"query: {_quoted(search)}"] if search else [])
        return f"{{ {self.stream.root}{arguments} {{ edges {{ node {{ {inner} }} }} }} }}"

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
        return WINDOW_FIELD if WINDOW_FIELD in self.schema.search_fields(self.stream.root) else None

    def oldest_document(self) -> str | None:
        """When the first record was created, as `createdAt`; None where the root can't be asked so."""
        root = self.schema.query_root.fields[self.stream.root]
        kind = self.schema.type(self.schema.connection_node(root.type.name))
        sort = root.arguments.get("sortKey")
        if (
            "createdAt" not in kind.fields
            or sort is None
            or "CREATED_AT" not in self.schema.type(sort.type.name).values
        ):
            return None
        given = self._arguments(["first: 1", "sortKey: CREATED_AT"])
        return f"{{ {self.stream.root}{given} {{ nodes {{ createdAt }} }} }}"

    def search_document(self) -> str:
        """The smallest question with a search: takes `$query`. Its answer tells whether the search was understood."""
        given = self._arguments(["first: 1", "query: $query"])
        return f"query($query: String) {{ {self.stream.root}{given} {{ nodes {{ __typename }} }} }}"

    def _count_field(self) -> str | None:
        if self.stream.count_root is None or self.stream.count_root not in self.schema.query_root.fields:
            return None
        limit = "limit: null, " if "limit" in self.schema.query_root.fields[self.stream.count_root].arguments else ""
        return f"{self.stream.count_root}({limit}query: $query) {{ count precision }}"

    def probe_document(self) -> str | None:
        """One cheap request that tells whether anything moved: the count and the newest change; takes `$query`."""
        counted = self.count_document()
        if counted is None or not self.stream.cursor or not self.stream.sort_key:
            return None
        newest = (
            f"{self.stream.root}(first: 1, reverse: true, sortKey: {self.stream.sort_key}, query: $query)"
            f" {{ nodes {{ id {self.stream.cursor} }} }}"
        )
        return counted.removesuffix("}").rstrip() + f" {newest} }}"

    @cached_property
    def passes(self) -> tuple[NodePass, ...]:
        return tuple(self._passes(self.branches, below_list=self.stream.via is not None))

    @cached_property
    def paged_children(self) -> tuple[PagedChild, ...]:
        """The connections inside the nodes of a page, and those inside theirs."""
        if self.stream.via is not None:
            return ()  # what hangs on a carrier's list is read in second passes
        own = self.tables[0]
        return _paged_children(self.branches, own.name, self.root_shape.kind.name)

    def nodes_document(self) -> str:
        """Records by their ids, as a page would have them: takes `$ids`."""
        kind = self.root_shape.kind.name
        return f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {kind} {{ {self._own_text(paged=True)} }} }} }}"

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    def _arguments(self, given: list[str]) -> str:
        parts = [*given, *([self.stream.arguments] if self.stream.arguments else [])]
        return f"({', '.join(parts)})" if parts else ""

    def _node_text(self, *, paged: bool) -> str:
        if self.stream.via is None:
            return self._own_text(paged=paged)
        return f"__typename id {self.stream.cursor or ''} {self.stream.via} {{ {self._own_text(paged=paged)} }}"

    def _own_text(self, *, paged: bool) -> str:
        """A node's own content; for a page with its connections, which `bulk_parts` distribute otherwise."""
        below_list = self.stream.via is not None
        chosen = self.branches if paged else [branch for branch in self.branches if not branch.connection]
        return " ".join([self.root_shape.text(), *_branch_texts(chosen, paged=paged, below_list=below_list)])

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
        inner = " ".join([branch.shape.text(), *_branch_texts(branch.branches, paged=True)])
        name, first = branch.child.field, branch.child.first
        page = f"{{ nodes {{ {inner} }} pageInfo {{ hasNextPage endCursor }} }}"
        many = f"... on {parent_type} {{ __typename id {name}(first: {first}) {page} }}"
        return NodePass(
            parent_table=table.parent,
            parent_type=parent_type,
            table=branch.table,
            field=name,
            document=f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ {many} }} }}",
            rest=rest_document(parent_type, name, inner),
            first=first,
            batch=NODES_AT_ONCE,
            children=_paged_children(branch.branches, branch.table, branch.node_type),
        )


def rest_document(parent_type: str, name: str, inner: str) -> str:
    """The rest of a connection of one record: takes `$id`, `$first`, `$after`."""
    page = f"{name}(first: $first, after: $after) {{ nodes {{ {inner} }} pageInfo {{ hasNextPage endCursor }} }}"
    declared = "$id: ID!, $first: Int!, $after: String"
    return f"query({declared}) {{ node(id: $id) {{ ... on {parent_type} {{ __typename id {page} }} }} }}"


def _paged_children(branches: tuple[Branch, ...], table: str, kind: str, depth: int = 1) -> tuple[PagedChild, ...]:
    if depth > BULK_LEVELS:
        return ()  # second passes read them
    return tuple(
        PagedChild(
            parent_table=table,
            parent_type=kind,
            table=branch.table,
            field=branch.child.field,
            rest=rest_document(kind, branch.child.field, _page_node_text(branch, depth)),
            children=_paged_children(branch.branches, branch.table, branch.node_type, depth + 1),
        )
        for branch in branches
        if branch.connection
    )


def _page_node_text(branch: Branch, depth: int) -> str:
    return " ".join([branch.shape.text(), *_branch_texts(branch.branches, paged=True, depth=depth + 1)])


def _branch_texts(branches: Iterable[Branch], *, paged: bool, below_list: bool = False, depth: int = 1) -> list[str]:
    texts = []
    for branch in branches:
        if branch.connection and (below_list or depth > BULK_LEVELS):
            continue  # a second pass reads it
        under, deeper = below_list or not branch.connection, depth + branch.connection
        below = _branch_texts(branch.branches, paged=paged, below_list=under, depth=deeper)
        inner = " ".join([branch.shape.text(), *below])
        if not branch.connection:
            texts.append(f"{branch.child.field} {{ {inner} }}")
        elif paged:
            page = f"nodes {{ {inner} }} pageInfo {{ hasNextPage endCursor }}"
            texts.append(f"{branch.child.field}(first: {branch.child.first}) {{ {page} }}")
        else:
            texts.append(f"{branch.child.field} {{ edges {{ node {{ {inner} }} }} }}")
    return texts


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# planning


def plan_stream(
    stream: Stream,
    schema: Schema,
    *,
    scopes: frozenset[str] | None = None,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    metafields: Iterable[str] = (),
) -> StreamPlan:
    """Plan a stream for an API version and a token's scopes (None: do not prune).

    `include` and `exclude` are GraphQL field names of the stream's records, children's with a dot
    (`lineItems.image`); `metafields` are `namespace.key`. Raises ConfigError for names that do not exist.
    """
    kind = schema.type(stream.node_type)
    chosen, dropped = frozenset(include), frozenset(exclude)
    _check_names(schema, stream, chosen | dropped)
    rules = Rules(
        scopes, stream.keep, stream.exclude | dropped, chosen | ({stream.cursor} if chosen and stream.cursor else set())
    )
    planner = _Planner(schema, rules)
    carrier = f"{snake(stream.carrier_type)}_gid" if stream.carrier_type else None
    root = shape(
        schema,
        kind,
        rules,
        tables=[child.field for child in stream.children],
        skip_columns=frozenset({carrier} if carrier else ()),
    )
    _add_metafields(root, metafields)
    own = Table(
        stream.name,
        stream.node_type,
        "list" if stream.via else "root",
        tuple(root.columns),
        ("gid",),
        parent_column=carrier,
        path=(stream.via,) if stream.via else (),
        typenames=(stream.node_type,),
    )
    planner.tables.append(own)
    branches = planner.branches(stream.children, own, where="")
    pruned = (*root.pruned, *planner.pruned)
    return StreamPlan(stream, schema, tuple(planner.tables), pruned, branches, root)


class _Planner:
    """Collects tables and pruned fields while it walks down the children."""

    def __init__(self, schema: Schema, rules: Rules) -> None:
        self.schema = schema
        self.rules = rules
        self.tables: list[Table] = []
        self.pruned: list[Pruned] = []

    def branches(self, children: Iterable[Child], parent: Table, *, where: str) -> tuple[Branch, ...]:
        found = (self._branch(child, parent, where) for child in children)
        return tuple(branch for branch in found if branch is not None)

    def _branch(self, child: Child, parent: Table, where: str) -> Branch | None:
        item = self.schema.type(parent.node_type).fields.get(child.field)
        path = f"{where}{child.field}"
        if item is None:
            self.pruned.append(Pruned(path, f"not in API version {self.schema.version}"))
            return None
        if path in self.rules.exclude or (self.rules.include and "." not in path and path not in self.rules.include):
            self.pruned.append(Pruned(path, "left out by the configuration"))
            return None
        groups = wanted_scopes(self.schema, item)
        if self.rules.scopes is not None and not open_to(groups, self.rules.scopes):
            self.pruned.append(Pruned(path, scope_reason(groups, self.rules.scopes)))
            return None
        target = self.schema.type(item.type.name)
        connection = target.is_connection
        kind = self.schema.type(self.schema.connection_node(target.name)) if connection else target
        parent_column = f"{singular(parent.name)}_gid"
        found = child_shape(self.schema, kind, child, self.rules, where=f"{path}.", parent_column=parent_column)
        self.pruned += found.pruned
        table = _child_table(child, parent, kind.name, parent_column, found, connection=connection)
        self.tables.append(table)
        inner = self.branches(child.children, table, where=f"{path}.")
        return Branch(child, child.table, kind.name, connection, found, inner)


def _child_table(
    child: Child, parent: Table, kind: str, parent_column: str, found: Shape, *, connection: bool
) -> Table:
    has_id = "id" in found.kind.fields and found.kind.fields["id"].type.required
    # An id that may be null (a refund line, a shipping line) is no key: such rows are numbered.
    return Table(
        child.table,
        kind,
        "lines" if connection else "list",
        tuple(found.columns),
        ("gid",) if has_id else (parent_column, "position"),
        parent=parent.name,
        parent_column=parent_column,
        path=(child.field,),
        typenames=found.kind.possible_types or (kind,),
        position_path=(child.position,) if child.position else None,
    )


def _add_metafields(root: Shape, metafields: Iterable[str]) -> None:
    for name in metafields:
        namespace, _, key = name.rpartition(".")
        if not namespace or not key:
            raise ConfigError(f"metafield {name!r} must be written as namespace.key, for example custom.erp_id")
        alias = "metafield_" + snake("".join(c if c.isalnum() else "_" for c in name))
        root.texts.append(f"{alias}: metafield(namespace: {_quoted(namespace)}, key: {_quoted(key)}) {{ value }}")
        root.columns.append(Column(alias, "text", (alias, "value")))


def _check_names(schema: Schema, stream: Stream, names: Iterable[str]) -> None:
    """Raise ConfigError for a field that the stream's type does not have, with the ones that look like it."""
    for name in sorted(names):
        kind = schema.type(stream.node_type)
        for step in name.split("."):
            item = kind.fields.get(step)
            if item is None:
                near = difflib.get_close_matches(step, kind.fields, n=3)
                hint = (
                    f"did you mean {', '.join(near)}?"
                    if near
                    else f"see the fields of {kind.name} in `shoptide discover`"
                )
                raise ConfigError(f"stream {stream.name}: {kind.name} has no field {step!r} (in {name!r})", hint=hint)
            kind = schema.type(item.type.name)
            if kind.is_connection:
                kind = schema.type(schema.connection_node(kind.name))
