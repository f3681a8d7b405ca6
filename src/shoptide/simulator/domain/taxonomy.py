"""Shopify's product taxonomy, as far as a simulated shop needs it: its verticals and some often-used categories."""

from __future__ import annotations

from shoptide.simulator.registry import TopLevelError
from shoptide.simulator.shop import Record, kind_of, tail_of

VERTICALS = {
    "ap": "Animals & Pet Supplies",
    "aa": "Apparel & Accessories",
    "ae": "Arts & Entertainment",
    "bt": "Baby & Toddler",
    "bi": "Business & Industrial",
    "bu": "Bundles",
    "co": "Cameras & Optics",
    "el": "Electronics",
    "fb": "Food, Beverages & Tobacco",
    "fr": "Furniture",
    "gc": "Gift Cards",
    "ha": "Hardware",
    "hb": "Health & Beauty",
    "hg": "Home & Garden",
    "lb": "Luggage & Bags",
    "ma": "Mature",
    "me": "Media",
    "na": "Uncategorized",
    "os": "Office Supplies",
    "pa": "Product Add-Ons",
    "rc": "Religious & Ceremonial",
    "se": "Services",
    "so": "Software",
    "sg": "Sporting Goods",
    "tg": "Toys & Games",
    "vp": "Vehicles & Parts",
}
# code → own name; ancestors are found by their codes. Leaves end with a full stop.
NAMES = {
    "ap-1": "Live Animals.",
    "ap-2": "Pet Supplies",
    "ap-2-1": "Bird Supplies",
    "ap-2-3": "Cat Supplies",
    "ap-2-4": "Dog Supplies",
    "ap-2-7": "Pet Apparel Hangers.",
    "aa-1": "Clothing",
    "aa-1-1": "Activewear",
    "aa-1-13": "Clothing Tops",
    "aa-1-13-8": "T-Shirts.",
    "aa-1-13-12": "Sweaters.",
    "aa-1-10": "Outerwear",
    "aa-5": "Handbags, Wallets & Cases",
    "aa-6": "Jewelry",
    "aa-8": "Shoes",
    "aa-8-3": "Boots.",
    "fb-1": "Beverages",
    "fb-2": "Food Items",
    "hg-3": "Decor",
    "hg-11": "Kitchen & Dining",
    "hg-15": "Linens & Bedding",
    "lb-1": "Backpacks.",
    "sg-4": "Outdoor Recreation",
    "sg-4-17": "Winter Sports & Activities",
    "sg-4-17-2": "Skiing & Snowboarding",
    "sg-4-17-2-17": "Snowboards.",
}


def checked(gid: str) -> str:
    """The category's gid, or the error an unknown one makes of the whole mutation."""
    if kind_of(gid) != "TaxonomyCategory" or tail_of(gid).split("-")[0] not in VERTICALS:
        raise TopLevelError("INVALID_PRODUCT_TAXONOMY_NODE_ID", "Invalid product_taxonomy_node_id")
    return gid


def _name(code: str) -> str:
    return (VERTICALS.get(code) or NAMES.get(code) or f"Category {code}").removesuffix(".")


def category(gid: str) -> Record:
    """The category of a gid, with its ancestors."""
    parts = tail_of(gid).split("-")
    line = ["-".join(parts[: length + 1]) for length in range(len(parts))]
    code = line[-1]
    known_leaf = NAMES.get(code, "").endswith(".") or code in ("gc", "na", "bu")
    leaf = known_leaf or not any(name.startswith(f"{code}-") for name in NAMES)
    return {
        "id": gid,
        "name": _name(code),
        "fullName": " > ".join(_name(each) for each in line),
        "level": len(line),
        "isLeaf": leaf,
        "isRoot": len(line) == 1,
        "isArchived": False,
        "parentId": f"gid://shopify/TaxonomyCategory/{line[-2]}" if len(line) > 1 else None,
        "ancestorIds": [f"gid://shopify/TaxonomyCategory/{each}" for each in reversed(line[:-1])],
        "childrenIds": [],
    }
