"""Products with options, variants and media; collections with what is in them and the rules that put it there."""

from __future__ import annotations

from datetime import timedelta

from shoptide.resources.stream import Child, Stream

INVENTORY_ITEM = (
    "inventoryItem",
    (
        "inventoryItem{id sku tracked requiresShipping countryCodeOfOrigin harmonizedSystemCode"
        " unitCost{amount currencyCode} measurement{weight{value unit}}}"
    ),
)

PRODUCTS = Stream(
    name="products",
    root="products",
    # Answers for the app's own publication and for other callers' questions, not facts of the product.
    exclude=frozenset({"feedback", "defaultCursor", "restrictedForResource", "bundleConsolidatedOptions"}),
    keep=frozenset({"variants.taxCode"}),  # deprecated, and in every layout of variants that people have models for
    children=(
        Child("options", "product_options"),
        Child(
            "variants",
            "product_variants",
            first=25,
            exclude=frozenset({"defaultCursor", "inventoryItem"}),
            extra=(INVENTORY_ITEM,),
            children=(Child("media", "product_variant_media", first=2, link=True),),
        ),
        Child("media", "product_media", first=10, shared=True),
    ),
)
COLLECTIONS = Stream(
    name="collections",
    root="collections",
    # Deprecated in favour of `sources`, which the older versions lack.
    keep=frozenset({"ruleSet"}),
    refresh=timedelta(days=1),  # what products come and go by the rules is no change of the collection
    exclude=frozenset({"feedback"}),
    children=(
        Child("ruleSet.rules", "collection_rules"),
        Child("products", "collection_products", first=25, link=True),
    ),
)
SELLING_PLAN_GROUPS = Stream(
    name="selling_plan_groups",
    root="sellingPlanGroups",
    children=(
        Child("sellingPlans", "selling_plans", first=10),
        Child("products", "selling_plan_group_products", first=10, link=True),
        Child("productVariants", "selling_plan_group_product_variants", first=10, link=True),
    ),
)
