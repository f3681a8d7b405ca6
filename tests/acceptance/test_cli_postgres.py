"""The walk through the front door with Postgres as the warehouse: another URL, and everything else as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from command_line import Folder

from shoptide.simulator.server import start
from shoptide.simulator.world import World

PASSWORD = "geheim-7741"
PUSH = """
[push.crm]
object = "customers"
strategy = "upsert"
source = "select c.id as crm_id, c.email, c.tags from crm.people c left join customers s on s.email = c.email"
key = "crm_id"
match = ["email"]
"""
PEOPLE = """create schema crm; create table crm.people (id bigint, email text, tags text[]);
insert into crm.people
values (1, 'ada@example.com', '{vip,new}'), (2, 'grace@example.com', null), (3, 'no address', null)"""


@pytest.fixture
def url(postgres_url: str) -> str:
    """With a password, which this server does not ask for: nothing may show it all the same."""
    assert ":@" in postgres_url
    return postgres_url.replace(":@", f":{PASSWORD}@")


def test_the_walk_on_postgres(tmp_path: Path, url: str, postgres_url: str) -> None:
    """check, pull twice, query, plan and push of a query's rows, records published; no output has the password."""
    said: list[Any] = []
    with start(World.seeded(customers=20, products=5, orders=20, seed=3)) as running:
        folder = Folder.of(tmp_path, running, PUSH)
        folder.edit('url = "duckdb:///acme.duckdb"', 'url = "env:WAREHOUSE_URL"')
        folder.edit('streams = "all"', 'streams = ["customers", "orders"]')

        def run(*arguments: str, code: int = 0) -> Any:
            done = folder.run(*arguments, WAREHOUSE_URL=url)
            said.append(done)
            assert done.code == code, done.out + done.err
            return done

        assert "✓ warehouse: postgresql://postgres@" in run("check").out
        assert run("pull", "--json").events[-1]["outcome"] == "succeeded"
        again = run("pull", "--json").events[-1]
        tables = [table for stream in again["streams"] for table in stream["tables"]]
        assert sum(table["new"] + table["changed"] for table in tables) == 0
        counted = run("query", "--json", "select count(*)::int as n, count(distinct gid) as m from orders").document
        assert counted["rows"] == [{"n": 20, "m": 20}]
        with psycopg.connect(postgres_url, autocommit=True) as crm:
            crm.execute(PEOPLE)
        run("plan", "crm")
        run("push", "crm", code=1)
        held = run("query", "--json", "select key, outcome from _shoptide_record_states order by key").document["rows"]
        assert [(row["key"], row["outcome"]) for row in held] == [("1", "applied"), ("2", "applied"), ("3", "rejected")]
        assert run("plan", "crm", "--json").document["counts"]["unchanged"] == 2
        refused = run("query", "drop table orders", code=1)
        assert "read-only" in refused.err
        folder.edit("crm.people", "crm.nobody")
        assert "source select" in run("plan", "crm", code=2).err
    assert PASSWORD not in repr(said)
