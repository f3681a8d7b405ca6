"""Deletes that left no event, found by comparing ids: on request, and as often as the configuration says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pulling import Puller, pulling, store

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
