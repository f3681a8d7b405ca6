"""Saved searches: those that a shop opens with, and creating, changing and deleting more."""

from __future__ import annotations

import re

from shoptide.simulator.context import Context
from shoptide.simulator.registry import Args, Listing, RootResolver, field, mutation, opening, root, sort, user_error
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "SavedSearch"
LONGEST_NAME = 40
ROOTS = {
    "automaticDiscountSavedSearches": "PRICE_RULE",
    "codeDiscountSavedSearches": "PRICE_RULE",
    "collectionSavedSearches": "COLLECTION",
    "customerSavedSearches": "CUSTOMER",
    "discountRedeemCodeSavedSearches": "DISCOUNT_REDEEM_CODE",
    "draftOrderSavedSearches": "DRAFT_ORDER",
    "fileSavedSearches": "FILE",
    "orderSavedSearches": "ORDER",
    "productSavedSearches": "PRODUCT",
    "urlRedirectSavedSearches": "URL_REDIRECT",
}
OPENING = (
    ("ORDER", "Unfulfilled", "status:open fulfillment_status:unshipped,partial"),
    ("ORDER", "Unpaid", "status:open financial_status:unpaid"),
    ("ORDER", "Open", "status:open"),
    ("ORDER", "Archived", "status:closed"),
    ("DRAFT_ORDER", "Open and invoice sent", "status:open_and_invoice_sent"),
    ("DRAFT_ORDER", "Open", "status:open"),
    ("DRAFT_ORDER", "Invoice sent", "status:invoice_sent"),
    ("DRAFT_ORDER", "Completed", "status:completed"),
)
PIECE = re.compile(r"""(?P<key>-?[A-Za-z_][\w.]*):(?P<value>"[^"]*"|'[^']*'|\([^)]*\)|\S+)""")


@opening
def first_searches(shop: Shop) -> None:
    for kind, name, query in OPENING:
        add(shop, kind, name, query)


def add(shop: Shop, kind: str, name: str, query: str) -> Record:
    record = {"id": shop.new_id(KIND), "resourceType": kind, "name": name, "query": query}
    return shop.table(KIND).put(record)


def _problems(given: Args, held: Record | None, kind: str, shop: Shop) -> list[Record]:
    found = []
    if held is None or given.get("name") is not None:
        name = (given.get("name") or "").strip()
        others = (row for row in shop.table(KIND) if row["resourceType"] == kind and row is not held)
        if not name:
            found.append(user_error(["input", "name"], "Name can't be blank"))
        elif len(name) > LONGEST_NAME:
            found.append(user_error(["input", "name"], f"Name is too long (maximum is {LONGEST_NAME} characters)"))
        elif any(row["name"].lower() == name.lower() for row in others):
            found.append(user_error(["input", "name"], "Name has already been taken"))
    if (held is None or given.get("query") is not None) and not (given.get("query") or "").strip():
        found.append(user_error(["input", "query"], "Query can't be blank"))
    return found


@mutation("savedSearchCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if given["resourceType"] == "CUSTOMER":
        message = "Customer saved searches have been deprecated. Use Segmentation API instead."
        return {"savedSearch": None, "userErrors": [user_error(None, message)]}
    if errors := _problems(given, None, given["resourceType"], shop):
        return {"savedSearch": None, "userErrors": errors}
    record = add(shop, given["resourceType"], given["name"].strip(), given["query"])
    return {"savedSearch": record, "userErrors": []}


@mutation("savedSearchUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(given["id"])
    if record is None:
        return {"savedSearch": None, "userErrors": [user_error(["input", "id"], "Saved Search does not exist")]}
    if errors := _problems(given, record, record["resourceType"], shop):
        return {"savedSearch": record, "userErrors": errors}
    record.update({name: given[name] for name in ("name", "query") if given.get(name) is not None})
    return {"savedSearch": shop.table(KIND).put(record), "userErrors": []}


@mutation("savedSearchDelete")
def delete(args: Args, ctx: Context) -> Record:
    gid = args["input"]["id"]
    if ctx.shop.table(KIND).remove(gid) is None:
        error = user_error(["input", "id"], "Saved Search does not exist")
        return {"deletedSavedSearchId": None, "userErrors": [error]}
    return {"deletedSavedSearchId": gid, "userErrors": []}


# reading


def _listing(name: str, kind: str) -> RootResolver:
    def listing(_args: Args, ctx: Context) -> Listing:
        return Listing(KIND, [row for row in ctx.shop.table(KIND) if row["resourceType"] == kind], root=name)

    return listing


for _name, _kind in ROOTS.items():
    root(_name)(_listing(_name, _kind))
    sort(_name, {"ID": lambda row, _shop: tail_of(row["id"]), "NAME": lambda row, _shop: row["name"]}, default="ID")


@field(KIND, "legacyResourceId")
def legacy_id(record: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(record["id"])


@field(KIND, "filters")
def filters(record: Record, _args: Args, _ctx: Context) -> list[Record]:
    return [{"key": found["key"], "value": _plain(found["value"])} for found in PIECE.finditer(record["query"])]


@field(KIND, "searchTerms")
def search_terms(record: Record, _args: Args, _ctx: Context) -> str:
    """The words of the query that belong to no filter."""
    return " ".join(PIECE.sub(" ", record["query"]).split())


def _plain(value: str) -> str:
    return value[1:-1] if value[:1] in "\"'" and value[-1:] == value[:1] else value
