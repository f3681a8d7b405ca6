"""A GraphQL request, from its text to the answer's body: read, checked, priced, run."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    parse,
)

from shoptide.shopify import schema as compact
from shoptide.simulator import field_arguments
from shoptide.simulator import variables as coercion
from shoptide.simulator.access import denial
from shoptide.simulator.arguments import arguments
from shoptide.simulator.completion import Bubble, Compiler, Completer, Selections, guarded
from shoptide.simulator.cost import Cost, Pricer, Receipt
from shoptide.simulator.input_sizes import oversized
from shoptide.simulator.registry import MUTATIONS, ROOTS, Args, TopLevelError
from shoptide.simulator.roots import generic_root
from shoptide.simulator.schema import executable
from shoptide.simulator.validation import parse_error, static_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from shoptide.simulator.bucket import Bucket
    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record

MAX_COST = 1000


@dataclass
class Request:
    """What the body of a POST asks: document, variables, which operation."""

    query: str
    variables: Record = field(default_factory=dict)
    operation_name: str | None = None


@dataclass
class Prepared:
    """A request that passed every check: ready to be priced and run."""

    schema: GraphQLSchema
    operation: OperationDefinitionNode
    selections: Selections
    variables: Record

    @property
    def mutation(self) -> bool:
        return self.operation.operation is OperationType.MUTATION

    @property
    def root(self) -> Any:
        return self.schema.get_root_type(self.operation.operation)

    def root_fields(self) -> dict[str, list[FieldNode]]:
        return self.selections.fields(self.root, [self.operation.selection_set])

    def price(self) -> Cost:
        return Pricer(self.selections, self.schema).requested(self.operation)


class Refused(Exception):  # noqa: N818  # an answer, not a fault
    """The request is answered before it runs; `body` is the whole answer."""

    def __init__(self, body: Record) -> None:
        super().__init__("refused")
        self.body = body


@lru_cache(maxsize=512)
def parsed(query: str) -> DocumentNode:
    return parse(query)


def read(query: str) -> DocumentNode:
    try:
        return parsed(query)
    except GraphQLSyntaxError as error:
        raise Refused({"errors": [parse_error(query, error)]}) from None


def chosen_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name:
        operations = [node for node in operations if node.name and node.name.value == name]
        if not operations:
            raise Refused({"errors": [{"message": f'No operation named "{name}"'}]})
    if len(operations) != 1:
        raise Refused({"errors": [{"message": "An operation name is required"}]})
    return operations[0]


@lru_cache(maxsize=512)
def checked(version: str, query: str, operation_name: str | None) -> tuple[Record, ...]:
    """The static errors of a document; they depend on nothing but its text, so they are found once."""
    return tuple(static_errors(executable(version), compact.load(version), read(query), operation_name))


def prepare(request: Request, version: str) -> Prepared:
    """Read and check a request; raises Refused with the answer it gets otherwise."""
    document = read(request.query)
    operation = chosen_operation(document, request.operation_name)
    if errors := checked(version, request.query, request.operation_name):
        raise Refused({"errors": list(errors)})
    schema = executable(version)
    values, problems = coercion.coerce(schema, operation, request.variables)
    if problems:
        raise Refused({"errors": problems})
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    return Prepared(schema, operation, Selections(schema, fragments, values), values)


def answer(request: Request, ctx: Context, bucket: Bucket, *, debug: bool = False) -> Record:
    """The body that the store would answer."""
    try:
        prepared = prepare(request, ctx.version)
    except Refused as refused:
        return refused.body
    cost = prepared.price()
    if cost.requested > MAX_COST:
        return too_dear(cost.requested)
    if not bucket.take(cost.requested):
        return throttled(cost.requested, bucket)
    if too_long := oversized(prepared.root_fields(), prepared.root, prepared.variables):
        return {"errors": [too_long], "extensions": {"cost": cost_report(cost, None, bucket, debug=debug)}}
    data = run(prepared, ctx)
    if prepared.mutation:
        ctx.shop.changes += 1
    body: Record = {"data": data}
    if ctx.errors:
        body["errors"] = ctx.errors
    receipt = Receipt(Pricer(prepared.selections, prepared.schema))
    actual = min(cost.requested, receipt.actual(prepared.operation, data))
    bucket.give_back(cost.requested - actual)
    body["extensions"] = {"cost": cost_report(cost, actual, bucket, debug=debug)}
    if ctx.searches:
        body["extensions"]["search"] = ctx.searches
    return body


def cost_report(cost: Cost, actual: int | None, bucket: Bucket, *, debug: bool) -> Record:
    report: Record = {
        "requestedQueryCost": cost.requested,
        "actualQueryCost": actual,
        "throttleStatus": bucket.status(),
    }
    if debug:
        report["fields"] = [
            {
                "path": entry.path,
                "definedCost": entry.defined,
                "requestedTotalCost": entry.total,
                "requestedChildrenCost": entry.children,
            }
            for entry in cost.fields
        ]
    return report


def too_dear(requested: int) -> Record:
    message = (
        f"Query cost is {requested}, which exceeds the single query max cost limit ({MAX_COST}). "
        "See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the cost of a query is "
        "calculated."
    )
    extensions = {
        "code": "MAX_COST_EXCEEDED",
        "cost": requested,
        "maxCost": MAX_COST,
        "documentation": "https://shopify.dev/api/usage/rate-limits",
    }
    return {"errors": [{"message": message, "extensions": extensions}]}


def throttled(requested: int, bucket: Bucket) -> Record:
    extensions = {"code": "THROTTLED", "documentation": "https://shopify.dev/api/usage/rate-limits"}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket.status()}
    return {"errors": [{"message": "Throttled", "extensions": extensions}], "extensions": {"cost": cost}}


def run(prepared: Prepared, ctx: Context) -> Record | None:
    """Run the operation's root fields in their order; None when a required root failed."""
    root: GraphQLObjectType = prepared.root
    compiler = Compiler(prepared.schema, ctx.schema, prepared.selections, ctx)
    data: Record = {}
    try:
        for key, nodes in prepared.root_fields().items():
            data[key] = root_step(prepared, compiler, root, key, nodes)({}, ctx)
    except Bubble:
        return None
    return data


def _no_introspection(_record: Record, _ctx: Context) -> Any:
    raise TopLevelError("NOT_MODELLED", "The simulator answers no introspection: read the schema files instead.")


def root_step(
    prepared: Prepared, compiler: Compiler, root: GraphQLObjectType, key: str, nodes: list[FieldNode]
) -> Callable[[Record, Context], Any]:
    name = nodes[0].name.value
    if name == "__typename":
        return lambda _record, _ctx: root.name
    if name in ("__schema", "__type"):
        return guarded(_no_introspection, root, key, nodes[0])
    definition = root.fields[name]

    def step(_record: Record, ctx: Context) -> Any:
        complete, value = root_completion(prepared, compiler, root, nodes, ctx)
        return None if value is None else complete(value, ctx)

    return guarded(step, definition.type, key, nodes[0])


def root_completion(
    prepared: Prepared, compiler: Compiler, root: GraphQLObjectType, nodes: list[FieldNode], ctx: Context
) -> tuple[Completer, Any]:
    """A root field's value, and what completes it; raises TopLevelError, also for want of a scope."""
    name = nodes[0].name.value
    if refusal := denial(ctx.schema, root.name, name, ctx.app):
        raise refusal
    definition = root.fields[name]
    args = arguments(definition, nodes[0], prepared.variables)
    value = resolve(prepared, name, args, nodes, ctx)
    sets = [node.selection_set for node in nodes if node.selection_set]
    inner = getattr(definition.type, "of_type", definition.type)
    return compiler.completer(inner, sets, args), value


def resolve(prepared: Prepared, name: str, args: Args, nodes: Sequence[FieldNode], ctx: Context) -> Any:
    if not prepared.mutation:
        resolver = ROOTS.get(name)
        return resolver(args, ctx) if resolver else generic_root(name, args, ctx)
    resolver = MUTATIONS.get(name)
    if resolver is None:
        raise TopLevelError("NOT_MODELLED", f"The simulator does not know what {name} does.")
    ctx.idempotency_key = idempotency_key(prepared, nodes[0])
    field_arguments.check(name, prepared.root.fields[name], args, ctx.version, ctx.idempotency_key)
    return resolver(args, ctx)


def idempotency_key(prepared: Prepared, node: FieldNode) -> str | None:
    for directive in node.directives or ():
        definition = prepared.schema.get_directive(directive.name.value)
        if directive.name.value == "idempotent" and definition is not None:
            return str(arguments(definition, directive, prepared.variables).get("key"))
    return None


def internal_error(request_id: str | None = None) -> Record:
    """Shopify's answer to its own mistakes (FACTS 20)."""
    identity = request_id or str(uuid.uuid4())
    message = (
        "Internal error. Looks like something went wrong on our end.\n"
        f"Request ID: {identity} (include this in support requests)."
    )
    extensions = {"code": "INTERNAL_SERVER_ERROR", "requestId": identity}
    return {"data": None, "errors": [{"message": message, "extensions": extensions}]}
