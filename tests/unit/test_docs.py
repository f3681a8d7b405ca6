"""The pages name tests and files that exist: a promise whose test is gone is told here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").rglob("*.md"))]
NAMED = re.compile(r"`(?P<path>tests/[\w/]+\.py)?::(?P<name>test_\w+)`")
LINK = re.compile(r"\]\((?P<path>[^)#:]+?)(#[^)]*)?\)")


def named_tests(text: str) -> list[tuple[str, str]]:
    """Path and name of each test on a page; `::name` alone means the path before it."""
    found = []
    path = ""
    for match in NAMED.finditer(text):
        path = match["path"] or path
        found.append((path, match["name"]))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tests_that_a_page_names_exist(page: Path) -> None:
    for path, name in named_tests(page.read_text()):
        assert f"def {name}(" in (ROOT / path).read_text(), f"{path}::{name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for match in LINK.finditer(page.read_text()):
        assert (page.parent / match["path"]).exists(), match["path"]


@pytest.mark.parametrize("name", ["pull", "push"])
def test_promises_name_their_tests(name: str) -> None:
    assert len(named_tests((ROOT / f"docs/howto/{name}.md").read_text())) >= 20
