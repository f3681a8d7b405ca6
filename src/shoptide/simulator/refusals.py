"""What Shopify says besides the scope when an app may not use a root (FACTS 19), by the root's name."""

from __future__ import annotations

THEMES = (
    "The user needs write_themes and an exemption from Shopify to modify {what}.\n"
    "            If you think that your app is eligible for an exemption and should have access to this API,\n"
    "              then you can [submit an exception request](https://docs.google.com/forms/)."
)
MOBILE = (
    "`{scope}_mobile_platform_applications` access scope. Please contact Shopify Support to enable this scope for "
    "your app.\n"
)
FEEDBACK = "access scope. Also: App must be configured to use the Storefront API or as a Sales Channel."
PIXELS = "`write_pixels` access scope. Also: The app must have the read_customer_events"
SCRIPTS = "access scope. Also: Requires access to script tags."
VAULT = "Also: Requires `{scope}_customer_payment_methods` scope."

# None: nothing besides the refusal.
SAID: dict[str, str | None] = {
    "taxSummaryCreate": "`write_taxes` access scope. Also: The caller must be a tax calculations app and the relevant "
    "feature must be on.",
    "taxAppConfigure": "`write_taxes` access scope. Also: The caller must be a tax calculations app.",
    "mobilePlatformApplicationCreate": MOBILE.format(scope="write"),
    "mobilePlatformApplicationUpdate": MOBILE.format(scope="write"),
    "mobilePlatformApplicationDelete": MOBILE.format(scope="write"),
    **{f"theme{action}": THEMES.format(what="themes") for action in ("Create", "Update", "Delete", "Publish")},
    **{f"themeFiles{action}": THEMES.format(what="theme files") for action in ("Upsert", "Copy", "Delete")},
    "bulkProductResourceFeedbackCreate": f"`write_resource_feedbacks` {FEEDBACK}",
    "shopResourceFeedbackCreate": f"`write_resource_feedbacks` {FEEDBACK}",
    "eventBridgeServerPixelUpdate": f"{PIXELS} and write_server_pixels access scopes.",
    "pubSubServerPixelUpdate": f"{PIXELS} and write_server_pixels access scopes.",
    "serverPixelCreate": f"{PIXELS} access scope, write_server_pixels access scope, and user access permission.",
    "serverPixelDelete": f"{PIXELS} access scope, write_server_pixels access scope, and user access permission.",
    "webPixelCreate": "`write_pixels` access scope. Also: The app requires read_customer_events access scope and user "
    "access permission.",
    "storefrontAccessTokenCreate": None,
    "scriptTagCreate": f"`write_script_tags` {SCRIPTS}",
    "scriptTagUpdate": f"`write_script_tags` {SCRIPTS}",
    "scriptTagDelete": f"`write_script_tags` {SCRIPTS}",
    "backupRegionUpdate": "`read_markets` for queries and both `read_markets` as well as `write_markets` for "
    "mutations.",
    "customerPaymentMethodRemoteCreate": f"`write_customers` access scope. {VAULT.format(scope='write')}",
    "customerPaymentMethodRevoke": f"`write_customers` access scope. {VAULT.format(scope='write')}",
    "mobilePlatformApplication": MOBILE.format(scope="read"),
    "staffMembers": None,
    "scriptTag": f"`read_script_tags` {SCRIPTS}",
    "scriptTags": None,
    "disputeEvidence": "`read_shopify_payments_dispute_evidences` access scope.",
    "shopifyPaymentsAccount": "the `read_shopify_payments` or the `read_shopify_payments_accounts` access scope.",
    "productResourceFeedback": f"`read_resource_feedbacks` {FEEDBACK}",
    "customerPaymentMethod": f"`read_customers` access scope. {VAULT.format(scope='read')}",
}
# Of these the ones that no scope opens.
CLOSED = frozenset(
    name
    for name in SAID
    if name.startswith(("tax", "theme", "customerPaymentMethod"))
    or name in ("storefrontAccessTokenCreate", "backupRegionUpdate")
)
# Scopes that no ordinary app is granted.
ASIDE = frozenset(
    {
        *("read_apps", "read_users", "write_users", "read_script_tags", "write_script_tags", "write_pixels"),
        *("read_shopify_payments", "read_shopify_payments_accounts", "read_shopify_payments_dispute_evidences"),
        *("read_resource_feedbacks", "write_resource_feedbacks"),
        *("read_mobile_platform_applications", "write_mobile_platform_applications"),
    }
)
