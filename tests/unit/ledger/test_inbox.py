"""The inbox on both engines: copies are one row, what is settled is settled, what is old is forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import LedgerConfig
from shoptide.ledger import open_ledger
from shoptide.ledger.inbox import Delivery, Inbox, delivery_id
from shoptide.ledger.subscriptions import Subscribed, Subscriptions

SHOP = "acme.myshopify.com"
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@pytest.fixture(params=["sqlite", "postgres"])
def inbox(request: Any, tmp_path: Path) -> Iterator[Inbox]:
    url = "sqlite:///l.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    with open_ledger(LedgerConfig(url), base=tmp_path, clock=Clock()) as ledger:
        yield Inbox(ledger)


def delivery(number: int, subject: str = "gid://shopify/Order/1", at: datetime = NOW, **given: Any) -> Delivery:
    event = f"e-{number}"
    return Delivery(
        delivery_id(SHOP, "orders/updated", event, subject), SHOP, "orders/updated", subject, event, at, **given
    )


def open_ids(inbox: Inbox, at: datetime = NOW, **given: Any) -> list[str]:
    return [each.event for each in inbox.open(SHOP, at, 100, **given)]


def test_copies_are_one_and_come_in_order(inbox: Inbox) -> None:
    """Also within one commit; what is settled does not come again with a copy."""
    later = NOW + timedelta(seconds=1)
    inbox.add([delivery(2, at=later), delivery(1), delivery(1), delivery(2, at=later)])
    inbox.add([delivery(1)])
    assert open_ids(inbox, later) == ["e-1", "e-2"]
    inbox.settle([delivery(1).id], "done")
    inbox.add([delivery(1)])
    assert open_ids(inbox, later) == ["e-2"]
    assert inbox.depth() == {"done": 1, "waiting": 1}


def test_what_is_put_off_waits_for_its_moment(inbox: Inbox) -> None:
    """And says how often it was tried."""
    inbox.add([delivery(1)])
    inbox.put_off([delivery(1).id], NOW + timedelta(seconds=30), "the store is away")
    assert open_ids(inbox) == []
    (found,) = inbox.open(SHOP, NOW + timedelta(seconds=31), 10)
    assert found.attempts == 1
    inbox.settle([found.id], "again")
    assert open_ids(inbox, NOW + timedelta(minutes=1), states=("again",)) == ["e-1"]
    assert open_ids(inbox, NOW + timedelta(minutes=1), states=("waiting",)) == []


def test_only_what_was_settled_long_ago_is_forgotten(inbox: Inbox) -> None:
    """What waits is never forgotten."""
    inbox.add([delivery(1), delivery(2), delivery(3)])
    inbox.settle([delivery(1).id], "done")
    inbox.ledger.clock.at = NOW + timedelta(days=2)  # type: ignore[attr-defined]  # the test's own
    inbox.settle([delivery(2).id], "done")
    assert inbox.purge(NOW + timedelta(days=1)) == 1
    assert inbox.depth() == {"done": 1, "waiting": 1}


def test_a_body_and_its_moments_come_back_as_they_were(inbox: Inbox) -> None:
    """Whatever letters are in it."""
    kept = delivery(1, api_version="2026-10", triggered_at=NOW - timedelta(seconds=2), body='{"note":"Zoë ☃"}')
    inbox.add([kept])
    assert inbox.open(SHOP, NOW, 10) == [kept]


def test_when_a_record_was_told_of_last(inbox: Inbox) -> None:
    """By any delivery, settled or not."""
    later = NOW + timedelta(minutes=1)
    inbox.add([delivery(1), delivery(2, at=later), delivery(3, "gid://shopify/Order/2")])
    found = inbox.told(SHOP, [f"gid://shopify/Order/{number}" for number in range(1, 600)])
    assert found == {"gid://shopify/Order/1": later, "gid://shopify/Order/2": NOW}
    assert inbox.told("other.myshopify.com", ["gid://shopify/Order/1"]) == {}


def test_subscriptions_keep_since_when_they_tell(inbox: Inbox) -> None:
    """A changed address does not begin anew; one that is gone is not there any more, until it is made again."""
    known = Subscriptions(inbox.ledger)
    made = Subscribed("gid://shopify/WebhookSubscription/1", SHOP, "ORDERS_CREATE", "https://a.example", NOW)
    known.note(made)
    known.note(Subscribed(made.gid, SHOP, made.topic, "https://b.example", NOW + timedelta(days=1)))
    assert known.of(SHOP)[made.gid] == Subscribed(made.gid, SHOP, made.topic, "https://b.example", NOW)
    known.gone(SHOP, made.gid)
    assert known.of(SHOP) == {}
