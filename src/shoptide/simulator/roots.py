"""Root fields that no domain module writes by hand: a record by id, all records of a kind, how many there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from shoptide.simulator.paging import counted_rows
from shoptide.simulator.prepared import prepared
from shoptide.simulator.registry import ROOTS, VISIBLE, Args, Listing, TopLevelError, root
from shoptide.simulator.shop import Record, kind_of, tail_of
from shoptide.simulator.unmodelled import describe

if TYPE_CHECKING:
    from shoptide.simulator.context import Context


def generic_root(name: str, args: Args, ctx: Context) -> Any:
    """What the root's type suggests; None for what can't be told."""
    definition = ctx.schema.query_root.fields[name]
    target = ctx.schema.type(definition.type.name)
    if target.is_connection:
        kind = ctx.schema.connection_node(target.name)
        describe(ctx.schema, name, kind)
        return Listing(kind=kind, records=records_of(kind, ctx), root=name)
    if target.name == "Count" and name.endswith("Count"):
        return counted(name, args, ctx)
    if "id" in args and target.kind == "OBJECT":
        return by_id(args["id"], target.name, ctx)
    if definition.type.is_list:
        return list(ctx.shop.table(target.name))
    if not definition.arguments and target.kind == "OBJECT":
        return next(iter(ctx.shop.table(target.name)), {} if definition.type.required else None)
    return None


def records_of(kind: str, ctx: Context) -> Iterable[Record]:
    """The records of a type, of an interface those of all its types."""
    kinds = ctx.schema.type(kind).possible_types
    return [record for each in kinds for record in ctx.shop.table(each)] if kinds else ctx.shop.table(kind)


def by_id(gid: str, kind: str, ctx: Context) -> Record | None:
    """The record, null when it is missing; an id of another type is an error (FACTS 23)."""
    if kind_of(gid) != kind or tail_of(gid) == "0":
        raise TopLevelError("RESOURCE_NOT_FOUND", f"Invalid id: {gid}")
    return seen(gid, ctx)


def seen(gid: str, ctx: Context) -> Record | None:
    """The record of that gid, if there is one and the app may see it."""
    record = ctx.shop.get(gid)
    rule = VISIBLE.get(kind_of(gid))
    return record if record is None or rule is None or rule(record, ctx) else None


def counted(name: str, args: Args, ctx: Context) -> Record | None:
    """`ordersCount` counts what `orders` lists; at the limit it says AT_LEAST (FACTS 14)."""
    listing_name = name.removesuffix("Count")
    if listing_name not in ctx.schema.query_root.fields:
        return None
    if (file := prepared(ctx.shop, listing_name)) is not None:
        return limited(file.part(args.get("query")).roots, args)
    resolver = ROOTS.get(listing_name)
    listing = resolver(args, ctx) if resolver else generic_root(listing_name, args, ctx)
    return count_of(listing, args, ctx)


def count_of(listing: Listing, args: Args, ctx: Context) -> Record:
    number = counted_rows(listing, {"query": args.get("query")}, ctx)
    return limited(number, args)


def limited(number: int, args: Args) -> Record:
    limit = args.get("limit")
    if limit is not None and number > limit:
        return {"count": limit, "precision": "AT_LEAST"}
    return {"count": number, "precision": "EXACT"}


@root("node")
def node(args: Args, ctx: Context) -> Record | None:
    return seen(args["id"], ctx)


@root("nodes")
def nodes(args: Args, ctx: Context) -> list[Record | None]:
    return [seen(gid, ctx) for gid in args["ids"]]
