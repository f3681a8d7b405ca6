"""A push from a file as a spreadsheet writes it: read as it is meant; what can't be is told with line and column."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Folder

from shoptide.simulator.server import start
from shoptide.simulator.world import World

ORDERS = """
[push.orders]
object = "orders"
strategy = "upsert"
source = "orders.csv"
key = "Order No"
file = { decimal = "," }
"""
LINES = '"[{""title"": ""Engraving"", ""price"": ""1.234,50"", ""quantity"": 1}]"'


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("orders.csv", "")
    return made


def test_a_spreadsheets_file_is_pushed(tmp_path: Path) -> None:
    """Semicolons, Latin letters, spaces in the header, decimal commas, days first; one row's mistake is its own."""
    with start(World.seeded(customers=1, products=1, orders=1, seed=1)) as running:
        folder = Folder.of(tmp_path, running, ORDERS)
        rows = [
            "Order No; Email ;Processed At;Line Items;Note",
            f"1;jörg@example.com;31.12.2025 14:30;{LINES};Größe",
            f"2;b@example.com;03/04/2026;{LINES};",
            f"3;c@example.com;2026-02-31;{LINES};",
            "",
        ]
        (folder.path / "orders.csv").write_bytes("\r\n".join(rows).replace("jörg", "joerg").encode("cp1252"))
        done = folder.run("push", "orders", "--json")
        assert done.code == 1, done.err
        assert done.events[-1]["outcomes"] == {"applied": 1, "rejected": 2}
        assert "source.encoding_guessed" in done.err
        [order] = [each for each in running.world.shop.table("Order") if each.get("note") == "Größe"]
        assert str(order["processedAt"]).replace(" ", "T").startswith("2025-12-31T14:30")
        records = folder.run("records", "orders", "--outcome", "rejected", "--json").document["records"]
        told = {each["key"]: (each["column"], each["message"]) for each in records}
        assert told["2"][0] == "Processed_At" or told["2"][0] == "processed_at"
        assert "2026-04-03 or 2026-03-04" in told["2"][1]
        assert told["2"][1].endswith("(orders.csv, line 3)")
        assert told["3"][1].endswith("(orders.csv, line 4)")
        again = folder.run("push", "orders", "--json")
        assert again.events[-1]["outcomes"].get("applied", 0) == 0


def test_a_torn_file_sends_nothing(tmp_path: Path) -> None:
    with start(World.seeded(customers=1, products=1, orders=1, seed=1)) as running:
        folder = Folder.of(tmp_path, running)
        folder.write("vip.csv", 'crm_id,email\n1,a@example.com\n2,"b@example.com\n')
        done = folder.run("push", "vip")
        assert done.code == 2
        assert "vip.csv, line 3, column email: a quote is opened and never closed" in done.err
        assert len(running.world.shop.table("Customer")) == 1
        folder.edit('key = "crm_id"', 'key = "crm_id"\nfile = { delimiter = "ab" }')
        done = folder.run("push", "vip")
        assert (done.code, "[push.vip.file] delimiter: must be one character" in done.err) == (2, True), done.err
