"""Sources of a push: tables, queries and files, and what is said of those that can't be read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from shoptide.errors import SourceError
from shoptide.warehouse.source import SourceRows, read


def source(text: str, base: Path) -> SourceRows:
    connection = duckdb.connect()
    connection.execute("create schema crm; create table crm.vip as select 1 as id, 'Ünal' as name")
    return read(connection, text, base)


def test_a_table_by_name_and_a_query(tmp_path: Path) -> None:
    for text in ("crm.vip", "select * from crm.vip;", "  with v as (from crm.vip) select * from v"):
        assert list(source(text, tmp_path)) == [{"id": 1, "name": "Ünal"}]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_files_beside_the_configuration(name: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,name\n007,Ünal\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"id": "007", "name": "Ünal"}\n', encoding="utf-8")
    duckdb.execute(f"copy (select '007' as id, 'Ünal' as name) to '{tmp_path}/rows.parquet'")
    assert list(source(name, tmp_path)) == [{"id": "007", "name": "Ünal"}]


def test_rows_come_in_batches_and_all_of_them(tmp_path: Path) -> None:
    rows = source("select range as id from range(4500)", tmp_path)
    batches = [len(batch) for batch in rows.batches(2000)]
    assert batches == [2000, 2000, 500]


def test_times_with_a_zone_arrive_as_utc(tmp_path: Path) -> None:
    """Plain ones, and those inside lists and structs: no further package is asked for."""
    text = "select t, [t] as many, {'at': t} as one from (select timestamptz '2026-01-02 03:04:05+02' as t)"
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    moment = datetime(2026, 1, 2, 1, 4, 5)  # noqa: DTZ001  # times of a source are UTC without saying so
    assert list(read(connection, text, tmp_path)) == [{"t": moment, "many": [moment], "one": {"at": moment}}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the source is empty"),
        ("nowhere.csv", "there is no file"),
        ("crm.vips", "vip"),
        ("select nam from crm.vip", "nam"),
        ("select 1 as id, 2 as ID", "two columns are named"),
        ("select 'x'::int as id", "Could not convert"),
    ],
)
def test_what_can_not_be_read_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as found:
        list(source(text, tmp_path))
    assert said in str(found.value)
    assert found.value.hint
