"""What a token may not read is left out of a pull and said, by scope, by plan or by refusal; roots by configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pulling import Puller, pulling, stream_of

from shoptide.config import QueryConfig, StreamConfig
from shoptide.errors import ConfigError
from shoptide.inbound.pull import summary
from shoptide.simulator.registry import FIELDS, ROOTS, Args, FieldResolver, RootResolver, TopLevelError
from shoptide.simulator.server import start
from shoptide.simulator.world import World

FEW = ("read_products", "read_orders")


@pytest.fixture
def puller(tmp_path: Path) -> Iterator[Puller]:
    with start(small()) as running, pulling(tmp_path, running, "customers", "products") as found:
        yield found


def small(**more: Any) -> World:
    world = World.seeded(customers=5, products=4, seed=4, plan="enterprise", **more)
    world.shop.settings["bulk_seconds"] = 0.05
    return world


@contextmanager
def refusing(table: dict[Any, Any], key: Any) -> Iterator[None]:
    """The store refuses a field or a root, though the token has the scope."""
    held: FieldResolver | RootResolver | None = table.get(key)

    def refuse(*_given: object) -> object:
        raise TopLevelError("ACCESS_DENIED", "This app is not approved to use it.")

    table[key] = refuse
    try:
        yield
    finally:
        if held is None:
            del table[key]
        else:
            table[key] = held


def test_streams_and_fields_without_their_scope_are_left_out(tmp_path: Path) -> None:
    """None of them fails; the run's record says what and why."""
    with start(small(scopes=FEW)) as running, pulling(tmp_path, running, "all") as puller:
        puller.quick()
        report = puller.whole()
        left_out = {each.stream: each.reason for each in report.streams if each.path == "none"}
        assert left_out["customers"] == "needs the access scope read_customers"
        assert "products" not in left_out
        orders = stream_of(report, "orders")
        assert ("customer", "needs the access scope read_customers") in {(p.field, p.reason) for p in orders.pruned}
        recorded = {each["stream"]: each for each in summary(report)["streams"]}
        assert recorded["customers"]["pruned"] == [{"field": "*", "reason": "needs the access scope read_customers"}]
        assert recorded["customers"]["error"] is None
        assert puller.rows("select count(*) from products") == [(4,)]
        assert "customers" not in puller.warehouse.tables()


def test_a_field_that_the_store_refuses_is_left_out(puller: Puller) -> None:
    """The rest of the record comes, by pages."""
    with refusing(FIELDS, ("Customer", "email")):
        report = puller.whole()
    customers = stream_of(report, "customers")
    assert [(left.field, left.reason) for left in customers.pruned] == [
        ("email", "the store refuses it: This app is not approved to use it.")
    ]
    assert puller.rows("select count(*), count(first_name) from customers") == [(5, 5)]
    assert "email" not in puller.warehouse.columns("customers")


def test_a_bulk_operation_that_is_refused_is_run_without_the_field(puller: Puller) -> None:
    """It does not tell which field it was: a page of one does."""
    bucket = puller.running.world.first.bucket
    bucket.resize(400, 10)  # a whole page is more than it holds: the operation is the quicker way
    bucket.give_back(400)
    with refusing(FIELDS, ("ProductVariant", "barcode")):
        report = puller.whole(streams=("products",))
    products = stream_of(report, "products")
    assert products.path == "bulk"
    assert [left.field for left in products.pruned] == ["variants.barcode"]
    assert puller.rows("select count(*) > 0 from product_variants") == [(True,)]


def test_a_stream_that_the_store_refuses_is_left_out(puller: Puller) -> None:
    """The others are read, the run has succeeded, and later the stream comes too."""
    with refusing(ROOTS, "customers"):
        report = puller.whole()
        assert stream_of(report, "customers").path == "none"
        assert [left.field for left in stream_of(report, "customers").pruned] == ["*"]
        assert puller.rows("select count(*) from products") == [(4,)]
    puller.whole()
    assert puller.rows("select count(*) from customers") == [(5,)]


def test_a_right_that_is_lost_is_a_failure(puller: Puller) -> None:
    """Rows that were read before do not quietly grow old."""
    puller.whole()
    with refusing(ROOTS, "customers"), refusing(ROOTS, "customersCount"):
        report = puller.run()
    assert [each.stream for each in report.failed] == ["customers"]
    assert puller.rows("select count(*) from customers where _deleted_at is null") == [(5,)]


def test_an_old_version_is_told_in_time(tmp_path: Path) -> None:
    """Three months before its end, in the run's notes; not a day earlier."""
    told = {}
    for month in (9, 11):
        clock = StoppedClock(datetime(2026, month, 20, tzinfo=UTC))
        folder = tmp_path / str(month)
        with start(small()) as running, pulling(folder, running, "shops", clock=clock, api_version="2026-01") as puller:
            told[month] = puller.whole().notes
    assert told[9] == []
    assert told[11] == [
        "API version 2026-01 is supported until 2027-01-01, 42 days more: set api_version to a later one"
    ]


class StoppedClock:
    """One moment; waiting takes no time."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


# roots by configuration


def test_any_root_is_a_stream_by_configuration(puller: Puller) -> None:
    """With the fields, the filter and the name of the configuration; without being listed among the streams."""
    shop = puller.running.world.shop
    with shop.lock:
        for number, name in enumerate(("kept", "left")):
            gid = f"gid://shopify/Validation/{number + 1}"
            shop.table("Validation").put({"id": gid, "title": name, "enabled": True, "blockOnFailure": False})
    query = {"checks": QueryConfig("validations", ("title", "enabled"))}
    puller.config = replace(puller.config, query=query)
    report = puller.whole(streams=("checks",))
    assert [each.stream for each in report.streams] == ["checks"]
    assert puller.rows("select gid, title, enabled from checks order by gid") == [
        ("gid://shopify/Validation/1", "kept", True),
        ("gid://shopify/Validation/2", "left", True),
    ]
    assert "block_on_failure" not in puller.warehouse.columns("checks")
    assert [each.stream for each in puller.whole().streams] == ["customers", "products", "checks"]


def test_a_filter_narrows_every_read(puller: Puller) -> None:
    """The first, the next ones, and the comparing of ids."""
    query = {"drafts": QueryConfig("products", ("title", "status"), "status:active")}
    puller.config = replace(puller.config, query=query)
    active = sum(1 for product in puller.running.world.shop.table("Product") if product["status"] == "ACTIVE")
    assert active > 0
    counts: Callable[[], Any] = lambda: puller.rows("select count(*) from drafts where _deleted_at is null")  # noqa: E731
    puller.whole(streams=("drafts",))
    assert counts() == [(active,)]
    puller.whole(streams=("drafts",), reconcile=True)
    assert counts() == [(active,)]


def test_a_name_that_is_taken_is_refused(puller: Puller) -> None:
    """Two streams can't fill one table."""
    puller.config = replace(puller.config, query={"order_line_items": QueryConfig("giftCards")})
    with pytest.raises(ConfigError, match="order_line_items is a table of the stream orders"):
        puller.run()
    puller.config = replace(puller.config, query={}, streams=("custmers",))
    with pytest.raises(ConfigError, match="no stream 'custmers'") as caught:
        puller.run()
    assert "did you mean customers" in str(caught.value.hint)


def test_fields_and_metafields_of_the_configuration(puller: Puller) -> None:
    """Left out, chosen, promoted to a column."""
    shop = puller.running.world.shop
    product = next(iter(shop.table("Product")))
    body = puller.client.execute(
        "mutation($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { userErrors { message } } }",
        {"m": [{"ownerId": product["id"], "namespace": "custom", "key": "erp_id", "type": "id", "value": "E-1"}]},
    )
    wanted: Args = {
        "products": StreamConfig(exclude=("descriptionHtml", "media"), metafields=("custom.erp_id",)),
        "customers": StreamConfig(include=("firstName", "addressesV2")),
    }
    puller.config = replace(puller.config, stream=wanted)
    puller.whole()
    assert body.data["metafieldsSet"]["userErrors"] == []
    assert "description_html" not in puller.warehouse.columns("products")
    assert "product_media" not in puller.warehouse.tables()
    assert puller.rows(f"select metafield_custom_erp_id from products where gid = '{product['id']}'") == [("E-1",)]
    columns = set(puller.warehouse.columns("customers"))
    assert {"first_name", "updated_at"} <= columns
    assert "last_name" not in columns
    assert "customer_addresses" in puller.warehouse.tables()
