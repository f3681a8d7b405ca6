"""Where the tables live. A warehouse knows tables, rows and SQL, and nothing of Shopify."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from shoptide.config import WarehouseConfig, without_secrets
from shoptide.errors import ConfigError
from shoptide.warehouse.duckdb import DuckDBWarehouse, database_path
from shoptide.warehouse.motherduck import MotherDuckWarehouse
from shoptide.warehouse.protocol import Capabilities, Warehouse
from shoptide.warehouse.staged import Kind, StagedSource

__all__ = ["Capabilities", "DuckDBWarehouse", "Kind", "StagedSource", "Warehouse", "open_warehouse"]

LAKES = ("filesystem", "bigquery", "databricks", "redshift", "clickhouse")


def open_warehouse(config: WarehouseConfig, *, base: Path, read_only: bool = False) -> Warehouse:
    """Open the configured warehouse; relative paths are below `base`.

    Raises ConfigError for a URL of a kind there is none for, WarehouseLocked when another process holds the file,
    WarehouseError when it can't be opened or made.
    """
    scheme = config.url.partition(":")[0]
    url, secrets = without_secrets(config.url)
    config = replace(config, url=url, secrets=secrets | config.secrets)
    if scheme == "duckdb":
        return DuckDBWarehouse(database_path(config.url, base), config.schema, read_only=read_only, views=config.views)
    if scheme in ("postgresql", "postgres"):
        from shoptide.warehouse.postgres import PostgresWarehouse

        return PostgresWarehouse(config, read_only=read_only)
    if scheme == "snowflake":
        from shoptide.warehouse.snowflake import SnowflakeWarehouse

        return SnowflakeWarehouse(config, base, read_only=read_only)
    if scheme in LAKES:
        from shoptide.warehouse.lake import open_lake

        return open_lake(config, base, read_only=read_only)
    if scheme in ("md", "motherduck"):
        return MotherDuckWarehouse(config, read_only=read_only)
    raise ConfigError(
        f"[warehouse] url: {scheme!r} is no warehouse Shoptide {'knows' if scheme else 'can read from the URL'}",
        hint='use a DuckDB file, url = "duckdb:///warehouse.duckdb", or what docs/howto/warehouses.md names',
    )
