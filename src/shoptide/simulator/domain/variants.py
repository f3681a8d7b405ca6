"""Variants and options of products: what a product is sold as."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, locations
from shoptide.simulator.domain.deletions import metafields_of
from shoptide.simulator.domain.metafields import by_custom_id, write_metafields
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    mutation,
    number,
    numeric_id,
    root,
    search,
    sort,
    token,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

DEFAULT_OPTION, DEFAULT_TITLE = "Title", "Default Title"
MOST_VARIANTS = 2048
PLAIN = ("barcode", "compareAtPrice", "inventoryPolicy", "taxable", "taxCode", "requiresComponents", "showUnitPrice")


def table(shop: Shop) -> Any:
    found = shop.table("ProductVariant")
    found.add_index("product", lambda record: record["_product"])
    return found


def of_product(shop: Shop, product: str) -> list[Record]:
    found: list[Record] = table(shop).by("product", product)
    return sorted(found, key=lambda record: record["position"])


def item_of(shop: Shop, variant: Record) -> Record:
    found = shop.table("InventoryItem").get(variant["_item"])
    if found is None:
        raise KeyError(variant["_item"])
    return found


def title_of(variant: Record) -> str:
    return " / ".join(variant["_values"].values()) or DEFAULT_TITLE


def quantity(shop: Shop, variant: Record) -> int | None:
    return inventory.available(item_of(shop, variant))


def money(value: Any) -> str:
    return format(Decimal(str(value)).quantize(Decimal("0.01")), "f")


# options


def set_options(shop: Shop, product: Record, given: list[Args]) -> None:
    product["_options"] = [
        {
            "id": shop.new_id("ProductOption"),
            "name": option["name"],
            "position": index + 1,
            "_values": {value["name"]: shop.new_id("ProductOptionValue") for value in option.get("values") or []},
        }
        for index, option in enumerate(given)
    ]


def option_record(shop: Shop, product: Record, option: Record) -> Record:
    used = {variant["_values"].get(option["name"]) for variant in of_product(shop, product["id"])}
    return {
        **option,
        "__typename": "ProductOption",
        "values": [name for name in option["_values"] if name in used],
        "optionValues": [
            {"id": gid, "__typename": "ProductOptionValue", "name": name, "hasVariants": name in used}
            for name, gid in option["_values"].items()
        ],
    }


def _value(shop: Shop, product: Record, option: str, name: str) -> None:
    """Note that an option has a value."""
    held = next((each for each in product["_options"] if each["name"] == option), None)
    if held is None:
        held = {
            "id": shop.new_id("ProductOption"),
            "name": option,
            "position": len(product["_options"]) + 1,
            "_values": {},
        }
        product["_options"].append(held)
    held["_values"].setdefault(name, shop.new_id("ProductOptionValue"))


# variants


def add(ctx_shop: Shop, product: Record, given: Args, values: dict[str, str]) -> Record:
    """A new variant with its inventory item."""
    shop, now = ctx_shop, ctx_shop.stamp()
    gid = shop.new_id("ProductVariant")
    details = {**(given.get("inventoryItem") or {})}
    sku = given.get("sku") if given.get("sku") is not None else details.get("sku")
    item = inventory.item(shop, gid, details, sku=sku)
    for option, name in values.items():
        _value(shop, product, option, name)
    record = {
        "id": gid,
        "_product": product["id"],
        "_item": item["id"],
        "_values": values,
        "price": money(given.get("price") or 0),
        "position": max((each["position"] for each in of_product(shop, product["id"])), default=0) + 1,
        "inventoryPolicy": "DENY",
        "taxable": True,
        "createdAt": now,
        "updatedAt": now,
    }
    _apply(record, given)
    for level in given.get("inventoryQuantities") or []:
        inventory.stock(item, level["locationId"])["available"] = level.get(
            "availableQuantity", level.get("quantity", 0)
        )
    if not item["_levels"]:
        inventory.stock(item, locations.primary(shop)["id"])
    return table(shop).put(record)  # type: ignore[no-any-return]  # a Table's record


def _apply(record: Record, given: Args) -> None:
    for name in PLAIN:
        if name in given:
            record[name] = given[name]
    if given.get("price") is not None:
        record["price"] = money(given["price"])
    if given.get("compareAtPrice") is not None:
        record["compareAtPrice"] = money(given["compareAtPrice"])


def add_first(shop: Shop, product: Record) -> None:
    """The variant that every new product has: of each option its first value."""
    if not product["_options"]:
        add(shop, product, {}, {DEFAULT_OPTION: DEFAULT_TITLE})
        return
    add(shop, product, {}, {option["name"]: next(iter(option["_values"]), "") for option in product["_options"]})


def drop(shop: Shop, record: Record) -> None:
    for metafield in metafields_of(shop, record["id"]):
        shop.table("Metafield").remove(metafield["id"])
    shop.table("InventoryItem").remove(record["_item"])
    table(shop).remove(record["id"])


def values_of(given: Args) -> dict[str, str]:
    return {str(each.get("optionName") or ""): str(each.get("name") or "") for each in given.get("optionValues") or []}


# productSet


def set_problems(given: Args) -> list[Record]:
    found = []
    if given.get("productOptions") is not None and given.get("variants") is None:
        message = "Variants input is required when updating product options"
        found.append(user_error(["input", "variants"], message, "VARIANTS_INPUT_REQUIRED"))
    for index, option in enumerate(given.get("productOptions") or []):
        if " / " in (option.get("name") or ""):
            path = ["input", "productOptions", str(index), "name"]
            found.append(user_error(path, "The name contains unsupported sequence ' / '", "INVALID_INPUT"))
    seen = set()
    for index, variant in enumerate(given.get("variants") or []):
        title = " / ".join(values_of(variant).values())
        if title in seen:
            message = f"The variant '{title}' already exists. Please change at least one option value."
            found.append(user_error(["input", "variants", str(index)], message, "INVALID_VARIANT"))
        seen.add(title)
        cost = (variant.get("inventoryItem") or {}).get("cost")
        if cost is not None and Decimal(str(cost)) < 0:
            path = ["input", "variants", str(index), "inventoryItem", "cost"]
            found.append(user_error(path, "Cost per item must be greater than or equal to 0", "INVALID_VARIANT"))
    return found


def replace(ctx: Context, product: Record, given: Args) -> list[Record]:
    """Make a product's options and variants those of an input, as productSet does: what it does not list goes."""
    shop = ctx.shop
    if given.get("variants") is None:
        if not of_product(shop, product["id"]):
            add_first(shop, product)
        return []
    held = {title_of(each): each for each in of_product(shop, product["id"])}
    by_id = {each["id"]: each for each in held.values()}
    if given.get("productOptions") is not None:
        old = {option["name"]: option for option in product["_options"]}
        set_options(shop, product, given["productOptions"])
        for option in product["_options"]:
            if option["name"] in old:
                option["id"] = old[option["name"]]["id"]
                option["_values"] |= {n: g for n, g in old[option["name"]]["_values"].items() if n in option["_values"]}
    kept = []
    for position, each in enumerate(given["variants"]):
        values = values_of(each)
        record = by_id.get(each.get("id", "")) or held.get(" / ".join(values.values()))
        record = _changed(shop, product, record, each, values) if record else add(shop, product, each, values)
        record["position"] = position + 1
        kept.append(record["id"])
        if refused := write_metafields(
            ctx, record, each.get("metafields") or [], at=("input", "variants", str(position), "metafields")
        ):
            return refused
    for record in of_product(shop, product["id"]):
        if record["id"] not in kept:
            drop(shop, record)
    return []


def _changed(shop: Shop, product: Record, record: Record, given: Args, values: dict[str, str]) -> Record:
    before = dict(record)
    _apply(record, given)
    if values:
        record["_values"] = {**record["_values"], **values}
        for option, name in values.items():
            _value(shop, product, option, name)
    item = item_of(shop, record)
    details = dict(given.get("inventoryItem") or {})
    if "sku" in given:
        details["sku"] = given["sku"]
    inventory.change(item, details)
    if record != before or details:
        shop.touch(record)
    return table(shop).put(record)  # type: ignore[no-any-return]  # a Table's record


# bulk mutations of one product's variants


def _product(ctx: Context, gid: str) -> Record | None:
    return ctx.shop.table("Product").get(gid)


def _no_product(name: str = "productVariants") -> Record:
    error = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
    return {"product": None, name: None, "userErrors": [error]}


def _price_problems(given: Args, at: list[str]) -> list[Record]:
    found = []
    if given.get("price") is not None and Decimal(str(given["price"])) < 0:
        message = "Price must be greater than or equal to 0"
        found.append(user_error([*at, "price"], message, "GREATER_THAN_OR_EQUAL_TO"))
    return found


@mutation("productVariantsBulkCreate")
def bulk_create(args: Args, ctx: Context) -> Record:
    product = _product(ctx, args["productId"])
    if product is None:
        return _no_product()
    shop, found = ctx.shop, []
    names = [option["name"] for option in product["_options"]]
    taken = {title_of(each) for each in of_product(shop, product["id"])}
    wanted = []
    for index, given in enumerate(args["variants"]):
        at = ["variants", str(index)]
        values = {
            _option_name(product, each): each.get("name") or _value_name(product, each)
            for each in given.get("optionValues") or []
        }
        ordered = {name: values[name] for name in names if name in values}
        unknown = [name for name in values if name not in names]
        missing = [name for name in names if name not in values and name != DEFAULT_OPTION]
        if unknown:
            found.append(user_error([*at, "optionValues", "0"], "Option does not exist", "INVALID_INPUT"))
        elif missing:
            message = f"You need to add option values for {', '.join(missing)}"
            found.append(user_error(at, message, "NEED_TO_ADD_OPTION_VALUES"))
        elif " / ".join(ordered.values()) in taken and ordered:
            message = f"The variant '{' / '.join(ordered.values())}' already exists."
            found.append(user_error(at, message, "VARIANT_ALREADY_EXISTS"))
        found += _price_problems(given, at)
        wanted.append((given, ordered))
    if found:
        return {"product": product, "productVariants": [], "userErrors": found}
    if args.get("strategy") == "REMOVE_STANDALONE_VARIANT" or names == [DEFAULT_OPTION]:
        for each in of_product(shop, product["id"]):
            if title_of(each) == DEFAULT_TITLE:
                drop(shop, each)
    made = [add(shop, product, given, values) for given, values in wanted]
    for given, record in zip(args["variants"], made, strict=True):
        write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",))
    _product_changed(shop, product)
    return {"product": product, "productVariants": made, "userErrors": []}


def _option_name(product: Record, given: Args) -> str:
    if given.get("optionName"):
        return str(given["optionName"])
    return next((each["name"] for each in product["_options"] if each["id"] == given.get("optionId")), "")


def _value_name(product: Record, given: Args) -> str:
    for option in product["_options"]:
        for name, gid in option["_values"].items():
            if gid == given.get("id"):
                return str(name)
    return ""


@mutation("productVariantsBulkUpdate")
def bulk_update(args: Args, ctx: Context) -> Record:
    product = _product(ctx, args["productId"])
    if product is None:
        return _no_product()
    shop, found, wanted = ctx.shop, [], []
    for index, given in enumerate(args["variants"]):
        at = ["variants", str(index)]
        record = table(shop).get(given.get("id"))
        if not given.get("id"):
            message = "Product variant is missing ID attribute"
            found.append(user_error([*at, "id"], message, "PRODUCT_VARIANT_ID_MISSING"))
        elif record is None or record["_product"] != product["id"]:
            found.append(user_error([*at, "id"], "Product variant does not exist", "PRODUCT_VARIANT_DOES_NOT_EXIST"))
        elif given.get("inventoryQuantities"):
            message = (
                "Inventory quantities can only be provided during create. "
                "To update inventory for existing variants, use inventoryAdjustQuantities."
            )
            code = "NO_INVENTORY_QUANTITIES_ON_VARIANTS_UPDATE"
            found.append(user_error([*at, "inventoryQuantities"], message, code))
        else:
            problems = _price_problems(given, at)
            found += problems
            if not problems:
                wanted.append((record, given))
    if found and not args.get("allowPartialUpdates"):
        return {"product": product, "productVariants": None, "userErrors": found}
    made = []
    for record, given in wanted:
        values = {_option_name(product, each): each.get("name") or "" for each in given.get("optionValues") or []}
        made.append(_changed(shop, product, record, given, values))
        shop.touch(record)
        found += write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",))
    _product_changed(shop, product)
    return {"product": product, "productVariants": made, "userErrors": found}


@mutation("productVariantsBulkDelete")
def bulk_delete(args: Args, ctx: Context) -> Record:
    product = _product(ctx, args["productId"])
    if product is None:
        return _no_product()
    found = []
    for index, gid in enumerate(args["variantsIds"]):
        record = table(ctx.shop).get(gid)
        if record is None or record["_product"] != product["id"]:
            message = "At least one variant does not belong to the product"
            code = "AT_LEAST_ONE_VARIANT_DOES_NOT_BELONG_TO_THE_PRODUCT"
            found.append(user_error(["variantsIds", str(index)], message, code))
    if not found:
        for gid in args["variantsIds"]:
            drop(ctx.shop, table(ctx.shop).get(gid))
        for position, record in enumerate(of_product(ctx.shop, product["id"])):
            record["position"] = position + 1
        _product_changed(ctx.shop, product)
    return {"product": product, "userErrors": found}


def _product_changed(shop: Shop, product: Record) -> None:
    shop.touch(product)
    shop.table("Product").put(product)
    shop.emit("products/update", product)


# reading


@root("productVariants")
def product_variants(_args: Args, ctx: Context) -> Listing:
    return Listing("ProductVariant", table(ctx.shop), root="productVariants")


@root("productVariantByIdentifier")
def by_identifier(args: Args, ctx: Context) -> Record | None:
    wanted = args["identifier"]
    if wanted.get("id"):
        return table(ctx.shop).get(wanted["id"])  # type: ignore[no-any-return]  # a Table's record
    return by_custom_id(ctx, "PRODUCTVARIANT", wanted["customId"]) if wanted.get("customId") else None


@field("ProductVariant", "legacyResourceId")
def _legacy(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("ProductVariant", "title")
def _title(record: Record, _args: Args, _ctx: Context) -> str:
    return title_of(record)


@field("ProductVariant", "displayName")
def _display_name(record: Record, _args: Args, ctx: Context) -> str:
    product = ctx.shop.get(record["_product"]) or {}
    return f"{product.get('title', '')} - {title_of(record)}"


@field("ProductVariant", "product")
def _of_product(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_product"])


@field("ProductVariant", "inventoryItem")
def _item(record: Record, _args: Args, ctx: Context) -> Record:
    return item_of(ctx.shop, record)


@field("ProductVariant", "sku")
def _sku(record: Record, _args: Args, ctx: Context) -> str | None:
    sku: str | None = item_of(ctx.shop, record)["sku"]
    return sku


@field("ProductVariant", "inventoryQuantity", "sellableOnlineQuantity")
def _quantity(record: Record, _args: Args, ctx: Context) -> int | None:
    return quantity(ctx.shop, record)


@field("ProductVariant", "availableForSale")
def _for_sale(record: Record, _args: Args, ctx: Context) -> bool:
    tracked = item_of(ctx.shop, record)["tracked"]
    return not tracked or record["inventoryPolicy"] == "CONTINUE" or (quantity(ctx.shop, record) or 0) > 0


@field("ProductVariant", "selectedOptions")
def _selected(record: Record, _args: Args, ctx: Context) -> list[Record]:
    product = ctx.shop.get(record["_product"]) or {}
    gids = {option["name"]: option["_values"] for option in product.get("_options", [])}
    return [
        {
            "name": option,
            "value": value,
            "optionValue": {
                "id": gids.get(option, {}).get(value, "gid://shopify/ProductOptionValue/1"),
                "name": value,
                "hasVariants": True,
            },
        }
        for option, value in record["_values"].items()
    ]


search(
    "ProductVariant",
    {
        "id": numeric_id(lambda record, _shop: record["id"]),
        "sku": token(lambda record, shop: item_of(shop, record)["sku"]),
        "barcode": token(lambda record, _shop: record.get("barcode")),
        "title": words(lambda record, _shop: title_of(record)),
        "product_id": numeric_id(lambda record, _shop: record["_product"]),
        "product_ids": numeric_id(lambda record, _shop: record["_product"]),
        "inventory_quantity": number(lambda record, shop: quantity(shop, record)),
        "product_status": token(lambda record, shop: (shop.get(record["_product"]) or {}).get("status")),
        "vendor": token(lambda record, shop: (shop.get(record["_product"]) or {}).get("vendor")),
        "tag": token(lambda record, shop: (shop.get(record["_product"]) or {}).get("tags")),
        "updated_at": instant(lambda record, _shop: record["updatedAt"]),
    },
    text=[lambda record, shop: item_of(shop, record)["sku"], lambda record, _shop: title_of(record)],
)

POSITION = {
    "POSITION": lambda record, _shop: record["position"],
    "ID": lambda record, _shop: int(tail_of(record["id"])),
}
sort("productVariants", POSITION, default="ID")
sort("Product.variants", POSITION, default="POSITION")
