"""Hears what changes in a shop and tells its webhook subscriptions: payload, headers and signature of each delivery.

What changed is gathered while a mutation runs and told when it is complete, so that a payload shows the records as the
mutation left them. Without a subscription of the topic nothing is done.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from shoptide.shopify.schema import LATEST_VERSION
from shoptide.simulator import payload_filter, payloads
from shoptide.simulator.deliveries import DEBOUNCED, LOST, NOT_SENT, WAITING, Delivery, Post, refusal
from shoptide.simulator.shop import tail_of

if TYPE_CHECKING:
    from shoptide.simulator.credentials import Credentials
    from shoptide.simulator.faults import Fault
    from shoptide.simulator.shop import Record, Shop

log = logging.getLogger(__name__)

KIND = "WebhookSubscription"
DEBOUNCE = timedelta(seconds=5)  # Shopify tells of "a small time window"
OVERTAKEN = 3
Told = tuple[str, bytes]


@cache
def topic_name(topic: str) -> str:
    """`orders/create` → `ORDERS_CREATE`, as the API names it."""
    return topic.replace("/", "_").upper()


def unsubscribe(shop: Shop, gid: str) -> None:
    """Take a subscription away whose receiver failed for good (FACTS §7)."""
    with shop.lock:
        shop.table(KIND).remove(gid)


@dataclass(frozen=True)
class Event:
    """What one change set off: its deliveries share the id and the moment."""

    id: str
    moment: datetime


class Notices:
    """Listens to one shop and hands deliveries to its post."""

    def __init__(self, shop: Shop, post: Post, credentials: Credentials) -> None:
        self.shop = shop
        self.post = post
        self.credentials = credentials
        self._subscriptions = shop.table(KIND)
        self._heard: dict[tuple[str, str], Record] = {}
        self._last: dict[Told, tuple[datetime, bytes]] = {}  # by subscription and record: what was told when

    def hear(self, topic: str, record: Record) -> None:
        if len(self._subscriptions):
            self._heard[topic, record["id"]] = record

    def heeds(self, topic: str) -> bool:
        return any(row["topic"] == topic_name(topic) for row in self._subscriptions)

    def settle(self) -> None:
        if not self._heard:
            return
        heard, self._heard = self._heard, {}
        event = Event(str(uuid.uuid4()), self.shop.clock.now())
        for (topic, _gid), record in heard.items():
            wanted = [row for row in self._subscriptions if row["topic"] == topic_name(topic)]
            if wanted:
                self.tell(topic, record, wanted, event)

    def tell(self, topic: str, record: Record, subscriptions: list[Record], event: Event) -> None:
        """Build the payload once and hand it to each subscription that wants it."""
        try:
            payload = payloads.build(topic, record, self.shop)
        except Exception:  # the change stands, whatever the payload lacks; the delivery says so
            log.exception("simulator.webhook_failed")
            self._unsent(topic, subscriptions, event, "the simulator failed to build its payload")
            return
        if payload is payloads.UNKNOWN:
            self._unsent(topic, subscriptions, event, f"the simulator has no payload for {topic}")
        elif payload is not None:
            for row in subscriptions:
                self._address(topic, record, payload, row, event)

    def _unsent(self, topic: str, subscriptions: list[Record], event: Event, reason: str) -> None:
        for row in subscriptions:
            self.post.submit(self._delivery(topic, row, event, b"", status=NOT_SENT, reason=reason))

    def _address(self, topic: str, record: Record, payload: Record, row: Record, event: Event) -> None:
        if row.get("filter") and not payload_filter.matcher(row["filter"])(payload):
            return
        shown = payload_filter.picked(payload, row.get("includeFields"))
        if row.get("metafieldNamespaces") or row.get("metafields"):
            shown = {**shown, "metafields": payloads.metafields(record, row, self.shop)}
        body = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
        delivery = self._delivery(topic, row, event, body)
        reason = "an XML payload is not modelled" if row["format"] == "XML" else None
        if reason := reason or refusal(delivery.address, self.shop.settings.get("webhook_hosts") or ()):
            delivery.status, delivery.reason = NOT_SENT, reason
        elif self._repeats(delivery, row, record["id"], event):
            delivery.status, delivery.reason = DEBOUNCED, "the same payload was told a moment ago"
        self._submit(delivery, row)

    def _repeats(self, delivery: Delivery, row: Record, gid: str, event: Event) -> bool:
        """Payloads cut by includeFields are not told twice in a moment when nothing in them changed (FACTS §7)."""
        if not row.get("includeFields"):
            return False
        place, digest = (row["id"], gid.encode()), hashlib.sha256(delivery.body).digest()
        before = self._last.get(place)
        self._last[place] = (event.moment, digest)
        return before is not None and before[1] == digest and event.moment - before[0] <= DEBOUNCE

    def _delivery(
        self, topic: str, row: Record, event: Event, body: bytes, *, status: str = WAITING, reason: str | None = None
    ) -> Delivery:
        secret = self.credentials.client_secret.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.digest(secret, body, "sha256")).decode(),
            "X-Shopify-Shop-Domain": self.shop.domain,
            "X-Shopify-API-Version": self.shop.settings.get("webhook_version") or LATEST_VERSION,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": event.id,
            "X-Shopify-Triggered-At": event.moment.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        }
        if row.get("name"):
            headers["X-Shopify-Name"] = row["name"]
        return Delivery(
            number=self.post.number(),
            topic=topic,
            subscription=row["id"],
            address=row["uri"],
            headers=headers,
            body=body,
            due=event.moment,
            status=status,
            reason=reason,
        )

    def _submit(self, delivery: Delivery, row: Record) -> None:
        """Hand it over as the faults let it."""
        faults = self.shop.faults
        names = (delivery.topic, row["topic"], row.get("name") or "", tail_of(row["id"]))
        fault = faults.strike("webhook", names) if faults.standing and delivery.status == WAITING else None
        times = 1 + (self._disturb(delivery, fault) if fault else 0)
        # Copies are made before the first is sent: its courier writes on it from then on.
        for each in [delivery, *(self._again(delivery) for _ in range(times - 1))]:
            self.post.submit(each)

    def _again(self, delivery: Delivery) -> Delivery:
        return replace(delivery, number=self.post.number(), attempts=[])

    @staticmethod
    def _disturb(delivery: Delivery, fault: Fault) -> int:
        """Do to a delivery what a rule wants; how many more times it is sent."""
        if fault.action == "lose":
            delivery.status, delivery.reason = LOST, "lost on request"
        elif fault.action in ("delay", "disorder"):
            delivery.due += timedelta(seconds=fault.seconds)
        if fault.action == "disorder":
            delivery.behind = fault.random.randint(1, int(fault.rule.get("by", OVERTAKEN)))
        return int(fault.rule.get("by", 1)) if fault.action == "duplicate" else 0
