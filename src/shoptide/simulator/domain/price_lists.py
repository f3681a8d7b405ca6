"""Price lists: prices a share above or below the shop's own, and fixed ones variant by variant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain import money
from shoptide.simulator.domain.catalogs import KINDS, held_catalog
from shoptide.simulator.registry import Args, Listing, field, mutation, root, sort, user_error
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

KIND = "PriceList"
LONGEST = 255
LIMITS = {"PERCENTAGE_INCREASE": 1000, "PERCENTAGE_DECREASE": 100}
MISSING = "Price list does not exist."


def _refused(errors: list[Record]) -> Record:
    return {"priceList": None, "userErrors": errors}


def _problems(given: Args, held: Record | None, shop: Shop) -> list[Record]:
    found, name = [], given.get("name")
    if "name" in given and not (name or "").strip():
        found.append(user_error(["input", "name"], "Name can't be blank", "BLANK"))
    elif len(name or "") > LONGEST:
        message = f"Name is too long (maximum is {LONGEST} characters)"
        found.append(user_error(["input", "name"], message, "TOO_LONG"))
    elif name and any(row["name"] == name and row is not held for row in shop.table(KIND)):
        found.append(user_error(["input", "name"], "Name has already been taken", "TAKEN"))
    adjustment = (given.get("parent") or {}).get("adjustment")
    if adjustment and not 0 <= adjustment["value"] <= LIMITS[adjustment["type"]]:
        path = ["input", "parent", "adjustment", "value"]
        message = (
            "The adjustment value must be a positive value and not be greater than 100% for `type` "
            "`PERCENTAGE_DECREASE` and not be greater than 1000% for `type` `PERCENTAGE_INCREASE`."
        )
        found.append(user_error(path, message, "INVALID_ADJUSTMENT_VALUE"))
    if given.get("catalogId") and held_catalog(given["catalogId"], shop) is None:
        message = "The specified catalog does not exist."
        found.append(user_error(["input", "catalogId"], message, "CATALOG_DOES_NOT_EXIST"))
    return found


def _parent(given: Args) -> Record:
    settings = given.get("settings") or {"compareAtMode": "ADJUSTED"}
    return {"adjustment": dict(given["adjustment"]), "settings": dict(settings)}


def _assign(record: Record, gid: str | None, shop: Shop) -> None:
    """The catalog lets go of its former price list."""
    for row in [row for kind in KINDS for row in shop.table(kind)]:
        if row.get("priceList") == record["id"]:
            row["priceList"] = None
    catalog = held_catalog(gid, shop)
    if catalog is not None:
        former = shop.table(KIND).get(catalog.get("priceList"))
        if former is not None:
            former["catalog"] = None
        catalog["priceList"] = record["id"]
        shop.table(kind_of(catalog["id"])).put(catalog)
    record["catalog"] = gid


@mutation("priceListCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _problems(given, None, shop):
        return _refused(errors)
    record: Record = {"id": shop.new_id(KIND), "name": given["name"], "currency": given["currency"]}
    record.update(parent=_parent(given["parent"]), catalog=None, _fixed={}, _rules={}, _breaks=[])
    shop.table(KIND).put(record)
    _assign(record, given.get("catalogId"), shop)
    return {"priceList": record, "userErrors": []}


@mutation("priceListUpdate")
def update(args: Args, ctx: Context) -> Record:
    """Another currency takes the fixed prices away."""
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        error = user_error(["id"], "The specified price list doesn't exist.", "PRICE_LIST_NOT_FOUND")
        return _refused([error])
    if errors := _problems(given, record, shop):
        return _refused(errors)
    if given.get("currency") and given["currency"] != record["currency"]:
        record.update(currency=given["currency"], _fixed={})
    record["name"] = given.get("name") or record["name"]
    if given.get("parent"):
        record["parent"] = _parent({"settings": record["parent"]["settings"], **given["parent"]})
    if "catalogId" in given:
        _assign(record, given["catalogId"], shop)
    return {"priceList": shop.table(KIND).put(record), "userErrors": []}


@mutation("priceListDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        error = user_error(["id"], "The specified price list doesn't exist.", "PRICE_LIST_NOT_FOUND")
        return {"deletedId": None, "userErrors": [error]}
    _assign(record, None, ctx.shop)
    ctx.shop.table(KIND).remove(record["id"])
    return {"deletedId": record["id"], "userErrors": []}


# fixed prices


def price_problems(record: Record, given: list[Args], name: str, shop: Shop) -> list[Record]:
    found = []
    for index, entry in enumerate(given):
        at = [name, str(index)]
        if shop.table("ProductVariant").get(entry["variantId"]) is None:
            message = "A fixed price for the specified product variant doesn't exist."
            found.append(user_error([*at, "variantId"], message, "VARIANT_NOT_FOUND"))
        for amount in ("price", "compareAtPrice"):
            if entry.get(amount) and entry[amount]["currencyCode"] != record["currency"]:
                message = "The specified currency doesn't match the price list's currency."
                found.append(user_error([*at, amount, "currencyCode"], message, "PRICE_LIST_CURRENCY_MISMATCH"))
    return found


def fix(record: Record, entry: Args, variant: str) -> None:
    compare = entry.get("compareAtPrice")
    record["_fixed"][variant] = {
        "price": str(entry["price"]["amount"]),
        "compareAtPrice": str(compare["amount"]) if compare else None,
    }


def _unfixed(record: Record, gids: list[str], name: str) -> list[Record]:
    return [
        user_error([name, str(index)], "Only fixed prices can be deleted.", "PRICE_NOT_FIXED")
        for index, gid in enumerate(gids)
        if gid not in record["_fixed"]
    ]


def _no_list(empty: list[str]) -> Record:
    error = user_error(["priceListId"], "The price list doesn't exist.", "PRICE_LIST_NOT_FOUND")
    return {**dict.fromkeys(empty), "userErrors": [error]}


@mutation("priceListFixedPricesAdd")
def add_prices(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["priceListId"])
    if record is None:
        return _no_list(["prices"])
    if errors := price_problems(record, args["prices"], "prices", ctx.shop):
        return {"prices": None, "userErrors": errors}
    for entry in args["prices"]:
        fix(record, entry, entry["variantId"])
    ctx.shop.table(KIND).put(record)
    return {"prices": [shown_price(record, entry["variantId"], ctx.shop) for entry in args["prices"]], "userErrors": []}


@mutation("priceListFixedPricesDelete")
def delete_prices(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["priceListId"])
    if record is None:
        return _no_list(["deletedFixedPriceVariantIds"])
    if errors := _unfixed(record, args["variantIds"], "variantIds"):
        return {"deletedFixedPriceVariantIds": None, "userErrors": errors}
    for gid in args["variantIds"]:
        record["_fixed"].pop(gid, None)
    ctx.shop.table(KIND).put(record)
    return {"deletedFixedPriceVariantIds": args["variantIds"], "userErrors": []}


@mutation("priceListFixedPricesUpdate")
def update_prices(args: Args, ctx: Context) -> Record:
    record, shop = ctx.shop.table(KIND).get(args["priceListId"]), ctx.shop
    empty = ["priceList", "pricesAdded", "deletedFixedPriceVariantIds"]
    if record is None:
        return _no_list(empty)
    given, gone = args["pricesToAdd"], args["variantIdsToDelete"]
    errors = price_problems(record, given, "pricesToAdd", shop) + _unfixed(record, gone, "variantIdsToDelete")
    if errors:
        return {**dict.fromkeys(empty), "userErrors": errors}
    for gid in gone:
        record["_fixed"].pop(gid, None)
    for entry in given:
        fix(record, entry, entry["variantId"])
    shop.table(KIND).put(record)
    added = [shown_price(record, entry["variantId"], shop) for entry in given]
    return {"priceList": record, "pricesAdded": added, "deletedFixedPriceVariantIds": gone, "userErrors": []}


@mutation("priceListFixedPricesByProductUpdate")
def update_by_product(args: Args, ctx: Context) -> Record:
    """One price for all variants of a product."""
    record, shop = ctx.shop.table(KIND).get(args["priceListId"]), ctx.shop
    given, gone = args.get("pricesToAdd") or [], args.get("pricesToDeleteByProductIds") or []
    empty: Record = dict.fromkeys(("priceList", "pricesToAddProducts", "pricesToDeleteProducts"))
    if record is None:
        return {**empty, "userErrors": [user_error(["priceListId"], MISSING, "PRICE_LIST_DOES_NOT_EXIST")]}
    if errors := _by_product_problems(record, given, gone, shop):
        return {**empty, "userErrors": errors}
    for entry in given:
        for variant in _variants(shop, entry["productId"]):
            fix(record, entry, variant["id"])
    for gid in gone:
        for variant in _variants(shop, gid):
            record["_fixed"].pop(variant["id"], None)
    shop.table(KIND).put(record)
    added = [shop.get(entry["productId"]) for entry in given]
    return {
        "priceList": record,
        "pricesToAddProducts": added,
        "pricesToDeleteProducts": [shop.get(gid) for gid in gone],
        "userErrors": [],
    }


def _variants(shop: Shop, product: str) -> list[Record]:
    return [row for row in shop.table("ProductVariant") if row["_product"] == product]


def _by_product_problems(record: Record, given: list[Args], gone: list[str], shop: Shop) -> list[Record]:
    if not given and not gone:
        return [user_error(None, "No update operations specified.", "NO_UPDATE_OPERATIONS_SPECIFIED")]
    wanted = [entry["productId"] for entry in given]
    if set(wanted) & set(gone):
        message = "IDs must be mutually exclusive across add or delete operations."
        return [user_error(None, message, "ID_MUST_BE_MUTUALLY_EXCLUSIVE")]
    found = []
    for name, gids in (("pricesToAdd", wanted), ("pricesToDeleteByProductIds", gone)):
        for index, gid in enumerate(gids):
            at = [name, str(index), "productId"] if name == "pricesToAdd" else [name, str(index)]
            if gid in gids[:index]:
                found.append(user_error(at, "Duplicate ID in input.", "DUPLICATE_ID_IN_INPUT"))
            elif shop.table("Product").get(gid) is None:
                found.append(user_error(at, "Product does not exist.", "PRODUCT_DOES_NOT_EXIST"))
    for index, entry in enumerate(given):
        if entry["price"]["currencyCode"] != record["currency"]:
            message = "The currency specified does not match the price list's currency."
            at = ["pricesToAdd", str(index), "price", "currencyCode"]
            found.append(user_error(at, message, "PRICES_TO_ADD_CURRENCY_MISMATCH"))
    return found


# reading


def _adjusted(record: Record, amount: Any) -> Decimal:
    """A price of the shop raised or lowered by the list's share; currencies are taken at par."""
    adjustment = record["parent"]["adjustment"]
    share = Decimal(str(adjustment["value"])) / 100
    factor = 1 + share if adjustment["type"] == "PERCENTAGE_INCREASE" else 1 - share
    return money.rounded(Decimal(str(amount)) * factor, money.places(record["currency"]))


def shown_price(record: Record, gid: str, shop: Shop) -> Record:
    fixed, variant = record["_fixed"].get(gid), shop.get(gid) or {}

    def amount(value: Any) -> Record | None:
        return None if value is None else {"amount": Decimal(str(value)), "currencyCode": record["currency"]}

    compare = variant.get("compareAtPrice")
    dropped = compare is None or record["parent"]["settings"]["compareAtMode"] == "NULLIFY"
    return {
        "variant": gid,
        "originType": "FIXED" if fixed else "RELATIVE",
        "price": amount(fixed["price"] if fixed else _adjusted(record, variant.get("price") or 0)),
        "compareAtPrice": amount(fixed["compareAtPrice"] if fixed else None if dropped else _adjusted(record, compare)),
        "_list": record["id"],
    }


@root("priceLists")
def price_lists(_args: Args, ctx: Context) -> Listing:
    return Listing(KIND, ctx.shop.table(KIND), root="priceLists")


@field(KIND, "fixedPricesCount")
def fixed_count(record: Record, _args: Args, _ctx: Context) -> int:
    return len(record["_fixed"])


@field(KIND, "prices")
def prices(record: Record, args: Args, ctx: Context) -> Listing:
    """Of every variant; `originType` leaves the fixed or the reckoned ones."""
    wanted = args.get("originType")
    gids = [row["id"] for row in ctx.shop.table("ProductVariant")]
    if wanted:
        gids = [gid for gid in gids if (gid in record["_fixed"]) == (wanted == "FIXED")]
    return Listing("", [shown_price(record, gid, ctx.shop) for gid in gids])


sort(
    "priceLists",
    {"ID": lambda row, _shop: int(tail_of(row["id"])), "NAME": lambda row, _shop: row["name"]},
    default="ID",
)
