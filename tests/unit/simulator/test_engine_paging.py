"""Pages of a listing: sizes, cursors, order."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptide.shopify.schema import load
from shoptide.simulator import paging
from shoptide.simulator.context import Context
from shoptide.simulator.registry import Listing, TopLevelError, sort
from shoptide.simulator.shop import Shop, tail_of

ROOT = "pagedThings"
sort(
    ROOT,
    {"NAME": lambda row, _shop: row["name"], "ID": lambda row, _shop: int(tail_of(row["id"]))},
    default="ID",
)


def rows(names: list[str]) -> list[dict[str, Any]]:
    return [{"id": f"gid://shopify/Thing/{index + 1}", "name": name} for index, name in enumerate(names)]


def context() -> Context:
    return Context(Shop(), load("2026-10"))


def page(given_rows: list[dict[str, Any]], ctx: Context | None = None, **args: Any) -> dict[str, Any]:
    listing = Listing(kind="Thing", records=given_rows, root=ROOT)
    return paging.page(listing, args, ctx or context(), {"nodes", "edges", "pageInfo"})


@settings(deadline=None)  # a slow machine is no failure
@given(
    names=st.lists(st.text("abc", max_size=2), max_size=30),
    size=st.integers(1, 7),
    reverse=st.booleans(),
    key=st.sampled_from(["NAME", "ID"]),
)
def test_following_cursors_meets_every_row_once(names: list[str], size: int, reverse: bool, key: str) -> None:
    """Equal sort values, any size, either direction: no row twice, none left out."""
    everything = rows(names)
    expected = sorted(everything, key=lambda row: (row["name"] if key == "NAME" else "", int(tail_of(row["id"]))))
    expected = expected[::-1] if reverse else expected
    met: list[dict[str, Any]] = []
    after = None
    while True:
        found = page(everything, first=size, after=after, sortKey=key, reverse=reverse)
        met += found["nodes"]
        if not found["pageInfo"]["hasNextPage"]:
            break
        after = found["pageInfo"]["endCursor"]
    assert met == expected


def test_cursor_of_a_deleted_row_still_points_between_its_neighbours() -> None:
    """The page after a row that is gone begins with what followed it."""
    everything = rows(["a", "b", "c", "d"])
    cursor = page(everything, first=2, sortKey="NAME")["pageInfo"]["endCursor"]
    del everything[1]
    assert [row["name"] for row in page(everything, first=5, after=cursor, sortKey="NAME")["nodes"]] == ["c", "d"]


def test_cursor_is_base64_json_of_id_and_value() -> None:
    """FACTS 12."""
    cursor = page(rows(["a"]), first=1, sortKey="NAME")["edges"][0]["cursor"]
    assert json.loads(base64.b64decode(cursor)) == {"last_id": 1, "last_value": "a"}


def test_last_takes_from_the_end() -> None:
    """Backwards with before: the rows next to the cursor, in forward order."""
    everything = rows(["a", "b", "c", "d"])
    found = page(everything, last=2)
    assert [row["name"] for row in found["nodes"]] == ["c", "d"]
    before = found["pageInfo"]["startCursor"]
    earlier = page(everything, last=1, before=before)
    assert [row["name"] for row in earlier["nodes"]] == ["b"]
    assert earlier["pageInfo"]["hasPreviousPage"]
    assert earlier["pageInfo"]["hasNextPage"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ({}, "you must provide one of first or last"),
        ({"first": 1, "last": 1}, "providing both first and last is not supported"),
        ({"first": 1, "after": "nonsense"}, "Malformed cursor"),
    ],
)
def test_mistaken_sizes_are_bad_requests(args: dict[str, Any], words: str) -> None:
    """FACTS 13."""
    with pytest.raises(TopLevelError) as caught:
        page(rows(["a"]), **args)
    assert (caught.value.code, caught.value.message) == ("BAD_REQUEST", words)


def test_kept_listing_sees_every_change() -> None:
    """Pages share sorted work only while the shop stands still."""
    ctx = context()
    ctx.shop.clock.stop()
    table = ctx.shop.table("Thing")
    table.put({"id": "gid://shopify/Thing/1", "name": "a"})
    listing = Listing(kind="Thing", records=table, root=ROOT)
    assert len(paging.found(listing, {}, ctx)) == 1
    table.put({"id": "gid://shopify/Thing/2", "name": "b"})
    assert len(paging.found(listing, {}, ctx)) == 2
    table.remove("gid://shopify/Thing/1")
    assert [row["name"] for row in paging.found(listing, {}, ctx)] == ["b"]


def test_a_cursor_is_found_by_its_number_whatever_stands_behind_it() -> None:
    """The gid of an inventory level names its item too, another one in each row."""
    levels = [{"id": f"gid://shopify/InventoryLevel/{number}?inventory_item_id={9 - number}"} for number in range(1, 8)]
    listing = Listing(kind="InventoryLevel", records=levels)
    met, after = [], None
    while True:
        found = paging.page(listing, {"first": 3, "after": after}, context(), {"nodes", "pageInfo"})
        met += found["nodes"]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert met == levels
