"""Reads what a payload tells: a GraphQL document on one record, with the eyes of an app that may see everything."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from shoptide.shopify import schema as compact
from shoptide.shopify.schema import LATEST_VERSION
from shoptide.simulator.completion import Bubble, Compiler
from shoptide.simulator.context import App, Context
from shoptide.simulator.execution import Refused, Request, prepare

if TYPE_CHECKING:
    from shoptide.simulator.completion import Completer
    from shoptide.simulator.shop import Record, Shop

EVERYTHING = App(scopes=frozenset({"*", "read_users"}))


class Unreadable(RuntimeError):  # noqa: N818  # a mistake of the simulator's own
    """A payload's document that its own store can't answer."""


@cache
def compiled(document: str) -> Completer:
    """What answers a document's `node(id: $id)`; compiled once, because an order's takes longer than answering it."""
    try:
        prepared = prepare(Request(document, {"id": "gid://shopify/Shop/1"}), LATEST_VERSION)
    except Refused as refused:
        raise Unreadable(str(refused.body)) from None
    node = prepared.root_fields()["node"]
    viewer = Context(None, compact.load(LATEST_VERSION), EVERYTHING)  # type: ignore[arg-type]  # scopes are all it reads
    compiler = Compiler(prepared.schema, viewer.schema, prepared.selections, viewer)
    sets = [field.selection_set for field in node if field.selection_set]
    return compiler.completer(prepared.root.fields["node"].type, sets, {})


def read(document: str, gid: str, shop: Shop) -> Record | None:
    """The `node` that a document with `$id` finds; None when the shop no longer has it. Hold the shop's lock."""
    record = shop.get(gid)
    if record is None:
        return None
    ctx = Context(shop, compact.load(LATEST_VERSION), EVERYTHING)
    try:
        found: Record | None = compiled(document)(record, ctx)
    except Bubble:
        found = None
    if ctx.errors:
        raise Unreadable(f"{gid}: {ctx.errors}")
    return found
