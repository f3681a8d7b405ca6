"""The plugin as Omnata runs it: packaged, zipped, imported from there, called through the real entry point."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# The runtime is 440 MB and never among the product's own requirements: `make test-omnata` has it.
collect_ignore_glob = [] if importlib.util.find_spec("omnata_plugin_runtime") else ["*.py"]

if not collect_ignore_glob:
    sys.path.insert(0, str(HERE))
    import requests
    from omnata_engine import Engine, Secrets
    from omnata_entry import Maker, Plugin
    from omnata_store import SOURCE, TOKEN, Store, opened


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds app.zip, made of what `shoptide omnata package` writes."""
    base = tmp_path_factory.mktemp("app")
    code = (
        "import sys; from pathlib import Path; from shoptide.hosts.omnata.packaging import package;"
        " package(Path(sys.argv[1]))"
    )
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", code, str(base / "plugin")], check=True, env=environment)
    with zipfile.ZipFile(base / "app.zip", "w") as archive:
        for path in sorted((base / "plugin").rglob("*")):
            archive.write(path, path.relative_to(base / "plugin"))  # directories too, as Omnata's tool does
    return base


@pytest.fixture(scope="session")
def empty_store() -> Iterator[Store]:
    with opened(plan="plus") as found:
        yield found


@pytest.fixture
def store(empty_store: Store) -> Store:
    """An empty shop of the Plus tier, as new for each test."""
    requests.post(f"{empty_store.url}/_simulator/reset", timeout=30).raise_for_status()
    return empty_store


@pytest.fixture(scope="session")
def seeded() -> Iterator[Store]:
    """A shop with a little of everything; tests only read it."""
    with opened(plan="plus", customers=60, products=15, orders=80) as found:
        yield found


@pytest.fixture
def plugin_for(app: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maker]:
    """Makes the plugin for a store: `plugin_for(store, secrets={…})`."""
    from omnata_plugin_runtime import omnata_plugin, plugin_entrypoints

    def make(store: Store, secrets: dict[str, str] | None = None) -> Plugin:
        engine = Engine()
        given = {"access_token": TOKEN} if secrets is None else secrets
        monkeypatch.setitem(sys.modules, "_snowflake", Secrets(given))
        monkeypatch.setitem(sys._xoptions, "snowflake_import_directory", str(app))
        monkeypatch.setattr(omnata_plugin, "write_pandas", engine.write_pandas)
        entry = plugin_entrypoints.PluginEntrypoint("SHOPTIDE__SHOPTIDE", engine, "plugin", "ShoptidePlugin")
        return Plugin(entry, engine, store)

    path = list(sys.path)
    yield make
    sys.path[:] = path
