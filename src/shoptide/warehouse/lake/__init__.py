"""Tables kept where no transaction spans them: folders of Parquet, Delta or Iceberg, and engines loaded through dlt."""

from __future__ import annotations

from pathlib import Path

from shoptide.config import WarehouseConfig
from shoptide.warehouse.lake.folder import folder_outlet
from shoptide.warehouse.lake.mirror import MirroredWarehouse, mirror_path

__all__ = ["MirroredWarehouse", "open_lake"]


def open_lake(config: WarehouseConfig, base: Path, *, read_only: bool = False) -> MirroredWarehouse:
    """Open the lake that a URL names, with its mirror beside the ledger. Raises ConfigError and WarehouseError."""
    outlet = folder_outlet(config.url, base, config.schema)
    path = mirror_path(base, config.url, config.schema)
    return MirroredWarehouse(path, config.schema, outlet, read_only=read_only, views=config.views)
