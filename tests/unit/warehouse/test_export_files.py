"""Tables as files: types and texts kept, written whole or not at all, nobody else's file touched."""

from __future__ import annotations

import csv
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from shoptide.config import WarehouseConfig
from shoptide.errors import UsageError, WarehouseError
from shoptide.warehouse import DuckDBWarehouse, open_warehouse
from shoptide.warehouse.export import MANIFEST, WORKROOM, Export

AT, NIGHT = datetime(2026, 1, 2, 3, 4, 5, 678), datetime(2026, 1, 2)  # noqa: DTZ001  # UTC, as DuckDB gives them
ODD = "a \"quoted\",\nbroken\r\nÜnal; \t€ \\ 'x' "


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    found = DuckDBWarehouse(tmp_path / "w.duckdb", "shopify")
    run = found.connection.execute
    run(
        "create table shopify.orders (gid varchar, id bigint, note varchar, total decimal(20, 6), made timestamp,"
        " day date, paid boolean, extra json, rate double, _deleted_at timestamp)"
    )
    row = ["gid://1", 2**53 + 1, ODD, Decimal("0.100000"), AT, date(2026, 1, 2), True, '{"a": "x,\\"y"}', 0.1]
    run("insert into shopify.orders values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)", row)
    run("insert into shopify.orders (gid, note) values ('gid://2', '')")
    run("insert into shopify.orders (gid, _deleted_at) values ('gid://3', ?)", [NIGHT])
    run('create table shopify."select" (gid varchar, "from" bigint)')
    return found


def test_parquet_keeps_every_type_and_value(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """JSON is plain text there: not every reader knows Parquet's mark for it. What is deleted stays out."""
    found = Export(warehouse, tmp_path / "out").write(["orders", "select"])
    assert [(each.table, each.files, each.rows) for each in found] == [
        ("orders", ("orders.parquet",), 2),
        ("select", ("select.parquet",), 0),
    ]
    assert found[0].size == (tmp_path / "out/orders.parquet").stat().st_size
    kinds = duckdb.execute(f"describe from '{tmp_path}/out/orders.parquet'").fetchall()
    assert {row[0]: row[1] for row in kinds} == warehouse.columns("orders") | {"extra": "VARCHAR"}
    same = warehouse.connection.execute("select * from shopify.orders where _deleted_at is null").fetchall()
    assert duckdb.execute(f"from '{tmp_path}/out/orders.parquet'").fetchall() == same
    assert duckdb.execute(f"select count(*) from '{tmp_path}/out/select.parquet'").fetchall() == [(0,)]


def test_csv_is_quoted_and_its_times_are_iso(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """As another program's reader sees it; a null and an empty text are told apart by their quotes."""
    Export(warehouse, tmp_path, "csv").write(["orders"])
    with (tmp_path / "orders.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "gid": "gid://1",
        "id": "9007199254740993",
        "note": ODD,
        "total": "0.100000",
        "made": "2026-01-02T03:04:05.000678Z",
        "day": "2026-01-02",
        "paid": "true",
        "extra": '{"a": "x,\\"y"}',
        "rate": "0.1",
        "_deleted_at": "",
    }
    assert (tmp_path / "orders.csv").read_text(encoding="utf-8").splitlines()[-1] == 'gid://2,,"",,,,,,,'


def test_deleted_rows_come_when_asked_for(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    found = Export(warehouse, tmp_path, "csv", with_deleted=True).write(["orders"])
    assert found[0].rows == 3
    assert "2026-01-02T00:00:00.000000Z" in (tmp_path / "orders.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_large_table_becomes_several_files_and_one_again(
    kind: str, warehouse: DuckDBWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of another number than last time leave none of the earlier ones behind."""
    monkeypatch.setattr("shoptide.warehouse.export.PART", "1MB")
    warehouse.connection.execute(
        "create table shopify.t as select range as id, md5(range::varchar) as x from range(200000)"
    )
    folder, what = tmp_path / "out", kind
    export = Export(warehouse, folder, what, rows_in_one=1000)  # type: ignore[arg-type]  # one of the two
    found = export.write(["t", "orders"])
    assert len(found[0].files) >= 2
    assert found[1].files == (f"orders.{kind}",)
    assert {path.name for path in folder.iterdir()} == {*found[0].files, f"orders.{kind}", MANIFEST}
    read = f"select count(*), count(distinct id), sum(id) from '{folder}/t-*.{kind}'"
    assert duckdb.execute(read).fetchall() == [(200_000, 200_000, 200_000 * 199_999 // 2)]
    Export(warehouse, folder, what).write(["t"])  # type: ignore[arg-type]  # one of the two
    assert {path.name for path in folder.iterdir()} == {f"t.{kind}", f"orders.{kind}", MANIFEST}


def test_again_it_replaces_its_own_files_and_only_those(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    Export(warehouse, tmp_path, "csv").write(["orders", "select"])
    (tmp_path / "notes.csv").write_text("mine")
    warehouse.connection.execute("insert into shopify.orders (gid) values ('gid://4')")
    assert Export(warehouse, tmp_path, "csv").write(["orders"])[0].rows == 3
    Export(warehouse, tmp_path, "parquet").write(["orders"])
    names = {"orders.csv", "orders.parquet", "select.csv", "notes.csv"}
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith((".", "w."))} == names
    assert set(json.loads((tmp_path / MANIFEST).read_text())["files"]) == names - {"notes.csv"}


@pytest.mark.parametrize("name", ["select.csv", "select-00003.csv"])
def test_somebody_elses_file_stays_and_nothing_is_written(
    name: str, warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"{name} would be overwritten"):
        Export(warehouse, tmp_path, "csv").write(["orders", "select"])
    assert (tmp_path / name).read_text() == "mine"
    assert not (tmp_path / "orders.csv").exists()


def test_what_fails_leaves_the_earlier_export_whole(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """Also when a killed export left its half-written files."""
    folder = tmp_path / "out"
    Export(warehouse, folder).write(["orders"])
    before = (folder / "orders.parquet").read_bytes()
    (folder / WORKROOM).mkdir()
    (folder / WORKROOM / "orders.parquet").write_text("half")
    warehouse.connection.execute("insert into shopify.orders (gid) values ('gid://4')")
    warehouse.connection.execute("create view shopify.broken as select error('no')::int as x")
    with pytest.raises(WarehouseError):
        Export(warehouse, folder).write(["orders", "broken"])
    assert (folder / "orders.parquet").read_bytes() == before
    assert {path.name for path in folder.iterdir()} == {"orders.parquet", MANIFEST}


def test_tables_of_another_engine_are_written_too(postgres_url: str, tmp_path: Path) -> None:
    """They are streamed to this machine first."""
    with open_warehouse(WarehouseConfig(postgres_url), base=tmp_path) as found:
        columns = {
            "gid": "VARCHAR",
            "total": "DECIMAL(20, 6)",
            "made": "TIMESTAMP",
            "extra": "JSON",
            "_deleted_at": "TIMESTAMP",
        }
        rows = [("gid://1", Decimal("0.1"), AT, '{"a": 1}', None), ("gid://2", None, None, None, NIGHT)]
        found.publish("orders", columns, rows)
        written = Export(found, tmp_path / "out").write(["orders"])
    assert [(each.table, each.rows) for each in written] == [("orders", 1)]
    read = duckdb.execute(f"select gid, total, made, extra from '{tmp_path}/out/orders.parquet'").fetchall()
    assert read == [("gid://1", Decimal("0.100000"), AT, '{"a": 1}')]


def test_a_folder_that_can_not_be_written_is_named(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file can't be written"):
        Export(warehouse, tmp_path / "file").write(["orders"])
    (tmp_path / MANIFEST).write_text("[]")
    with pytest.raises(UsageError, match="not what an export writes"):
        Export(warehouse, tmp_path).write(["orders"])
