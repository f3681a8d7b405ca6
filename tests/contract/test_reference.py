"""The generated reference pages say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_the_reference_is_current() -> None:
    script = [sys.executable, str(ROOT / "scripts" / "build_reference.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, f"run `make docs`: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    """Tests that hold a promise, and pages linked to."""
    text = page.read_text(encoding="utf-8")
    named = {ROOT / found for found in re.findall(r"`(tests/[\w/]+\.py)`", text)}
    linked = {page.parent / found for found in re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", text)}
    assert [str(path) for path in sorted(named | linked) if not path.exists()] == []
