"""Streams that a configuration names: any root connection of the Admin API whose records have an id."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping

from shoptide.errors import ConfigError
from shoptide.resources.place import NotThere, located, node_of
from shoptide.resources.stream import Child, Stream
from shoptide.shopify.schema import SUPPORTED_VERSIONS, Argument, Schema, load

PAGING = ("first", "last", "after", "before", "reverse", "sortKey", "query", "savedSearchId")


def of_query(
    name: str,
    root: str,
    schema: Schema,
    *,
    search: str = "",
    arguments: Mapping[str, object] | None = None,
    where: str = "",
) -> Stream:
    """The stream of a root. Raises ConfigError for one that does not exist, has no records with ids, or asks for more.

    `search` is a filter in Shopify's search syntax; `arguments` are further arguments by their GraphQL names. A root
    that only another supported version has makes a stream that this one can't read.
    """
    bare = Stream(name, root)
    try:
        _, place = located(bare, schema)
    except NotThere:
        if any(_is_there(bare, version) for version in SUPPORTED_VERSIONS):
            return bare
        raise _unknown_root(where, root, schema) from None
    if "id" not in place.node.fields:
        raise ConfigError(
            f"{where} root = {root!r} gives {place.node.name}, whose records have no id to tell them apart",
            hint="choose a root whose records have one",
        )
    given = dict(arguments or {})
    _check_arguments(where, root, place.root.arguments, given)
    if search and "query" not in place.root.arguments:
        raise ConfigError(f"{where} filter: {root} can't be searched", hint="leave the filter out")
    texts = tuple(f"{key}: {_literal(schema, place.root.arguments[key], value)}" for key, value in given.items())
    return Stream(name, root, filter=search, arguments=texts)


def _is_there(stream: Stream, version: str) -> bool:
    try:
        located(stream, load(version))
    except NotThere:
        return False
    return True


def _unknown_root(where: str, root: str, schema: Schema) -> ConfigError:
    known = [item.name for item in schema.query_root.fields.values() if _lists_records(schema, item.type.name)]
    near = difflib.get_close_matches(root, known, n=3)
    hint = f"did you mean {', '.join(near)}?" if near else f"roots are {', '.join(known)}"
    return ConfigError(f"{where} root: the Admin API {schema.version} has no {root!r}", hint=hint)


def _lists_records(schema: Schema, kind: str) -> bool:
    target = schema.type(kind)
    return target.is_connection and "id" in node_of(schema, target).fields


def _check_arguments(where: str, root: str, known: Mapping[str, Argument], given: Mapping[str, object]) -> None:
    for key in given:
        if key not in known or key in PAGING:
            free = ", ".join(name for name in known if name not in PAGING) or "none"
            raise ConfigError(f"{where} arguments.{key}: {root} takes no such argument", hint=f"it takes {free}")
    for key, argument in known.items():
        if argument.required and key not in given:
            raise ConfigError(
                f"{where} {root} needs the argument {key} ({argument.type.text})", hint=f"arguments = {{ {key} = … }}"
            )


def _literal(schema: Schema, argument: Argument, value: object) -> str:
    """A configured value as GraphQL text: enumerations bare, everything else as JSON writes it."""
    if isinstance(value, list):
        return f"[{', '.join(_literal(schema, argument, each) for each in value)}]"
    if schema.type(argument.type.name).kind == "ENUM":
        return str(value).upper()
    return json.dumps(value)


def table_names(stream: Stream) -> Iterator[str]:
    """The tables that a stream fills."""
    yield stream.name
    yield from _child_tables(stream.children)


def _child_tables(children: Iterable[Child]) -> Iterator[str]:
    for child in children:
        yield child.table
        yield from _child_tables(child.children)
