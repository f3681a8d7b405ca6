"""Adding tags to, and removing them from, whatever carries them; how they are tidied is `text.tags`."""

from __future__ import annotations

from collections.abc import Callable

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.registry import Args, TopLevelError, mutation, user_error
from shoptide.simulator.shop import Record, kind_of

UPDATED = {
    "Customer": "customers/update",
    "Product": "products/update",
    "Order": "orders/updated",
    "DraftOrder": "draft_orders/update",
    "Article": "articles/update",
}
NAMES = {"DraftOrder": "Draft order"}
LONGEST = {"DraftOrder": 40}
MOST = 250


def complaint(kind: str, tags: list[str]) -> str | None:
    """What the store says of a record's tags, if anything."""
    limit = LONGEST.get(kind, 255)
    if any(len(tag) > limit for tag in tags):
        return "Product tags is invalid" if kind == "Product" else f"Tags is too long (maximum is {limit} characters)"
    return f"Tags cannot be more than {MOST}" if len(tags) > MOST else None


def _changed(args: Args, ctx: Context, change: Callable[[list[str], list[str]], list[str]]) -> Record:
    kind = kind_of(args["id"])
    if kind not in UPDATED:
        raise TopLevelError("RESOURCE_NOT_FOUND", "invalid id")
    record = ctx.shop.get(args["id"])
    if record is None:
        return {"node": None, "userErrors": [user_error(["id"], f"{NAMES.get(kind, kind)} does not exist")]}
    wanted = text.tags(change(record.get("tags", []), text.tags(args["tags"])))
    if message := complaint(kind, wanted):
        return {"node": None, "userErrors": [user_error(["tags"], message)]}
    before = record.get("tags", [])
    if wanted != before:
        record["tags"] = wanted
        ctx.shop.touch(record)
        ctx.shop.table(kind).put(record)
        ctx.shop.emit(UPDATED[kind], record)
        _tell_customer_tags(ctx, record, before)
    return {"node": record, "userErrors": []}


def _tell_customer_tags(ctx: Context, record: Record, before: list[str]) -> None:
    """Customers have topics of their own for the tags that came and went."""
    if kind_of(record["id"]) != "Customer":
        return
    for topic, tags in (
        ("customer_tags/added", [tag for tag in record["tags"] if tag not in before]),
        ("customer_tags/removed", [tag for tag in before if tag not in record["tags"]]),
    ):
        if tags:
            ctx.shop.emit(topic, record, _tags=tags)


@mutation("tagsAdd")
def add(args: Args, ctx: Context) -> Record:
    return _changed(args, ctx, lambda kept, given: kept + given)


@mutation("tagsRemove")
def remove(args: Args, ctx: Context) -> Record:
    def without(kept: list[str], given: list[str]) -> list[str]:
        gone = {tag.lower() for tag in given}
        return [tag for tag in kept if tag.lower() not in gone]

    return _changed(args, ctx, without)
