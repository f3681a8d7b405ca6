"""Orders with everything that hangs on them but fulfillments and returns, which are streams of their own.

Agreements are a stream of their own as well: few read them, and with them an order would be two operations.
"""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

ORDERS = Stream(
    name="orders",
    root="orders",
    # Deprecated in favour of the receipt, whose content is the gateway's own.
    keep=frozenset({"transactions.authorizationCode"}),
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
        Child("customAttributes", "order_custom_attributes"),
        Child("additionalFees", "order_additional_fees"),
        Child("risk.assessments", "order_risks"),
        Child("customerJourneySummary.moments", "order_journey_moments", first=2),
        Child("disputes", "order_disputes"),
        Child(
            "transactions",
            "order_transactions",
            exclude=frozenset({"user", "paymentIcon", "device"}),
            children=(Child("fees", "order_transaction_fees"),),
        ),
        Child(
            "refunds",
            "order_refunds",
            exclude=frozenset({"staffMember"}),
            children=(
                Child("refundLineItems", "order_refund_line_items", first=20),
                Child("refundShippingLines", "order_refund_shipping_lines", first=5),
                Child("orderAdjustments", "order_refund_adjustments", first=5),
                Child("duties", "order_refund_duties"),
            ),
        ),
    ),
)
ORDER_AGREEMENTS = Stream(
    name="order_agreements",
    root="orders",
    via="agreements",
    via_first=2,  # three cost twice as much, and few orders have them
    exclude=frozenset({"user"}),
    children=(Child("sales", "order_agreement_sales", first=10),),
)
DRAFT_ORDERS = Stream(
    name="draft_orders",
    root="draftOrders",
    exclude=frozenset({"defaultCursor", "warnings"}),
    children=(
        Child("lineItems", "draft_order_line_items", first=10),
        Child("customAttributes", "draft_order_custom_attributes"),
    ),
)
ABANDONED_CHECKOUTS = Stream(
    name="abandoned_checkouts",
    root="abandonedCheckouts",
    exclude=frozenset({"defaultCursor"}),
    children=(Child("lineItems", "abandoned_checkout_line_items", first=10),),
)
