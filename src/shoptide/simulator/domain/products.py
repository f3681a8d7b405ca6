"""Products: creating, updating, setting, deleting, publishing; what is derived of them; how they are searched."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import text, variants
from shoptide.simulator.domain.deletions import forget
from shoptide.simulator.domain.metafields import by_custom_id, write_metafields
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    boolean,
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

LIMITS = {"title": "Title", "vendor": "Vendor", "productType": "Product type", "handle": "Handle"}
PLAIN = ("title", "descriptionHtml", "vendor", "productType", "status", "templateSuffix", "requiresSellingPlan", "seo")


def table(shop: Shop) -> Any:
    found = shop.table("Product")
    found.add_index("handle", lambda record: record["handle"])
    return found


# checks


def problems(given: Args, held: Record | None) -> list[Record]:
    found = []
    if ("title" in given or held is None) and not (given.get("title") or "").strip():
        found.append(user_error(["title"], "Title can't be blank"))
    for name, label in LIMITS.items():
        if len(given.get(name) or "") > 255:
            found.append(user_error([name], f"{label} is too long (maximum is 255 characters)"))
            if name == "productType":
                message = "Custom product type is too long (maximum is 255 characters)"
                found.append(user_error(["customProductType"], message))
    if any(len(tag) > 255 for tag in text.tags(given.get("tags") or [])):
        found.append(user_error(["tags"], "Product tags is invalid"))
    for index, media in enumerate(given.get("_media") or []):
        if not re.match(r"https?://[^\s/]+\.[^\s/]+", media["originalSource"]):
            found.append(user_error(["media", str(index), "originalSource"], "Image URL is invalid"))
    return found


def handle_problem(shop: Shop, given: Args, held: Record | None) -> list[Record]:
    wanted = given.get("handle")
    if not wanted:
        return []
    taken = [other for other in table(shop).by("handle", text.slug(wanted)) if other is not held]
    message = f"Handle '{wanted}' already in use. Please provide a new handle."
    return [user_error(["input", "handle"], message, "HANDLE_NOT_UNIQUE")] if taken else []


def free_handle(shop: Shop, title: str) -> str:
    """A handle nobody has: the title's, or with its trailing number counted up."""
    wanted = text.slug(title) or "product"
    while table(shop).by("handle", wanted):
        found = re.match(r"^(.*?)-?(\d+)$", wanted)
        wanted = f"{found[1]}-{int(found[2]) + 1}" if found and found[1] else f"{wanted}-1"
    return wanted


# writing


def blank(shop: Shop, given: Args) -> Record:
    now = shop.stamp()
    return {
        "id": shop.new_id("Product"),
        "createdAt": now,
        "updatedAt": now,
        "publishedAt": None,
        "title": given["title"],
        "handle": text.slug(given["handle"]) if given.get("handle") else free_handle(shop, given["title"]),
        "descriptionHtml": "",
        "vendor": shop.name,
        "productType": "",
        "status": "ACTIVE",
        "tags": [],
        "seo": {"title": None, "description": None},
        "isGiftCard": bool(given.get("giftCard", False)),
        "requiresSellingPlan": False,
        "_options": [],
        "_media": [],
    }


def applied(shop: Shop, record: Record, given: Args) -> None:
    for name in PLAIN:
        if given.get(name) is not None:
            record[name] = given[name]
    if given.get("tags") is not None:
        record["tags"] = text.tags(given["tags"])
    if given.get("handle"):
        record["handle"] = text.slug(given["handle"])
    for media in given.get("_media") or []:
        record["_media"].append(media_record(shop, media))


def media_record(shop: Shop, given: Args) -> Record:
    now = shop.stamp()
    image = {
        "id": shop.new_id("ImageSource"),
        "url": given["originalSource"],
        "altText": given.get("alt"),
        "width": 1024,
        "height": 1024,
        "thumbhash": None,
    }
    return {
        "id": shop.new_id("MediaImage"),
        "alt": given.get("alt") or "",
        "mediaContentType": given.get("mediaContentType") or "IMAGE",
        "status": "READY",
        "fileStatus": "READY",
        "image": image,
        "preview": {"status": "READY", "image": image},
        "createdAt": now,
        "updatedAt": now,
    }


@mutation("productCreate")
def create(args: Args, ctx: Context) -> Record:
    given = {**(args.get("product") or args.get("input") or {}), "_media": args.get("media")}
    if given.get("id"):
        return {"product": None, "userErrors": [user_error(["input"], "id cannot be specified during creation")]}
    shop = ctx.shop
    found = problems(given, None) or handle_problem(shop, given, None)
    if found:
        return {"product": None, "userErrors": found}
    record = blank(shop, given)
    applied(shop, record, given)
    table(shop).put(record)
    variants.set_options(shop, record, given.get("productOptions") or [])
    variants.add_first(shop, record)
    if refused := write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",)):
        remove(shop, record)
        return {"product": None, "userErrors": refused}
    shop.emit("products/create", record)
    return {"product": record, "shop": {}, "userErrors": []}


@mutation("productUpdate")
def update(args: Args, ctx: Context) -> Record:
    given = {**(args.get("product") or args.get("input") or {}), "_media": args.get("media")}
    wanted = args.get("identifier") or {"id": given.get("id")}
    record = identified(wanted, ctx)
    if record is None:
        return {"product": None, "userErrors": [user_error(["id"], "Product does not exist")]}
    found = problems(given, record) or handle_problem(ctx.shop, given, record)
    found = found or write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",))
    if not found:
        applied(ctx.shop, record, given)
        changed(ctx.shop, record)
    return {"product": record, "userErrors": found}


def changed(shop: Shop, record: Record) -> None:
    shop.touch(record)
    table(shop).put(record)
    shop.emit("products/update", record)


@mutation("productSet")
def set_product(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if args.get("identifier") and given.get("id"):
        message = "The id field is not allowed if identifier is provided."
        return _set_refused([user_error(["input"], message, "ID_NOT_ALLOWED")])
    wanted = args.get("identifier") or ({"id": given["id"]} if given.get("id") else {})
    record = identified(wanted, ctx)
    if record is None and wanted.get("id"):
        error = user_error(["input", "id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return _set_refused([error])
    found = [_below_input(error) for error in problems(given, record)]
    found += handle_problem(shop, given, record) + variants.set_problems(given)
    if found:
        return _set_refused(found)
    fresh = record is None
    if record is None:
        record = blank(shop, {**given, "handle": given.get("handle") or wanted.get("handle")})
        table(shop).put(record)
    applied(shop, record, {**given, "_media": None})
    if given.get("files") is not None:
        record["_media"] = [
            media_record(shop, {**file, "originalSource": file.get("originalSource") or ""}) for file in given["files"]
        ]
    refused = variants.replace(ctx, record, given) or write_metafields(
        ctx, record, given.get("metafields") or [], at=("input", "metafields")
    )
    if refused:
        if fresh:
            remove(shop, record)
        return _set_refused(refused)
    if fresh:
        shop.emit("products/create", record)
    else:
        changed(shop, record)
    return {"product": record, "productSetOperation": None, "userErrors": []}


def _set_refused(found: list[Record]) -> Record:
    return {"product": None, "productSetOperation": None, "userErrors": found}


def _below_input(error: Record) -> Record:
    path = ["input"] if error["field"][0] not in ("title",) else ["input", "title"]
    return {**error, "field": path, "code": error["code"] or "INVALID_PRODUCT"}


def identified(wanted: Args, ctx: Context) -> Record | None:
    if wanted.get("id"):
        return table(ctx.shop).get(wanted["id"])
    if wanted.get("handle"):
        return next(iter(table(ctx.shop).by("handle", wanted["handle"])), None)
    return by_custom_id(ctx, "PRODUCT", wanted["customId"]) if wanted.get("customId") else None


def remove(shop: Shop, record: Record) -> None:
    for variant in variants.of_product(shop, record["id"]):
        variants.drop(shop, variant)
    table(shop).remove(record["id"])


@mutation("productDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid = args["input"]["id"]
    record = table(ctx.shop).get(gid)
    if record is None:
        return {"deletedProductId": None, "userErrors": [user_error(["id"], "Product does not exist")]}
    remove(ctx.shop, record)
    forget(ctx.shop, record, "products/delete")
    return {"deletedProductId": gid, "shop": {}, "userErrors": []}


@mutation("productChangeStatus")
def change_status(args: Args, ctx: Context) -> Record:
    record = table(ctx.shop).get(args["productId"])
    if record is None:
        error = user_error(["productId"], "Product does not exist", "PRODUCT_NOT_FOUND")
        return {"product": None, "userErrors": [error]}
    record["status"] = args["status"]
    changed(ctx.shop, record)
    return {"product": record, "userErrors": []}


@mutation("publishablePublish")
def publish(args: Args, ctx: Context) -> Record:
    return _published(args, ctx, on=True)


@mutation("publishableUnpublish")
def unpublish(args: Args, ctx: Context) -> Record:
    return _published(args, ctx, on=False)


def _published(args: Args, ctx: Context, *, on: bool) -> Record:
    record = table(ctx.shop).get(args["id"])
    if record is None:
        return {"publishable": None, "userErrors": [user_error(["id"], "Resource does not exist")]}
    held = set(record.get("_publications") or [])
    given = {entry["publicationId"] for entry in args["input"]}
    unknown = sorted(each for each in given if ctx.shop.table("Publication").get(each) is None)
    if unknown:
        path = ["input", "0", "publicationId"]
        return {
            "publishable": record,
            "userErrors": [user_error(path, "Publication does not exist or is not publishable")],
        }
    record["_publications"] = sorted(held | given if on else held - given)
    record["publishedAt"] = record["publishedAt"] or ctx.shop.stamp() if record["_publications"] else None
    changed(ctx.shop, record)
    return {"publishable": record, "shop": {}, "userErrors": []}


# reading


@root("products")
def products(_args: Args, ctx: Context) -> Listing:
    return Listing("Product", table(ctx.shop), root="products")


@root("productByIdentifier")
def product_by_identifier(args: Args, ctx: Context) -> Record | None:
    return identified(args["identifier"], ctx)


@root("productByHandle")
def product_by_handle(args: Args, ctx: Context) -> Record | None:
    return identified({"handle": args["handle"]}, ctx)


@field("Product", "legacyResourceId")
def _legacy(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field("Product", "description")
def _description(record: Record, args: Args, _ctx: Context) -> str:
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", record["descriptionHtml"])).strip()
    return plain[: args["truncateAt"]] if args.get("truncateAt") else plain


@field("Product", "bodyHtml")
def _body(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["descriptionHtml"])


@field("Product", "options")
def _options(record: Record, args: Args, ctx: Context) -> list[Record]:
    found = [variants.option_record(ctx.shop, record, option) for option in record["_options"]]
    return found[: args["first"]] if args.get("first") else found


@field("Product", "variants")
def _variants(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("ProductVariant", variants.of_product(ctx.shop, record["id"]), root="Product.variants")


@field("Product", "variantsCount", "totalVariants")
def _variants_count(record: Record, _args: Args, ctx: Context) -> Any:
    return {"count": len(variants.of_product(ctx.shop, record["id"])), "precision": "EXACT"}


@field("Product", "media")
def _media(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return list(record["_media"])


@field("Product", "mediaCount")
def _media_count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(record["_media"]), "precision": "EXACT"}


@field("Product", "featuredMedia")
def _featured(record: Record, _args: Args, _ctx: Context) -> Record | None:
    return record["_media"][0] if record["_media"] else None


@field("Product", "totalInventory")
def _total_inventory(record: Record, _args: Args, ctx: Context) -> int:
    return sum(variants.quantity(ctx.shop, each) or 0 for each in variants.of_product(ctx.shop, record["id"]))


@field("Product", "tracksInventory")
def _tracks(record: Record, _args: Args, ctx: Context) -> bool:
    return any(variants.item_of(ctx.shop, each)["tracked"] for each in variants.of_product(ctx.shop, record["id"]))


@field("Product", "hasOnlyDefaultVariant")
def _only_default(record: Record, _args: Args, ctx: Context) -> bool:
    found = variants.of_product(ctx.shop, record["id"])
    return len(found) == 1 and variants.title_of(found[0]) == variants.DEFAULT_TITLE


@field("Product", "hasOutOfStockVariants")
def _out_of_stock(record: Record, _args: Args, ctx: Context) -> bool:
    return any((variants.quantity(ctx.shop, each) or 0) <= 0 for each in variants.of_product(ctx.shop, record["id"]))


def price_span(shop: Shop, record: Record) -> tuple[Decimal, Decimal]:
    prices = [Decimal(each["price"]) for each in variants.of_product(shop, record["id"])] or [Decimal(0)]
    return min(prices), max(prices)


@field("Product", "priceRangeV2")
def _price_range(record: Record, _args: Args, ctx: Context) -> Record:
    low, high = price_span(ctx.shop, record)
    currency = ctx.shop.currency
    return {
        "minVariantPrice": {"amount": low, "currencyCode": currency},
        "maxVariantPrice": {"amount": high, "currencyCode": currency},
    }


@field("Product", "onlineStoreUrl")
def _online_url(record: Record, _args: Args, ctx: Context) -> str | None:
    return f"https://{ctx.shop.domain}/products/{record['handle']}" if record["publishedAt"] else None


@field("Product", "onlineStorePreviewUrl")
def _preview_url(record: Record, _args: Args, ctx: Context) -> str:
    return f"https://{ctx.shop.domain}/products/{record['handle']}"


@root("productOperation")
def _no_operation(_args: Args, _ctx: Context) -> Record | None:
    return None


@mutation("productDuplicate")
def _no_duplicate(_args: Args, _ctx: Context) -> Record:
    raise TopLevelError("NOT_MODELLED", "The simulator does not duplicate products.")


def _listed(shop: Shop, record: Record, name: str) -> list[Any]:
    return [each.get(name) for each in variants.of_product(shop, record["id"])]


search(
    "Product",
    {
        "id": numeric_id(lambda record, _shop: record["id"]),
        "title": words(lambda record, _shop: record["title"]),
        "handle": token(lambda record, _shop: record["handle"]),
        "status": token(lambda record, _shop: record["status"], ["active", "archived", "draft", "unlisted"]),
        "vendor": token(lambda record, _shop: record["vendor"]),
        "product_type": token(lambda record, _shop: record["productType"]),
        "tag": token(lambda record, _shop: record["tags"]),
        "sku": token(
            lambda record, shop: [
                variants.item_of(shop, each)["sku"] for each in variants.of_product(shop, record["id"])
            ]
        ),
        "barcode": token(lambda record, shop: _listed(shop, record, "barcode")),
        "price": number(lambda record, shop: price_span(shop, record)[0]),
        "inventory_total": number(
            lambda record, shop: sum(
                variants.quantity(shop, each) or 0 for each in variants.of_product(shop, record["id"])
            )
        ),
        "gift_card": boolean(lambda record, _shop: record["isGiftCard"]),
        "created_at": instant(lambda record, _shop: record["createdAt"]),
        "updated_at": instant(lambda record, _shop: record["updatedAt"]),
        "published_at": instant(lambda record, _shop: record["publishedAt"]),
    },
    text=[
        lambda record, _shop: record["title"],
        lambda record, _shop: record["vendor"],
        lambda record, _shop: record["productType"],
        lambda record, _shop: record["tags"],
    ],
)

sort(
    "products",
    {
        "ID": lambda record, _shop: int(tail_of(record["id"])),
        "CREATED_AT": lambda record, _shop: record["createdAt"],
        "UPDATED_AT": lambda record, _shop: record["updatedAt"],
        "PUBLISHED_AT": lambda record, _shop: record["publishedAt"],
        "TITLE": lambda record, _shop: record["title"],
        "VENDOR": lambda record, _shop: record["vendor"],
        "PRODUCT_TYPE": lambda record, _shop: record["productType"],
        "RELEVANCE": lambda record, _shop: int(tail_of(record["id"])),
    },
    default="ID",
)
