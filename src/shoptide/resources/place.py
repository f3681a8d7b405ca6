"""Where a stream's records are in one API version, as its schema tells; completes what a declaration leaves open.

The capabilities differ from root to root (FACTS §4): some can be searched by `updated_at`, some are sorted by it, some
are counted, some are no connection at all. None of that is written in a declaration that the schema can answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from shoptide.resources.selection import open_to, scope_reason
from shoptide.resources.stream import AS_THE_SCHEMA_SAYS, Stream
from shoptide.shopify.schema import Field, Schema, ScopeGroups, Type

Form = Literal["connection", "list", "one"]


class NotThere(Exception):  # noqa: N818  # a finding about a version, not a fault
    """A declaration names what this version of the API does not have."""


@dataclass(frozen=True)
class Place:
    """The way from the query root to a stream's records.

    `path` are the fields to the root, `form` what is found there, `carrier` its nodes' type. `via` are the fields from
    there to the records (empty when the nodes are the records), `via_connection` whether that ends in a connection.
    `node` is the records' type; `values` are those of the argument `each`.
    """

    path: tuple[str, ...]
    form: Form
    carrier: Type
    root: Field
    node: Type
    via: tuple[str, ...] = ()
    via_connection: bool = False
    values: tuple[str, ...] = ()
    scopes: ScopeGroups = ()
    bulk: bool = True

    @property
    def key(self) -> str:
        """The root field's own name, below the objects it is in."""
        return self.path[-1]


@dataclass(frozen=True)
class Step:
    """A field on a path: the type that has it, and the field."""

    owner: Type
    field: Field


def steps(schema: Schema, kind: Type, path: str) -> Iterator[Step]:
    """The fields along a dotted path; one that only members of a union or interface have is the first of theirs.

    Raises NotThere for a field that the version does not have.
    """
    for name in path.split("."):
        owners = _owners(schema, kind, name)
        if not owners:
            raise NotThere(f"{kind.name}.{name} is not in API version {schema.version}")
        yield Step(owners[0], owners[0].fields[name])
        kind = schema.type(owners[0].fields[name].type.name)


def _owners(schema: Schema, kind: Type, name: str) -> list[Type]:
    """The type itself when it has the field, else those of its members that have it and type it alike."""
    if name in kind.fields:
        return [kind]
    found = [each for each in map(schema.type, kind.possible_types) if name in each.fields]
    return [each for each in found if each.fields[name].type.text == found[0].fields[name].type.text]


def field_there(schema: Schema, kind: Type, path: str) -> Field | None:
    """The field at the end of a dotted path; None where this version has none."""
    try:
        *_, last = steps(schema, kind, path)
    except NotThere:
        return None
    return last.field


def wrapped(schema: Schema, kind: Type, path: str, text: str) -> str:
    """`text`, the selection of the path's last field, inside what leads there: `ruleSet { … }`, `... on X { … }`."""
    name, _, rest = path.partition(".")
    owners = _owners(schema, kind, name)
    inner = schema.type(owners[0].fields[name].type.name)
    own = f"{name} {{ {wrapped(schema, inner, rest, text)} }}" if rest else text
    return own if owners == [kind] else " ".join(f"... on {each.name} {{ {own} }}" for each in owners)


def node_of(schema: Schema, target: Type) -> Type:
    """The type of a connection's nodes; any other type is its own."""
    return schema.type(schema.connection_node(target.name)) if target.is_connection else target


def located(stream: Stream, schema: Schema) -> tuple[Stream, Place]:
    """The declaration with everything open filled in, and where its records are. Raises NotThere."""
    place = _place(stream, schema)
    return _completed(stream, schema, place), place


def _place(stream: Stream, schema: Schema) -> Place:
    taken = list(steps(schema, schema.query_root, stream.root))
    root = taken[-1].field
    target = schema.type(root.type.name)
    form: Form = "connection" if target.is_connection else "list" if root.type.is_list else "one"
    carrier = node_of(schema, target)
    node, via_connection = carrier, False
    if stream.via:
        below = list(steps(schema, carrier, stream.via))
        taken += below
        reached = schema.type(below[-1].field.type.name)
        node, via_connection = node_of(schema, reached), reached.is_connection
    groups: ScopeGroups = ()
    for step in taken:
        groups += step.field.scopes + node_of(schema, schema.type(step.field.type.name)).scopes
    path = tuple(stream.root.split("."))
    return Place(
        path=path,
        form=form,
        carrier=carrier,
        root=root,
        node=node,
        via=tuple(stream.via.split(".")) if stream.via else (),
        via_connection=via_connection,
        values=schema.type(root.arguments[stream.each].type.name).values if stream.each else (),
        scopes=tuple(dict.fromkeys(groups)),
        bulk=stream.bulk and form == "connection" and len(path) == 1 and not stream.each and is_node(schema, carrier),
    )


def is_node(schema: Schema, kind: Type) -> bool:
    """Whether records of the type are found by their id, and a bulk query may be over them (FACTS §4)."""
    concrete = [schema.type(name) for name in kind.possible_types] or [kind]
    return all("Node" in each.interfaces for each in concrete)


def _completed(stream: Stream, schema: Schema, place: Place) -> Stream:
    searchable = stream.search
    if searchable == AS_THE_SCHEMA_SAYS:
        known = schema.search_fields(place.key) if len(place.path) == 1 else {}
        searchable = "updated_at" if "updated_at" in known and "query" in place.root.arguments else None
    cursor = stream.cursor
    if cursor == AS_THE_SCHEMA_SAYS:
        told = searchable or (_is_sorted_by_change(schema, place) and not place.via)
        cursor = "updatedAt" if told and not stream.search_via and "updatedAt" in place.carrier.fields else None
    return replace(
        stream,
        node_type=stream.node_type or place.node.name,
        carrier_type=place.carrier.name if stream.via else None,
        arguments=known_arguments(place.root, stream.arguments),
        search=searchable,
        cursor=cursor,
        sort_key=_sort_key(stream, schema, place, cursor),
        count_root=_count_root(stream, schema, place),
    )


def _sort_key(stream: Stream, schema: Schema, place: Place, cursor: str | None) -> str | None:
    """The order by last change. Without one, ids: an order that does not move while pages are read."""
    if stream.sort_key != AS_THE_SCHEMA_SAYS:
        return stream.sort_key
    argument = place.root.arguments.get("sortKey")
    keys = schema.type(argument.type.name).values if argument else ()
    if cursor == "updatedAt" and _is_sorted_by_change(schema, place):
        return "UPDATED_AT"
    return "ID" if "ID" in keys else None


def _is_sorted_by_change(schema: Schema, place: Place) -> bool:
    argument = place.root.arguments.get("sortKey")
    return argument is not None and "UPDATED_AT" in schema.type(argument.type.name).values


def _count_root(stream: Stream, schema: Schema, place: Place) -> str | None:
    """The root that counts what a search of this one finds."""
    if stream.count_root != AS_THE_SCHEMA_SAYS:
        return stream.count_root
    name = f"{place.key}Count"
    counting = schema.query_root.fields.get(name)
    alike = counting is not None and "query" in counting.arguments and len(place.path) == 1
    return name if alike and not stream.arguments else None


def known_arguments(item: Field, given: tuple[str, ...]) -> tuple[str, ...]:
    """Those that the field takes in this version."""
    return tuple(each for each in given if each.partition(":")[0] in item.arguments)


def closed_reason(place: Place, scopes: frozenset[str] | None) -> str | None:
    """Why a token may not read any of it; None when it may."""
    if scopes is None or open_to(place.scopes, scopes):
        return None
    return scope_reason(place.scopes, scopes)
