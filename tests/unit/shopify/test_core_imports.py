"""The client runs inside other people's engines: Python 3.10, the standard library, httpx2, and out of a zip."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import shoptide

PACKAGE = Path(shoptide.__file__).parent
MODULES = sorted((PACKAGE / "shopify").glob("**/*.py"))
# What httpx2 itself brings along.
ALLOWED = {"shoptide", "httpx2", "httpcore2", "anyio", "idna", "certifi", "h11", "truststore", "typing_extensions"}
NEWER_THAN_3_10 = {"tomllib", "datetime.UTC", "enum.StrEnum", "typing.Self", "typing.assert_never"}
PROBE = """
import importlib, json, sys
before = set(sys.modules)
for name in {names}:
    importlib.import_module(name)
print(json.dumps(sorted({{each.split(".")[0] for each in set(sys.modules) - before}})))
"""


def names() -> list[str]:
    return [".".join(("shoptide", *path.relative_to(PACKAGE).with_suffix("").parts)) for path in MODULES]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_is_written_in_python_3_10(path: Path) -> None:
    """Its syntax, and nothing of the standard library that came later."""
    tree = ast.parse(path.read_text("utf-8"), feature_version=(3, 10))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not {f"{node.module}.{each.name}" for each in node.names} & NEWER_THAN_3_10
        elif isinstance(node, ast.Import):
            assert not {each.name for each in node.names} & NEWER_THAN_3_10


def test_imports_from_a_zip_with_nothing_but_the_http_client(tmp_path: Path) -> None:
    """As an engine ships it: one archive on the path."""
    archive = tmp_path / "shoptide.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in [*PACKAGE.glob("*.py"), *(PACKAGE / "shopify").rglob("*")]:
            if path.is_file() and "__pycache__" not in path.parts:
                file.write(path, f"shoptide/{path.relative_to(PACKAGE)}")
    probe = PROBE.format(names=["shoptide.shopify.schema", *names()])
    probe = f"import sys; sys.path.insert(0, {str(archive)!r})\n{probe}"
    probe += "\nimport shoptide; assert '.zip' in shoptide.__file__"
    probe += "\nfrom shoptide.shopify.schema import load; assert load('2026-10').query_root.fields['orders']"
    found = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    loaded = set(ast.literal_eval(found.stdout))
    assert loaded - set(sys.stdlib_module_names) - ALLOWED == set()
