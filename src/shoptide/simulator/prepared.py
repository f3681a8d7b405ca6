"""Prepared results: a JSONL file served as the answer of every bulk query on a root.

Large loads can be measured so without being generated. The file is read once, to count it, and never held in memory.
Its records are taken to have changed just now: whoever asks for what is older than some moment gets none of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptide.simulator.search import Term, tokens

if TYPE_CHECKING:
    from shoptide.simulator.shop import Shop


@dataclass(frozen=True)
class PreparedFile:
    """A file with what Shopify tells of a result: its lines, those without a parent, its bytes."""

    path: Path
    lines: int
    roots: int
    size: int


def prepared(shop: Shop, root: str) -> PreparedFile | None:
    """The file that answers for a root field, if there is one (`shop.settings["bulk_files"]`)."""
    given = shop.settings.get("bulk_files", {}).get(root)
    return counted(given) if given is not None else None


def beyond(query: str | None) -> bool:
    """Whether a search leaves out what changed just now: it has an upper bound in time."""
    return any(
        isinstance(token, Term) and token.operator in ("<", "<=") and re.match(r"\d{4}-\d", token.value.strip())
        for token in tokens(query or "")
    )


def counted(given: str) -> PreparedFile:
    """The file at a path, counted once as long as it does not change; raises ValueError where there is none."""
    path = Path(given)
    if not path.is_file():
        raise ValueError(f"no file at {given!r}: bulk_files wants a root field and the path of a JSONL file")
    state = path.stat()
    return _counted(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=32)
def _counted(path: Path, size: int, _changed: int) -> PreparedFile:
    lines = roots = 0
    with path.open("rb") as rows:
        for row in rows:
            lines += 1
            roots += b'"__parentId"' not in row
    return PreparedFile(path, lines, roots, size)


def check(given: Any) -> dict[str, str]:
    """`{"orders": "/path/orders.jsonl"}`, each file there and counted; raises ValueError otherwise."""
    if not isinstance(given, dict):
        raise ValueError(f"bulk_files is an object of root fields and paths, not {given!r}")  # noqa: TRY004  # the caller's words
    for path in given.values():
        counted(str(path))
    return {str(root): str(path) for root, path in given.items()}
