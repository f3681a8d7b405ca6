"""Random histories of a store, pulls in between: in the end every table equals the store, field by field."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from killing import count
from outbound_store import Project, opened

from shoptide.clock import SystemClock
from shoptide.config import PullConfig
from shoptide.inbound.events import PullReport
from shoptide.inbound.pull import Options, pull
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import World

STREAMS = ("customers", "products", "orders", "fulfillments")
OWN = ("_synced_at", "_run_id", "_row_hash", "_deleted_at")
# What other records change without touching this one's updatedAt: no incremental read can see it (docs/howto/pull.md).
ELSEWHERE = {
    "customers": ("amount_spent_amount", "number_of_orders", "can_delete", "statistics"),
    "orders": ("restockable",),
    "order_line_items": ("product_gid", "variant_gid", "image", "restockable"),
}
HISTORIES = int(os.environ.get("SHOPTIDE_HISTORIES", "2"))  # `make crash` asks for more
STEPS = 6


def run(project: Project, **options: Any) -> PullReport:
    report = pull(
        PullConfig("store", "main", STREAMS),
        client=project.client,
        warehouse=project.warehouse,
        ledger=project.ledger,
        clock=SystemClock(),
        spool=project.base / "spool",
        options=Options(**options),
    )
    assert [each.error for each in report.failed] == []
    return report


def content(project: Project) -> dict[str, list[dict[str, Any]]]:
    """The living rows of every table in their order, without what a run writes of itself."""
    found = {}
    for name in project.warehouse.tables():
        if not name.startswith("_"):
            left_out = ", ".join((*OWN, *ELSEWHERE.get(name, ())))
            columns, rows = project.warehouse.run_query(
                f"select * exclude ({left_out}) from {name} where _deleted_at is null order by all"
            )
            found[name] = [dict(zip(columns, row, strict=True)) for row in rows]
    return found


def differences(kept: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> list[Any]:
    """Column, kept value and fresh value of the first rows that differ."""
    if len(kept) != len(fresh):
        return [f"{len(kept)} rows, {len(fresh)} in the store"]
    return [
        (column, was[column], value)
        for was, now in zip(kept, fresh, strict=True)
        for column, value in now.items()
        if was[column] != value
    ][:9]


class NothingLeftError(Exception):
    """All records of a kind are deleted."""


@dataclass
class Store:
    """Changes a store through its API as other apps do, one at a time."""

    project: Project
    chance: random.Random
    made: int = 0

    def step(self) -> None:
        with contextlib.suppress(NothingLeftError):
            getattr(self, self.chance.choice([name for name in dir(self) if name.startswith("do_")]))()

    def any_gid(self, kind: str) -> str:
        with self.project.running.world.shop.lock:
            gids = [record["id"] for record in self.project.running.world.shop.table(kind)]
        if not gids:
            raise NothingLeftError(kind)
        picked: str = self.chance.choice(gids)
        return picked

    def mutate(self, name: str, variables: dict[str, Any], select: str) -> dict[str, Any]:
        definition = self.project.client.schema.mutation_root.fields[name]
        declared = ", ".join(f"${each}: {definition.arguments[each].type.text}" for each in variables)
        given = ", ".join(f"{each}: ${each}" for each in variables)
        document = f"mutation({declared}) {{ {name}({given}) {{ {select} userErrors {{ message }} }} }}"
        found: dict[str, Any] = self.project.client.execute(document, variables).data[name]
        return found

    def do_create_customer(self) -> None:
        self.made += 1
        address = {
            "city": "Ottawa",
            "countryCode": "CA",
            "provinceCode": "ON",
            "address1": f"{self.made} Bank St — «é»",
        }
        given = {
            "email": f"new{self.made}@example.com",
            "firstName": 'Zoë "Z" O\'Neil',
            "addresses": [address, {**address, "city": "Hull"}],
        }
        self.mutate("customerCreate", {"input": given}, "customer { id }")

    def do_update_customer(self) -> None:
        gid = self.any_gid("Customer")
        given = {
            "id": gid,
            "note": f"note\n{self.chance.random()} 🙂",
            "addresses": [{"city": "Paris", "countryCode": "FR"}],
        }
        self.mutate("customerUpdate", {"input": given}, "customer { id }")

    def do_delete_customer(self) -> None:
        self.mutate("customerDelete", {"input": {"id": self.any_gid("Customer")}}, "deletedCustomerId")

    def do_tag_product(self) -> None:
        self.mutate("tagsAdd", {"id": self.any_gid("Product"), "tags": [f"t{self.chance.random()}"]}, "node { id }")

    def do_replace_variants(self) -> None:
        """Options and variants of a product become others: the old rows must go."""
        names = [f"V{self.chance.randrange(9)}" for _ in range(3)]
        values = list(dict.fromkeys(names))
        given = {
            "id": self.any_gid("Product"),
            "productOptions": [{"name": "Kind", "values": [{"name": each} for each in values]}],
            "variants": [{"optionValues": [{"optionName": "Kind", "name": each}], "price": "7.50"} for each in values],
        }
        self.mutate("productSet", {"input": given, "synchronous": True}, "product { id }")

    def do_delete_product(self) -> None:
        self.mutate("productDelete", {"input": {"id": self.any_gid("Product")}}, "deletedProductId")

    def do_create_order(self) -> None:
        self.made += 1
        price = {"shopMoney": {"amount": "12.34", "currencyCode": self.project.running.world.shop.currency}}
        lines = [{"title": f"Line {self.made}", "quantity": 2, "priceSet": price, "requiresShipping": True}]
        self.mutate(
            "orderCreate", {"order": {"lineItems": lines, "email": f"o{self.made}@example.com"}}, "order { id }"
        )

    def do_note_order(self) -> None:
        self.mutate("orderUpdate", {"input": {"id": self.any_gid("Order"), "note": str(self.made)}}, "order { id }")

    def do_delete_order(self) -> None:
        self.mutate("orderDelete", {"orderId": self.any_gid("Order")}, "deletedId")

    def do_fulfil(self) -> None:
        gid = self.any_gid("Order")
        document = """query($id: ID!) { order(id: $id) { fulfillmentOrders(first: 5) {
          nodes { id status supportedActions { action } } } } }"""
        order = self.project.ask(document, id=gid)["order"]
        for each in order["fulfillmentOrders"]["nodes"] if order else ():
            if "CREATE_FULFILLMENT" in {action["action"] for action in each["supportedActions"]}:
                given = {
                    "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": each["id"]}],
                    "trackingInfo": {"number": f"T{self.made}", "company": "Canada Post"},
                }
                self.mutate("fulfillmentCreate", {"fulfillment": given}, "fulfillment { id }")


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    world = World.seeded(customers=12, products=6, orders=15, seed=9, plan="enterprise")
    world.shop.settings["bulk_seconds"] = 0.05
    with start(world) as found:
        yield found


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_after_any_history_every_table_equals_the_store(seed: int, running: Running, tmp_path: Path) -> None:
    """Incremental reads and reconciliation end where a first read of the whole store does, in every column."""
    chance = random.Random(seed)
    (tmp_path / "kept").mkdir()
    with opened(tmp_path / "kept", running=running) as project:
        store = Store(project, chance)
        run(project)
        for _ in range(STEPS):
            for _ in range(chance.randrange(1, 8)):
                store.step()
            run(project)
        run(project, reconcile=True)
        kept = content(project)
        again = run(project)
        changes = [change for stream in again.streams for change in stream.changes]
        assert sum(change.new + change.changed + change.deleted for change in changes) == 0
        assert all(stream.calls <= 2 for stream in again.streams)
    (tmp_path / "fresh").mkdir()
    with opened(tmp_path / "fresh", running=running) as project:
        run(project)
        fresh = content(project)
    assert kept.keys() == fresh.keys()
    wrong = {name: found for name, rows in fresh.items() if (found := differences(kept[name], rows))}
    count(inbound__histories=1, inbound__differences=len(wrong))
    assert wrong == {}
    _equals_truth(running, fresh)


def _equals_truth(running: Running, tables: dict[str, list[dict[str, Any]]]) -> None:
    """The tables hold as many records as the shop itself."""
    shop = running.world.shop
    with shop.lock:
        for name, kind in (
            ("customers", "Customer"),
            ("products", "Product"),
            ("product_variants", "ProductVariant"),
            ("orders", "Order"),
            ("fulfillments", "Fulfillment"),
        ):
            assert len(tables[name]) == len(shop.table(kind)), name


def test_columns_hold_what_the_store_says(running: Running, tmp_path: Path) -> None:
    """Text, money, instants, references and JSON of a record, compared with the API's own answer."""
    with opened(tmp_path, running=running) as project:
        run(project)
        document = """{ orders(first: 50) { nodes { id name note email createdAt tags
          totalPriceSet { shopMoney { amount currencyCode } presentmentMoney { amount currencyCode } } customer { id }
          lineItems(first: 50) { nodes { id title quantity sku
            originalUnitPriceSet { shopMoney { amount } } } } } } }"""
        _columns, rows = project.warehouse.run_query(
            "select gid, name, note, email, strftime(created_at, '%Y-%m-%dT%H:%M:%SZ'), tags::varchar[],"
            " total_price_set_amount, total_price_set_currency,"
            " total_price_set_presentment_amount, customer_gid from orders"
        )
        held = {row[0]: row for row in rows}
        _columns, lines = project.warehouse.run_query(
            "select gid, order_gid, title, quantity, sku, original_unit_price_set_amount from order_line_items"
        )
        held_lines = {row[0]: row for row in lines}
        for order in project.ask(document)["orders"]["nodes"]:
            row, total = held[order["id"]], order["totalPriceSet"]
            assert row[1:6] == (order["name"], order["note"], order["email"], order["createdAt"], order["tags"])
            assert float(row[6]) == float(total["shopMoney"]["amount"])
            assert row[7] == total["shopMoney"]["currencyCode"]
            assert float(row[8]) == float(total["presentmentMoney"]["amount"])
            assert row[9] == (order["customer"] or {}).get("id")
            for line in order["lineItems"]["nodes"]:
                found = held_lines[line["id"]]
                assert found[1:5] == (order["id"], line["title"], line["quantity"], line["sku"])
                assert float(found[5]) == float(line["originalUnitPriceSet"]["shopMoney"]["amount"])
