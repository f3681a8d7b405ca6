"""Every test of the kit runs on every warehouse; what one is known to lack is skipped with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kit import WAREHOUSES, Kind, Kit


@pytest.fixture(params=WAREHOUSES, ids=lambda kind: str(kind.name))
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kit]:
    kind: Kind = request.param
    marker = request.node.get_closest_marker("capability")
    assert marker is not None, "a test of the kit says what it shows"
    if reason := kind.lacks.get(marker.args[0]):
        pytest.skip(f"{kind.name}: {reason}")
    found = Kit(kind, tmp_path, kind.url(request, tmp_path))
    yield found
    found.close()
