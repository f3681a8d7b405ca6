"""Webhook subscriptions of a shop: listed, created, changed, deleted. Which there should be is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoptide.shopify.pages import paged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shoptide.shopify.client import AdminClient

_FIELDS = "id topic uri includeFields filter"
LIST = f"""query WebhookSubscriptions($after: String) {{
  webhookSubscriptions(first: 100, after: $after) {{
    nodes {{ {_FIELDS} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}"""
CREATE = f"""mutation Subscribe($topic: WebhookSubscriptionTopic!, $wanted: WebhookSubscriptionInput!) {{
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $wanted) {{
    webhookSubscription {{ {_FIELDS} }}
    userErrors {{ field message }}
  }}
}}"""
UPDATE = f"""mutation ChangeSubscription($id: ID!, $wanted: WebhookSubscriptionInput!) {{
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $wanted) {{
    webhookSubscription {{ {_FIELDS} }}
    userErrors {{ field message }}
  }}
}}"""
DELETE = """mutation Unsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field message } }
}"""


@dataclass(frozen=True)
class Subscription:
    """One subscription of the app: `topic` as the API names it, `fields` those that its payloads are cut to."""

    gid: str
    topic: str
    uri: str
    fields: tuple[str, ...] = ()
    filter: str | None = None

    @classmethod
    def of(cls, node: dict[str, Any]) -> Subscription:
        fields = tuple(node.get("includeFields") or ())
        return cls(node["id"], node["topic"], node["uri"], fields, node.get("filter") or None)


class Unwilling(Exception):  # noqa: N818  # an answer, not a fault
    """The store does not make it so, in its own words."""


def listed(client: AdminClient) -> list[Subscription]:
    """All subscriptions that the app has in the shop."""
    pages = paged(client, LIST, connection_path="webhookSubscriptions")
    return [Subscription.of(node) for page in pages for node in page]


def create(client: AdminClient, topic: str, uri: str, fields: Sequence[str]) -> Subscription:
    """Subscribe to a topic. Raises Unwilling with the store's words, and what the client raises."""
    return _written(client, CREATE, "webhookSubscriptionCreate", {"topic": topic, "wanted": _input(uri, fields)})


def change(client: AdminClient, gid: str, uri: str, fields: Sequence[str]) -> Subscription:
    """Send a subscription elsewhere, or cut its payloads otherwise. Raises Unwilling."""
    return _written(client, UPDATE, "webhookSubscriptionUpdate", {"id": gid, "wanted": _input(uri, fields)})


def delete(client: AdminClient, gid: str) -> None:
    """Take a subscription away; one that is not there any more is as good."""
    client.execute(DELETE, {"id": gid})


def _input(uri: str, fields: Sequence[str]) -> dict[str, object]:
    return {"uri": uri, "format": "JSON", "includeFields": list(fields), "filter": None}


def _written(client: AdminClient, document: str, field: str, variables: dict[str, object]) -> Subscription:
    payload = client.execute(document, variables).data[field] or {}
    node = payload.get("webhookSubscription")
    if payload.get("userErrors") or node is None:
        told = "; ".join(each["message"] for each in payload.get("userErrors") or ())
        raise Unwilling(told or "no subscription was made and no reason given")
    return Subscription.of(node)
