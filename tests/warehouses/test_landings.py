"""Landings: rows merged, children replaced, versions kept, deletes marked, cursors moved, on every warehouse."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from kit import LARGE, NOW, ONE, SHOP, TWO, Kit, money, order, taxes

from shoptide.errors import ShoptideError
from shoptide.inbound import cursors, deletions
from shoptide.inbound.landing import TableChange
from shoptide.inbound.redaction import redact_customer
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load


class BrokenOffError(ShoptideError):
    """What interrupts a landing here."""


@pytest.mark.capability("merge")
def test_new_changed_and_unchanged_rows(kit: Kit) -> None:
    """An unchanged row is not written again: it keeps the run that brought it."""
    first = kit.land(order(ONE, note="a", totalPriceSet=money("12.5"), test=False), order(TWO, note="b"))
    second = kit.land(order(ONE, note="a", totalPriceSet=money("12.5"), test=False), order(TWO, note="c"))
    assert first["orders"] == TableChange("orders", new=2)
    assert second["orders"] == TableChange("orders", changed=1, unchanged=1)
    assert kit.rows("SELECT gid, note, _run_id, total_price_set_amount, test FROM {orders} ORDER BY gid") == [
        (ONE, "a", "run-1", Decimal("12.500000"), False),
        (TWO, "c", "run-2", None, None),
    ]


@pytest.mark.capability("merge with composite keys")
def test_rows_are_found_by_all_parts_of_their_key(kit: Kit) -> None:
    """Below each order its lines are told apart by their position."""
    kit.land(order(ONE, **taxes("GST", "PST")), order(TWO, **taxes("GST")))
    changes = kit.land(order(ONE, **taxes("GST", "QST")), order(TWO, **taxes("GST", "HST")))
    assert changes["order_tax_lines"] == TableChange("order_tax_lines", new=1, changed=1, unchanged=2)
    assert kit.rows("SELECT order_gid, position, title, _run_id FROM {order_tax_lines} ORDER BY 1, 2") == [
        (ONE, 0, "GST", "run-1"),
        (ONE, 1, "QST", "run-2"),
        (TWO, 0, "GST", "run-1"),
        (TWO, 1, "HST", "run-2"),
    ]


@pytest.mark.capability("replace children")
def test_children_that_a_parent_lost_go_and_others_stay(kit: Kit) -> None:
    kit.land(order(ONE, **taxes("GST", "PST")), order(TWO, **taxes("GST")))
    changes = kit.land(order(ONE, **taxes("GST")))
    assert changes["order_tax_lines"] == TableChange("order_tax_lines", unchanged=1, deleted=1)
    assert kit.rows("SELECT order_gid FROM {order_tax_lines} ORDER BY 1") == [(ONE,), (TWO,)]


@pytest.mark.capability("cursor with rows or not at all")
def test_rows_and_cursor_are_there_together(kit: Kit) -> None:
    """What breaks before the end leaves neither, and no table either; run again, both are there."""
    with kit.warehouse.transaction():
        cursors.prepare(kit.warehouse)
    landing = kit.landing()
    kit.prove(landing, order(ONE))
    with pytest.raises(BrokenOffError), kit.warehouse.transaction():  # noqa: PT012  # all of it is undone
        landing.declare()
        landing.merge(whole=False)
        kit.save_cursor(1)
        raise BrokenOffError("in the last moment")
    assert kit.cursor() is None
    assert kit.warehouse.columns("orders") == {}
    with kit.warehouse.transaction():
        landing.declare()
        landing.merge(whole=False)
        kit.save_cursor(2)
    found = kit.cursor()
    assert found is not None
    assert (found.cursor, found.seen) == (NOW + timedelta(hours=2), 2)
    assert kit.rows("SELECT gid FROM {orders}") == [(ONE,)]


@pytest.mark.capability("soft delete")
def test_what_went_is_marked_and_comes_back(kit: Kit) -> None:
    """By a whole read, by the store's events with all children, and back again."""
    kit.land(order(ONE, **taxes("GST")), order(TWO, **taxes("GST")))
    changes = kit.land(order(ONE, **taxes("GST")), whole=True)
    assert changes["orders"].deleted == 1
    assert kit.rows("SELECT gid FROM {orders} WHERE _deleted_at IS NOT NULL") == [(TWO,)]
    assert kit.rows("SELECT order_gid FROM {order_tax_lines}") == [(ONE,)]
    with kit.warehouse.transaction():
        marked = deletions.mark(kit.warehouse, kit.plan(), SHOP, [ONE, "gid://shopify/Product/9"], NOW)
    assert {each.table: each.deleted for each in marked if each.deleted} == {"orders": 1, "order_tax_lines": 1}
    assert kit.land(order(ONE, **taxes("GST")))["orders"] == TableChange("orders", changed=1)
    assert kit.rows("SELECT gid FROM {orders} WHERE _deleted_at IS NULL") == [(ONE,)]


@pytest.mark.capability("history")
def test_each_version_is_kept_once(kit: Kit) -> None:
    for note in ("one", "one", "two", "one"):
        kit.land(order(ONE, note=note, **taxes("GST", note)), keep=True)
    kit.land(whole=True, keep=True)
    found = kit.rows("SELECT note, _valid_from, _valid_to FROM {orders_history} ORDER BY _valid_from")
    start, hour = NOW.replace(tzinfo=None), timedelta(hours=1)
    hours = [(note, *[(moment - start) // hour for moment in row]) for note, *row in found]
    assert hours == [("one", 1, 3), ("two", 3, 4), ("one", 4, 5)]
    assert kit.rows("SELECT count(*) FROM {order_tax_lines_history} WHERE _valid_to IS NULL") == [(0,)]
    assert kit.rows("SELECT count(*) FROM {order_tax_lines_history}") == [(4,)]


@pytest.mark.capability("schema change")
def test_a_new_field_is_a_new_column_and_one_of_another_type_is_text(kit: Kit) -> None:
    """Values of before stay, as text where the type changed; the history follows."""
    kit.land(order(ONE, note="kept"), plan=kit.plan("name", "note", "test"), keep=True)
    landing = kit.landing()
    with kit.warehouse.transaction():
        altered = landing.declare()
    assert "orders.total_price_set_amount added as DECIMAL(20, 6)" in altered
    kit.land(order(ONE, note="kept", totalPriceSet=money("0.5")), keep=True)
    assert kit.rows("SELECT note, total_price_set_amount FROM {orders}") == [("kept", Decimal("0.500000"))]
    with kit.warehouse.transaction():
        kit.warehouse.retype("orders", "total_price_set_amount", "VARCHAR")
        kit.warehouse.retype("orders_history", "total_price_set_amount", "VARCHAR")
    assert kit.rows("SELECT total_price_set_amount FROM {orders}") == [("0.500000",)]
    kit.land(order(TWO, totalPriceSet=money("2")), keep=True)
    held = dict(kit.rows("SELECT gid, total_price_set_amount FROM {orders}"))
    assert Decimal(held[TWO]) == 2
    assert kit.warehouse.columns("orders")["total_price_set_amount"] == "VARCHAR"


@pytest.mark.capability("history")
def test_hashes_of_another_engine_are_made_anew(kit: Kit) -> None:
    """After an upgrade of the workbench no unchanged row looks changed."""
    kit.land(order(ONE, note="a"), order(TWO, note="b"), keep=True)
    with kit.warehouse.transaction():
        for table in ("orders", "orders_history"):
            kit.warehouse.run(f"UPDATE {kit.warehouse.table(table)} SET _row_hash = 'old:' || gid")
    changes = kit.land(order(ONE, note="a"), order(TWO, note="changed"), keep=True)
    assert changes["orders"] == TableChange("orders", changed=1, unchanged=1)
    assert kit.rows("SELECT gid, count(*) FROM {orders_history} GROUP BY gid ORDER BY gid") == [(ONE, 1), (TWO, 2)]


@pytest.mark.capability("redaction")
def test_a_person_is_taken_out_of_tables_and_histories(kit: Kit) -> None:
    plan = plan_stream(STREAMS["customers"], load("2026-10"), include=("firstName", "note"))
    gid = "gid://shopify/Customer/7"
    record = {"__typename": "Customer", "id": gid, "firstName": "Zoë", "note": "tall"}
    kit.land(record, plan=plan, keep=True)
    assert redact_customer(kit.warehouse, SHOP, gid, NOW) == {"customers": 1, "customers_history": 1}
    assert kit.rows("SELECT gid, first_name, note, _row_hash FROM {customers}") == [(gid, None, None, "redacted")]
    assert kit.rows("SELECT first_name FROM {customers_history}") == [(None,)]


@pytest.mark.capability("large load")
def test_a_large_load_and_the_same_again(kit: Kit) -> None:
    """SHOPTIDE_KIT_ROWS orders with a child each, then once more with one of them changed."""
    record = {**order("%d"), **taxes("GST")}
    text = json.dumps(record).replace('"%d"', '"gid://shopify/Order/%d"') + "\n"
    changed, path = text.replace("#1", "#2"), kit.folder / "large.jsonl"
    for turn in range(2):
        landing = kit.landing()
        with path.open("w") as file:
            file.writelines(text % number if number or not turn else (changed % 0) for number in range(LARGE))
        with kit.warehouse.bounded(), kit.warehouse.errors():
            landing.staging.scan([path])
            landing.staging.split()
            with kit.warehouse.transaction():
                landing.declare()
                changes = {each.table: each for each in landing.merge(whole=False)}
        landing.staging.drop()
        if turn == 0:
            assert (changes["orders"].new, changes["order_tax_lines"].new) == (LARGE, LARGE)
    assert changes["orders"] == TableChange("orders", changed=1, unchanged=LARGE - 1)
    assert changes["order_tax_lines"] == TableChange("order_tax_lines", unchanged=LARGE)
    assert kit.rows("SELECT count(*), count(DISTINCT gid) FROM {orders}") == [(LARGE, LARGE)]


@pytest.mark.capability("interrupted load")
def test_an_interrupted_load_leaves_what_was_there(kit: Kit) -> None:
    """Also when it breaks in the middle of the rows; the next load is as if there had been none before."""
    kit.land(order(ONE, note="before"))
    landing = kit.landing()
    kit.prove(landing, *(order(f"gid://shopify/Order/{number}", note="during") for number in range(1, 2000)))
    broken = kit.warehouse.workbench
    broken.execute("CREATE OR REPLACE TEMP TABLE _broken AS SELECT 'gid' || i AS gid, i FROM range(300000) r(i)")
    chosen = {"gid": "CASE WHEN s.i = 299999 THEN error('broken off') ELSE s.gid END"}
    broken_off = pytest.raises(ShoptideError, match="broken off")
    with broken_off, kit.warehouse.errors(), kit.warehouse.transaction():
        landing.merge(whole=False)
        kit.warehouse.insert("orders", chosen, "_broken")
    assert kit.rows("SELECT gid, note FROM {orders}") == [(ONE, "before")]
    changes = kit.land(order(ONE, note="after"), order(TWO))
    assert changes["orders"] == TableChange("orders", new=1, changed=1)


@pytest.mark.capability("concurrent reader")
def test_a_reader_sees_whole_transactions(kit: Kit) -> None:
    """While rows are merged it reads what was there, and is not kept waiting."""
    kit.land(order(ONE, note="a", **taxes("GST")))
    reader = kit.other()
    asked = f"SELECT o.note, t.title FROM {reader.table('orders')} o, {reader.table('order_tax_lines')} t"
    landing = kit.landing()
    kit.prove(landing, order(ONE, note="b", **taxes("HST")))
    with kit.warehouse.transaction():
        landing.declare()
        landing.merge(whole=False)
        assert reader.rows(asked) == [("a", "GST")]
    assert reader.rows(asked) == [("b", "HST")]
