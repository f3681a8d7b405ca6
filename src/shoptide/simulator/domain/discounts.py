"""Discounts written: created, changed, switched on and off, deleted, one by one or many at once; and listed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text
from shoptide.simulator.domain.discount_checks import combining_problems, problems, refuse_contradictions
from shoptide.simulator.domain.discount_records import (
    AUTOMATIC,
    CODE,
    EITHER,
    apply,
    blank,
    classes,
    drop,
    keep,
    status,
)
from shoptide.simulator.domain.metafields import drop_of
from shoptide.simulator.paging import found
from shoptide.simulator.registry import (
    Args,
    Listing,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

# mutation: (argument, type of discount)
SHAPES = {
    "discountCodeBasic": ("basicCodeDiscount", "DiscountCodeBasic"),
    "discountCodeBxgy": ("bxgyCodeDiscount", "DiscountCodeBxgy"),
    "discountCodeFreeShipping": ("freeShippingCodeDiscount", "DiscountCodeFreeShipping"),
    "discountAutomaticBasic": ("automaticBasicDiscount", "DiscountAutomaticBasic"),
    "discountAutomaticBxgy": ("automaticBxgyDiscount", "DiscountAutomaticBxgy"),
    "discountAutomaticFreeShipping": ("freeShippingAutomaticDiscount", "DiscountAutomaticFreeShipping"),
}
# A function is an app's code that the store runs; this store has none.
FUNCTIONS = {"discountCodeApp": "codeAppDiscount", "discountAutomaticApp": "automaticAppDiscount"}
LABELS = {CODE: "Code discount does not exist.", AUTOMATIC: "Automatic discount does not exist."}
PAYLOADS = {CODE: "codeDiscountNode", AUTOMATIC: "automaticDiscountNode"}


def _refused(node: str, errors: list[Record]) -> Record:
    return {PAYLOADS[node]: None, "userErrors": errors}


def _saved(record: Record, topic: str, shop: Shop) -> Record:
    record["updatedAt"] = shop.stamp()
    keep(record, shop)
    shop.emit(topic, record, _status=status(record, shop.stamp()))
    return record


def _register(name: str, argument: str, kind: str) -> None:
    node = CODE if "Code" in kind else AUTOMATIC

    def create(args: Args, ctx: Context) -> Record:
        given, shop = args[argument], ctx.shop
        refuse_contradictions(given)
        record = blank(shop, kind)
        errors = problems(given, record, shop, argument, new=True)
        record = record if errors else apply(record, given, shop)
        errors = errors or combining_problems(record, argument)
        if errors:
            return _refused(node, errors)
        return {PAYLOADS[node]: _saved(record, "discounts/create", shop), "userErrors": []}

    def update(args: Args, ctx: Context) -> Record:
        given, shop = args[argument], ctx.shop
        refuse_contradictions(given)
        held = shop.table(node).get(args["id"])
        if held is None:
            return _refused(node, [user_error(["id"], LABELS[node], "INVALID")])
        errors = problems(given, held, shop, argument, new=False)
        record = held if errors else apply({**held, "_type": kind}, given, shop)
        errors = errors or combining_problems(record, argument)
        if errors:
            return _refused(node, errors)
        return {PAYLOADS[node]: _saved(record, "discounts/update", shop), "userErrors": []}

    mutation(f"{name}Create")(create)
    mutation(f"{name}Update")(update)


def _register_function(name: str, argument: str) -> None:
    def refuse(args: Args, ctx: Context) -> Record:
        given = args[argument]
        wanted = [key for key in ("functionId", "functionHandle") if given.get(key)]
        if len(wanted) != 1:
            message = "Either functionId or functionHandle must be provided."
            code = "MISSING_FUNCTION_IDENTIFIER"
            if wanted:
                message = "Only one of functionId or functionHandle is allowed."
                code = "MULTIPLE_FUNCTION_IDENTIFIERS"
            return {argument: None, "userErrors": [user_error([argument, "functionHandle"], message, code)]}
        message = (
            f"Function {given[wanted[0]]} not found. Ensure that it is released in the current app "
            f"({ctx.app.number}), and that the app is installed."
        )
        return {argument: None, "userErrors": [user_error([argument, wanted[0]], message, "INVALID")]}

    mutation(f"{name}Create")(refuse)
    mutation(f"{name}Update")(refuse)


for _name, (_argument, _kind) in SHAPES.items():
    _register(_name, _argument, _kind)
for _name, _argument in FUNCTIONS.items():
    _register_function(_name, _argument)


# switching on and off, deleting


def switch_on(record: Record, shop: Shop) -> None:
    """One that is to come begins now; one that is over loses its end."""
    now = shop.stamp()
    state = status(record, now)
    if state == "SCHEDULED":
        record["startsAt"] = now
    if state == "EXPIRED":
        record["endsAt"] = None
    _saved(record, "discounts/update", shop)


def switch_off(record: Record, shop: Shop) -> None:
    now = shop.stamp()
    if status(record, now) == "SCHEDULED":
        record["startsAt"] = now
    if status(record, now) == "ACTIVE":
        record["endsAt"] = now
    _saved(record, "discounts/update", shop)


def remove(record: Record, shop: Shop) -> None:
    drop(record, shop)
    drop_of(shop, record["id"])
    shop.emit("discounts/delete", record)


def _register_switches(prefix: str, node: str) -> None:
    def switch(change: Callable[[Record, Shop], None]) -> Callable[[Args, Context], Record]:
        def run(args: Args, ctx: Context) -> Record:
            record = ctx.shop.table(node).get(args["id"])
            if record is None:
                return _refused(node, [user_error(["id"], LABELS[node], "INVALID")])
            change(record, ctx.shop)
            return {PAYLOADS[node]: record, "userErrors": []}

        return run

    def delete(args: Args, ctx: Context) -> Record:
        name = f"deleted{PAYLOADS[node][0].upper()}{PAYLOADS[node][1:-4]}Id"
        record = ctx.shop.table(node).get(args["id"])
        if record is None:
            return {name: None, "userErrors": [user_error(["id"], LABELS[node], "INVALID")]}
        remove(record, ctx.shop)
        return {name: record["id"], "userErrors": []}

    mutation(f"{prefix}Activate")(switch(switch_on))
    mutation(f"{prefix}Deactivate")(switch(switch_off))
    mutation(f"{prefix}Delete")(delete)


_register_switches("discountCode", CODE)
_register_switches("discountAutomatic", AUTOMATIC)


# many at once


def chosen_problem(args: Args) -> Record | None:
    """Ids, a search or a saved search: one of them."""
    given = [name for name in ("ids", "search", "savedSearchId") if args.get(name) is not None]
    if not given:
        message = "Missing expected argument key: 'ids', 'search' or 'saved_search_id'."
        return user_error(None, message, "MISSING_ARGUMENT")
    if len(given) > 1:
        message = "Only one of 'ids', 'search' or 'saved_search_id' is allowed."
        return user_error(None, message, "TOO_MANY_ARGUMENTS")
    return None


def chosen(args: Args, table: str, ctx: Context) -> list[Record]:
    if args.get("ids") is not None:
        return [row for gid in args["ids"] if (row := ctx.shop.table(table).get(gid))]
    saved: Any = ctx.shop.table("SavedSearch").get(args.get("savedSearchId")) or {}
    query = args.get("search") if args.get("search") is not None else saved.get("query")
    return found(Listing(table, ctx.shop.table(table)), {"query": query}, ctx)


def job() -> Record:
    return {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False, "query": None}


def _register_bulk(name: str, table: str, change: Callable[[Record, Shop, Args], Any]) -> None:
    @mutation(name)
    def run(args: Args, ctx: Context) -> Record:
        if error := chosen_problem(args):
            return {"job": None, "userErrors": [error]}
        for row in chosen(args, table, ctx):
            record = ctx.shop.get(row["_node"]) if "_node" in row else row
            if record is not None:
                change(record, ctx.shop, args)
        return {"job": job(), "userErrors": []}


def _add_tags(record: Record, shop: Shop, args: Args) -> None:
    record["tags"] = text.tags([*record["tags"], *args["tags"]])
    _saved(record, "discounts/update", shop)


def _remove_tags(record: Record, shop: Shop, args: Args) -> None:
    gone = {tag.lower() for tag in text.tags(args["tags"])}
    record["tags"] = [tag for tag in record["tags"] if tag.lower() not in gone]
    _saved(record, "discounts/update", shop)


_register_bulk("discountCodeBulkActivate", CODE, lambda record, shop, _args: switch_on(record, shop))
_register_bulk("discountCodeBulkDeactivate", CODE, lambda record, shop, _args: switch_off(record, shop))
_register_bulk("discountCodeBulkDelete", CODE, lambda record, shop, _args: remove(record, shop))
_register_bulk("discountAutomaticBulkDelete", AUTOMATIC, lambda record, shop, _args: remove(record, shop))
_register_bulk("discountBulkTagsAdd", EITHER, _add_tags)
_register_bulk("discountBulkTagsRemove", EITHER, _remove_tags)


# listing


@root("discountNodes")
def discount_nodes(_args: Args, ctx: Context) -> Listing:
    return Listing(EITHER, ctx.shop.table(EITHER), root="discountNodes")


@root("codeDiscountNodes")
def code_nodes(_args: Args, ctx: Context) -> Listing:
    return Listing(CODE, ctx.shop.table(CODE), root="codeDiscountNodes")


@root("automaticDiscountNodes")
def automatic_nodes(_args: Args, ctx: Context) -> Listing:
    return Listing(AUTOMATIC, ctx.shop.table(AUTOMATIC), root="automaticDiscountNodes")


@root("automaticDiscount")
def automatic(args: Args, ctx: Context) -> Record | None:
    record = ctx.shop.table(AUTOMATIC).get(args["id"])
    return {**record, "__typename": record["_type"]} if record else None


def _of(row: Record, shop: Shop) -> Record:
    """The discount of a row, which may be the node that lists both kinds."""
    return (shop.get(row["_node"]) or {}) if "_node" in row else row


def _kinds_of(row: Record, shop: Shop) -> list[str]:
    held = _of(row, shop)
    value = held["_gets"]["value"]
    if held["_type"].endswith("FreeShipping"):
        return ["free_shipping", "all_with_app"]
    if held["_type"].endswith("Bxgy"):
        return ["bogo", "all_with_app"]
    return ["percentage" if "percentage" in value else "fixed_amount", "all_with_app"]


STATUSES = ("active", "expired", "scheduled")
for _node in (CODE, AUTOMATIC, EITHER):
    search(
        _node,
        {
            "id": numeric_id(lambda row, _shop: row["id"]),
            "title": words(lambda row, shop: _of(row, shop).get("title")),
            "code": words(lambda row, shop: [each["code"] for each in _of(row, shop)["_codes"]]),
            "status": token(lambda row, shop: status(_of(row, shop), shop.stamp()).lower(), STATUSES),
            "discount_class": token(lambda row, shop: [name.lower() for name in classes(_of(row, shop))]),
            "discount_type": token(_kinds_of),
            "type": token(_kinds_of),
            "method": token(lambda row, shop: "code" if CODE in _of(row, shop)["id"] else "automatic"),
            "combines_with": token(
                lambda row, shop: [name for name, on in _of(row, shop)["combinesWith"].items() if on is True]
            ),
            "times_used": words(lambda _row, _shop: "0"),
            "created_at": instant(lambda row, shop: _of(row, shop)["createdAt"]),
            "updated_at": instant(lambda row, shop: _of(row, shop)["updatedAt"]),
            "starts_at": instant(lambda row, shop: _of(row, shop)["startsAt"]),
            "ends_at": instant(lambda row, shop: _of(row, shop)["endsAt"]),
            "tag": token(lambda row, shop: _of(row, shop)["tags"]),
        },
        text=[
            lambda row, shop: _of(row, shop)["title"],
            lambda row, shop: [each["code"] for each in _of(row, shop)["_codes"]],
        ],
    )
for _root in ("discountNodes", "codeDiscountNodes", "automaticDiscountNodes"):
    sort(
        _root,
        {
            "ID": lambda row, _shop: int(tail_of(row["id"])),
            "TITLE": lambda row, shop: _of(row, shop)["title"],
            "CREATED_AT": lambda row, shop: _of(row, shop)["createdAt"],
            "UPDATED_AT": lambda row, shop: _of(row, shop)["updatedAt"],
            "STARTS_AT": lambda row, shop: _of(row, shop)["startsAt"],
            "ENDS_AT": lambda row, shop: _of(row, shop)["endsAt"] or "9",
        },
        default="ID" if _root == "discountNodes" else "CREATED_AT",
    )
