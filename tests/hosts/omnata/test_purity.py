"""What Snowflake's Python can run: 3.10, nothing compiled, nothing but what Omnata's runtime brings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from omnata_entry import Maker
from omnata_store import Store


def test_nothing_needs_a_newer_python_than_3_10(app: Path) -> None:
    """Syntax and the standard library's names, over every module that is uploaded."""
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--target=3.10-", "--violations", "--no-tips", str(app / "plugin")]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("version", ["2026-01", "2026-04", "2026-07", "2026-10"])
def test_the_schemas_are_read_out_of_the_zip(plugin_for: Maker, store: Store, version: str) -> None:
    """Data files are found where there is no folder; each supported version has its own."""
    plugin_for(store)
    from shoptide.shopify import schema

    assert "app.zip" in str(schema.__file__)
    assert schema.load(version).query_root.fields["orders"]


def test_nothing_of_the_project_s_own_packages_is_there(plugin_for: Maker, store: Store) -> None:
    """The environment has Omnata's runtime and this test's tools; the plugin was imported without the rest."""
    plugin_for(store)
    ours = {name for name in sys.modules if name.partition(".")[0] == "shoptide"}
    assert {"shoptide.outbound.application", "shoptide.inbound.paging", "shoptide.resources.planning"} <= ours
    foreign = {"httpx2", "duckdb", "msgspec", "sqlalchemy", "click", "structlog", "anyio"}
    assert not foreign & {name.partition(".")[0] for name in sys.modules}
