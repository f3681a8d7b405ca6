"""The table of warehouses in the docs says what the kit says."""

from __future__ import annotations

import page
from kit import WAREHOUSES


def test_the_committed_table_is_what_the_kit_shows() -> None:
    written = page.PAGE.read_text(encoding="utf-8")
    assert written == page.page(page.declared()), "run python scripts/build_warehouses.py"


def test_every_capability_that_is_lacked_is_one() -> None:
    """A reason for something that no test shows would hide nothing."""
    known = page.capabilities()
    assert [each for kind in WAREHOUSES for each in kind.lacks if each not in known] == []
