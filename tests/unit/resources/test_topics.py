"""Topics: each exists, tells of streams that exist, and its payload's record is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shoptide.resources.streams import STREAMS
from shoptide.resources.topics import BY_TOPIC, HINTS, constant, subjects, topics_of
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load

SCHEMAS = Path(__file__).parents[3] / "shared" / "shopify" / "webhooks"
if not SCHEMAS.exists():
    SCHEMAS = Path(__file__).parents[4] / "shared" / "shopify" / "webhooks"


def test_every_topic_is_shopifys_and_every_stream_ours() -> None:
    """A topic that no version has, or a stream that is not there, would be a spelling mistake."""
    known = {value for version in SUPPORTED_VERSIONS for value in load(version).type("WebhookSubscriptionTopic").values}
    assert {constant(topic) for topic in BY_TOPIC} <= known
    assert {stream for hint in HINTS for stream in hint.streams} <= STREAMS.keys()
    assert sum(len(hint.topics) for hint in HINTS) == len(BY_TOPIC), "a topic stands twice"


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_only_what_a_version_has_is_subscribed(version: str) -> None:
    """Topics that a version does not know are left out."""
    schema = load(version)
    known = set(schema.type("WebhookSubscriptionTopic").values)
    wanted = topics_of(["orders", "fulfillment_orders"], schema)
    assert {"orders/create", "orders/updated", "orders/delete", "fulfillment_orders/moved"} <= set(wanted)
    assert {constant(topic) for topic in wanted} <= known


@pytest.mark.parametrize(
    ("topic", "payload", "found"),
    [
        ("orders/updated", {"id": 7, "admin_graphql_api_id": "gid://shopify/Order/7"}, ["Order/7"]),
        ("orders/delete", {"id": 7}, ["Order/7"]),
        ("refunds/create", {"id": 9, "order_id": 7}, ["Order/7"]),
        ("orders/edited", {"order_edit": {"id": 3, "order_id": 7}}, ["Order/7"]),
        ("returns/approve", {"order": {"id": 7, "admin_graphql_api_id": "gid://shopify/Order/7"}}, ["Order/7"]),
        ("returns/close", {"id": 1, "order_id": 7}, ["Order/7"]),
        ("returns/process", {}, []),
        (
            "customers/merge",
            {
                "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
                "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
            },
            ["Customer/1", "Customer/2"],
        ),
        (
            "fulfillment_orders/split",
            {"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/2"}, "remaining_fulfillment_order": {
                "id": "gid://shopify/FulfillmentOrder/1", "line_items": [{"id": "gid://shopify/Other/4"}]}},
            ["FulfillmentOrder/1", "FulfillmentOrder/2"],
        ),
        ("inventory_levels/update", {"inventory_item_id": 4, "location_id": 5}, []),
        ("carts/update", {"id": "abc"}, []),
    ],
)  # fmt: skip
def test_the_record_is_found(topic: str, payload: dict[str, Any], found: list[str]) -> None:
    """By its gid or its number; a part names its parent, which is what is read."""
    assert subjects(topic, payload) == [f"gid://shopify/{each}" for each in found]


@pytest.mark.parametrize(
    "payload",
    [None, 7, [], "text", {}, {"id": None}, {"id": True}, {"id": -1}, {"id": "7; drop"}, {"id": {"id": 1}},
     {"admin_graphql_api_id": "gid://shopify/Order/7x"}, {"admin_graphql_api_id": "gid://shopify/Customer/7"},
     {"admin_graphql_api_id": "gid://shopify/Order/" + "9" * 40}, {"id": "٣"}],
)  # fmt: skip
def test_what_names_no_record_gives_none(payload: Any) -> None:
    """Whatever stands in a payload, only a gid of the topic's own kind comes out of it."""
    assert subjects("orders/updated", payload) == []


@pytest.mark.skipif(not SCHEMAS.exists(), reason="the payloads' schemas are not at hand")
def test_every_payload_that_is_documented_has_what_is_asked_for() -> None:
    """`fields` names what the payload has, and one of the paths leads to something."""
    lacking = []
    for topic, hint in BY_TOPIC.items():
        path = SCHEMAS / f"{topic}.json"
        held = json.loads(path.read_text()).get("properties") if path.exists() else None
        if not held:
            continue
        asked = {each.split(".")[0] for each in (*hint.fields,)} if topic not in hint.gone else set()
        if asked - held.keys():
            lacking.append((topic, sorted(asked - held.keys())))
        if hint.kind and hint.paths != ("*",) and not any(each.split(".")[0] in held for each in hint.paths):
            lacking.append((topic, ["no path"]))
    assert lacking == [("returns/update", ["no path"])]
