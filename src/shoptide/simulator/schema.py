"""The compact Admin API schema of a version as a graphql-core schema: types and coercion, no resolvers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from graphql import (
    DirectiveLocation,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLEnumType,
    GraphQLEnumValue,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    Undefined,
    parse_value,
    specified_directives,
    specified_scalar_types,
)
from graphql.utilities import value_from_ast

from shoptide.shopify import schema as compact
from shoptide.simulator.scalars import SCALARS

Lookup = Callable[[str], GraphQLNamedType]


class Builder:
    """Turns compact types into graphql-core ones, each when first asked for; fields are thunks: cycles do no harm."""

    def __init__(self, source: compact.Schema) -> None:
        self.source = source
        self.types: dict[str, GraphQLNamedType] = dict(specified_scalar_types)

    def named(self, name: str) -> GraphQLNamedType:
        if name not in self.types:
            entry = self.source.type(name)
            self.types[name] = getattr(self, f"_{entry.kind.lower()}")(entry)
        return self.types[name]

    def ref(self, text: str) -> Any:
        """`[LineItem!]!` → the wrapped graphql-core type."""
        if text.endswith("!"):
            return GraphQLNonNull(self.ref(text[:-1]))
        if text.startswith("["):
            return GraphQLList(self.ref(text[1:-1]))
        return self.named(text)

    def _default(self, argument: compact.Argument, kind: Any) -> Any:
        return Undefined if argument.default is None else value_from_ast(parse_value(argument.default), kind)

    def _argument(self, argument: compact.Argument) -> GraphQLArgument:
        kind = self.ref(argument.type.text)
        return GraphQLArgument(kind, default_value=self._default(argument, kind))

    def _fields(self, entry: compact.Type) -> dict[str, GraphQLField]:
        return {
            field.name: GraphQLField(
                self.ref(field.type.text),
                args={name: self._argument(argument) for name, argument in field.arguments.items()},
            )
            for field in entry.fields.values()
        }

    def _interfaces(self, entry: compact.Type) -> list[Any]:
        return [self.named(name) for name in entry.interfaces]

    def _object(self, entry: compact.Type) -> GraphQLObjectType:
        return GraphQLObjectType(entry.name, lambda: self._fields(entry), interfaces=lambda: self._interfaces(entry))

    def _interface(self, entry: compact.Type) -> GraphQLInterfaceType:
        return GraphQLInterfaceType(entry.name, lambda: self._fields(entry), interfaces=lambda: self._interfaces(entry))

    def _union(self, entry: compact.Type) -> GraphQLUnionType:
        members: Any = lambda: [self.named(name) for name in entry.possible_types]  # noqa: E731  # a thunk
        return GraphQLUnionType(entry.name, members)

    def _enum(self, entry: compact.Type) -> GraphQLEnumType:
        return GraphQLEnumType(entry.name, {name: GraphQLEnumValue(name) for name in entry.values})

    def _scalar(self, entry: compact.Type) -> GraphQLScalarType:
        return SCALARS.get(entry.name) or GraphQLScalarType(entry.name)

    def _input_object(self, entry: compact.Type) -> GraphQLInputObjectType:
        def fields() -> dict[str, GraphQLInputField]:
            found = {}
            for value in entry.inputs.values():
                kind = self.ref(value.type.text)
                found[value.name] = GraphQLInputField(kind, default_value=self._default(value, kind))
            return found

        return GraphQLInputObjectType(entry.name, fields, is_one_of=entry.one_of)


def _idempotent() -> GraphQLDirective:
    from graphql import GraphQLString

    key = GraphQLArgument(GraphQLNonNull(GraphQLString))
    return GraphQLDirective("idempotent", [DirectiveLocation.FIELD], args={"key": key})


@cache
def executable(version: str) -> GraphQLSchema:
    """The graphql-core schema of a version; built once a process (about a second), used by every shop."""
    source = compact.load(version)
    builder = Builder(source)
    query: Any = builder.named(source.raw["query"])
    mutation: Any = builder.named(source.raw["mutation"])
    everything = [builder.named(name) for name in source.names()]
    directives = [*specified_directives, _idempotent()]
    return GraphQLSchema(query, mutation, types=everything, directives=directives, assume_valid=True)
