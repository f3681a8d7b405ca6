"""Keeps the store's webhook subscriptions as the configuration wants them: made, repaired, and taken away again.

Shopify removes a subscription whose deliveries failed for hours (FACTS §7). What is missing is made anew, and as
nobody was told meanwhile, the streams it tells of are pulled.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shoptide.clock import Clock
from shoptide.config import PullConfig, ShopConfig
from shoptide.errors import ApiError, Interrupted, ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Delivery, Inbox, delivery_id
from shoptide.ledger.subscriptions import Subscribed, Subscriptions
from shoptide.resources.topics import COMPLIANCE, constant, hint_of, topics_of
from shoptide.serve.work import heard_streams
from shoptide.shopify import subscriptions as api
from shoptide.shopify.client import AdminClient
from shoptide.shopify.subscriptions import Subscription, Unwilling

log = logging.getLogger(__name__)

EVERY = 600.0  # seconds between looks whether all are there
PATH = "/webhooks"


@dataclass
class Repair:
    """What was done to a shop's subscriptions, by topic; `refused` has the store's words, `dropped` had vanished."""

    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def address_of(public_url: str, alias: str) -> str:
    """Where a shop's webhooks go: below a URL each shop has its own path; a cloud service's address is one for all."""
    return f"{public_url}{PATH}/{alias}" if public_url.startswith("http") else public_url


def repair(client: AdminClient, ledger: Ledger, uri: str, topics: Sequence[str], now: datetime) -> Repair:
    """Make the app's subscriptions at this address just these; those that others made elsewhere are left alone.

    Our own are those that the ledger knows, and those that send here.
    """
    known = Subscriptions(ledger)
    ours, there = known.of(client.domain), api.listed(client)
    held = {each.gid: each for each in there if each.gid in ours or each.uri == uri}
    done = Repair()
    for gone in ours.keys() - held.keys():
        done.dropped.append(ours[gone].topic)
        known.gone(client.domain, gone)
    wanted = {constant(topic): hint_of(topic).fields for topic in topics if topic not in COMPLIANCE}
    by_topic = _once(client, known, held, wanted, done)
    for topic, fields in wanted.items():
        try:
            made = _as_wanted(client, by_topic.get(topic), topic, uri, fields, done)
        except Unwilling as words:
            done.refused[topic] = str(words)
        except ApiError as error:
            if error.retry.helps:
                raise
            done.refused[topic] = error.message
        else:
            known.note(Subscribed(made.gid, client.domain, topic, uri, now))
    return done


def _once(
    client: AdminClient,
    known: Subscriptions,
    held: Mapping[str, Subscription],
    wanted: Mapping[str, Sequence[str]],
    done: Repair,
) -> dict[str, Subscription]:
    """Our subscriptions by topic; what is not wanted, or there twice, is deleted."""
    kept: dict[str, Subscription] = {}
    for gid, each in held.items():
        if each.topic in wanted and each.topic not in kept:
            kept[each.topic] = each
        else:
            api.delete(client, gid)
            known.gone(client.domain, gid)
            done.deleted.append(each.topic)
    return kept


def _as_wanted(
    client: AdminClient, there: Subscription | None, topic: str, uri: str, fields: Sequence[str], done: Repair
) -> Subscription:
    if there is None:
        made = api.create(client, topic, uri, fields)
        done.created.append(topic)
        return made
    if (there.uri, set(there.fields), there.filter) == (uri, set(fields), None):
        return there
    changed = api.change(client, there.gid, uri, fields)
    done.changed.append(topic)
    return changed


class Subscriber:
    """A part that looks after the subscriptions of all shops, now and then."""

    name = "subscriptions"

    def __init__(
        self,
        shops: Sequence[tuple[ShopConfig, Sequence[PullConfig]]],
        public_url: str,
        *,
        ledger: Ledger,
        open_client: Callable[[str], AdminClient],
        told: Callable[[list[Delivery]], None],
        clock: Clock,
    ) -> None:
        self.shops = shops
        self.public_url = public_url
        self.ledger = ledger
        self.open_client = open_client
        self.told = told
        self.clock = clock
        self._refused: dict[str, dict[str, str]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def drain(self, deadline: float) -> None:
        self._stop.set()
        self._thread.join(max(0.0, deadline - self.clock.monotonic()))

    def _run(self) -> None:
        while not self._stop.is_set():
            for shop, pulls in self.shops:
                if not self._stop.is_set():
                    self._look_after(shop, pulls)
            self._stop.wait(EVERY)

    def _look_after(self, shop: ShopConfig, pulls: Sequence[PullConfig]) -> None:
        """One shop's trouble is its own: it is said, and tried again next time."""
        try:
            with self.open_client(shop.alias) as client:
                topics = topics_of(heard_streams(pulls, client), client.schema)
                uri = address_of(self.public_url, shop.alias)
                done = repair(client, self.ledger, uri, topics, self.clock.now())
        except Interrupted:
            return
        except ShoptideError as error:
            log.warning("subscriptions.failed", extra={"shop": shop.domain, "reason": error.message})
            return
        self._tell(shop, done)
        if done.dropped:
            self._make_good(shop, done.dropped, topics)

    def _tell(self, shop: ShopConfig, done: Repair) -> None:
        fields = {"made": len(done.created), "changed": len(done.changed), "deleted": len(done.deleted)}
        log.info("subscriptions.looked_after", extra={"shop": shop.domain, **fields})
        if done.dropped:
            log.warning("subscriptions.dropped", extra={"shop": shop.domain, "topics": done.dropped})
        if done.refused != self._refused.get(shop.domain, {}):
            for topic, words in done.refused.items():
                told = {"shop": shop.domain, "topic": topic, "reason": words}
                log.warning("subscriptions.refused", extra=told)
        self._refused[shop.domain] = done.refused

    def _make_good(self, shop: ShopConfig, dropped: Sequence[str], topics: Sequence[str]) -> None:
        """Have the streams pulled of which nobody told: a delivery without a record asks for that."""
        now = self.clock.now()
        found = [
            Delivery(
                delivery_id(shop.domain, topic, event := f"dropped {now.isoformat()}", ""),
                shop.domain,
                topic,
                "",
                event,
                now,
            )
            for topic in topics
            if constant(topic) in dropped and hint_of(topic).streams
        ]
        Inbox(self.ledger).add(found)
        self.told(found)
