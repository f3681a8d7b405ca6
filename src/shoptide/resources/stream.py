"""What a stream is: where the records are found, which of their parts get tables of their own. Declarations only.

What the schema knows is not declared: which type the records have, whether the root can be searched by their last
change and sorted by it, what counts them. `resources.place` reads that from the schema of the version in use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

AS_THE_SCHEMA_SAYS = ""
# The store words it relative to now ("about 2 hours"): it changes by itself, and `createdAt` says the same.
RELATIVE = frozenset({"lifetimeDuration"})


@dataclass(frozen=True)
class Child:
    """A list or connection of a record that becomes a table of its own.

    `field` is the GraphQL field on the parent, with a dot where it is inside an object (`ruleSet.rules`); `table` the
    table's name. `position` names a field that numbers the rows of one parent where they have no id; without it the
    order of arrival does. `first` is how many a paged query asks for at once. `arguments` are further arguments of the
    field, as GraphQL text; what a version does not have is left out. `extra` are selections the schema walk does not
    make, with the JSON columns they fill; `spread` are objects or unions whose fields become columns of the row.
    """

    field: str
    table: str
    children: tuple[Child, ...] = ()
    position: str | None = None
    first: int = 10
    arguments: tuple[str, ...] = ()
    exclude: frozenset[str] = frozenset()
    extra: tuple[tuple[str, str], ...] = ()  # (column's JSON key, selection text)
    spread: frozenset[str] = frozenset()
    shared: bool = False  # one record may hang on several parents: it is a row below each
    link: bool = False  # the records belong to another stream: only which ones they are


@dataclass(frozen=True)
class Stream:
    """A table of the warehouse and its children, fed from one root of the Admin API.

    `root` is the path from the query root: mostly a connection (`orders`), also one inside an object
    (`shopifyPaymentsAccount.payouts`), a list, or a single object (`shop`). `via` is the path on the root's nodes where
    the stream's own records are, a list or a connection (fulfillments are found through orders): the root's nodes are
    then carriers only. `each` is a required argument of the root, asked for with every value of its enumeration.

    `search` is the search field the cursor filters by and `cursor` the node's field that goes with it; by default
    `updated_at` and `updatedAt`, where the root has them. None: everything is read every time. `search_via` says that
    the carrier's connection is searched instead of the root. `keep` are deprecated fields that people expect all the
    same; `exclude` are left out because they cost much, ask something, or are no facts of the record. `bulk` is False
    where Shopify runs no bulk operation though the schema lets it look so.
    """

    name: str
    root: str
    node_type: str = AS_THE_SCHEMA_SAYS
    via: str | None = None
    each: str | None = None
    carrier_type: str | None = AS_THE_SCHEMA_SAYS
    count_root: str | None = AS_THE_SCHEMA_SAYS
    search: str | None = AS_THE_SCHEMA_SAYS
    cursor: str | None = AS_THE_SCHEMA_SAYS
    sort_key: str | None = AS_THE_SCHEMA_SAYS
    search_via: bool = False
    filter: str = ""  # a search that always holds
    arguments: tuple[str, ...] = ()  # further arguments of the root, as GraphQL text: `includeClosed: true`
    via_arguments: tuple[str, ...] = ()  # the same for the carrier's list or connection
    via_first: int = 10  # how many of the carrier's connection a page asks for at once
    children: tuple[Child, ...] = ()
    keep: frozenset[str] = field(default_factory=frozenset)
    exclude: frozenset[str] = field(default_factory=frozenset)
    extra: tuple[tuple[str, str], ...] = ()
    spread: frozenset[str] = field(default_factory=frozenset)
    bulk: bool = True
    refresh: timedelta | None = None  # everything is read so often: what it holds changes without being found by search

    @property
    def always(self) -> str:
        """The filter as a part of any search; `A OR B C` means `A OR (B AND C)` (FACTS 10)."""
        return f"({self.filter})" if self.filter else ""
