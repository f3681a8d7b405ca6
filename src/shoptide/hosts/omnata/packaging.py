"""Writes the folder that Omnata's tool uploads: plugin.py, the modules it needs and no others, requirements, icon.

Omnata zips the folder and imports it from there on Snowflake's Python, so it holds pure Python and data files only.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import shoptide
from shoptide import __version__
from shoptide.errors import UsageError

ENTRY = "shoptide.hosts.omnata.plugin"
PLUGIN = f'''"""Shoptide {__version__} for Omnata; written by `shoptide omnata package`."""

from {ENTRY} import ShoptidePlugin

__all__ = ["ShoptidePlugin"]
'''
# Omnata's tool takes each from Snowflake's own channel where that has it.
REQUIREMENTS = "omnata-plugin-runtime\npandas\nrequests\n"
MARK = ".shoptide-omnata"  # says that a folder was written by us, and may be written anew
ROOT = Path(shoptide.__file__).parent


def package(target: Path) -> list[Path]:
    """Write the folder; returns its files, relative to it. Raises UsageError rather than touch what is not ours."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file", hint="name a folder")
    if target.exists() and any(target.iterdir()) and not (target / MARK).is_file():
        raise UsageError(f"{target} holds files that are not ours", hint="name a new or empty folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as made:
            folder = Path(made) / "plugin"
            files = _write(folder)
            if target.exists():
                shutil.rmtree(target)
            folder.rename(target)
    except OSError as error:
        raise UsageError(f"{target} can't be written: {error.strerror or error}", hint="name another folder") from None
    return files


def _write(folder: Path) -> list[Path]:
    folder.mkdir()
    texts = {"plugin.py": PLUGIN, "requirements.txt": REQUIREMENTS, MARK: f"{__version__}\n", "icon.svg": _icon()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for source in needed_files():
        copy = folder / "shoptide" / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy)
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _icon() -> str:
    return resources.files("shoptide.hosts.omnata").joinpath("icon.svg").read_text("utf-8")


def needed_files() -> list[Path]:
    """The plugin's module, whatever it imports of ours, and the schemas."""
    found: set[Path] = set()
    waiting = [_file(ENTRY)]
    while waiting:
        path = waiting.pop()
        if path is None or path in found:
            continue
        found.add(path)
        waiting += [_file(name) for name in _imports(ast.parse(path.read_text("utf-8")))]
        waiting += [parent / "__init__.py" for parent in path.parents if parent.is_relative_to(ROOT)]
    return sorted([*found, *(ROOT / "shopify" / "schema").glob("*.json.gz")])


def _file(name: str) -> Path | None:
    """The file of one of our modules; None for a name that is none."""
    parts = name.split(".")
    if parts[0] != "shoptide":
        return None
    path = ROOT.joinpath(*parts[1:])
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _imports(tree: ast.AST) -> Iterator[str]:
    """What is imported when the module is, or when one of its functions runs; not what only types need."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        else:
            yield from _imports(node)
