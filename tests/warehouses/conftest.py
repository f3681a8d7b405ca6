"""Every test of the kit runs on every warehouse; what one is known to lack is skipped with its reason."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import WAREHOUSES, Kind, Kit

SHOWN: dict[tuple[str, str], str] = {}  # (warehouse, capability) → "passed", or why it is lacked


@pytest.fixture(params=WAREHOUSES, ids=lambda kind: str(kind.name))
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kit]:
    kind: Kind = request.param
    marker = request.node.get_closest_marker("capability")
    assert marker is not None, "a test of the kit says what it shows"
    shown = (kind.name, marker.args[0])
    if reason := kind.lacks.get(marker.args[0]):
        SHOWN[shown] = reason
        pytest.skip(f"{kind.name}: {reason}")
    found = Kit(kind, tmp_path, kind.url(request, tmp_path))
    yield found
    found.close()
    SHOWN.setdefault(shown, "passed")


def pytest_sessionfinish() -> None:
    """What scripts/build_warehouses.py makes the table of; it throws a run away in which anything failed."""
    if target := os.environ.get("SHOPTIDE_KIT_RESULTS"):
        Path(target).write_text(json.dumps([[*place, told] for place, told in SHOWN.items()]))
