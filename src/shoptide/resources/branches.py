"""What hangs below a record, in documents: its lists and connections, how many of their rows at once, and the rest.

A page asks for as many rows as its cost allows; what it leaves behind is read by the owner's id.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shoptide.resources.place import is_node
from shoptide.resources.selection import Shape
from shoptide.resources.stream import Child
from shoptide.shopify.cost import page_weight, requested_cost
from shoptide.shopify.schema import Schema

# The largest pages of each weight (FACTS §3): 34 records cost what 54 do.
PAGE_SIZES = (250, *(size for size in range(249, 0, -1) if page_weight(size) < page_weight(size + 1)))
PAGE_BUDGET = 900  # of the 1,000 points one request may cost
BULK_LEVELS = 2  # of connections below the root that one operation may ask for
HERE = "{here}"  # stands for a field's own text in what goes around it


@dataclass(frozen=True)
class Branch:
    """A list or connection below a node: the table it fills, what is selected of its nodes, and what is below them.

    `around` is what goes around the field's own text (HERE) where it is inside objects of the node.
    """

    child: Child
    table: str
    node_type: str
    connection: bool
    shape: Shape
    branches: tuple[Branch, ...] = ()
    around: str = HERE

    def spelled(self, given: Iterable[str], inner: str) -> str:
        """The selection of the branch with these arguments and content."""
        return self.around.replace(HERE, f"{called(self.child.field, (*given, *self.child.arguments))} {{ {inner} }}")

    @property
    def first(self) -> int:
        """How many of its rows a page asks for at once: as many as cost the same as those that are declared."""
        return next((size for size in reversed(PAGE_SIZES) if size >= self.child.first), self.child.first)

    def connections(self) -> tuple[Branch, ...]:
        """The connections that come with this branch; those of lists and deeper ones are read in second passes."""
        return tuple(branch for branch in self.branches if branch.connection)


@dataclass(frozen=True)
class PagedChild:
    """A connection inside a page's nodes: `field` on nodes of `parent_table`; `rest` reads on by the parent's id,
    `rest_first` rows at once.

    Where the parent is not found by its id, `rest` is None: more than one page of it takes a bulk operation.
    """

    parent_table: str
    parent_type: str
    table: str
    field: str
    rest: str | None
    rest_first: int
    children: tuple[PagedChild, ...] = ()


def called(name: str, given: Iterable[str]) -> str:
    """A field with the arguments that are there: `orders(first: 1)`."""
    parts = ", ".join(part for part in given if part)
    return f"{name.rpartition('.')[2]}({parts})" if parts else name.rpartition(".")[2]


def page_body(inner: str) -> str:
    """A page's rows by their edges: where nothing came, `nodes` are charged as if the page were full (FACTS §3)."""
    return f"edges {{ node {{ {inner} }} }} pageInfo {{ hasNextPage endCursor }}"


def rows_in(page: dict[str, Any]) -> list[Any]:
    """The rows of a page that was asked for so."""
    return [edge["node"] for edge in page["edges"]]


def rest_size(schema: Schema, document: str) -> int:
    """How many rows of a connection to ask for at once where only they are wanted: what fits the budget of a request.

    Ten times the rows are not three times the points (FACTS §3).
    """
    fits = (size for size in PAGE_SIZES if requested_cost(schema, document, {"first": size}) <= PAGE_BUDGET)
    return next(fits, 1)


def rest_document(parent_type: str, branch: Branch, inner: str) -> str:
    """The rest of a connection of one record: takes `$id`, `$first`, `$after`, and `$query` where it is searched."""
    page = branch.spelled(("first: $first", "after: $after"), page_body(inner))
    declared = "$id: ID!, $first: Int!, $after: String" + (", $query: String" if "$query" in page else "")
    return f"query({declared}) {{ node(id: $id) {{ ... on {parent_type} {{ __typename id {page} }} }} }}"


def paged_children(
    schema: Schema, branches: tuple[Branch, ...], table: str, kind: str, depth: int = 1
) -> tuple[PagedChild, ...]:
    if depth > BULK_LEVELS:
        return ()  # second passes read them
    return tuple(_paged_child(schema, branch, table, kind, depth) for branch in branches if branch.connection)


def _paged_child(schema: Schema, branch: Branch, table: str, kind: str, depth: int) -> PagedChild:
    rest = None
    if is_node(schema, schema.type(kind)):
        rest = rest_document(kind, branch, _page_node_text(branch, depth))
    return PagedChild(
        parent_table=table,
        parent_type=kind,
        table=branch.table,
        field=branch.child.field,
        rest=rest,
        rest_first=rest_size(schema, rest) if rest else 1,
        children=paged_children(schema, branch.branches, branch.table, branch.node_type, depth + 1),
    )


def _page_node_text(branch: Branch, depth: int) -> str:
    return " ".join([branch.shape.text(), *branch_texts(branch.branches, paged=True, depth=depth + 1)])


def branch_texts(branches: Iterable[Branch], *, paged: bool, below_list: bool = False, depth: int = 1) -> list[str]:
    texts = []
    for branch in branches:
        if branch.connection and (below_list or depth > BULK_LEVELS):
            continue  # a second pass reads it
        under, deeper = below_list or not branch.connection, depth + branch.connection
        below = branch_texts(branch.branches, paged=paged, below_list=under, depth=deeper)
        inner = " ".join([branch.shape.text(), *below])
        if not branch.connection:
            texts.append(branch.spelled((), inner))
        elif paged:
            texts.append(branch.spelled((f"first: {branch.first}",), page_body(inner)))
        else:
            texts.append(branch.spelled((), f"edges {{ node {{ {inner} }} }}"))
    return texts
