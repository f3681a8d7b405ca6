"""Fulfillments, which the Admin API lists only through their orders, and the orders to fulfil, closed ones too."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

FULFILLMENTS = Stream(
    name="fulfillments",
    root="orders",
    via="fulfillments",
    children=(
        Child("trackingInfo", "fulfillment_tracking_info"),
        Child("fulfillmentLineItems", "fulfillment_line_items", first=20),
        Child("events", "fulfillment_events", first=10),
    ),
)
FULFILLMENT_ORDERS = Stream(
    name="fulfillment_orders",
    root="fulfillmentOrders",
    arguments=("includeClosed: true",),
    children=(
        Child("lineItems", "fulfillment_order_line_items", first=10),
        Child("fulfillmentHolds", "fulfillment_order_holds"),
        Child("merchantRequests", "fulfillment_order_merchant_requests", first=2),
    ),
)
