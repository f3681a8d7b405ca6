"""Files of a shop outside its records, on disk: staged uploads on their way in, bulk results on their way out."""

from __future__ import annotations

import shutil
import tempfile
import uuid
import weakref
from pathlib import Path


class Vault:
    """A shop's files by key; they go with the shop."""

    def __init__(self) -> None:
        # Not a TemporaryDirectory: a shop has no closing, and that warns when it is not closed.
        self._folder = Path(tempfile.mkdtemp(prefix="shoptide-simulator-"))
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._paths: dict[str, Path] = {}

    def new_path(self, key: str) -> Path:
        """Where to write the file of that key; it replaces an earlier one."""
        self._paths[key] = self._folder / uuid.uuid4().hex
        return self._paths[key]

    def put(self, key: str, content: bytes) -> None:
        self.new_path(key).write_bytes(content)

    def link(self, key: str, path: Path) -> None:
        """Serve a file of the user's own under that key."""
        self._paths[key] = path

    def path(self, key: str) -> Path | None:
        found = self._paths.get(key)
        return found if found is not None and found.exists() else None
