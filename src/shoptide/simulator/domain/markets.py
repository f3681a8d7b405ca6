"""Markets: created, changed and deleted with their regions; prices, catalogs and web addresses are not modelled."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import handles
from shoptide.simulator.domain.metafields import drop_of
from shoptide.simulator.places import countries
from shoptide.simulator.registry import Args, Listing, field, mutation, numeric_id, root, search, sort, user_error
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Market"


def _refused(errors: list[Record]) -> Record:
    return {"market": None, "userErrors": errors}


def _problems(given: Args, held: Record | None, shop: Shop) -> list[Record]:
    wrong, name = [], given.get("name")
    others = [row for row in shop.table(KIND) if row is not held]
    if (held is None or "name" in given) and not (name or "").strip():
        wrong.append(user_error(["input", "name"], "Name can't be blank", "BLANK"))
    elif name and len(name.strip()) < 2:
        wrong.append(user_error(["input", "name"], "Name is too short (minimum is 2 characters)", "TOO_SHORT"))
    elif name and any(row["name"].lower() == name.strip().lower() for row in others):
        wrong.append(user_error(["input", "name"], "Name has already been taken", "TAKEN"))
    if given.get("handle") and any(row["handle"] == handles.slug(given["handle"]) for row in others):
        wrong.append(user_error(["input", "handle"], "Handle has already been taken", "TAKEN"))
    both = given.get("enabled") is not None and given.get("status") is not None
    if both and given["enabled"] != (given["status"] == "ACTIVE"):
        message = "Invalid status and enabled combination."
        wrong.append(user_error(["input"], message, "INVALID_STATUS_AND_ENABLED_COMBINATION"))
    return wrong


def _regions(given: Args) -> list[str]:
    condition = (given.get("conditions") or {}).get("regionsCondition") or {}
    rows = given.get("regions") or condition.get("regions") or []
    return [row["countryCode"] for row in rows if row.get("countryCode")]


@mutation("marketCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _problems(given, None, shop):
        return _refused(errors)
    status = given.get("status") or ("DRAFT" if given.get("enabled") is False else "ACTIVE")
    record: Record = {
        "id": shop.new_id(KIND),
        "name": given["name"].strip(),
        "status": status,
        "type": "REGION" if _regions(given) else "NONE",
        "_countries": _regions(given),
    }
    record["handle"] = handles.slug(given.get("handle") or "") or _free_handle(shop, record["name"])
    return {"market": shop.table(KIND).put(record), "userErrors": []}


def _free_handle(shop: Shop, name: str) -> str:
    taken = {row["handle"] for row in shop.table(KIND)}
    wanted, number = handles.slug(name), 0
    while (handle := f"{wanted}-{number}" if number else wanted) in taken:
        number += 1
    return handle


@mutation("marketUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return _refused([user_error(["id"], "Market does not exist", "MARKET_NOT_FOUND")])
    if errors := _problems(given, record, shop):
        return _refused(errors)
    if given.get("name"):
        record["name"] = given["name"].strip()
    if given.get("handle"):
        record["handle"] = handles.slug(given["handle"])
    if given.get("enabled") is not None:
        record["status"] = "ACTIVE" if given["enabled"] else "DRAFT"
    record["status"] = given.get("status") or record["status"]
    return {"market": shop.table(KIND).put(record), "userErrors": []}


@mutation("marketDelete")
def delete(args: Args, ctx: Context) -> Record:
    if ctx.shop.table(KIND).remove(args["id"]) is None:
        return {"deletedId": None, "userErrors": [user_error(["id"], "Market does not exist", "MARKET_NOT_FOUND")]}
    drop_of(ctx.shop, args["id"])
    return {"deletedId": args["id"], "userErrors": []}


# reading


@field(KIND, "enabled")
def enabled(record: Record, _args: Args, _ctx: Context) -> bool:
    return bool(record["status"] == "ACTIVE")


@field(KIND, "regions")
def regions(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = [
        {
            "__typename": "MarketRegionCountry",
            "id": f"gid://shopify/MarketRegionCountry/{tail_of(record['id'])}{index:03d}",
            "code": code,
            "name": known.name if (known := countries().get(code)) else code,
            "currency": {"currencyCode": ctx.shop.currency, "currencyName": ctx.shop.currency, "enabled": True},
        }
        for index, code in enumerate(record["_countries"])
    ]
    return Listing("", rows)


@root("primaryMarket")
def primary(_args: Args, ctx: Context) -> Record:
    """The market of the shop's own country; every shop has it."""
    first = next(iter(ctx.shop.table("Location")), {})
    code = (first.get("address") or {}).get("countryCode") or "CA"
    known = countries().get(code)
    facts = {"id": f"gid://shopify/{KIND}/{ctx.shop.number}", "name": known.name if known else code, "primary": True}
    return {**facts, "handle": code.lower(), "status": "ACTIVE", "type": "REGION", "_countries": [code]}


search(
    KIND,
    {"id": numeric_id(lambda row, _shop: row["id"]), "name": words(lambda row, _shop: row["name"])},
    text=[lambda row, _shop: row["name"]],
)
sort(
    "markets",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "NAME": lambda row, _shop: row["name"],
        "STATUS": lambda row, _shop: row["status"],
        "MARKET_TYPE": lambda row, _shop: row["type"],
    },
    default="NAME",
)
