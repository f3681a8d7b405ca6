"""Roots and mutations that only other kinds of apps, shops or users may use: their refusals (FACTS 19)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from shoptide.simulator.access import DOCUMENTATION
from shoptide.simulator.registry import Args, RootResolver, TopLevelError, mutation, root
from shoptide.simulator.roots import generic_root

if TYPE_CHECKING:
    from shoptide.simulator.context import Context

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

MUTATIONS: dict[str, str | None] = {
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
}
QUERIES: dict[str, str | None] = {
    "mobilePlatformApplication": MOBILE.format(scope="read"),
    "staffMembers": None,
    "scriptTag": f"`read_script_tags` {SCRIPTS}",
    "scriptTags": None,
    "disputeEvidence": "`read_shopify_payments_dispute_evidences` access scope.",
    "shopifyPaymentsAccount": "the `read_shopify_payments` or the `read_shopify_payments_accounts` access scope.",
    "productResourceFeedback": f"`read_resource_feedbacks` {FEEDBACK}",
    "customerPaymentMethod": f"`read_customers` access scope. {VAULT.format(scope='read')}",
}


def _refusing(name: str, required: str | None) -> RootResolver:
    def refuse(_args: Args, _ctx: Context) -> NoReturn:
        more = {"requiredAccess": required} if required else {}
        message = f"Access denied for {name} field." + (f" Required access: {required}" if required else "")
        raise TopLevelError("ACCESS_DENIED", message, documentation=DOCUMENTATION, **more)

    return refuse


def _refusing_unless_there(name: str, required: str | None) -> RootResolver:
    """A shop that has such records lets them be read: it is on the plan for it, and the app of the kind."""
    refuse = _refusing(name, required)

    def answer(args: Args, ctx: Context) -> Any:
        target = ctx.schema.type(ctx.schema.query_root.fields[name].type.name)
        kind = ctx.schema.connection_node(target.name) if target.is_connection else target.name
        return generic_root(name, args, ctx) if len(ctx.shop.table(kind)) else refuse(args, ctx)

    return answer


for _name, _required in MUTATIONS.items():
    mutation(_name)(_refusing(_name, _required))
for _name, _required in QUERIES.items():
    root(_name)(_refusing_unless_there(_name, _required))
