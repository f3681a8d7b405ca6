"""What only a ledger in Postgres has to care for: sessions that end, passwords, texts that Postgres can't keep."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from shoptide.clock import SystemClock
from shoptide.config import LedgerConfig, Secret
from shoptide.errors import ConfigError, LedgerError, LockHeld
from shoptide.ledger import Ledger, RecordState, Sending, open_ledger
from shoptide.ledger.session_locks import LOOK


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.now = SystemClock().now
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def sleep(self, seconds: float) -> None:
        self.passed += seconds


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def ledger(postgres_url: str, tmp_path: Path, clock: Hands) -> Iterator[Ledger]:
    with open_ledger(LedgerConfig(postgres_url), base=tmp_path, clock=clock) as found:
        yield found


SENDING = Sending("vip", "1", "r", "create", None, {}, "h", None)


def end_all_sessions(url: str) -> None:
    """As a restart of the server or a broken network would: the lock's session among them."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )


def test_a_lock_that_was_lost_stops_the_writes_of_its_run(ledger: Ledger, clock: Hands, postgres_url: str) -> None:
    """Nothing more is sent by who can't know that he is alone; afterwards the lock can be had again."""
    with ledger.lock("push:vip"):
        ledger.journal([SENDING])
        end_all_sessions(postgres_url)
        clock.sleep(LOOK)
        with pytest.raises(LedgerError, match="the connection that held push:vip broke"):
            ledger.journal([SENDING])
    with ledger.lock("push:vip"):
        ledger.journal([SENDING])


def test_a_lock_that_is_there_is_looked_at_once_a_second(ledger: Ledger, clock: Hands) -> None:
    """Writes in quick succession cost no question each."""
    asked: list[str] = []
    sa.event.listen(ledger.store.locks._engine, "before_cursor_execute", lambda *a: asked.append(a[2]))  # type: ignore[attr-defined]
    with ledger.lock("push:vip"):
        asked.clear()
        for _ in range(5):
            ledger.journal([SENDING])
        assert asked == []
        clock.sleep(LOOK)
        ledger.journal([SENDING])
        ledger.journal([SENDING])
        assert asked == ["SELECT 1"]


def test_a_held_lock_names_host_pid_and_time(ledger: Ledger, postgres_url: str, tmp_path: Path) -> None:
    """Its holder may be on another machine."""
    told = rf"host {socket.gethostname()}, pid \d+, since 20"
    with (
        ledger.lock("push:vip"),
        open_ledger(LedgerConfig(postgres_url), base=tmp_path) as other,
        pytest.raises(LockHeld, match=told),
        other.lock("push:vip"),
    ):
        pass


def test_ledgers_in_two_schemas_do_not_know_each_other(ledger: Ledger, postgres_url: str, tmp_path: Path) -> None:
    """Neither each other's rows nor each other's locks."""
    with open_ledger(LedgerConfig(postgres_url, schema='Other "one"'), base=tmp_path) as other:
        other.begin_run("pull", "store", "acme", {})
        with ledger.lock("pull:acme"), other.lock("pull:acme"):
            assert (len(ledger.runs()), len(other.runs())) == (0, 1)


def test_a_connection_that_was_closed_while_idle_is_replaced(ledger: Ledger, postgres_url: str) -> None:
    """A server that restarted at night is no failed run in the morning."""
    ledger.begin_run("pull", "store", "acme", {})
    end_all_sessions(postgres_url)
    assert len(ledger.runs()) == 1


def test_texts_with_nul_are_kept_without_it(ledger: Ledger) -> None:
    """Postgres has no such character in a text; a row that has it is found again all the same."""
    ledger.settle([RecordState("vip", "a\x00b", "rejected", "create", "r", message="bad \x00", sent={"x": "\x00"})])
    (found,) = ledger.records("vip", key="a\x00b")
    assert (found.message, found.sent) == ("bad \ufffd", {"x": "\x00"})
    assert list(ledger.states_of("vip", ["a\x00b"]))
    assert len(ledger.history("vip", "a\x00b")) == 1


def test_a_password_is_in_no_message(tmp_path: Path) -> None:
    """Whether the server is away, the URL is wrong, or a query holds it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configs = [
        LedgerConfig(f"postgresql://me:hunter2%40x@127.0.0.1:{port}/shop"),
        LedgerConfig(f"postgresql://me:hunter2@x@127.0.0.1:{port}/shop"),
        LedgerConfig(f"postgresql://me@127.0.0.1:{port}/shop?password=hunter2"),
        LedgerConfig(f"postgresql://me@127.0.0.1:{port}/shop", secrets={"password": Secret("hunter2")}),
        LedgerConfig("postgresql://me:hunter2/x@127.0.0.1/shop"),
        LedgerConfig("postgresql://me:hunter2@127.0.0.1:port/shop"),
        LedgerConfig("mysql://me:hunter2@127.0.0.1/shop"),
        LedgerConfig("me:hunter2@127.0.0.1/shop"),
    ]
    for config in configs:
        with pytest.raises((LedgerError, ConfigError)) as refused:
            open_ledger(config, base=tmp_path)
        told = f"{refused.value} {refused.value.hint} {refused.value.__cause__}"
        assert "hunter2" not in told


def test_a_server_that_is_away_is_a_clear_error(tmp_path: Path) -> None:
    """With the place, so that one knows where to look."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(LedgerError, match=rf"postgresql://me@127.0.0.1:{port}/shop: .*refused"):
        open_ledger(LedgerConfig(f"postgresql://me:x@127.0.0.1:{port}/shop"), base=tmp_path)


def test_without_the_extra_the_error_names_it() -> None:
    """The driver is installed by those who need it."""
    code = (
        "import sys; sys.modules['psycopg'] = None; from pathlib import Path\n"
        "from shoptide.config import LedgerConfig; from shoptide.ledger import open_ledger\n"
        "from shoptide.errors import ConfigError\n"
        "try:\n    open_ledger(LedgerConfig('postgresql://h/d'), base=Path())\n"
        "except ConfigError as error:\n    print(error.hint)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "pip install 'shoptide[postgres]'\n"
