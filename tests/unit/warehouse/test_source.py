"""Sources of a push: tables, queries and files, what is chosen of them, and what is said of those that fail."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from shoptide.errors import SourceError
from shoptide.warehouse.staged import StagedSource, stage


def source(text: str, base: Path) -> StagedSource:
    connection = duckdb.connect()
    connection.execute(
        "set TimeZone = 'UTC'; create schema crm; create table crm.vip as select 1 as id, 'Ünal' as name"
    )
    return stage(connection, text, base)


def rows(text: str, base: Path) -> list[dict[str, object]]:
    with source(text, base) as staged:
        staged.mark("id", None)
        staged.know([])
        staged.select(done="a", by_hash=False)
        return [row for _key, row in staged.chosen()]


def test_a_table_by_name_and_a_query(tmp_path: Path) -> None:
    for text in ("crm.vip", "select * from crm.vip;", "  with v as (from crm.vip) select * from v", "from crm.vip"):
        assert rows(text, tmp_path) == [{"id": 1, "name": "Ünal"}]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_files_beside_the_configuration(name: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,name\n007,Ünal\n", encoding="utf-8")
    (tmp_path / "rows.jsonl").write_text('{"id": "007", "name": "Ünal"}\n', encoding="utf-8")
    duckdb.execute(f"copy (select '007' as id, 'Ünal' as name) to '{tmp_path}/rows.parquet'")
    assert rows(name, tmp_path) == [{"id": "007", "name": "Ünal"}]


def test_a_source_is_read_once_and_in_its_order(tmp_path: Path) -> None:
    """Whatever is asked afterwards is about the same rows."""
    with source("select range as id, random() as luck from range(4500)", tmp_path) as staged:
        staged.mark("id", None)
        staged.know([])
        assert staged.select(done="a", by_hash=False) == staged.count == 4500
        first = list(staged.chosen())
        assert first == list(staged.chosen())
        assert [key for key, _row in first] == [str(i) for i in range(4500)]


def test_instants_arrive_as_utc(tmp_path: Path) -> None:
    """Also those inside lists and structs; DuckDB would want a time zone module for them."""
    instant = "timestamptz '2026-01-02 03:04:05+02'"
    select = f"select 1 as id, {instant} as at, [{{'then': {instant}}}] as list"
    utc = datetime(2026, 1, 2, 1, 4, 5)  # noqa: DTZ001  # as DuckDB gives them
    assert rows(select, tmp_path) == [{"id": 1, "at": utc, "list": [{"then": utc}]}]


def test_a_table_is_read_where_it_lies_and_as_it_is_now(tmp_path: Path) -> None:
    """A view, or a table with instants, is not; what another connection does meanwhile is not seen."""
    path = str(tmp_path / "w.duckdb")
    with duckdb.connect(path) as other:
        other.execute("set TimeZone = 'UTC'; create table t as select range as id from range(5)")
        other.execute("create view v as from t; create table z as select 1 as id, now() as at")
        for name, rows_at in (("t", '"t"'), ("v", "staged"), ("z", "staged"), ("from t", "staged")):
            with stage(other.cursor(), name, tmp_path) as staged:
                assert staged.rows == rows_at
        with stage(other.cursor(), "t", tmp_path) as staged:
            staged.mark("id", None)
            other.execute("delete from t where id < 3; insert into t select 77")
            staged.know([])
            staged.select(done="a", by_hash=False)
            assert [key for key, _row in staged.chosen()] == ["0", "1", "2", "3", "4"]


def known(*records: tuple[str, str, str]) -> list[str]:
    return [f"{key.encode().hex()}\t{values}\t{fate}\n" for key, values, fate in records]


def hashed(connection: duckdb.DuckDBPyConnection, text: str) -> str:
    row = connection.execute("select md5(?)", [text]).fetchone()
    assert row
    return str(row[0])


def test_only_rows_that_may_differ_are_chosen(tmp_path: Path) -> None:
    """New ones, those whose values have another hash or none, doubled keys; odd keys arrive as they are."""
    odd = 'x\t"\n'
    texts = "[('same', 'a'), ('other', 'b'), ('new', 'c'), ('twice', 'd'), ('twice', 'd'), ('open', 'e'), (?, 'f')]"
    select = f"select unnest.id, unnest.t from unnest([{texts[1:-1]}]::struct(id varchar, t varchar)[])"
    with source(select.replace("?", f"'{odd}'"), tmp_path) as staged:
        staged.mark("id", "t")
        values = {text: hashed(staged.connection, text) for text in "abcdef"}
        entries = [("same", values["a"], "a"), ("other", values["a"], "a"), ("twice", values["d"], "a"),
                   ("open", values["e"], "o"), (odd, values["f"], "a"), ("gone", values["a"], "a")]  # fmt: skip
        assert staged.know(known(*entries)) == 6
        assert staged.select(done="a", by_hash=True) == 5
        assert [key for key, _row in staged.chosen()] == ["other", "new", "twice", "twice", "open"]
        assert staged.select(done="a", by_hash=False) == 4
        assert staged.select(done="a", by_hash=True, only="o") == 1
        assert staged.missing("a") == ["gone"]
        assert staged.number_known("a") == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the source is empty"),
        ("nowhere.csv", "there is no file"),
        ("crm.vips", "vip"),
        ("select nam from crm.vip", "nam"),
        ("select 1 as id, 2 as ID", "two columns are named"),
        ("select 1 as id, 2 as rowid", "keeps for itself"),
        ("select 'x'::int as id", "Could not convert"),
    ],
)
def test_what_can_not_be_read_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError) as found:
        rows(text, tmp_path)
    assert said in str(found.value)
    assert found.value.hint
