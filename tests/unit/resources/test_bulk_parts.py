"""Streams too wide or too deep for one bulk query: split into several that Shopify takes, and nothing asked twice."""

from __future__ import annotations

import re

import pytest
from graphql import parse, validate

from shoptide.resources.extraction import STUB, StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.stream import Child, Stream
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load
from shoptide.simulator.bulk_rules import query_errors
from shoptide.simulator.schema import executable

# More connections than a query may hold, one with more of its own than fit beside it, some three levels deep.
WIDE = Stream(
    name="orders",
    root="orders",
    node_type="Order",
    count_root="ordersCount",
    children=(
        Child("lineItems", "order_line_items"),
        Child("shippingLines", "order_shipping_lines"),
        Child("discountApplications", "order_discount_applications", position="index"),
        Child("metafields", "order_metafields"),
        Child(
            "returns",
            "order_returns",
            children=(
                Child("returnLineItems", "order_return_line_items"),
                Child("refunds", "order_return_refunds"),
                Child("exchangeLineItems", "order_return_exchange_line_items"),
                Child(
                    "reverseFulfillmentOrders",
                    "order_return_reverse_fulfillment_orders",
                    children=(Child("lineItems", "order_return_reverse_fulfillment_order_line_items"),),
                ),
            ),
        ),
        Child("refunds", "order_refunds", children=(Child("refundLineItems", "order_refund_line_items"),)),
    ),
)


def plan(version: str) -> StreamPlan:
    return plan_stream(WIDE, load(version))


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_every_part_is_a_bulk_query_that_shopify_takes(version: str) -> None:
    """At most five connections and two levels, in every version; the other documents are valid too."""
    found = plan(version)
    documents = found.bulk_documents("created_at:>='2026-01-01T00:00:00Z'")
    assert len(documents) == 3
    for text in documents:
        assert query_errors(executable(version), text) == []
    for second in found.passes:
        for text in (second.document, second.rest):
            assert [error.message for error in validate(executable(version), parse(text))] == []


def test_every_connection_is_asked_for_once() -> None:
    """By one of the parts, or by a second pass; content of a node by one part only, the others name it."""
    found = plan("2026-10")
    documents = found.bulk_documents()
    for field in ("shippingLines", "discountApplications", "returnLineItems", "exchangeLineItems"):
        assert sum(len(re.findall(rf"\b{field} {{ edges", text)) for text in documents) == 1, field
    assert sum(" displayFinancialStatus " in text for text in documents) == 1
    assert sum(text.count(f"returns {{ edges {{ node {{ id {STUB}") for text in documents) == 1
    assert [second.table for second in found.passes] == [
        "order_return_reverse_fulfillment_order_line_items",
        "order_refund_line_items",
    ]


def test_a_stream_that_fits_is_one_query() -> None:
    narrow = Stream("customers", "customers", "Customer", children=(Child("addressesV2", "customer_addresses"),))
    documents = plan_stream(narrow, load("2026-10")).bulk_documents()
    assert len(documents) == 1
    assert STUB not in documents[0]


def test_pages_leave_the_deep_ones_to_second_passes_too() -> None:
    """Both ways end as the same lines."""
    found = plan("2026-10")
    deep = {child.table for paged in found.paged_children for child in paged.children}
    assert "order_return_line_items" in deep
    assert all(not below.children for paged in found.paged_children for below in paged.children)
