"""What is Postgres's own: secrets that stay secret, errors in our words, indexes, one writer, types of a source."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from shoptide.config import Secret, WarehouseConfig
from shoptide.errors import ConfigError, SourceError, WarehouseDenied, WarehouseError, WarehouseUnreachable
from shoptide.warehouse import Warehouse, open_warehouse

PASSWORD = "geheim-5813"


@pytest.fixture
def warehouse(postgres_url: str, tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(WarehouseConfig(postgres_url), base=tmp_path) as found:
        yield found


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"postgresql://me:{PASSWORD}@127.0.0.1:1/x", WarehouseUnreachable),
        (f"postgres://me:{PASSWORD}@127.0.0.1:1/x?connect_timeout=1", WarehouseUnreachable),
        (f"postgresql://127.0.0.1:1/x?user=me&password={PASSWORD}", WarehouseUnreachable),
        (f"postgresql://me:{PASSWORD}@127.0.0.1:1/x?colour=red", ConfigError),
        (f"postgresql://me:{PASSWORD}@[::1/x", ConfigError),
    ],
)
def test_a_password_is_in_no_error_and_no_log(
    url: str, kind: type[Exception], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        open_warehouse(WarehouseConfig(url), base=tmp_path)
    chain = [caught.value, caught.value.__cause__]
    assert PASSWORD not in repr(chain) + str(chain) + str(getattr(caught.value, "hint", "")) + caplog.text


def test_a_password_is_not_shown_by_what_holds_it(postgres_url: str, tmp_path: Path) -> None:
    """`what` stands in messages and in `shoptide check`; the configuration in a traceback's locals."""
    config = WarehouseConfig(postgres_url, secrets={"password": Secret(PASSWORD)})
    with open_warehouse(config, base=tmp_path) as found:
        assert PASSWORD not in repr(found) + found.what + repr(config)


def test_missing_rights_are_told(postgres_url: str, tmp_path: Path) -> None:
    """A role that may connect and nothing else: no schema can be made; one made for it is enough."""
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS tide_reader")
        admin.execute("CREATE ROLE tide_reader LOGIN")
        theirs = postgres_url.replace("postgres:@", "tide_reader@")
        assert theirs != postgres_url
        with pytest.raises(WarehouseDenied, match="permission denied for database") as caught:
            open_warehouse(WarehouseConfig(theirs), base=tmp_path)
        assert "rights" in str(caught.value.hint)
        assert caught.value.exit_code == 3
        admin.execute("CREATE SCHEMA shopify AUTHORIZATION tide_reader")
        with open_warehouse(WarehouseConfig(theirs), base=tmp_path) as found:
            found.publish("_own", {"n": "BIGINT"}, [(1,)])
            assert found.size("_own") == 1
        admin.execute("DROP OWNED BY tide_reader")
        admin.execute("DROP ROLE tide_reader")


def test_a_database_that_is_not_there(postgres_url: str, tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="does not exist"):
        open_warehouse(WarehouseConfig(postgres_url.replace("/test_", "/nowhere_")), base=tmp_path)


def test_rows_are_found_by_an_index(warehouse: Warehouse) -> None:
    """Made with the table, for its key and for its parent."""
    with warehouse.transaction():
        warehouse.create(
            "lines", {"_shop": "VARCHAR", "gid": "VARCHAR", "order_gid": "VARCHAR"}, [("gid",), ("order_gid",)]
        )
    asked = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'shopify' AND tablename = 'lines'"
    found = [row[0].partition(" USING ")[2] for row in warehouse.execute(asked)[1]]
    assert sorted(found) == ["btree (gid)", "btree (order_gid)"]


def test_what_did_not_happen_leaves_no_index_behind(warehouse: Warehouse) -> None:
    """A transaction that was undone is not remembered by the next."""
    with pytest.raises(ZeroDivisionError), warehouse.transaction():  # noqa: PT012  # all of it is undone
        warehouse.create("lines", {"gid": "VARCHAR"}, [("gid",)])
        raise ZeroDivisionError
    with warehouse.transaction():
        warehouse.create("lines", {"gid": "VARCHAR"})
    assert warehouse.rows("SELECT count(*) FROM pg_indexes WHERE schemaname = 'shopify'") == [(0,)]


def test_writers_come_one_after_the_other(warehouse: Warehouse) -> None:
    """Of one schema, whichever machine they are on; of another schema they do not wait."""
    warehouse.publish("_own", {"n": "BIGINT"}, [(0,)])
    began, ended, seen = threading.Event(), threading.Event(), []

    def second() -> None:
        with warehouse.beside() as other:
            began.set()
            with other.transaction():
                seen.append((ended.is_set(), other.rows(f"SELECT n FROM {other.table('_own')}")))

    with warehouse.transaction():
        thread = threading.Thread(target=second)
        thread.start()
        assert began.wait(30)
        warehouse.run(f"UPDATE {warehouse.table('_own')} SET n = ?", [7])
        ended.set()
    thread.join(30)
    assert seen == [(True, [(7,)])]


def test_a_connection_that_was_lost_between_two_questions_is_made_anew(warehouse: Warehouse, postgres_url: str) -> None:
    """Reading a large store takes hours in which nothing is asked; within a transaction its loss is told."""
    warehouse.publish("_own", {"n": "BIGINT"}, [(1,)])
    _cut(warehouse, postgres_url)
    assert warehouse.size("_own") == 1
    _cut(warehouse, postgres_url)
    with warehouse.transaction():
        warehouse.run(f"UPDATE {warehouse.table('_own')} SET n = 2")
    with pytest.raises(WarehouseUnreachable), warehouse.transaction():  # noqa: PT012  # all of it is undone
        warehouse.run(f"UPDATE {warehouse.table('_own')} SET n = 3")
        _cut(warehouse, postgres_url)
        warehouse.run(f"UPDATE {warehouse.table('_own')} SET n = 4")
    assert warehouse.rows(f"SELECT n FROM {warehouse.table('_own')}") == [(2,)]


def _cut(warehouse: Warehouse, url: str) -> None:
    pid = warehouse.execute("SELECT pg_backend_pid()")[1][0][0]
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


SOURCE = r"""
select array['x', 'y "z"', null] as tags, '2026-01-01 10:00+02'::timestamptz as at, 1.50 as plain,
  2.5::numeric(10,2) as sized, '{"b": 1}'::jsonb as doc, row(1, 'x') as pair, '{}'::int[] as none, 12.5::money as cash,
  'NaN'::float8 as nan, '12:30'::time as clock, '\x00ff'::bytea as raw, 1e30::numeric as huge -- and a comment"""


def test_types_of_a_source(warehouse: Warehouse, tmp_path: Path) -> None:
    """A numeric of no size is text, so nothing is rounded; lists are lists; rows and documents are JSON."""
    with warehouse.stage(SOURCE, base=tmp_path) as staged:
        staged.mark("plain", None)
        staged.know([])
        staged.select(done="a", by_hash=False)
        ((_key, row),) = staged.chosen()
    assert row["tags"] == ["x", 'y "z"', None]
    assert str(row["at"]) == "2026-01-01 08:00:00"
    assert (row["plain"], str(row["sized"]), row["cash"]) == ("1.5", "2.50", "12.5")
    assert (row["doc"], row["pair"], row["none"]) == ('{"b": 1}', '{"f1":1,"f2":"x"}', [])
    assert (str(row["nan"]), str(row["clock"]), row["raw"]) == ("nan", "12:30:00", "\\x00ff")
    assert row["huge"] == "1" + "0" * 30


@pytest.mark.parametrize(
    "source",
    [
        "with gone as (delete from _own returning n) select * from gone",
        "delete from _own returning n",
        "select 1; drop table _own",
    ],
)
def test_a_source_changes_nothing(warehouse: Warehouse, tmp_path: Path, source: str) -> None:
    warehouse.publish("_own", {"n": "BIGINT"}, [(1,)])
    with pytest.raises(SourceError, match="source"):
        warehouse.stage(source, base=tmp_path)
    assert warehouse.size("_own") == 1


def test_a_table_named_in_capitals_is_found(warehouse: Warehouse, tmp_path: Path) -> None:
    """As it is written where there is one of that name, else as Postgres folds names."""
    warehouse.execute('CREATE TABLE public."VIP" AS SELECT 1 AS id')
    warehouse.execute("CREATE TABLE public.crm AS SELECT 1 AS id UNION ALL SELECT 2")
    for name, rows in (("VIP", 1), ("CRM", 2), ("public.CRM", 2)):
        with warehouse.stage(name, base=tmp_path) as staged:
            assert staged.count == rows, name


def test_a_database_of_another_encoding_is_refused(postgres_server: Any, tmp_path: Path) -> None:
    postgres_server.psql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = str(postgres_server.get_uri(database="latin"))
    with pytest.raises(WarehouseError, match="LATIN1"):
        open_warehouse(WarehouseConfig(url), base=tmp_path)


def test_those_that_begin_together_make_one_schema(postgres_url: str, tmp_path: Path) -> None:
    """Of workers that start at once, none fails because another was a moment faster."""
    begin = threading.Barrier(6)
    failed: list[WarehouseError] = []

    def work() -> None:
        begin.wait()
        try:
            open_warehouse(WarehouseConfig(postgres_url, schema="new"), base=tmp_path).close()
        except WarehouseError as error:
            failed.append(error)

    together = [threading.Thread(target=work) for _ in range(6)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(60)
    assert failed == []
