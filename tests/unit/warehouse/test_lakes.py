"""Lakes in a folder: tables as another reader sees them, and what a break at any write leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lake_steps import begin, go_on, held

from shoptide.errors import ConfigError, WarehouseError
from shoptide.warehouse.duckdb import DuckDBWarehouse
from shoptide.warehouse.lake.folder import folder_of, folder_outlet
from shoptide.warehouse.lake.mirror import MirroredWarehouse
from shoptide.warehouse.lake.outlet import Change, Columns, Outlet, State

FORMATS = ("parquet", "delta", "iceberg")


def lake(base: Path, kind: str, mirror: str = "mirror") -> MirroredWarehouse:
    outlet = folder_outlet(f"filesystem:///lake?format={kind}", base, "shopify")
    return MirroredWarehouse(base / f"{mirror}.duckdb", "shopify", outlet)


def seen(base: Path, kind: str, table: str) -> list[tuple[Any, ...]]:
    """A table's rows as another tool reads them, in the order of all columns."""
    folder = base / "lake" / "shopify" / table
    if kind == "parquet":
        return duckdb.execute(f"from '{folder}.parquet' order by all").fetchall()
    if kind == "delta":
        from deltalake import DeltaTable

        rows = DeltaTable(str(folder)).to_pyarrow_table()
    else:
        from pyiceberg.catalog.sql import SqlCatalog

        catalog = SqlCatalog("shoptide", uri=f"sqlite:///{base}/lake/catalog.db")
        rows = catalog.load_table(("shopify", table)).scan().to_arrow()
        catalog.close()
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("found", rows)
    chosen = ", ".join(
        f'cast("{name}" as timestamp) as "{name}"' if str(kind).startswith("TIMESTAMP") else f'"{name}"'
        for name, kind, *_ in connection.execute("describe found").fetchall()
    )
    return connection.execute(f"select {chosen} from found order by all").fetchall()


@pytest.mark.parametrize("kind", FORMATS)
def test_another_tool_sees_what_the_mirror_holds(kind: str, tmp_path: Path) -> None:
    """After a first landing, a second with changes of every kind, and others of the tables' columns."""
    with lake(tmp_path, kind) as warehouse:
        for step in (begin, go_on):
            step(warehouse)
            for table in ("orders", "order_lines", "_shoptide_cursors"):
                assert seen(tmp_path, kind, table) == held(warehouse, table), (step, table)
        first = seen(tmp_path, kind, "orders")[0]
        assert first[1:4] == ("gid://Order/0", Decimal("0.000000"), datetime(2026, 1, 2, 3, 4, 5, 500_000))  # noqa: DTZ001  # UTC
        with warehouse.transaction() as run:
            run.execute("alter table shopify.orders add column note varchar")
            run.execute("alter table shopify.orders alter total type varchar")
            run.execute("update shopify.orders set note = 'n', _row_hash = 'o' where gid = 'gid://Order/7'")
        assert sorted(map(sorted_by_text, seen(tmp_path, kind, "orders"))) == sorted(
            map(sorted_by_text, held(warehouse, "orders"))
        )


def sorted_by_text(row: tuple[Any, ...]) -> list[str]:
    """A row whatever the order of its columns: a lake may put a retyped one last."""
    return sorted(map(str, row))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_mirror_may_be_thrown_away(kind: str, tmp_path: Path) -> None:
    """Another machine reads the same tables with the same types, and goes on from there; so does a stale mirror."""
    with lake(tmp_path, kind) as one:
        begin(one)
        with lake(tmp_path, kind, "other") as other:
            assert {name: other.columns(name) for name in other.tables()} == {
                name: one.columns(name) for name in one.tables()
            }
            go_on(other)
    with lake(tmp_path, kind) as one:
        assert [held(one, table) for table in one.tables()] == [seen(tmp_path, kind, table) for table in one.tables()]
        assert held(one, "_shoptide_cursors") == [("orders", datetime(2026, 2, 1))]  # noqa: DTZ001  # UTC
    with MirroredWarehouse(tmp_path / "third.duckdb", "shopify", one.outlet, read_only=True) as third:
        assert third.run_query("select count(*) from orders")[1] == [(40,)]


@dataclass
class Breaking:
    """An outlet whose next writes succeed but for the one at `at`, which breaks before or after it took effect."""

    outlet: Outlet
    at: int
    after: bool
    what: str = "lake"
    writes: list[str] = field(default_factory=list)

    def _written(self, name: str, write: Callable[[], None]) -> None:
        breaks = len(self.writes) == self.at
        self.writes.append(name)
        if breaks and not self.after:
            raise WarehouseError("broken")
        write()
        if breaks:
            raise WarehouseError("broken")

    def state(self) -> State | None:
        return self.outlet.state()

    def note(self, state: State) -> None:
        self._written("note", lambda: self.outlet.note(state))

    def read(self, connection: duckdb.DuckDBPyConnection, table: str, into: str, columns: Columns) -> None:
        self.outlet.read(connection, table, into, columns)

    def replace(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        self._written(change.table, lambda: self.outlet.replace(connection, change))

    def merge(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        self._written(change.table, lambda: self.outlet.merge(connection, change))

    def close(self) -> None:
        self.outlet.close()


@pytest.mark.parametrize(
    ("step", "kind"), [(begin, "parquet"), (go_on, "parquet"), (go_on, "delta"), (go_on, "iceberg")]
)
def test_a_break_at_any_write_leaves_work_to_do_again_and_nothing_else(
    step: Callable[[DuckDBWarehouse], None], kind: str, tmp_path: Path
) -> None:
    """The cursor never speaks of rows that are not there; the same landing again ends as if nothing had broken."""
    at, broke, end = 0, True, undisturbed(tmp_path, kind, step)
    while broke:
        for after in (False, True):
            base = tmp_path / f"{at}-{after}"
            with lake(base, kind) as warehouse:
                if step is go_on:
                    begin(warehouse)
                breaking = Breaking(warehouse.outlet, at, after)
                warehouse.outlet = breaking
                broke = _breaks(lambda: step(warehouse))
                order = [name for name in breaking.writes if name != "note"]
                assert "_shoptide_cursors" not in order[:-1], "the cursor is written last"
            with lake(base, kind) as again:
                cursor = held(again, "_shoptide_cursors") if again.has_table("_shoptide_cursors") else []
                if not cursor or cursor[0][1] < datetime(2026, 1 if step is begin else 2, 1):  # noqa: DTZ001  # UTC
                    _redo(again, step)
                for table, rows in end.items():
                    assert seen(base, kind, table) == held(again, table) == rows, table
        at += 1
    assert at >= 4


def _breaks(work: Callable[[], None]) -> bool:
    try:
        work()
    except WarehouseError:
        return True
    return False


def _redo(warehouse: DuckDBWarehouse, step: Callable[[DuckDBWarehouse], None]) -> None:
    """As a pull would: it finds tables made already, and rows that are there already."""
    for table in warehouse.tables() if step is begin else ():
        with warehouse.transaction() as run:
            run.execute(f"drop table shopify.{table}")
    if step is go_on:
        with warehouse.transaction() as run:
            run.execute("delete from shopify.orders where gid = 'gid://Order/40'")
    step(warehouse)


def undisturbed(base: Path, kind: str, step: Callable[[DuckDBWarehouse], None]) -> dict[str, list[tuple[Any, ...]]]:
    with lake(base / "undisturbed", kind) as other:
        begin(other)
        if step is go_on:
            go_on(other)
        return {table: held(other, table) for table in other.tables()}


def test_urls_that_are_not_understood_are_told(tmp_path: Path) -> None:
    assert folder_of("filesystem:///lake%20one?format=delta", tmp_path) == (tmp_path / "lake one", "delta")
    assert folder_of("filesystem:////srv/lake", tmp_path) == (Path("/srv/lake"), "parquet")
    for url in ("filesystem://lake", "filesystem:///lake?format=orc", "filesystem:///lake?colour=red"):
        with pytest.raises(ConfigError):
            folder_of(url, tmp_path)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_lake_that_is_not_there_or_can_not_be_written_is_named(kind: str, tmp_path: Path) -> None:
    outlet = folder_outlet(f"filesystem:///lake?format={kind}", tmp_path, "shopify")
    with pytest.raises(WarehouseError, match="does not exist yet"):
        MirroredWarehouse(tmp_path / "m.duckdb", "shopify", outlet, read_only=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(WarehouseError, match="file"), lake(tmp_path / "file", kind):
        pass
