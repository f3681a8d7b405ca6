"""Tables and values: what is put in comes out, on every warehouse."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from kit import Kit

from shoptide.warehouse.names import listed, quoted

TYPES = {
    "gid": "VARCHAR",
    "number": "BIGINT",
    "share": "DOUBLE",
    "amount": "DECIMAL(20,6)",
    "rate": "DECIMAL(38,18)",
    "flag": "BOOLEAN",
    "at": "TIMESTAMP",
    "day": "DATE",
    "document": "JSON",
}
LONG = "discounted_unit_price_after_all_discounts_set_presentment_currency"  # longer than Postgres's 63 bytes
TEXTS = [
    "",
    " ",
    "null",
    "NULL",
    "\\N",
    "\\.",
    "a\n\\.\nb",
    "tab\there",
    "c\r\nd",
    'say "ja"',
    "it's; --",
    "a\\nb",
    "%s $1 ?",
]


@pytest.mark.capability("create")
def test_a_table_has_the_types_it_was_made_with(kit: Kit) -> None:
    """Every type that a stream's column can have; the table is known by name afterwards, and no other is."""
    with kit.warehouse.transaction():
        kit.warehouse.create("things", TYPES, [("gid",)])
    assert kit.warehouse.columns("things") == TYPES
    assert kit.warehouse.tables() == ["things"]
    assert kit.warehouse.columns("others") == {}


@pytest.mark.capability("unicode")
def test_texts_come_back_as_they_were(kit: Kit) -> None:
    """Also those that mean something to a file format, a protocol or SQL; empty is not null."""
    given = [*TEXTS, "Zoë", "🙂👩‍👩‍👧", "é e\u0301", "日本語", "\u202eabc", None]
    kit.warehouse.workbench.execute("CREATE OR REPLACE TEMP TABLE _given (n BIGINT, x VARCHAR)")
    kit.warehouse.workbench.executemany("INSERT INTO _given VALUES (?, ?)", list(enumerate(given)))
    kit.fill("texts", {"n": "BIGINT", "x": "VARCHAR"}, "SELECT * FROM _given")
    assert [row[0] for row in kit.rows("SELECT x FROM {texts} ORDER BY n")] == given
    found = kit.rows("SELECT n FROM {texts} WHERE x = ?", "it's; --")
    assert found == [(given.index("it's; --"),)]


@pytest.mark.capability("unicode")
def test_a_character_that_an_engine_refuses_shows_as_its_picture(kit: Kit) -> None:
    """U+0000 is lost nowhere and stops nothing: it is there, or U+2400 in its place."""
    kit.fill("texts", {"x": "VARCHAR"}, "SELECT 'a' || chr(0) || 'b' AS x")
    assert kit.rows("SELECT x FROM {texts}")[0][0] in ("a\0b", "a\u2400b")


@pytest.mark.capability("DECIMAL")
def test_amounts_are_exact(kit: Kit) -> None:
    columns = {"a": "DECIMAL(20,6)", "r": "DECIMAL(38,18)"}
    kit.fill(
        "amounts",
        columns,
        "SELECT 12345678901234.123456::DECIMAL(20,6) AS a, -0.000000000000000001::DECIMAL(38,18) AS r"
        " UNION ALL SELECT 0.1::DECIMAL(20,6), 12345678901234567890.123456789012345678::DECIMAL(38,18)",
    )
    assert kit.rows("SELECT a, r FROM {amounts} ORDER BY a") == [
        (Decimal("0.100000"), Decimal("12345678901234567890.123456789012345678")),
        (Decimal("12345678901234.123456"), Decimal("-0.000000000000000001")),
    ]
    assert kit.rows("SELECT sum(a) FROM {amounts}") == [(Decimal("12345678901234.223456"),)]


@pytest.mark.capability("timestamps")
def test_moments_are_exact_and_utc(kit: Kit) -> None:
    """To the microsecond, before 1970 and after 2038, whatever the machine's zone."""
    kit.fill(
        "moments",
        {"moment": "TIMESTAMP", "day": "DATE"},
        "SELECT TIMESTAMP '2026-03-29 01:30:00.000001' AS moment, DATE '2024-02-29' AS day"
        " UNION ALL SELECT TIMESTAMP '1901-01-01 00:00:00', DATE '9999-12-31' UNION ALL SELECT NULL, NULL",
    )
    assert kit.rows("SELECT moment, day FROM {moments} WHERE moment IS NOT NULL ORDER BY moment") == [
        (datetime(1901, 1, 1), date(9999, 12, 31)),  # noqa: DTZ001  # UTC without a zone
        (datetime(2026, 3, 29, 1, 30, 0, 1), date(2024, 2, 29)),  # noqa: DTZ001  # the same
    ]
    moment = datetime(2026, 3, 29, 1, 30, 0, 1)  # noqa: DTZ001  # the same
    assert kit.rows("SELECT day FROM {moments} WHERE moment = ?", moment) == [(date(2024, 2, 29),)]


@pytest.mark.capability("JSON")
def test_documents_come_back_as_they_were(kit: Kit) -> None:
    """The text itself: order of keys, digits of numbers, escapes (U+0000 among them), nothing sorted or dropped."""
    given = [
        '{"b": 1, "a": [1.50, {"c": null}]}',
        '"a\\u0000b \\ud83d\\ude42"',
        "null",
        "[]",
        '{"n": 12345678901234567890.5}',
    ]
    kit.warehouse.workbench.execute("CREATE OR REPLACE TEMP TABLE _given (n BIGINT, x JSON)")
    kit.warehouse.workbench.executemany("INSERT INTO _given VALUES (?, ?)", list(enumerate([*given, None])))
    kit.fill("documents", {"n": "BIGINT", "x": "JSON"}, "SELECT * FROM _given")
    assert [row[0] for row in kit.rows("SELECT x FROM {documents} ORDER BY n")] == [*given, None]


@pytest.mark.capability("names")
def test_names_may_be_reserved_words_long_or_of_any_script(kit: Kit) -> None:
    """Two long names that begin alike stay two."""
    columns = dict.fromkeys(("select", "order", "Größe", "a b", 'q"uote', LONG, f"{LONG}_too"), "BIGINT")
    values = ", ".join(f"{number} AS {quoted(name)}" for number, name in enumerate(columns))
    kit.fill("group", columns, f"SELECT {values}")
    assert kit.warehouse.columns("group") == columns
    assert kit.rows(f"SELECT {listed(list(columns))} FROM {{group}}") == [tuple(range(len(columns)))]
    with kit.warehouse.transaction():
        kit.warehouse.add_column("group", f"{LONG}_late", "VARCHAR")
    assert list(kit.other().columns("group")) == [*columns, f"{LONG}_late"]


@pytest.mark.capability("published tables")
def test_small_tables_of_our_own(kit: Kit) -> None:
    """Replaced whole, merged by key, asked for their newest row."""
    columns = {"k": "VARCHAR", "at": "TIMESTAMP", "n": "BIGINT"}
    warehouse = kit.warehouse
    assert warehouse.newest("_own", columns, "at") is None
    warehouse.replace_lines("_own", columns, ['{"k":"a","at":"2026-01-01T10:00:00+00:00","n":1}\n{"k":"b","n":2}\n'])
    warehouse.merge_lines("_own", columns, ("k",), ['{"k":"a","at":"2026-01-02T10:00:00+00:00","n":7}\n{"k":"c"}\n'])
    moment = datetime(2026, 1, 2, 10)  # noqa: DTZ001  # UTC without a zone
    assert kit.rows('SELECT k, "at", n FROM {_own} ORDER BY k') == [("a", moment, 7), ("b", None, 2), ("c", None, None)]
    assert (warehouse.newest("_own", columns, "at"), warehouse.size("_own")) == (moment, 3)
    warehouse.publish("_own", columns, [("z", moment, 9)])
    assert kit.rows("SELECT * FROM {_own}") == [("z", moment, 9)]
    warehouse.publish("_own", {"other": "JSON"}, [('{"a":1}',), (None,)])
    assert kit.rows("SELECT other FROM {_own} WHERE other IS NOT NULL") == [('{"a":1}',)]
    assert warehouse.newest("_own", columns, "at") is None
