"""Search as the store reads it: grammar, comparisons, and failing open."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.simulator import search
from shoptide.simulator.registry import SearchSpec, boolean, instant, number, numeric_id, text, token
from shoptide.simulator.search import matcher
from shoptide.simulator.shop import Shop

SPEC = SearchSpec(
    {
        "title": text(lambda row, _shop: row["title"]),
        "tag": token(lambda row, _shop: row["tags"]),
        "status": token(lambda row, _shop: row["status"], ["active", "draft"]),
        "updated_at": instant(lambda row, _shop: row["updatedAt"]),
        "total": number(lambda row, _shop: row["total"]),
        "test": boolean(lambda row, _shop: row["test"]),
        "id": numeric_id(lambda row, _shop: row["id"]),
    },
    (lambda row, _shop: row["title"],),
)
ROWS: list[dict[str, Any]] = [
    {"title": "Red wool hat", "tags": ["VIP", "new in"], "status": "ACTIVE", "total": "10.0", "test": True},
    {"title": "Blue hat", "tags": ["vip"], "status": "DRAFT", "total": "20.0", "test": False},
    {"title": "Red scarf", "tags": [], "status": "ACTIVE", "total": "30.0", "test": False},
]
for _index, _row in enumerate(ROWS):
    _row["id"] = f"gid://shopify/Product/{_index + 1}"
    _row["updatedAt"] = f"2026-01-0{_index + 1}T12:00:00Z"


def hits(query: str) -> list[int]:
    match, _notes = matcher(query, SPEC, Shop())
    return [index for index, row in enumerate(ROWS) if match(row)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("tag:vip", [0, 1]),
        ("tag:'new in'", [0]),
        ("-tag:vip", [2]),
        ("NOT tag:vip", [2]),
        ("tag:vip AND status:draft", [1]),
        ("tag:vip status:draft", [1]),
        ("status:draft OR title:scarf", [1, 2]),
        ("title:scarf OR tag:vip status:draft", [1, 2]),
        ("(title:scarf OR tag:vip) status:active", [0, 2]),
        ("red", [0, 2]),
        ("re ha", [0]),
        ("hat", [0, 1]),
        ("total:>10", [1, 2]),
        ("total:>=10 total:<30", [0, 1]),
        ("test:true", [0]),
        ("id:2", [1]),
        ("id:>=2", [1, 2]),
        ("id:1,3", [0, 2]),
        ("", [0, 1, 2]),
    ],
)
def test_query_matches(query: str, expected: list[int]) -> None:
    """AND binds tighter than OR, a space is AND, values fold case, a free word may be the beginning of one."""
    assert hits(query) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("updated_at:>='2026-01-02T12:00:00Z'", [1, 2]),
        ("updated_at:>'2026-01-02T12:00:00Z'", [2]),
        ("updated_at:'>=2026-01-02T12:00:00Z'", [1, 2]),
        ('updated_at:">=2026-01-02T12:00:00Z"', [1, 2]),
        ("updated_at:<='2026-01-02T12:00:00Z'", [0, 1]),
        ("updated_at:<'2026-01-02T12:00:00Z'", [0]),
        ("updated_at:>='2026-01-02T07:00:00-05:00'", [1, 2]),
        ("updated_at:2026-01-02", [1]),
    ],
)
def test_quoted_instants_compare_to_the_second(query: str, expected: list[int]) -> None:
    """Zone and operator count, inside the quotes or before them; a date is the shop's whole day."""
    assert hits(query) == expected


def test_unquoted_instant_loses_its_zone_and_leaves_a_stray_term() -> None:
    """FACTS 1: `00Z` becomes a term of the unknown field `00`, the hour is read in the shop's zone."""
    match, notes = matcher("updated_at:>=2026-01-02T12:00:00Z", SPEC, Shop())
    assert [index for index, row in enumerate(ROWS) if match(row)] == [2]
    assert notes.warnings == [
        {"field": "00", "message": "Invalid search field for this query.", "code": "invalid_field"}
    ]


def test_unknown_field_matches_everything_and_warns() -> None:
    """FACTS 8: it fails open."""
    match, notes = matcher("colour:red", SPEC, Shop())
    assert all(match(row) for row in ROWS)
    assert notes.warnings[0]["code"] == "invalid_field"


def test_unknown_value_of_an_enumeration_matches_nothing_and_warns() -> None:
    """FACTS 8: a status nobody knows gives an empty result."""
    match, notes = matcher("status:purple", SPEC, Shop())
    assert not any(match(row) for row in ROWS)
    assert notes.warnings[0]["code"] == "invalid_value"


@pytest.mark.parametrize("query", ["(tag:vip", "tag:vip)", "tag:vip OR", "AND tag:vip", "NOT", "((("])
def test_broken_syntax_is_no_error(query: str) -> None:
    """FACTS 10: what is out of place is passed over."""
    assert hits(query) in ([0, 1], [0, 1, 2])


def in_a_row(text: str, wanted: list[str], *, prefix: bool) -> bool:
    """The definition, word by word: what `_holding` has to find however it does it."""
    words = re.findall(r"\w+", text)
    windows = [words[start : start + len(wanted)] for start in range(len(words) - len(wanted) + 1)]
    last = str.startswith if prefix else str.__eq__
    return any(window[:-1] == wanted[:-1] and last(window[-1], wanted[-1]) for window in windows)


@given(
    st.text("ab -@.\u00e9_", max_size=12),
    st.lists(st.text("ab\u00e9_", min_size=1, max_size=2), min_size=1, max_size=3),
    st.booleans(),
)
def test_words_are_found_as_they_are_defined(text: str, wanted: list[str], prefix: bool) -> None:
    """One pattern over the text finds what a look at its words would."""
    assert bool(search._holding(wanted, prefix=prefix)(text)) == in_a_row(text, wanted, prefix=prefix)
