"""MotherDuck as the warehouse: DuckDB's own client speaks to it, so all of DuckDB's ways hold."""

from __future__ import annotations

import re

import duckdb

from shoptide.config import WarehouseConfig
from shoptide.errors import ConfigError, WarehouseDenied
from shoptide.warehouse.duckdb import DuckDBWarehouse, tell_apart
from shoptide.warehouse.workbench import SETTINGS, mapped


class MotherDuckWarehouse(DuckDBWarehouse):
    """A database of MotherDuck's; see `protocol.Warehouse`. The client fetches its extension when it first connects."""

    def __init__(self, config: WarehouseConfig, *, read_only: bool = False) -> None:
        found = re.fullmatch(r"(?:md|motherduck):(?://)?(?P<database>[\w-]+)", config.url)
        token = next((secret.reveal() for secret in config.secrets.values()), None)
        if not found or token is None:
            raise ConfigError(
                f"[warehouse] url {config.url!r} is not understood, or says no token",
                hint='url = "md:database?motherduck_token=env:MOTHERDUCK_TOKEN"',
            )
        self.database, self._token = found["database"], token
        tell_apart(self.database, config.schema)
        super().__init__(None, config.schema, read_only=read_only, views=config.views)
        self.what = f"warehouse md:{self.database}"

    def _connect(self) -> duckdb.DuckDBPyConnection:
        try:
            found = duckdb.connect(f"md:{self.database}", config={"motherduck_token": self._token})
            for name, value in SETTINGS.items():
                found.execute(f"SET {name} = ?", [value])
        except duckdb.Error as error:
            told = str(error).split("\n")[0].replace(self._token, "…")
            if "token" in told.lower() or "auth" in told.lower():
                raise WarehouseDenied(f"warehouse md:{self.database}: {told}", hint="check the token") from None
            raise mapped(duckdb.Error(told), f"warehouse md:{self.database}") from None
        return found
