"""The bulk mutations of one product's variants: create, update, delete, reorder."""

from __future__ import annotations

from decimal import Decimal

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, media, options, products, variants
from shoptide.simulator.domain.metafields import check_inputs, write_metafields
from shoptide.simulator.domain.option_checks import SEPARATOR
from shoptide.simulator.domain.product_sets import values_of
from shoptide.simulator.domain.product_writes import changed
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop

LIMIT = Decimal(10) ** 18
NO_PRODUCT = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
NO_QUANTITIES = (
    "Inventory quantities can only be provided during create. "
    "To update inventory for existing variants, use inventoryAdjustQuantities."
)


def _refused(errors: list[Record], product: Record | None = None) -> Record:
    return {"product": product, "productVariants": None, "userErrors": errors}


# checks


def _money_problems(given: Args, path: list[str]) -> list[Record]:
    found = []
    price, compare, cost = (
        given.get("price"),
        given.get("compareAtPrice"),
        (given.get("inventoryItem") or {}).get("cost"),
    )
    if price is not None and Decimal(str(price)) < 0:
        message = "Price must be greater than or equal to 0"
        found.append(user_error([*path, "price"], message, "GREATER_THAN_OR_EQUAL_TO"))
    if price is not None and Decimal(str(price)) >= LIMIT:
        found.append(user_error(path, f"must be less than {LIMIT:f}"))
    if compare is not None and Decimal(str(compare)) < 0:
        found.append(user_error(path, "must be greater than or equal to 0"))
    if compare is not None and Decimal(str(compare)) >= LIMIT:
        found.append(user_error([*path, "compareAtPrice"], f"must be less than {LIMIT:f}", "INVALID_INPUT"))
    if cost is not None and Decimal(str(cost)) < 0:
        message, at = "Cost per item must be greater than or equal to 0", [*path, "inventoryItem", "cost"]
        found.append(user_error(at, message, "GREATER_THAN_OR_EQUAL_TO"))
    if cost is not None and Decimal(str(cost)) >= LIMIT:
        at = [*path, "inventoryItem", "cost"]
        found.append(user_error(at, f"Cost per item must be less than {LIMIT:f}", "INVALID_INPUT"))
    return found


def _option_problems(product: Record, given: Args, path: list[str], code: str) -> list[Record]:
    """Options that the product does not have, or that are named twice."""
    known = {held["name"] for held in product["_options"]} | {held["id"] for held in product["_options"]}
    seen: set[str] = set()
    for place, entry in enumerate(given.get("optionValues") or []):
        name = entry.get("optionName") or entry.get("optionId") or ""
        if name not in known:
            return [user_error([*path, "optionValues", str(place)], "Option does not exist", code)]
        if name in seen:
            return [user_error([*path, "optionValues"], f"Duplicated option name '{name}'", "INVALID_INPUT")]
        seen.add(name)
    return []


def _metafield_problems(given: Args, path: list[str], ctx: Context) -> list[Record]:
    _wanted, refused = check_inputs(given.get("metafields") or [], "gid://shopify/ProductVariant/0", ctx)
    return [{**error, "field": [*path, *error["field"]]} for error in refused]


# creating


@mutation("productVariantsBulkCreate")
def bulk_create(args: Args, ctx: Context) -> Record:
    shop, given = ctx.shop, args["variants"]
    product = products.table(shop).get(args["productId"])
    if product is None:
        return _refused([NO_PRODUCT])
    alone = _standalone(product, args.get("strategy") or "DEFAULT", shop)
    errors = _creation_problems(product, given, alone, ctx)
    if errors:
        return _refused(errors, product)
    if alone is not None:
        _drop_standalone(shop, product, alone)
    names = [held["name"] for held in product["_options"]]
    made = []
    for entry in given:
        wanted = values_of(product, entry)
        row = variants.add(shop, product, tracked(entry), {name: wanted[name] for name in names if name in wanted})
        write_metafields(ctx, row, entry.get("metafields") or [])
        made.append(row)
    _attach_media(shop, product, args, list(zip(made, given, strict=True)))
    changed(shop, product)
    return {"product": product, "productVariants": made, "userErrors": []}


def tracked(given: Args) -> Args:
    """Variants made by the bulk mutations have their stock counted unless told otherwise."""
    return {**given, "inventoryItem": {"tracked": True, **(given.get("inventoryItem") or {})}}


def _standalone(product: Record, strategy: str, shop: Shop) -> Record | None:
    """The variant that the new ones take the place of, if any."""
    rows = variants.of_product(shop, product["id"])
    if len(rows) != 1 or strategy == "PRESERVE_STANDALONE_VARIANT":
        return None
    return rows[0] if strategy == "REMOVE_STANDALONE_VARIANT" or options.is_default(product) else None


def _drop_standalone(shop: Shop, product: Record, row: Record) -> None:
    variants.drop(shop, row)
    if options.is_default(product):
        product["_options"][0]["_values"] = {}


def _creation_problems(product: Record, given: list[Args], alone: Record | None, ctx: Context) -> list[Record]:
    rows = [row for row in variants.of_product(ctx.shop, product["id"]) if row is not alone]
    taken = {SEPARATOR.join(row["_values"].values()) for row in rows}
    errors: list[Record] = []
    for index, entry in enumerate(given):
        path = ["variants", str(index)]
        if entry.get("id"):
            errors.append(user_error([*path, "id"], "id cannot be specified on creation", "NO_KEY_ON_CREATE"))
            continue
        found = _option_problems(product, entry, path, "INVALID_INPUT")
        errors += found or _value_problems(product, entry, path, taken)
        errors += _money_problems(entry, path) + _stock_problems(product, entry, path, ctx)
        errors += _metafield_problems(entry, path, ctx)
    if len(rows) + len(given) > options.MOST_VARIANTS:
        message = f"The number of created variants would exceed the {options.MOST_VARIANTS} variants per product limit"
        errors.append(user_error(["variants"], message, "INVALID"))
    return errors


def _value_problems(product: Record, entry: Args, path: list[str], taken: set[str]) -> list[Record]:
    wanted = values_of(product, entry)
    missing = [held["name"] for held in product["_options"] if not wanted.get(held["name"])]
    if missing:
        message = f"You need to add option values for {', '.join(missing)}"
        return [user_error(path, message, "NEED_TO_ADD_OPTION_VALUES")]
    title = SEPARATOR.join(wanted[held["name"]] for held in product["_options"])
    if title in taken:
        message = f"The variant '{title}' already exists. Please change at least one option value."
        return [user_error(path, message, "VARIANT_ALREADY_EXISTS_CHANGE_OPTION_VALUE")]
    taken.add(title)
    return []


def _stock_problems(product: Record, entry: Args, path: list[str], ctx: Context) -> list[Record]:
    for wanted in entry.get("inventoryQuantities") or []:
        if ctx.shop.table("Location").get(wanted["locationId"]) is None:
            title = SEPARATOR.join(values_of(product, entry).values())
            message = f"Quantity for {title} couldn't be set because the location was deleted."
            return [user_error([*path, "inventoryQuantities"], message, "TRACKED_VARIANT_LOCATION_NOT_FOUND")]
    return []


def _attach_media(shop: Shop, product: Record, args: Args, pairs: list[tuple[Record, Args]]) -> None:
    added = {row["_source"]: row["id"] for row in media.add(shop, product, args.get("media"))}
    for row, entry in pairs:
        if entry.get("mediaId"):
            row["_media"] = entry["mediaId"]
        elif entry.get("mediaSrc"):
            row["_media"] = added.get(entry["mediaSrc"][0])


# updating


@mutation("productVariantsBulkUpdate")
def bulk_update(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    product = products.table(shop).get(args["productId"])
    if product is None:
        return _refused([NO_PRODUCT])
    checked = [(entry, _update_problems(product, entry, index, ctx)) for index, entry in enumerate(args["variants"])]
    errors = sorted(
        (error for _entry, found in checked for error in found), key=lambda error: (error["field"], error["code"] or "")
    )
    if errors and not args.get("allowPartialUpdates"):
        return _refused(errors, product)
    rows = []
    for entry, found in checked:
        row = variants.table(shop).get(entry.get("id"))
        if row is not None and not found:
            variants.change(shop, product, row, entry, values_of(product, entry))
            _adjust(shop, row, entry)
            write_metafields(ctx, row, entry.get("metafields") or [])
        if row is not None and row["_product"] == product["id"]:
            rows.append(row)
    _attach_media(
        shop, product, args, [(row, entry) for row in rows for entry, _ in checked if entry["id"] == row["id"]]
    )
    changed(shop, product)
    return {"product": product, "productVariants": rows, "userErrors": errors}


def _update_problems(product: Record, entry: Args, index: int, ctx: Context) -> list[Record]:
    path = ["variants", str(index)]
    if not entry.get("id"):
        return [user_error([*path, "id"], "Product variant is missing ID attribute", "PRODUCT_VARIANT_ID_MISSING")]
    row = variants.table(ctx.shop).get(entry["id"])
    if row is None or row["_product"] != product["id"]:
        return [user_error([*path, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST")]
    found = []
    if entry.get("inventoryQuantities"):
        code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"
        found.append(user_error([*path, "inventoryQuantities"], NO_QUANTITIES, code))
    found += _option_problems(product, entry, path, "OPTION_DOES_NOT_EXIST") or _taken(product, row, entry, path, ctx)
    return found + _money_problems(entry, path) + _metafield_problems(entry, path, ctx)


def _taken(product: Record, row: Record, entry: Args, path: list[str], ctx: Context) -> list[Record]:
    wanted = values_of(product, entry)
    if not wanted:
        return []
    values = {**row["_values"], **wanted}
    others = [other for other in variants.of_product(ctx.shop, product["id"]) if other is not row]
    if all(other["_values"] != values for other in others):
        return []
    title = SEPARATOR.join(values.values())
    message = f"The variant '{title}' already exists. Please change at least one option value."
    return [user_error(path, message, "VARIANT_ALREADY_EXISTS_CHANGE_OPTION_VALUE")]


def _adjust(shop: Shop, row: Record, entry: Args) -> None:
    item = variants.item_of(shop, row)
    for wanted in entry.get("quantityAdjustments") or []:
        inventory.shift(shop, item, wanted["locationId"], {"available": wanted.get("adjustment") or 0})


# deleting and reordering


@mutation("productVariantsBulkDelete")
def bulk_delete(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    product = products.table(shop).get(args["productId"])
    if product is None:
        return {"product": None, "userErrors": [NO_PRODUCT]}
    held = {row["id"]: row for row in variants.of_product(shop, product["id"])}
    message = "At least one variant does not belong to the product"
    code = "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT"
    errors = [
        user_error(["variantsIds", str(index)], message, code)
        for index, gid in enumerate(args["variantsIds"])
        if gid not in held
    ]
    if errors:
        return {"product": product, "userErrors": errors}
    for gid in dict.fromkeys(args["variantsIds"]):
        variants.drop(shop, held[gid])
    if not variants.of_product(shop, product["id"]):
        # A product always has a variant: the last one's place is taken by a default one.
        options.found(shop, product, None)
        variants.add(shop, product, {}, {options.DEFAULT_OPTION: options.DEFAULT_TITLE})
    variants.compact(shop, product)
    changed(shop, product)
    return {"product": product, "userErrors": []}


@mutation("productVariantsBulkReorder")
def bulk_reorder(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    product = products.table(shop).get(args["productId"])
    if product is None:
        return {"product": None, "userErrors": [NO_PRODUCT]}
    order = [row["id"] for row in variants.of_product(shop, product["id"])]
    if errors := _order_problems(args["positions"], order):
        return {"product": product, "userErrors": errors}
    for entry in args["positions"]:
        order.remove(entry["id"])
        order.insert(entry["position"] - 1, entry["id"])
    for place, gid in enumerate(order, 1):
        variants.table(shop).get(gid)["position"] = place
    changed(shop, product)
    return {"product": product, "userErrors": []}


def _order_problems(given: list[Args], held: list[str]) -> list[Record]:
    if len({entry["id"] for entry in given}) < len(given):
        return [user_error(["positions"], "Product variant IDs must be unique", "DUPLICATED_VARIANT_ID")]
    errors = []
    for index, entry in enumerate(given):
        path = ["positions", str(index)]
        if entry["id"] not in held:
            errors.append(user_error([*path, "id"], "Product variant does not exist", "MISSING_VARIANT"))
        if entry["position"] < 1:
            message = "Position can not be zero or negative number"
            errors.append(user_error([*path, "position"], message, "INVALID_POSITION"))
    return errors
