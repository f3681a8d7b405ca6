"""Variants made of variants, bundles of products, product feeds: what they refuse and what they leave."""

from __future__ import annotations

import json
from datetime import timedelta

from shoptide.simulator.context import Context
from shoptide.simulator.domain import options, variants
from shoptide.simulator.domain.product_writes import blank, changed, created, operation, operation_status
from shoptide.simulator.domain.products import WORK
from shoptide.simulator.registry import Args, Listing, field, mutation, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

VARIANT = "ProductVariant"
OPERATION = "ProductBundleOperation"
MOST_COMPONENTS = 30
MOST_PIECES = 2000


# variants as components of variants


@mutation("productVariantRelationshipBulkUpdate")
def relate(args: Args, ctx: Context) -> Record:
    """All or none: parents get components, lose some or lose all."""
    shop, parents = ctx.shop, []
    for given in args["input"]:
        if error := _relation_problem(given, shop):
            return {"parentProductVariants": None, "userErrors": [error]}
    for given in args["input"]:
        parent = _parent(given, shop)
        if parent is not None:
            _relate(parent, given, shop)
            parents.append(parent)
    return {"parentProductVariants": parents, "userErrors": []}


def _parent(given: Args, shop: Shop) -> Record | None:
    """The variant named, or the only one of the product named."""
    if given.get("parentProductVariantId"):
        return shop.table(VARIANT).get(given["parentProductVariantId"])
    product = shop.table("Product").get(given.get("parentProductId"))
    rows = [row for row in shop.table(VARIANT) if product and row["_product"] == product["id"]]
    return rows[0] if len(rows) == 1 else None


def _children(given: Args) -> list[str]:
    named = [*(given.get("productVariantRelationshipsToCreate") or [])]
    named += given.get("productVariantRelationshipsToUpdate") or []
    return [row["id"] for row in named] + list(given.get("productVariantRelationshipsToRemove") or [])


def _relation_problem(given: Args, shop: Shop) -> Record | None:
    if not given.get("parentProductVariantId") and not given.get("parentProductId"):
        return user_error(["input"], "A parent product variant ID or product ID must be provided.", "PARENT_REQUIRED")
    wanted = [gid for gid in (given.get("parentProductVariantId"), *_children(given)) if gid]
    lost = [gid for gid in dict.fromkeys(wanted) if shop.table(VARIANT).get(gid) is None]
    if lost:
        message = f"The product variants with ID(s) {json.dumps(lost)} could not be found."
        return user_error(["input"], message, "PRODUCT_VARIANTS_NOT_FOUND")
    parent = _parent(given, shop)
    if parent is None:
        return user_error(["input"], "The parent product could not be found.", "PRODUCT_VARIANTS_NOT_FOUND")
    return _component_problem(parent, given, shop)


def _component_problem(parent: Record, given: Args, shop: Shop) -> Record | None:
    if parent["id"] in _children(given):
        message = "A parent product variant cannot contain itself as a component."
        return user_error(["input"], message, "CIRCULAR_REFERENCE")
    held: dict[str, int] = parent.get("_components") or {}
    created = given.get("productVariantRelationshipsToCreate") or []
    for row in created:
        if row["quantity"] <= 0:
            return user_error(["input"], "Quantity must be greater than 0.", "INVALID_QUANTITY")
        if row["id"] in held:
            message = "The product variant relationship already exists."
            return user_error(["input"], message, "DUPLICATE_PRODUCT_VARIANT_RELATIONSHIP")
        if (shop.table(VARIANT).get(row["id"]) or {}).get("_components"):
            message = "A parent product variant cannot be a component of another one."
            return user_error(["input"], message, "NESTED_PARENT_PRODUCT_VARIANT")
    for gid in given.get("productVariantRelationshipsToRemove") or []:
        if gid not in held:
            message = f"The product variants with ID(s) {json.dumps([gid])} are not components of the parent."
            return user_error(["input"], message, "PRODUCT_VARIANTS_NOT_COMPONENTS")
    if len(held) + len(created) > MOST_COMPONENTS:
        message = f"A parent product variant cannot have more than {MOST_COMPONENTS} components."
        return user_error(["input"], message, "EXCEEDED_PRODUCT_VARIANT_RELATIONSHIP_LIMIT")
    return None


def _relate(parent: Record, given: Args, shop: Shop) -> None:
    held: dict[str, int] = {} if given.get("removeAllProductVariantRelationships") else parent.get("_components") or {}
    gone = set(given.get("productVariantRelationshipsToRemove") or [])
    held = {gid: quantity for gid, quantity in held.items() if gid not in gone}
    for name in ("productVariantRelationshipsToUpdate", "productVariantRelationshipsToCreate"):
        held.update({row["id"]: row["quantity"] for row in given.get(name) or []})
    parent["_components"] = held
    shop.touch(parent)
    shop.table(VARIANT).put(parent)


@field(VARIANT, "requiresComponents")
def requires_components(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record.get("_components"))


@field(VARIANT, "productVariantComponents")
def components(record: Record, _args: Args, ctx: Context) -> Listing:
    number = tail_of(record["id"])
    rows = [
        {
            "id": f"gid://shopify/ProductVariantComponent/{number}{tail_of(gid)}",
            "productVariant": gid,
            "quantity": quantity,
        }
        for gid, quantity in (record.get("_components") or {}).items()
        if ctx.shop.get(gid) is not None
    ]
    return Listing("", rows)


@field(VARIANT, "productParents")
def parents_of_variant(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [row["_product"] for row in ctx.shop.table(VARIANT) if record["id"] in (row.get("_components") or {})]
    return Listing("Product", [product for gid in dict.fromkeys(rows) if (product := ctx.shop.get(gid))])


# bundles of products


@mutation("productBundleCreate")
def create_bundle(args: Args, ctx: Context) -> Record:
    """The product is made in the background: the operation shows it when it is done."""
    given, shop = args["input"], ctx.shop
    if message := _bundle_problem(given["components"], shop):
        return _no_bundle(message)
    return _bundle(shop, None, given)


@mutation("productBundleUpdate")
def update_bundle(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if shop.table("Product").get(given["productId"]) is None:
        return _no_bundle("Product does not exist")
    if given.get("components") is not None and (message := _bundle_problem(given["components"], shop)):
        return _no_bundle(message)
    return _bundle(shop, given["productId"], given)


def _no_bundle(message: str) -> Record:
    return {"productBundleOperation": None, "userErrors": [user_error(None, message)]}


def _bundle(shop: Shop, subject: str | None, given: Args) -> Record:
    held = operation(shop, OPERATION, subject, timedelta(seconds=1), _given=given)
    return {"productBundleOperation": held, "userErrors": []}


def _bundle_later(shop: Shop, held: Record) -> None:
    """The bundle's product, whose only variant is made of its components' first variants."""
    given = held["_given"]
    record = shop.table("Product").get(held["_subject"])
    if record is None:
        record = blank(shop, {"title": given["title"]})
        shop.table("Product").put(record)
        options.found(shop, record, None)
        first = {option["name"]: next(iter(option["_values"])) for option in record["_options"]}
        variants.add(shop, record, {}, first)
        created(shop, record)
    elif given.get("title"):
        record["title"] = given["title"]
        changed(shop, record)
    if given.get("components") is not None:
        parts = {row["productId"]: row.get("quantity") or 1 for row in given["components"]}
        own = variants.of_product(shop, record["id"])[0]
        own["_components"] = {
            variants.of_product(shop, gid)[0]["id"]: quantity for gid, quantity in parts.items() if shop.get(gid)
        }
    held["product"] = record["id"]


WORK[OPERATION] = _bundle_later


@field(OPERATION, "status")
def bundle_status(record: Record, _args: Args, ctx: Context) -> str:
    return operation_status(record, ctx)


def _bundle_problem(given: list[Args], shop: Shop) -> str | None:
    if not given:
        return "At least one component is required."
    products = {row["productId"]: shop.table("Product").get(row["productId"]) for row in given}
    if lost := [tail_of(gid) for gid, product in products.items() if product is None]:
        return f"Failed to locate the following products: [{', '.join(lost)}]"
    if dear := [tail_of(row["productId"]) for row in given if (row.get("quantity") or 1) > MOST_PIECES]:
        return (
            f"Quantity cannot be greater than {MOST_PIECES}. The following products have a quantity that exceeds the "
            f"maximum: [{', '.join(dear)}]"
        )
    if short := [tail_of(row["productId"]) for row in given if _too_few_values(row)]:
        return (
            "Quantity options must have at least two values. Invalid quantity options found for components targeting "
            f"product_ids [{', '.join(short)}]."
        )
    if partial := [tail_of(row["productId"]) for row in given if not _maps_all(row, products[row["productId"]] or {})]:
        return (
            "Mapping of components targeting products need to map all of the options of the product. Missing or "
            f"invalid options found for components targeting product_ids [{', '.join(partial)}]."
        )
    return None


def _too_few_values(row: Args) -> bool:
    option = row.get("quantityOption")
    return option is not None and len(option["values"]) < 2


def _maps_all(row: Args, product: Record) -> bool:
    mapped = {selection["componentOptionId"] for selection in row["optionSelections"]}
    return {option["id"] for option in product.get("_options", ())} <= mapped


# feeds: the simulated app is no sales channel

NO_FEED = "ProductFeed does not exist"
MANAGED = (
    "Product feeds are set to be managed by Shopify automatically for this channel in the associated specification, "
    "please ensure PRODUCT_FEEDS_FULL_SYNC and PRODUCT_FEEDS_INCREMENTAL_SYNC webhook subscriptions are registered."
)


@mutation("productFeedCreate")
def create_feed(_args: Args, _ctx: Context) -> Record:
    return {"productFeed": None, "userErrors": [user_error(None, MANAGED)]}


@mutation("productFeedDelete")
def delete_feed(_args: Args, _ctx: Context) -> Record:
    return {"deletedId": None, "userErrors": [user_error(["id"], NO_FEED)]}


@mutation("productFullSync")
def sync_feed(_args: Args, _ctx: Context) -> Record:
    return {"id": None, "userErrors": [user_error(["id"], NO_FEED)]}
