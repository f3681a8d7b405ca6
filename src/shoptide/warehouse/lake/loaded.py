"""Engines that dlt loads: BigQuery, Databricks, Redshift, ClickHouse. Arrow goes in, merges are the engine's own.

dlt keeps to a temporary folder: it reads no configuration of its own, writes none, and tells nobody.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb

from shoptide.config import WarehouseConfig
from shoptide.errors import ConfigError, WarehouseError
from shoptide.warehouse.lake.folder import arrow, as_plain, take
from shoptide.warehouse.lake.outlet import Change, Columns, State
from shoptide.warehouse.names import quoted

STATE, GONE = "_shoptide_state", "_gone"
BATCH = 10_000
EXAMPLES = {
    "bigquery": "bigquery://project/dataset?credentials=env:BIGQUERY_KEY",
    "databricks": "databricks://host/catalog/schema?http_path=/sql/1.0/warehouses/abc&access_token=env:DATABRICKS_TOKEN",
    "redshift": "redshift://me@host:5439/database/schema",
    "clickhouse": "clickhouse://me@host:9440/database",
}


def destination_of(config: WarehouseConfig) -> tuple[Any, str]:
    """dlt's destination for a URL, and the dataset. Raises ConfigError for a URL that says too little."""
    parts = urlsplit(config.url)
    path = [unquote(each) for each in parts.path.split("/") if each]
    given = dict(parse_qsl(parts.query)) | {name: secret.reveal() for name, secret in config.secrets.items()}
    if not parts.hostname or (parts.scheme in ("databricks", "redshift", "clickhouse") and not path):
        raise ConfigError(
            f"[warehouse] url {config.url!r} is not understood", hint=f'for example "{EXAMPLES[parts.scheme]}"'
        )
    from dlt import destinations

    schema = config.schema
    if parts.scheme == "bigquery":
        key = _key(given.pop("credentials", None))
        where: dict[str, Any] = {**_known(given, ("location",), parts.scheme)}
        found = destinations.bigquery(credentials=key, project_id=parts.netloc, **where)
        return found, (path[0] if path else schema)
    if parts.scheme == "databricks":
        login = {"server_hostname": parts.netloc, "catalog": path[0]}
        login |= _known(given, ("http_path", "access_token", "client_id", "client_secret"), parts.scheme)
        return destinations.databricks(credentials=login), (path[1] if len(path) > 1 else schema)
    login = {"host": parts.hostname, "username": unquote(parts.username or ""), "database": path[0]}
    login |= {"port": str(parts.port)} if parts.port else {}
    login |= _known(given, ("password", "secure", "http_port"), parts.scheme)
    maker = destinations.redshift if parts.scheme == "redshift" else destinations.clickhouse
    return maker(credentials=login), (path[1] if len(path) > 1 else schema)


def _known(given: Mapping[str, str], names: tuple[str, ...], scheme: str) -> dict[str, str]:
    for name in given:
        if name not in names:
            raise ConfigError(
                f"[warehouse] url: {name} is nothing that {scheme} is told", hint=f"known are {', '.join(names)}"
            )
    return dict(given)


def _key(text: str | None) -> Any:
    """A service account's key as it was downloaded; without one, the machine's own identity."""
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigError(
            "[warehouse] credentials of BigQuery are no JSON", hint="file:key.json names the file"
        ) from None


class LoadedTables:
    """A dataset of an engine's, written through a pipeline of dlt's."""

    def __init__(self, destination: Any, dataset: str, what: str, secrets: tuple[str, ...] = ()) -> None:
        self.what = what
        self._secrets = secrets
        self._folder = tempfile.TemporaryDirectory(prefix="shoptide-dlt-", ignore_cleanup_errors=True)
        with self.errors("dlt can't be set up"):
            dlt = quiet_dlt(Path(self._folder.name))
            self._resource = dlt.resource
            self._pipeline = dlt.pipeline(
                "shoptide", pipelines_dir=self._folder.name, destination=destination, dataset_name=dataset
            )

    @contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (WarehouseError, ConfigError, duckdb.Error):
            raise
        except Exception as error:  # noqa: BLE001  # dlt and the engines' drivers share no base of errors
            told = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
            for secret in self._secrets:
                told = told.replace(secret, "…")
            raise WarehouseError(f"{self.what}: {doing}: {told}", hint="see docs/howto/lakes.md") from None

    def close(self) -> None:
        self._folder.cleanup()

    def state(self) -> State | None:
        with self.errors("its state can't be read"), self._pipeline.sql_client() as client:
            if not client.has_dataset():
                return None
            try:
                rows = client.execute_sql(f"SELECT state FROM {client.make_qualified_table_name(STATE)}")
            except Exception as error:
                if type(error).__name__ == "DatabaseUndefinedRelation":
                    return None
                raise
            return State.of(json.loads(rows[0][0])) if rows else None

    def note(self, state: State) -> None:
        import pyarrow as pa  # type: ignore[import-untyped]  # it has no types

        with self.errors("its state can't be written"):
            self._load(STATE, pa.table({"state": [json.dumps(state.plain())]}), "replace", (), {})

    def read(self, connection: duckdb.DuckDBPyConnection, table: str, into: str, columns: Columns) -> None:
        """Rows are fetched by thousands, as the engine's driver gives them."""
        import pyarrow as pa

        with self.errors(f"{table} can't be read"), self._pipeline.sql_client() as client:
            listed = ", ".join(client.escape_column_name(name) for name in columns)
            query = f"SELECT {listed} FROM {client.make_qualified_table_name(table)}"
            with client.execute_query(query) as cursor:
                while rows := cursor.fetchmany(BATCH):
                    by_column = zip(columns, zip(*rows, strict=True), strict=True)
                    take(connection, pa.table({name: list(values) for name, values in by_column}), into, columns)

    def replace(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        rows = arrow(connection, f"SELECT {as_plain(change.columns, instants=True)} FROM ({change.rows})")
        with self.errors(f"{change.table} can't be written"):
            self._load(change.table, rows, "replace", (), {})

    def merge(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        nothing = ", ".join(
            f"CAST({f'g.{quoted(name)}' if name in change.key else 'NULL'} AS {kind}) AS {quoted(name)}"
            for name, kind in change.columns.items()
        )
        plain = as_plain(change.columns, instants=True)
        rows = arrow(
            connection,
            f"SELECT {plain}, NULL::BOOLEAN AS {GONE} FROM ({change.changed})"
            f" UNION ALL SELECT {plain}, true AS {GONE} FROM (SELECT {nothing} FROM ({change.gone}) g)",
        )
        how = {"disposition": "merge", "strategy": "upsert"}
        with self.errors(f"{change.table} can't be written"):
            self._load(change.table, rows, how, change.key, {GONE: {"hard_delete": True}})

    def _load(self, table: str, rows: Any, how: Any, key: tuple[str, ...], columns: dict[str, Any]) -> None:
        resource = self._resource(rows, name=table, write_disposition=how, primary_key=key or None, columns=columns)
        self._pipeline.run(resource, loader_file_format="parquet").raise_on_failed_jobs()


def quiet_dlt(folder: Path) -> Any:
    """dlt, told to look for configuration nowhere but in an empty folder, and to report to nobody."""
    os.environ.update(
        {
            "DLT_DATA_DIR": str(folder / "data"),
            "DLT_PROJECT_DIR": str(folder / "project"),
            "DLT_LOCAL_DIR": str(folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "RUNTIME__LOG_LEVEL": "ERROR",
        }
    )
    try:
        import dlt
    except ImportError:
        hint = "pip install 'shoptide[dlt]'"
        raise ConfigError("this warehouse is loaded through dlt, which is not installed", hint=hint) from None
    return dlt


def loaded_tables(config: WarehouseConfig) -> LoadedTables:
    """The dataset that a URL names. Raises ConfigError."""
    quiet_dlt(Path(tempfile.gettempdir()))
    destination, dataset = destination_of(config)
    secrets = tuple(secret.reveal() for secret in config.secrets.values())
    return LoadedTables(destination, dataset, config.url, secrets)
