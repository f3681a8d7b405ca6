"""Tables kept where no transaction spans them: folders of Parquet, Delta or Iceberg, and engines loaded through dlt."""

from __future__ import annotations

from pathlib import Path

from shoptide.config import WarehouseConfig
from shoptide.warehouse.lake.folder import folder_outlet
from shoptide.warehouse.lake.mirror import MirroredWarehouse, mirror_path
from shoptide.warehouse.lake.outlet import Outlet

__all__ = ["MirroredWarehouse", "open_lake"]

LOADED = ("bigquery", "databricks", "redshift", "clickhouse")


def open_lake(config: WarehouseConfig, base: Path, *, read_only: bool = False) -> MirroredWarehouse:
    """Open the lake that a URL names, with its mirror beside the ledger. Raises ConfigError and WarehouseError."""
    outlet: Outlet
    if config.url.partition(":")[0] in LOADED:
        from shoptide.warehouse.lake.loaded import loaded_tables

        outlet = loaded_tables(config)
    else:
        outlet = folder_outlet(config.url, base, config.schema)
    path = mirror_path(base, config.url, config.schema)
    return MirroredWarehouse(path, config.schema, outlet, read_only=read_only, views=config.views)
