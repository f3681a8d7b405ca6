"""productCreate, productUpdate, productChangeStatus, productDelete and productDuplicate; asynchronous operations."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import (
    collections,
    events,
    handles,
    linked_options,
    media,
    option_checks,
    options,
    taxonomy,
    text,
    variants,
)
from shoptide.simulator.domain.deletions import forget
from shoptide.simulator.domain.metafields import Wanted as WantedMetafield
from shoptide.simulator.domain.metafields import of_owner, put, write_metafields
from shoptide.simulator.domain.products import WORK, finish, identified, settle, table
from shoptide.simulator.domain.shop_facts import shop_record
from shoptide.simulator.registry import Args, field, mutation, root, user_error
from shoptide.simulator.shop import Record, Shop, stamp_of

LIMITS = {"title": "Title", "handle": "Handle", "vendor": "Vendor", "productType": "Product type"}
LONGEST = 255
COPIED = ("title", "descriptionHtml", "vendor", "productType", "status", "requiresSellingPlan")
CLEARED = ("templateSuffix", "giftCardTemplateSuffix", "category")
BUSY = "Another operation already in progress. Please wait until current one is finished."
UNKNOWN = "Product does not exist"
DELETION = timedelta(seconds=3)  # how long an asynchronous deletion takes


# checks


def problems(given: Args, held: Record | None) -> list[Record]:
    """The userErrors of a product input, with paths as productCreate and productUpdate give them."""
    found = []
    if (held is None or "title" in given) and not (given.get("title") or "").strip():
        found.append(user_error(["title"], "Title can't be blank"))
    for name, label in LIMITS.items():
        if len(given.get(name) or "") > LONGEST:
            found.append(user_error([name], f"{label} is too long (maximum is {LONGEST} characters)"))
    if len(given.get("productType") or "") > LONGEST:
        message = f"Custom product type is too long (maximum is {LONGEST} characters)"
        found.append(user_error(["customProductType"], message))
    if any(len(tag) > LONGEST for tag in text.tags(given.get("tags") or [])):
        found.append(user_error(["tags"], "Product tags is invalid"))
    return found + _option_problems(given.get("productOptions") or [])


def _option_problems(given: list[Args]) -> list[Record]:
    if len(given) > option_checks.MOST:
        return [user_error(["options"], f"Can only specify a maximum of {option_checks.MOST} options")]
    if any(option_checks.SEPARATOR in (entry.get("name") or "") for entry in given):
        return [user_error(["options"], 'Name cannot contain the character sequence " / "')]
    return []


# records


def blank(shop: Shop, given: Args) -> Record:
    """A new product's record; its title is checked already."""
    now = shop.stamp()
    return {
        "id": shop.new_id("Product"),
        "createdAt": now,
        "updatedAt": now,
        "publishedAt": None,
        "title": given["title"],
        "handle": handles.wanted(shop, "Product", given.get("handle"), given["title"]),
        "descriptionHtml": "",
        "vendor": shop.name,
        "productType": "",
        "status": "ACTIVE",
        "tags": [],
        "seo": {"title": None, "description": None},
        "isGiftCard": bool(given.get("giftCard")),
        "requiresSellingPlan": False,
        "_options": [],
        "_media": [],
        "_publications": {},
    }


def apply(shop: Shop, record: Record, given: Args) -> None:
    """Write the plain fields of an input onto a product."""
    for name in COPIED:
        if given.get(name) is not None:
            record[name] = given[name].strip() if name == "title" else given[name]
    for name in CLEARED:
        if name in given:
            record[name] = given[name] or None
    if given.get("seo") is not None:
        record["seo"] = {**record["seo"], **{key: value or None for key, value in given["seo"].items()}}
    if "tags" in given:
        record["tags"] = text.tags(given["tags"] or [])
    if given.get("handle") is not None:
        record["handle"] = handles.wanted(shop, "Product", given["handle"], record["title"], record)
    collections.join(shop, record["id"], given.get("collectionsToJoin") or [])
    if given.get("collectionsToLeave"):
        collections.leave(shop, record["id"], given["collectionsToLeave"])


def changed(shop: Shop, record: Record) -> None:
    """Note a change, and tell who listens."""
    shop.touch(record)
    table(shop).put(record)
    shop.emit("products/update", record)


def created(shop: Shop, record: Record) -> None:
    table(shop).put(record)
    events.note(shop, "create", record)
    shop.emit("products/create", record)


def remove(shop: Shop, record: Record) -> None:
    """Take a product and all that hangs on it away, without a word."""
    for variant in variants.of_product(shop, record["id"]):
        variants.drop(shop, variant)
    collections.leave(shop, record["id"])
    table(shop).remove(record["id"])


# creating and changing


def _input(args: Args) -> Args:
    given: Args = args.get("product") or args.get("input") or {}
    return given


@mutation("productCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = _input(args), ctx.shop
    if given.get("id"):
        return _not_created([user_error(["input"], "id cannot be specified during creation")], ctx)
    _check_category(given)
    errors = problems(given, None) or media.source_problems(args.get("media"))
    errors = errors or handles.problem(shop, "Product", given.get("handle"), None, ["input", "handle"])
    wanted = given.get("productOptions") or []
    for index, entry in enumerate(wanted):
        if code := linked_options.problem(entry, [], wanted[:index], ctx):
            errors.append(linked_options.error(code, ["productOptions", str(index), "linkedMetafield"]))
    if errors:
        return _not_created(errors, ctx)
    record = blank(shop, given)
    if refused := write_metafields(ctx, record, given.get("metafields") or []):
        return _not_created(refused, ctx)
    table(shop).put(record)
    apply(shop, record, {**given, "handle": None})
    options.found(shop, record, [linked_options.resolved(entry, ctx) for entry in wanted])
    first = {held["name"]: next(iter(held["_values"])) for held in record["_options"] if held["_values"]}
    variants.add(shop, record, {}, first)
    media.add(shop, record, args.get("media"))
    created(shop, record)
    return {"product": record, "shop": shop_record(ctx), "userErrors": []}


def _check_category(given: Args) -> None:
    if given.get("category"):
        taxonomy.checked(given["category"])


def _not_created(errors: list[Record], ctx: Context) -> Record:
    return {"product": None, "shop": shop_record(ctx), "userErrors": errors}


@mutation("productUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = _input(args), ctx.shop
    settle(shop)
    record = identified(args.get("identifier") or {"id": given.get("id")}, ctx)
    if record is None:
        return {"product": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    _check_category(given)
    errors = problems({**given, "productOptions": None}, record) or media.source_problems(args.get("media"))
    errors = errors or handles.problem(shop, "Product", given.get("handle"), record, ["input", "handle"])
    errors = errors or write_metafields(ctx, record, given.get("metafields") or [])
    if not errors:
        apply(shop, record, given)
        media.add(shop, record, args.get("media"))
        changed(shop, record)
    return {"product": record, "userErrors": errors}


@mutation("productChangeStatus")
def change_status(args: Args, ctx: Context) -> Record:
    record = table(ctx.shop).get(args["productId"])
    if record is None:
        return {"product": None, "userErrors": [user_error(["productId"], UNKNOWN, "PRODUCT_NOT_FOUND")]}
    record["status"] = args["status"]
    changed(ctx.shop, record)
    return {"product": record, "userErrors": []}


# operations


def operation(shop: Shop, kind: str, subject: str | None, due: timedelta, **facts: Any) -> Record:
    """Note work that an asynchronous mutation leaves to be done."""
    record = {
        "id": shop.new_id(kind),
        "_subject": subject,
        "_due": stamp_of(shop.clock.now() + due),
        "_done": False,
        "_born": shop.changes,
        "product": None,
        "userErrors": [],
        **facts,
    }
    return shop.table(kind).put(record)


def operation_status(record: Record, ctx: Context) -> str:
    if record["_born"] == ctx.shop.changes:
        return "CREATED"
    return "COMPLETE" if record["_due"] <= ctx.shop.stamp() else "ACTIVE"


@root("productOperation")
def product_operation(args: Args, ctx: Context) -> Record | None:
    """Whoever looks at an operation finds its work done, though it may still be called active (FACTS 39)."""
    record = ctx.shop.get(args["id"])
    if record is not None:
        finish(ctx.shop, record)
    return record


@field("ProductDeleteOperation", "status")
@field("ProductSetOperation", "status")
@field("ProductDuplicateOperation", "status")
def status(record: Record, _args: Args, ctx: Context) -> str:
    return operation_status(record, ctx)


# deleting


@mutation("productDelete")
def delete(args: Args, ctx: Context) -> Record:
    shop, gid = ctx.shop, args["input"]["id"]
    settle(shop)
    record = table(shop).get(gid)
    payload: Record = {
        "deletedProductId": None,
        "productDeleteOperation": None,
        "shop": shop_record(ctx),
        "userErrors": [],
    }
    if args.get("synchronous") is False:
        pending = any(row["_subject"] == gid and not row["_done"] for row in shop.table("ProductDeleteOperation"))
        if pending:
            return {**payload, "userErrors": [user_error(None, BUSY)]}
        held = operation(shop, "ProductDeleteOperation", gid, DELETION, deletedProductId=None)
        return {**payload, "productDeleteOperation": held}
    if record is None:
        return {**payload, "userErrors": [user_error(["id"], UNKNOWN)]}
    _delete(shop, record)
    return {**payload, "deletedProductId": gid}


def _delete(shop: Shop, record: Record) -> None:
    remove(shop, record)
    forget(shop, record, "products/delete")


def _delete_later(shop: Shop, held: Record) -> None:
    record = table(shop).get(held["_subject"])
    if record is None:
        held["userErrors"] = [user_error(["id"], UNKNOWN)]
        return
    _delete(shop, record)
    held["deletedProductId"] = record["id"]


WORK["ProductDeleteOperation"] = _delete_later


# duplicating


@mutation("productDuplicate")
def duplicate(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    source = table(shop).get(args["productId"])
    empty: Record = {"newProduct": None, "productDuplicateOperation": None, "imageJob": None, "shop": shop_record(ctx)}
    if args.get("synchronous") is False:
        held = operation(shop, "ProductDuplicateOperation", args["productId"], timedelta(), newProduct=None, _args=args)
        return {**empty, "productDuplicateOperation": held, "userErrors": []}
    if source is None:
        return {**empty, "userErrors": [user_error(["productId"], UNKNOWN)]}
    return {**empty, "newProduct": _copy(shop, source, args), "userErrors": []}


def _copy(shop: Shop, source: Record, args: Args) -> Record:
    record = blank(shop, {"title": args["newTitle"]})
    kept = ("descriptionHtml", "vendor", "productType", "status", "tags", "isGiftCard", "requiresSellingPlan")
    record.update({name: source[name] for name in kept} | {"seo": dict(source["seo"])})
    record["status"] = args.get("newStatus") or source["status"]
    record["_options"] = [
        options.option(shop, held["name"], held["position"], list(held["_values"])) for held in source["_options"]
    ]
    table(shop).put(record)
    for variant in variants.of_product(shop, source["id"]):
        item = variants.item_of(shop, variant)
        details = {name: item.get(name) for name in ("tracked", "requiresShipping", "sku", "harmonizedSystemCode")}
        variants.add(shop, record, {**variant, "inventoryItem": details}, dict(variant["_values"]))
    for held in of_owner(shop, source["id"]):
        put(shop, WantedMetafield(record["id"], held["namespace"], held["key"], held["type"], held["value"]))
    if args.get("includeImages"):
        media.add(shop, record, [{**row, "originalSource": row["_source"]} for row in media.of_product(shop, source)])
    created(shop, record)
    return record


def _copy_later(shop: Shop, held: Record) -> None:
    source = table(shop).get(held["_subject"])
    if source is None:
        held["userErrors"] = [user_error(["productId"], UNKNOWN)]
        return
    held["product"] = source["id"]
    held["newProduct"] = _copy(shop, source, held["_args"])["id"]


WORK["ProductDuplicateOperation"] = _copy_later
