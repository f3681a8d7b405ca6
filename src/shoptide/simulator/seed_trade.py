"""What seeded orders are made of: currencies, discounts, carriers, how orders end, and which taxes are due where."""

from __future__ import annotations

from shoptide.simulator.shop import Record

RATES = {"US": ("USD", 0.73), "GB": ("GBP", 0.55), "DE": ("EUR", 0.64), "FR": ("EUR", 0.64), "NL": ("EUR", 0.64)}
CODES = (("WELCOME10", 10), ("SUMMER15", 15), ("FRIENDS20", 20), ("TAKE5", None))
SHIPPING = (("Standard", "standard", 795), ("Express", "express", 1850), ("Economy", "economy", 495))
FREE_ABOVE = 15_000
GATEWAYS = ("shopify_payments", "shopify_payments", "shopify_payments", "paypal", "manual")
SOURCES = ("web", "web", "web", "web", "pos", "shopify_draft_order")
CARRIERS = ("UPS", "Canada Post", "FedEx", "DHL Express", "USPS")
NOTES = (
    "Please gift wrap.",
    "Leave at the side door.",
    "Call before delivery.",
    "Birthday present, no prices in the parcel.",
    "Ship together with my other order.",
)
TAGS = ("gift", "rush", "wholesale", "first-order", "subscription", "fraud-checked", "preorder", "b-stock")
CHANNELS = ("instagram", "newsletter", "search", "affiliate")
CANADIAN_TAXES = {
    "ON": (("HST", 13.0),),
    "NS": (("HST", 15.0),),
    "QC": (("GST", 5.0), ("QST", 9.975)),
    "BC": (("GST", 5.0), ("PST", 7.0)),
}
AMERICAN_TAXES = {"NY": 8.875, "CA": 9.5, "WA": 10.25, "TX": 8.25, "IL": 10.25, "MA": 6.25, "CO": 8.81}
# How an order ends, and how often; young orders haven't got as far as old ones.
ENDS = ("fulfilled", "partly", "waiting", "unpaid", "authorized", "cancelled", "refunded", "partly refunded")
OLD = (66, 4, 4, 4, 1, 5, 6, 10)
YOUNG = (22, 10, 46, 9, 6, 3, 1, 3)
YOUNG_DAYS = 14


def cents(price: str) -> int:
    """A price as amounts are reckoned: in cents."""
    whole, _point, part = price.partition(".")
    return int(whole) * 100 + int((part + "00")[:2])


def tax_rates(address: Record | None) -> tuple[tuple[str, float], ...]:
    """The taxes of where an order goes, in percent."""
    if not address:
        return ()
    country, province = address.get("countryCodeV2"), address.get("provinceCode")
    if country == "CA":
        return CANADIAN_TAXES.get(province or "", (("GST", 5.0),))
    if country == "US":
        rate = AMERICAN_TAXES.get(province or "")
        return ((f"{address.get('province')} State Tax", rate),) if rate else ()
    return ()
