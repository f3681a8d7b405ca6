"""The kit's table in docs/reference/warehouses.md: warehouse × capability, as a run of the kit shows them.

What a kind of warehouse lacks is declared with its reason (`Kind.lacks`) and skipped; everything else has to pass, so
the table follows from the declarations as long as the kit is green. `scripts/build_warehouses.py` runs it and writes
the page from what it saw; a test holds the page to the declarations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from kit import WAREHOUSES

HERE = Path(__file__).parent.parent
PAGE = HERE.parents[1] / "docs" / "reference" / "warehouses.md"
CAPABILITY = re.compile(r'^@pytest\.mark\.capability\("([^"]+)"\)', re.MULTILINE)
Shown = Mapping[tuple[str, str], str]  # (warehouse, capability) → "passed", or why not
HEAD = """# Warehouses

Written by `python scripts/build_warehouses.py`, which runs the conformance kit (`tests/warehouses/parts/kit.py`) on
every warehouse. Each row is one or more tests that every warehouse passes, unless a note says why not.
How each is set up and what differs is in [the guide](../howto/warehouses.md).
"""


def capabilities() -> dict[str, list[str]]:
    """What the kit's tests show, each with the files that hold it."""
    found: dict[str, list[str]] = {}
    for path in sorted(HERE.glob("test_*.py")):
        for name in CAPABILITY.findall(path.read_text(encoding="utf-8")):
            held = found.setdefault(name, [])
            held += [path.name] if path.name not in held else []
    return found


def declared() -> dict[tuple[str, str], str]:
    """What a run of the kit has to show."""
    return {
        (kind.name, capability): kind.lacks.get(capability, "passed")
        for kind in WAREHOUSES
        for capability in capabilities()
    }


def page(shown: Shown) -> str:
    kinds = [kind.name for kind in WAREHOUSES]
    reasons: list[str] = []
    lines = [HEAD, f"| | {' | '.join(kinds)} | held by |", f"|---|{'---|' * len(kinds)}---|"]
    lines.append(f"| run by | {' | '.join(f'`{kind.run_by}`' for kind in WAREHOUSES)} | |")
    for capability, files in capabilities().items():
        cells = [_cell(shown[(kind, capability)], reasons) for kind in kinds]
        held = ", ".join(f"`tests/warehouses/{name}`" for name in files)
        lines.append(f"| {capability} | {' | '.join(cells)} | {held} |")
    notes = [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join([*lines, *(["", *notes] if notes else []), ""])


def _cell(shown: str, reasons: list[str]) -> str:
    if shown == "passed":
        return "✓"
    if shown not in reasons:
        reasons.append(shown)
    return f"({reasons.index(shown) + 1})"
