"""What a bulk query or bulk mutation may be, in Shopify's words (FACTS 50 and 51); `bulk_lines` runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    parse,
)

from shoptide.simulator.completion import is_connection
from shoptide.simulator.registry import user_error
from shoptide.simulator.validation import parse_error, static_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shoptide.simulator.shop import Record

LONGEST_TEXT = 65_535
MOST_CONNECTIONS = 5
DEEPEST = 2


@dataclass
class Survey:
    """The connections of an operation, as the rules count them."""

    connections: list[str] = field(default_factory=list)
    deepest: int = -1
    without_edges: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    in_list: bool = False


class Surveyor:
    """Walks an operation with its fragments and notes its connections."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self.schema = schema
        self.fragments = {n.name.value: n for n in document.definitions if isinstance(n, FragmentDefinitionNode)}
        self.found = Survey()

    def survey(self, operation: OperationDefinitionNode) -> Survey:
        self._look(operation.selection_set, self.schema.get_root_type(operation.operation), 0, in_list=False)
        return self.found

    def fields(self, selection_set: SelectionSetNode | None, kind: Any) -> Iterator[tuple[FieldNode, Any]]:
        """Every field a selection asks for, with the type it is asked of."""
        for node in selection_set.selections if selection_set else ():
            if isinstance(node, FieldNode):
                yield node, kind
                continue
            fragment: Any = node if isinstance(node, InlineFragmentNode) else self.fragments.get(node.name.value)  # type: ignore[attr-defined]
            if fragment is not None:
                condition = fragment.type_condition
                inner = self.schema.type_map[condition.name.value] if condition else kind
                yield from self.fields(fragment.selection_set, inner)

    def _look(self, selection_set: SelectionSetNode | None, kind: Any, depth: int, *, in_list: bool) -> None:
        for node, owner in self.fields(selection_set, kind):
            definition = getattr(owner, "fields", {}).get(node.name.value)
            if definition is None:
                continue
            target: Any = get_named_type(definition.type)
            if is_connection(target):
                self._connection(node, target, depth, in_list=in_list)
            else:
                self._look(node.selection_set, target, depth, in_list=in_list or is_list(definition.type))

    def _connection(self, node: FieldNode, kind: Any, depth: int, *, in_list: bool) -> None:
        found, name = self.found, node.name.value
        found.connections.append(name)
        found.deepest = max(found.deepest, depth)
        found.in_list = found.in_list or in_list
        inner = self._nodes(node, kind)
        if inner is None:
            found.without_edges.append(name)
            inner = [n.selection_set for n, _ in self.fields(node.selection_set, kind) if n.name.value == "nodes"]
        row_kind = get_named_type(get_named_type(kind.fields["edges"].type).fields["node"].type)
        before = len(found.connections)
        for selection_set in inner:
            self._look(selection_set, row_kind, depth + 1, in_list=False)
        if len(found.connections) > before and not self._names_id(inner, row_kind):
            found.without_id.append(name)

    def _nodes(self, node: FieldNode, kind: Any) -> list[SelectionSetNode | None] | None:
        """The selections under edges > node; None where the connection is selected another way."""
        if any(n.name.value == "nodes" for n, _ in self.fields(node.selection_set, kind)):
            return None
        edge = get_named_type(kind.fields["edges"].type)
        found = [
            row.selection_set
            for edges, _ in self.fields(node.selection_set, kind)
            if edges.name.value == "edges"
            for row, _ in self.fields(edges.selection_set, edge)
            if row.name.value == "node"
        ]
        return found or None

    def _names_id(self, sets: Sequence[SelectionSetNode | None], kind: Any) -> bool:
        return any(node.name.value == "id" and node.alias is None for one in sets for node, _ in self.fields(one, kind))


def is_list(kind: Any) -> bool:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return isinstance(inner, GraphQLList)


def operation_of(document: DocumentNode) -> OperationDefinitionNode | None:
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return found[0] if len(found) == 1 else None


def query_errors(schema: GraphQLSchema, text: str) -> list[Record]:
    """The userErrors of bulkOperationRunQuery for a query; empty for one that may run."""
    return [user_error(["query"], message, "INVALID") for message in _query_messages(schema, text)]


def _query_messages(schema: GraphQLSchema, text: str) -> list[str]:
    if (size := len(text.encode())) > LONGEST_TEXT:
        return [f"Query is too large ({size} bytes; maximum is {LONGEST_TEXT} bytes)"]
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        words = parse_error(text, error)["message"]
        return [f"Invalid bulk query: {words if text.strip() else words.split(' at [')[0]}"]
    operation = operation_of(document)
    if operation is None:
        return ["Bulk queries must contain a single operation."]
    if operation.operation is not OperationType.QUERY:
        return ["Invalid operation type. Only `query` operations are supported."]
    if static := static_errors(schema, None, document, None):
        return [f"Invalid bulk query: {error['message']}" for error in static]
    return list(_structure_messages(schema, document, operation))


def _structure_messages(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Iterator[str]:
    surveyor = Surveyor(schema, document)
    found = surveyor.survey(operation)
    roots = [node for node, _ in surveyor.fields(operation.selection_set, schema.query_type)]
    for name in ("node", "nodes"):
        if any(node.name.value == name for node in roots):
            yield f"Bulk queries cannot contain a top level `{name}` field."
    if len(roots) > 1:
        yield "Bulk queries cannot contain more than 1 top level field."
    if not found.connections:
        yield "Bulk queries must contain at least one connection."
    if len(found.connections) > MOST_CONNECTIONS:
        yield f"Bulk queries cannot contain more than {MOST_CONNECTIONS} connections."
    if found.deepest > DEEPEST:
        yield f"Bulk queries cannot contain connections with a nesting depth greater than {DEEPEST}."
    if found.without_edges:
        first, listed = found.without_edges[0], ", ".join(f"'{name}'" for name in found.without_edges)
        yield (
            "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
            f"e.g: '{first} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
            f"Invalid connection fields: {listed}."
        )
    if found.without_id:
        yield (
            "The parent 'node' field for a nested connection must select the 'id' field without an alias and must be "
            f"of 'ID' return type. Connection fields without 'id': {', '.join(found.without_id)}."
        )
    if found.in_list:
        yield "Queries that contain a connection field within a list field are not currently supported."


def mutation_errors(schema: GraphQLSchema, text: str) -> list[Record]:
    """The userErrors of bulkOperationRunMutation for the mutation itself; its file and slots come after."""
    if (size := len(text.encode())) > LONGEST_TEXT:
        message = f"is too large ({size} bytes; maximum is {LONGEST_TEXT} bytes)"
        return [user_error(["query"], message, "INVALID_MUTATION")]
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        message = f"Failed to parse the mutation - {parse_error(text, error)['message']}"
        return [user_error(None, message, "INVALID_MUTATION")]
    operation = operation_of(document)
    if operation is None or operation.operation is not OperationType.MUTATION:
        message = "Invalid operation type. Only `mutation` operations are supported."
        return [user_error(None, message, "INVALID_MUTATION")]
    surveyor = Surveyor(schema, document)
    roots = [node for node, _ in surveyor.fields(operation.selection_set, schema.mutation_type)]
    if len(roots) != 1:
        return [user_error(["mutation"], "You must specify a single top level mutation.")]
    if roots[0].name.value in ("bulkOperationRunMutation", "bulkOperationRunQuery"):
        return [user_error(["mutation"], "You must use an allowed mutation name.")]
    if len(surveyor.survey(operation).connections) > 1:
        return [user_error(["mutation"], "Bulk mutations cannot contain more than 1 connection.")]
    return []
