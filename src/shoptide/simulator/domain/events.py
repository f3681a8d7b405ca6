"""What happened to a shop's objects: the events that outlive them. They alone tell of deletions (FACTS §4)."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    numeric_id,
    root,
    search,
    sort,
    token,
)
from shoptide.simulator.shop import Record, Shop, kind_of, tail_of

KIND = "BasicEvent"
SUBJECTS = {
    "Customer": "CUSTOMER",
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCT_VARIANT",
    "Collection": "COLLECTION",
    "Order": "ORDER",
    "DraftOrder": "DRAFT_ORDER",
}
TOPICS = {"create": "was created", "destroy": "was deleted", "update": "was updated", "published": "was published"}


def note(shop: Shop, action: str, record: Record, app: str | None = None) -> None:
    """Write an event about a record: create, update, destroy, published …"""
    kind = kind_of(record["id"])
    if kind not in SUBJECTS:
        return
    shop.table(KIND).put(
        {
            "id": shop.new_id(KIND),
            "action": action,
            "createdAt": shop.stamp(),
            "subjectId": record["id"],
            "subjectType": SUBJECTS[kind],
            "appTitle": app,
            "_title": record.get("title") or record.get("name") or kind,
        }
    )


def _by_subject(record: Record) -> str:
    return str(record["subjectId"])


def of_subject(shop: Shop, gid: str) -> list[Record]:
    events = shop.table(KIND)
    events.add_index("subject", _by_subject)
    return events.by("subject", gid)


@root("events")
def events(_args: Args, ctx: Context) -> Listing:
    return Listing(kind="Event", records=ctx.shop.table(KIND), root="events")


@root("event")
def event(args: Args, ctx: Context) -> Record | None:
    return ctx.shop.table(KIND).get(args["id"])


@field("Customer", "events")
@field("Product", "events")
@field("ProductVariant", "events")
@field("Collection", "events")
@field("Order", "events")
@field("DraftOrder", "events")
def events_of(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(kind="Event", records=of_subject(ctx.shop, record["id"]), root="events")


@field(KIND, "message")
def message(record: Record, _args: Args, _ctx: Context) -> str:
    what = TOPICS.get(record["action"], record["action"])
    by = f"{record['appTitle']}: " if record.get("appTitle") else ""
    return f"{by}{record['_title']} {what}."


@field(KIND, "attributeToApp")
def by_app(record: Record, _args: Args, _ctx: Context) -> bool:
    return record.get("appTitle") is not None


@field(KIND, "author")
def author(record: Record, _args: Args, _ctx: Context) -> str | None:
    name: str | None = record.get("appTitle")
    return name


@field(KIND, "subject")
def subject(record: Record, _args: Args, ctx: Context) -> Record | None:
    return ctx.shop.get(record["subjectId"])


search(
    "Event",
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "action": token(lambda row, _shop: row["action"]),
        "comments": token(lambda _row, _shop: None),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "subject_type": token(lambda row, _shop: row["subjectType"], {value.lower() for value in SUBJECTS.values()}),
        "subject_id": numeric_id(lambda row, _shop: row["subjectId"]),
    },
)
sort(
    "events",
    {"CREATED_AT": lambda row, _shop: row["createdAt"], "ID": lambda row, _shop: int(tail_of(row["id"]))},
    default="ID",
)
