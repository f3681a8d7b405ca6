"""Catalogs: which products at which prices for which markets or which companies' locations."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import publication_writes
from shoptide.simulator.registry import Args, Listing, field, mutation, numeric_id, root, search, sort, user_error
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

# context argument: (type of catalog, type of what it is for, code and message where there is none)
CONTEXTS = {
    "marketIds": ("MarketCatalog", "Market", "MARKET_NOT_FOUND", "Market not found."),
    "companyLocationIds": (
        "CompanyLocationCatalog",
        "CompanyLocation",
        "COMPANY_LOCATION_NOT_FOUND",
        "The company location could not be found.",
    ),
}
KINDS = {"MarketCatalog": "MARKET", "CompanyLocationCatalog": "COMPANY_LOCATION"}
LONGEST = 255


def _refused(errors: list[Record]) -> Record:
    return {"catalog": None, "userErrors": errors}


def held_catalog(gid: str | None, shop: Shop) -> Record | None:
    return shop.get(gid) if gid and kind_of(gid) in KINDS else None


def _context_problems(context: Args, shop: Shop, path: list[str]) -> list[Record]:
    given = [name for name in CONTEXTS if context.get(name) is not None]
    if len(given) != 1:
        return [user_error(path, "Must provide exactly one context type.", "MUST_PROVIDE_EXACTLY_ONE_CONTEXT_TYPE")]
    _catalog, kind, code, message = CONTEXTS[given[0]]
    return [
        user_error([*path, given[0], str(index)], message, code)
        for index, gid in enumerate(context[given[0]])
        if shop.table(kind).get(gid) is None
    ]


def _part_problems(given: Args, shop: Shop) -> list[Record]:
    found = []
    if "title" in given and not (given["title"] or "").strip():
        found.append(user_error(["input", "title"], "Title can't be blank", "BLANK"))
    elif len(given.get("title") or "") > LONGEST:
        message = f"Title is too long (maximum is {LONGEST} characters)"
        found.append(user_error(["input", "title"], message, "TOO_LONG"))
    if given.get("priceListId") and shop.table("PriceList").get(given["priceListId"]) is None:
        found.append(user_error(["input", "priceListId"], "Price list not found.", "PRICE_LIST_NOT_FOUND"))
    if given.get("publicationId") and shop.table("Publication").get(given["publicationId"]) is None:
        found.append(user_error(["input", "publicationId"], "Publication not found.", "PUBLICATION_NOT_FOUND"))
    return found


def _taken(record: Record, shop: Shop) -> list[Record]:
    """A market catalog is active or archived with its market; there is no draft of one."""
    if kind_of(record["id"]) == "MarketCatalog" and record["status"] == "DRAFT" and shop.plan == "standard":
        return [
            user_error(["input", "status"], "A market catalog must have an active status.", "MARKET_CATALOG_STATUS")
        ]
    return []


def _link(record: Record, given: Args, shop: Shop) -> None:
    """A price list and a publication belong to one catalog: the former one lets go of them."""
    for name, place, kind in (
        ("priceListId", "priceList", "PriceList"),
        ("publicationId", "publication", "Publication"),
    ):
        if name not in given:
            continue
        for other in [row for each in KINDS for row in shop.table(each)]:
            if given[name] and other.get(place) == given[name]:
                other[place] = None
        held = shop.table(kind).get(record.get(place))
        if held is not None:
            held["catalog"] = None
        record[place] = given[name]
        wanted = shop.table(kind).get(given[name])
        if wanted is not None:
            wanted["catalog"] = record["id"]


@mutation("catalogCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    errors = _part_problems(given, shop) + _context_problems(given["context"], shop, ["input", "context"])
    if errors:
        return _refused(errors)
    name = next(name for name in CONTEXTS if given["context"].get(name) is not None)
    kind = CONTEXTS[name][0]
    record: Record = {"id": shop.new_id(kind), "title": given["title"].strip(), "status": given["status"]}
    record.update(_for=list(dict.fromkeys(given["context"][name])), priceList=None, publication=None)
    if errors := _taken(record, shop):
        return _refused(errors)
    _link(record, given, shop)
    return {"catalog": shop.table(kind).put(record), "userErrors": []}


@mutation("catalogUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = held_catalog(args["id"], shop)
    if record is None:
        return _refused([user_error(["id"], "The catalog wasn't found.", "CATALOG_NOT_FOUND")])
    errors = _part_problems(given, shop)
    context = given.get("context")
    if context:
        errors += _context_problems(context, shop, ["input", "context"])
        if not errors and context.get(_context_name(record)) is None:
            message = "Cannot change context to specified type."
            errors.append(user_error(["input", "context"], message, "INVALID_CONTEXT_CHANGE"))
    if errors:
        return _refused(errors)
    record.update({name: given[name] for name in ("title", "status") if given.get(name)})
    if context:
        record["_for"] = list(dict.fromkeys(context[_context_name(record)]))
    _link(record, given, shop)
    return {"catalog": shop.table(kind_of(record["id"])).put(record), "userErrors": []}


def _context_name(record: Record) -> str:
    return next(name for name, facts in CONTEXTS.items() if facts[0] == kind_of(record["id"]))


@mutation("catalogContextUpdate")
def update_context(args: Args, ctx: Context) -> Record:
    shop, record = ctx.shop, held_catalog(args["catalogId"], ctx.shop)
    if record is None:
        return _refused([user_error(["catalogId"], "The catalog wasn't found.", "CATALOG_NOT_FOUND")])
    more, less = args.get("contextsToAdd"), args.get("contextsToRemove")
    if more is None and less is None:
        message = "Must have `contexts_to_add` or `contexts_to_remove` argument."
        return _refused([user_error(None, message, "REQUIRES_CONTEXTS_TO_ADD_OR_REMOVE")])
    name = _context_name(record)
    for side, given in (("contextsToAdd", more), ("contextsToRemove", less)):
        if given is not None and given.get(name) is None:
            message = "The arguments `contextsToAdd` and `contextsToRemove` must match existing catalog context type."
            return _refused([user_error([side], message, "CONTEXT_DRIVER_MISMATCH")])
    if errors := _context_problems(more, shop, ["contextsToAdd"]) if more else []:
        return _refused(errors)
    wanted, gone = (more or {}).get(name) or [], (less or {}).get(name) or []
    if any(gid in record["_for"] for gid in wanted):
        message = "Context driver already assigned to this catalog."
        return _refused([user_error(["contextsToAdd"], message, "CONTEXT_ALREADY_ASSIGNED_TO_CATALOG")])
    record["_for"] = [gid for gid in [*record["_for"], *wanted] if gid not in gone]
    return {"catalog": shop.table(kind_of(record["id"])).put(record), "userErrors": []}


@mutation("catalogDelete")
def delete(args: Args, ctx: Context) -> Record:
    """Its price list and its publication stay, unless they are to go along."""
    shop, record = ctx.shop, held_catalog(args["id"], ctx.shop)
    if record is None:
        error = user_error(["id"], "The catalog wasn't found.", "CATALOG_NOT_FOUND")
        return {"deletedId": None, "userErrors": [error]}
    prices, publication = shop.get(record.get("priceList")), shop.get(record.get("publication"))
    if args.get("deleteDependentResources"):
        if prices is not None:
            shop.table("PriceList").remove(prices["id"])
        if publication is not None:
            publication_writes.remove(publication, shop)
    for held in (prices, publication):
        if held is not None:
            held["catalog"] = None
    shop.table(kind_of(record["id"])).remove(record["id"])
    return {"deletedId": record["id"], "userErrors": []}


# reading


@root("catalogs")
def catalogs(args: Args, ctx: Context) -> Listing:
    kinds = [kind for kind, name in KINDS.items() if args.get("type") in (None, name)]
    return Listing("Catalog", [row for kind in kinds for row in ctx.shop.table(kind)], root="catalogs")


@root("catalog")
def catalog(args: Args, ctx: Context) -> Record | None:
    return held_catalog(args["id"], ctx.shop)


def _of(record: Record, kind: str, ctx: Context) -> list[Record]:
    """The catalogs of a market or a location."""
    return [row for row in ctx.shop.table(kind) if record["id"] in row["_for"]]


@field("Market", "catalogs")
def of_market(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Catalog", _of(record, "MarketCatalog", ctx), root="catalogs")


@field("Market", "catalogsCount")
def market_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_of(record, "MarketCatalog", ctx)), "precision": "EXACT"}


@field("CompanyLocation", "catalogs")
def of_location(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Catalog", _of(record, "CompanyLocationCatalog", ctx), root="catalogs")


@field("CompanyLocation", "catalogsCount")
def location_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_of(record, "CompanyLocationCatalog", ctx)), "precision": "EXACT"}


@field("CompanyLocation", "inCatalog")
def in_catalog(record: Record, args: Args, ctx: Context) -> bool:
    return any(row["id"] == args["catalogId"] for row in _of(record, "CompanyLocationCatalog", ctx))


def _rows(record: Record, ctx: Context) -> list[Record]:
    return [row for gid in record["_for"] if (row := ctx.shop.get(gid))]


@field("MarketCatalog", "markets")
def markets(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Market", _rows(record, ctx))


@field("MarketCatalog", "marketsCount")
def markets_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_rows(record, ctx)), "precision": "EXACT"}


@field("CompanyLocationCatalog", "companyLocations")
def locations(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("CompanyLocation", _rows(record, ctx), root="companyLocations")


@field("CompanyLocationCatalog", "companyLocationsCount")
def locations_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_rows(record, ctx)), "precision": "EXACT"}


search(
    "Catalog",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "title": words(lambda row, _shop: row["title"]),
        "status": words(lambda row, _shop: row["status"].lower()),
    },
    text=[lambda row, _shop: row["title"]],
)
sort(
    "catalogs",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "TITLE": lambda row, _shop: row["title"],
        "TYPE": lambda row, _shop: kind_of(row["id"]),
    },
    default="ID",
)
