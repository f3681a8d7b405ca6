"""Following a connection."""

from __future__ import annotations

import pytest
from modelled_time import ModelClock
from shop_server import Says, ShopServer, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import InvalidDocument, ProofFailed
from shoptide.shopify.client import AdminClient
from shoptide.shopify.pages import paged

ORDERS = "query($after: String) { orders(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }"


def client_of(server: ShopServer) -> AdminClient:
    return AdminClient(ShopConfig("main", "acme", access_token=Secret("x"), base_url=server.url), clock=ModelClock())


def page(ids: list[int], following: str | None, edges: bool = False) -> Says:
    found: dict[str, object] = {"pageInfo": {"hasNextPage": following is not None, "endCursor": following}}
    found.update({"edges": [{"node": {"id": n}} for n in ids]} if edges else {"nodes": [{"id": n} for n in ids]})
    return graphql({"orders": found})


@pytest.mark.parametrize("edges", [False, True])
def test_yields_every_page_until_the_last(edges: bool) -> None:
    """Nodes asked for either way; the cursor of one page asks for the next."""
    with serving(page([1, 2], "b", edges), page([3, 4], "d", edges), page([5], None, edges)) as server:
        with client_of(server) as client:
            found = [[node["id"] for node in nodes] for nodes in paged(client, ORDERS, {}, "orders")]
        assert [each.json["variables"].get("after") for each in server.heard] == [None, "b", "d"]
    assert found == [[1, 2], [3, 4], [5]]


def test_follows_a_connection_below_an_object() -> None:
    """The path leads there; a parent that is gone ends it."""
    lines = {"nodes": [{"id": 1}], "pageInfo": {"hasNextPage": False, "endCursor": "z"}}
    document = "query($after: String) { order(id: 1) { lineItems(first: 1, after: $after) { nodes { id } } } }"
    with (
        serving(graphql({"order": {"lineItems": lines}}), graphql({"order": None})) as server,
        client_of(server) as client,
    ):
        assert list(paged(client, document, None, ("order", "lineItems"))) == [[{"id": 1}]]
        assert list(paged(client, document, None, ("order", "lineItems"))) == []


@pytest.mark.parametrize("following", ["", "b"])
def test_a_cursor_that_does_not_move_is_an_error(following: str) -> None:
    """Otherwise the same page would come for ever."""
    with (
        serving(page([1], "b"), page([2], following)) as server,
        client_of(server) as client,
        pytest.raises(ProofFailed, match="no new cursor"),
    ):
        list(paged(client, ORDERS, {}, "orders"))


def test_a_query_without_page_info_is_an_error() -> None:
    """It would look like a single page."""
    with (
        serving(graphql({"orders": {"nodes": [{"id": 1}]}})) as server,
        client_of(server) as client,
        pytest.raises(InvalidDocument, match="pageInfo"),
    ):
        list(paged(client, "{ orders(first: 1) { nodes { id } } }", None, "orders"))
