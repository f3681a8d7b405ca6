"""What a user gets wrong, through the front door: one clear error, the promised exit code, nothing half done."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from command_line import Folder

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(World.seeded(customers=8, products=4, orders=12, seed=5)) as found:
        yield found


@pytest.fixture
def folder(running: Running, tmp_path: Path) -> Folder:
    made = Folder.of(tmp_path, running)
    made.write("vip.csv", "crm_id,email\n1,a@example.com\n")
    return made


def test_a_wrong_token_exits_3(folder: Folder) -> None:
    """The shop is named, the way out too, and nothing is written."""
    done = folder.run("pull", SHOPIFY_TOKEN="shpat_wrong_but_secret")
    assert done.code == 3
    assert "simulated.myshopify.com" in done.err
    assert "shpat_wrong_but_secret" not in done.out + done.err
    assert folder.run("pull", "--json", SHOPIFY_TOKEN="shpat_wrong").document["error"]["kind"] == "token_rejected"


def test_a_missing_scope_prunes_a_pull_and_stops_a_push(tmp_path: Path) -> None:
    """Fields without their scope are left out with the reason; check exits 3 and names the scope."""
    scopes = ["read_customers", "read_orders"]
    with start(World.seeded(customers=3, products=2, orders=3, scopes=scopes)) as running:
        folder = Folder.of(tmp_path, running)
        folder.edit('streams = "all"', 'streams = ["customers", "orders"]')
        checked = folder.run("check")
        assert (checked.code, "write_customers" in checked.out) == (3, True)
        assert folder.run("pull").code == 0
        left = folder.run("discover", "--json").document["streams"]
        reasons = {each["field"]: each["reason"] for stream in left for each in stream["left_out"]}
        assert reasons["lineItems.variant"] == "needs the access scope read_products"
        folder.write("vip.csv", "crm_id,email\n1,a@example.com\n")
        pushed = folder.run("push", "vip")
        assert pushed.code == 3
        assert "write_customers" in pushed.err


def test_a_shop_that_is_not_there_is_temporary_or_unknown(folder: Folder, running: Running) -> None:
    """No answer at the address: try later; an address without that shop: which one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    folder.edit(f'base_url = "{running.url}"', f'base_url = "{running.url}/shops/nobody"')
    done = folder.run("check")
    assert done.code == 3, done.out + done.err
    folder.edit(f"{running.url}/shops/nobody", nobody)
    assert nobody


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("[pull.store]", "[pul.store]", "did you mean pull"),
        ("streams", "stream_names", "streams"),
        ('strategy = "upsert"', 'strategy = "upsrt"', "choose one of"),
        ('object = "customers"', 'object = "customer"', "choose one of customers"),
        ('name = "simulated"', 'name = "simulated"\nplan = "gold"', "standard"),
        ('name = "simulated"', 'name = "simulated"\napi_version = "2024-01"', "2026-10"),
        ('name = "simulated"', "name = 5", "must be text"),
        ('streams = "all"', 'streams = "all"\noverlap = "soon"', "no duration"),
        ('streams = "all"', 'streams = "all"\nshop = "other"', "there is no [shop.other]"),
        ('streams = "all"', 'streams = ["ordrs"]', "orders"),
        ('key = "crm_id"', 'key = "crm_id"\nmax_deletes = "few"', "whole number"),
        ("[warehouse]", "[warehouse", "line 5"),
        ('"env:SHOPIFY_TOKEN"', '"env:NOT_SET_ANYWHERE"', "NOT_SET_ANYWHERE is not set"),
        ("duckdb:///acme.duckdb", "oracle://x", "DuckDB"),
    ],
)
def test_a_typo_in_the_configuration_exits_2_and_is_named(folder: Folder, before: str, after: str, words: str) -> None:
    """One error that names the key and what would fit."""
    folder.edit(before, after)
    done = folder.run("pull")
    assert done.code == 2, done.err
    assert words in done.err


def test_no_configuration_names_the_next_command(tmp_path: Path) -> None:
    """A newcomer in an empty folder."""
    done = Folder(tmp_path).run("pull")
    assert (done.code, "shoptide init" in done.err) == (2, True)


def test_init_writes_a_file_that_loads_and_never_replaces_one(tmp_path: Path, running: Running) -> None:
    """With flags only; a second time it is refused."""
    folder = Folder(tmp_path)
    flags = ["init", "--no-input", "--shop", "https://Simulated.myshopify.com/admin", "--base-url", running.url]
    assert folder.run(*flags).code == 0
    assert folder.run("check").code == 0
    assert folder.run(*flags).code == 2
    assert folder.run("init", "--no-input").code == 2


def test_a_warehouse_held_by_another_process_is_temporary(folder: Folder) -> None:
    """The holder's pid is named; status and records work meanwhile."""
    assert folder.run("pull").code == 0
    code = "import duckdb, sys; c = duckdb.connect('acme.duckdb'); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = folder.run("pull")
        assert (done.code, f"pid {holder.pid}" in done.err) == (75, True)
        assert folder.run("status").code == 0
        assert folder.run("records", "vip").code == 0
        assert folder.run("runs").code == 0
        assert holder.stdin is not None
        holder.stdin.close()


def test_a_second_pull_at_the_same_time_exits_5(folder: Folder) -> None:
    """The lock is the ledger's, and it is free again when its holder ends."""
    code = (
        "import sys; from pathlib import Path\n"
        "from shoptide.config import LedgerConfig; from shoptide.ledger import open_ledger\n"
        "ledger = open_ledger(LedgerConfig('sqlite:///.shoptide/ledger.db'), base=Path('.'))\n"
        "with ledger.lock('pull:simulated.myshopify.com:store'):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder.path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        done = folder.run("pull")
        assert (done.code, f"pid {holder.pid}" in done.err) == (5, True)
        assert holder.stdin is not None
        holder.stdin.close()
    assert folder.run("pull").code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_not_be_written_is_named(folder: Folder) -> None:
    """Rights are told, not traced."""
    folder.path.chmod(0o500)
    try:
        assert folder.run("pull").code == 1
    finally:
        folder.path.chmod(0o700)


def test_a_path_that_can_not_be_made_is_named(folder: Folder) -> None:
    """A file where a folder should be, for warehouse and ledger."""
    folder.write("taken", "a file")
    folder.edit("duckdb:///acme.duckdb", "duckdb:///taken/acme.duckdb")
    done = folder.run("pull")
    assert (done.code, "taken" in done.err) == (1, True)
    folder.edit("duckdb:///taken/acme.duckdb", 'duckdb:///acme.duckdb"\n[ledger]\nurl = "sqlite:///taken/ledger.db')
    done = folder.run("pull")
    assert (done.code, "ledger" in done.err) == (1, True)


def test_a_failing_source_query_exits_2(folder: Folder) -> None:
    """DuckDB's reason, the way to try it, and no row sent."""
    folder.edit('source = "vip.csv"', 'source = "select * from crm.nobody"')
    done = folder.run("push", "vip")
    assert (done.code, "nobody" in done.err, "shoptide query" in done.err) == (2, True, True)


def test_a_missing_source_file_exits_2(folder: Folder) -> None:
    """The whole path is told."""
    folder.edit('source = "vip.csv"', 'source = "vips.csv"')
    done = folder.run("push", "vip")
    assert (done.code, str(folder.path / "vips.csv") in done.err) == (2, True)


def test_an_empty_source_does_nothing_and_is_fine(folder: Folder) -> None:
    """No rows, no error, no call that writes."""
    folder.write("vip.csv", "crm_id,email\n")
    assert folder.run("push", "vip").code == 0


def test_doubled_keys_are_rejected_by_name(folder: Folder) -> None:
    """Both rows, each with its line of the file."""
    folder.write("vip.csv", "crm_id,email\n1,a@example.com\n1,b@example.com\n2,c@example.com\n")
    done = folder.run("push", "vip", "--json")
    assert done.code == 1
    assert done.events[-1]["outcomes"] == {"rejected": 2, "applied": 1}
    assert {each["message"] for each in done.events if each["event"] == "row" and each["outcome"] == "rejected"} == {
        "2 rows have this key (vip.csv, line 2)",
        "2 rows have this key (vip.csv, line 3)",
    }


def test_an_unknown_column_exits_2_with_near_names(folder: Folder) -> None:
    """Before anything is sent."""
    folder.write("vip.csv", "crm_id,emial\n1,a@example.com\n")
    done = folder.run("push", "vip")
    assert (done.code, "did you mean email" in done.err) == (2, True)


def test_a_customer_with_orders_is_blocked_under_delete(folder: Folder) -> None:
    """With the store's own reason; the one without orders goes."""
    assert folder.run("pull", "--quiet").code == 0
    folder.edit('strategy = "upsert"', 'strategy = "delete"')
    folder.edit(
        'source = "vip.csv"',
        'source = "select c.id as crm_id, c.gid from shopify.customers c'
        ' where exists (select 1 from shopify.orders o where o.customer_gid = c.gid) limit 1"',
    )
    done = folder.run("push", "vip", "--json")
    assert done.code == 1
    assert done.events[-1]["outcomes"] == {"blocked": 1}
    (row,) = [each for each in done.events if each["event"] == "row"]
    assert "associated orders" in row["message"]


def test_unknown_commands_and_flags_exit_2(folder: Folder) -> None:
    """Usage is told on stderr."""
    assert folder.run("pul").code == 2
    assert folder.run("pull", "--everything").code == 2
    assert folder.run("push", "nobody").code == 2
    assert folder.run("pull", "--since", "yesterday").code == 2
    assert folder.run("runs", "nope").code == 2


def test_a_broken_query_is_an_error_and_no_traceback(folder: Folder) -> None:
    """SQL mistakes are the user's."""
    assert folder.run("query", "select 1").code == 1  # nothing was pulled yet
    assert folder.run("pull", "--quiet").code == 0
    done = folder.run("query", "selct 1")
    assert (done.code, "syntax" in done.err.lower()) == (1, True)
    done = folder.run("query", "drop table shopify.customers")
    assert (done.code, "read-only" in done.err.lower()) == (1, True)


def test_a_ledger_that_is_no_database_is_an_error(folder: Folder) -> None:
    """Its file is left as it is."""
    (folder.path / ".shoptide").mkdir()
    path = folder.path / ".shoptide" / "ledger.db"
    path.write_bytes(b"no database, whatever one may think of it; " * 30)
    done = folder.run("status")
    assert (done.code, "ledger" in done.err) == (1, True)
    assert path.read_bytes().startswith(b"no database")
    with pytest.raises(sqlite3.DatabaseError), sqlite3.connect(path) as connection:
        connection.execute("select * from runs")


def test_nothing_is_left_behind_by_a_failed_pull(folder: Folder, running: Running) -> None:
    """No table, no cursor, no spooled file."""
    folder.run("pull", SHOPIFY_TOKEN="shpat_wrong")
    assert not list((folder.path / ".shoptide" / "spool").glob("*/*"))
    with duckdb.connect(str(folder.path / "acme.duckdb")) as connection:
        names = connection.execute("select table_name from information_schema.tables").fetchall()
    assert "customers" not in {name for (name,) in names}
