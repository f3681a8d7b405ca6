"""What a company's records have in common: who belongs to it, and the orders and drafts bought for it."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain.customers import lifetime
from shoptide.simulator.domain.order_totals import net_payment
from shoptide.simulator.registry import VISIBLE, Args, Listing, field, user_error
from shoptide.simulator.shop import Record, Shop

KIND = "Company"
CONTACT = "CompanyContact"
LOCATION = "CompanyLocation"
ROLE = "CompanyContactRole"
ASSIGNMENT = "CompanyContactRoleAssignment"
# which part of a purchase names which kind
PARTS = {KIND: "company", CONTACT: "contact", LOCATION: "location"}


def unknown(*path: str) -> Record:
    return user_error(list(path), "Resource requested does not exist.", "RESOURCE_NOT_FOUND")


def of_company(kind: str, company: Record, shop: Shop) -> list[Record]:
    return [row for row in shop.table(kind) if row["company"] == company["id"]]


def tell(topic: str, record: Record, shop: Shop) -> None:
    """Emit a topic with what the record belongs to and its addresses as they are now: they may be deleted next."""
    parts: dict[str, Record] = {}
    left = [record]
    while left:
        row = left.pop()
        for name in ("company", "companyContact", "companyLocation", "role", "shippingAddress", "billingAddress"):
            found = shop.get(row.get(name))
            if found is not None and found["id"] not in parts:
                parts[found["id"]] = dict(found)
                left.append(found)
    shop.emit(topic, record, _parts=parts)


def bought(table: str, record: Record, shop: Shop) -> list[Record]:
    """The orders or the drafts of a company, a contact or a location."""
    part = PARTS[record["id"].split("/")[3]]
    return [row for row in shop.table(table) if (row.get("_company") or {}).get(part) == record["id"]]


def in_use(record: Record, shop: Shop) -> bool:
    return bool(bought("Order", record, shop) or bought("DraftOrder", record, shop))


def purchase(given: Args, shop: Shop) -> Record | None:
    """The purchasing company of an input, as orders and drafts keep it; None when a part is no part of it."""
    found = {
        "company": shop.table(KIND).get(given["companyId"]),
        "contact": shop.table(CONTACT).get(given["companyContactId"]),
        "location": shop.table(LOCATION).get(given["companyLocationId"]),
    }
    if any(row is None for row in found.values()):
        return None
    company = given["companyId"]
    if any(row is None or row.get("company", company) != company for row in found.values()):
        return None
    return {name: row["id"] for name, row in found.items() if row is not None}


def purchase_at(location: str, customer: str | None, shop: Shop) -> Record | None:
    """What a customer buys at a company's location; the contact stays open where the customer is none of its."""
    place = shop.table(LOCATION).get(location)
    if place is None:
        return None
    own = [
        row["id"] for row in shop.table(CONTACT) if row["customer"] == customer and row["company"] == place["company"]
    ]
    return {"company": place["company"], "contact": next(iter(own), None), "location": location}


def may_buy(customer: str, order: Record, shop: Shop) -> bool:
    """A company's order passes to its own people only, those with a role at the order's location."""
    place = order["_company"]["location"]
    contacts = {row["id"] for row in shop.table(CONTACT) if row["customer"] == customer}
    return any(row["companyContact"] in contacts and row["companyLocation"] == place for row in shop.table(ASSIGNMENT))


# reading


def _orders(record: Record, _args: Args, ctx: Context) -> Listing:
    rows = bought("Order", record, ctx.shop)
    return Listing("Order", [row for row in rows if VISIBLE["Order"](row, ctx)], root="orders")


def _drafts(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("DraftOrder", bought("DraftOrder", record, ctx.shop), root="draftOrders")


def _orders_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(bought("Order", record, ctx.shop)), "precision": "EXACT"}


def _order_count(record: Record, _args: Args, ctx: Context) -> int:
    return len(bought("Order", record, ctx.shop))


def _total_spent(record: Record, _args: Args, ctx: Context) -> Record:
    rows = bought("Order", record, ctx.shop)
    return {"amount": sum(net_payment(ctx.shop, row) for row in rows), "currencyCode": ctx.shop.currency}


for _kind in PARTS:
    field(_kind, "orders")(_orders)
    field(_kind, "draftOrders")(_drafts)
for _kind in (KIND, LOCATION):
    field(_kind, "ordersCount")(_orders_count)
    field(_kind, "orderCount")(_order_count)
    field(_kind, "totalSpent")(_total_spent)
for _kind in (KIND, CONTACT):
    field(_kind, "lifetimeDuration")(lifetime)


def _purchaser(record: Record, _args: Args, ctx: Context) -> Any:
    """Who buys: a company where it is one's, else the customer."""
    if record.get("_company"):
        return {"__typename": "PurchasingCompany", **record["_company"]}
    return ctx.shop.get(record.get("customer"))


for _kind in ("Order", "DraftOrder", "CalculatedDraftOrder"):
    field(_kind, "purchasingEntity")(_purchaser)
