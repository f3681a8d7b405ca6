"""Compliance requests: answered, carried out, and noted; what only looks like one is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx2
from pulling import store
from serving import SECRET, SHOP, Serving, serving, until

from shoptide.journal import RecordState
from shoptide.outbound.publication import publish
from shoptide.shopify.webhooks import signature


def ask(found: Serving, topic: str, body: dict[str, Any], event: str = "e-1") -> None:
    """Send a request as Shopify does, to the one address of an app's file."""
    raw = json.dumps(body).encode()
    headers = {
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": signature(SECRET.encode(), raw).decode(),
        "x-shopify-shop-domain": SHOP,
        "x-shopify-api-version": "2026-10",
        "x-shopify-event-id": event,
    }
    assert httpx2.post(f"{found.http.url}/webhooks", content=raw, headers=headers).status_code == 200


def requests(found: Serving) -> list[Any]:
    return [run for run in found.ledger.runs() if run.kind == "compliance" and run.outcome]


def customer_of_an_order(found: Serving) -> tuple[str, int]:
    gid: str = found.rows("select customer_gid from orders where customer_gid is not null order by 1 limit 1")[0][0]
    return gid, int(gid.rsplit("/", 1)[-1])


def test_what_is_held_about_a_person_is_handed_out(tmp_path: Path) -> None:
    """Into a file for the operator: their row, orders and everything below, and nobody else's."""
    with (
        store(customers=5, products=4, orders=12) as running,
        serving(tmp_path, running, "customers", "orders") as found,
    ):
        found.pull()
        gid, number = customer_of_an_order(found)
        body = {"shop_id": 1, "shop_domain": SHOP, "customer": {"id": number}, "data_request": {"id": 99}}
        ask(found, "customers/data_request", body)
        until(lambda: requests(found))
        path = tmp_path / ".shoptide" / "compliance" / f"{SHOP}.data_request.99.json"
        tables = json.loads(path.read_text())["tables"]
        assert path.stat().st_mode & 0o077 == 0
        assert [row["gid"] for row in tables["customers"]] == [gid]
        orders = {row[0] for row in found.rows(f"select gid from orders where customer_gid = '{gid}'")}
        assert {row["gid"] for row in tables["orders"]} == orders
        assert {row["order_gid"] for row in tables["order_line_items"]} <= orders
        (run,) = requests(found)
        assert (run.outcome, run.summary["customer"], run.summary["rows"]["customers"]) == ("succeeded", gid, 1)
        until(found.settled)


def test_a_person_is_redacted(tmp_path: Path) -> None:
    """No word of them is left in any table; asked twice, it is done once."""
    with (
        store(customers=5, products=4, orders=12) as running,
        serving(tmp_path, running, "customers", "orders") as found,
    ):
        found.pull()
        gid, number = customer_of_an_order(found)
        email = found.rows(f"select email from customers where gid = '{gid}'")[0][0]
        body = {"shop_id": 1, "shop_domain": SHOP, "customer": {"id": number}, "orders_to_redact": []}
        sent = {"email": email, "note": "secret"}
        found.ledger.settle([RecordState("vip", "k1", "applied", "update", "r1", gid, "h1", sent, message=email)])
        publish(found.warehouse, found.ledger)
        for _ in range(2):
            ask(found, "customers/redact", body)
        until(lambda: requests(found))
        until(found.settled)
        assert found.rows(f"select email, _deleted_at is null from customers where gid = '{gid}'") == [(None, False)]
        for table in ("customers", "orders", "customer_addresses"):
            assert email not in str(found.rows(f"from {table}"))
        assert len(requests(found)) == 1
        (state,) = found.ledger.records("vip")
        assert (state.hash, state.sent, state.message) == ("h1", None, None)
        assert email not in str([found.ledger.history("vip", "k1"), found.rows("from _shoptide_record_history")])
        assert email not in str(found.rows("from _shoptide_record_states"))


def test_a_shop_is_forgotten_only_when_the_app_is_gone(tmp_path: Path) -> None:
    """While the token works the request is refused, and said; afterwards every row goes."""
    with store(customers=3) as running, serving(tmp_path, running, "customers") as found:
        found.pull()
        ask(found, "shop/redact", {"shop_id": 1, "shop_domain": SHOP})
        until(lambda: requests(found))
        assert requests(found)[0].outcome == "failed"
        assert "still installed" in requests(found)[0].summary["error"]
        assert found.rows("select count(*) from customers") == [(3,)]
        running.world.shop.tokens.clear()
        ask(found, "shop/redact", {"shop_id": 1, "shop_domain": SHOP}, "e-2")
        until(lambda: found.rows("select count(*) from customers") == [(0,)])
        until(lambda: found.inbox.depth() == {"failed": 1, "done": 1})


def test_another_topic_over_a_signed_body_is_no_request(tmp_path: Path) -> None:
    """Headers are not signed: who has caught an order's delivery could send it again as a request to redact."""
    with (
        store(customers=3, products=3, orders=6) as running,
        serving(tmp_path, running, "customers", "orders") as found,
    ):
        found.pull()
        _, number = customer_of_an_order(found)
        ask(found, "customers/redact", {"id": 7, "customer": {"id": number}})
        until(lambda: found.inbox.depth() == {"failed": 1})
        assert found.rows("select count(*) from customers where _deleted_at is not null") == [(0,)]
        assert requests(found) == []
