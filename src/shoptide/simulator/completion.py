"""From records to an answer: a selection compiled once a request into closures, then run over every record.

graphql-core parses, validates and coerces; its executor is not used, because it spends about ten times as long per
value, and a bulk query over 100,000 orders has tens of millions of them. `tests/contract/test_simulator_execution.py`
holds the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    InlineFragmentNode,
    SelectionSetNode,
)
from graphql.type import GraphQLIncludeDirective, GraphQLSkipDirective

from shoptide.simulator import paging
from shoptide.simulator.access import denial
from shoptide.simulator.arguments import arguments
from shoptide.simulator.context import Context
from shoptide.simulator.registry import FIELDS, Listing, TopLevelError
from shoptide.simulator.shop import Record, kind_of

if TYPE_CHECKING:
    from shoptide.shopify import schema as compact

Step = Callable[[Record, Context], Any]
Completer = Callable[[Any, Context], Any]

ABSTRACT = (GraphQLInterfaceType, GraphQLUnionType)


class Bubble(Exception):  # noqa: N818  # no error of its own: a null on its way up to the next nullable field
    """A required value came out null."""


def money_text(value: Any) -> str:
    """A decimal as Shopify writes it: no trailing zeros, but always one digit after the point."""
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    text = format(number, "f")
    if "." not in text:
        return text + ".0"
    text = text.rstrip("0")
    return text + "0" if text.endswith(".") else text


LEAVES: dict[str, Callable[[Any], Any]] = {
    "Money": lambda value: value if isinstance(value, str) else money_text(value),
    "Decimal": lambda value: value if isinstance(value, str) else money_text(value),
    "UnsignedInt64": str,
    "BigInt": str,
    "ID": str,
}

ZEROS: dict[str, Any] = {
    "Boolean": False,
    "Int": 0,
    "Float": 0.0,
    "UnsignedInt64": "0",
    "BigInt": "0",
    "Money": "0.0",
    "Decimal": "0.0",
    "JSON": {},
}


def zero_of(kind: Any) -> Any:
    """What a required leaf shows that the shop does not model."""
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if kind.name == "CurrencyCode":
        return "USD"
    return ZEROS.get(kind.name, "")


class Selections:
    """The fields a selection asks of a type, with fragments, @skip and @include resolved for these variables."""

    def __init__(
        self, schema: GraphQLSchema, fragments: dict[str, FragmentDefinitionNode], variables: dict[str, Any]
    ) -> None:
        self.schema = schema
        self.fragments = fragments
        self.variables = variables
        self._known: dict[tuple[str, tuple[int, ...]], dict[str, list[FieldNode]]] = {}

    def fields(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> dict[str, list[FieldNode]]:
        # Nodes live as long as their document, so their identity is a key for the length of a request.
        key = (kind.name, tuple(map(id, sets)))
        if key not in self._known:
            found: dict[str, list[FieldNode]] = {}
            for selection_set in sets:
                self._collect(kind, selection_set, found, set())
            self._known[key] = found
        return self._known[key]

    def _collect(
        self,
        kind: GraphQLObjectType,
        selection_set: SelectionSetNode,
        found: dict[str, list[FieldNode]],
        seen: set[str],
    ) -> None:
        for node in selection_set.selections:
            if not self._wanted(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                found.setdefault(key, []).append(node)
                continue
            fragment: Any = node
            if isinstance(node, FragmentSpreadNode):
                if node.name.value in seen:
                    continue
                seen.add(node.name.value)
                fragment = self.fragments[node.name.value]
            condition = fragment.type_condition
            if condition is None or self._applies(kind, condition.name.value):
                self._collect(kind, fragment.selection_set, found, seen)

    def _wanted(self, node: FieldNode | FragmentSpreadNode | InlineFragmentNode | Any) -> bool:
        if not node.directives:
            return True
        given = {directive.name.value: directive for directive in node.directives}
        if "skip" in given and arguments(GraphQLSkipDirective, given["skip"], self.variables).get("if"):
            return False
        if "include" in given:
            return bool(arguments(GraphQLIncludeDirective, given["include"], self.variables).get("if"))
        return True

    def _applies(self, kind: GraphQLObjectType, condition: str) -> bool:
        if kind.name == condition:
            return True
        other = self.schema.type_map[condition]
        return isinstance(other, ABSTRACT) and self.schema.is_sub_type(other, kind)


class Compiler:
    """Compiles selections into steps for one document with its variables."""

    def __init__(self, schema: GraphQLSchema, source: compact.Schema, selections: Selections, context: Context) -> None:
        self.schema = schema
        self.source = source
        self.selections = selections
        self.context = context

    # objects

    def object_steps(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> list[tuple[str, Step]]:
        return [(key, self.field_step(kind, key, nodes)) for key, nodes in self.selections.fields(kind, sets).items()]

    def object_completer(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Completer:
        steps = self.object_steps(kind, sets)

        def complete(record: Any, ctx: Context) -> Any:
            if record.__class__ is str:
                record = ctx.shop.get(record)
                if record is None:
                    return None
            return {key: step(record, ctx) for key, step in steps}

        return complete

    def abstract_completer(self, kind: Any, sets: Sequence[SelectionSetNode]) -> Completer:
        """Picks the concrete type of each record; a type's steps are compiled when it first turns up."""
        compiled: dict[str, Completer] = {}

        def complete(record: Any, ctx: Context) -> Any:
            if isinstance(record, str):
                record = ctx.shop.get(record)
                if record is None:
                    return None
            name = type_name(record)
            if name not in compiled:
                concrete = self.schema.type_map.get(name)
                if not isinstance(concrete, GraphQLObjectType) or not self.schema.is_sub_type(kind, concrete):
                    return None
                compiled[name] = self.object_completer(concrete, sets)
            return compiled[name](record, ctx)

        return complete

    # fields

    def field_step(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Step:
        name = nodes[0].name.value
        if name == "__typename":
            return lambda _record, _ctx, text=kind.name: text  # type: ignore[misc]  # binds the name early
        definition = kind.fields[name]
        if refusal := denial(self.source, kind.name, name, self.context.app):
            return guarded(self._refusing(refusal), definition.type, key, nodes[0])
        args = arguments(definition, nodes[0], self.selections.variables)
        return guarded(self.value_step(kind, name, definition.type, args, nodes), definition.type, key, nodes[0])

    @staticmethod
    def _refusing(refusal: TopLevelError) -> Step:
        def step(_record: Record, _ctx: Context) -> Any:
            raise refusal

        return step

    def value_step(self, kind: GraphQLObjectType, name: str, wanted: Any, args: Record, nodes: list[FieldNode]) -> Step:
        """Resolve the field of a record, then complete what came."""
        resolver = FIELDS.get((kind.name, name))
        sets = [node.selection_set for node in nodes if node.selection_set]
        inner = wanted.of_type if isinstance(wanted, GraphQLNonNull) else wanted
        required = isinstance(wanted, GraphQLNonNull)
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            return leaf_step(resolver, name, args, inner, required=required)
        complete = self.completer(inner, sets, args)
        zero = self._zero_structure(inner, required=required)

        def step(record: Record, ctx: Context) -> Any:
            value = resolver(record, args, ctx) if resolver else record.get(name)
            if value is None:
                value = zero
                if value is None:
                    return None
            return complete(value, ctx)

        return step

    def _zero_structure(self, inner: Any, *, required: bool) -> Any:
        if not required:
            return None
        if isinstance(inner, GraphQLList):
            return []
        if is_connection(inner):
            return Listing(kind="", records=())
        return {} if isinstance(inner, GraphQLObjectType) else None

    def completer(self, inner: Any, sets: Sequence[SelectionSetNode], args: Record) -> Completer:
        if isinstance(inner, GraphQLNonNull):
            return self.completer(inner.of_type, sets, args)
        if isinstance(inner, GraphQLList):
            return list_completer(self.completer(inner.of_type, sets, {}), args)
        if isinstance(inner, GraphQLScalarType | GraphQLEnumType):
            convert = LEAVES.get(inner.name)
            return (lambda value, _ctx: convert(value)) if convert else (lambda value, _ctx: value)
        if isinstance(inner, ABSTRACT):
            return self.abstract_completer(inner, sets)
        if is_connection(inner):
            return self.connection_completer(inner, sets, args)
        return self.object_completer(inner, sets)

    def connection_completer(
        self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], args: Record
    ) -> Completer:
        complete = self.object_completer(kind, sets)
        # Bare rows are cheaper to build where neither edges nor cursors are asked for.
        wanted = {node.name.value for nodes in self.selections.fields(kind, sets).values() for node in nodes}

        def connect(value: Any, ctx: Context) -> Any:
            page = paging.page(value, args, ctx, wanted) if isinstance(value, Listing | list | tuple) else value
            return complete(page, ctx)

        return connect


def is_connection(kind: Any) -> bool:
    return isinstance(kind, GraphQLObjectType) and kind.name.endswith("Connection") and "edges" in kind.fields


def type_name(record: Record) -> str:
    """The concrete type of a record: `__typename` where it has one, else what its gid says."""
    return record.get("__typename") or kind_of(record.get("id", ""))


def leaf_step(resolver: Any, name: str, args: Record, kind: Any, *, required: bool) -> Step:
    convert = LEAVES.get(kind.name)
    zero = zero_of(kind) if required else None
    if resolver is None and convert is None:

        def plain(record: Record, _ctx: Context) -> Any:
            value = record.get(name)
            return zero if value is None else value

        return plain

    def step(record: Record, ctx: Context) -> Any:
        value = resolver(record, args, ctx) if resolver else record.get(name)
        if value is None:
            return zero
        return convert(value) if convert else value

    return step


def list_completer(complete: Completer, args: Record) -> Completer:
    # Plain lists such as Order.transactions and Fulfillment.trackingInfo take `first` too.
    limit = args.get("first")

    def each(values: Any, ctx: Context) -> list[Any]:
        path = ctx.path
        rows = list(values)[:limit] if limit is not None else values
        out = []
        for position, value in enumerate(rows):
            path.append(position)
            out.append(None if value is None else complete(value, ctx))
            path.pop()
        return out

    return each


def guarded(step: Step, wanted: Any, key: str, node: FieldNode) -> Step:
    """Turn a resolver's error into an entry of `errors` and a null, which a required field hands upwards."""
    required = isinstance(wanted, GraphQLNonNull)
    if step.__name__ == "plain":
        return step

    def run(record: Record, ctx: Context) -> Any:
        path = ctx.path
        depth = len(path)
        path.append(key)
        try:
            value = step(record, ctx)
        except TopLevelError as error:
            del path[depth + 1 :]
            ctx.errors.append(
                {
                    "message": error.message,
                    "locations": [location(node)],
                    "extensions": dict(error.extensions),
                    "path": list(path),
                }
            )
            value = None
        except Bubble:
            value = None
        del path[depth:]
        if value is None and required:
            raise Bubble
        return value

    return run


def location(node: Any) -> Record:
    """Where a node of the document begins."""
    token = node.loc.start_token
    return {"line": token.line, "column": token.column}
