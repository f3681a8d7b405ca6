"""The arguments a resolver gets: literals and variables put together, defaults in place, absent ones absent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)

from shoptide.simulator.literals import accept, plain

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record

ABSENT: Any = object()


def arguments(definition: Any, node: Any, variables: Record) -> Record:
    """The arguments of a field or directive node by their GraphQL names; the document has passed validation."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    return _named(definition.args, given, variables)


def _named(wanted: Any, given: dict[str, ValueNode], variables: Record) -> Record:
    found: Record = {}
    for name, item in wanted.items():
        value = _value(given[name], item.type, variables) if name in given else ABSENT
        if value is ABSENT and item.default_value is not Undefined:
            value = item.default_value
        if value is not ABSENT:
            found[name] = value
    return found


def _value(node: ValueNode, kind: Any, variables: Record) -> Any:
    if isinstance(node, VariableNode):
        return variables.get(node.name.value, ABSENT)
    if isinstance(node, NullValueNode):
        return None
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(inner, GraphQLList):
        items = node.values if isinstance(node, ListValueNode) else (node,)
        values = [_value(item, inner.of_type, variables) for item in items]
        return [None if value is ABSENT else value for value in values]
    if isinstance(inner, GraphQLInputObjectType) and isinstance(node, ObjectValueNode):
        return _named(inner.fields, {field.name.value: field.value for field in node.fields}, variables)
    if isinstance(inner, GraphQLEnumType):
        return plain(node)
    return accept(inner.name, _json(node, variables))


def _json(node: ValueNode, variables: Record) -> Any:
    """A literal for a scalar that may be any JSON: variables may stand anywhere inside."""
    if isinstance(node, VariableNode):
        return variables.get(node.name.value)
    if isinstance(node, ListValueNode):
        return [_json(item, variables) for item in node.values]
    if isinstance(node, ObjectValueNode):
        return {field.name.value: _json(field.value, variables) for field in node.fields}
    return plain(node)
