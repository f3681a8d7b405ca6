"""Webhook subscriptions: created, changed and deleted with Shopify's checks of addresses and filters (FACTS 55)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from shoptide.simulator.registry import (
    Args,
    Listing,
    field,
    instant,
    mutation,
    numeric_id,
    root,
    search,
    sort,
    user_error,
)
from shoptide.simulator.shop import Record, tail_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shoptide.simulator.context import Context

KIND = "WebhookSubscription"
LONGEST_ADDRESS = 64 * 1024
LONGEST_FILTER = 65_535
CLOUD_CALLBACK = "https://eventbridge.arn"  # what callbackUrl shows for addresses that are no URL
MISSING = "Webhook subscription does not exist"
PROJECT = re.compile(r"(?:[a-z][a-z0-9-]{4,28}[a-z0-9]|\d{6,30})\Z")
TOPIC = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}\Z")
ARN = re.compile(r"arn:aws:events:[a-z0-9-]+::event-source/aws\.partner/shopify\.com(?:\.test)?/(\d+)/[^/\s]+\Z")
INTERNAL = re.compile(r"(?:\A|\.)(?:shopify\.com|myshopify\.com|shopifycloud\.com|localhost|internal|local)\Z")
LOOPBACK = re.compile(r"(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::1)\Z")
# Topics as old as the REST API; newer ones are delivered as JSON only.
XML_TOPICS = (
    *(
        "APP_UNINSTALLED",
        "CARTS_",
        "CHECKOUTS_",
        "COLLECTION",
        "CUSTOMERS_",
        "CUSTOMER_GROUPS_",
        "DISPUTES_",
        "DOMAINS_",
    ),
    *("DRAFT_ORDERS_", "FULFILLMENTS_", "FULFILLMENT_EVENTS_", "INVENTORY_ITEMS_", "INVENTORY_LEVELS_", "LOCALES_"),
    *("LOCATIONS_", "ORDERS_", "ORDER_TRANSACTIONS_", "PRODUCTS_", "PRODUCT_LISTINGS_", "REFUNDS_", "SHOP_"),
    *("TENDER_TRANSACTIONS_", "THEMES_"),
)
COPIED = ("filter", "includeFields", "metafieldNamespaces", "metafields", "name")


def address_problems(uri: str, ctx: Context) -> Iterator[str]:
    """What is wrong with an address, in Shopify's words and order."""
    if not uri.strip():
        yield "Address can't be blank"
    elif len(uri.encode()) > LONGEST_ADDRESS:
        yield "Address is too big (maximum is 64 KB)"
    elif uri.startswith("pubsub://"):
        yield from _pubsub_problems(uri)
    elif uri.startswith("arn:"):
        yield from _arn_problems(uri, ctx)
    elif uri.startswith("kafka://"):
        yield "Address protocol kafka:// is not supported"
        yield "Address is not a valid kafka topic"
    else:
        yield from _url_problems(uri)


def _pubsub_problems(uri: str) -> Iterator[str]:
    project, _, topic = uri.removeprefix("pubsub://").partition(":")
    if not project or not topic:
        yield "Address protocol pubsub:// is not supported"
        yield "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic"
    elif not PROJECT.match(project):
        yield "Address is invalid"
        yield "Address is not a valid GCP project id."
    elif not TOPIC.match(topic):
        yield "Address is invalid"
        yield "Address is not a valid GCP topic id."


def _arn_problems(uri: str, ctx: Context) -> Iterator[str]:
    found = ARN.match(uri)
    if found is None:
        yield "Address is invalid"
        yield "Address is not a valid AWS ARN"
    elif found[1] != str(ctx.app.number):
        yield "Address is invalid"
        yield f"Address is an AWS ARN and includes api_client_id '{found[1]}' instead of '{ctx.app.number}'"


def _url_problems(uri: str) -> Iterator[str]:
    parts = urlsplit(uri)
    if parts.scheme == "http" and LOOPBACK.match(parts.hostname or ""):
        return  # the one address a real store refuses: a receiver on this machine, to rehearse with
    if parts.scheme and parts.scheme != "https" and "://" in uri:
        yield f"Address protocol {parts.scheme}:// is not supported"
    elif parts.scheme != "https" or not parts.hostname:
        yield "Address is invalid"
    elif INTERNAL.search(parts.hostname):
        yield "Address cannot be a Shopify or an internal domain"


def filter_problems(text: str | None) -> Iterator[str]:
    if not text:
        return
    if len(text.encode()) > LONGEST_FILTER:
        yield "The specified filter exceeds the maximum allowed size."
    elif not re.search(r"[A-Za-z_][\w.]*:", text):
        yield "The specified filter is invalid, please ensure you specify the field(s) you wish to filter on."


def name_problems(name: str | None, gid: str | None, ctx: Context) -> Iterator[str]:
    if name is None:
        return
    if not name:
        yield "Name is too short (minimum is 1 character)"
    elif not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        yield "Name name field can only contain alphanumeric characters, underscores, and hyphens"
    elif any(row.get("name") == name and row["id"] != gid for row in ctx.shop.table(KIND)):
        yield "Name already exists, no duplicate allowed"


def problems(wanted: Record, uri: str, topic: str, gid: str | None, ctx: Context) -> list[Record]:
    """The userErrors of a subscription about to be written."""
    at = "webhookSubscription"
    errors = [user_error([at, "callbackUrl"], words) for words in address_problems(uri, ctx)]
    if not errors and _taken(uri, topic, wanted, gid, ctx):
        errors.append(user_error([at, "callbackUrl"], "Address for this topic has already been taken"))
    if wanted.get("format") == "XML" and not uri.startswith("http"):
        errors.append(user_error([at, "format"], "Format can only be used with format: 'json'"))
    errors += [user_error([at], words) for words in filter_problems(wanted.get("filter"))]
    return errors + [user_error([at, "name"], words) for words in name_problems(wanted.get("name"), gid, ctx)]


def _taken(uri: str, topic: str, wanted: Record, gid: str | None, ctx: Context) -> bool:
    """The same address twice for a topic is refused unless filters tell the two apart."""
    return any(
        row["uri"] == uri and row["topic"] == topic and row["id"] != gid and row["filter"] == wanted.get("filter")
        for row in ctx.shop.table(KIND)
    )


def _uri_of(wanted: Record) -> str:
    return str(wanted.get("uri") if wanted.get("uri") is not None else wanted.get("callbackUrl") or "")


def write(wanted: Record, uri: str, topic: str, known: Record | None, ctx: Context) -> Record:
    """Create or change a subscription; the payload of its mutation."""
    errors = problems(wanted, uri, topic, known["id"] if known else None, ctx)
    if errors:
        return {KIND_FIELD: None, "userErrors": errors}
    moment = ctx.shop.stamp()
    record = known or {"id": ctx.shop.new_id(KIND), "topic": topic, "createdAt": moment, "filter": None}
    record.update({name: wanted[name] for name in COPIED if name in wanted})
    record.update({"uri": uri, "format": wanted.get("format") or record.get("format") or "JSON", "updatedAt": moment})
    return {KIND_FIELD: ctx.shop.table(KIND).put(record), "userErrors": []}


KIND_FIELD = "webhookSubscription"


@mutation("webhookSubscriptionCreate")
def create(args: Args, ctx: Context) -> Record:
    return write(args[KIND_FIELD], _uri_of(args[KIND_FIELD]), args["topic"], None, ctx)


@mutation("webhookSubscriptionUpdate")
def update(args: Args, ctx: Context) -> Record:
    wanted = args[KIND_FIELD]
    return _change(args, wanted, _uri_of(wanted) if {"uri", "callbackUrl"} & set(wanted) else None, ctx)


def _change(args: Args, wanted: Record, uri: str | None, ctx: Context) -> Record:
    known = ctx.shop.table(KIND).get(args["id"])
    if known is None:
        return {KIND_FIELD: None, "userErrors": [user_error(["id"], MISSING)]}
    return write(wanted, known["uri"] if uri is None else uri, known["topic"], known, ctx)


@mutation("webhookSubscriptionDelete")
def delete(args: Args, ctx: Context) -> Record:
    if ctx.shop.table(KIND).remove(args["id"]) is None:
        return {"deletedWebhookSubscriptionId": None, "userErrors": [user_error(["id"], MISSING)]}
    return {"deletedWebhookSubscriptionId": args["id"], "userErrors": []}


# the mutations of one cloud each: their errors name their own inputs


def _at(payload: Record, place: Callable[[str], tuple[str, str | None]]) -> Record:
    """Move the address's errors to the input that caused them, in its words."""
    moved: list[Record] = []
    for error in payload["userErrors"]:
        name, words = place(error["message"])
        if error["field"] and error["field"][-1] == "callbackUrl":
            if words is not None:
                moved.append({**error, "field": [KIND_FIELD, name], "message": words})
        else:
            moved.append(error)
    return {**payload, "userErrors": moved}


def _pubsub_place(words: str) -> tuple[str, str | None]:
    if words == "Address is not a valid GCP topic id.":
        return "pubSubTopic", "Google Cloud Pub/Sub topic ID is not valid"
    if words == "Address is not a valid GCP project id.":
        return "pubSubProject", "Google Cloud Pub/Sub project ID is not valid"
    return ("pubSubTopic", None) if words == "Address is invalid" else ("pubSubTopic", words)


def _pubsub_uri(wanted: Record) -> str:
    return f"pubsub://{wanted['pubSubProject']}:{wanted['pubSubTopic']}"


@mutation("pubSubWebhookSubscriptionCreate")
def create_pubsub(args: Args, ctx: Context) -> Record:
    wanted = args[KIND_FIELD]
    return _at(write(wanted, _pubsub_uri(wanted), args["topic"], None, ctx), _pubsub_place)


@mutation("pubSubWebhookSubscriptionUpdate")
def update_pubsub(args: Args, ctx: Context) -> Record:
    return _at(_change(args, args[KIND_FIELD], _pubsub_uri(args[KIND_FIELD]), ctx), _pubsub_place)


@mutation("eventBridgeWebhookSubscriptionCreate")
def create_event_bridge(args: Args, ctx: Context) -> Record:
    wanted = args[KIND_FIELD]
    return _at(write(wanted, wanted.get("arn") or "", args["topic"], None, ctx), lambda words: ("arn", words))


@mutation("eventBridgeWebhookSubscriptionUpdate")
def update_event_bridge(args: Args, ctx: Context) -> Record:
    wanted = args[KIND_FIELD]
    return _at(_change(args, wanted, wanted.get("arn"), ctx), lambda words: ("arn", words))


# reading


@root("webhookSubscriptions")
def subscriptions(args: Args, ctx: Context) -> Listing:
    def wanted(row: Record) -> bool:
        return (
            args.get("uri") in (None, row["uri"])
            and args.get("callbackUrl") in (None, row["uri"])
            and args.get("format") in (None, row["format"])
            and (not args.get("topics") or row["topic"] in args["topics"])
        )

    return Listing(kind=KIND, records=[row for row in ctx.shop.table(KIND) if wanted(row)], root="webhookSubscriptions")


search(
    KIND,
    {
        "id": numeric_id(lambda row, _shop: row["id"]),
        "created_at": instant(lambda row, _shop: row["createdAt"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
    },
)
sort(
    "webhookSubscriptions",
    {"CREATED_AT": lambda row, _shop: row["createdAt"], "ID": lambda row, _shop: int(tail_of(row["id"]))},
    default="CREATED_AT",
)


@field(KIND, "callbackUrl")
def callback_url(row: Record, _args: Args, _ctx: Context) -> str:
    return str(row["uri"]) if row["uri"].startswith("http") else CLOUD_CALLBACK


@field(KIND, "legacyResourceId")
def legacy_id(row: Record, _args: Args, _ctx: Context) -> str:
    return tail_of(row["id"])


@field(KIND, "apiVersion")
def api_version(_row: Record, _args: Args, ctx: Context) -> Record:
    """The app's version; the one asked with, unless the settings name another."""
    version = ctx.shop.settings.get("webhook_version") or ctx.version
    return {"handle": version, "displayName": version, "supported": True}


@field(KIND, "endpoint")
def endpoint(row: Record, _args: Args, _ctx: Context) -> Record:
    uri: Any = row["uri"]
    if uri.startswith("pubsub://"):
        project, _, topic = uri.removeprefix("pubsub://").partition(":")
        return {"__typename": "WebhookPubSubEndpoint", "pubSubProject": project, "pubSubTopic": topic}
    if uri.startswith("arn:"):
        return {"__typename": "WebhookEventBridgeEndpoint", "arn": uri}
    return {"__typename": "WebhookHttpEndpoint", "callbackUrl": uri}
