"""Fulfillments: the Admin API lists them only through their orders."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

FULFILLMENTS = Stream(
    name="fulfillments",
    root="orders",
    node_type="Fulfillment",
    via="fulfillments",
    carrier_type="Order",
    count_root="ordersCount",
    depends_on=("orders",),
    children=(
        Child("trackingInfo", "fulfillment_tracking_info"),
        Child("fulfillmentLineItems", "fulfillment_line_items", first=20),
    ),
)
