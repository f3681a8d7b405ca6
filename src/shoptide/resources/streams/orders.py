"""Orders with everything that hangs on them but their fulfillments, which are a stream of their own."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

ORDERS = Stream(
    name="orders",
    root="orders",
    node_type="Order",
    count_root="ordersCount",
    # A suggestion is no fact; alerts and errors speak to whoever looks at the admin; fulfillments have their stream.
    exclude=frozenset(
        {
            "suggestedRefund",
            "alerts",
            "merchantEditableErrors",
            "fulfillments",
            "shippingLine",
            "staffMember",
            "displayAddress",
        }
    ),
    children=(
        Child(
            "lineItems",
            "order_line_items",
            first=20,
            exclude=frozenset({"staffMember", "contract"}),
            children=(
                Child("taxLines", "order_line_item_tax_lines"),
                Child("discountAllocations", "order_line_item_discount_allocations"),
                Child("duties", "order_line_item_duties"),
            ),
        ),
        # Their taxes and discounts stay JSON columns: a shipping line's id may be null, and rows need a parent to name.
        Child("shippingLines", "order_shipping_lines", first=3),
        Child("discountApplications", "order_discount_applications", first=5, position="index"),
        Child("taxLines", "order_tax_lines"),
        Child("transactions", "order_transactions", exclude=frozenset({"user", "paymentIcon", "device"})),
        Child(
            "refunds",
            "order_refunds",
            exclude=frozenset({"staffMember"}),
            children=(Child("refundLineItems", "order_refund_line_items", first=20),),
        ),
    ),
)
