"""Views of other people's layouts: columns and types on DuckDB and Postgres, whatever there is to make them of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from layouts import ENGINES, asked, opened, table

from shoptide.config import LAYOUTS
from shoptide.errors import ConfigError, WarehouseError
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import LATEST_VERSION, load
from shoptide.warehouse import Warehouse
from shoptide.warehouse.views import Layout, layout, make_views

PAGE = Path(__file__).parents[3].parent / "shared" / "compat" / "fivetran_graphql_tables.md"
ADDRESS = [
    "address_1",
    "address_2",
    "city",
    "company",
    "country",
    "country_code",
    "first_name",
    "last_name",
    "latitude",
    "longitude",
    "name",
    "phone",
    "province",
    "province_code",
    "zip",
]
MONEY = {"pres_amount": "float", "pres_currency_code": "text", "shop_amount": "float", "shop_currency_code": "text"}
MARKED = {"i": "integer", "f": "float", "b": "boolean", "s": "text"}
KINDS = {
    "bigint": ("BIGINT", "bigint"),
    "boolean": ("BOOLEAN", "boolean"),
    "float": ("DOUBLE", "double precision"),
    "integer": ("INTEGER", "integer"),
    "text": ("VARCHAR", "text"),
    "timestamp": ("TIMESTAMP", "timestamp without time zone"),
}
# What the package reads in versions after the page's: an item's own price, and the shop's address under its new name.
LATER = {
    "order_line": {f"original_unit_price_set_{end}": kind for end, kind in MONEY.items()},
    "shop": {
        f"shop_address_{end}": "float" if end in ("latitude", "longitude") else "text"
        for end in [*ADDRESS, "country_code_v_2"]
        if end not in ("company", "country_code", "first_name", "last_name", "name")
    },
}
A, B = "a.myshopify.com", "b-c.myshopify.com"


@pytest.fixture
def fivetran() -> Layout:
    return layout("fivetran")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    with opened(request, request.param) as found:
        yield found


def columns(engine: Warehouse, schema: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, column, kind in asked(
        engine,
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema = '{schema}' ORDER BY table_name, ordinal_position",
    ):
        found.setdefault(name, {})[column] = kind
    return found


# the contract


def published() -> dict[str, dict[str, str]]:
    """The layout as the page of the compatibility target writes it."""
    found: dict[str, dict[str, str]] = {}
    for line in PAGE.read_text().splitlines():
        if met := re.match(r"- `(\w+)`(†?) \[([^\]]*)\] ?(.*)$", line.strip()):
            name, deleted, keys, others = met.groups()
            own: dict[str, str] = {}
            for word in [*re.split(r",\s*", keys), *others.split()]:
                own |= meant(word)
            found[name] = (
                own | {"_fivetran_synced": "timestamp"} | ({"_fivetran_deleted": "boolean"} if deleted else {})
            )
    return found


def meant(word: str) -> dict[str, str]:
    if word.startswith("$"):
        return {f"{word[1:]}_{end}": kind for end, kind in MONEY.items()}
    if word.startswith("@"):
        return {f"{word[1:]}_{end}": "text" for end in ADDRESS}
    name, _, mark = word.partition(":")
    if mark:
        return {name: MARKED[mark]}
    if name == "id" or name.endswith("_id"):
        return {name: "bigint"}
    if name.endswith("_at"):
        return {name: "timestamp"}
    return {name: "integer" if name in ("index", "discount_application_index") else "text"}


def test_the_layout_is_the_published_one(fivetran: Layout) -> None:
    """Each of the 49 tables with each of its columns and types, and with later ones; three have newer names as well."""
    if not PAGE.exists():
        pytest.skip("the page of the compatibility target is not here")
    wanted = published()
    assert len(wanted) == 49
    newer = {
        "order_custom_attribute": wanted["order_note_attribute"],
        "order_line_tax_line": wanted["tax_line"],
        "refund_line_item": wanted["order_line_refund"],
    }
    later = {table: wanted[table] | own for table, own in LATER.items()}
    assert fivetran.columns == wanted | newer | later


@pytest.mark.parametrize("pulled", [False, True], ids=["nothing pulled", "every table pulled"])
def test_every_view_has_the_layouts_columns_and_types(engine: Warehouse, fivetran: Layout, *, pulled: bool) -> None:
    """And `_shop` behind them; each can be read, though there is not a row, or not even a table."""
    if pulled:
        for stream in STREAMS.values():
            for own in plan_stream(stream, load(LATEST_VERSION)).tables:
                if engine.dialect == "duckdb" or own.name in {t for v in fivetran.columns for t in fivetran.sources(v)}:
                    kinds = {"text": "VARCHAR", "double": "DOUBLE PRECISION", "decimal": "DECIMAL(20, 6)"}
                    kinds |= {"rate": "DECIMAL(38, 18)"}
                    held = {"position": "BIGINT"} if "position" in own.key else {}
                    held |= {own.parent_column: "VARCHAR"} if own.parent_column else {}
                    held |= {each.name[:63]: kinds.get(each.type, each.type.upper()) for each in own.columns}
                    table(engine, own.name, held)
    made = make_views(engine, fivetran, [A])
    place = 0 if engine.dialect == "duckdb" else 1
    wanted = {
        view: {name: KINDS[kind][place] for name, kind in own.items()} | {"_shop": KINDS["text"][place]}
        for view, own in fivetran.columns.items()
    }
    found = columns(engine, "shopify_fivetran")
    assert {view: list(own.items()) for view, own in found.items()} == {
        view: list(own.items()) for view, own in wanted.items()
    }
    assert [asked(engine, f'SELECT * FROM shopify_fivetran."{view}"') for view in found] == [[]] * 52
    assert (len(made.gaps.empty), made.gaps.partial) == ((0, {}) if pulled else (52, {}))


def test_what_views_are_made_of_are_tables_of_streams(fivetran: Layout) -> None:
    """Every table and every column that a view reads is one that some stream fills, in the latest version."""
    planned: dict[str, set[str]] = {}
    for stream in STREAMS.values():
        for own in plan_stream(stream, load(LATEST_VERSION)).tables:
            planned[own.name] = {*(each.name for each in own.columns), *own.key, own.parent_column or "", "_shop"}
    aliases = re.compile(r"\b(?:FROM|JOIN) (\w+) AS (\w+)")
    read = re.compile(r"\b([a-z]+)\.([a-z_0-9]+)")
    for view, query in fivetran.queries.items():
        for arm in re.split(r"^UNION ALL$", query, flags=re.MULTILINE):
            known = {alias: own for own, alias in aliases.findall(arm)}
            for alias, column in read.findall(re.sub(r"'[^']*'|--.*", "", arm)):
                if alias in known and not column.startswith("_"):
                    names = {column, *(f"{column}{end}" for end in ("_amount", "_currency"))}
                    assert names & planned[known[alias]], (view, known[alias], column)


# what is made of what is there


def test_numbers_texts_and_lists_come_out_of_gids_and_json(engine: Warehouse, fivetran: Layout) -> None:
    """Numbers with something behind them, JSON that is text or text that is JSON, lists with their places."""
    table(
        engine,
        "inventory_levels",
        {"gid": "VARCHAR", "id": "BIGINT", "item_gid": "VARCHAR", "location_gid": "VARCHAR"},
        (A, "2026-10-01", None, "x", 7, "gid://shopify/InventoryItem/5?name=a", "gid://shopify/Location/none"),
    )
    table(
        engine,
        "orders",
        {"gid": "VARCHAR", "id": "BIGINT", "tags": "JSON", "billing_address": "VARCHAR", "discount_codes": "JSON"},
        (A, "2026-10-01", None, "g", 1, '["b", "a"]', '{"address1": "Main St 1", "latitude": 1.5}', None),
        (A, "2026-10-01", None, "h", 2, "[]", None, "null"),
    )
    table(
        engine,
        "order_transactions",
        {"id": "BIGINT", "receipt_json": "JSON"},
        (A, "2026-10-01", None, 1, '"{\\"charges\\": 1}"'),
        (A, "2026-10-01", None, 2, '{"charges": 2}'),
    )
    make_views(engine, fivetran, [A])
    found = asked(engine, "SELECT id, inventory_item_id, location_id FROM shopify_fivetran.inventory_level")
    assert found == [(7, 5, None)]
    tags = asked(engine, "SELECT order_id, index, value, _shop FROM shopify_fivetran.order_tag ORDER BY index")
    assert tags == [(1, 0, "b", A), (1, 1, "a", A)]
    addresses = asked(
        engine,
        'SELECT billing_address_address_1, billing_address_latitude, email FROM shopify_fivetran."order" ORDER BY id',
    )
    assert addresses == [("Main St 1", "1.5", None), (None, None, None)]
    assert asked(engine, "SELECT * FROM shopify_fivetran.order_discount_code") == []
    receipts = asked(engine, "SELECT receipt_json FROM shopify_fivetran.transaction ORDER BY id")
    assert [text.replace(" ", "") for (text,) in receipts] == ['{"charges":1}', '{"charges":2}']


def test_what_was_deleted_is_flagged_where_there_is_a_flag_and_gone_where_there_is_none(
    engine: Warehouse, fivetran: Layout
) -> None:
    """An order keeps its row; a customer and an order's line are no more."""
    table(engine, "orders", {"id": "BIGINT"}, (A, "2026-10-01", "2026-10-02", 1), (A, "2026-10-01", None, 2))
    table(engine, "customers", {"id": "BIGINT"}, (A, "2026-10-01", "2026-10-02", 3), (A, "2026-10-01", None, 4))
    make_views(engine, fivetran, [A])
    assert asked(engine, 'SELECT id, _fivetran_deleted FROM shopify_fivetran."order" ORDER BY id') == [
        (1, True),
        (2, False),
    ]
    assert asked(engine, "SELECT id FROM shopify_fivetran.customer") == [(4,)]


def test_several_shops_have_a_schema_each_besides(engine: Warehouse, fivetran: Layout) -> None:
    """The common one has everybody's rows, each with its shop; ids of two shops may be the same."""
    table(engine, "orders", {"id": "BIGINT", "tags": "JSON"}, (A, "2026-10-01", None, 1, '["x"]'))
    engine.execute(f"INSERT INTO shopify.orders VALUES ('{B}', '2026-10-01', NULL, 1, '[\"y\"]')")
    made = make_views(engine, fivetran, [B, A])
    assert made.schemas == ("shopify_fivetran", "shopify_fivetran_a", "shopify_fivetran_b_c")
    assert asked(engine, 'SELECT id, _shop FROM shopify_fivetran."order" ORDER BY 2') == [(1, A), (1, B)]
    assert asked(engine, "SELECT value FROM shopify_fivetran_a.order_tag") == [("x",)]
    assert asked(engine, "SELECT value FROM shopify_fivetran_b_c.order_tag") == [("y",)]
    assert columns(engine, "shopify_fivetran_a") == columns(engine, "shopify_fivetran")


# making them anew


def test_a_view_that_would_be_made_the_same_is_left_alone(engine: Warehouse, fivetran: Layout) -> None:
    """A column that comes to a table makes the views of that table anew, no others."""
    table(engine, "products", {"id": "BIGINT"}, (A, "2026-10-01", None, 1))
    assert len(make_views(engine, fivetran, [A]).anew) == 52
    assert make_views(engine, fivetran, [A]).anew == ()
    engine.execute("ALTER TABLE shopify.products ADD COLUMN handle VARCHAR DEFAULT 'h'")
    anew = make_views(engine, fivetran, [A]).anew
    assert anew == ("shopify_fivetran.product", "shopify_fivetran.product_tag")
    assert asked(engine, "SELECT id, handle FROM shopify_fivetran.product") == [(1, "h")]


def test_what_is_in_the_way_is_told_and_nothing_half_made(engine: Warehouse, fivetran: Layout) -> None:
    """A table of that name in the schema: the views that there were stay, and so does the table."""
    engine.execute("CREATE SCHEMA shopify_fivetran")
    engine.execute("CREATE TABLE shopify_fivetran.shop (own INTEGER)")
    with pytest.raises(WarehouseError, match="shop"):
        make_views(engine, fivetran, [A])
    assert columns(engine, "shopify_fivetran").keys() == {"shop"}


def test_a_name_that_is_no_layout_is_an_error_with_those_that_are() -> None:
    """Reached when a configuration was not read from a file, which checks it itself."""
    assert [layout(name).name for name in LAYOUTS] == list(LAYOUTS)
    with pytest.raises(ConfigError, match="stitch"):
        layout("stitch")
