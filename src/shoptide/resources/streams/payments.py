"""Money on its way to the merchant: payouts, what they are made of, disputes, and how customers paid."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

PAYOUTS = Stream(
    name="payouts",
    root="shopifyPaymentsAccount.payouts",
    keep=frozenset({"gross"}),
    sort_key="ISSUED_AT",
)
BALANCE_TRANSACTIONS = Stream(
    name="balance_transactions",
    root="shopifyPaymentsAccount.balanceTransactions",
    search="processed_at",
    cursor="transactionDate",
    sort_key="PROCESSED_AT",
    children=(Child("adjustmentsOrders", "balance_transaction_adjustment_orders"),),
)
DISPUTES = Stream(name="disputes", root="disputes")
# A tender transaction is never changed: the moment it was processed is all there is to go by.
TENDER_TRANSACTIONS = Stream(
    name="tender_transactions",
    root="tenderTransactions",
    search="processed_at",
    cursor="processedAt",
    exclude=frozenset({"user"}),
)
