"""Views of another layout through the front door: pull keeps them, `views` makes them, check says what they lack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from command_line import Folder

from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

WAREHOUSE = 'url = "duckdb:///acme.duckdb"\n'


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with start(World.seeded(customers=8, products=4, orders=12, seed=5)) as found:
        yield found


@pytest.fixture
def folder(running: Running, tmp_path: Path) -> Folder:
    """A project that pulls two streams and has no views yet."""
    made = Folder.of(tmp_path, running)
    change(made, 'streams = "all"', 'streams = ["customers", "orders"]')
    return made


def change(folder: Folder, old: str, new: str) -> None:
    file = folder.path / "shoptide.toml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


def test_a_pull_keeps_the_views_and_says_which_streams_would_fill_more(folder: Folder) -> None:
    """Their schema, the empty ones and what they need; a second run makes none anew."""
    change(folder, WAREHOUSE, f'{WAREHOUSE}views = ["fivetran"]\n')
    [checked] = [each for each in folder.run("check", "--json").document["checks"] if each["what"] == "views fivetran"]
    assert checked["state"] == "warning"
    assert "products" in checked["told"]
    first = folder.run("pull", "--json")
    assert first.code == 0, first.err
    [views] = first.events[-1]["views"]
    assert (views["layout"], views["schemas"], views["made_anew"]) == ("fivetran", ["shopify_fivetran"], 52)
    assert views["empty"]["product_variant"] == ["products"]
    assert views["empty"]["inventory_quantity"] == ["inventory_levels"]
    assert views["partial"] == {}
    assert not {"order", "order_line", "refund", "transaction", "customer", "customer_tag"} & views["empty"].keys()
    counted = 'select count(*) as orders, sum(total_price_set_shop_amount) > 0 as sold from shopify_fivetran."order"'
    assert folder.run("query", counted, "--json").document["rows"] == [{"orders": 12, "sold": True}]
    again = folder.run("pull")
    assert (again.code, "`shoptide views` says what" in again.err) == (0, True)
    assert folder.run("pull", "--json").events[-1]["views"][0]["made_anew"] == 0


def test_views_are_made_without_a_pull(folder: Folder) -> None:
    """When the configuration asks for them later; each is told with what it is made of and what it lacks."""
    assert folder.run("pull").code == 0
    none = folder.run("views")
    assert (none.code, "views = " in none.err) == (2, True)
    change(folder, WAREHOUSE, f'{WAREHOUSE}views = ["fivetran"]\n')
    told = folder.run("views", "--json").document["layouts"]
    assert [(each["layout"], each["schemas"], each["made_anew"]) for each in told] == [
        ("fivetran", ["shopify_fivetran"], 52)
    ]
    by_name = {each["view"]: each for each in told[0]["views"]}
    assert by_name["discount_redeem_code"]["empty_without"] == ["discounts"]
    assert by_name["customer_address"] == {
        "view": "customer_address",
        "made_of": ["customer_addresses", "customers"],
        "empty_without": [],
        "lacks": [],
    }
    shown = folder.run("views")
    assert (shown.code, "fulfillment_orders" in shown.out, "0 made anew" in shown.err) == (0, True, True)


def test_a_layout_that_is_none_is_a_mistake_of_the_configuration(folder: Folder) -> None:
    """Told with those that there are."""
    change(folder, WAREHOUSE, f'{WAREHOUSE}views = ["fivetrain"]\n')
    done = folder.run("pull")
    assert (done.code, "fivetran" in done.err) == (2, True)


def test_a_view_that_can_not_be_made_is_told_and_costs_no_row(folder: Folder, running: Running) -> None:
    """The rows are landed and the cursors moved, the run is incomplete; without what was in the way all is well."""
    change(folder, WAREHOUSE, f'{WAREHOUSE}views = ["fivetran"]\n')
    assert folder.run("pull").code == 0
    with duckdb.connect(str(folder.path / "acme.duckdb")) as connection:
        connection.execute("drop view shopify_fivetran.shop; create table shopify_fivetran.shop (own integer)")
    with running.world.shop.lock:
        order = next(iter(running.world.shop.table("Order")))
        order["note"] = "changed since"
        running.world.shop.touch(order)
        running.world.shop.table("Order").put(order)
    failed = folder.run("pull", "--json")
    summary = failed.events[-1]
    assert (failed.code, summary["outcome"]) == (1, "incomplete")
    assert "shop" in summary["views"][0]["error"]["message"]
    assert any("all rows are landed" in note for note in summary["notes"])
    landed = "select count(*) as n from orders where note = 'changed since'"
    assert folder.run("query", landed, "--json").document["rows"] == [{"n": 1}]
    assert folder.run("views").code == 1
    assert "stayed as they were" in folder.run("pull").err
    with duckdb.connect(str(folder.path / "acme.duckdb")) as connection:
        connection.execute("drop table shopify_fivetran.shop")
    assert folder.run("views").code == 0
    assert folder.run("pull", "--json").events[-1]["outcome"] == "succeeded"


def test_two_shops_have_a_schema_each_beside_the_common_one(tmp_path: Path) -> None:
    """Made by the seeds the same, their records have the same ids: only there are they told apart without `_shop`."""
    folder = Folder(tmp_path)
    shop = '[shop.{name}]\nname = "{name}"\naccess_token = "env:SHOPIFY_TOKEN"\nbase_url = "{url}"\n'
    shop += '[pull.{name}]\nshop = "{name}"\nstreams = ["customers"]\n'
    worlds = [World.seeded(name=name, customers=number) for name, number in (("acme", 3), ("acme-eu", 5))]
    with start(worlds[0]) as one, start(worlds[1]) as two:
        shops = [shop.format(name=name, url=each.url) for name, each in (("acme", one), ("acme-eu", two))]
        text = "\n".join([*shops, "[warehouse]", f'{WAREHOUSE}views = ["fivetran"]\n'])
        (tmp_path / "shoptide.toml").write_text(text)
        done = folder.run("pull", "--json")
    assert done.code == 0, done.err
    schemas = [each["views"][0]["schemas"] for each in done.events if each["event"] == "summary"]
    each = ["shopify_fivetran", "shopify_fivetran_acme", "shopify_fivetran_acme_eu"]
    assert schemas == [each[:1], each]
    counts = [f"(select count(*) from {schema}.customer) as {schema}" for schema in each]
    counted = folder.run("query", f"select {', '.join(counts)}", "--json").document["rows"]
    assert counted == [dict(zip(each, (8, 3, 5), strict=True))]
