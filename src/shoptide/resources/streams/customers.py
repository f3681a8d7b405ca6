"""Customers with their addresses, and the segments they are sorted into."""

from __future__ import annotations

from shoptide.resources.stream import RELATIVE, Child, Stream

CUSTOMERS = Stream(
    name="customers",
    root="customers",
    # Deprecated in favour of objects, but what everybody looks a customer up by.
    keep=frozenset({"email", "phone", "emailMarketingConsent", "smsMarketingConsent"}),
    # Merging is a plan, not a fact; the other two are read by streams of their own.
    exclude=frozenset({"mergeable", "lastOrder", "companyContactProfiles"}) | RELATIVE,
    children=(Child("addressesV2", "customer_addresses", first=10),),
)
SEGMENTS = Stream(name="segments", root="segments")
