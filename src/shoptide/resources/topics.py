"""Which webhooks tell of which streams, and what in them names the record. Data, and reading a payload; no I/O.

A webhook is a hint: of what it says only the record's id is taken, and the record is read from the store (FACTS §7:
payloads come late, twice, out of order, and in the app's API version).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shoptide.shopify.schema import Schema

GID = "gid://shopify/"
FINISHED = "bulk_operations/finish"
DATA_REQUEST, REDACT_CUSTOMER, REDACT_SHOP = "customers/data_request", "customers/redact", "shop/redact"
COMPLIANCE = frozenset({DATA_REQUEST, REDACT_CUSTOMER, REDACT_SHOP})
UNINSTALLED = "app/uninstalled"
CHANGED = ("id", "admin_graphql_api_id", "updated_at")  # without updated_at changes in a row are told once (FACTS §7)


@dataclass(frozen=True)
class Hint:
    """What topics tell: `kind` is the type of the record to read, found at one of `paths` as a gid or a number.

    `kind` is what a stream's root lists: of a fulfillment that is its order. Without a kind the streams are read as a
    pull does, from their cursor. `gone` are the topics after which the record is no more; `fields` all that a payload
    has to carry (empty: all there is, where it is little or has no time of change).
    """

    streams: tuple[str, ...]
    topics: tuple[str, ...]
    kind: str | None = None
    paths: tuple[str, ...] = ("admin_graphql_api_id", "id")
    fields: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset()


def _plain(stream: str, kind: str | None, *others: str, fields: tuple[str, ...] = CHANGED) -> Hint:
    """The usual three topics of a stream, `<stream>/create`, `/update` and `/delete`, and others."""
    topics = tuple(f"{stream}/{verb}" for verb in ("create", "update", "delete"))
    return Hint((stream,), (*topics, *others), kind, fields=fields, gone=frozenset({f"{stream}/delete"}))


FULFILLMENT_ORDER_VERBS = (
    "cancellation_request_accepted", "cancellation_request_rejected", "cancellation_request_submitted", "cancelled",
    "fulfillment_request_accepted", "fulfillment_request_rejected", "fulfillment_request_submitted",
    "fulfillment_service_failed_to_complete", "hold_released", "line_items_prepared_for_local_delivery",
    "line_items_prepared_for_pickup", "manually_reported_progress_stopped", "merged", "moved",
    "order_routing_complete", "placed_on_hold", "progress_reported", "rescheduled",
    "scheduled_fulfillment_order_ready", "split",
)  # fmt: skip
ORDER_OF = ("order.admin_graphql_api_id", "order.id", "order_id")

HINTS = (
    _plain("customers", "Customer"),
    Hint(
        ("customers",),
        ("customers/merge",),
        "Customer",
        ("admin_graphql_api_customer_kept_id", "admin_graphql_api_customer_deleted_id"),
    ),
    _plain("products", "Product"),
    Hint(
        ("orders",),
        ("orders/create", "orders/updated", "orders/delete"),
        "Order",
        fields=CHANGED,
        gone=frozenset({"orders/delete"}),
    ),
    Hint(("orders", "order_agreements"), ("orders/edited",), "Order", ("order_edit.order_id",)),
    Hint(("orders", "order_agreements"), ("refunds/create",), "Order", ("order_id",), fields=("id", "order_id")),
    Hint(("orders",), ("order_transactions/create",), "Order", ("order_id",), fields=("id", "order_id")),
    Hint(
        ("fulfillments",),
        ("fulfillments/create", "fulfillments/update", "fulfillment_events/create", "fulfillment_events/delete"),
        "Order",
        ("order_id",),
        fields=("id", "order_id", "updated_at"),
    ),
    Hint(
        ("returns",),
        tuple(
            f"returns/{verb}"
            for verb in ("approve", "cancel", "close", "decline", "process", "reopen", "request", "update")
        ),
        "Order",
        ORDER_OF,
    ),
    Hint(
        ("fulfillment_orders",),
        tuple(f"fulfillment_orders/{verb}" for verb in FULFILLMENT_ORDER_VERBS),
        "FulfillmentOrder",
        ("*",),
    ),
    _plain("draft_orders", "DraftOrder"),
    _plain("collections", "Collection"),
    _plain("inventory_items", "InventoryItem"),
    # A level is found by no id of its own below its location; what changed is searched for.
    Hint(("inventory_levels",), ("inventory_levels/connect", "inventory_levels/update", "inventory_levels/disconnect")),
    _plain("locations", "Location", "locations/activate", "locations/deactivate"),
    _plain("companies", "Company", fields=()),
    _plain("company_locations", "CompanyLocation", fields=()),
    Hint(("companies",), tuple(f"company_contacts/{verb}" for verb in ("create", "update", "delete"))),
    _plain("discounts", None, fields=()),
    _plain("markets", None, fields=()),
    _plain("segments", None, fields=()),
    _plain("selling_plan_groups", None, fields=()),
    Hint(("subscription_contracts",), ("subscription_contracts/create", "subscription_contracts/update")),
    Hint(("disputes",), ("disputes/create", "disputes/update")),
    Hint(("tender_transactions",), ("tender_transactions/create",)),
    _plain("themes", None, "themes/publish", fields=()),
    _plain("metafield_definitions", None, fields=()),
    Hint(("shops",), ("shop/update",)),
    Hint((), (FINISHED,), "BulkOperation", ("admin_graphql_api_id",)),
    Hint((), (UNINSTALLED,)),
)
BY_TOPIC: Mapping[str, Hint] = {topic: hint for hint in HINTS for topic in hint.topics}


def constant(topic: str) -> str:
    """`orders/updated` → `ORDERS_UPDATED`, as the API names it."""
    return topic.replace("/", "_").upper()


def hint_of(topic: str) -> Hint:
    """What a topic tells; one that is not listed tells that something of a stream of its name changed."""
    return BY_TOPIC.get(topic) or Hint((topic.partition("/")[0],), (topic,))


def topics_of(streams: Iterable[str], schema: Schema) -> list[str]:
    """The topics that tell of these streams and of the tool's own affairs, as far as the version has them."""
    wanted, known = set(streams), set(schema.type("WebhookSubscriptionTopic").values)
    return [
        topic
        for topic, hint in BY_TOPIC.items()
        if (not hint.streams or wanted & {*hint.streams}) and constant(topic) in known
    ]


def subjects(topic: str, payload: Any) -> list[str]:
    """The gids of the records that a payload tells of; none where it names none, or is not what was expected."""
    hint = hint_of(topic)
    if hint.kind is None or not isinstance(payload, dict):
        return []
    if hint.paths == ("*",):
        return sorted(set(_gids(payload, f"{GID}{hint.kind}/")))
    found = [_gid(_at(payload, path), hint.kind) for path in hint.paths]
    named = list(dict.fromkeys(each for each in found if each))
    # Several paths are several spellings of one id, but of the two customers of a merge.
    return named if topic == "customers/merge" else named[:1]


def _at(payload: Any, path: str) -> Any:
    for step in path.split("."):
        payload = payload.get(step) if isinstance(payload, dict) else None
    return payload


def _gid(value: Any, kind: str) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{GID}{kind}/{value}" if value > 0 else None
    if not isinstance(value, str):
        return None
    number = value.removeprefix(f"{GID}{kind}/")
    return f"{GID}{kind}/{number}" if number.isascii() and number.isdigit() and len(number) <= 20 else None


def _gids(value: Any, prefix: str) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _gids(inner, prefix)
    elif isinstance(value, list):
        for inner in value:
            yield from _gids(inner, prefix)
    elif isinstance(value, str) and value.startswith(prefix) and value[len(prefix) :].isdecimal():
        yield value
