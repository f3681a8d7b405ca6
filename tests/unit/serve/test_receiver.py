"""The receiver on a socket: what it takes and on what terms, what it refuses, and what that costs."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.inbox import Delivery, Inbox
from shoptide.serve import receiver as receiving
from shoptide.serve.commits import GroupCommit
from shoptide.serve.http import HttpPart
from shoptide.serve.receiver import Receiver, Sender
from shoptide.shopify.webhooks import signature

OLD, NEW = b"old-secret", b"new-secret"
SHOP = "acme.myshopify.com"
BODY = b'{"id":7,"admin_graphql_api_id":"gid://shopify/Order/7","updated_at":"2026-10-01T10:00:00Z"}'
MOST = 4_096


class Site:
    """A receiver with a ledger of its own."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.ledger: Ledger = open_ledger(LedgerConfig("sqlite:///ledger.db"), base=folder)
        self.inbox = Inbox(self.ledger)
        self.web = httpx2.Client(timeout=10)
        self.woken: list[list[str]] = []
        self.failed: list[BaseException] = []
        self.commits = GroupCommit(self.inbox, self.told, clock=clock)
        senders = {"main": Sender("main", SHOP, (NEW, OLD)), "other": Sender("other", "b.myshopify.com", (b"b",))}
        self.receiver = Receiver(senders, self.commits.accept, clock=clock, max_body=MOST)
        self.http = HttpPart("webhooks", self.receiver.app(), "127.0.0.1", 0, clock=clock, fail=self.failed.append)
        self.commits.start()
        self.http.start()

    def told(self, deliveries: list[Delivery]) -> None:
        self.woken.append([each.shop for each in deliveries])

    def close(self) -> None:
        self.web.close()
        deadline = time.monotonic() + 10
        self.http.drain(deadline)
        self.commits.drain(deadline)
        self.ledger.close()

    def post(self, body: bytes = BODY, path: str = "/webhooks/main", **headers: str | None) -> int:
        given = {**self.headers(body), **{name.replace("_", "-"): value for name, value in headers.items()}}
        kept = {name: value for name, value in given.items() if value is not None}
        return self.web.post(self.http.url + path, content=body, headers=kept).status_code

    @staticmethod
    def headers(body: bytes, secret: bytes = NEW) -> dict[str, str | None]:
        return {
            "x-shopify-topic": "orders/updated",
            "x-shopify-hmac-sha256": signature(secret, body).decode(),
            "x-shopify-shop-domain": SHOP,
            "x-shopify-api-version": "2026-10",
            "x-shopify-webhook-id": "w-1",
            "x-shopify-event-id": "e-1",
            "x-shopify-triggered-at": "2026-10-01T10:00:01.5Z",
        }

    def kept(self) -> list[tuple[str, str, str]]:
        found = self.inbox.open(SHOP, self.ledger.clock.now(), 100)
        return [(each.topic, each.subject, each.event) for each in found]

    def raw(self, text: bytes) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", self.http.port), timeout=10)
        found.sendall(text)
        return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


def test_a_delivery_is_on_disk_before_it_is_acknowledged(site: Site) -> None:
    """Only what says which record it was is kept, and whoever works it off is woken."""
    assert site.post() == 200
    assert site.kept() == [("orders/updated", "gid://shopify/Order/7", "e-1")]
    (found,) = site.inbox.open(SHOP, site.ledger.clock.now(), 100)
    assert (found.api_version, found.body) == ("2026-10", None)
    assert found.triggered_at is not None
    assert found.triggered_at.isoformat() == "2026-10-01T10:00:01.500000+00:00"
    deadline = time.monotonic() + 10
    while not site.woken and time.monotonic() < deadline:
        time.sleep(0.01)  # the answer does not wait for it
    assert site.woken == [[SHOP]]


def test_one_path_serves_all_shops_too(site: Site) -> None:
    """An app's own file names one address for the compliance topics of all shops."""
    assert site.post(path="/webhooks") == 200
    assert site.post(path="/webhooks", x_shopify_shop_domain="none.myshopify.com") == 404


def test_copies_of_a_delivery_are_one(site: Site) -> None:
    """By event, topic and record: one event tells several topics and several records, each of which counts."""
    for webhook in ("w-1", "w-1", "w-2"):
        assert site.post(x_shopify_webhook_id=webhook) == 200
    assert site.post(x_shopify_topic="orders/create") == 200
    assert site.post(BODY.replace(b"7", b"8")) == 200
    assert site.post(x_shopify_event_id="e-2") == 200
    assert len(site.kept()) == 4


def test_without_an_event_the_delivery_counts(site: Site) -> None:
    """Older deliveries have the webhook's id only."""
    for _ in range(2):
        assert site.post(x_shopify_event_id=None) == 200
    assert [event for _, _, event in site.kept()] == ["w-1"]


def test_a_redelivery_after_it_was_done_changes_nothing(site: Site) -> None:
    """A replay is answered and finds its row settled."""
    assert site.post() == 200
    (found,) = site.inbox.open(SHOP, site.ledger.clock.now(), 100)
    site.inbox.settle([found.id], "done")
    assert site.post() == 200
    assert site.kept() == []
    assert site.inbox.depth() == {"done": 1}


def test_both_secrets_are_good_during_a_rotation(site: Site) -> None:
    """The old one until it is taken out of the configuration."""
    assert site.post(x_shopify_hmac_sha256=signature(OLD, BODY).decode()) == 200
    assert site.post(x_shopify_hmac_sha256=signature(b"b", BODY).decode()) == 401


@pytest.mark.parametrize(
    ("status", "path", "headers"),
    [
        (401, "/webhooks/main", {"x_shopify_hmac_sha256": None}),
        (401, "/webhooks/main", {"x_shopify_hmac_sha256": "A" * 43 + "="}),
        (401, "/webhooks/main", {"x_shopify_hmac_sha256": "short"}),
        (404, "/webhooks/none", {}),
        (404, "/webhooks/other", {}),
        (404, "/webhooks/main", {"x_shopify_shop_domain": "b.myshopify.com"}),
        (404, "/webhooks/main", {"x_shopify_shop_domain": None}),
        (404, "/webhooks/main", {"x_shopify_topic": None}),
        (404, "/webhooks/main", {"x_shopify_topic": "orders/obliterated"}),
        (400, "/webhooks/main", {"x_shopify_api_version": None}),
        (400, "/webhooks/main", {"x_shopify_event_id": "e" * 300}),
        (404, "/elsewhere", {}),
        (404, "/webhooks/main/", {}),
    ],
)
def test_what_is_not_right_is_refused(status: int, path: str, headers: dict[str, str | None], site: Site) -> None:
    """With the kind of refusal, and nothing is kept."""
    assert site.post(BODY, path, **headers) == status
    assert site.kept() == []


def test_only_posts_are_answered(site: Site) -> None:
    """Looking costs nothing and shows nothing."""
    answer = site.web.get(f"{site.http.url}/webhooks/main")
    assert (answer.status_code, "server" in answer.headers) == (405, False)


def test_too_large_is_refused_while_it_comes(site: Site) -> None:
    """By what was announced, and by what comes when nothing, or less, was announced."""
    assert site.post(b"x" * (MOST + 1)) == 413
    headers = {name: value for name, value in site.headers(b"").items() if value}

    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b"x" * 1_024

    try:
        status = site.web.post(f"{site.http.url}/webhooks/main", content=endless(), headers=headers).status_code
    except httpx2.TransportError:  # it was cut off while it was still sending
        status = 413
    assert status == 413
    assert site.receiver.refused[413] == 2
    assert site.post(b"x" * MOST) == 200


def test_a_slow_body_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Announced and never sent; shortened here."""
    assert receiving.BODY_SECONDS <= 5
    monkeypatch.setattr(receiving, "BODY_SECONDS", 0.2)
    lines = [f"{name}: {value}" for name, value in site.headers(BODY).items()]
    head = "\r\n".join(["POST /webhooks/main HTTP/1.1", "Host: x", "Content-Length: 90", *lines, "", ""])
    with site.raw(head.encode() + BODY[:10]) as slow:
        assert b" 408 " in slow.recv(4_096)


def test_a_connection_without_a_request_is_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one whose head never ends; shortened here."""
    monkeypatch.setattr("shoptide.serve.http.HEAD_SECONDS", 0.2)
    for begun in (b"", b"POST /webhooks/main HTTP/1.1\r\nX-A: "):
        with site.raw(begun) as idle:
            assert idle.recv(10) == b""


def test_a_body_cut_short_is_nothing(site: Site) -> None:
    """The sender went away: nothing is kept."""
    lines = [f"{name}: {value}" for name, value in site.headers(BODY).items()]
    head = "\r\n".join(["POST /webhooks/main HTTP/1.1", "Host: x", f"Content-Length: {len(BODY)}", *lines, "", ""])
    site.raw(head.encode() + BODY[:-5]).close()
    assert site.post(x_shopify_event_id="e-2") == 200
    assert [event for _, _, event in site.kept()] == ["e-2"]


def test_what_can_not_be_kept_is_not_acknowledged(site: Site) -> None:
    """503: Shopify comes again. Nothing of the reason is told."""
    with site.ledger.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE inbox")
    answer = site.web.post(f"{site.http.url}/webhooks/main", content=BODY, headers=site.headers(BODY))  # type: ignore[arg-type]
    assert (answer.status_code, answer.text) == (503, "try again later")


def test_a_payload_that_can_not_be_read_is_kept_all_the_same(site: Site) -> None:
    """It is signed: the store told something of that topic, and a pull will find it."""
    assert site.post(b"\xff{not json") == 200
    assert site.kept() == [("orders/updated", "", "e-1")]


def test_compliance_requests_are_kept_whole(site: Site) -> None:
    """What they ask for stands nowhere else."""
    body = b'{"shop_id":1,"shop_domain":"acme.myshopify.com","customer":{"id":5}}'
    assert site.post(body, x_shopify_topic="customers/redact") == 200
    (found,) = site.inbox.open(SHOP, site.ledger.clock.now(), 100)
    assert found.body == body.decode()


def test_draining_answers_what_came(tmp_path: Path) -> None:
    """Every 200 that was given is on disk when the process ends."""
    site = Site(tmp_path)
    codes = [site.post(x_shopify_event_id=f"e-{number}") for number in range(20)]
    site.close()
    again = open_ledger(LedgerConfig("sqlite:///ledger.db"), base=tmp_path)
    assert codes == [200] * 20
    assert len(Inbox(again).open(SHOP, again.clock.now(), 100)) == 20
    again.close()
