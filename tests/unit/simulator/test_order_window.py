"""Without read_all_orders an app sees the orders of the last 60 days, and nothing tells it so."""

from __future__ import annotations

import pytest
from asking import Store
from ordering import created

OLD, NEW = "old@example.com", "new@example.com"
SCOPES = {"read_orders", "write_orders", "read_customers"}


@pytest.fixture
def store() -> Store:
    store = Store()
    created(store.world, email=OLD)
    store.later(61 * 86_400)
    created(store.world, email=NEW)
    return store


def mails(store: Store, document: str = "{ orders(first: 9) { nodes { email } } }") -> list[str]:
    return [row["email"] for row in store.ask(document)["nodes"]]


def test_old_orders_are_left_out_of_lists_and_counts(store: Store) -> None:
    """No error, no warning: lists and counts are shorter."""
    assert mails(store) == [OLD, NEW]
    store.shop.scopes = set(SCOPES)
    assert mails(store) == [NEW]
    assert store.ask("{ ordersCount { count } }") == {"count": 1}
    store.shop.scopes = {*SCOPES, "read_all_orders"}
    assert mails(store) == [OLD, NEW]


def test_old_orders_are_null_by_id(store: Store) -> None:
    """order, node and nodes hide them alike."""
    old, new = [row["id"] for row in store.shop.table("Order")]
    store.shop.scopes = set(SCOPES)
    assert store.ask("query($id: ID!) { order(id: $id) { id } }", id=old) is None
    assert store.ask("query($id: ID!) { node(id: $id) { id } }", id=old) is None
    assert store.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[old, new]) == [None, {"id": new}]


def test_window_moves_with_the_clock(store: Store) -> None:
    """What was visible yesterday is gone tomorrow, without any change."""
    store.shop.scopes = set(SCOPES)
    store.later(59 * 86_400)
    assert mails(store) == [NEW]
    store.later(2 * 86_400)
    assert mails(store) == []


def test_late_bump_stamps_a_new_order_again() -> None:
    """Some seconds after orderCreate updatedAt moves with no write in between; off by default."""
    store = Store()
    created(store.world)
    store.later(10)
    assert store.ask("{ orders(first: 1) { nodes { createdAt updatedAt } } }")["nodes"] == [
        {"createdAt": "2026-10-01T12:00:00Z", "updatedAt": "2026-10-01T12:00:00Z"}
    ]
    store.shop.settings["late_bump"] = 1
    gid = created(store.world)["id"]
    read = "query($id: ID!) { order(id: $id) { updatedAt } }"
    assert store.ask(read, id=gid) == {"updatedAt": "2026-10-01T12:00:10Z"}
    store.later(3)
    assert store.ask("query($id: ID!) { node(id: $id) { ... on Order { updatedAt } } }", id=gid) == {
        "updatedAt": "2026-10-01T12:00:11Z"
    }
