"""Products with options, variants and media."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

INVENTORY_ITEM = (
    "inventoryItem",
    (
        "inventoryItem{id sku tracked requiresShipping countryCodeOfOrigin harmonizedSystemCode"
        " unitCost{amount currencyCode} measurement{weight{value unit}}}"
    ),
)
MEDIA_SOURCE = ("image", "... on MediaImage{image{url width height}}")

PRODUCTS = Stream(
    name="products",
    root="products",
    node_type="Product",
    count_root="productsCount",
    # Answers for the app's own publication and for other callers' questions, not facts of the product.
    exclude=frozenset({"feedback", "defaultCursor", "restrictedForResource", "bundleConsolidatedOptions"}),
    children=(
        Child("options", "product_options"),
        Child(
            "variants",
            "product_variants",
            first=25,
            exclude=frozenset({"defaultCursor", "inventoryItem"}),
            extra=(INVENTORY_ITEM,),
        ),
        Child("media", "product_media", first=10, extra=(MEDIA_SOURCE,)),
    ),
)
