"""The walk of the README, through the front door: check, discover, pull, query, plan, push, status, records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Folder

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

STREAMS = ("customers", "products", "orders", "fulfillments")
VIP = """crm_id,email,first_name,tags
1,ada@example.com,Ada,"vip,new"
2,grace@example.com,Grace,vip
3,not an address,Bob,vip
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(World.seeded(customers=40, products=15, orders=60, seed=3)) as found:
        yield found


@pytest.fixture(scope="module")
def folder(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = Folder.of(tmp_path_factory.mktemp("project"), running)
    made.write("vip.csv", VIP)
    return made


def test_the_walk_in_words_and_in_json(folder: Folder, running: Running) -> None:
    """Every command does what the contract says, in order, with and without --json."""
    _looks(folder)
    _pulls(folder, running)
    _pushes(folder)
    _reads_back(folder)


def _looks(folder: Folder) -> None:
    check = folder.run("check", "--json")
    assert (check.code, check.document["ok"]) == (0, True)
    assert "✓ warehouse" in folder.run("check").out
    found = folder.run("--json", "discover").document["streams"]
    assert [(each["stream"], each["rows"]) for each in found[:4]] == [
        ("customers", 40),
        ("products", 15),
        ("orders", 60),
        ("fulfillments", None),
    ]


def _pulls(folder: Folder, running: Running) -> None:
    first = folder.run("pull", "--json")
    assert first.code == 0, first.err
    summary = first.events[-1]
    assert (summary["event"], summary["outcome"]) == ("summary", "succeeded")
    new = {table["table"]: table["new"] for stream in summary["streams"] for table in stream["tables"]}
    assert (new["customers"], new["products"], new["orders"]) == (40, 15, 60)
    assert new["fulfillments"] == len(running.world.shop.table("Fulfillment"))
    again = folder.run("pull", "--json").events[-1]
    for stream in again["streams"]:
        assert stream["calls"] <= 2, stream
        assert all(table["new"] == table["changed"] == table["deleted"] == 0 for table in stream["tables"])
    asked = folder.run("query", "select count(*) as n, min(created_at) as first from orders", "--json").document
    assert asked["rows"][0]["n"] == 60
    assert "60" in folder.run("query", "select count(*) from shopify.orders").out


def _pushes(folder: Folder) -> None:
    plan = folder.run("plan", "vip", "--exit-code", "--json")
    assert plan.code == 4
    assert plan.document["counts"] == {"create": 3}
    assert folder.run("plan", "vip", "--out", "vip.plan.json").code == 0
    pushed = folder.run("push", "vip", "--plan", "vip.plan.json", "--json")
    assert pushed.code == 1
    assert pushed.events[-1]["outcomes"] == {"applied": 2, "rejected": 1}
    assert {each["event"] for each in pushed.events} == {"planned", "row", "summary"}
    second = folder.run("push", "vip")
    assert second.code == 1
    assert "2 unchanged" in second.out
    assert "Email is invalid" in second.out


def _reads_back(folder: Folder) -> None:
    syncs = {each["name"]: each["health"] for each in folder.run("status", "--json").document["syncs"]}
    assert syncs == {"store": "Healthy", "vip": "Incomplete"}
    records = folder.run("records", "vip", "--outcome", "rejected", "--json").document["records"]
    assert [(each["key"], each["column"], each["message"]) for each in records] == [("3", "email", "Email is invalid")]
    applied = folder.run("records", "vip", "--key", "1", "--values", "--json").document
    assert applied["records"][0]["values"]["email"]
    (entry,) = applied["history"]
    assert entry["cost"] > 0
    assert entry["hash"] == applied["records"][0]["hash"]
    assert entry["changes"]["email"] == [None, applied["records"][0]["values"]["email"]]
    told = folder.run("records", "vip", "--key", "1", "--values").out
    assert f"{entry['run_id']}  create applied  {entry['gid']}" in told
    assert "email: null -> " in told
    one = folder.run("records", "vip", "--key", "3", "--json").document
    assert [entry["outcome"] for entry in one["history"]] == ["rejected", "rejected"]
    runs = folder.run("runs", "--json").document["runs"]
    assert [run["kind"] for run in runs] == ["push", "push", "pull", "pull"]
    assert folder.run("runs", runs[-1]["run_id"], "--json").document["summary"]["streams"]
    assert folder.run("skip", "vip", "--key", "3").code == 0
    assert folder.run("push", "vip").code == 0
    assert folder.run("skip", "vip", "--key", "3", "--undo").code == 0
    assert folder.run("resync", "vip", "--key", "1", "--json").document["records"] == 1
    # Refused twice as it is, row 3 waits for its turn.
    assert folder.run("plan", "vip", "--json").document["counts"] == {"update": 1, "waiting": 1, "unchanged": 1}


def test_what_was_pushed_comes_back_with_the_next_pull(folder: Folder) -> None:
    """Both sides agree after a push and a pull."""
    assert folder.run("pull", "--stream", "customers", "--quiet").code == 0
    rows = folder.run(
        "query", "select first_name, tags from customers where email = 'ada@example.com'", "--json"
    ).document["rows"]
    assert rows == [{"first_name": "Ada", "tags": '["new","vip"]'}]


def test_a_reference_is_there_without_a_configuration(tmp_path: Path) -> None:
    """`schema` and --version need nothing."""
    folder = Folder(tmp_path)
    assert "total_price_set_amount" in folder.run("schema", "orders").out
    assert folder.run("schema", "--push", "customers", "--json").document["columns"]
    assert folder.run("--version").out.startswith("shoptide")
    assert all(name in folder.run("--help").out for name in ("pull", "push", "simulate"))
