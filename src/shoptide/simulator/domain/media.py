"""Media of products: images, videos and models with the states they go through; attaching them to variants."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from shoptide.simulator.context import Context
from shoptide.simulator.registry import Args, Listing, field, mutation, sort, user_error
from shoptide.simulator.shop import Record, Shop, kind_of, stamp_of, tail_of

KINDS = {"IMAGE": "MediaImage", "EXTERNAL_VIDEO": "ExternalVideo", "VIDEO": "Video", "MODEL_3D": "Model3d"}
PROCESSING = timedelta(seconds=10)  # how long a new medium takes until it is ready
MOST_PAIRS = 100
ADDRESS = re.compile(r"https?://[^\s/]+\.[^\s]+")
INVALID_SOURCE = {
    "IMAGE": "Image URL is invalid",
    "EXTERNAL_VIDEO": "External video URL is invalid",
    "VIDEO": "Video URL is invalid",
    "MODEL_3D": "Model URL is invalid",
}


def source_problems(given: list[Record] | None, at: str = "media") -> list[Record]:
    """Media whose address can't be one, with the paths of their inputs."""
    return [
        user_error([at, str(index), "originalSource"], INVALID_SOURCE[entry["mediaContentType"]], "INVALID")
        for index, entry in enumerate(given or [])
        if not ADDRESS.match(entry["originalSource"])
    ]


def media_record(shop: Shop, given: Record) -> Record:
    """A new medium from a CreateMediaInput."""
    content = given.get("mediaContentType") or "IMAGE"
    moment = shop.stamp()
    record = {
        "id": shop.new_id(KINDS[content]),
        "alt": given.get("alt") or "",
        "mediaContentType": content,
        "createdAt": moment,
        "updatedAt": moment,
        "_source": given["originalSource"],
        "_image": shop.new_number("ImageSource"),
        "_born": shop.changes,
    }
    return shop.table(KINDS[content]).put(record)


def get(shop: Shop, gid: str | None) -> Record | None:
    return shop.get(gid) if gid and kind_of(gid) in KINDS.values() else None


def of_product(shop: Shop, product: Record) -> list[Record]:
    return [record for gid in product["_media"] if (record := get(shop, gid)) is not None]


def add(shop: Shop, product: Record, given: list[Record] | None) -> list[Record]:
    added = [media_record(shop, entry) for entry in given or []]
    product["_media"] += [record["id"] for record in added]
    return added


def drop(shop: Shop, gid: str, product: Record | None = None) -> None:
    """Delete a medium; the product and its variants let go of it."""
    shop.table(kind_of(gid)).remove(gid)
    for owner in [product] if product is not None else shop.table("Product"):
        if gid in owner["_media"]:
            owner["_media"] = [each for each in owner["_media"] if each != gid]
            release(shop, owner, {gid})


def release(shop: Shop, product: Record, gone: set[str]) -> None:
    table = shop.table("ProductVariant")
    table.add_index("product", lambda row: row["_product"])
    for variant in table.by("product", product["id"]):
        if variant.get("_media") in gone:
            variant["_media"] = None


# states


def status(record: Record, ctx: Context) -> str:
    """UPLOADED in the answer that made it, PROCESSING for a while, then READY; only images are seen in process."""
    if record.get("_settled") or record["createdAt"] <= stamp_of(ctx.now - PROCESSING):
        return "READY"
    is_new = record["_born"] == ctx.shop.changes or record["mediaContentType"] != "IMAGE"
    return "UPLOADED" if is_new else "PROCESSING"


def ready(record: Record, ctx: Context) -> bool:
    return status(record, ctx) == "READY"


# mutations


def _refused(field_name: str, error: Record, product: Record | None, **empty: Any) -> Record:
    errors = [{**error, "field": [field_name]}]
    return {**empty, "product": product, "userErrors": errors, "mediaUserErrors": errors}


def _no_product(field_name: str, **empty: Any) -> Record:
    return _refused(field_name, user_error(None, "Product does not exist", "PRODUCT_DOES_NOT_EXIST"), None, **empty)


def missing(wanted: list[str], product: Record) -> Record | None:
    """The complaint about media that the product does not have."""
    gone = [gid for gid in wanted if gid not in product["_media"]]
    if not gone:
        return None
    message = f"Media id {gone[0]} does not exist" if len(gone) == 1 else f"Media ids {','.join(gone)} do not exist"
    return user_error(None, message, "MEDIA_DOES_NOT_EXIST")


def note_change(shop: Shop, product: Record) -> None:
    shop.touch(product)
    shop.table("Product").put(product)
    shop.emit("products/update", product)


@mutation("productCreateMedia")
def create(args: Args, ctx: Context) -> Record:
    product = ctx.shop.table("Product").get(args["productId"])
    if product is None:
        return _no_product("productId", media=None)
    errors = source_problems(args["media"])
    wrong = {int(error["field"][1]) for error in errors}
    added = add(ctx.shop, product, [entry for index, entry in enumerate(args["media"]) if index not in wrong])
    if added:
        note_change(ctx.shop, product)
    return {"product": product, "media": added, "userErrors": errors, "mediaUserErrors": errors}


@mutation("productUpdateMedia")
def update(args: Args, ctx: Context) -> Record:
    product = ctx.shop.table("Product").get(args["productId"])
    if product is None:
        return _no_product("productId", media=None)
    if error := missing([entry["id"] for entry in args["media"]], product):
        return _refused("media", error, product, media=None)
    changed = []
    for entry in args["media"]:
        record = get(ctx.shop, entry["id"])
        if record is not None:
            record["alt"] = entry["alt"] if entry.get("alt") is not None else record["alt"]
            record["_settled"] = True  # an update waits until the medium is processed
            ctx.shop.touch(record)
            changed.append(record)
    note_change(ctx.shop, product)
    return {"product": product, "media": changed, "userErrors": [], "mediaUserErrors": []}


@mutation("productDeleteMedia")
def delete(args: Args, ctx: Context) -> Record:
    empty = {"deletedMediaIds": None, "deletedProductImageIds": None}
    product = ctx.shop.table("Product").get(args["productId"])
    if product is None:
        return _no_product("productId", **empty)
    if error := missing(args["mediaIds"], product):
        return _refused("mediaIds", error, product, **empty)
    images = [_product_image(get(ctx.shop, gid)) for gid in args["mediaIds"]]
    for gid in args["mediaIds"]:
        drop(ctx.shop, gid, product)
    note_change(ctx.shop, product)
    gone = {"deletedMediaIds": args["mediaIds"], "deletedProductImageIds": [gid for gid in images if gid]}
    return {**gone, "product": product, "userErrors": [], "mediaUserErrors": []}


def _product_image(record: Record | None) -> str | None:
    is_image = record is not None and record["mediaContentType"] == "IMAGE"
    return f"gid://shopify/ProductImage/{record['_image']}" if is_image and record else None


@mutation("productReorderMedia")
def reorder(args: Args, ctx: Context) -> Record:
    product = ctx.shop.table("Product").get(args["id"])
    if product is None:
        errors = [user_error(["id"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")]
        return {"job": None, "userErrors": errors, "mediaUserErrors": errors}
    if error := missing([move["id"] for move in args["moves"]], product):
        errors = [{**error, "field": ["moves"]}]
        return {"job": None, "userErrors": errors, "mediaUserErrors": errors}
    product["_media"] = moved(product["_media"], args["moves"])
    note_change(ctx.shop, product)
    return {"job": done_job(), "userErrors": [], "mediaUserErrors": []}


def moved(order: list[str], moves: list[Record]) -> list[str]:
    """The order after moving each named one to its new place, one after the other."""
    kept = list(order)
    for move in moves:
        if move["id"] in kept:
            kept.remove(move["id"])
            kept.insert(int(move["newPosition"]), move["id"])
    return kept


def done_job() -> Record:
    """A job whose work is done with its mutation; any later look finds it done."""
    return {"id": f"gid://shopify/Job/{uuid.uuid4()}", "done": False, "query": None}


# variants


@mutation("productVariantAppendMedia")
def append_to_variants(args: Args, ctx: Context) -> Record:
    return _variant_media(args, ctx, attach=True)


@mutation("productVariantDetachMedia")
def detach_from_variants(args: Args, ctx: Context) -> Record:
    return _variant_media(args, ctx, attach=False)


def _variant_media(args: Args, ctx: Context, *, attach: bool) -> Record:
    product = ctx.shop.table("Product").get(args["productId"])
    empty: Record = {"product": None, "productVariants": None}
    if product is None:
        error = user_error(["productId"], "Product does not exist", "PRODUCT_DOES_NOT_EXIST")
        return {**empty, "userErrors": [error]}
    errors = _pair_problems(args["variantMedia"], product, ctx, attach=attach)
    if errors:
        return {**empty, "userErrors": errors}
    variants = []
    for pair in args["variantMedia"]:
        variant = ctx.shop.table("ProductVariant").get(pair["variantId"])
        if variant is not None:
            variant["_media"] = pair["mediaIds"][0] if attach else None
            ctx.shop.touch(variant)
            variants.append(variant)
    note_change(ctx.shop, product)
    return {"product": product, "productVariants": variants, "userErrors": []}


def _pair_problems(pairs: list[Record], product: Record, ctx: Context, *, attach: bool) -> list[Record]:
    if len(pairs) > MOST_PAIRS:
        message = f"Exceeded {MOST_PAIRS} variant-media pairs per mutation."
        return [user_error(["variantMedia"], message, "MAXIMUM_VARIANT_MEDIA_PAIRS_EXCEEDED")]
    errors = []
    for index, pair in enumerate(pairs):
        again = any(other["variantId"] == pair["variantId"] for other in pairs[:index])
        if found := _pair_problem(pair, product, ctx, again=again, attach=attach):
            name, message, code = found
            errors.append(user_error(["variantMedia", str(index), name], message, code))
    return errors


def _pair_problem(
    pair: Record, product: Record, ctx: Context, *, again: bool, attach: bool
) -> tuple[str, str, str] | None:
    variant, gids = ctx.shop.table("ProductVariant").get(pair["variantId"]), pair["mediaIds"]
    if not gids:
        return "mediaIds", "The mediaIds list cannot be empty.", "BLANK"
    if len(gids) > 1:
        return "mediaIds", "Only one mediaId is allowed per media input.", "TOO_MANY_MEDIA_PER_INPUT_PAIR"
    if again:
        message = "Variant was specified in more than one media input."
        return "variantId", message, "PRODUCT_VARIANT_SPECIFIED_MULTIPLE_TIMES"
    if variant is None or variant["_product"] != product["id"]:
        message = "Variant does not exist on the specified product."
        return "variantId", message, "PRODUCT_VARIANT_DOES_NOT_EXIST_ON_PRODUCT"
    record = get(ctx.shop, gids[0])
    if record is None or gids[0] not in product["_media"]:
        message = "Media does not exist on the specified product."
        return "mediaIds", message, "MEDIA_DOES_NOT_EXIST_ON_PRODUCT"
    if not attach:
        message = "The specified media is not attached to the specified variant."
        return None if variant.get("_media") == gids[0] else ("variantId", message, "MEDIA_IS_NOT_ATTACHED_TO_VARIANT")
    if record["mediaContentType"] != "IMAGE":
        return "mediaIds", "Non-image media cannot be attached to variants.", "INVALID_MEDIA_TYPE"
    if not ready(record, ctx):
        return "mediaIds", "Non-ready media cannot be attached to variants.", "NON_READY_MEDIA"
    if variant.get("_media"):
        message = "The given variant already has attached media."
        return "variantId", message, "PRODUCT_VARIANT_ALREADY_HAS_MEDIA"
    return None


# reading


def _position_key(record: Record, _shop: Shop) -> int:
    return int(record["_position"])


@field("Product", "media")
def media(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [{**row, "_position": place} for place, row in enumerate(of_product(ctx.shop, record), 1)]
    return Listing("Media", rows, root="Product.media")


@field("Product", "images")
def images(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [row for row in of_product(ctx.shop, record) if row["mediaContentType"] == "IMAGE" and ready(row, ctx)]
    return Listing("Image", [{**image_record(row, ctx), "id": _product_image(row)} for row in rows])


@field("Product", "mediaCount")
def media_count(record: Record, _args: Args, _ctx: Context) -> Record:
    return {"count": len(record["_media"]), "precision": "EXACT"}


@field("Product", "featuredMedia")
def featured_media(record: Record, _args: Args, ctx: Context) -> Record | None:
    return next(iter(of_product(ctx.shop, record)), None)


@field("Product", "featuredImage")
def featured_image(record: Record, _args: Args, ctx: Context) -> Record | None:
    found = next((row for row in of_product(ctx.shop, record) if row["mediaContentType"] == "IMAGE"), None)
    return {**image_record(found, ctx), "id": _product_image(found)} if found and ready(found, ctx) else None


@field("ProductVariant", "media")
def variant_media(record: Record, _args: Args, ctx: Context) -> Listing:
    found = get(ctx.shop, record.get("_media"))
    return Listing("Media", [found] if found else [])


@field("ProductVariant", "image")
def variant_image(record: Record, _args: Args, ctx: Context) -> Record | None:
    found = get(ctx.shop, record.get("_media"))
    return {**image_record(found, ctx), "id": _product_image(found)} if found and ready(found, ctx) else None


def image_record(record: Record, ctx: Context) -> Record:
    source = urlsplit(record["_source"])
    name = record.get("_name") or source.path.rsplit("/", 1)[-1] or "image"
    address = f"https://cdn.shopify.com/s/files/1/{ctx.shop.number}/files/{name}?v={tail_of(record['id'])}"
    return {
        "id": f"gid://shopify/ImageSource/{record['_image']}",
        "altText": record["alt"],
        "width": 1200,
        "height": 1200,
        "url": address,
        "src": address,
        "originalSrc": address,
        "transformedSrc": address,
        "thumbhash": None,
    }


for _kind in KINDS.values():

    @field(_kind, "status")
    def media_status(record: Record, _args: Args, ctx: Context) -> str:
        return status(record, ctx)

    @field(_kind, "fileStatus")
    def file_status(record: Record, _args: Args, ctx: Context) -> str:
        return status(record, ctx)

    @field(_kind, "preview")
    def preview(record: Record, _args: Args, ctx: Context) -> Record:
        shown = image_record(record, ctx) if ready(record, ctx) else None
        return {"image": shown, "status": status(record, ctx)}


@field("MediaImage", "image")
def image(record: Record, _args: Args, ctx: Context) -> Record | None:
    return image_record(record, ctx) if ready(record, ctx) else None


@field("MediaImage", "mimeType")
def mime_type(record: Record, _args: Args, ctx: Context) -> str | None:
    ending = urlsplit(record["_source"]).path.rsplit(".", 1)[-1].lower()
    known = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp"}
    return known.get(ending, "image/png") if ready(record, ctx) else None


@field("MediaImage", "originalSource")
def original_source(record: Record, _args: Args, ctx: Context) -> Record | None:
    return {"url": record["_source"], "fileSize": 125_000} if ready(record, ctx) else None


@field("ExternalVideo", "originUrl")
def origin_url(record: Record, _args: Args, ctx: Context) -> str:
    return str(record["_source"]) if host(record, {}, ctx) == "VIMEO" else f"https://youtu.be/{_video(record)}"


def _video(record: Record) -> str:
    parts = urlsplit(record["_source"])
    return parse_qs(parts.query).get("v", [parts.path.rsplit("/", 1)[-1]])[0]


@field("ExternalVideo", "host")
def host(record: Record, _args: Args, _ctx: Context) -> str:
    return "VIMEO" if "vimeo" in record["_source"] else "YOUTUBE"


@field("ExternalVideo", "embedUrl", "embeddedUrl")
def embed_url(record: Record, _args: Args, ctx: Context) -> str:
    if host(record, {}, ctx) == "VIMEO":
        return f"https://player.vimeo.com/video/{_video(record)}"
    return f"https://www.youtube.com/embed/{_video(record)}"


sort(
    "Product.media",
    {"POSITION": _position_key, "ID": lambda row, _shop: int(tail_of(row["id"]))},
    default="POSITION",
)
