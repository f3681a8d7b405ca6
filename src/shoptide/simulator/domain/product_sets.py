"""productSet: a product made to be as described; lists that are given replace what was there (FACTS 38, 39)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain import (
    collections,
    handles,
    inventory,
    linked_options,
    media,
    option_checks,
    options,
    product_writes,
    taxonomy,
    variants,
)
from shoptide.simulator.domain.metafields import check_inputs, write_metafields
from shoptide.simulator.domain.products import WORK, identified, settle, table
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop

MOST_COST = Decimal(10) ** 18
CODES = {"HANDLE_NOT_UNIQUE": "HANDLE_NOT_UNIQUE"}
PLAIN_PATHS = {"title": ["input", "title"]}


@mutation("productSet")
def set_product(args: Args, ctx: Context) -> Record:
    settle(ctx.shop)
    given = args["input"]
    if given.get("category"):
        taxonomy.checked(given["category"])
    if args.get("synchronous") is False and not ctx.bulk:
        held = product_writes.operation(ctx.shop, "ProductSetOperation", None, timedelta())
        payload = _run(args, ctx)
        held["_result"] = {"product": (payload["product"] or {}).get("id"), "userErrors": payload["userErrors"]}
        return {"product": None, "productSetOperation": held, "userErrors": []}
    return _run(args, ctx)


def _finish(_shop: Shop, held: Record) -> None:
    held.update(held.pop("_result"))


WORK["ProductSetOperation"] = _finish


def _run(args: Args, ctx: Context) -> Record:
    given, identifier = args["input"], args.get("identifier")
    if identifier and given.get("id"):
        message = "The id field is not allowed if identifier is provided."
        return _refused([user_error(["input"], message, "ID_NOT_ALLOWED")])
    wanted = identifier or ({"id": given["id"]} if given.get("id") else {})
    record = identified(wanted, ctx)
    if record is None and wanted.get("id"):
        return _refused([user_error(["input", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")])
    errors = _problems(given, wanted, record, ctx)
    if errors:
        return _refused(errors, record)
    return _write(given, wanted, record, ctx)


def _refused(errors: list[Record], product: Record | None = None) -> Record:
    return {"product": product, "productSetOperation": None, "userErrors": errors}


# checks


def _problems(given: Args, wanted: Args, held: Record | None, ctx: Context) -> list[Record]:
    plain = product_writes.problems({**given, "productOptions": None}, held)
    errors = [_below_input(error) for error in plain]
    handle = given.get("handle") or (wanted.get("handle") if held is None else None)
    errors += handles.problem(ctx.shop, "Product", handle, held, ["input", "handle"])
    errors += _custom_id_problems(given, wanted)
    errors += _option_problems(given, ctx) + _variant_problems(given, ctx)
    _metafields, refused = check_inputs(given.get("metafields") or [], "gid://shopify/Product/0", ctx)
    return errors + [{**error, "field": ["input", *error["field"]], "code": "INVALID_METAFIELD"} for error in refused]


def _below_input(error: Record) -> Record:
    """Only the title has a path of its own; its message drops its name when it is too long."""
    name, message = error["field"][0], error["message"]
    if name == "title" and "too long" in message:
        return user_error(["input", "title"], message.removeprefix("Title "), "INVALID_INPUT")
    return user_error(PLAIN_PATHS.get(name, ["input"]), message, "INVALID_PRODUCT")


def _custom_id_problems(given: Args, wanted: Args) -> list[Record]:
    """The custom id a product is named by must stand among its metafields (FACTS §5)."""
    custom = wanted.get("customId")
    if not custom:
        return []
    same = [
        entry
        for entry in given.get("metafields") or []
        if (entry.get("namespace"), entry.get("key")) == (custom.get("namespace"), custom["key"])
    ]
    if any(entry.get("value") == custom["value"] for entry in same):
        return []
    message = "The identifier value does not match the value of the corresponding field in the input."
    return [user_error(["input"], message, "METAFIELD_MISMATCH")]


def _option_problems(given: Args, ctx: Context) -> list[Record]:
    wanted = given.get("productOptions")
    if wanted is None:
        return []
    if given.get("variants") is None:
        message = "Variants input is required when updating product options"
        return [user_error(["input", "variants"], message, "VARIANTS_INPUT_REQUIRED")]
    if len(wanted) > option_checks.MOST:
        message = f"Can only specify a maximum of {option_checks.MOST} options"
        return [user_error(["input", "productOptions"], message, "OPTIONS_OVER_LIMIT")]
    found = []
    for index, entry in enumerate(wanted):
        path = ["input", "productOptions", str(index)]
        if option_checks.SEPARATOR in (entry.get("name") or ""):
            found.append(user_error([*path, "name"], option_checks.REFUSED_SEPARATOR, "INVALID_INPUT"))
        elif code := linked_options.problem(entry, [], wanted[:index], ctx):
            found.append(linked_options.error(code, [*path, "linkedMetafield"]))
    return found


def values_of(product: Record | None, given: Args) -> dict[str, str]:
    """The option values of a variant input by option name; both may be named by id, values by their metaobject."""
    by_option = {held["id"]: held["name"] for held in (product or {}).get("_options", [])}
    by_value = {gid: name for held in (product or {}).get("_options", []) for name, gid in held["_values"].items()}
    for held in (product or {}).get("_options", []):
        by_value.update({gid: name for name, gid in (held.get("_links") or {}).items()})
    return {
        str(entry.get("optionName") or by_option.get(entry.get("optionId"), "")): str(
            entry.get("name")
            or by_value.get(entry.get("id") or entry.get("linkedMetafieldValue"))
            or entry.get("linkedMetafieldValue")
            or ""
        )
        for entry in given.get("optionValues") or []
    }


def _variant_problems(given: Args, ctx: Context) -> list[Record]:
    errors, seen = [], set()
    for index, entry in enumerate(given.get("variants") or []):
        path = ["input", "variants", str(index)]
        title = option_checks.SEPARATOR.join(values_of(None, entry).values())
        if title and title in seen:
            message = f"The variant '{title}' already exists. Please change at least one option value."
            errors.append(user_error(path, message, "INVALID_VARIANT"))
        seen.add(title)
        errors += _cost_problems(entry, path) + _price_problems(entry, path) + _stock_problems(entry, title, path, ctx)
    return errors


def _cost_problems(entry: Args, path: list[str]) -> list[Record]:
    cost = (entry.get("inventoryItem") or {}).get("cost")
    if cost is None:
        return []
    at = [*path, "inventoryItem", "cost"]
    if Decimal(str(cost)) < 0:
        return [user_error(at, "Cost per item must be greater than or equal to 0", "INVALID_VARIANT")]
    if Decimal(str(cost)) >= MOST_COST:
        return [user_error(at, f"Cost per item must be less than {MOST_COST:f}", "INVALID_VARIANT")]
    return []


def _price_problems(entry: Args, path: list[str]) -> list[Record]:
    if entry.get("price") is not None and Decimal(str(entry["price"])) < 0:
        return [user_error([*path, "price"], "Price must be greater than or equal to 0", "INVALID_VARIANT")]
    return []


def _stock_problems(entry: Args, title: str, path: list[str], ctx: Context) -> list[Record]:
    unknown = [row for row in entry.get("inventoryQuantities") or [] if ctx.shop.get(row["locationId"]) is None]
    message = f"Quantity for {title} couldn't be set because the location was deleted."
    return [user_error([*path, "inventoryQuantities"], message, "INVALID_VARIANT") for _row in unknown[:1]]


# writing


def _write(given: Args, wanted: Args, held: Record | None, ctx: Context) -> Record:
    shop, record = ctx.shop, held
    if record is None:
        record = product_writes.blank(shop, {**given, "handle": given.get("handle") or wanted.get("handle")})
        table(shop).put(record)
    product_writes.apply(shop, record, {**given, "handle": given.get("handle") if held is not None else None})
    if given.get("files") is not None:
        _set_files(shop, record, given["files"])
    if given.get("collections") is not None:
        others = [row["id"] for row in shop.table("Collection") if row["id"] not in given["collections"]]
        collections.leave(shop, record["id"], others)
        collections.join(shop, record["id"], given["collections"])
    refused = write_metafields(ctx, record, given.get("metafields") or [], at=("input", "metafields"))
    _set_variants(record, given, ctx)
    if held is None:
        product_writes.created(shop, record)
    else:
        product_writes.changed(shop, record)
    return {"product": record, "productSetOperation": None, "userErrors": refused}


def _set_files(shop: Shop, record: Record, given: list[Args]) -> None:
    kept = [entry["id"] for entry in given if entry.get("id") and media.get(shop, entry["id"])]
    new = [
        media.media_record(shop, {**entry, "mediaContentType": _content_type(entry)})["id"]
        for entry in given
        if not entry.get("id") and entry.get("originalSource")
    ]
    media.release(shop, record, set(record["_media"]) - set(kept))
    record["_media"] = kept + new


def _content_type(entry: Args) -> str:
    wanted = entry.get("contentType")
    return wanted if wanted in media.KINDS else "IMAGE"


def _set_variants(record: Record, given: Args, ctx: Context) -> None:
    shop = ctx.shop
    if given.get("productOptions") is not None:
        _set_options(shop, record, [linked_options.resolved(entry, ctx) for entry in given["productOptions"]])
    elif not record["_options"]:
        options.found(shop, record, None)
    if given.get("variants") is None:
        if not variants.of_product(shop, record["id"]):
            variants.add(shop, record, {}, {options.DEFAULT_OPTION: options.DEFAULT_TITLE})
        return
    _replace_variants(record, given["variants"], ctx)


def _set_options(shop: Shop, record: Record, given: list[Args]) -> None:
    """Replace the options; those of the same id or name keep their ids, and so do their values."""
    by_id = {held["id"]: held for held in record["_options"]}
    by_name = {held["name"]: held for held in record["_options"]}
    fresh = []
    for place, entry in enumerate(given, 1):
        held = by_id.get(entry.get("id", "")) or by_name.get(entry.get("name", ""))
        made = options.option(shop, entry.get("name") or (held or {}).get("name", ""), place, [])
        if held is not None:
            made["id"] = held["id"]
        known = dict(held["_values"]) if held else {}
        names = {gid: name for name, gid in known.items()}
        for value in entry.get("values") or []:
            old = names.get(value.get("id", ""))
            name = value.get("name") or old or ""
            made["_values"][name] = known.get(old or name) or shop.new_id("ProductOptionValue")
        linked_options.note(made, entry)
        if held is not None and held["name"] != made["name"]:
            _rename(shop, record, held["name"], made["name"])
        fresh.append(made)
    record["_options"] = sorted(fresh, key=lambda made: made["position"])
    linked_options.write_metafields(shop, record)


def _rename(shop: Shop, record: Record, old: str, new: str) -> None:
    for variant in variants.of_product(shop, record["id"]):
        variant["_values"] = {new if name == old else name: value for name, value in variant["_values"].items()}


def _replace_variants(record: Record, given: list[Args], ctx: Context) -> None:
    shop = ctx.shop
    held = variants.of_product(shop, record["id"])
    by_id = {row["id"]: row for row in held}
    by_values = {frozenset(row["_values"].items()): row for row in held}
    kept = []
    for place, entry in enumerate(given, 1):
        values = values_of(record, entry)
        values = {option["name"]: values[option["name"]] for option in record["_options"] if option["name"] in values}
        known = by_id.get(entry.get("id", "")) or by_values.get(frozenset(values.items()))
        row = _changed(shop, record, known, entry, values) if known else variants.add(shop, record, entry, values)
        row["position"] = place
        _set_file(shop, record, row, entry)
        write_metafields(ctx, row, entry.get("metafields") or [])
        kept.append(row["id"])
    for row in held:
        if row["id"] not in kept:
            variants.drop(shop, row)


def _changed(shop: Shop, product: Record, row: Record, entry: Args, values: dict[str, str]) -> Record:
    row["_values"] = {**values}
    variants.change(shop, product, row, entry, values)
    item = variants.item_of(shop, row)
    for wanted in entry.get("inventoryQuantities") or []:
        level = inventory.stock(shop, item, wanted["locationId"])
        level[wanted["name"]] = wanted["quantity"]
        level["updatedAt"] = shop.stamp()
    return row


def _set_file(shop: Shop, product: Record, row: Record, entry: Args) -> None:
    """A variant's own file joins the product's media."""
    wanted = entry.get("file")
    if not wanted:
        return
    gid = wanted.get("id")
    if not gid and wanted.get("originalSource"):
        known = {media_row["_source"]: media_row["id"] for media_row in media.of_product(shop, product)}
        gid = known.get(wanted["originalSource"])
        gid = gid or media.media_record(shop, {**wanted, "mediaContentType": _content_type(wanted)})["id"]
    if gid and gid not in product["_media"]:
        product["_media"].append(gid)
    row["_media"] = gid
