"""Writes the folder that Omnata's tool uploads: plugin.py, the modules it needs and no others, requirements, icon.

Omnata zips the folder and imports it from there on Snowflake's Python, so it holds pure Python and data files only.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping
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
MARK = ".shoptide-omnata"  # lists the files of a folder that are ours, with what they held
ROOT = Path(shoptide.__file__).parent


def package(target: Path) -> list[Path]:
    """Write the folder; returns its files, relative to it. Raises UsageError rather than touch what is not ours.

    A folder that we wrote before is brought up to date: what others put there stays, what we no longer need goes.
    """
    files = _contents()
    try:
        known = _known(target)
        _refuse_foreign(target, files, known)
        for path, content in files.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content)
        for old in known.keys() - {str(path) for path in files}:
            (target / old).unlink(missing_ok=True)
        held = {str(path): _digest(content) for path, content in files.items()}
        (target / MARK).write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{target} can't be written: {error.strerror or error}", hint="name another folder") from None
    return sorted(files)


def _contents() -> dict[Path, bytes]:
    texts = {"plugin.py": PLUGIN, "requirements.txt": REQUIREMENTS, "icon.svg": _icon()}
    found = {Path(name): text.encode() for name, text in texts.items()}
    return found | {Path("shoptide") / path.relative_to(ROOT): path.read_bytes() for path in needed_files()}


def _known(target: Path) -> dict[str, str]:
    """The files that we wrote into a folder before, and the digests of what they held."""
    if target.exists() and not target.is_dir():
        raise UsageError(f"{target} is a file", hint="name a folder")
    if not target.exists() or not any(target.iterdir()):
        return {}
    try:
        known: dict[str, str] = json.loads((target / MARK).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{target} holds files that are not ours", hint="name a new or empty folder") from None
    except ValueError:
        raise UsageError(f"{target / MARK} can't be read", hint="name a new or empty folder") from None
    return known


def _refuse_foreign(target: Path, files: Mapping[Path, bytes], known: Mapping[str, str]) -> None:
    """Refuse to write over a file that is not ours, or that somebody has changed since."""
    for path, content in files.items():
        held = target / path
        if not held.exists() or held.read_bytes() == content or known.get(str(path)) == _digest(held.read_bytes()):
            continue
        told = "was changed by hand" if str(path) in known else "is not ours"
        raise UsageError(f"{held} {told}", hint="move it away, or name a new folder")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
