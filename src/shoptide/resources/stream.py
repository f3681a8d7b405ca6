"""What a stream is: where the records are found, which of their parts get tables of their own. Declarations only."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Child:
    """A list or connection of a record that becomes a table of its own.

    `field` is the GraphQL field on the parent, `table` the table's name. `position` names a field that numbers the
    rows of one parent where they have no id; without it the order of arrival does. `first` is how many a paged
    query asks for at once. `extra` are selections the schema walk does not make, with the JSON columns they fill.
    """

    field: str
    table: str
    children: tuple[Child, ...] = ()
    position: str | None = None
    first: int = 10
    exclude: frozenset[str] = frozenset()
    extra: tuple[tuple[str, str], ...] = ()  # (column's JSON key, selection text)


@dataclass(frozen=True)
class Stream:
    """A table of the warehouse and its children, fed from one root connection of the Admin API.

    `via` names a list field on the root's nodes where the stream's own records are (fulfillments are found through
    orders): the root's nodes are then carriers only. `search` is the search field the cursor filters by, None where
    the root has none; `keep` are deprecated fields that people expect all the same; `exclude` are left out because
    they cost much, need arguments that have no sensible default, or are no facts of the record.
    """

    name: str
    root: str
    node_type: str
    count_root: str | None = None
    search: str | None = "updated_at"
    cursor: str | None = "updatedAt"
    sort_key: str | None = "UPDATED_AT"
    via: str | None = None
    carrier_type: str | None = None
    arguments: str = ""  # further arguments of the root, as GraphQL text: `includeClosed: true`
    children: tuple[Child, ...] = ()
    keep: frozenset[str] = field(default_factory=frozenset)
    exclude: frozenset[str] = field(default_factory=frozenset)
    depends_on: tuple[str, ...] = ()
