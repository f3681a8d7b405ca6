"""A ledger of an older layout is brought up to date, by one of those that open it; a newer one is refused."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from old_layouts import statements

from shoptide.config import LedgerConfig
from shoptide.errors import LedgerError
from shoptide.ledger import RecordState, Sending, layouts, open_ledger, schema

ENGINES = ("sqlite", "postgres")


@pytest.fixture(params=ENGINES)
def config(request: pytest.FixtureRequest) -> LedgerConfig:
    """Where a ledger lies."""
    if request.param == "sqlite":
        return LedgerConfig("sqlite:///ledger.db")
    return LedgerConfig(request.getfixturevalue("postgres_url"))


@contextmanager
def closing_engine(engine: sa.Engine) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()


@contextmanager
def bare(config: LedgerConfig, base: Path) -> Iterator[sa.Connection]:
    """The ledger's database, without the ledger."""
    if config.url.startswith("sqlite"):
        engine = sa.create_engine(f"sqlite:///{base / 'ledger.db'}")
    else:
        engine = sa.create_engine(sa.make_url(config.url).set(drivername="postgresql+psycopg"))
    with closing_engine(engine), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS shoptide")
            connection.exec_driver_sql("SET LOCAL search_path TO shoptide")
        yield connection


def made_before(config: LedgerConfig, base: Path, layout: int) -> None:
    """Make a ledger as an earlier release did."""
    with bare(config, base) as connection:
        engine = "sqlite" if connection.dialect.name == "sqlite" else "postgres"
        for statement in statements(layout, engine):
            connection.exec_driver_sql(statement)


def differences(config: LedgerConfig, base: Path) -> list[Any]:
    """What alembic would change to come from the tables that are there to those of the schema."""
    with bare(config, base) as connection:
        # The table of versions is alembic's own and in no metadata.
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, schema.metadata))


@pytest.mark.parametrize("layout", [1, 2])
def test_an_older_layout_is_brought_up_to_date(config: LedgerConfig, tmp_path: Path, layout: int) -> None:
    """What it holds stays, what came since works, and releases without migrations are told that it is newer."""
    made_before(config, tmp_path, layout)
    with open_ledger(config, base=tmp_path) as ledger:
        assert [(each.gid, each.sent) for each in ledger.records("vip")] == [("g", {"note": "x"})]
        assert [each.cost for each in ledger.history("vip", "1")] == [10.5]
        (open_write,) = ledger.unsettled("vip")
        assert (open_write.key, open_write.marks) == ("2", {"email": "a@x.com"})
        ledger.journal([replace(open_write, operation="token", line=3)])
        assert [(each.operation, each.line) for each in ledger.unsettled("vip")] == [("token", 3)]
        ledger.settle([RecordState("vip", "2", "applied", "create", "r2", tried="h")])
        assert len(ledger.history("vip", "2")) == 1
    with bare(config, tmp_path) as connection:
        assert connection.execute(sa.select(schema.layout.c.version)).scalars().all() == [schema.VERSION]


def test_migrations_end_where_a_new_ledger_begins(config: LedgerConfig, tmp_path: Path) -> None:
    """Every table, column and index, whether made at once or step by step; the newest file is the present layout."""
    with open_ledger(config, base=tmp_path):
        pass
    assert differences(config, tmp_path) == []
    with bare(config, tmp_path) as connection:
        schema.metadata.drop_all(connection)
        connection.exec_driver_sql("DELETE FROM alembic_version")
        layouts.migrate(connection)
    assert differences(config, tmp_path) == []
    heads = ScriptDirectory(str(Path(layouts.__file__).parent / "migrations")).get_heads()
    assert heads == [layouts.HEAD]


def test_a_newer_ledger_is_refused(config: LedgerConfig, tmp_path: Path) -> None:
    """Nothing is changed in it; the message says what to do."""
    with open_ledger(config, base=tmp_path):
        pass
    with bare(config, tmp_path) as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '99'")
    with pytest.raises(LedgerError, match=r"newer Shoptide \(layout 99\)"):
        open_ledger(config, base=tmp_path)


def test_those_that_open_an_older_ledger_at_once_do_not_collide(config: LedgerConfig, tmp_path: Path) -> None:
    """Processes that start together: one migrates, all of them work."""
    made_before(config, tmp_path, 1)
    begin = time.time() + 1.5
    code = (
        "import sys, time; from pathlib import Path; from shoptide.config import LedgerConfig;"
        "from shoptide.ledger import open_ledger; import alembic.command\n"
        f"time.sleep(max(0, {begin} - time.time()))\n"
        f"with open_ledger(LedgerConfig({config.url!r}), base=Path({str(tmp_path)!r})) as ledger:\n"
        "    ledger.begin_run('pull', 'store', 'acme', {})\n"
    )
    together = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait(timeout=60) for process in together] == [0, 0, 0, 0]
    with open_ledger(config, base=tmp_path) as ledger:
        assert len(ledger.runs()) == 5


def test_opening_a_ledger_that_is_up_to_date_runs_no_migrations(config: LedgerConfig, tmp_path: Path) -> None:
    """Not even their program is loaded: `status` is quick."""
    with open_ledger(config, base=tmp_path):
        pass
    code = (
        "import sys; from pathlib import Path; from shoptide.config import LedgerConfig;"
        "from shoptide.ledger import open_ledger\n"
        f"open_ledger(LedgerConfig({config.url!r}), base=Path({str(tmp_path)!r})).runs()\n"
        "print('alembic' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


def test_a_migration_that_fails_leaves_everything_as_it_was(config: LedgerConfig, tmp_path: Path) -> None:
    """The tables, the data and the version: the next try begins from the same place."""
    made_before(config, tmp_path, 1)
    with bare(config, tmp_path) as connection:
        connection.exec_driver_sql("CREATE TABLE lock_holders (x INTEGER)")
    with pytest.raises(LedgerError, match="lock_holders"):
        open_ledger(config, base=tmp_path)
    with bare(config, tmp_path) as connection:
        columns = {each["name"] for each in sa.inspect(connection).get_columns("journal")}
        assert "operation" not in columns
        assert connection.execute(sa.select(schema.layout.c.version)).scalars().all() == [1]
        connection.exec_driver_sql("DROP TABLE lock_holders")
    with open_ledger(config, base=tmp_path) as ledger:
        assert isinstance(ledger.unsettled("vip")[0], Sending)
