"""publicationCreate, publicationUpdate and publicationDelete: the publications of catalogs."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain.publications import KIND, PUBLISHABLE, publish, unpublish
from shoptide.simulator.registry import Args, mutation, user_error
from shoptide.simulator.shop import Record, Shop, kind_of

MOST = 50
CATALOGS = ("MarketCatalog", "CompanyLocationCatalog")


def _refused(path: list[str], message: str, code: str) -> Record:
    return {"publication": None, "userErrors": [user_error(path, message, code)]}


@mutation("publicationCreate")
def create(args: Args, ctx: Context) -> Record:
    """A catalog has one publication at most; the new one is empty or has all products."""
    given, shop = args["input"], ctx.shop
    catalog = shop.get(given.get("catalogId"))
    if given.get("catalogId") and (catalog is None or kind_of(catalog["id"]) not in CATALOGS):
        return _refused(["input", "catalogId"], "Catalog does not exist.", "CATALOG_NOT_FOUND")
    if catalog is not None and catalog.get("publication"):
        return _refused(["input", "catalogId"], "Catalog already has a publication.", "TAKEN")
    name = catalog["title"] if catalog else "Catalog publication"
    record = {"id": shop.new_id(KIND), "name": name, "autoPublish": bool(given.get("autoPublish"))}
    record.update(supportsFuturePublishing=False, catalog=catalog["id"] if catalog else None, _catalog=True)
    shop.table(KIND).put(record)
    if catalog is not None:
        catalog["publication"] = record["id"]
        shop.table(kind_of(catalog["id"])).put(catalog)
    if given.get("defaultState") == "ALL_PRODUCTS":
        for product in shop.table("Product").all():
            publish(product, [{"publicationId": record["id"]}], shop)
    return {"publication": record, "userErrors": []}


@mutation("publicationUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return _refused(["id"], "Publication not found.", "PUBLICATION_NOT_FOUND")
    for name in ("publishablesToAdd", "publishablesToRemove"):
        gids = given.get(name) or []
        if len(gids) > MOST:
            message = "The limit for simultaneous publication updates has been exceeded."
            return _refused(["input", name], message, "PUBLICATION_UPDATE_LIMIT_EXCEEDED")
        for index, gid in enumerate(gids):
            if kind_of(gid) not in PUBLISHABLE or shop.get(gid) is None:
                return _refused(["input", name, str(index)], "Publishable ID not found.", "INVALID_PUBLISHABLE_ID")
            if record.get("_catalog") and kind_of(gid) != "Product":
                message = "A catalog publication can only contain products."
                return _refused(["input", name, str(index)], message, "UNSUPPORTED_PUBLISHABLE_TYPE")
    if given.get("autoPublish") is not None:
        record["autoPublish"] = given["autoPublish"]
    where = [{"publicationId": record["id"]}]
    for gid in given.get("publishablesToAdd") or []:
        publish(shop.get(gid) or {}, where, shop)
    for gid in given.get("publishablesToRemove") or []:
        unpublish(shop.get(gid) or {}, where, shop)
    return {"publication": shop.table(KIND).put(record), "userErrors": []}


def remove(record: Record, shop: Shop) -> None:
    for kind in PUBLISHABLE:
        for row in shop.table(kind).all():
            unpublish(row, [{"publicationId": record["id"]}], shop)
    catalog = shop.get(record.get("catalog"))
    if catalog is not None:
        catalog["publication"] = None
    shop.table(KIND).remove(record["id"])


@mutation("publicationDelete")
def delete(args: Args, ctx: Context) -> Record:
    """The publications of sales channels go with their apps only."""
    record = ctx.shop.table(KIND).get(args["id"])
    error = None
    if record is None:
        error = user_error(["id"], "Publication not found.", "PUBLICATION_NOT_FOUND")
    elif not record.get("_catalog"):
        message = "Can't modify a publication that belongs to an app catalog."
        error = user_error(["id"], message, "CANNOT_MODIFY_APP_CATALOG_PUBLICATION")
    if error is not None or record is None:
        return {"deletedId": None, "userErrors": [error]}
    remove(record, ctx.shop)
    return {"deletedId": record["id"], "userErrors": []}
