"""Prices and where they hold: price lists, catalogs, markets, publications; discounts with their codes; gift cards."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

PRICE_LISTS = Stream(
    name="price_lists",
    root="priceLists",
    children=(Child("prices", "price_list_prices", first=25),),
)
CATALOGS = Stream(name="catalogs", root="catalogs", exclude=frozenset({"operations"}))
MARKETS = Stream(
    name="markets",
    root="markets",
    # Deprecated in favour of conditions, but the countries are what people join by.
    keep=frozenset({"enabled", "primary"}),
    children=(
        Child("regions", "market_regions", first=10),
        Child("catalogs", "market_catalogs", first=3, link=True),
    ),
)
PUBLICATIONS = Stream(name="publications", root="publications", keep=frozenset({"name"}))
DISCOUNTS = Stream(
    name="discounts",
    root="discountNodes",
    cursor=None,
    spread=frozenset({"discount"}),
    children=(Child("discount.codes", "discount_codes", first=5),),
)
GIFT_CARDS = Stream(
    name="gift_cards",
    root="giftCards",
    children=(Child("transactions", "gift_card_transactions", first=5),),
)
