"""The search index runs behind the records where it is told to; reading by id never does."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

from shoptide.simulator import index, state

CREATE = "mutation($input: CustomerInput!) { customerCreate(input: $input) { customer { id } userErrors { message } } }"
UPDATE = "mutation($input: CustomerInput!) { customerUpdate(input: $input) { customer { id } userErrors { message } } }"
DELETE = "mutation($id: ID!) { customerDelete(input: {id: $id}) { deletedCustomerId userErrors { message } } }"
FIND = "query($q: String) { customers(first: 9, query: $q) { nodes { id email } } }"
COUNT = "query($q: String) { customersCount(query: $q) { count precision } }"


@pytest.fixture
def store() -> Store:
    store = Store()
    index.set_lag(store.shop, {"Customer": 30})
    return store


def created(store: Store, **given: Any) -> str:
    payload = store.ask(CREATE, input={"email": "ann@example.com", **given})
    assert payload["userErrors"] == []
    return str(payload["customer"]["id"])


def found(store: Store, query: str) -> list[str]:
    return [row["id"] for row in store.ask(FIND, q=query)["nodes"]]


def test_new_record_is_found_when_the_index_has_caught_up(store: Store) -> None:
    """Search and count miss it for 30 seconds; by id and by identifier it is there at once."""
    gid = created(store)
    assert found(store, "email:ann@example.com") == []
    assert store.ask(COUNT, q="email:ann@example.com") == {"count": 0, "precision": "EXACT"}
    assert store.ask("query($id: ID!) { node(id: $id) { id } }", id=gid) == {"id": gid}
    known = 'query { customerByIdentifier(identifier: {emailAddress: "ann@example.com"}) { id } }'
    assert store.ask(known) == {"id": gid}
    assert [row["id"] for row in store.ask("{ customers(first: 5) { nodes { id } } }")["nodes"]] == [gid]
    store.later(29)
    assert found(store, "email:ann@example.com") == []
    store.later(1)
    assert found(store, "email:ann@example.com") == [gid]


def test_changed_record_is_found_by_what_it_was_and_shown_as_it_is(store: Store) -> None:
    """The index gives ids by the old value; the rows are read from the records."""
    gid = created(store)
    store.later(60)
    store.ask(UPDATE, input={"id": gid, "email": "new@example.com"})
    rows = store.ask(FIND, q="email:ann@example.com")["nodes"]
    assert rows == [{"id": gid, "email": "new@example.com"}]
    assert found(store, "email:new@example.com") == []
    store.later(30)
    assert found(store, "email:ann@example.com") == []
    assert found(store, "email:new@example.com") == [gid]


def test_deleted_record_is_counted_until_the_index_knows(store: Store) -> None:
    """No row is shown for it, but the count still has it."""
    gid = created(store)
    store.later(60)
    store.ask(DELETE, id=gid)
    assert found(store, "email:ann@example.com") == []
    assert store.ask(COUNT, q="email:ann@example.com")["count"] == 1
    store.later(30)
    assert store.ask(COUNT, q="email:ann@example.com")["count"] == 0


def test_sorted_list_lags_as_searches_do(store: Store) -> None:
    """A list in an order of its own comes from the index, the plain one from the records."""
    first, second = created(store), created(store, email="bea@example.com")
    store.later(60)
    store.ask(UPDATE, input={"id": first, "note": "x"})
    by_change = "{ customers(first: 5, sortKey: UPDATED_AT) { nodes { id } } }"
    assert [row["id"] for row in store.ask(by_change)["nodes"]] == [first, second]
    store.later(30)
    assert [row["id"] for row in store.ask(by_change)["nodes"]] == [second, first]


def test_lag_is_off_unless_asked_for_and_by_type() -> None:
    """Customers lag, products don't; nothing lags in a shop that wasn't told to."""
    plain = Store()
    assert found(plain, "email:ann@example.com") == []
    gid = created(plain)
    assert found(plain, "email:ann@example.com") == [gid]
    index.set_lag(plain.shop, {"Product": 30})
    other = created(plain, email="bea@example.com")
    assert found(plain, "email:bea@example.com") == [other]
    index.set_lag(plain.shop, 5)
    assert index.lags(plain.shop)["Customer"] == 5
    index.set_lag(plain.shop, 0)
    assert index.lags(plain.shop) == {}


def test_restored_shop_is_indexed_at_once(store: Store) -> None:
    """What a dump brings is not news to the index."""
    gid = created(store)
    state.restore(store.shop, state.dump(store.shop))
    assert found(store, "email:ann@example.com") == [gid]


@pytest.mark.parametrize("wanted", ["x", {"Nothing": 3}, {"Customer": -1}, {"Customer": "3"}])
def test_lag_nobody_can_follow_is_refused(store: Store, wanted: Any) -> None:
    """The words name the type or the value."""
    with pytest.raises(ValueError, match="index_lag"):
        index.set_lag(store.shop, wanted)
