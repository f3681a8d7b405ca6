"""Deletes that left no event, found by comparing ids: on request, and as often as the configuration says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pulling import Puller, every_scope, pulling, store, stream_of

from shoptide.shopify.schema import load
from shoptide.simulator.server import Running


def vanish(running: Running) -> str:
    """A customer goes without a trace, as records of apps that were removed do."""
    shop = running.world.shop
    with shop.lock:
        gid: str = next(iter(shop.table("Customer")))["id"]
        shop.table("Customer").remove(gid)
    return gid


def deleted(puller: Puller) -> list[str]:
    return [row[0] for row in puller.rows("select gid from customers where _deleted_at is not null")]


def test_a_delete_without_an_event_is_found_on_request(tmp_path: Path) -> None:
    with store(customers=12) as running, pulling(tmp_path, running, "customers") as puller:
        puller.whole()
        gone = vanish(running)
        puller.whole()
        assert deleted(puller) == []
        puller.whole(reconcile=True)
        assert deleted(puller) == [gone]


def test_a_pull_compares_ids_when_it_is_time(tmp_path: Path) -> None:
    day = timedelta(hours=24)
    with store(customers=12) as running, pulling(tmp_path, running, "customers") as puller:
        puller.whole(reconcile_every=day)
        gone = vanish(running)
        puller.whole(reconcile_every=day)
        assert deleted(puller) == [], "too early"
        puller.whole(reconcile_every=timedelta(seconds=0.001))
        assert deleted(puller) == [gone]


def test_orders_that_are_hidden_for_their_age_are_not_deleted(tmp_path: Path) -> None:
    """Without read_all_orders they are in no list, count or operation; what is younger and missing is gone."""
    streams = ("orders", "order_agreements", "order_metafields", "returns", "fulfillment_orders")
    with store(customers=4, products=3, orders=12) as running:
        shop = running.world.shop
        with shop.lock:
            yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
            for number, record in enumerate(shop.table("Order")):
                record["createdAt"] = "2020-01-01T00:00:00Z" if number < 5 else yesterday
            young = record["id"]
        with pulling(tmp_path, running, *streams) as puller:
            puller.whole()
            before = puller.content()
        shop.scopes = every_scope(load("2026-10")) - {"read_all_orders"}
        with pulling(tmp_path, running, *streams) as puller:
            assert stream_of(puller.whole(full_refresh=True), "orders").seen == 7
            puller.whole(reconcile=True)
            puller.whole(full_refresh=True, reconcile=True)
            assert puller.content() == before
            with shop.lock:
                shop.table("Order").remove(young)
            puller.whole(reconcile=True)
            assert puller.rows("select gid from orders where _deleted_at is not null") == [(young,)]
