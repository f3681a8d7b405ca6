"""Searching and sorting of types that no domain module models: as far as the schema tells, by the records' own fields.

A record that somebody put into the shop is then found by id and by its dates like any other. A documented search field
that none of the record's fields answers to matches everything.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shoptide.simulator.registry import SEARCHES, SORTS, Extract, SearchField, SearchSpec, SortSpec

if TYPE_CHECKING:
    from shoptide.shopify.schema import Schema, Type

KINDS = {"time": "instant", "id": "id", "boolean": "boolean", "integer": "number", "float": "number"}


def describe(schema: Schema, root: str, kind: str) -> None:
    """Make a root's records searchable and sortable, unless a domain module did."""
    node, fields = schema.type(kind), schema.search_fields(root)
    if kind not in SEARCHES and fields:
        SEARCHES[kind] = SearchSpec({name: search_field(node, name, what) for name, what in fields.items()})
    sort = schema.query_root.fields[root].arguments.get("sortKey")
    if root not in SORTS and sort is not None:
        keys = {key: _reading(camel(key.lower())) for key in schema.type(sort.type.name).values}
        SORTS[root] = SortSpec({**keys, "ID": _reading("_")}, default=sort.default or "ID")


def search_field(node: Type, name: str, what: str) -> SearchField:
    key = camel(name)
    if key in node.fields:
        return SearchField(KINDS.get(what, "token"), _reading(key))
    return SearchField("anything", _reading(key))


def camel(name: str) -> str:
    """`updated_at` → updatedAt, as records have it."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)


def _reading(key: str) -> Extract:
    return lambda record, _shop: record.get(key)
