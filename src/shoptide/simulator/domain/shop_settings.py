"""What a shop has from its first day: limits, features, currency formats, account pages, policies once written."""

from __future__ import annotations

from typing import Any

from shoptide.simulator.context import Context
from shoptide.simulator.domain.products import strings_page
from shoptide.simulator.domain.shop_facts import ADDRESS, shop_record
from shoptide.simulator.domain.taxonomy import NAMES, VERTICALS, category
from shoptide.simulator.places import countries
from shoptide.simulator.registry import Args, Listing, field, mutation, root, user_error
from shoptide.simulator.shop import Record, tail_of

POLICY = "ShopPolicy"
LARGEST_POLICY = 512 * 1024  # bytes
PAGES = ("Orders", "Profile", "Settings")
TITLES = {"TERMS_OF_SERVICE": "Terms of service", "TERMS_OF_SALE": "Terms of sale"}
PLUS = ("plus", "enterprise")


def _fixed(name: str, value: Any) -> None:
    field("Shop", name)(lambda _record, _args, _ctx: value)


_fixed("taxShipping", value=False)
_fixed("setupRequired", value=False)
_fixed("shopOwnerName", "Shop Owner")
_fixed("shipsToCountries", [ADDRESS["countryCodeV2"]])
_fixed("countriesInShippingZones", {"countryCodes": [ADDRESS["countryCodeV2"]], "includeRestOfWorld": False})
_fixed("customerAccounts", "OPTIONAL")
_fixed("paymentSettings", {"supportedDigitalWallets": []})
_fixed("searchFilters", {"productAvailability": []})


@field("Shop", "resourceLimits")
def limits(_record: Record, _args: Args, _ctx: Context) -> Record:
    return {"locationLimit": 1000, "maxProductOptions": 3, "maxProductVariants": 2048, "redirectLimitReached": False}


@field("Shop", "features")
def features(_record: Record, _args: Args, ctx: Context) -> Record:
    on = ("deliveryProfiles", "eligibleForSubscriptions", "giftCards", "harmonizedSystemCode", "reports", "showMetrics")
    return {
        **dict.fromkeys((*on, "storefront", "internationalPriceOverrides", "unifiedMarkets"), True),
        "branding": "SHOPIFY_PLUS" if ctx.shop.plan in PLUS else "SHOPIFY",
        "bundles": {"eligibleForBundles": True, "ineligibilityReason": None, "sellsBundles": False},
        "sellsSubscriptions": bool(len(ctx.shop.table("SellingPlanGroup"))),
        "shopifyPlus": ctx.shop.plan in PLUS,
    }


@field("Shop", "currencyFormats")
def currency_formats(_record: Record, _args: Args, ctx: Context) -> Record:
    plain, coded = "${{amount}}", "${{amount}} " + ctx.shop.currency
    return {
        "moneyFormat": plain,
        "moneyInEmailsFormat": plain,
        "moneyWithCurrencyFormat": coded,
        "moneyWithCurrencyInEmailsFormat": coded,
    }


def _currency(ctx: Context) -> Record:
    return {"currencyCode": ctx.shop.currency, "currencyName": ctx.shop.currency, "enabled": True}


@field("Shop", "currencySettings")
def currencies(_record: Record, _args: Args, ctx: Context) -> Listing:
    return Listing("", [_currency(ctx)])


@field("Shop", "customerAccountsV2")
def accounts(_record: Record, _args: Args, ctx: Context) -> Record:
    return {
        "customerAccountsVersion": "NEW_CUSTOMER_ACCOUNTS",
        "loginLinksVisibleOnStorefrontAndCheckout": True,
        "loginRequiredAtCheckout": False,
        "url": f"https://shopify.com/{ctx.shop.number}/account",
    }


def _tags_of(kind: str) -> Any:
    def resolve(_record: Record, args: Args, ctx: Context) -> Record:
        found = {tag for row in ctx.shop.table(kind) for tag in row["tags"]}
        return strings_page(sorted(found, key=str.lower), args)

    return resolve


for _name, _kind in (("customerTags", "Customer"), ("draftOrderTags", "DraftOrder"), ("orderTags", "Order")):
    field("Shop", _name)(_tags_of(_kind))


# roots without a record of their own


@root("shopBillingPreferences")
def billing(_args: Args, ctx: Context) -> Record:
    return {"currency": ctx.shop.currency}


@root("giftCardConfiguration")
def gift_cards(_args: Args, ctx: Context) -> Record:
    limit = {"amount": "2000.0", "currencyCode": ctx.shop.currency}
    return {"issueLimit": limit, "purchaseLimit": limit}


@root("storeCreditConfiguration")
def store_credit(_args: Args, _ctx: Context) -> Record:
    return {"storeCreditEnabled": True}


@root("onlineStore")
def online_store(_args: Args, _ctx: Context) -> Record:
    return {"passwordProtection": {"enabled": False}}


@root("backupRegion")
def backup_region(_args: Args, ctx: Context) -> Record:
    """The country whose prices and language visitors from nowhere in particular get."""
    code = str(ctx.shop.settings.get("backup_region") or ADDRESS["countryCodeV2"])
    known = countries().get(code)
    gid = f"gid://shopify/MarketRegionCountry/{ctx.shop.number}"
    shown = {"__typename": "MarketRegionCountry", "id": gid, "code": code, "currency": _currency(ctx)}
    return {**shown, "name": known.name if known else code}


@mutation("backupRegionUpdate")
def update_backup_region(args: Args, ctx: Context) -> Record:
    region = args.get("region")
    if region and region["countryCode"] not in countries():
        error = user_error(["region"], "Region not found.", "REGION_NOT_FOUND")
        return {"backupRegion": None, "userErrors": [error]}
    if region:
        ctx.shop.settings["backup_region"] = region["countryCode"]
    return {"backupRegion": backup_region({}, ctx), "userErrors": []}


@root("customerAccountPages")
def account_pages(_args: Args, ctx: Context) -> Listing:
    rows = [
        {
            "__typename": "CustomerAccountNativePage",
            "id": f"gid://shopify/CustomerAccountNativePage/{ctx.shop.number}{place}",
            "title": title,
            "handle": title.lower(),
            "pageType": f"NATIVE_{title.upper()}",
            "defaultCursor": str(place),
        }
        for place, title in enumerate(PAGES, 1)
    ]
    return Listing("", rows)


@root("customerAccountPage")
def account_page(args: Args, ctx: Context) -> Record | None:
    return next((row for row in account_pages({}, ctx).records if row["id"] == args["id"]), None)


@root("taxonomy")
def taxonomy(_args: Args, _ctx: Context) -> Record:
    return {"id": "taxonomy"}


@field("Taxonomy", "categories")
def categories(_record: Record, args: Args, _ctx: Context) -> Listing:
    """The verticals, or what is below or beside a category, or what a search finds; of those this shop knows."""
    codes = [*VERTICALS, *NAMES]
    if args.get("search"):
        wanted = args["search"].lower()
        codes = [code for code in codes if wanted in (VERTICALS.get(code) or NAMES[code]).lower()]
    elif args.get("descendantsOf"):
        codes = [code for code in codes if code.startswith(f"{tail_of(args['descendantsOf'])}-")]
    else:
        parent = tail_of(args["childrenOf"]) if args.get("childrenOf") else ""
        if args.get("siblingsOf"):
            parent = tail_of(args["siblingsOf"]).rpartition("-")[0]
        codes = [code for code in codes if code.rpartition("-")[0] == parent]
    return Listing("", [category(f"gid://shopify/TaxonomyCategory/{code}") for code in codes])


# policies


@mutation("shopPolicyUpdate")
def update_policy(args: Args, ctx: Context) -> Record:
    """Written or rewritten; an empty text takes it away."""
    given, shop = args["shopPolicy"], ctx.shop
    if len(given["body"].encode()) > LARGEST_POLICY:
        error = user_error(["shopPolicy", "body"], "Body is too big (maximum is 512 KB)", "TOO_BIG")
        return {"shopPolicy": None, "userErrors": [error]}
    held = next((row for row in shop.table(POLICY) if row["type"] == given["type"]), None)
    now = shop.stamp()
    record = held or {"id": shop.new_id(POLICY), "type": given["type"], "createdAt": now}
    title = TITLES.get(given["type"]) or given["type"].replace("_", " ").capitalize()
    url = f"https://{shop.domain}/{shop.number}/policies/{tail_of(record['id'])}.html?locale=en"
    record.update(body=given["body"], title=title, url=url, updatedAt=now)
    if given["body"].strip():
        shop.table(POLICY).put(record)
    else:
        shop.table(POLICY).remove(record["id"])
    return {"shopPolicy": record, "userErrors": []}


@field("Shop", "shopPolicies")
def policies(_record: Record, _args: Args, ctx: Context) -> list[Record]:
    return ctx.shop.table(POLICY).all()


# the shop's staff: its owner


@root("currentStaffMember")
def current_staff(_args: Args, _ctx: Context) -> None:
    """An app asks for itself, not for a person."""
    return


@field("Shop", "accountOwner")
def owner(_record: Record, _args: Args, ctx: Context) -> Record:
    return {
        "id": f"gid://shopify/StaffMember/{ctx.shop.number}",
        "name": "Shop Owner",
        "firstName": "Shop",
        "lastName": "Owner",
        "initials": ["S", "O"],
        "email": shop_record(ctx)["email"],
        "locale": "en",
        "active": True,
        "exists": True,
        "isShopOwner": True,
        "accountType": "REGULAR",
    }
