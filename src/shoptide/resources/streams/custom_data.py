"""What a shop adds to Shopify's model: metaobjects of every type, metafields of every owner, and their definitions."""

from __future__ import annotations

from datetime import timedelta

from shoptide.resources.stream import Stream

METAOBJECT_DEFINITIONS = Stream(name="metaobject_definitions", root="metaobjectDefinitions")
# The root wants one type at a time; through their definitions they come all at once.
METAOBJECTS = Stream(
    name="metaobjects",
    root="metaobjectDefinitions",
    via="metaobjects",
    via_first=50,
    exclude=frozenset({"thumbnailField", "capabilities"}),
)
METAFIELD_DEFINITIONS = Stream(name="metafield_definitions", root="metafieldDefinitions", each="ownerType")

# A metafield's change does not reliably move its owner's (FACTS §4).
A_DAY = timedelta(days=1)

# Owner as it stands in the table's name → the root that lists the owners.
OWNERS = {
    "customer": "customers",
    "company": "companies",
    "company_location": "companyLocations",
    "product": "products",
    "product_variant": "productVariants",
    "collection": "collections",
    "order": "orders",
    "draft_order": "draftOrders",
    "location": "locations",
    "discount": "discountNodes",
    "market": "markets",
    "page": "pages",
    "blog": "blogs",
    "article": "articles",
    "file": "files",
    "inventory_transfer": "inventoryTransfers",
}
LISTED = {"locations": ("includeInactive: true", "includeLegacy: true")}


def of_owner(owner: str, root: str) -> Stream:
    """The metafields of one kind of owner; which record has them is the column of its gid."""
    cursor = None if root == "discountNodes" else ""
    return Stream(
        name=f"{owner}_metafields",
        root=root,
        via="metafields",
        via_first=10,
        arguments=LISTED.get(root, ()),
        cursor=cursor,
        refresh=A_DAY,
        exclude=frozenset({"owner", "reference", "jsonValue"}),
    )


METAFIELDS = tuple(of_owner(owner, root) for owner, root in OWNERS.items())
SHOP_METAFIELDS = Stream(
    name="shop_metafields", root="shop.metafields", exclude=frozenset({"owner", "reference", "jsonValue"})
)
