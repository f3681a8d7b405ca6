"""Collections, custom and smart: creating, changing, deleting; which products they hold."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import handles
from shoptide.simulator.domain.deletions import forget
from shoptide.simulator.domain.media import done_job, moved
from shoptide.simulator.domain.metafields import by_custom_id, write_metafields
from shoptide.simulator.domain.shop_facts import shop_record
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    field,
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

KIND = "Collection"
PLAIN = ("title", "descriptionHtml", "sortOrder", "templateSuffix")


def blank(shop: Shop, title: str, handle: str | None = None) -> Record:
    return {
        "id": shop.new_id(KIND),
        "title": title,
        "handle": handle or handles.free(shop, KIND, title),
        "descriptionHtml": "",
        "sortOrder": "BEST_SELLING",
        "templateSuffix": None,
        "seo": {"title": None, "description": None},
        "updatedAt": shop.stamp(),
        "_products": [],
        "_rules": None,
        "_publications": {},
    }


# what they hold


def members(shop: Shop, record: Record) -> list[Record]:
    """The products of a collection, in its own order."""
    products = shop.table("Product")
    if record["_rules"] is not None:
        return [product for product in products if fits(shop, product, record["_rules"])]
    return [product for gid in record["_products"] if (product := products.get(gid)) is not None]


def holds(shop: Shop, record: Record, product: Record) -> bool:
    if record["_rules"] is not None:
        return fits(shop, product, record["_rules"])
    return product["id"] in record["_products"]


def fits(shop: Shop, product: Record, rules: Record) -> bool:
    tests = (_rule_fits(shop, product, rule) for rule in rules["rules"])
    return any(tests) if rules["appliedDisjunctively"] else all(tests)


def _variant_values(name: str) -> Any:
    def read(shop: Shop, product: Record) -> list[Any]:
        from shoptide.simulator.domain import variants

        return [variants.RULE_VALUES[name](shop, variant) for variant in variants.of_product(shop, product["id"])]

    return read


COLUMNS: dict[str, Any] = {
    "TITLE": lambda _shop, product: [product["title"]],
    "TYPE": lambda _shop, product: [product["productType"]],
    "VENDOR": lambda _shop, product: [product["vendor"]],
    "TAG": lambda _shop, product: product["tags"],
    "VARIANT_TITLE": _variant_values("title"),
    "VARIANT_PRICE": _variant_values("price"),
    "VARIANT_COMPARE_AT_PRICE": _variant_values("compareAtPrice"),
    "VARIANT_INVENTORY": _variant_values("inventory"),
    "VARIANT_WEIGHT": _variant_values("weight"),
    "IS_PRICE_REDUCED": _variant_values("reduced"),
}


def _rule_fits(shop: Shop, product: Record, rule: Record) -> bool:
    values = COLUMNS.get(rule["column"], lambda _shop, _product: [])(shop, product)
    relation, wanted = rule["relation"], rule["condition"]
    if relation in ("NOT_EQUALS", "NOT_CONTAINS"):
        positive = relation.removeprefix("NOT_")
        return not any(_relation_holds(positive, value, wanted) for value in values)
    return any(_relation_holds(relation, value, wanted) for value in values)


def _relation_holds(relation: str, value: Any, wanted: str) -> bool:
    if relation in ("IS_SET", "IS_NOT_SET"):
        return bool(value) == (relation == "IS_SET")
    if value is None:
        return False
    if relation in ("GREATER_THAN", "LESS_THAN") or isinstance(value, Decimal | int):
        return _number_holds(relation, value, wanted)
    given, asked = str(value).lower(), wanted.lower()
    tests = {
        "EQUALS": given == asked,
        "CONTAINS": asked in given,
        "STARTS_WITH": given.startswith(asked),
        "ENDS_WITH": given.endswith(asked),
    }
    return tests.get(relation, False)


def _number_holds(relation: str, value: Any, wanted: str) -> bool:
    try:
        given, asked = Decimal(str(value)), Decimal(wanted)
    except InvalidOperation:
        return False
    return {"GREATER_THAN": given > asked, "LESS_THAN": given < asked}.get(relation, given == asked)


def join(shop: Shop, product: str, wanted: list[str]) -> None:
    """Put a product into collections (unknown and smart ones are passed over)."""
    for gid in wanted:
        record = shop.table(KIND).get(gid)
        if record is not None and record["_rules"] is None and product not in record["_products"]:
            record["_products"].append(product)
            shop.touch(record)


def leave(shop: Shop, product: str, gone: list[str] | None = None) -> None:
    """Take a product out of collections; out of all of them when none are named."""
    for record in shop.table(KIND):
        if product in record["_products"] and (gone is None or record["id"] in gone):
            record["_products"].remove(product)
            shop.touch(record)


# writing


def _problems(given: Args, held: Record | None) -> list[Record]:
    found = []
    if held is None or "title" in given:
        title = given.get("title") or ""
        if not title.strip():
            found.append(user_error(["title"], "Title can't be blank"))
        elif len(title) > 255:
            found.append(user_error(["title"], "Title is too long (maximum is 255 characters)"))
    if given.get("ruleSet") is not None:
        if held is not None and held["_rules"] is None:
            found.append(user_error(["id"], "Cannot update rule set of a custom collection"))
        elif not given["ruleSet"].get("rules"):
            found.append(user_error(["ruleSet", "rules"], "Rules cannot be an empty set"))
    return found


def _apply(record: Record, given: Args) -> None:
    record.update({name: given[name] for name in PLAIN if given.get(name) is not None})
    if given.get("seo") is not None:
        record["seo"] = {**record["seo"], **given["seo"]}
    if given.get("ruleSet") is not None:
        record["_rules"] = given["ruleSet"]
    if "image" in given:
        record["_image"] = given["image"]


@mutation("collectionCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args.get("input") or args.get("collection") or {}, ctx.shop
    if given.get("id"):
        error = user_error(["id"], "id cannot be specified on collection creation")
        return {"collection": None, "userErrors": [error]}
    errors = _problems(given, None)
    for index, gid in enumerate(given.get("products") or []):
        if shop.table("Product").get(gid) is None:
            errors.append(user_error(["products", str(index)], "Product does not exist"))
    errors += handles.problem(shop, KIND, given.get("handle"), None, ["handle"])
    if errors:
        return {"collection": None, "userErrors": errors}
    record = blank(shop, given["title"], handles.wanted(shop, KIND, given.get("handle"), given["title"]))
    _apply(record, given)
    record["_products"] = list(given.get("products") or [])
    if refused := write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",)):
        return {"collection": None, "userErrors": refused}
    shop.table(KIND).put(record)
    shop.emit("collections/create", record)
    return {"collection": record, "userErrors": []}


@mutation("collectionUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args.get("input") or args.get("collection") or {}, ctx.shop
    if not given.get("id"):
        raise TopLevelError("BAD_REQUEST", "id must be specified on collectionUpdate")
    record = shop.table(KIND).get(given["id"])
    if record is None:
        error = user_error(None, "Collection does not exist")
        return {"collection": None, "job": None, "userErrors": [error]}
    errors = _problems(given, record) + handles.problem(shop, KIND, given.get("handle"), record, ["handle"])
    errors = errors or write_metafields(ctx, record, given.get("metafields") or [], at=("metafields",))
    if errors:
        return {"collection": record, "job": None, "userErrors": errors}
    _apply(record, given)
    if given.get("handle"):
        record["handle"] = handles.slug(given["handle"])
    _changed(shop, record)
    job = done_job() if given.get("ruleSet") is not None else None
    return {"collection": record, "job": job, "userErrors": []}


def _changed(shop: Shop, record: Record) -> None:
    shop.touch(record)
    shop.table(KIND).put(record)
    shop.emit("collections/update", record)


@mutation("collectionDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid = args["input"]["id"]
    record = ctx.shop.table(KIND).remove(gid)
    if record is None:
        error = user_error(["id"], "Collection does not exist")
        return {"deletedCollectionId": None, "shop": shop_record(ctx), "userErrors": [error]}
    forget(ctx.shop, record, "collections/delete")
    return {"deletedCollectionId": gid, "shop": shop_record(ctx), "userErrors": []}


def _added(args: Args, ctx: Context, name: str) -> tuple[Record | None, list[Record]]:
    """Add products to a collection; the collection, and what was wrong."""
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        return None, [user_error(["id"], "Collection does not exist", "COLLECTION_DOES_NOT_EXIST")]
    if record["_rules"] is not None:
        message = f"Can't manually {name} products {'to' if name == 'add' else 'from'} a smart collection"
        return None, [user_error(["id"], message, "CANT_ADD_TO_SMART_COLLECTION" if name == "add" else None)]
    return record, []


@mutation("collectionAddProducts")
def add_products(args: Args, ctx: Context) -> Record:
    record, errors = _added(args, ctx, "add")
    if record is not None:
        known = [gid for gid in args["productIds"] if ctx.shop.table("Product").get(gid)]
        record["_products"] += [gid for gid in known if gid not in record["_products"]]
        _changed(ctx.shop, record)
    return {"collection": record, "userErrors": errors}


@mutation("collectionAddProductsV2")
def add_products_v2(args: Args, ctx: Context) -> Record:
    errors = add_products(args, ctx)["userErrors"]
    return {"job": None if errors else done_job(), "userErrors": errors}


@mutation("collectionRemoveProducts")
def remove_products(args: Args, ctx: Context) -> Record:
    record, errors = _added(args, ctx, "remove")
    if record is not None:
        record["_products"] = [gid for gid in record["_products"] if gid not in args["productIds"]]
        _changed(ctx.shop, record)
    return {"job": None if errors else done_job(), "userErrors": errors}


@mutation("collectionReorderProducts")
def reorder_products(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        return {"job": None, "userErrors": [user_error(["id"], "Collection does not exist")]}
    if record["sortOrder"] != "MANUAL":
        message = "Can't reorder products unless collection is manually sorted"
        return {"job": None, "userErrors": [user_error(["id"], message, "MANUALLY_SORTED_COLLECTION")]}
    record["_products"] = moved(record["_products"], args["moves"])
    _changed(ctx.shop, record)
    return {"job": done_job(), "userErrors": []}


# reading


@root("collections")
def collections(_args: Args, ctx: Context) -> Listing:
    return Listing(KIND, ctx.shop.table(KIND), root="collections")


@root("collectionByHandle")
def by_handle(args: Args, ctx: Context) -> Record | None:
    return handles.holder(ctx.shop, KIND, args["handle"])


@root("collectionByIdentifier")
def by_identifier(args: Args, ctx: Context) -> Record | None:
    wanted = args["identifier"]
    if wanted.get("customId"):
        return by_custom_id(ctx, "COLLECTION", wanted["customId"])
    if wanted.get("handle"):
        return handles.holder(ctx.shop, KIND, wanted["handle"])
    return ctx.shop.table(KIND).get(wanted.get("id"))


@field("Product", "collections")
def of_product(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [row for row in ctx.shop.table(KIND) if holds(ctx.shop, row, record)]
    return Listing(KIND, rows, root="collections")


@field("Product", "inCollection")
def in_collection(record: Record, args: Args, ctx: Context) -> bool:
    found = ctx.shop.table(KIND).get(args["id"])
    return found is not None and holds(ctx.shop, found, record)


@field(KIND, "hasProduct")
def has_product(record: Record, args: Args, ctx: Context) -> bool:
    product = ctx.shop.table("Product").get(args["id"])
    return product is not None and holds(ctx.shop, record, product)


@field(KIND, "products")
def products(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [{**row, "_place": place} for place, row in enumerate(members(ctx.shop, record))]
    return Listing("Product", rows, root="Collection.products")


@field(KIND, "productsCount")
def products_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(members(ctx.shop, record)), "precision": "EXACT"}


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "description")
def description(record: Record, args: Args, _ctx: Context) -> str:
    plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", record["descriptionHtml"])).strip()
    return plain[: args["truncateAt"]] if args.get("truncateAt") else plain


@field(KIND, "image")
def image(record: Record, _args: Args, _ctx: Context) -> Record | None:
    held = record.get("_image")
    if not held or not held.get("src"):
        return None
    gid = f"gid://shopify/CollectionImage/{tail_of(record['id'])}"
    return {
        "id": gid,
        "altText": held.get("altText"),
        "url": held["src"],
        "src": held["src"],
        "originalSrc": held["src"],
    }


@field(KIND, "ruleSet")
def rule_set(record: Record, _args: Args, _ctx: Context) -> Record | None:
    found: Record | None = record["_rules"]
    return found


@field(KIND, "storefrontId")
@field("Product", "storefrontId")
@field("ProductVariant", "storefrontId")
def storefront_id(record: Record, _args: Args, _ctx: Context) -> str:
    return str(record["id"])


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "title": words(lambda row, _shop: row["title"]),
        "handle": token(lambda row, _shop: row["handle"]),
        "collection_type": token(lambda row, _shop: "smart" if row["_rules"] else "custom", ["smart", "custom"]),
        "product_id": numeric_id(lambda row, _shop: row["_products"][0] if row["_products"] else None),
        "published_status": token(lambda row, _shop: "published" if row["_publications"] else "unpublished"),
        "publishable_status": token(lambda row, _shop: "published" if row["_publications"] else "unpublished"),
        "product_publication_status": token(lambda row, _shop: "published" if row["_publications"] else "unpublished"),
        "published_at": instant(lambda row, _shop: min(row["_publications"].values(), default=None)),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
    text=[lambda row, _shop: row["title"]],
)
sort(
    "collections",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "TITLE": lambda row, _shop: row["title"],
        "UPDATED_AT": lambda row, _shop: row["updatedAt"],
    },
    default="ID",
)
sort(
    "Collection.products",
    {
        "COLLECTION_DEFAULT": lambda row, _shop: row["_place"],
        "MANUAL": lambda row, _shop: row["_place"],
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "TITLE": lambda row, _shop: row["title"],
        "CREATED": lambda row, _shop: row["createdAt"],
    },
    default="COLLECTION_DEFAULT",
)
