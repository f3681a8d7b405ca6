"""Subscriptions: contracts with their lines, and the attempts to bill them."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

SUBSCRIPTION_CONTRACTS = Stream(
    name="subscription_contracts",
    root="subscriptionContracts",
    children=(
        Child("lines", "subscription_contract_lines", first=5),
        Child("discounts", "subscription_contract_discounts", first=2),
    ),
)
SUBSCRIPTION_BILLING_ATTEMPTS = Stream(name="subscription_billing_attempts", root="subscriptionBillingAttempts")
