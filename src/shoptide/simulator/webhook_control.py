"""Control of webhooks: the deliveries so far, a topic told on request, and an app that is uninstalled."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from shoptide.simulator.context import App
from shoptide.simulator.deliveries import refusal
from shoptide.simulator.notices import KIND, Event, topic_name

if TYPE_CHECKING:
    from shoptide.simulator.shop import Record, Shop
    from shoptide.simulator.world import Stall

ASKED = frozenset({"topic", "status", "payload"})
TOLD = frozenset({"topic", "id", "address"})


def read(stall: Stall, asked: Any) -> Record:
    """The deliveries, oldest first; `topic` and `status` choose among them, `payload=1` adds headers and payloads."""
    _known(asked, ASKED)
    wanted = {name: asked[name] for name in ("topic", "status") if name in asked}
    found = [each for each in stall.post.all() if all(getattr(each, name) == held for name, held in wanted.items())]
    shown = [each.shown(whole=asked.get("payload") in ("1", "true")) for each in found]
    return {"deliveries": shown, "counts": Counter(each.status for each in found)}


def clear(stall: Stall, _body: Any) -> Record:
    """Forget the deliveries that are decided."""
    stall.post.clear()
    return {"deliveries": [each.shown() for each in stall.post.all()]}


def tell(stall: Stall, body: Any) -> Record:
    """Tell of a topic though nothing happened: `{"topic": "customers/redact", "id": gid, "address": url}`.

    `id` is the record it is about (the shop, without one). With an `address` it is told there, as the topics that an
    app's own file subscribes are; without one to the subscriptions. Raises ValueError.
    """
    if not isinstance(body, dict) or not isinstance(body.get("topic"), str):
        raise ValueError("tell of a topic: an object with topic, id and address")  # noqa: TRY004  # the caller's words
    _known(body, TOLD)
    shop, topic = stall.shop, body["topic"]
    record = _record(shop, body.get("id"))
    if "address" in body:
        if reason := refusal(str(body["address"]), shop.settings.get("webhook_hosts") or ()):
            raise ValueError(f"address {body['address']!r}: {reason}")
        rows = [{"id": f"gid://shopify/{KIND}/0", "uri": body["address"], "topic": topic_name(topic), "format": "JSON"}]
    else:
        rows = [row for row in shop.table(KIND) if row["topic"] == topic_name(topic)]
    if not rows:
        raise ValueError(f"no subscription to {topic}: make one, or give an address")
    before = {each.number for each in stall.post.all()}
    stall.notices.tell(topic, record, rows, Event(str(uuid.uuid4()), shop.clock.now()))
    return {"deliveries": [each.shown() for each in stall.post.all() if each.number not in before]}


def uninstall(stall: Stall, _body: Any) -> Record:
    """Take the app off the shop: its tokens are void, its subscriptions gone; app/uninstalled is told last."""
    shop = stall.shop
    tell_of_shop(shop, "app/uninstalled")
    shop.settle()
    shop.tokens.clear()
    for row in shop.table(KIND).all():
        shop.table(KIND).remove(row["id"])
    return {"uninstalled": shop.domain}


def tell_of_shop(shop: Shop, topic: str) -> None:
    shop.emit(topic, {"id": f"gid://shopify/Shop/{shop.number}"})


def tell_of_scopes(shop: Shop, previous: set[str]) -> None:
    facts = {"previous": sorted(previous), "current": sorted(shop.scopes)}
    shop.emit("app/scopes_update", {"id": App().id, **facts})


def _record(shop: Shop, gid: Any) -> Record:
    if gid is None:
        return {"id": f"gid://shopify/Shop/{shop.number}"}
    found = shop.get(gid) if isinstance(gid, str) and gid.startswith("gid://shopify/") else None
    if found is None:
        raise ValueError(f"no record with the id {gid!r}: ids look like gid://shopify/Order/123")
    return found


def _known(given: Record, names: frozenset[str]) -> None:
    if unknown := set(given) - names:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}: choose among {', '.join(sorted(names))}")
