"""Variants of products: their records, and what is read and searched of them."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import inventory, locations
from shoptide.simulator.domain.metafields import by_custom_id, drop_of
from shoptide.simulator.registry import (
    Args,
    Listing,
    boolean,
    field,
    instant,
    number,
    numeric_id,
    root,
    search,
    sort,
    token,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "ProductVariant"
DEFAULT_TITLE = "Default Title"
COPIED = ("barcode", "inventoryPolicy", "taxable", "taxCode", "requiresComponents", "showUnitPrice")
KEPT_WHEN_NULL = ("inventoryPolicy", "taxable", "requiresComponents", "showUnitPrice")


def table(shop: Shop) -> Any:
    found = shop.table(KIND)
    found.add_index("product", lambda record: record["_product"])
    return found


def of_product(shop: Shop, product: str) -> list[Record]:
    """A product's variants by position."""
    found: list[Record] = table(shop).by("product", product)
    return sorted(found, key=lambda record: record["position"])


def product_of(shop: Shop, variant: Record) -> Record:
    found = shop.table("Product").get(variant["_product"])
    if found is None:
        raise KeyError(variant["_product"])
    return found


def item_of(shop: Shop, variant: Record) -> Record:
    found = shop.table("InventoryItem").get(variant["_item"])
    if found is None:
        raise KeyError(variant["_item"])
    return found


def sku_of(shop: Shop, variant: Record) -> str | None:
    sku: str | None = item_of(shop, variant)["sku"]
    return sku


def title_of(variant: Record) -> str:
    return " / ".join(variant["_values"].values()) or DEFAULT_TITLE


def quantity(shop: Shop, variant: Record) -> int:
    return inventory.available(item_of(shop, variant))


def money(value: Any) -> str:
    """A price as variants show it: two decimals."""
    return format(Decimal(str(value)).quantize(Decimal("0.01")), "f")


# writing


def add(shop: Shop, product: Record, given: Args, values: dict[str, str]) -> Record:
    """A new variant, last of its product, with its inventory item."""
    now, gid = shop.stamp(), shop.new_id(KIND)
    gift = bool(product.get("isGiftCard"))
    details = {"requiresShipping": not gift, **(given.get("inventoryItem") or {})}
    sku = given.get("sku") if given.get("sku") is not None else details.get("sku")
    item = inventory.item(shop, gid, details, sku=sku)
    _note_values(shop, product, values)
    record: Record = {
        "id": gid,
        "_product": product["id"],
        "_item": item["id"],
        "_values": values,
        "price": "0.00",
        "compareAtPrice": None,
        "barcode": None,
        "position": len(table(shop).by("product", product["id"])) + 1,
        "inventoryPolicy": "DENY",
        "taxable": not gift,
        "createdAt": now,
        "updatedAt": now,
    }
    apply(record, given)
    for entry in given.get("inventoryQuantities") or []:
        held = inventory.stock(shop, item, entry["locationId"])
        held[entry.get("name") or "available"] = entry.get("availableQuantity", entry.get("quantity", 0))
    if not item["_levels"]:
        inventory.stock(shop, item, locations.primary(shop)["id"])
    return table(shop).put(record)  # type: ignore[no-any-return]  # a Table's record


def apply(record: Record, given: Args) -> None:
    """Write the plain fields of an input onto a variant."""
    for name in COPIED:
        if name in given and not (given[name] is None and name in KEPT_WHEN_NULL):
            record[name] = given[name]
    if record["barcode"] == "":
        record["barcode"] = None
    if given.get("price") is not None:
        record["price"] = money(given["price"])
    if "compareAtPrice" in given:
        record["compareAtPrice"] = None if given["compareAtPrice"] is None else money(given["compareAtPrice"])
    if given.get("unitPriceMeasurement") is not None:
        record["_unit"] = dict(given["unitPriceMeasurement"])


def change(shop: Shop, product: Record, record: Record, given: Args, values: dict[str, str]) -> Record:
    """Write an input onto an existing variant; `values` are those of its options that change."""
    apply(record, given)
    if values:
        record["_values"] = {name: values.get(name, held) for name, held in {**values, **record["_values"]}.items()}
        order = [option["name"] for option in product["_options"]]
        record["_values"] = {name: record["_values"][name] for name in order if name in record["_values"]}
        _note_values(shop, product, values)
    details = dict(given.get("inventoryItem") or {})
    if "sku" in given:
        details["sku"] = given["sku"]
    if details:
        item = item_of(shop, record)
        inventory.change(item, details)
        shop.touch(item)
        shop.table("InventoryItem").put(item)
    shop.touch(record)
    return table(shop).put(record)  # type: ignore[no-any-return]  # a Table's record


def _note_values(shop: Shop, product: Record, values: dict[str, str]) -> None:
    for option in product["_options"]:
        value = values.get(option["name"])
        if value is not None and value not in option["_values"]:
            option["_values"][value] = shop.new_id("ProductOptionValue")


def drop(shop: Shop, record: Record) -> None:
    drop_of(shop, record["id"])
    if (item := shop.table("InventoryItem").remove(record["_item"])) is not None:
        shop.emit("inventory_items/delete", item)
    table(shop).remove(record["id"])


def compact(shop: Shop, product: Record) -> None:
    """Number the variants of a product without gaps."""
    for place, record in enumerate(of_product(shop, product["id"]), 1):
        record["position"] = place


# reading


@root("productVariants")
def product_variants(_args: Args, ctx: Context) -> Listing:
    return Listing(KIND, table(ctx.shop), root="productVariants")


@root("productVariantByIdentifier")
def by_identifier(args: Args, ctx: Context) -> Record | None:
    wanted = args["identifier"]
    if wanted.get("customId"):
        return by_custom_id(ctx, "PRODUCTVARIANT", wanted["customId"])
    found: Record | None = table(ctx.shop).get(wanted.get("id"))
    return found


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "title")
def title(record: Record, _args: Args, _ctx: Context) -> str:
    return title_of(record)


@field(KIND, "displayName")
def display_name(record: Record, _args: Args, ctx: Context) -> str:
    return f"{product_of(ctx.shop, record)['title']} - {title_of(record)}"


@field(KIND, "product")
def product(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["_product"])


@field(KIND, "inventoryItem")
def item(record: Record, _args: Args, ctx: Context) -> Record:
    return item_of(ctx.shop, record)


@field(KIND, "sku")
def sku(record: Record, _args: Args, ctx: Context) -> str | None:
    return sku_of(ctx.shop, record)


@field(KIND, "inventoryQuantity", "sellableOnlineQuantity")
def inventory_quantity(record: Record, _args: Args, ctx: Context) -> int:
    return quantity(ctx.shop, record)


@field(KIND, "availableForSale")
def available_for_sale(record: Record, _args: Args, ctx: Context) -> bool:
    tracked = item_of(ctx.shop, record)["tracked"]
    return not tracked or record["inventoryPolicy"] == "CONTINUE" or quantity(ctx.shop, record) > 0


@field(KIND, "selectedOptions")
def selected_options(record: Record, _args: Args, ctx: Context) -> list[Record]:
    gids = {option["name"]: option["_values"] for option in product_of(ctx.shop, record)["_options"]}
    return [
        {"name": name, "value": value, "optionValue": {"id": gids[name][value], "name": value, "hasVariants": True}}
        for name, value in record["_values"].items()
        if value in gids.get(name, {})
    ]


@field(KIND, "defaultCursor")
@field("Product", "defaultCursor")
def default_cursor(record: Record, _args: Args, _ctx: Context) -> str:
    text = f'{{"last_id":{tail_of(record["id"])},"last_value":"{tail_of(record["id"])}"}}'
    return base64.b64encode(text.encode()).decode()


@field(KIND, "contextualPricing")
def contextual_pricing(record: Record, _args: Args, ctx: Context) -> Record:
    compare, currency = record.get("compareAtPrice"), ctx.shop.currency
    return {
        "price": {"amount": Decimal(record["price"]), "currencyCode": currency},
        "compareAtPrice": {"amount": Decimal(compare), "currencyCode": currency} if compare else None,
    }


@field(KIND, "presentmentPrices")
def presentment_prices(record: Record, args: Args, ctx: Context) -> Listing:
    wanted = args.get("presentmentCurrencies")
    if wanted and ctx.shop.currency not in wanted:
        return Listing("", ())
    return Listing("", [contextual_pricing(record, {}, ctx)])


def weight(shop: Shop, variant: Record) -> Decimal:
    held = item_of(shop, variant)["_weight"]
    return Decimal(str(held["value"]))


RULE_VALUES: dict[str, Any] = {
    "title": lambda _shop, row: title_of(row),
    "price": lambda _shop, row: Decimal(row["price"]),
    "compareAtPrice": lambda _shop, row: Decimal(row["compareAtPrice"]) if row["compareAtPrice"] else None,
    "inventory": quantity,
    "weight": weight,
    "reduced": lambda _shop, row: "x" if row["compareAtPrice"] else None,
}


def _of_product(name: str) -> Any:
    def extract(record: Record, shop: Shop) -> Any:
        return product_of(shop, record)[name]

    return extract


def products_collection(shop: Shop, record: Record) -> str | None:
    """A collection that the variant's product is in."""
    held = (row for row in shop.table("Collection") if record["_product"] in row["_products"])
    return next((row["id"] for row in held), None)


def _published(record: Record, shop: Shop) -> str:
    return "published" if product_of(shop, record)["publishedAt"] else "unpublished"


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "sku": token(lambda row, shop: sku_of(shop, row)),
        "barcode": token(lambda row, _shop: row["barcode"]),
        "title": words(lambda row, _shop: title_of(row)),
        "product_id": numeric_id(lambda row, _shop: row["_product"]),
        "product_ids": numeric_id(lambda row, _shop: row["_product"]),
        "inventory_quantity": number(lambda row, shop: quantity(shop, row)),
        "product_status": token(_of_product("status"), ["active", "archived", "draft", "unlisted"]),
        "product_type": token(_of_product("productType")),
        "vendor": token(_of_product("vendor")),
        "tag": token(_of_product("tags")),
        "tag_not": token(_of_product("tags")),
        "gift_card": boolean(_of_product("isGiftCard")),
        "taxable": boolean(lambda row, _shop: row["taxable"]),
        "requires_components": boolean(lambda row, _shop: row.get("requiresComponents")),
        "option1": token(lambda row, _shop: next(iter(row["_values"].values()), None)),
        "option2": token(lambda row, _shop: next(iter(list(row["_values"].values())[1:2]), None)),
        "option3": token(lambda row, _shop: next(iter(list(row["_values"].values())[2:3]), None)),
        "location_id": numeric_id(lambda row, shop: next(iter(inventory.levels(item_of(shop, row))), None)),
        "managed": boolean(lambda row, shop: item_of(shop, row)["tracked"]),
        "collection": numeric_id(lambda row, shop: products_collection(shop, row)),
        "delivery_profile_id": numeric_id(lambda _row, _shop: None),
        "exclude_composite": boolean(lambda _row, _shop: True),
        "exclude_variants_with_components": boolean(lambda _row, _shop: True),
        "managed_by": token(lambda row, shop: "shopify" if item_of(shop, row)["tracked"] else None),
        "product_publication_status": token(_published),
        "publishable_status": token(_published),
        "published_status": token(_published),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[
        lambda row, shop: sku_of(shop, row),
        lambda row, _shop: title_of(row),
        lambda row, _shop: row["barcode"],
        lambda row, shop: product_of(shop, row)["title"],
    ],
)


def _full_title(record: Record, shop: Shop) -> str:
    """The product's title; the variants of one stay as they were made."""
    return str(product_of(shop, record)["title"])


SORT_KEYS: dict[str, Any] = {
    "ID": lambda row, _shop: int(tail_of(row["id"])),
    "POSITION": lambda row, _shop: row["position"],
    "TITLE": lambda row, _shop: title_of(row),
    "NAME": lambda row, shop: f"{product_of(shop, row)['title']} - {title_of(row)}",
    "SKU": lambda row, shop: sku_of(shop, row),
    "FULL_TITLE": _full_title,
    "INVENTORY_QUANTITY": lambda row, shop: quantity(shop, row),
    "INVENTORY_LEVELS_AVAILABLE": lambda row, shop: quantity(shop, row),
    "INVENTORY_MANAGEMENT": lambda row, shop: item_of(shop, row)["tracked"],
    "INVENTORY_POLICY": lambda row, _shop: row["inventoryPolicy"],
}
sort("productVariants", SORT_KEYS, default="ID")
sort("Product.variants", SORT_KEYS, default="POSITION")
