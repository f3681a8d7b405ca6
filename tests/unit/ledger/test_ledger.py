"""What the ledger remembers, and what it does when it can't."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shoptide.config import LedgerConfig
from shoptide.errors import ConfigError, LedgerError, LockHeld
from shoptide.ledger import Ledger, OperationRecord, RecordState, Sending, open_ledger
from shoptide.ledger.states import WALK_LEAST, owning


@pytest.fixture(params=["sqlite", "postgres"])
def config(request: pytest.FixtureRequest) -> LedgerConfig:
    """Where a ledger lies: all of this holds in every kind of database."""
    if request.param == "sqlite":
        return LedgerConfig("sqlite:///.shoptide/ledger.db")
    return LedgerConfig(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(config: LedgerConfig, tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(config, base=tmp_path) as found:
        yield found


def applied(key: str, **changes: object) -> RecordState:
    settings: dict[str, object] = {"push": "vip", "key": key, "outcome": "applied", "action": "create", "run_id": "r"}
    return RecordState(**(settings | changes))  # type: ignore[arg-type]


def sending(key: str) -> Sending:
    return Sending("vip", key, "r", "create", None, {"email": "a@x.com"}, "h", {"email": "a@x.com"})


def test_runs_are_listed_newest_first(ledger: Ledger) -> None:
    """A run without an outcome is one that works or was killed."""
    first = ledger.begin_run("pull", "store", "acme", {"limit": 1})
    second = ledger.begin_run("push", "vip", "acme", {})
    ledger.end_run(first, "succeeded", {"calls": 3})
    assert [(run.id, run.outcome) for run in ledger.runs()] == [(second, None), (first, "succeeded")]
    found = ledger.run(first[:-2])
    assert found is not None
    assert found.summary == {"calls": 3}
    assert found.options["limit"] == 1
    assert found.options["by"].partition("@")[2] == socket.gethostname()


def test_an_operation_is_open_until_it_is_closed(ledger: Ledger) -> None:
    """What a restarted pull adopts."""
    ledger.remember_operation(OperationRecord("gid://1", "r", "acme", "store", "orders", "", "hash", "CREATED"))
    assert [each.gid for each in ledger.open_operations("acme", "store", "orders")] == ["gid://1"]
    ledger.close_operation("gid://1", "landed")
    assert ledger.open_operations("acme", "store", "orders") == []


def test_marks_hold_what_comparing_needs_of_every_record(ledger: Ledger) -> None:
    """Keys whatever they contain, the hash, and a letter for what became of it; other pushes' records are not there."""
    odd = 'a\tb"\n€'
    ledger.settle([applied(odd, gid="g", hash="h1"), applied("2", hash="h2"), applied("3", gid="g", action="delete"),
                   applied("4", gid="g", outcome="rejected"), applied("5", outcome="rejected"),
                   applied("1", push="other", gid="g")])  # fmt: skip
    ledger.settle([applied(f"n{i}", gid="g", hash="h") for i in range(9_000)])
    ledger.order("vip", ["2"], "resync")
    lines = [line.split("\t") for block in ledger.marks("vip") for line in block.splitlines()]
    found = {bytes.fromhex(key).decode(): (values, fate) for key, values, fate in lines}
    assert len(found) == len(lines) == 9_005
    assert found[odd] == ("h1", "a")
    assert [found[key][1] for key in "2345"] == ["X", "d", "o", "O"]
    assert found["3"][0] == ""


def test_owners_of_records_are_found_by_an_index(ledger: Ledger) -> None:
    """More gids than one query asks for; who only named a record, and who deleted it, has none. No state is walked."""
    ledger.settle([applied(f"n{i}", gid=f"g{i}") for i in range(3_000)])
    ledger.settle([applied("same", gid="g7"), applied("x", push="other", gid="g8"),
                   applied("gone", gid="d", action="delete"), applied("named", gid="b", outcome="blocked"),
                   applied("half", gid="r", outcome="rejected")])  # fmt: skip
    found = ledger.owners("vip", {*(f"g{i}" for i in range(1_500)), "d", "b", "r", "none"})
    assert found == {f"g{i}": {f"n{i}"} for i in range(1_500)} | {"g7": {"n7", "same"}, "r": {"half"}}
    if ledger.store.engine.dialect.name == "postgresql":  # which counts its tables by itself after a while
        with ledger.store.write() as connection:
            connection.exec_driver_sql("ANALYZE")
    with ledger.store.read() as connection:
        query = owning("vip", ["g1", "g2"]).compile(ledger.store.engine, compile_kwargs={"literal_binds": True})
        how = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
        told = "\n".join(str(row) for row in connection.exec_driver_sql(f"{how} {query}"))
    assert "states_by_gid" in told


def test_owners_of_most_records_are_found_by_one_walk(ledger: Ledger) -> None:
    """The same answer, sooner: other pushes' records and those that were not asked for are not in it."""
    ledger.settle([applied(f"n{i}", gid=f"g{i}") for i in range(WALK_LEAST + 2)])
    ledger.settle([applied("x", push="other", gid="g8"), applied("named", gid="g9", outcome="blocked"), applied("no")])
    found = ledger.owners("vip", {f"g{i}" for i in range(1, WALK_LEAST + 2)} | {"none"})
    assert found == {f"g{i}": {f"n{i}"} for i in range(1, WALK_LEAST + 2)}


def test_who_was_to_be_skipped_once_has_had_it(ledger: Ledger) -> None:
    """Always stays always."""
    ledger.settle([applied("1"), applied("2"), applied("3")])
    ledger.order("vip", ["1"], "skip_once")
    ledger.order("vip", ["2"], "skip_always")
    ledger.skipped("vip", ["1", "2"])
    assert [state.order for state in ledger.records("vip")] == [None, "skip_always", None]


def test_history_tells_what_was_sent_and_what_it_cost(ledger: Ledger) -> None:
    """The hash of the values also where they were refused, the differences, the points, the answer's words."""
    ledger.settle([applied("1", hash="h1", offered="h1", cost=10.0, changes={"note": [None, "a"]}, gid="g")])
    ledger.settle([applied("1", outcome="rejected", offered="h2", cost=2.5, changes={"note": ["a", "b"]},
                           action="update", message="too long", code="TOO_LONG", gid="g", run_id="s")])  # fmt: skip
    first, second = ledger.history("vip", "1")
    assert (first.run_id, first.hash, first.cost, first.changes) == ("r", "h1", 10.0, {"note": [None, "a"]})
    assert (second.run_id, second.hash, second.cost, second.code) == ("s", "h2", 2.5, "TOO_LONG")


def test_states_are_found_by_their_keys(ledger: Ledger) -> None:
    """Many at once; what was never pushed is missing."""
    ledger.settle([applied(f"n{i}") for i in range(1_200)])
    found = ledger.states_of("vip", [f"n{i}" for i in range(0, 2_000, 2)])
    assert (len(found), found["n8"].key) == (600, "n8")


def test_settling_removes_the_journal_entry_in_the_same_commit(ledger: Ledger) -> None:
    """An outcome and its journal entry are never both there."""
    ledger.journal([sending("1"), sending("2")])
    ledger.settle([applied("1", gid="gid://c/1", sent={"email": "a@x.com"}, hash="h")])
    assert [entry.key for entry in ledger.unsettled("vip")] == ["2"]
    assert [(each.key, each.gid) for each in ledger.records("vip")] == [("1", "gid://c/1")]


def test_an_unknown_outcome_stays_in_the_journal(ledger: Ledger) -> None:
    """Until it is looked up, nobody may send it again."""
    ledger.journal([sending("1")])
    ledger.settle([applied("1", outcome="unknown")])
    assert [entry.key for entry in ledger.unsettled("vip")] == ["1"]


def test_history_keeps_every_attempt(ledger: Ledger) -> None:
    """Oldest first, with the store's words."""
    ledger.settle([applied("1", outcome="rejected", message="Email is invalid")])
    ledger.settle([applied("1")])
    assert [(e.outcome, e.message) for e in ledger.history("vip", "1")] == [
        ("rejected", "Email is invalid"),
        ("applied", None),
    ]
    assert ledger.counts("vip") == {"applied": 1}


def test_another_reader_works_while_one_writes(ledger: Ledger, config: LedgerConfig, tmp_path: Path) -> None:
    """`status` does not wait for a run."""
    ledger.begin_run("pull", "store", "acme", {})
    with open_ledger(config, base=tmp_path) as other:
        assert len(other.runs()) == 1


def test_a_held_lock_names_its_holder(ledger: Ledger, config: LedgerConfig, tmp_path: Path) -> None:
    """The second run is refused with the first one's pid."""
    with ledger.lock("push:vip"), open_ledger(config, base=tmp_path) as other:
        with pytest.raises(LockHeld, match=f"pid {os.getpid()}"), other.lock("push:vip"):
            pass
        with other.lock("push:other"):
            pass
    with ledger.lock("push:vip"):
        pass


def test_a_killed_process_lets_go_of_its_lock(ledger: Ledger, config: LedgerConfig, tmp_path: Path) -> None:
    """kill -9 leaves nothing to clean up."""
    code = (
        "import sys, time; from pathlib import Path; from shoptide.config import LedgerConfig;"
        "from shoptide.ledger import open_ledger\n"
        f"with open_ledger(LedgerConfig({config.url!r}), base=Path({str(tmp_path)!r})).lock('push:vip'):\n"
        "    print('held', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    with pytest.raises(LockHeld), ledger.lock("push:vip"):
        pass
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=10)
    process.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            with ledger.lock("push:vip"):
                return
        except LockHeld:
            continue
    pytest.fail("the lock outlived its process")


def test_a_folder_that_can_not_be_made_is_a_clear_error(tmp_path: Path) -> None:
    """The path and the setting are named."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(LedgerError, match="can't be made"):
        open_ledger(LedgerConfig("sqlite:///file/ledger.db"), base=tmp_path)


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    """Nothing is overwritten."""
    (tmp_path / "ledger.db").write_text("not a database, by far, whatever SQLite may hope for " * 20)
    with pytest.raises(LedgerError, match="not a database"):
        open_ledger(LedgerConfig("sqlite:///ledger.db"), base=tmp_path)


def test_an_unknown_url_is_a_configuration_error(tmp_path: Path) -> None:
    """With an example of what works."""
    with pytest.raises(ConfigError, match="is not understood"):
        open_ledger(LedgerConfig("mysql://x"), base=tmp_path)
