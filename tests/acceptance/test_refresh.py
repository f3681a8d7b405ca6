"""Single records brought up to date by their ids: as a pull would have them, and gone when they are gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulling import Puller, pulling, store

from shoptide.config import PullConfig
from shoptide.inbound.paging import NotByPages
from shoptide.inbound.plans import plan_one
from shoptide.inbound.refresh import Refresher
from shoptide.resources.topics import BY_TOPIC
from shoptide.shopify.schema import SUPPORTED_VERSIONS, load

VIA_ORDERS = ("fulfillments", "returns", "order_agreements")


def refresh(puller: Puller, stream: str, *gids: str, **options: Any) -> dict[str, Any]:
    """Refresh these; returns the changes by table."""
    plan = plan_one(puller.config, puller.client.schema, puller.client.access().scopes, stream)
    refresher = Refresher(
        puller.client, puller.warehouse, "told", puller.base / "told", lambda _stream: False, lambda: False
    )
    return {each.table: each for each in refresher.refresh(plan, gids, puller.clock.now(), **options)}


def gids_of(puller: Puller, table: str) -> list[str]:
    return [row[0] for row in puller.rows(f"select gid from {table} where _deleted_at is null order by gid")]


def test_what_was_told_of_is_as_a_pull_would_have_it(tmp_path: Path) -> None:
    """Changed records come with their children, the others are left alone."""
    streams = ("customers", "products", "orders", *VIA_ORDERS)
    with store(customers=8, products=6, orders=12) as running, pulling(tmp_path, running, *streams) as puller:
        puller.whole()
        shop = running.world.shop
        changed = {kind: shop.table(kind).all()[1]["id"] for kind in ("Customer", "Product", "Order")}
        with shop.lock:
            for gid in changed.values():
                record = {**(shop.get(gid) or {}), "tags": ["told"]}
                shop.touch(record)
                shop.table(gid.split("/")[3]).put(record)
        for stream, kind in (("customers", "Customer"), ("products", "Product"), ("orders", "Order")):
            own = refresh(puller, stream, changed[kind])[stream]
            assert (own.new, own.changed) == (0, 1)
        told = puller.content()
        puller.whole(full_refresh=True)
        assert puller.content() == told


@pytest.mark.parametrize("stream", VIA_ORDERS)
def test_what_hangs_on_an_order_is_found_by_it(stream: str, tmp_path: Path) -> None:
    """Into empty tables, from all orders: the same rows as a pull."""
    with store(customers=5, products=6, orders=25) as running, pulling(tmp_path, running, stream) as puller:
        orders = [record["id"] for record in running.world.shop.table("Order").all()]
        refresh(puller, stream, *orders)
        told = puller.content()
        puller.whole()
        assert puller.content() == told


def test_what_the_store_no_longer_has_is_marked(tmp_path: Path) -> None:
    """With its children; what it may only hide is left as it is."""
    streams = ("orders", "fulfillments")
    with store(customers=5, products=6, orders=25) as running, pulling(tmp_path, running, *streams) as puller:
        puller.whole()
        gone, hidden = (row[0] for row in puller.rows("select distinct order_gid from fulfillments order by 1 limit 2"))
        with running.world.shop.lock:
            for gid in (gone, hidden):
                running.world.shop.table("Order").remove(gid)
        for stream in streams:
            refresh(puller, stream, gone, hidden, doubtful=frozenset({hidden}))
        for table, column in (("orders", "gid"), ("order_line_items", "order_gid"), ("fulfillments", "order_gid")):
            marked = puller.rows(f"select distinct {column} from {table} where _deleted_at is not null")
            assert marked == [(gone,)], table


def test_told_twice_changes_nothing(tmp_path: Path) -> None:
    """A record that is already as the store has it is no row written."""
    with store(customers=4, products=3, orders=5) as running, pulling(tmp_path, running, "orders") as puller:
        puller.whole()
        changes = refresh(puller, "orders", *gids_of(puller, "orders"))
        assert {(each.new, each.changed, each.deleted) for each in changes.values()} == {(0, 0, 0)}


def test_levels_are_not_read_by_ids(tmp_path: Path) -> None:
    """They are searched for below their locations."""
    with (
        store(products=3) as running,
        pulling(tmp_path, running, "inventory_levels") as puller,
        pytest.raises(NotByPages),
    ):
        refresh(puller, "inventory_levels", "gid://shopify/Location/1")


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_what_a_topic_names_is_what_its_streams_list(version: str) -> None:
    """An id of another type would never be found, and its row marked as deleted."""
    for topic, hint in BY_TOPIC.items():
        for stream in hint.streams if hint.kind else ():
            plan = plan_one(PullConfig("p", "main", (stream,)), load(version), None, stream)
            assert plan.closed or plan.place.carrier.name == hint.kind, (topic, stream)
            assert plan.closed or plan.carriers_document(), stream
