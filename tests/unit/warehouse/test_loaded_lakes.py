"""Tables that dlt loads, tried on its own DuckDB destination: the engines it is for can't be reached from here."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from lake_steps import begin, go_on, held

from shoptide.config import Secret, WarehouseConfig
from shoptide.errors import ConfigError, WarehouseError
from shoptide.warehouse import open_warehouse
from shoptide.warehouse.lake.loaded import LoadedTables, destination_of, quiet_dlt
from shoptide.warehouse.lake.mirror import MirroredWarehouse


def loaded(base: Path, mirror: str = "mirror") -> MirroredWarehouse:
    quiet_dlt(base)
    from dlt.destinations import duckdb as destination

    outlet = LoadedTables(destination(credentials=str(base / "engine.duckdb")), "shopify", "dataset")
    return MirroredWarehouse(base / f"{mirror}.duckdb", "shopify", outlet)


def test_an_engine_holds_what_the_mirror_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merges and deletes are the engine's; another machine goes on from there; dlt leaves nothing in the project."""
    monkeypatch.chdir(tmp_path)
    with loaded(tmp_path) as one:
        begin(one)
        go_on(one)
        orders, lines = held(one, "orders"), held(one, "order_lines")
    with duckdb.connect(str(tmp_path / "engine.duckdb")) as engine:
        columns = (
            '_shop, gid, total, cast("select" as timestamp), tags, _run_id, _row_hash, cast(_deleted_at as timestamp)'
        )
        engine.execute("set TimeZone = 'UTC'")
        assert engine.execute(f"select {columns} from shopify.orders order by all").fetchall() == orders
        assert engine.execute("select count(*) from shopify.order_lines").fetchall() == [(len(lines),)]
    with loaded(tmp_path, "other") as other:
        assert held(other, "orders") == orders
        assert held(other, "order_lines") == lines
    assert {path.name for path in tmp_path.iterdir()} <= {"engine.duckdb", "mirror.duckdb", "other.duckdb"}


def test_what_an_engine_says_is_told_without_secrets(tmp_path: Path) -> None:
    quiet_dlt(tmp_path)
    from dlt.destinations import duckdb as destination

    (tmp_path / "secretive").mkdir()
    outlet = LoadedTables(destination(credentials=str(tmp_path / "secretive")), "shopify", "dataset", ("secretive",))
    with pytest.raises(WarehouseError, match="dataset: its state can't be read") as told:
        outlet.state()
    assert "secretive" not in str(told.value)
    outlet.close()


@pytest.mark.parametrize(
    ("url", "secrets", "said"),
    [
        ("bigquery://project/shop?colour=red", {}, "colour is nothing that bigquery is told"),
        ("bigquery://project", {"credentials": "no json"}, "are no JSON"),
        ("databricks://host", {}, "is not understood"),
        ("redshift://me@/db", {}, "is not understood"),
        ("clickhouse://me@host", {}, "is not understood"),
        ("md:", {}, "is not understood"),
        ("motherduck:acme", {}, "says no token"),
    ],
)
def test_urls_that_say_too_little_are_told(url: str, secrets: dict[str, str], said: str, tmp_path: Path) -> None:
    config = WarehouseConfig(url, secrets={name: Secret(value) for name, value in secrets.items()})
    with pytest.raises(ConfigError, match=said) as told:
        open_warehouse(config, base=tmp_path)
    assert told.value.hint


@pytest.mark.parametrize(
    ("url", "kind", "dataset"),
    [
        ("bigquery://project/shop?location=EU", "BigQuery", "shop"),
        ("databricks://host/main?http_path=/sql/1", "Databricks", "shopify"),
        ("redshift://me@host:5439/db/shop", "redshift", "shop"),
        ("clickhouse://me@host/db", "ClickHouse", "shopify"),
    ],
)
def test_urls_name_destinations(url: str, kind: str, dataset: str, tmp_path: Path) -> None:
    """Made from what the URL says, without asking anybody."""
    quiet_dlt(tmp_path)
    found, name = destination_of(WarehouseConfig(url, secrets={"password": Secret("p")} if "me@" in url else {}))
    assert type(found).__name__.lower() == kind.lower()
    assert name == dataset
