"""Pushes' sources and questions: the rows of a table or query come out, on every warehouse."""

from __future__ import annotations

import re
import tracemalloc
from datetime import datetime
from decimal import Decimal

import pytest
from kit import LARGE, Kit

from shoptide.errors import ShoptideError, SourceError

PEOPLE = {
    "id": "BIGINT",
    "name": "VARCHAR",
    "amount": "DECIMAL(20,6)",
    "at": "TIMESTAMP",
    "ok": "BOOLEAN",
    "doc": "JSON",
}


def people(kit: Kit, number: int = 3) -> None:
    kit.fill(
        "people",
        PEOPLE,
        "SELECT i AS id, CASE WHEN i > 0 THEN 'name, \"' || i || '\"' END AS name, (i / 4)::DECIMAL(20,6) AS amount,"
        " TIMESTAMP '2026-01-01' + to_seconds(i) AS at, i % 2 = 0 AS ok, json_object('b', i, 'a', 1) AS doc"
        f" FROM range({number}) r(i)",
    )


@pytest.mark.capability("source queries streamed out")
def test_a_query_gives_its_rows_with_their_types(kit: Kit) -> None:
    people(kit)
    with kit.warehouse.stage("select * from people where id < 2 order by id desc;", base=kit.folder) as staged:
        assert (staged.count, staged.columns) == (2, tuple(PEOPLE))
        assert [staged.types[name].id for name in ("id", "name", "amount", "at", "ok")] == [
            *("bigint", "varchar", "decimal", "timestamp", "boolean")
        ]
        staged.mark("id", None)
        staged.know([])
        staged.select(done="a", by_hash=False)
        rows = [row for _key, row in staged.chosen()]
    assert rows[0] == {
        "id": 1,
        "name": 'name, "1"',
        "amount": Decimal("0.250000"),
        "at": datetime(2026, 1, 1, 0, 0, 1),  # noqa: DTZ001  # UTC without a zone
        "ok": False,
        "doc": '{"b":1,"a":1}',
    }
    assert rows[1]["name"] is None


@pytest.mark.capability("source queries streamed out")
@pytest.mark.parametrize("source", ["people", "shopify.people", "select * from people"])
def test_names_are_looked_for_in_our_schema_first(kit: Kit, source: str) -> None:
    people(kit)
    with kit.warehouse.stage(source, base=kit.folder) as staged:
        assert staged.count == 3
    assert kit.warehouse.run_query("select count(*) as n from people") == (["n"], [(3,)])


@pytest.mark.capability("source queries streamed out")
def test_a_large_source_does_not_go_through_pythons_memory(kit: Kit) -> None:
    people(kit, LARGE)
    tracemalloc.start()
    try:
        with kit.warehouse.stage("select * from people", base=kit.folder) as staged:
            staged.mark("id", None)
            assert staged.count == LARGE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000, "bytes"


@pytest.mark.capability("source queries streamed out")
@pytest.mark.parametrize("source", ["nowhere", "select * from nowhere", "select 1 as a, 2 as a", "select"])
def test_what_cant_be_read_names_the_source(kit: Kit, source: str) -> None:
    people(kit)
    with pytest.raises(SourceError, match=f"^source {re.escape(source)}: ") as caught:
        kit.warehouse.stage(source, base=kit.folder)
    assert caught.value.hint
    assert kit.rows("SELECT count(*) FROM {people}") == [(3,)], "and everything goes on"


@pytest.mark.capability("files as sources")
def test_a_file_is_a_source_whatever_the_warehouse(kit: Kit) -> None:
    (kit.folder / "vip.csv").write_text("id,name\n1,Zoë\n2,\n")
    with kit.warehouse.stage("vip.csv", base=kit.folder) as staged:
        assert (staged.count, staged.columns) == (2, ("id", "name"))


@pytest.mark.capability("questions")
def test_a_reader_changes_nothing(kit: Kit) -> None:
    """What `shoptide query` opens: the engine's own SQL, in our schema first, read only."""
    people(kit)
    kit.close()
    kit.opened.clear()
    reader = kit.other(read_only=True)
    assert reader.run_query("select id, name from people where id = 2") == (["id", "name"], [(2, 'name, "2"')])
    for attempt in ("delete from people", "create table x (a int)", "selec"):
        with pytest.raises(ShoptideError, match="warehouse"):
            reader.run_query(attempt)
    assert reader.run_query("select count(*) from people")[1] == [(3,)]
