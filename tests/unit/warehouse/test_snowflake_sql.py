"""Every word that would be sent to Snowflake, with a driver that writes down what it is told and knows no answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import Secret, WarehouseConfig
from shoptide.errors import ConfigError, WarehouseDenied, WarehouseError, WarehouseLocked, WarehouseUnreachable
from shoptide.warehouse import snowflake_login as login
from shoptide.warehouse import snowflake_text as text
from shoptide.warehouse.protocol import Lacking
from shoptide.warehouse.snowflake import SnowflakeWarehouse

LANDING = Path(__file__).parent / "snowflake_landing.txt"  # session and statement, one a line
URL = "snowflake://me@acme-eu/shop?warehouse=load_wh&role=loader"
COLUMNS = {"_shop": "VARCHAR", "gid": "VARCHAR", "total": "DECIMAL(20, 6)", "note": "JSON", "_synced_at": "TIMESTAMP"}


@dataclass
class Driver:
    """Stands for snowflake.connector: statements with their session, 1 for the first that was opened."""

    said: list[str] = field(default_factory=list)
    sessions: list[dict[str, Any]] = field(default_factory=list)

    def connect(self, **parameters: Any) -> Session:
        self.sessions.append(parameters)
        return Session(self, len(self.sessions))


@dataclass
class Session:
    driver: Driver
    number: int
    description: Any = ()
    rowcount: int = 0

    def cursor(self) -> Session:
        return self

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None: ...

    def execute(self, sql: str, values: Any = None) -> None:
        shown = re.sub(r"file:///\S+?/(data_\d+\.parquet)", r"file://…/\1", sql)
        shown = re.sub(r"\b[0-9A-F]{8}_(\d+)", r"RUN_\1", shown)
        self.driver.said.append(f"{self.number}: {shown}" + (f" {values}" if values else ""))
        self.description = [("N",)] if sql.lstrip().upper().startswith("SELECT") else ()
        self.rowcount = 1

    def fetchall(self) -> list[tuple[Any, ...]]:
        catalogue = "INFORMATION_SCHEMA.COLUMNS" in self.driver.said[-1]
        return [] if catalogue else [(1,)]

    def fetch_arrow_batches(self) -> Iterator[Any]:
        return iter(())

    def close(self) -> None: ...


def config(url: str = URL, **secrets: str) -> WarehouseConfig:
    return WarehouseConfig(url, secrets={name: Secret(value) for name, value in secrets.items()})


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def warehouse(driver: Driver, tmp_path: Path) -> Iterator[SnowflakeWarehouse]:
    with SnowflakeWarehouse(config(password="p"), tmp_path, connect=driver.connect) as found:
        yield found


def test_opening(warehouse: SnowflakeWarehouse, driver: Driver) -> None:
    """The session is told its time zone; what makes tables is a session of its own."""
    assert driver.said == [
        "1: SELECT 1 FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = ? ['SHOPIFY']",
        '1: USE SCHEMA "SHOPIFY"',
        '1: CREATE TEMPORARY STAGE IF NOT EXISTS "SHOPIFY"."_SHOPTIDE_STAGE"',
        f"1: {text.carrier()}",
        '2: CREATE TABLE IF NOT EXISTS "SHOPIFY"."_SHOPTIDE_LOCK" (TAKEN TIMESTAMP_NTZ)',
        '1: SELECT count(*) FROM "SHOPIFY"."_SHOPTIDE_LOCK"',
    ]
    told = driver.sessions[0]
    assert (told["account"], told["user"], told["database"], told["schema"]) == ("acme-eu", "me", "SHOP", "SHOPIFY")
    assert (told["warehouse"], told["role"], told["password"]) == ("load_wh", "loader", "p")
    assert told["session_parameters"]["TIMEZONE"] == "UTC"
    assert told["session_parameters"]["CLIENT_TELEMETRY_ENABLED"] is False


def test_a_landing(warehouse: SnowflakeWarehouse, driver: Driver) -> None:
    """Rows as Parquet through the stage; keys first, whole rows only where they lack; definitions beside it."""
    bench = warehouse.workbench
    bench.execute("create temp table staged as select 'g1' as gid, 1.5::decimal(20, 6) as total, '{}'::json as note")
    driver.said.clear()
    with warehouse.transaction():
        warehouse.create("orders", COLUMNS)
        brought = warehouse.bring('"staged"', ["gid", "total"])
        same = "t.gid IS NOT DISTINCT FROM s.gid"
        target = warehouse.table("orders")
        warehouse.rows(
            f"SELECT count(*), count(*) FILTER (t.total = s.total) FROM {target} t JOIN {brought} s ON {same}"
        )
        warehouse.run(f"DELETE FROM {target} t USING {brought} s WHERE {same} AND NOT (t.total = s.total)")
        warehouse.run(
            f"UPDATE {target} t SET _synced_at = ? WHERE NOT EXISTS (SELECT 1 FROM {brought} s WHERE {same})",
            [datetime(2026, 1, 2)],  # noqa: DTZ001  # UTC, without a zone
        )
        chosen = {"_shop": "?", "gid": "s.gid", "total": "s.total", "note": "s.note"}
        warehouse.insert("orders", chosen, '"staged"', ["acme"])
        lacking = Lacking(brought, ("gid",), f"NOT EXISTS (SELECT 1 FROM {target} t WHERE {same})")
        warehouse.insert("orders", chosen, '"staged"', ["acme"], lacking)
    assert driver.said == LANDING.read_text(encoding="utf-8").splitlines()


def test_an_interruption_takes_everything_back(warehouse: SnowflakeWarehouse, driver: Driver) -> None:
    def land() -> None:
        with warehouse.transaction():
            warehouse.run(f"DELETE FROM {warehouse.table('orders')}")
            raise KeyError

    with pytest.raises(KeyError):
        land()
    assert driver.said[-1] == "1: ROLLBACK"


def test_small_tables_are_merged_in_one_statement(warehouse: SnowflakeWarehouse, driver: Driver) -> None:
    columns = {"key": "VARCHAR", "at": "TIMESTAMP"}
    warehouse.merge_lines("states", columns, ("key",), ['{"key": "a", "at": "2026-01-01T00:00:00Z"}\n'])
    merge = driver.said[-1].split(" WHEN ")
    assert merge[0].startswith('1: MERGE INTO "SHOPIFY"."STATES" t USING (SELECT CAST("C0" AS VARCHAR) AS "KEY"')
    assert merge[0].endswith('FROM "_SHOPTIDE_BROUGHT" WHERE "SET_ID" = 1) s ON t."KEY" = s."KEY"')
    assert merge[1:] == [
        'MATCHED THEN UPDATE SET "AT" = s."AT"',
        'NOT MATCHED THEN INSERT ("KEY", "AT") VALUES (s."KEY", s."AT")',
    ]


def test_a_column_of_another_type_is_made_in_one_statement() -> None:
    held = {"gid": "VARCHAR", "note": "JSON", "total": "DECIMAL(20, 6)"}
    assert text.retyped('"S"."T"', held, "total", "VARCHAR") == (
        'CREATE OR REPLACE TABLE "S"."T" COPY GRANTS AS'
        ' SELECT "GID", "NOTE", CAST("TOTAL" AS VARCHAR) AS "TOTAL" FROM "S"."T"'
    )
    assert 'TO_JSON("NOTE") AS "NOTE"' in text.retyped('"S"."T"', held, "note", "VARCHAR")


@pytest.mark.parametrize(
    ("url", "secrets", "said"),
    [
        ("snowflake://acme/shop", {"password": "p"}, "is not understood"),
        ("snowflake://me@acme", {"password": "p"}, "is not understood"),
        (f"{URL}&colour=red", {"password": "p"}, "colour is nothing"),
        (URL, {}, "neither a key nor a password"),
        (f"{URL}&private_key_file=none.p8", {}, "none.p8 can't be read"),
    ],
)
def test_logins_that_say_too_little_are_told(url: str, secrets: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said) as told:
        login.parameters(config(url, **secrets), tmp_path)
    assert told.value.message


def test_the_schema_is_of_the_url_or_of_the_configuration() -> None:
    assert login.schema_of(config("snowflake://me@acme/shop/raw")) == "raw"
    assert login.schema_of(WarehouseConfig("snowflake://me@acme/shop", "store")) == "store"
    with pytest.raises(ConfigError, match="the url names"):
        login.schema_of(WarehouseConfig("snowflake://me@acme/shop/raw", "store"))


class DriverError(Exception):
    def __init__(self, told: str, errno: int, sqlstate: str) -> None:
        super().__init__(told)
        self.errno, self.sqlstate = errno, sqlstate


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (DriverError("Incorrect username or password was specified: hush", 250001, "08001"), WarehouseDenied),
        (DriverError("Could not connect to the backend", 250001, "08001"), WarehouseUnreachable),
        (DriverError("Insufficient privileges", 3001, "42501"), WarehouseDenied),
        (DriverError("Statement was aborted: lock timeout", 625, "57014"), WarehouseLocked),
        (DriverError("Object does not exist", 2003, "02000"), WarehouseError),
    ],
)
def test_errors_are_told_apart_and_without_secrets(error: DriverError, kind: type[WarehouseError]) -> None:
    found = login.mapped(error, "warehouse w", {"password": "hush"})
    assert type(found) is kind
    assert "hush" not in found.message
