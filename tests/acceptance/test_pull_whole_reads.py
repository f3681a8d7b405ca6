"""Streams that no search by last change covers: read whole when it is due, by the way that takes fewer requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pulling import Puller, pulling, store, stream_of

from shoptide.config import StreamConfig
from shoptide.simulator.server import start
from shoptide.simulator.world import World

SET = "mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { userErrors { message } } }"


@pytest.fixture
def puller(tmp_path: Path) -> Iterator[Puller]:
    world = World.seeded(customers=3, products=3, seed=4, plan="enterprise")
    world.shop.settings["bulk_seconds"] = 0.05
    with start(world) as running, pulling(tmp_path, running, "product_metafields", "gift_cards") as found:
        found.quick()
        yield found


def metafields(puller: Puller, *, owner: int = 0, number: int = 1, value: str = "a") -> None:
    product = puller.running.world.shop.table("Product").all()[owner]
    given = [
        {
            "ownerId": product["id"],
            "namespace": "custom",
            "key": f"key_{index}",
            "type": "single_line_text_field",
            "value": value,
        }
        for index in range(number)
    ]
    for start_at in range(0, number, 25):
        data = puller.client.execute(SET, {"m": given[start_at : start_at + 25]}).data
        assert data["metafieldsSet"]["userErrors"] == []


def values(puller: Puller) -> list[str]:
    return [row[0] for row in puller.rows("select distinct value from product_metafields order by 1")]


def quietly(puller: Puller, value: str) -> None:
    """A metafield changes and its owner's updatedAt stays."""
    shop = puller.running.world.shop
    with shop.lock:
        for record in shop.table("Metafield"):
            shop.table("Metafield").put({**record, "value": value})


def test_what_moves_without_its_owner_is_read_when_it_is_due(puller: Puller) -> None:
    """Once a day as declared, or as often as configured; in between, what the owners' changes bring."""
    metafields(puller)
    puller.whole()
    quietly(puller, "b")
    puller.whole()
    assert values(puller) == ["a"]
    puller.running.world.shop.clock.move(25 * 3600)
    puller.config = replace(puller.config, stream={"product_metafields": StreamConfig(refresh=timedelta(seconds=0))})
    report = puller.whole()
    assert values(puller) == ["b"]
    assert stream_of(report, "product_metafields").reason.startswith("it is time to read everything again")
    puller.config = replace(puller.config, stream={"product_metafields": StreamConfig(refresh=timedelta(hours=1))})
    quietly(puller, "c")
    puller.whole()
    assert values(puller) == ["b"]


def test_owners_with_more_than_a_page_are_left_to_a_bulk_operation(puller: Puller) -> None:
    """Reading on owner by owner takes a request each; the operation takes none."""
    for owner in range(3):
        metafields(puller, owner=owner, number=200)
    puller.running.world.first.requests = 0
    stream = stream_of(puller.whole(), "product_metafields")
    assert stream.path == "paged"
    assert puller.rows("select count(*) from product_metafields") == [(600,)]
    with puller.running.world.shop.lock:
        shop = puller.running.world.shop
        product = shop.table("Product").all()[0]
        for number in range(60):
            made = {**product, "id": shop.new_id("Product"), "title": f"More {number}"}
            shop.table("Product").put(made)
            for index in range(60):
                source = shop.table("Metafield").all()[index]
                shop.table("Metafield").put({**source, "id": shop.new_id("Metafield"), "_owner": made["id"]})
    stream = stream_of(puller.whole(full_refresh=True), "product_metafields")
    assert stream.path == "bulk"
    assert "more than a page" in stream.reason
    assert puller.rows("select count(*) from product_metafields where _deleted_at is null") == [(600 + 60 * 60,)]


def test_a_count_and_the_newest_change_spare_a_whole_read(puller: Puller) -> None:
    """Gift cards can't be searched by their last change, but sorted by it."""
    create = 'mutation { giftCardCreate(input: {initialValue: "20"}) { giftCard { id } userErrors { message } } }'
    card = puller.client.execute(create, {}).data["giftCardCreate"]["giftCard"]["id"]
    puller.running.world.shop.clock.move(5)
    puller.whole()
    assert puller.rows("select count(*) from gift_cards") == [(1,)]
    idle = stream_of(puller.whole(), "gift_cards")
    assert (idle.path, idle.calls) == ("none", 1)
    with puller.running.world.shop.lock:
        shop = puller.running.world.shop
        record = shop.table("GiftCard").get(card)
        assert record is not None
        shop.touch(record)
        shop.table("GiftCard").put({**record, "note": "changed"})
    puller.running.world.shop.clock.move(5)
    moved = stream_of(puller.whole(), "gift_cards")
    assert moved.path == "paged"
    assert puller.rows("select note from gift_cards") == [("changed",)]
    with puller.running.world.shop.lock:
        puller.running.world.shop.table("GiftCard").remove(card)
    puller.whole()
    assert puller.rows("select count(*) from gift_cards where _deleted_at is null") == [(0,)]


def test_a_stream_without_records_is_read_whole_as_often_as_asked(tmp_path: Path) -> None:
    """Its tables are there and stay empty."""
    with store(customers=2) as running, pulling(tmp_path, running, "returns") as puller:
        for _ in range(2):
            puller.whole(full_refresh=True)
        assert puller.rows("select count(*) from returns") == [(0,)]
