"""Returns, which the Admin API lists only through their orders, with what came back and what was sent instead."""

from __future__ import annotations

from datetime import timedelta

from shoptide.resources.stream import Child, Stream

RETURNS = Stream(
    name="returns",
    root="orders",
    via="returns",
    via_first=3,
    refresh=timedelta(days=1),  # closing, reopening and cancelling a return leave its order's updatedAt (FACTS 4)
    exclude=frozenset({"staffMember"}),
    children=(
        Child("returnLineItems", "return_line_items", first=10),
        Child("returnShippingFees", "return_shipping_fees"),
        Child("exchangeLineItems", "return_exchange_line_items", first=5),
        Child("reverseFulfillmentOrders", "return_reverse_fulfillment_orders", first=2),
        Child("refunds", "return_refunds", first=2, link=True),
    ),
)
RETURN_REASONS = Stream(name="return_reason_definitions", root="returnReasonDefinitions")
