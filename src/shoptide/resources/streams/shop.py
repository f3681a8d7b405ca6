"""The shop itself: its settings, who works there, what happened, what is installed, how it delivers and advertises."""

from __future__ import annotations

from shoptide.resources.stream import Child, Stream

SHOP = Stream(
    name="shops",
    root="shop",
    # Alerts and prompts speak to whoever looks at the admin; the taxonomy is Shopify's, not the shop's.
    exclude=frozenset({"alerts", "allProductCategoriesList", "merchantApprovalSignals", "search", "accountOwner"}),
    extra=(("domain", "domain: primaryDomain{host localization{defaultLocale}}"),),
    children=(
        Child("fulfillmentServices", "shop_fulfillment_services"),
        Child("shopPolicies", "shop_policies"),
    ),
)
STAFF_MEMBERS = Stream(name="staff_members", root="staffMembers", exclude=frozenset({"privateData"}))
# Events are never changed. Shopify runs no bulk operation over them.
EVENTS = Stream(
    name="events",
    root="events",
    search="created_at",
    cursor="createdAt",
    sort_key="CREATED_AT",
    exclude=frozenset({"author", "subject", "embed"}),
    bulk=False,
)
# Which countries and provinces a shop delivers to is told nowhere else.
ZONES = (
    "profileLocationGroups",
    (
        "profileLocationGroups{locationGroup{id} countriesInAnyZone{zone"
        " country{id name code{countryCode restOfWorld} provinces{id name code}}}}"
    ),
)
DELIVERY_PROFILES = Stream(
    name="delivery_profiles", root="deliveryProfiles", exclude=frozenset({"profileLocationGroups"}), extra=(ZONES,)
)
CARRIER_SERVICES = Stream(name="carrier_services", root="carrierServices")
MARKETING_ACTIVITIES = Stream(name="marketing_activities", root="marketingActivities")
MARKETING_EVENTS = Stream(name="marketing_events", root="marketingEvents")
CHANNELS = Stream(name="channels", root="channels")
SCRIPT_TAGS = Stream(name="script_tags", root="scriptTags")
WEBHOOK_SUBSCRIPTIONS = Stream(name="webhook_subscriptions", root="webhookSubscriptions")
CASH_TRACKING_SESSIONS = Stream(name="cash_tracking_sessions", root="cashTrackingSessions")
