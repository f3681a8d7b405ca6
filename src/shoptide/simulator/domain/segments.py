"""Segments: customers that a query in the store's segment language describes, as far as it is read here.

A query is comparisons joined by AND and OR, AND first: `customer_tags CONTAINS 'vip' AND number_of_orders > 2`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain.order_totals import net_payment
from shoptide.simulator.registry import (
    Args,
    Listing,
    TopLevelError,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    user_error,
)
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "Segment"
QUERY = "CustomerSegmentMembersQuery"
LONGEST_NAME = 256
UNKNOWN = "Segment does not exist"
PIECE = re.compile(r"'(?:[^'\\]|\\.)*'|\(|\)|>=|<=|!=|=|>|<|[^\s()=<>!']+|\S")
OPERATORS = frozenset({"=", "!=", ">", "<", ">=", "<=", "CONTAINS", "NOT", "IS", "BETWEEN", "STARTS"})
Extract = Callable[[Record, Shop], Any]


def _orders(row: Record, shop: Shop) -> list[Record]:
    return [order for order in shop.table("Order") if order.get("customer") == row["id"]]


def _consent(name: str) -> Extract:
    return lambda row, _shop: (row.get(f"_{name}MarketingConsent") or {}).get("marketingState", "NOT_SUBSCRIBED")


FILTERS: dict[str, Extract] = {
    "customer_tags": lambda row, _shop: row["tags"],
    "customer_email_domain": lambda row, _shop: (row.get("email") or "").rpartition("@")[2] or None,
    "customer_account_status": lambda row, _shop: row.get("state"),
    "customer_added_date": lambda row, _shop: row["createdAt"][:10],
    "customer_language": lambda row, _shop: row.get("locale"),
    "customer_countries": lambda row, _shop: [each.get("countryCodeV2") for each in row["_addresses"]],
    "customer_cities": lambda row, _shop: [each.get("city") for each in row["_addresses"]],
    "email_subscription_status": _consent("email"),
    "sms_subscription_status": _consent("sms"),
    "number_of_orders": lambda row, shop: len(_orders(row, shop)),
    "amount_spent": lambda row, shop: sum((net_payment(shop, order) for order in _orders(row, shop)), Decimal(0)),
    "last_order_date": lambda row, shop: max((order["createdAt"][:10] for order in _orders(row, shop)), default=None),
    "first_order_date": lambda row, shop: min((order["createdAt"][:10] for order in _orders(row, shop)), default=None),
}
Test = tuple[str, str, str | None]


class Unreadable(Exception):  # noqa: N818  # the reader's word for it; becomes a userError
    """A query that makes no sense; says where."""


# reading queries


def parse(query: str) -> list[list[Test]]:
    """A query as alternatives of tests that must all hold; raises Unreadable with the store's words."""
    pieces = [(found[0], found.start() + 1) for found in PIECE.finditer(query)]
    groups: list[list[Test]] = [[]]
    place = 0
    while place < len(pieces):
        place = _test(pieces, place, groups[-1])
        if place >= len(pieces):
            break
        joint = pieces[place][0].upper()
        if joint not in ("AND", "OR"):
            raise _unexpected(pieces[place])
        if joint == "OR":
            groups.append([])
        place += 1
        if place >= len(pieces):
            raise Unreadable(f"Line 1 Column {len(query)}: Unexpected end of query.")
    return [group for group in groups if group]


def _unexpected(piece: tuple[str, int]) -> Unreadable:
    shown = piece[0].strip("'")
    return Unreadable(f"Line 1 Column {piece[1] - 1}: '{shown}' is unexpected.")


def _test(pieces: list[tuple[str, int]], place: int, into: list[Test]) -> int:
    name = pieces[place][0]
    if place + 1 >= len(pieces) or pieces[place + 1][0].upper() not in OPERATORS:
        if place + 1 < len(pieces):
            raise _unexpected(pieces[place + 1])
        raise Unreadable(f"Line 1 Column {pieces[place][1] - 1}: '{name}' is unexpected.")
    if name not in FILTERS:
        raise Unreadable(f"Line 1 Column {pieces[place][1] - 1}: '{name}' filter cannot be found.")
    operator, place = pieces[place + 1][0].upper(), place + 2
    while place < len(pieces) and pieces[place][0].upper() in ("NOT", "CONTAINS", "WITH"):
        operator, place = f"{operator} {pieces[place][0].upper()}", place + 1
    if place >= len(pieces):
        raise Unreadable("Unexpected end of query.")
    value = pieces[place][0]
    into.append((name, operator, None if value.upper() == "NULL" else value.strip("'")))
    return place + 1


def members(query: str, shop: Shop) -> list[Record]:
    groups = parse(query) if query.strip() else []
    rows = shop.table("Customer").all()
    return [
        row for row in rows if not groups or any(all(_holds(test, row, shop) for test in group) for group in groups)
    ]


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda held, wanted: held == wanted,
    "!=": lambda held, wanted: held != wanted,
    ">": lambda held, wanted: held > wanted,
    "<": lambda held, wanted: held < wanted,
    ">=": lambda held, wanted: held >= wanted,
    "<=": lambda held, wanted: held <= wanted,
}


def _holds(test: Test, row: Record, shop: Shop) -> bool:
    name, operator, wanted = test
    held = FILTERS[name](row, shop)
    if operator.startswith("IS"):
        empty = held in (None, [], "")
        return not empty if "NOT" in operator else empty
    if isinstance(held, list):
        found = any(str(each).lower() == str(wanted).lower() for each in held)
        return not found if "NOT" in operator or operator == "!=" else found
    if held is None:
        return operator == "!="
    if isinstance(held, int | Decimal):
        try:
            return COMPARE[operator](Decimal(held), Decimal(str(wanted)))
        except (KeyError, ArithmeticError):
            return False
    return COMPARE.get(operator, COMPARE["="])(str(held).lower(), str(wanted).lower())


# writing


def _problems(args: Args) -> list[Record]:
    found = []
    name, query = args.get("name"), args.get("query")
    if name is not None and not name.strip():
        found.append(user_error(["name"], "Name can't be blank"))
    if len(name or "") > LONGEST_NAME:
        found.append(user_error(["name"], f"Name is too long (maximum is {LONGEST_NAME} characters)"))
    if query is not None and not query.strip():
        found.append(user_error(["query"], "Query can't be blank"))
    elif query:
        try:
            parse(query)
        except Unreadable as error:
            found.append(user_error(["query"], f"Query {error}"))
    return found


def _free_name(name: str, shop: Shop, besides: Record | None = None) -> str:
    """A name that is taken gets a number: `VIPs (2)`."""
    taken = {row["name"] for row in shop.table(KIND) if row is not besides}
    wanted, number = name.strip(), 2
    while wanted in taken:
        wanted, number = f"{name.strip()} ({number})", number + 1
    return wanted


@mutation("segmentCreate")
def create(args: Args, ctx: Context) -> Record:
    if errors := _problems(args):
        return {"segment": None, "userErrors": errors}
    shop = ctx.shop
    now = shop.stamp()
    record = {"id": shop.new_id(KIND), "name": _free_name(args["name"], shop), "query": args["query"]}
    record.update(creationDate=now, lastEditDate=now)
    return {"segment": shop.table(KIND).put(record), "userErrors": []}


@mutation("segmentUpdate")
def update(args: Args, ctx: Context) -> Record:
    shop = ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return {"segment": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    if errors := _problems(args):
        return {"segment": None, "userErrors": errors}
    if args.get("name") is not None:
        record["name"] = _free_name(args["name"], shop, record)
    if args.get("query") is not None:
        record["query"] = args["query"]
    record["lastEditDate"] = shop.stamp()
    return {"segment": shop.table(KIND).put(record), "userErrors": []}


@mutation("segmentDelete")
def delete(args: Args, ctx: Context) -> Record:
    if ctx.shop.table(KIND).remove(args["id"]) is None:
        return {"deletedSegmentId": None, "userErrors": [user_error(["id"], UNKNOWN)]}
    return {"deletedSegmentId": args["id"], "userErrors": []}


@mutation("customerSegmentMembersQueryCreate")
def create_query(args: Args, ctx: Context) -> Record:
    """The members are counted in the background."""
    given, shop = args["input"], ctx.shop
    if error := _query_problem(given, shop):
        return {"customerSegmentMembersQuery": None, "userErrors": [error]}
    text = given.get("query")
    if text is None:
        text = (shop.table(KIND).get(given["segmentId"]) or {})["query"]
    record = {"id": f"gid://shopify/{QUERY}/{shop.new_number(QUERY)}", "_query": text, "done": False, "currentCount": 0}
    shop.table(QUERY).put({**record, "done": True, "currentCount": len(members(text, shop))})
    return {"customerSegmentMembersQuery": record, "userErrors": []}


def _query_problem(given: Args, shop: Shop) -> Record | None:
    gid, text = given.get("segmentId"), given.get("query")
    if gid is not None and text is not None:
        return user_error(["input"], "Providing both segment_id and query is not supported.", "INVALID")
    if gid is None and text is None:
        return user_error(["input"], "You must provide one of segment_id or query.", "INVALID")
    if gid is not None and shop.table(KIND).get(gid) is None:
        return user_error(None, "Invalid segment ID.", "INVALID")
    try:
        parse(text or "")
    except Unreadable as error:
        return user_error(None, str(error), "INVALID")
    return None


# reading


@root("segment")
def segment(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).get(args["id"])
    if record is None:
        raise TopLevelError("NOT_FOUND", UNKNOWN)
    return record


@root("segmentsCount")
def count(_args: Args, ctx: Context) -> Record:
    return {"count": len(ctx.shop.table(KIND)), "precision": "EXACT"}


@root("customerSegmentMembers")
def segment_members(args: Args, ctx: Context) -> Listing:
    text = args.get("query") or ""
    if args.get("segmentId"):
        text = segment({"id": args["segmentId"]}, ctx)["query"]
    elif args.get("queryId"):
        text = (ctx.shop.table(QUERY).get(args["queryId"]) or {}).get("_query", "")
    try:
        rows = members(text, ctx.shop)
    except Unreadable as error:
        raise TopLevelError("INVALID", str(error)) from None
    shown = [_member(row, ctx.shop) for row in rows]
    return Listing("", shown, extra={"totalCount": len(shown), "statistics": {}})


def _member(row: Record, shop: Shop) -> Record:
    orders = _orders(row, shop)
    spent = sum((net_payment(shop, order) for order in orders), Decimal(0))
    last = max(orders, key=lambda order: order["createdAt"], default=None)
    name = " ".join(part for part in (row.get("firstName"), row.get("lastName")) if part)
    return {
        "id": f"gid://shopify/CustomerSegmentMember/{tail_of(row['id'])}",
        "displayName": name or row.get("email") or row.get("phone") or "",
        "firstName": row.get("firstName"),
        "lastName": row.get("lastName"),
        "note": row.get("note"),
        "numberOfOrders": str(len(orders)),
        "amountSpent": {"amount": spent, "currencyCode": shop.currency},
        "lastOrderId": last["id"] if last else None,
        "defaultEmailAddress": {"emailAddress": row["email"]} if row.get("email") else None,
    }


@root("customerSegmentMembership")
def membership(args: Args, ctx: Context) -> Record:
    rows = []
    for gid in args["segmentIds"]:
        found = ctx.shop.table(KIND).get(gid)
        inside = found is not None and any(row["id"] == args["customerId"] for row in members(found["query"], ctx.shop))
        rows.append({"segmentId": gid, "isMember": inside})
    return {"memberships": rows}


search(
    KIND,
    {"id": numeric_id(lambda row, _shop: row["id"]), "name": words(lambda row, _shop: row["name"])},
    text=[lambda row, _shop: row["name"]],
)
sort(
    "segments",
    {
        "CREATION_DATE": lambda row, _shop: row["creationDate"],
        "LAST_EDIT_DATE": lambda row, _shop: row["lastEditDate"],
        "ID": lambda row, _shop: int(tail_of(row["id"])),
    },
    default="CREATION_DATE",
)
