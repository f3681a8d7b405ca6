"""`shoptide demo`: the whole loop against a simulated store, on a real socket, with nothing configured."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.errors import ShoptideError, UsageError

TOKEN = "shpat_simulated"  # noqa: S105  # the simulator's published default

CONFIG = """# Written by `shoptide demo`: a simulated store, a DuckDB file, one pull and four pushes.
[shop.main]
name = "simulated"
access_token = "env:SHOPTIDE_DEMO_TOKEN"
base_url = "{url}"

[warehouse]
url = "duckdb:///demo.duckdb"

[pull.store]
streams = ["customers", "products", "orders", "fulfillments"]

[push.vip]
object = "customers"
strategy = "upsert"
source = "select * from crm.vip"
key = "crm_id"
match = ["email"]
columns = {{ tags = "append" }}

[push.catalogue]
object = "products"
strategy = "upsert"
source = "catalogue.jsonl"
key = "handle"
match = ["handle"]

[push.phone_orders]
object = "orders"
strategy = "create"
source = "phone_orders.jsonl"
key = "order_no"

[push.shipped]
object = "fulfillments"
strategy = "create"
source = "select * from ops.shipped"
key = "parcel"
"""

CATALOGUE = [
    {
        "handle": f"harbour-{name.lower()}",
        "title": f"Harbour {name}",
        "vendor": "Tide & Co",
        "product_type": "Outerwear",
        "tags": "new,autumn",
        "variants": [
            {
                "sku": f"HB-{name[:3].upper()}-{size}",
                "price": str(price),
                "optionValues": [{"optionName": "Size", "name": size}],
            }
            for size in ("S", "M", "L")
        ],
    }
    for name, price in (("Parka", 189), ("Jacket", 129), ("Vest", 79))
]
ORDERS = [
    {
        "order_no": f"T-{number}",
        "customer": f"harbour.{number}@example.com",
        "email": f"harbour.{number}@example.com",
        "line_items": [{"sku": "HB-PAR-M", "quantity": 1}, {"title": "Gift wrap", "quantity": 1, "price": "4.50"}],
        "tags": "phone",
    }
    for number in range(1, 6)
]
VIP = """create schema if not exists crm;
create or replace table crm.vip as
  select 'C-' || id as crm_id, email, 'tide-club' as tags, number_of_orders || ' orders so far' as note
  from shopify.customers where email is not null order by number_of_orders desc, id limit 20;
insert into crm.vip values ('C-new-1', 'not an e-mail address', 'tide-club', null),
  ('C-new-2', 'harbour.1@example.com', 'tide-club', 'Wants a call before delivery')"""
SHIPPED = """create schema if not exists ops;
create or replace table ops.shipped as
  select 'P-' || id as parcel, gid as "order", 'TIDE' || id as tracking_number, 'Canada Post' as tracking_company
  from shopify.orders where display_fulfillment_status = 'UNFULFILLED' and cancelled_at is null
  order by created_at desc limit 10"""
REVENUE = """select strftime(created_at, '%Y-%m') as month, count(*) as orders,
  round(sum(total_price_set_amount), 2) as revenue, round(avg(total_price_set_amount), 2) as average
from orders
where cancelled_at is null and not test and created_at >= (select max(created_at) - interval 6 month from orders)
group by 1 order by 1"""
CAME_BACK = """select 'club members' as pushed, count(*) as in_tables
from customers where list_contains(tags::varchar[], 'tide-club')
union all select 'harbour products', count(*) from products where handle like 'harbour-%'
union all select 'phone orders', count(*) from orders where list_contains(tags::varchar[], 'phone')
union all select 'parcels', count(distinct fulfillment_gid) from fulfillment_tracking_info where number like 'TIDE%'"""


@click.command("demo")
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path("shoptide-demo"), show_default=True)
@click.option("--customers", default=2000, show_default=True)
@click.option("--products", default=500, show_default=True)
@click.option("--orders", default=5000, show_default=True)
@with_flags
@click.pass_context
def command(context: click.Context, folder: Path, customers: int, products: int, orders: int) -> None:
    """Show the whole loop: a simulated store is pulled into DuckDB, changes are pushed back, both sides are shown."""
    flags = flags_of(context)
    if flags.json:
        raise UsageError("demo is for people: it has no --json", hint="use simulate, pull and push")
    began = time.monotonic()
    _fresh(folder)
    with _store(customers, products, orders) as url:
        _walk(folder, url)
    output.line()
    output.line(
        f"That was the whole loop, in {time.monotonic() - began:.0f} s. Everything is in {folder}/: see shoptide.toml,"
    )
    output.line(f'or ask: cd {folder} && shoptide query "select * from orders limit 5"')


def _fresh(folder: Path) -> None:
    """An empty folder; one of an earlier demo is replaced, any other is left alone."""
    if folder.exists():
        if not (folder / "shoptide.toml").exists() or "shoptide demo" not in (folder / "shoptide.toml").read_text():
            raise UsageError(f"{folder} is there and was not made by a demo", hint="name another with --dir")
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"{folder} can't be made: {error.strerror}", hint="name another with --dir") from None


@contextmanager
def _store(customers: int, products: int, orders: int) -> Iterator[str]:
    """A simulated store in a process of its own; its address."""
    output.line(f"1. A simulated Shopify store: {customers:,} customers, {products:,} products, {orders:,} orders")
    sizes = [f"--customers={customers}", f"--products={products}", f"--orders={orders}"]
    command = [sys.executable, "-m", "shoptide", "simulate", "--port=0", "--json", *sizes]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as store:  # noqa: S603  # our own program
        try:
            told = store.stdout.readline() if store.stdout else ""
            if not told:
                raise ShoptideError("the simulated store did not start", hint="try `shoptide simulate`")
            url = str(json.loads(told)["url"])
            output.line(f"   answers on {url}")
            yield url
        finally:
            store.terminate()


def _walk(folder: Path, url: str) -> None:
    (folder / "shoptide.toml").write_text(CONFIG.format(url=url))
    (folder / "catalogue.jsonl").write_text("".join(json.dumps(row) + "\n" for row in CATALOGUE))
    (folder / "phone_orders.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ORDERS))
    _step("2. pull: the store arrives in DuckDB tables", folder, "pull")
    _step("   A question: revenue by month, the last half year", folder, "query", REVENUE)
    _prepare(folder, VIP, SHIPPED)
    _step("3. plan: what pushing 22 rows of crm.vip would do (the first rows)", folder, "plan", "vip", "--limit", "4")
    output.line()
    output.line("4. push: rows become customers, products, orders and fulfillments in the store")
    output.line("   (one row of crm.vip is wrong on purpose: it is rejected with the store's own words)")
    for name in ("catalogue", "vip", "phone_orders", "shipped"):
        _run(folder, "push", name, "--quiet", allowed=(0, 1))
    _step("5. push again: unchanged rows cost no API call", folder, "push", "catalogue", "--quiet")
    _step("6. pull again: what was pushed comes back", folder, "pull", "--quiet")
    _run(folder, "query", CAME_BACK, "--quiet")
    _step("7. status", folder, "status")


def _step(title: str, folder: Path, *arguments: str) -> None:
    output.line()
    output.line(title)
    _run(folder, *arguments)


def _run(folder: Path, *arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    """A command as a user would type it, in a process of its own."""
    shown = " ".join(f'"{" ".join(each.split())[:60]}…"' if len(each) > 40 else each for each in arguments)
    output.line(f"   $ shoptide {shown}")
    sys.stdout.flush()
    environment = {**os.environ, "SHOPTIDE_DEMO_TOKEN": TOKEN, "COLUMNS": "140"}
    done = subprocess.run([sys.executable, "-m", "shoptide", *arguments], cwd=folder, env=environment, check=False)  # noqa: S603
    if done.returncode not in allowed:
        raise ShoptideError(f"shoptide {arguments[0]} ended with {done.returncode}", hint=f"look into {folder}")


def _prepare(folder: Path, *statements: str) -> None:
    """The tables a shop's own people would have beside the pulled ones."""
    import duckdb

    with duckdb.connect(str(folder / "demo.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)
