"""Opening a DuckDB file to write makes rows go to disk in smaller groups, and changes nothing else of it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from shoptide.errors import ConfigError, WarehouseLocked
from shoptide.warehouse.duckdb import ROW_GROUP, DuckDBWarehouse

ROWS = 3 * ROW_GROUP - 1000


def open_to_write(path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(path, "shopify")


def fill(warehouse: DuckDBWarehouse) -> None:
    with warehouse.transaction() as connection:
        warehouse.create("orders", {"gid": "VARCHAR"})
        connection.execute(f"INSERT INTO shopify.orders SELECT 'n' || i FROM range({ROWS}) t(i)")


@pytest.mark.parametrize("name", ["acme", "a b", "it's", "temp", "system", "main", "x.shopify", "acme.eu", 'not "a"'])
def test_rows_go_to_disk_in_groups_of_that_size(tmp_path: Path, name: str) -> None:
    with open_to_write(tmp_path / f"{name}.duckdb") as warehouse:
        fill(warehouse)
        groups = "SELECT row_group_id, max(start + count) FROM pragma_storage_info('shopify.orders') GROUP BY 1"
        assert len(warehouse.rows(groups)) == 3
    with open_to_write(tmp_path / f"{name}.duckdb") as again:
        assert again.size("orders") == ROWS
        assert again.columns("orders") == {"gid": "VARCHAR"}
    with duckdb.connect(str(tmp_path / f"{name}.duckdb"), read_only=True) as plain:
        assert plain.execute("SELECT count(*) FROM shopify.orders").fetchall() == [(ROWS,)]


@pytest.mark.parametrize("name", ["shopify.duckdb", "Shopify.db", "shopify.eu.duckdb", "shopify"])
def test_a_file_of_the_schemas_name_is_refused_before_it_is_made(tmp_path: Path, name: str) -> None:
    """DuckDB would call every `shopify.orders` ambiguous, ours and the user's."""
    with pytest.raises(
        ConfigError, match=r"(?i)\[warehouse\] url: the database shopify has the name of the schema"
    ) as told:
        open_to_write(tmp_path / name)
    assert "name the file otherwise" in (told.value.hint or "")
    assert list(tmp_path.iterdir()) == []


def test_whoever_opens_the_file_in_this_process_shares_it(tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    with open_to_write(path) as warehouse, open_to_write(path) as second, duckdb.connect(str(path)) as users:
        fill(warehouse)
        assert second.size("orders") == ROWS
        told = "SELECT current_database(), (SELECT count(*) FROM shopify.orders)"
        assert users.execute(told).fetchall() == [("acme", ROWS)]
        users.execute("CREATE TABLE notes AS SELECT 'mine' AS note")
        assert warehouse.rows("SELECT note FROM notes") == [("mine",)]
        shown = "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
        assert users.execute(shown).fetchall() == [("acme",)]


def test_a_database_that_another_has_open_is_left_as_it_is(tmp_path: Path) -> None:
    """A user's own transaction in the same process goes on undisturbed."""
    path = tmp_path / "acme.duckdb"
    with duckdb.connect(str(path)) as users:
        users.execute("CREATE TABLE notes (note VARCHAR)")
        users.execute("BEGIN TRANSACTION")
        users.execute("INSERT INTO notes VALUES ('mine')")
        with open_to_write(path) as warehouse:
            fill(warehouse)
            users.execute("COMMIT")
            assert warehouse.rows("SELECT note FROM notes") == [("mine",)]
            groups = "SELECT DISTINCT row_group_id FROM pragma_storage_info('shopify.orders')"
            assert len(warehouse.rows(groups)) == 1  # DuckDB's own hold twice as many rows


def test_what_a_killed_process_left_in_the_log_is_there(tmp_path: Path) -> None:
    path = tmp_path / "acme.duckdb"
    with duckdb.connect(str(path)) as users:
        users.execute("PRAGMA disable_checkpoint_on_shutdown")
        users.execute("CREATE TABLE notes AS SELECT 'mine' AS note")
    assert path.with_name("acme.duckdb.wal").exists()
    with open_to_write(path) as warehouse:
        assert warehouse.rows("SELECT note FROM notes") == [("mine",)]


def test_a_file_that_cannot_be_had_again_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may take it in the moment between."""
    path = tmp_path / "acme.duckdb"
    real = duckdb.connect

    class Losing:
        """A connection whose second attaching finds the file taken."""

        def __init__(self, *args: object, **options: object) -> None:
            self.real = real(*args, **options)  # type: ignore[arg-type]

        def execute(self, sql: str, *values: object) -> duckdb.DuckDBPyConnection:
            if "ROW_GROUP_SIZE" in sql:
                raise duckdb.IOException(
                    'Could not set lock on file "acme.duckdb": Conflicting lock is held in /bin/x (PID 7)'
                )
            return self.real.execute(sql, *values)

        def close(self) -> None:
            self.real.close()

    monkeypatch.setattr(duckdb, "connect", Losing)
    with pytest.raises(WarehouseLocked, match=r"held by another process \(x, pid 7\)"):
        open_to_write(path)
    monkeypatch.undo()
    with open_to_write(path) as warehouse:
        assert warehouse.tables() == []
