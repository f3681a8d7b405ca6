"""Selling plan groups: subscriptions and pre-orders that products and variants are sold by."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain.handles import slug
from shoptide.simulator.domain.metafields import write_metafields
from shoptide.simulator.registry import Args, Listing, field, instant, mutation, numeric_id, search, sort, user_error
from shoptide.simulator.registry import text as words
from shoptide.simulator.shop import Record, Shop, tail_of

KIND = "SellingPlanGroup"
PLAN = "SellingPlan"
MOST_PLANS = 31
NO_GROUP = "Selling plan group does not exist."
POLICIES = {"billingPolicy": "Billing", "deliveryPolicy": "Delivery"}


# writing


@mutation("sellingPlanGroupCreate")
def create(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    if errors := _problems(given, None):
        return {"sellingPlanGroup": None, "userErrors": errors}
    resources = args.get("resources") or {}
    if errors := _resource_problems(resources, shop):
        return {"sellingPlanGroup": None, "userErrors": errors}
    record: Record = {
        "id": shop.new_id(KIND),
        "appId": given.get("appId"),
        "name": given["name"],
        "merchantCode": given.get("merchantCode") or slug(given["name"]),
        "description": given.get("description"),
        "options": list(given.get("options") or []),
        "position": given.get("position"),
        "createdAt": shop.stamp(),
        "_plans": [],
        "_products": list(dict.fromkeys(resources.get("productIds") or [])),
        "_variants": list(dict.fromkeys(resources.get("productVariantIds") or [])),
    }
    shop.table(KIND).put(record)
    for entry in given.get("sellingPlansToCreate") or []:
        _add_plan(record, entry, ctx)
    return {"sellingPlanGroup": record, "userErrors": []}


def _problems(given: Args, held: Record | None) -> list[Record]:
    found = []
    if (held is None or "name" in given) and not (given.get("name") or "").strip():
        found.append(user_error(["input", "name"], "Name can't be blank", "BLANK"))
    plans = given.get("sellingPlansToCreate") or []
    if held is None and not plans:
        message = "Selling plans to create must have at least 1 selling plan."
        found.append(user_error(["input", "sellingPlansToCreate"], message, "SELLING_PLAN_COUNT_LOWER_BOUND"))
    if len(plans) > MOST_PLANS:
        message = f"Selling plans to create can have at most {MOST_PLANS} selling plans."
        found.append(user_error(["input", "sellingPlansToCreate"], message, "SELLING_PLAN_COUNT_UPPER_BOUND"))
    for index, plan in enumerate(plans):
        at = ["input", "sellingPlansToCreate", str(index)]
        for name, label in POLICIES.items():
            if not plan.get(name):
                code = f"SELLING_PLAN_{label.upper()}_POLICY_MISSING"
                found.append(user_error([*at, name], f"{label} policy is missing.", code))
    return found


def _resource_problems(resources: Args, shop: Shop) -> list[Record]:
    found = []
    for name, kind, code in (
        ("productIds", "Product", "PRODUCT_DOES_NOT_EXIST"),
        ("productVariantIds", "ProductVariant", "PRODUCT_VARIANT_DOES_NOT_EXIST"),
    ):
        if any(shop.table(kind).get(gid) is None for gid in resources.get(name) or []):
            label = "Product" if kind == "Product" else "Product variant"
            found.append(user_error(["resources", name], f"{label} does not exist.", code))
    return found


def _add_plan(group: Record, given: Args, ctx: Context) -> None:
    shop = ctx.shop
    record: Record = {"id": shop.new_id(PLAN), "_group": group["id"], "createdAt": shop.stamp()}
    _change_plan(record, given)
    shop.table(PLAN).put(record)
    group["_plans"].append(record["id"])
    write_metafields(ctx, record, given.get("metafields") or [])


def _change_plan(record: Record, given: Args) -> None:
    for name in ("name", "description", "category", "position"):
        if name in given:
            record[name] = given[name]
    if given.get("options") is not None:
        record["options"] = list(given["options"])
    for name, label in POLICIES.items():
        if given.get(name):
            record[name] = _policy(given[name], label)
    if given.get("inventoryPolicy"):
        record["inventoryPolicy"] = dict(given["inventoryPolicy"])
    if given.get("pricingPolicies") is not None:
        record["pricingPolicies"] = [_pricing(entry) for entry in given["pricingPolicies"]]


def _policy(given: Args, label: str) -> Record:
    """One of two kinds: once for all, or again and again."""
    kind = "Fixed" if given.get("fixed") else "Recurring"
    facts = dict(given.get("fixed") or given.get("recurring") or {})
    if facts.get("checkoutCharge"):
        facts["checkoutCharge"] = {
            "type": facts["checkoutCharge"]["type"],
            "value": _worth(facts["checkoutCharge"].get("value") or {}, "SellingPlanCheckoutChargePercentageValue"),
        }
    return {"__typename": f"SellingPlan{kind}{label}Policy", "anchors": [], **facts}


def _pricing(given: Args) -> Record:
    kind = "Fixed" if given.get("fixed") else "Recurring"
    facts: dict[str, Any] = dict(given.get("fixed") or given.get("recurring") or {})
    value = _worth(facts.get("adjustmentValue") or {}, "SellingPlanPricingPolicyPercentageValue")
    return {"__typename": f"SellingPlan{kind}PricingPolicy", **facts, "adjustmentValue": value}


def _worth(given: Args, percentage: str) -> Record:
    if given.get("percentage") is not None:
        return {"__typename": percentage, "percentage": given["percentage"]}
    return {"__typename": "MoneyV2", "amount": str(given.get("fixedValue") or "0"), "currencyCode": "CAD"}


@mutation("sellingPlanGroupUpdate")
def update(args: Args, ctx: Context) -> Record:
    given, shop = args["input"], ctx.shop
    record = shop.table(KIND).get(args["id"])
    if record is None:
        return {"sellingPlanGroup": None, "deletedSellingPlanIds": None, "userErrors": [_no_group(["id"])]}
    if errors := _problems(given, record):
        return {"sellingPlanGroup": None, "deletedSellingPlanIds": None, "userErrors": errors}
    for name in ("appId", "name", "merchantCode", "description", "position", "options"):
        if name in given:
            record[name] = given[name]
    gone = [gid for gid in given.get("sellingPlansToDelete") or [] if gid in record["_plans"]]
    record["_plans"] = [gid for gid in record["_plans"] if gid not in gone]
    for gid in gone:
        shop.table(PLAN).remove(gid)
    for entry in given.get("sellingPlansToUpdate") or []:
        plan = shop.table(PLAN).get(entry.get("id"))
        if plan is not None:
            _change_plan(plan, entry)
    for entry in given.get("sellingPlansToCreate") or []:
        _add_plan(record, entry, ctx)
    shop.table(KIND).put(record)
    return {"sellingPlanGroup": record, "deletedSellingPlanIds": gone, "userErrors": []}


@mutation("sellingPlanGroupDelete")
def delete(args: Args, ctx: Context) -> Record:
    record = ctx.shop.table(KIND).remove(args["id"])
    if record is None:
        return {"deletedSellingPlanGroupId": None, "userErrors": [_no_group(["id"])]}
    for gid in record["_plans"]:
        ctx.shop.table(PLAN).remove(gid)
    return {"deletedSellingPlanGroupId": args["id"], "userErrors": []}


def _no_group(path: list[str]) -> Record:
    return user_error(path, NO_GROUP, "GROUP_DOES_NOT_EXIST")


# what is sold by a group

RESOURCES = {
    "Products": ("_products", "productIds", "Product"),
    "ProductVariants": ("_variants", "productVariantIds", "ProductVariant"),
}


def _register_group_side(name: str) -> None:
    place, argument, kind = RESOURCES[name]

    def add(args: Args, ctx: Context) -> Record:
        record = ctx.shop.table(KIND).get(args["id"])
        if record is None:
            return {"sellingPlanGroup": None, "userErrors": [_no_group(["id"])]}
        if any(ctx.shop.table(kind).get(gid) is None for gid in args[argument]):
            label, code = ("Product", "PRODUCT") if kind == "Product" else ("Product variant", "PRODUCT_VARIANT")
            error = user_error([argument], f"{label} does not exist.", f"{code}_DOES_NOT_EXIST")
            return {"sellingPlanGroup": None, "userErrors": [error]}
        record[place] = list(dict.fromkeys([*record[place], *args[argument]]))
        return {"sellingPlanGroup": ctx.shop.table(KIND).put(record), "userErrors": []}

    def remove(args: Args, ctx: Context) -> Record:
        removed = f"removed{name[:-1]}Ids"
        record = ctx.shop.table(KIND).get(args["id"])
        if record is None:
            return {removed: None, "userErrors": [_no_group(["id"])]}
        gone = [gid for gid in args[argument] if gid in record[place]]
        record[place] = [gid for gid in record[place] if gid not in gone]
        ctx.shop.table(KIND).put(record)
        return {removed: gone, "userErrors": []}

    mutation(f"sellingPlanGroupAdd{name}")(add)
    mutation(f"sellingPlanGroupRemove{name}")(remove)


def _register_resource_side(name: str, key: str, kind: str) -> None:
    place, _argument, _kind = RESOURCES[name]

    def change(args: Args, ctx: Context, *, join: bool) -> Record:
        record = ctx.shop.table(kind).get(args["id"])
        if record is None:
            label = "Product" if kind == "Product" else "Product variant"
            code = f"{label.upper().replace(' ', '_')}_DOES_NOT_EXIST"
            return {key: None, "userErrors": [user_error(["id"], f"{label} does not exist.", code)]}
        groups = [ctx.shop.table(KIND).get(gid) for gid in args["sellingPlanGroupIds"]]
        if None in groups:
            return {key: None, "userErrors": [_no_group(["sellingPlanGroupIds"])]}
        for group in groups:
            if group is not None:
                kept = [gid for gid in group[place] if gid != record["id"]]
                group[place] = [*kept, record["id"]] if join else kept
        return {key: record, "userErrors": []}

    title = kind[0].lower() + kind[1:]
    mutation(f"{title}JoinSellingPlanGroups")(lambda args, ctx: change(args, ctx, join=True))
    mutation(f"{title}LeaveSellingPlanGroups")(lambda args, ctx: change(args, ctx, join=False))


_register_group_side("Products")
_register_group_side("ProductVariants")
_register_resource_side("Products", "product", "Product")
_register_resource_side("ProductVariants", "productVariant", "ProductVariant")


# reading


@field(KIND, "sellingPlans")
def plans(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(PLAN, [row for gid in record["_plans"] if (row := ctx.shop.get(gid))])


@field(KIND, "products")
def products(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("Product", [row for gid in record["_products"] if (row := ctx.shop.get(gid))])


@field(KIND, "productsCount")
def products_count(record: Record, args: Args, ctx: Context) -> Record:
    return {"count": len(list(products(record, args, ctx).records)), "precision": "EXACT"}


@field(KIND, "productVariants")
def variants(record: Record, args: Args, ctx: Context) -> Listing:
    rows = [row for gid in record["_variants"] if (row := ctx.shop.get(gid))]
    if args.get("productId"):
        rows = [row for row in rows if row["_product"] == args["productId"]]
    return Listing("ProductVariant", rows)


@field(KIND, "productVariantsCount")
def variants_count(record: Record, args: Args, ctx: Context) -> Record:
    return {"count": len(list(variants(record, args, ctx).records)), "precision": "EXACT"}


@field(KIND, "appliesToProduct")
def applies_to_product(record: Record, args: Args, _ctx: Context) -> bool:
    return args["productId"] in record["_products"]


@field(KIND, "appliesToProductVariant")
def applies_to_variant(record: Record, args: Args, _ctx: Context) -> bool:
    return args["productVariantId"] in record["_variants"]


@field(KIND, "appliesToProductVariants")
def applies_to_variants(record: Record, args: Args, ctx: Context) -> bool:
    return any((ctx.shop.get(gid) or {}).get("_product") == args["productId"] for gid in record["_variants"])


@field(KIND, "summary")
def summary(record: Record, _args: Args, _ctx: Context) -> str:
    number = len(record["_plans"])
    return f"{number} delivery {'frequency' if number == 1 else 'frequencies'}"


def _groups_of(record: Record, place: str, ctx: Context) -> list[Record]:
    return [row for row in ctx.shop.table(KIND) if record["id"] in row[place]]


@field("Product", "sellingPlanGroups")
def of_product(record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing(KIND, _groups_of(record, "_products", ctx))


@field("Product", "sellingPlanGroupsCount")
def product_count(record: Record, _args: Args, ctx: Context) -> Record:
    return {"count": len(_groups_of(record, "_products", ctx)), "precision": "EXACT"}


@field("ProductVariant", "sellingPlanGroups")
def of_variant(record: Record, _args: Args, ctx: Context) -> Listing:
    own = _groups_of(record, "_variants", ctx)
    product = _groups_of({"id": record["_product"]}, "_products", ctx)
    return Listing(KIND, [*own, *(row for row in product if row not in own)])


@field("ProductVariant", "sellingPlanGroupsCount")
def variant_count(record: Record, args: Args, ctx: Context) -> Record:
    return {"count": len(list(of_variant(record, args, ctx).records)), "precision": "EXACT"}


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "name": words(lambda row, _shop: row["name"]),
        "app_id": words(lambda row, _shop: row["appId"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
    },
    text=[lambda row, _shop: row["name"]],
)
sort(
    "sellingPlanGroups",
    {
        "ID": lambda row, _shop: int(tail_of(row["id"])),
        "NAME": lambda row, _shop: row["name"],
        "CREATED_AT": lambda row, _shop: row["createdAt"],
        "UPDATED_AT": lambda row, _shop: row["createdAt"],
    },
    default="ID",
)
