"""The lines of a bulk operation's result: a query's records with their children, or a mutation's answers line by line.

Children follow their parents with `__parentId`, but not at once: Shopify writes a batch of parents and then what
belongs to them (FACTS 53). With groupObjects each parent's children come right after it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from graphql import FieldNode, GraphQLObjectType, SelectionSetNode, get_named_type

from shoptide.simulator import paging
from shoptide.simulator.completion import Bubble, Compiler, Completer, Step, is_connection
from shoptide.simulator.execution import Prepared, Refused, Request, internal_error, prepare, root_completion, run
from shoptide.simulator.registry import Listing, TopLevelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shoptide.simulator.context import Context
    from shoptide.simulator.shop import Record

BATCH = 100  # parents written before their children
Queue = list[tuple[Completer, list[Any], str | None]]


def encoded(row: Record) -> bytes:
    """A line as Shopify writes it: compact, slashes escaped."""
    return msgspec.json.encode(row).replace(b"/", b"\\/") + b"\n"


class BulkCompiler(Compiler):
    """Compiles selections so that connections leave their object and queue up as lines of their own."""

    def __init__(self, prepared: Prepared, ctx: Context) -> None:
        super().__init__(prepared.schema, ctx.schema, prepared.selections, ctx)
        self.parent: str | None = None
        self.queue: Queue = []

    def object_completer(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Completer:
        plain: list[tuple[str, Step]] = []
        connections: list[Step] = []
        for key, nodes in self.selections.fields(kind, sets).items():
            step = self.field_step(kind, key, nodes)
            if self.gives_connection(kind, nodes):
                connections.append(step)
            else:
                plain.append((key, step))

        def complete(record: Any, ctx: Context) -> Any:
            if record.__class__ is str:
                record = ctx.shop.get(record)
                if record is None:
                    return None
            row = {key: step(record, ctx) for key, step in plain}
            for step in connections:
                step(record, ctx)
            return row

        return complete

    @staticmethod
    def gives_connection(kind: GraphQLObjectType, nodes: list[FieldNode]) -> bool:
        name = nodes[0].name.value
        return name != "__typename" and is_connection(get_named_type(kind.fields[name].type))

    def connection_completer(
        self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode], args: Record
    ) -> Completer:
        complete = self.rows_completer(kind, sets)
        asked = {name: value for name, value in args.items() if name not in ("first", "last", "after", "before")}

        def queue(value: Any, ctx: Context) -> Any:
            listing = value if isinstance(value, Listing) else Listing(kind="", records=nodes_of(value))
            self.queue.append((complete, paging.found(listing, asked, ctx), self.parent))
            return True  # not null: the rows are on their way

        return queue

    def rows_completer(self, kind: GraphQLObjectType, sets: Sequence[SelectionSetNode]) -> Completer:
        """What completes a row: the selections under edges > node."""
        edge: Any = get_named_type(kind.fields["edges"].type)
        edges = [n.selection_set for nodes in self._named(kind, sets, "edges") for n in nodes if n.selection_set]
        rows = [n.selection_set for nodes in self._named(edge, edges, "node") for n in nodes if n.selection_set]
        return self.completer(get_named_type(edge.fields["node"].type), rows, {})

    def _named(self, kind: Any, sets: Sequence[SelectionSetNode], name: str) -> list[list[FieldNode]]:
        return [nodes for nodes in self.selections.fields(kind, sets).values() if nodes[0].name.value == name]


def nodes_of(value: Any) -> list[Any]:
    """The rows of a connection that a resolver gave as a list or as its record."""
    if isinstance(value, dict):
        return list(value.get("nodes") or [edge["node"] for edge in value.get("edges", ())])
    return list(value)


def query_lines(prepared: Prepared, ctx: Context, *, grouped: bool) -> Iterator[tuple[bytes, bool]]:
    """Every line with whether it is a root's. Hold the shop's lock for each step; let it go between steps."""
    compiler = BulkCompiler(prepared, ctx)
    root: Any = prepared.schema.query_type
    for key, nodes in prepared.root_fields().items():
        yield from _root_lines(compiler, prepared, root, key, nodes, ctx, grouped=grouped)


def _root_lines(
    compiler: BulkCompiler,
    prepared: Prepared,
    root: GraphQLObjectType,
    key: str,
    nodes: list[FieldNode],
    ctx: Context,
    *,
    grouped: bool,
) -> Iterator[tuple[bytes, bool]]:
    complete, value = root_completion(prepared, compiler, root, nodes, ctx)
    ctx.path = [key]
    if value is None:
        return
    if compiler.gives_connection(root, nodes):
        complete(value, ctx)
        queue, compiler.queue = compiler.queue, []
        for complete_row, rows, _parent in queue:
            yield from _family(compiler, complete_row, rows, ctx, grouped=grouped)
        return
    yield from _family(compiler, complete, [value], ctx, grouped=grouped)


def _family(
    compiler: BulkCompiler, complete: Completer, rows: list[Any], ctx: Context, *, grouped: bool
) -> Iterator[tuple[bytes, bool]]:
    size = 1 if grouped else BATCH
    for start in range(0, len(rows), size):
        for line in _completed(compiler, complete, rows[start : start + size], None, ctx):
            yield line, True
        while compiler.queue:
            queue, compiler.queue = compiler.queue, []
            for complete_child, children, parent in queue:
                for line in _completed(compiler, complete_child, children, parent, ctx):
                    yield line, False


def _completed(
    compiler: BulkCompiler, complete: Completer, rows: list[Any], parent: str | None, ctx: Context
) -> Iterator[bytes]:
    for record in rows:
        compiler.parent = record.get("id") if isinstance(record, dict) else record
        row = complete(record, ctx)
        if row is None:
            continue
        if parent is not None:
            row["__parentId"] = parent
        yield encoded(row)


class BulkRefused(Exception):  # noqa: N818  # what the operation's errorCode tells
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def query_writer(text: str, ctx: Context, *, grouped: bool) -> Iterator[tuple[bytes, bool]]:
    """The lines of a query that passed the rules; raises BulkRefused where a field may not be read."""
    prepared = prepare(Request(text), ctx.version)
    try:
        for line in query_lines(prepared, ctx, grouped=grouped):
            if ctx.errors:
                raise BulkRefused(code_of(ctx.errors[0]))
            yield line
    except (TopLevelError, Bubble) as error:
        code = error.extensions.get("code") if isinstance(error, TopLevelError) else None
        raise BulkRefused(str(code or "INTERNAL_SERVER_ERROR")) from None
    if ctx.errors:
        raise BulkRefused(code_of(ctx.errors[0]))


def code_of(error: Record) -> str:
    code = error.get("extensions", {}).get("code")
    return code if code in ("ACCESS_DENIED", "TIMEOUT") else "INTERNAL_SERVER_ERROR"


def mutation_writer(
    text: str,
    lines: Sequence[bytes],
    fresh: Callable[[], Context],
    fault: Callable[[], str | None] = lambda: None,
) -> Iterator[tuple[bytes, bool]]:
    """One answer a line of variables, each run on its own with a fresh context; what fails is told in its line.

    `fault` says for each line what goes wrong on request: `internal_error` hides work that was done,
    `internal_error_before` leaves it undone.
    """
    for number, raw in enumerate(lines):
        struck = fault()
        body: Record = {} if struck == "internal_error_before" else _line_answer(text, raw, fresh())
        if struck is not None:
            body = {"errors": internal_error()["errors"]}
        yield encoded({**body, "__lineNumber": number}), True


def _line_answer(text: str, raw: bytes, ctx: Context) -> Record:
    try:
        variables = json.loads(raw)
    except ValueError as error:
        return {"errors": [{"message": f"Invalid JSON: {error}", "extensions": {"code": "INVALID_JSON"}}]}
    if not isinstance(variables, dict):
        return {"errors": [{"message": "Each line must be a JSON object.", "extensions": {"code": "INVALID_JSON"}}]}
    try:
        data = run(prepare(Request(text, variables), ctx.version), ctx)
        ctx.shop.changes += 1
        ctx.shop.settle()
    except Refused as refused:
        return {"errors": refused.body["errors"]}
    return {"data": data, "errors": ctx.errors} if ctx.errors else {"data": data}
