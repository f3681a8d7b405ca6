"""Products as they are read: what is derived of them, how they are found, searched and sorted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import handles, publications, taxonomy, variants
from shoptide.simulator.domain.metafields import by_custom_id
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
from shoptide.simulator.roots import by_id
from shoptide.simulator.shop import Record, Shop, kind_of, stamp_of, tail_of

KIND = "Product"


def table(shop: Shop) -> Any:
    found = shop.table(KIND)
    found.add_index("handle", lambda record: record["handle"])
    return found


def identified(wanted: Args, ctx: Context) -> Record | None:
    """The product an identifier means: id, handle or custom id."""
    if wanted.get("id"):
        found: Record | None = table(ctx.shop).get(wanted["id"])
        return found
    if wanted.get("handle"):
        return handles.holder(ctx.shop, KIND, wanted["handle"])
    return by_custom_id(ctx, "PRODUCT", wanted["customId"]) if wanted.get("customId") else None


# work under way

# What asynchronous mutations have yet to do, by the operation's kind; see product_operations.
WORK: dict[str, Callable[[Shop, Record], None]] = {}
OPERATION_KINDS = (
    "ProductDeleteOperation",
    "ProductSetOperation",
    "ProductDuplicateOperation",
    "ProductBundleOperation",
)


def settle(shop: Shop) -> None:
    """Do what asynchronous operations had still to do by now."""
    for kind in OPERATION_KINDS:
        for operation in shop.table(kind):
            if operation["_due"] <= shop.stamp():
                finish(shop, operation)


def finish(shop: Shop, operation: Record) -> None:
    """Do an operation's work, once."""
    if not operation["_done"]:
        operation["_done"] = True
        WORK[kind_of(operation["id"])](shop, operation)


# roots


@root("products")
def products(_args: Args, ctx: Context) -> Listing:
    settle(ctx.shop)
    return Listing(KIND, table(ctx.shop), root="products")


@root("product")
def product(args: Args, ctx: Context) -> Record | None:
    settle(ctx.shop)
    return by_id(args["id"], KIND, ctx)


@root("productByIdentifier")
def product_by_identifier(args: Args, ctx: Context) -> Record | None:
    settle(ctx.shop)
    return identified(args["identifier"], ctx)


@root("productByHandle")
def product_by_handle(args: Args, ctx: Context) -> Record | None:
    settle(ctx.shop)
    return handles.holder(ctx.shop, KIND, args["handle"])


def _distinct(name: str) -> Callable[[Args, Context], list[str]]:
    def values(_args: Args, ctx: Context) -> list[str]:
        found: set[str] = set()
        for record in table(ctx.shop):
            found.update(record[name] if isinstance(record[name], list) else [record[name]])
        return sorted(filter(None, found), key=str.lower)

    return values


def _strings(name: str) -> Callable[[Args, Context], Record]:
    values = _distinct(name)

    def connection(args: Args, ctx: Context) -> Record:
        return strings_page(values(args, ctx), args)

    return connection


def strings_page(found: list[str], args: Args) -> Record:
    """A connection of plain strings."""
    found = list(reversed(found)) if args.get("reverse") else found
    shown = found[: args["first"]] if args.get("first") is not None else found[-(args.get("last") or 0) :]
    page = {
        "hasNextPage": len(shown) < len(found),
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }
    return {"nodes": shown, "edges": [{"node": text, "cursor": text} for text in shown], "pageInfo": page}


for _name, _key in (("productTags", "tags"), ("productTypes", "productType"), ("productVendors", "vendor")):
    root(_name)(_strings(_key))


# plain fields


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


def plain_text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


@field(KIND, "description")
def description(record: Record, args: Args, _ctx: Context) -> str:
    plain = plain_text(record["descriptionHtml"])
    return plain[: args["truncateAt"]] if args.get("truncateAt") else plain


@field(KIND, "descriptionPlainSummary")
def summary(record: Record, _args: Args, _ctx: Context) -> str:
    return plain_text(record["descriptionHtml"])[:255]


@field(KIND, "bodyHtml")
def body(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["descriptionHtml"])


@field(KIND, "customProductType")
def custom_type(record: Record, _args: Args, _ctx: Context) -> str | None:
    return record["productType"] or None


@field(KIND, "category")
def category(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return taxonomy.category(record["category"]) if record.get("category") else None


@field(KIND, "onlineStoreUrl")
def online_store_url(record: Record, _args: Args, ctx: Context) -> str | None:
    on_show = publications.shown(record, publications.online_store(ctx.shop)["id"], ctx.shop)
    return (
        f"https://{ctx.shop.domain}/products/{record['handle']}" if on_show and record["status"] == "ACTIVE" else None
    )


@field(KIND, "onlineStorePreviewUrl")
def preview_url(record: Record, _args: Args, ctx: Context) -> str:
    return f"https://{ctx.shop.domain}/products/{record['handle']}"


# variants


@field(KIND, "variants")
def variants_of(record: Record, args: Args, ctx: Context) -> Listing:
    if args.get("sortKey") == "INVENTORY_LEVELS_AVAILABLE":
        return Listing("ProductVariant", ())  # that order needs a location to search by; here it finds nothing
    return Listing("ProductVariant", variants.of_product(ctx.shop, record["id"]), root="Product.variants")


@field(KIND, "variantsCount")
def variants_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": total_variants(record, {}, ctx), "precision": "EXACT"}


@field(KIND, "totalVariants")
def total_variants(record: Record, _args: Args, ctx: Context) -> int:
    return len(variants.table(ctx.shop).by("product", record["id"]))


LAG = timedelta(seconds=2)


def lag_inventory(shop: Shop, record: Record) -> None:
    """`totalInventory` shows the old sum for a moment after a change (FACTS 38); call it before the change."""
    now = shop.stamp()
    if (record.get("_lag") or {}).get("until", "") <= now:
        until = stamp_of(shop.clock.now() + LAG)
        record["_lag"] = {"total": inventory_sum(shop, record), "until": until}


def inventory_sum(shop: Shop, record: Record) -> int:
    rows = variants.of_product(shop, record["id"])
    return sum(variants.quantity(shop, row) for row in rows if variants.item_of(shop, row)["tracked"])


@field(KIND, "totalInventory")
def total_inventory(record: Record, _args: Args, ctx: Context) -> int:
    lag = record.get("_lag")
    if lag is not None and lag["until"] > ctx.shop.stamp():
        return int(lag["total"])
    return inventory_sum(ctx.shop, record)


@field(KIND, "tracksInventory")
def tracks_inventory(record: Record, _args: Args, ctx: Context) -> bool:
    return any(variants.item_of(ctx.shop, row)["tracked"] for row in variants.of_product(ctx.shop, record["id"]))


@field(KIND, "hasOnlyDefaultVariant")
def only_default(record: Record, _args: Args, ctx: Context) -> bool:
    rows = variants.of_product(ctx.shop, record["id"])
    return len(rows) == 1 and variants.title_of(rows[0]) == variants.DEFAULT_TITLE


@field(KIND, "hasOutOfStockVariants")
def out_of_stock(record: Record, _args: Args, ctx: Context) -> bool:
    return any(variants.quantity(ctx.shop, row) <= 0 for row in variants.of_product(ctx.shop, record["id"]))


@field(KIND, "hasVariantsThatRequiresComponents")
def requires_components(record: Record, _args: Args, ctx: Context) -> bool:
    return any(row.get("requiresComponents") for row in variants.of_product(ctx.shop, record["id"]))


# prices


def price_span(shop: Shop, record: Record, name: str = "price") -> tuple[Decimal, Decimal] | None:
    """The lowest and the highest price of a product's variants."""
    prices = [Decimal(row[name]) for row in variants.of_product(shop, record["id"]) if row[name] is not None]
    return (min(prices), max(prices)) if prices else None


def _range(shop: Shop, span: tuple[Decimal, Decimal], low: str, high: str, *, factor: int = 1) -> Record:
    return {
        low: {"amount": span[0] * factor, "currencyCode": shop.currency},
        high: {"amount": span[1] * factor, "currencyCode": shop.currency},
    }


@field(KIND, "priceRangeV2")
def price_range(record: Record, _args: Args, ctx: Context) -> Record:
    span = price_span(ctx.shop, record) or (Decimal(0), Decimal(0))
    return _range(ctx.shop, span, "minVariantPrice", "maxVariantPrice")


@field(KIND, "priceRange")
def old_price_range(record: Record, _args: Args, ctx: Context) -> Record:
    """The deprecated range counts in cents."""
    span = price_span(ctx.shop, record) or (Decimal(0), Decimal(0))
    return _range(ctx.shop, span, "minVariantPrice", "maxVariantPrice", factor=100)


@field(KIND, "compareAtPriceRange")
def compare_at_range(record: Record, _args: Args, ctx: Context) -> Record | None:
    span = price_span(ctx.shop, record, "compareAtPrice")
    return _range(ctx.shop, span, "minVariantCompareAtPrice", "maxVariantCompareAtPrice") if span else None


@field(KIND, "contextualPricing")
def contextual_pricing(record: Record, _args: Args, ctx: Context) -> Record:
    return {"priceRange": price_range(record, {}, ctx), "fixedQuantityRulesCount": 0}


# searching


def _of_variants(read: Callable[[Shop, Record], Any]) -> Callable[[Record, Shop], list[Any]]:
    def extract(record: Record, shop: Shop) -> list[Any]:
        return [read(shop, row) for row in variants.of_product(shop, record["id"])]

    return extract


def _price(record: Record, shop: Shop) -> Decimal | None:
    span = price_span(shop, record)
    return span[0] if span else None


def _published_status(record: Record, shop: Shop) -> str:
    return "published" if publications.shown(record, publications.online_store(shop)["id"], shop) else "unpublished"


def _collections(record: Record, shop: Shop) -> Any:
    from shoptide.simulator.domain import collections

    held = next((row for row in shop.table("Collection") if collections.holds(shop, row, record)), None)
    return held["id"] if held else None


def _instant_key(name: str) -> Callable[[Record, Shop], datetime | str | None]:
    return lambda record, _shop: record[name]


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "title": words(lambda row, _shop: row["title"]),
        "handle": token(lambda row, _shop: row["handle"]),
        "status": token(lambda row, _shop: row["status"], ["active", "archived", "draft", "unlisted"]),
        "vendor": token(lambda row, _shop: row["vendor"]),
        "product_type": token(lambda row, _shop: row["productType"]),
        "tag": token(lambda row, _shop: row["tags"]),
        "tag_not": token(lambda row, _shop: row["tags"]),
        "sku": token(_of_variants(variants.sku_of)),
        "barcode": token(_of_variants(lambda _shop, row: row["barcode"])),
        "variant_title": words(_of_variants(lambda _shop, row: variants.title_of(row))),
        "variant_id": numeric_id(lambda row, shop: next(iter(variants.of_product(shop, row["id"])), {}).get("id")),
        "price": number(_price),
        "inventory_total": number(lambda row, shop: inventory_sum(shop, row)),
        "out_of_stock_somewhere": boolean(
            lambda row, shop: any(variants.quantity(shop, each) <= 0 for each in variants.of_product(shop, row["id"]))
        ),
        "is_price_reduced": boolean(lambda row, shop: price_span(shop, row, "compareAtPrice") is not None),
        "gift_card": boolean(lambda row, _shop: row["isGiftCard"]),
        "bundles": boolean(lambda _row, _shop: False),
        "has_only_composites": boolean(lambda _row, _shop: False),
        "has_variant_with_components": boolean(lambda _row, _shop: False),
        "has_only_default_variant": boolean(
            lambda row, shop: (
                [variants.title_of(each) for each in variants.of_product(shop, row["id"])] == [variants.DEFAULT_TITLE]
            )
        ),
        "tracks_inventory": boolean(
            lambda row, shop: any(
                variants.item_of(shop, each)["tracked"] for each in variants.of_product(shop, row["id"])
            )
        ),
        "combined_listing_role": token(lambda _row, _shop: None),
        "delivery_profile_id": numeric_id(lambda _row, _shop: None),
        "error_feedback": token(lambda _row, _shop: None),
        "product_configuration_owner": token(lambda _row, _shop: None),
        "product_publication_status": token(_published_status),
        "publication_ids": numeric_id(lambda row, _shop: next(iter(publications.dates(row)), None)),
        "category_id": token(lambda row, _shop: tail_of(row.get("category") or "") or None),
        "collection_id": numeric_id(_collections),
        "published_status": token(_published_status),
        "publishable_status": token(_published_status),
        "created_at": instant(_instant_key("createdAt")),
        "updated_at": instant(_instant_key("updatedAt")),
        "published_at": instant(_instant_key("publishedAt")),
    },
    text=[
        lambda row, _shop: row["title"],
        lambda row, _shop: row["vendor"],
        lambda row, _shop: row["productType"],
        lambda row, _shop: row["tags"],
        lambda row, _shop: row["handle"],
        _of_variants(variants.sku_of),
    ],
)
sort(
    "products",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
        "PUBLISHED_AT": lambda row, _shop: row["publishedAt"],
        "TITLE": lambda row, _shop: row["title"],
        "VENDOR": lambda row, _shop: row["vendor"],
        "PRODUCT_TYPE": lambda row, _shop: row["productType"],
        "INVENTORY_TOTAL": lambda row, shop: inventory_sum(shop, row),
        "RELEVANCE": lambda row, _shop: int(tail_of(row["id"])),
    },
    default="ID",
)
