"""Payloads of webhooks: which mutation tells which topic, and that what is told has the shape that stores send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ordering
import payload_schemas
import pytest
import webhook_story

from shoptide.simulator import payloads
from shoptide.simulator.payloads.registry import BUILDERS
from shoptide.simulator.schema import executable
from shoptide.simulator.world import World

SCHEMAS = Path(__file__).resolve().parents[4] / "shared" / "shopify" / "webhooks"
needs_schemas = pytest.mark.skipif(not SCHEMAS.exists(), reason="the payload schemas are not beside this checkout")
TOPICS = frozenset(
    {
        "bulk_operations/finish",
        "collections/create",
        "collections/delete",
        "collections/update",
        "companies/create",
        "companies/delete",
        "companies/update",
        "company_contact_roles/assign",
        "company_contact_roles/revoke",
        "company_contacts/create",
        "company_contacts/delete",
        "company_contacts/update",
        "company_locations/create",
        "company_locations/delete",
        "company_locations/update",
        "customer_tags/added",
        "customer_tags/removed",
        "customers/create",
        "customers/delete",
        "customers/merge",
        "customers/purchasing_summary",
        "customers/update",
        "customers_email_marketing_consent/update",
        "customers_marketing_consent/update",
        "discounts/create",
        "discounts/delete",
        "discounts/update",
        "draft_orders/create",
        "draft_orders/delete",
        "draft_orders/update",
        "fulfillment_events/create",
        "fulfillment_orders/cancellation_request_accepted",
        "fulfillment_orders/cancellation_request_rejected",
        "fulfillment_orders/cancellation_request_submitted",
        "fulfillment_orders/cancelled",
        "fulfillment_orders/fulfillment_request_accepted",
        "fulfillment_orders/fulfillment_request_rejected",
        "fulfillment_orders/fulfillment_request_submitted",
        "fulfillment_orders/hold_released",
        "fulfillment_orders/manually_reported_progress_stopped",
        "fulfillment_orders/merged",
        "fulfillment_orders/moved",
        "fulfillment_orders/order_routing_complete",
        "fulfillment_orders/placed_on_hold",
        "fulfillment_orders/progress_reported",
        "fulfillment_orders/split",
        "fulfillments/create",
        "fulfillments/update",
        "inventory_items/create",
        "inventory_items/delete",
        "inventory_items/update",
        "inventory_levels/connect",
        "inventory_levels/disconnect",
        "inventory_levels/update",
        "locations/activate",
        "locations/create",
        "locations/deactivate",
        "locations/delete",
        "locations/update",
        "metafield_definitions/create",
        "metafield_definitions/delete",
        "metafield_definitions/update",
        "metaobjects/create",
        "metaobjects/delete",
        "metaobjects/update",
        "order_transactions/create",
        "orders/cancelled",
        "orders/create",
        "orders/delete",
        "orders/edited",
        "orders/fulfilled",
        "orders/paid",
        "orders/partially_fulfilled",
        "orders/updated",
        "products/create",
        "products/delete",
        "products/update",
        "refunds/create",
        "returns/approve",
        "returns/cancel",
        "returns/close",
        "returns/decline",
        "returns/process",
        "returns/reopen",
        "returns/request",
        "returns/update",
        "variants/in_stock",
        "variants/out_of_stock",
    }
)
# Nulls in payloads of complete records, where the examples had a value.
NULLS = {
    "collections/create": {".published_at"},  # a new collection is on no channel yet
    "fulfillment_orders/manually_reported_progress_stopped": {".progress_stopped_by_user"},  # an app did
    "fulfillment_orders/progress_reported": {".progress_report.progress_reported_by_user"},
    "fulfillment_orders/split": {".replacement_fulfillment_order"},  # the original goes on
    "products/create": {
        ".image",  # media are still being processed
        ".media[].preview_image.height",
        ".media[].preview_image.src",
        ".media[].preview_image.width",
    },
    "refunds/create": {".user_id"},  # an app did
}
# the topics whose shape examples show
DRAWN = sorted(topic for topic in TOPICS if not SCHEMAS.exists() or (SCHEMAS / f"{topic}.json").exists())
Told = dict[str, list[Any]]


@pytest.fixture(scope="module")
def world() -> World:
    return ordering.opened()


@pytest.fixture(scope="module")
def told(world: World) -> Told:
    return webhook_story.run(world)


def schema_of(topic: str) -> Any:
    return json.loads((SCHEMAS / f"{topic}.json").read_text())


def test_mutations_tell_their_topics(told: Told) -> None:
    """Every topic that has something behind it here is told by the mutation that causes it, and no other is."""
    assert set(told) == TOPICS


def test_topics_are_names_of_the_schema() -> None:
    """What is told has a name that can be subscribed to; the compliance topics are told by request only."""
    known = set(executable("2026-10").type_map["WebhookSubscriptionTopic"].values)  # type: ignore[attr-defined]
    payloads.build("shop/update", {}, ordering.opened().shop)
    compliance = {"customers/redact", "customers/data_request", "shop/redact"}
    assert {topic.replace("/", "_").upper() for topic in set(BUILDERS) - compliance} <= known


@needs_schemas
@pytest.mark.parametrize("topic", DRAWN)
def test_payloads_have_what_the_schemas_require(topic: str, told: Told) -> None:
    """Names and types, in every payload; a value that the record lacks is null."""
    schema = schema_of(topic)
    for payload in told[topic]:
        found = set(payload_schemas.problems(payload, schema))
        assert {problem for problem in found if not problem[1].startswith("NoneType")} == set()


@needs_schemas
@pytest.mark.parametrize("topic", DRAWN)
def test_payloads_of_complete_records_fit_their_schemas(topic: str, told: Told) -> None:
    """The first of each topic is about a record that lacks nothing."""
    found = {path for path, _what in payload_schemas.problems(told[topic][0], schema_of(topic))}
    assert found == NULLS.get(topic, set())


def test_an_order_adds_up(told: Told) -> None:
    """Amounts are text with cents, and the sums are those of the lines, discounts and shipping."""
    order = told["orders/create"][0]
    assert [line["price"] for line in order["line_items"]] == ["10.00"]
    assert order["total_line_items_price"] == "40.00"
    assert order["total_discounts"] == "4.00"
    assert order["discount_codes"] == [{"code": "TEN", "amount": "4.00", "type": "percentage"}]
    assert order["total_shipping_price_set"]["shop_money"] == {"amount": "5.00", "currency_code": "CAD"}
    assert order["total_price"] == "41.00"
    assert order["financial_status"] == "pending"
    assert order["created_at"] == "2026-10-01T08:01:00-04:00"
    assert told["orders/paid"][0]["financial_status"] == "paid"


def test_ids_are_numbers_and_gids_agree(told: Told) -> None:
    """REST tells numbers, with the gid beside them."""
    order = told["orders/create"][0]
    assert order["admin_graphql_api_id"] == f"gid://shopify/Order/{order['id']}"
    assert order["line_items"][0]["admin_graphql_api_id"].endswith(f"/{order['line_items'][0]['id']}")


def test_a_refund_tells_lines_and_payments(told: Told) -> None:
    """What goes back, and from which payment."""
    refund = next(each for each in told["refunds/create"] if each["note"] == "Torn")
    (line,) = refund["refund_line_items"]
    assert (line["quantity"], line["subtotal"], line["total_tax"]) == (1, 10.0, 1.3)
    (payment,) = refund["transactions"]
    assert (payment["kind"], payment["amount"], payment["currency"]) == ("refund", "11.30", "CAD")
    assert payment["parent_id"] is not None


def test_an_edit_tells_what_was_added_and_removed(told: Told) -> None:
    """One line lost two of four pieces, another came."""
    edit = told["orders/edited"][0]["order_edit"]
    assert [row["delta"] for row in edit["line_items"]["additions"]] == [1]
    assert [row["delta"] for row in edit["line_items"]["removals"]] == [2]
    assert edit["staff_note"] == "Fewer"


def test_fulfillment_orders_tell_what_happened_to_them(told: Told) -> None:
    """The new place, the pieces held and split off, the one that takes over."""
    moved = told["fulfillment_orders/moved"][0]
    assert moved["source_location"]["id"] != moved["destination_location_id"]
    assert moved["moved_fulfillment_order"]["assigned_location_id"] == moved["destination_location_id"]
    held = told["fulfillment_orders/placed_on_hold"][0]
    assert [row["quantity"] for row in held["held_fulfillment_order_line_items"]] == [3]
    assert held["created_fulfillment_hold"]["reason_notes"] == "Wait"
    assert [row["quantity"] for row in told["fulfillment_orders/split"][0]["split_line_items"]] == [2]
    assert told["fulfillment_orders/cancelled"][0]["replacement_fulfillment_order"]["status"] == "open"
    assert told["fulfillment_orders/progress_reported"][0]["initial_status"] == "open"


def test_stock_tells_when_it_is_gone_and_back(told: Told) -> None:
    """Three pieces go and come again."""
    assert [each["available"] for each in told["inventory_levels/update"]][:2] == [0, 3]
    assert told["variants/out_of_stock"][0]["inventory_quantity"] == 0
    assert told["variants/in_stock"][0]["inventory_quantity"] == 3


def test_a_product_tells_its_variants_and_images(told: Told) -> None:
    """Options as values of the variant, the first image as the product's."""
    product = told["products/update"][0]
    assert [(row["option1"], row["sku"], row["grams"]) for row in product["variants"]] == [
        ("S", "HAT-S", 1000),
        ("M", "HAT-M", 1000),
    ]
    assert [row["admin_graphql_api_id"] for row in product["variant_gids"]] == [
        row["admin_graphql_api_id"] for row in product["variants"]
    ]
    assert product["image"]["alt"] == "front"
    assert product["image"]["product_id"] == product["id"]


def test_a_merge_names_who_stays_and_who_goes(told: Told) -> None:
    """Both gids; the deletion is told too."""
    merge = told["customers/merge"][0]
    assert merge["admin_graphql_api_customer_deleted_id"] == told["customers/delete"][0]["admin_graphql_api_id"]
    assert merge["admin_graphql_api_customer_kept_id"] != merge["admin_graphql_api_customer_deleted_id"]


def test_a_finished_bulk_operation_is_told_in_lower_case(told: Told) -> None:
    """Unlike the API, which writes COMPLETED."""
    assert told["bulk_operations/finish"][0]["status"] == "completed"
    assert told["bulk_operations/finish"][0]["type"] == "query"


def test_a_draft_tells_its_lines_and_the_order_it_became(told: Told) -> None:
    """Before and after it is completed."""
    draft = told["draft_orders/create"][0]
    assert [(row["title"], row["quantity"], row["price"]) for row in draft["line_items"]] == [
        ("Felt hat", 1, "20.00"),
        ("Pin", 2, "3.00"),
    ]
    assert draft["applied_discount"]["value"] == "10.0"
    assert (draft["status"], draft["order_id"]) == ("open", None)
    done = told["draft_orders/update"][0]
    assert done["status"] == "completed"
    assert done["order_id"] in [order["id"] for order in told["orders/create"]]


def test_metaobjects_tell_their_fields(told: Told) -> None:
    """Values by key."""
    assert told["metaobjects/create"][0]["fields"] == {"name": "Acme"}
    assert told["metaobjects/update"][0]["fields"] == {"name": "Apex"}
    assert told["metafield_definitions/update"][0]["name"] == "Colour"
