"""The core runs inside other people's engines: Python 3.10, the standard library alone, and out of a zip."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import shoptide

PACKAGE = Path(shoptide.__file__).parent
# The row-by-row parts of a pull and a push, beside all of `shopify` and `resources`; what they import counts too.
ROW_BY_ROW = (
    "inbound/departures.py",
    "inbound/paging.py",
    "inbound/plans.py",
    "inbound/refused.py",
    "inbound/window.py",
    "outbound/application.py",
    "outbound/planning.py",
    "outbound/resolution.py",
    "outbound/rows.py",
)
CORE = sorted(
    [*(PACKAGE / "shopify").rglob("*.py"), *(PACKAGE / "resources").rglob("*.py"), *map(PACKAGE.joinpath, ROW_BY_ROW)]
)
NEWER_THAN_3_10 = {
    "tomllib", "datetime.UTC", "enum.StrEnum", "typing.Self", "typing.assert_never", "typing.Never",
    "typing.LiteralString", "typing.Required", "typing.NotRequired", "typing.TypeVarTuple", "typing.Unpack",
    "typing.override", "typing.reveal_type", "contextlib.chdir", "hashlib.file_digest", "itertools.batched",
    "asyncio.TaskGroup", "asyncio.timeout", "math.cbrt", "math.exp2", "operator.call", "sys.exception",
    "ExceptionGroup", "BaseExceptionGroup", "add_note",
}  # fmt: skip
PROBE = """
import importlib, json, sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in {{*sys.stdlib_module_names, "shoptide"}}:
            raise ModuleNotFoundError(f"{{name}} is not there", name=name)

sys.path.insert(0, {archive!r})
sys.meta_path.insert(0, Nothing())
for name in {names}:
    importlib.import_module(name)
loaded = {{name: module for name, module in sys.modules.items() if name.split(".")[0] == "shoptide"}}
assert all(".zip" in module.__file__ for module in loaded.values())
from shoptide.shopify.schema import load
assert load("2026-10").query_root.fields["orders"]
print(json.dumps(sorted(loaded)))
"""


def named(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(("shoptide", *(part for part in parts if part != "__init__")))


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The modules that are there once the core is imported from a zip, where nothing else can be."""
    archive = tmp_path_factory.mktemp("zip") / "shoptide.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in PACKAGE.rglob("*"):
            if path.is_file() and not {"__pycache__", "simulator", "cli"} & set(path.parts):
                file.write(path, f"shoptide/{path.relative_to(PACKAGE)}")
    probe = PROBE.format(archive=str(archive), names=[named(path) for path in CORE])
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    names: list[str] = json.loads(found.stdout)
    return names


def test_imports_from_a_zip_with_nothing_but_the_standard_library(loaded: list[str]) -> None:
    """As an engine ships it; whatever a module of the core draws in is held to the same."""
    assert {named(path) for path in CORE} <= set(loaded)
    assert not [name for name in loaded if name.startswith(("shoptide.warehouse", "shoptide.ledger", "shoptide.cli"))]


def source(name: str) -> str:
    path = PACKAGE.joinpath(*name.split(".")[1:])
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text("utf-8")


def names_used(tree: ast.AST) -> set[str]:
    """What a module takes from the standard library, as far as its text tells."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
            if isinstance(node.value, ast.Name):
                found.add(f"{node.value.id}.{node.attr}")
    return found


def test_is_written_in_python_3_10(loaded: list[str]) -> None:
    """Its syntax, and nothing of the standard library that came later; all that the core draws in."""
    for name in loaded:
        tree = ast.parse(source(name), feature_version=(3, 10))
        assert not names_used(tree) & NEWER_THAN_3_10, name
