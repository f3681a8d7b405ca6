"""Canonical JSON made by DuckDB, against the hash that Python gives the same row."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptide.config import PushConfig
from shoptide.outbound.canonical import values_in_sql
from shoptide.outbound.rows import Drafter, content_hash, read_columns
from shoptide.resources.objects import OBJECTS
from shoptide.shopify.schema import load
from shoptide.warehouse import Kind

SCHEMA = load("2026-10")


def hashes(select: str, object_: str = "customers", **changes: Any) -> list[tuple[str | None, str | None]]:
    """For each row of a query: DuckDB's hash (None: it can't tell), and Python's (None: the row is invalid)."""
    push = PushConfig("p", "main", object_, "upsert", "s", "k", **changes)
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = 'UTC'; create temp table staged as {select}")
        table = connection.table("staged")
        names = list(table.columns)
        columns = read_columns(push, OBJECTS[object_], SCHEMA, names)
        types = {name: Kind.of(kind) for name, kind in zip(names, table.types, strict=True)}
        values = values_in_sql(columns, types, SCHEMA, clear=push.nulls == "clear")
        drafter = Drafter(push, OBJECTS[object_], SCHEMA, columns)
        rows = connection.execute(f"select md5({values}), * from staged").fetchall()
    found = []
    for row in rows:
        draft = drafter.draft(dict(zip(names, row[1:], strict=True)), "1")
        found.append((row[0], None if draft.problem else draft.hash))
    return found


UNIFORM = [
    ("customers", "select 1 as k, 'a@x.com' as email, 'Zoë \"Z\"\n' as first_name, 'x' as last_name"),
    ("customers", "select 1 as k, 'a@x.com' as email, 'vip, new,' as tags, true as tax_exempt, null as note"),
    ("customers", "select 1 as k, 'true' as tax_exempt, ['b', 'a'] as tags, 12 as note, 'en' as locale"),
    ("customers", "select 1 as k, [{'city': 'Ulm', 'zip': null, 'country_code': 'de'}] as addresses"),
    ("customers", "select 1 as k, [{'namespace': 'c', 'key': 'k', 'value': '1', 'type': 'id'}] as metafields"),
    ("products", "select 1 as k, 'T' as title, {'title': 'x', 'description': null} as seo, 'active' as status"),
    ("products", "select 1 as k, '19.90' as price, [{'sku': 'A', 'price': 1.50}] as variants"),
    ("products", "select 1 as k, 19.9::double as price, [{'original_source': 'https://x/y.jpg'}] as media"),
    ("orders", "select 1 as k, timestamp '2026-01-02 03:04:05' as processed_at, 'a@x.com' as customer"),
    ("orders", "select 1 as k, '2026-01-02T03:04:05Z' as processed_at, true as test"),
    ("orders", "select 1 as k, timestamp '2026-01-02 03:04:05.25' as processed_at"),
    ("fulfillments", "select 1 as k, 'https://x/y' as tracking_url, 'in transit' as status"),
    ("fulfillments", "select 1 as k, ['1', '2'] as trackingNumbers"),
]


@pytest.mark.parametrize(("object_", "select"), UNIFORM)
def test_uniform_columns_are_told_without_python(object_: str, select: str) -> None:
    """Text, numbers, times, lists, structs with what is filled in: both give the same hash, or the row is wrong."""
    ((ours, pythons),) = hashes(select, object_)
    assert ours == pythons or pythons is None
    assert ours is not None


@pytest.mark.parametrize("nulls", ["ignore", "clear"])
def test_a_null_says_nothing_or_clears(nulls: str) -> None:
    """As configured, with the empty value of its type."""
    select = "select 1 as k, null::varchar as note, null::varchar[] as tags, null::boolean as tax_exempt, 'x' as email"
    ((ours, pythons),) = hashes(select, nulls=nulls)
    empty = {"note": "", "tags": []} if nulls == "clear" else {}
    assert ours == pythons == content_hash({"email": "x", **empty})


@pytest.mark.parametrize(
    "select",
    [
        "select 1 as k, '[\"a\"]' as tags",
        'select 1 as k, \'[{"city": "Ulm"}]\' as addresses',
        "select 1 as k, ' perhaps ' as tax_exempt",
        "select 1 as k, [{'nonsense': 1}] as addresses",
        "select 1 as k, [null, 'x'] as tags",
        "select 1 as k, true as note",
    ],
)
def test_what_can_not_be_told_is_left_to_python(select: str) -> None:
    """No hash, or none that Python would give: the row is looked at."""
    ((ours, pythons),) = hashes(select)
    assert ours is None or ours != pythons


TEXTS = (
    st.none() | st.text(max_size=6) | st.sampled_from(["1", "1.50", "007", "-0", "true", "T", " a, b", "[1]", "null"])
)
ROWS = st.fixed_dictionaries({"note": TEXTS, "tags": TEXTS, "tax_exempt": TEXTS, "email": TEXTS})


def literal(text: str | None) -> str:
    return "null" if text is None else "decode(unhex('" + text.encode().hex() + "'))"


@given(st.lists(ROWS, min_size=2, max_size=6))
@settings(deadline=None, max_examples=60)
def test_two_rows_with_one_hash_mean_the_same(rows: list[dict[str, str | None]]) -> None:
    """Rows that mean different things never share a hash: nothing that changed is taken for unchanged."""
    columns = [", ".join(f"{literal(value)}::varchar as {name}" for name, value in row.items()) for row in rows]
    found = hashes(" union all ".join(f"select 1 as k, {each}" for each in columns))
    meant = {ours: pythons for ours, pythons in found if ours is not None and pythons is not None}
    for ours, pythons in found:
        if ours in meant and pythons is not None:
            assert meant[ours] == pythons
