"""The folder for Omnata: whole, pure, and never written over what is somebody else's."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from shoptide.cli.main import run
from shoptide.errors import UsageError
from shoptide.hosts.omnata.packaging import MARK, package

# What Omnata's runtime brings; the modules that speak to it import these and the standard library.
RUNTIME = {"omnata_plugin_runtime", "pandas", "requests", "urllib3"}
PROBE = """
import importlib, json, pkgutil, sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {*sys.stdlib_module_names, "shoptide"}:
            raise ModuleNotFoundError(f"{name} is not there", name=name)

sys.path.insert(0, sys.argv[1])
sys.meta_path.insert(0, Refuse())
loaded, waiting = [], []
for name in json.loads(sys.argv[2]):
    try:
        module = importlib.import_module(name)
        assert sys.argv[1] in module.__file__
        loaded.append(name)
    except ModuleNotFoundError as missing:
        waiting.append(missing.name.split(".")[0])
print(json.dumps([loaded, sorted(set(waiting))]))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("omnata") / "plugin"
    package(target)
    return target


def modules(folder: Path) -> list[str]:
    parts = [path.relative_to(folder).with_suffix("").parts for path in (folder / "shoptide").rglob("*.py")]
    return sorted(".".join(part for part in each if part != "__init__") for each in parts)


def test_it_holds_what_the_tool_uploads(folder: Path) -> None:
    """plugin.py at the top, the requirements, an icon that fills its place, and nothing compiled."""
    assert "ShoptidePlugin" in (folder / "plugin.py").read_text("utf-8")
    assert "omnata-plugin-runtime" in (folder / "requirements.txt").read_text("utf-8").split()
    assert 'width="100%" height="100%"' in (folder / "icon.svg").read_text("utf-8")
    kinds = {path.suffix for path in folder.rglob("*") if path.is_file()}
    assert kinds <= {".py", ".txt", ".svg", ".gz", ""}


def test_no_module_needs_more_than_the_runtime_brings(folder: Path, tmp_path: Path) -> None:
    """Imported out of a zip where only the standard library is found, every module loads or asks for the runtime."""
    archive = tmp_path / "app.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder))
    command = [sys.executable, "-c", PROBE, str(archive), json.dumps(modules(folder))]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    loaded, waiting = json.loads(found.stdout)
    assert set(waiting) <= RUNTIME
    assert {"shoptide.shopify.client", "shoptide.resources.objects"} <= set(loaded)


def test_no_module_is_written_in_a_newer_python(folder: Path) -> None:
    """Omnata's procedures run on Python 3.10; `make test-omnata` looks at the standard library's names as well."""
    for path in folder.rglob("*.py"):
        ast.parse(path.read_text("utf-8"), feature_version=(3, 10))


def test_it_is_written_anew_over_itself_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What others put into a folder stays as it is; our own files are brought up to date, with nothing left over."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "plugin.py").write_text("mine")
    with pytest.raises(UsageError, match="not ours"):
        package(theirs)
    assert (theirs / "plugin.py").read_text() == "mine"
    target = tmp_path / "ours"
    assert run(["omnata", "package", "--to", str(target), "--json"]) == 0
    assert "plugin.py" in json.loads(capsys.readouterr().out)["files"]
    mark = json.loads((target / MARK).read_text())
    (target / "shoptide" / "old.py").write_text("")
    (target / MARK).write_text(json.dumps({**mark, "shoptide/old.py": ""}))
    (target / "tier.txt").write_text("byo")  # a file that Omnata's tool reads
    assert run(["omnata", "package", "--to", str(target)]) == 0
    assert not (target / "shoptide" / "old.py").exists()
    assert (target / "tier.txt").read_text() == "byo"


def test_a_file_that_was_changed_by_hand_is_not_written_over(tmp_path: Path) -> None:
    """Somebody's change is somebody's work; nothing of the folder is touched."""
    package(tmp_path / "ours")
    changed = tmp_path / "ours" / "requirements.txt"
    changed.write_text("mine")
    with pytest.raises(UsageError, match="changed by hand"):
        package(tmp_path / "ours")
    assert changed.read_text() == "mine"
    with pytest.raises(UsageError, match="is a file"):
        package(changed)
