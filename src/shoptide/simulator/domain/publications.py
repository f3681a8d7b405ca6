"""Publications (sales channels), and publishing products and collections on them."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain.shop_facts import shop_record
from shoptide.simulator.registry import Args, Listing, TopLevelError, field, mutation, opening, root, user_error
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

KIND = "Publication"
NAMES = ("Online Store", "Point of Sale", "Shop")
PUBLISHABLE = {"Product": "products/update", "Collection": "collections/update"}
NO_PUBLICATION = "Publication does not exist or is not publishable"


@opening
def channels(shop: Shop) -> None:
    for name in NAMES:
        record = {"id": shop.new_id(KIND), "name": name, "autoPublish": name == "Online Store"}
        shop.table(KIND).put({**record, "supportsFuturePublishing": name == "Online Store"})


def online_store(shop: Shop) -> Record:
    return next(iter(shop.table(KIND)))


def dates(record: Record) -> dict[str, str]:
    """When a record is published, by publication."""
    found: dict[str, str] = record.get("_publications") or {}
    return found


def shown(record: Record, publication: str, shop: Shop) -> bool:
    date = dates(record).get(publication)
    return date is not None and date <= shop.stamp()


# writing


def publication_of(shop: Shop, given: Record) -> str | None:
    """The publication an input names, by its own id or its channel's; None when it names none that is."""
    gid = given.get("publicationId") or given.get("channelId")
    if gid and kind_of(gid) == "Channel":
        gid = f"gid://shopify/{KIND}/{tail_of(gid)}"
    return gid if shop.table(KIND).get(gid) is not None else None


def problems(given: list[Record], shop: Shop, at: str = "input") -> list[Record]:
    seen: set[str] = set()
    for index, entry in enumerate(given):
        path = [at, str(index)]
        if not entry.get("publicationId") and not entry.get("channelId"):
            return [user_error([*path, "publicationId"], "PublicationId cannot be empty")]
        gid = publication_of(shop, entry)
        if gid is None:
            return [user_error([*path, "publicationId"], NO_PUBLICATION)]
        if gid in seen:
            return [user_error([*path, "publicationId"], "The same publication was specified more than once")]
        seen.add(gid)
        if (entry.get("publishDate") or "2000") < "1970":
            return [user_error([*path, "publishDate"], "Publish date must be a date after the year 1969")]
    return []


def publish(record: Record, given: list[Record], shop: Shop) -> None:
    """Put a record on publications; those already there keep their dates unless new ones are given."""
    held = dict(dates(record))
    for entry in given:
        gid = publication_of(shop, entry)
        if gid is not None:
            held[gid] = entry.get("publishDate") or held.get(gid) or shop.stamp()
    _put(record, held, shop)


def unpublish(record: Record, given: list[Record], shop: Shop) -> None:
    gone = {publication_of(shop, entry) for entry in given}
    _put(record, {gid: date for gid, date in dates(record).items() if gid not in gone}, shop)


def _put(record: Record, held: dict[str, str], shop: Shop) -> None:
    if held == dates(record):
        return
    record["_publications"] = held
    if kind_of(record["id"]) == "Product":
        record["publishedAt"] = held.get(online_store(shop)["id"])
    shop.touch(record)
    shop.table(kind_of(record["id"])).put(record)
    shop.emit(PUBLISHABLE[kind_of(record["id"])], record)


def _publishable(args: Args, ctx: Context) -> Record | None:
    if kind_of(args["id"]) not in PUBLISHABLE:
        raise TopLevelError("RESOURCE_NOT_FOUND", "invalid id")
    return ctx.shop.get(args["id"])


def _payload(record: Record | None, errors: list[Record], ctx: Context) -> Record:
    return {"publishable": record, "shop": shop_record(ctx), "userErrors": errors}


@mutation("publishablePublish")
def publishable_publish(args: Args, ctx: Context) -> Record:
    record = _publishable(args, ctx)
    if record is None:
        return _payload(None, [user_error(["id"], "Resource does not exist")], ctx)
    errors = problems(args["input"], ctx.shop)
    if not errors:
        publish(record, args["input"], ctx.shop)
    return _payload(record, errors, ctx)


@mutation("publishableUnpublish")
def publishable_unpublish(args: Args, ctx: Context) -> Record:
    record = _publishable(args, ctx)
    if record is None:
        return _payload(None, [user_error(["id"], "Resource does not exist")], ctx)
    errors = problems(args["input"], ctx.shop)
    if not errors:
        unpublish(record, args["input"], ctx.shop)
    return _payload(record, errors, ctx)


@mutation("publishablePublishToCurrentChannel", "publishableUnpublishToCurrentChannel")
def no_channel(args: Args, ctx: Context) -> Record:
    """The simulated app is no sales channel."""
    record = _publishable(args, ctx)
    message = "Channel does not exist" if record else "Resource does not exist"
    return _payload(record, [user_error(["id"], message)], ctx)


def _product_payload(args: Args, ctx: Context, *, on: bool) -> Record:
    given = args["input"]
    record = ctx.shop.table("Product").get(given["id"])
    if record is None:
        return {"product": None, "userErrors": [user_error(["id"], "Product does not exist")]}
    errors = problems(given["productPublications"], ctx.shop, "productPublications")
    if not errors:
        (publish if on else unpublish)(record, given["productPublications"], ctx.shop)
    return {"product": record, "userErrors": errors}


@mutation("productPublish")
def product_publish(args: Args, ctx: Context) -> Record:
    return _product_payload(args, ctx, on=True)


@mutation("productUnpublish")
def product_unpublish(args: Args, ctx: Context) -> Record:
    return _product_payload(args, ctx, on=False)


# reading


@root("publications")
def publications(args: Args, ctx: Context) -> Listing:
    """Of sales channels and of catalogs; `catalogType` leaves those of one sort."""
    wanted = args.get("catalogType")
    if wanted is None:
        return Listing(KIND, ctx.shop.table(KIND))
    kind = {"MARKET": "MarketCatalog", "COMPANY_LOCATION": "CompanyLocationCatalog", "NONE": ""}.get(wanted)
    rows = [row for row in ctx.shop.table(KIND) if kind_of(row.get("catalog") or "") == kind and row.get("_catalog")]
    return Listing(KIND, [row for row in ctx.shop.table(KIND) if not row.get("_catalog")] if wanted == "APP" else rows)


@root("publicationsCount")
def publications_count(_args: Args, ctx: Context) -> Record:
    return {"count": len(ctx.shop.table(KIND)), "precision": "EXACT"}


@root("channels")
def channel_list(_args: Args, ctx: Context) -> Listing:
    return Listing("Channel", [channel(row) for row in ctx.shop.table(KIND) if not row.get("_catalog")])


def channel(publication: Record) -> Record:
    name = publication["name"]
    return {
        "id": f"gid://shopify/Channel/{tail_of(publication['id'])}",
        "name": name,
        "handle": name.lower().replace(" ", "-"),
        "supportsFuturePublishing": publication["supportsFuturePublishing"],
    }


@field(KIND, "app")
@field("Channel", "app")
def app(record: Record, _args: Args, _ctx: Context) -> Record:
    return {
        "id": f"gid://shopify/App/{tail_of(record['id'])}",
        "title": record["name"],
        "handle": record["name"].lower(),
    }


@field(KIND, "channels")
def channels_of(record: Record, _args: Args, _ctx: Context) -> Listing:
    return Listing("Channel", [] if record.get("_catalog") else [channel(record)])


def _holding(shop: Shop, kind: str, publication: str) -> list[Record]:
    return [row for row in shop.table(kind) if shown(row, publication, shop)]


@field(KIND, "products", "includedProducts")
def products_on(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Product", _holding(ctx.shop, "Product", record["id"]), root="products")


@field(KIND, "includedProductsCount")
def products_on_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_holding(ctx.shop, "Product", record["id"])), "precision": "EXACT"}


@field(KIND, "collections")
def collections_on(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Collection", _holding(ctx.shop, "Collection", record["id"]), root="collections")


def _entry(kind: str, record: Record, publication: Record, shop: Shop) -> Record:
    return {
        "__typename": kind,
        "isPublished": shown(record, publication["id"], shop),
        "publishDate": dates(record)[publication["id"]],
        "publication": publication,
        "channel": channel(publication),
        "publishable": record,
        "product": record,
        "collection": record,
    }


def _entries(kind: str, record: Record, args: Args, shop: Shop) -> list[Record]:
    rows = [row for row in shop.table(KIND) if row["id"] in dates(record)]
    entries = [_entry(kind, record, row, shop) for row in rows]
    return entries if args.get("onlyPublished") is False else [entry for entry in entries if entry["isPublished"]]


def _owner(record: Record, ctx: Context) -> Record:
    """A variant is published where its product is."""
    return ctx.shop.get(record["_product"]) or record if kind_of(record["id"]) == "ProductVariant" else record


for _kind in ("Product", "Collection", "ProductVariant"):

    @field(_kind, "publishedOnPublication")
    def published_on(record: Record, args: Args, ctx: Context) -> bool:
        return shown(_owner(record, ctx), args["publicationId"], ctx.shop)

    @field(_kind, "publishedOnChannel")
    def published_on_channel(record: Record, args: Args, ctx: Context) -> bool:
        gid = f"gid://shopify/{KIND}/{tail_of(args['channelId'])}"
        return shown(_owner(record, ctx), gid, ctx.shop)

    @field(_kind, "resourcePublicationsV2")
    def resource_publications_v2(record: Record, args: Args, ctx: Context) -> Listing:
        return Listing("", _entries("ResourcePublicationV2", _owner(record, ctx), args, ctx.shop))

    @field(_kind, "resourcePublications")
    def resource_publications(record: Record, args: Args, ctx: Context) -> Listing:
        return Listing("", _entries("ResourcePublication", _owner(record, ctx), args, ctx.shop))

    @field(_kind, "publicationCount")
    def publication_count(record: Record, args: Args, ctx: Context) -> int:
        return len(_entries("ResourcePublicationV2", _owner(record, ctx), args, ctx.shop))

    @field(_kind, "resourcePublicationsCount")
    def resource_publications_count(record: Record, args: Args, ctx: Context) -> Record:
        return {"count": publication_count(record, args, ctx), "precision": "EXACT"}

    @field(_kind, "availablePublicationsCount")
    def available_count(record: Record, _args: Args, ctx: Context) -> Record:
        return {"count": publication_count(record, {"onlyPublished": True}, ctx), "precision": "EXACT"}

    @field(_kind, "unpublishedPublications")
    def unpublished(record: Record, _args: Args, ctx: Context) -> Listing:
        missing = [row for row in ctx.shop.table(KIND) if not shown(_owner(record, ctx), row["id"], ctx.shop)]
        return Listing(KIND, missing)


@field("Product", "productPublications", "publications")
def product_publications(record: Record, args: Args, ctx: Context) -> Listing:
    return Listing("", _entries("ProductPublication", record, args, ctx.shop))


@field("Collection", "publications")
def collection_publications(record: Record, args: Args, ctx: Context) -> Listing:
    return Listing("", _entries("CollectionPublication", record, args, ctx.shop))
