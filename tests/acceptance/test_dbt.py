"""dbt on DuckDB finds Fivetran's layout as a source; the macros of the guide are what such a project needs.

dbt is not among what the tests install: it is looked for in $DBT and on the path, and `make dbt` brings it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pulling import HastyClock, pulling

from shoptide.simulator.execution import Request
from shoptide.simulator.server import start
from shoptide.simulator.world import World
from shoptide.warehouse.views import layout

PROJECT = Path(__file__).parent / "dbt_project"
GUIDE = Path(__file__).parents[2] / "docs" / "howto" / "dbt.md"
BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
TIER = """mutation($owner: ID!) { metafieldsSet(metafields: [
  { ownerId: $owner namespace: "crm" key: "tier" type: "single_line_text_field" value: "gold" }
]) { userErrors { message } } }"""
STREAMS = ("customers", "orders", "customer_metafields", "metafield_definitions")


def macros_of_the_guide() -> str:
    """The only block of SQL in it."""
    [found] = [block["text"] for block in BLOCK.finditer(GUIDE.read_text()) if block["kind"] == "sql"]
    return found


def test_the_guide_lists_what_is_always_null() -> None:
    """Each column that a query leaves empty stands in the guide's table, and no other."""
    chosen = layout("fivetran")
    empty = {
        (view, column)
        for view, query in chosen.queries.items()
        for column in re.findall(r"^\s*NULL AS (\w+)", query, re.MULTILINE)
    }
    told = set()
    section = GUIDE.read_text().split("### What is always NULL")[1]
    for tables, columns in re.findall(r"^\| ([a-z_, ]+) \| ([a-z_, ]+) \|", section, re.MULTILINE):
        if tables != "table":
            told |= {(table, column) for table in tables.split(", ") for column in columns.split(", ")}
    assert told == empty


def test_the_streams_of_the_guide_fill_every_view() -> None:
    """Pulled like that, no view is empty for want of a table."""
    from shoptide.inbound.layouts import gaps_of

    [named] = re.findall(r"^streams = \[(.*?)\]", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert gaps_of(layout("fivetran"), re.findall(r'"(\w+)"', named)) == ({}, {})


def test_models_build_on_a_pulled_store(tmp_path: Path) -> None:
    """Views on views, tables, and their tests; sums are the store's, JSON and metafields come out of their columns."""
    dbt = os.environ.get("DBT") or shutil.which("dbt")
    if dbt is None:
        pytest.skip("needs dbt with its DuckDB adapter: `make dbt` installs it and runs this")
    world = World.seeded(customers=20, products=8, orders=60, seed=9)
    customer = next(iter(world.shop.table("Customer")))["id"]
    body = world.first.execute(Request(TIER, {"owner": customer}), "2026-10", "http://127.0.0.1")
    assert body["data"]["metafieldsSet"]["userErrors"] == []
    with world.shop.lock:
        payments = [row for row in world.shop.table("OrderTransaction").all() if row["kind"] == "SALE"]
        rate = {"charges": {"data": [{"balance_transaction": {"exchange_rate": 2}}]}}
        payments[0]["receiptJson"] = json.dumps(rate)
    with start(world) as running, pulling(tmp_path, running, *STREAMS, clock=HastyClock(20)) as puller:
        puller.quick()
        puller.warehouse.views = ("fivetran",)
        puller.whole()
        paid = puller.rows("select sum(total_price_set_amount) - sum(total_refunded_set_amount) from orders where"
                           " total_received_set_amount > 0")  # fmt: skip
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project)
    (project / "macros" / "shopify_on_duckdb.sql").write_text(macros_of_the_guide())
    run(dbt, project, "deps")
    run(dbt, project, "build")
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    assert {each["status"] for each in results} == {"success", "pass"}
    assert len(results) >= 24
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        check(connection, paid[0][0], payments[0])


def run(dbt: str, project: Path, *arguments: str) -> None:
    file = project.parent / "warehouse.duckdb"
    done = subprocess.run(
        [dbt, *arguments, "--profiles-dir", "."],
        cwd=project,
        env={**os.environ, "SHOPTIDE_DBT_FILE": str(file), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def check(connection: duckdb.DuckDBPyConnection, left: Any, payment: dict[str, Any]) -> None:
    """What the models came to."""
    found = connection.execute(
        "select round(sum(order_adjusted_total), 2), count(*) from reports.orders o"
        " where exists (select 1 from shopify.orders s where s.id = o.order_id and s.total_received_set_amount > 0)"
    ).fetchone()
    assert found is not None
    assert float(found[0]) == pytest.approx(float(left))
    number = int(payment["id"].rsplit("/", 1)[1])
    amounts = connection.execute(
        "select m.amount / s.amount_set_amount from reports.transactions m join shopify.order_transactions s"
        f" on s.id = m.transaction_id where m.transaction_id = {number}"
    ).fetchone()
    assert amounts == (2,)
    tiers = connection.execute("select metafield_crm_tier from reports.customers where metafield_crm_tier is not null")
    assert tiers.fetchall() == [("gold",)]
