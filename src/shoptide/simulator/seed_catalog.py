"""Seeded customers, products and locations: the same for the same seed, as of the shop's clock, quickly made."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal

from shoptide.simulator import seed_words as words
from shoptide.simulator.domain import collections, handles, inventory, locations, media, publications, text
from shoptide.simulator.places import countries
from shoptide.simulator.shop import Record, Shop, stamp_of

YEARS = 3
DAYS = 365 * YEARS
STATES = ("DISABLED", "DISABLED", "DISABLED", "ENABLED", "INVITED")
LETTERS = "ABCEGHJKLMNPRSTVWXYZ"


def seed_catalog(shop: Shop, *, customers: int, products: int, seed: int) -> None:
    """Fill a freshly opened shop; ids rise with creation times, as a real shop's do."""
    chance = random.Random(f"catalog {seed}")  # noqa: S311  # reproducible data, nothing secret
    stocked = _locations(shop)
    _products(shop, chance, products, stocked)
    _customers(shop, chance, customers)


def _moments(shop: Shop, chance: random.Random, count: int) -> list[datetime]:
    """Rising creation times over the last years."""
    now = shop.clock.now().replace(microsecond=0) - timedelta(minutes=5)
    span = DAYS * 86_400
    return sorted(now - timedelta(seconds=chance.randrange(span)) for _ in range(count))


def _later(shop: Shop, chance: random.Random, created: datetime) -> str:
    """When a record was last changed: at once, or some time until now."""
    if chance.random() < 0.3:
        return stamp_of(created)
    now = shop.clock.now().replace(microsecond=0)
    return stamp_of(created + (now - created) * chance.random())


def _locations(shop: Shop) -> list[str]:
    places = (
        ("Montreal Warehouse", "2500 Rue Notre-Dame O", "Montreal", "CA", "QC", "H3J 1N4"),
        ("Seattle Fulfilment", "1201 2nd Ave", "Seattle", "US", "WA", "98101"),
    )
    for name, street, city, country, province, code in places:
        wanted = {"address1": street, "city": city, "countryCode": country, "provinceCode": province, "zip": code}
        locations.add(shop, name, wanted)
    return [record["id"] for record in shop.table("Location")]


# customers


def _customers(shop: Shop, chance: random.Random, count: int) -> None:
    table = shop.table("Customer")
    for number, created in enumerate(_moments(shop, chance, count), 1):
        table.put(_customer(shop, chance, number, created))


def _customer(shop: Shop, chance: random.Random, number: int, created: datetime) -> Record:
    first, last = chance.choice(words.FIRST_NAMES), chance.choice(words.LAST_NAMES).replace("\u00a0", " ")
    place = chance.choices(words.PLACES, words.PLACE_WEIGHTS)[0]
    moment = stamp_of(created)
    handle = handles.slug(f"{first}.{last}").replace("-", ".")
    homes = [_address(shop, chance, place, first, last) for _ in range(chance.choice((0, 1, 1, 1, 1, 2)))]
    record: Record = {
        "id": shop.new_id("Customer"),
        "createdAt": moment,
        "updatedAt": _later(shop, chance, created),
        "firstName": first,
        "lastName": last,
        "email": f"{handle}.{number}@{chance.choice(words.MAIL_HOSTS)}" if chance.random() < 0.94 else None,
        "phone": _phone(place[4], number) if chance.random() < 0.45 else None,
        "note": chance.choice(words.CUSTOMER_NOTES) if chance.random() < 0.1 else None,
        "state": chance.choice(STATES),
        "tags": text.tags(chance.sample(words.CUSTOMER_TAGS, chance.choice((0, 0, 1, 1, 2, 3)))),
        "locale": words.LOCALES.get(place[0], "en"),
        "taxExempt": chance.random() < 0.03,
        "taxExemptions": [],
        "verifiedEmail": True,
        "_addresses": homes,
        "_defaultAddress": homes[0]["id"] if homes else None,
    }
    _consent(chance, record, created)
    return record


def _consent(chance: random.Random, record: Record, created: datetime) -> None:
    for name, needs, share in (("_emailMarketingConsent", "email", 0.5), ("_smsMarketingConsent", "phone", 0.25)):
        if record[needs] and chance.random() < share:
            state = "SUBSCRIBED" if chance.random() < 0.8 else "UNSUBSCRIBED"
            moment = stamp_of(created + timedelta(seconds=chance.randrange(1, 90)))
            record[name] = {
                "marketingState": state,
                "marketingOptInLevel": "SINGLE_OPT_IN",
                "consentUpdatedAt": moment,
            }


def _address(
    shop: Shop, chance: random.Random, place: tuple[str, str | None, str, str, str], first: str, last: str
) -> Record:
    code, province, city, postal, phone = place
    country = countries()[code]
    return {
        "id": f"{shop.new_id('MailingAddress')}?model_name=CustomerAddress",
        "firstName": first,
        "lastName": last,
        "company": chance.choice(words.COMPANIES) if chance.random() < 0.1 else None,
        "address1": f"{chance.randrange(1, 4000)} {chance.choice(words.STREETS)}",
        "address2": f"Unit {chance.randrange(1, 60)}" if chance.random() < 0.2 else None,
        "city": city,
        "zip": _pattern(chance, postal),
        "country": country.name,
        "countryCodeV2": code,
        "province": country.provinces.get(province) if province else None,
        "provinceCode": province,
        "phone": _phone(phone, chance.randrange(10_000)) if chance.random() < 0.3 else None,
    }


def _pattern(chance: random.Random, pattern: str) -> str:
    def filled(sign: str) -> str:
        return str(chance.randrange(10)) if sign == "#" else chance.choice(LETTERS) if sign == "@" else sign

    return "".join(map(filled, pattern))


def _phone(pattern: str, number: int) -> str:
    """Numbers of one pattern must differ between customers: the customer's own number is spelt into it."""
    digits = pattern.rstrip("#")
    if digits.startswith("+1"):
        return f"+1{digits[2:5]}{200 + number // 10_000 % 800}{number % 10_000:04d}"
    return f"{digits[:-3]}{number:07d}"[:15]


# products


def _products(shop: Shop, chance: random.Random, count: int, stocked: list[str]) -> None:
    seen: dict[str, int] = {}
    gathered = [collections.blank(shop, title) for title in words.COLLECTIONS] if count else []
    for created in _moments(shop, chance, count):
        kind = chance.choice(words.GOODS)
        product = _product(shop, chance, kind, created, seen)
        shop.table("Product").put(product)
        _variants(shop, chance, product, kind, stocked)
        for collection in chance.sample(gathered, chance.choice((0, 1, 1, 2))):
            collection["_products"].append(product["id"])
    for collection in gathered:
        shop.table("Collection").put(collection)


def _product(shop: Shop, chance: random.Random, kind: tuple, created: datetime, seen: dict[str, int]) -> Record:  # type: ignore[type-arg]  # an entry of GOODS
    title = f"{chance.choice(words.ADJECTIVES)} {chance.choice(kind[1])}"
    slug = handles.slug(title)
    seen[slug] = seen.get(slug, 0) + 1
    moment, status = stamp_of(created), chance.choices(("ACTIVE", "DRAFT", "ARCHIVED"), (85, 9, 6))[0]
    shown = status == "ACTIVE" and chance.random() < 0.96
    record: Record = {
        "id": shop.new_id("Product"),
        "createdAt": moment,
        "updatedAt": _later(shop, chance, created),
        "publishedAt": moment if shown else None,
        "title": title,
        "handle": slug if seen[slug] == 1 else f"{slug}-{seen[slug] - 1}",
        "descriptionHtml": f"<p>{title}, made by people who use it. <strong>Built to last.</strong></p>",
        "vendor": chance.choice(words.VENDORS),
        "productType": kind[0],
        "status": status,
        "tags": text.tags(chance.sample(words.PRODUCT_TAGS, chance.choice((0, 1, 2, 2, 3)))),
        "seo": {"title": None, "description": None},
        "isGiftCard": kind[0] == "Gift Card",
        "requiresSellingPlan": False,
        "_options": [],
        "_media": [],
        "_publications": {publications.online_store(shop)["id"]: moment} if shown else {},
    }
    record["_media"] = [_image(shop, record, number) for number in range(1, chance.choice((1, 2, 2, 3, 4)))]
    return record


def _image(shop: Shop, product: Record, number: int) -> str:
    source = f"https://cdn.{shop.domain}/files/{product['handle']}-{number}.jpg"
    record = media.media_record(shop, {"originalSource": source, "alt": f"{product['title']}, view {number}"})
    record.update(createdAt=product["createdAt"], updatedAt=product["createdAt"], _settled=True)
    return str(record["id"])


def _variants(shop: Shop, chance: random.Random, product: Record, kind: tuple, stocked: list[str]) -> None:  # type: ignore[type-arg]  # an entry of GOODS
    _name, _nouns, options, prices, grams = kind
    chosen = [
        (name, values or tuple(chance.sample(words.COLORS, chance.choice((1, 2, 3))))) for name, values in options
    ]
    product["_options"] = [_option(shop, place, name, values) for place, (name, values) in enumerate(chosen, 1)] or [
        _option(shop, 1, "Title", ("Default Title",))
    ]
    price = Decimal(chance.randrange(*prices)) + Decimal(chance.choice(("0.00", "0.50", "0.95", "0.99")))
    reduced = chance.random() < 0.15
    combinations: list[dict[str, str]] = [{}]
    for option in product["_options"]:
        combinations = [{**held, option["name"]: value} for held in combinations for value in option["_values"]]
    for position, values in enumerate(combinations, 1):
        _variant(shop, chance, product, position, values, price, grams, stocked, reduced=reduced)


def _option(shop: Shop, position: int, name: str, values: tuple[str, ...]) -> Record:
    held = {value: shop.new_id("ProductOptionValue") for value in values}
    return {"id": shop.new_id("ProductOption"), "name": name, "position": position, "_values": held}


def _variant(
    shop: Shop,
    chance: random.Random,
    product: Record,
    position: int,
    values: dict[str, str],
    price: Decimal,
    grams: int,
    stocked: list[str],
    *,
    reduced: bool,
) -> None:
    gid, item = shop.new_id("ProductVariant"), shop.new_id("InventoryItem")
    gift = product["isGiftCard"]
    if gift:
        price = Decimal(next(iter(values.values())).lstrip("$"))
    stock = _item(shop, chance, product, position, price, grams, stocked)
    shop.table("InventoryItem").put({"id": item, "_variant": gid, **stock})
    shop.table("ProductVariant").put(
        {
            "id": gid,
            "_product": product["id"],
            "_item": item,
            "_values": values,
            "price": format(price, ".2f"),
            "compareAtPrice": format(price * Decimal("1.25"), ".2f") if reduced else None,
            "barcode": None if gift else f"{4_000_000_000_000 + int(gid.rsplit('/', 1)[1]) % 10**9}",
            "position": position,
            "inventoryPolicy": "CONTINUE" if chance.random() < 0.1 else "DENY",
            "taxable": not gift,
            "createdAt": product["createdAt"],
            "updatedAt": product["updatedAt"],
        }
    )


def _item(
    shop: Shop,
    chance: random.Random,
    product: Record,
    position: int,
    price: Decimal,
    grams: int,
    stocked: list[str],
) -> Record:
    """What is known of a variant's stock: a gift card has none, and no SKU."""
    gift = product["isGiftCard"]
    sku = "-".join([product["handle"].upper()[:14].rstrip("-"), product["id"][-4:], f"{position:02d}"])
    return {
        "sku": None if gift else sku,
        "tracked": not gift,
        "requiresShipping": not gift,
        "_cost": None if gift else format(price * Decimal("0.4"), ".2f"),
        "_weight": {"value": grams / 1000, "unit": "KILOGRAMS"},
        "countryCodeOfOrigin": None if gift else chance.choice(("CA", "PT", "VN", "IT", None)),
        "_levels": {
            location: inventory.level(shop, _stock(chance, gift=gift), moment=product["createdAt"])
            for location in (stocked if chance.random() < 0.6 else stocked[:1])
        },
        "createdAt": product["createdAt"],
        "updatedAt": product["updatedAt"],
    }


def _stock(chance: random.Random, *, gift: bool) -> int:
    return 0 if gift or chance.random() < 0.08 else chance.randrange(1, 140)
