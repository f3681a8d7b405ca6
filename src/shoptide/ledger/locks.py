"""Locks that a killed process lets go of: a file lock beside a SQLite ledger, with the holder's name in the file."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from shoptide.errors import LockHeld


@contextmanager
def file_lock(folder: Path, name: str, now: datetime) -> Iterator[None]:
    """Hold `name` for as long as the block runs; raises LockHeld with the holder's pid and since when."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _held(name, path) from None
        file.seek(0)
        file.truncate()
        file.write(json.dumps({"pid": os.getpid(), "since": now.isoformat(timespec="seconds"), "name": name}))
        file.flush()
        try:
            yield
        finally:
            # The file stays: removing it would let two processes hold locks on different files of one name.
            file.seek(0)
            file.truncate()
            file.flush()


def _held(name: str, path: Path) -> LockHeld:
    try:
        holder = json.loads(path.read_text(encoding="utf-8") or "{}")
    except (OSError, ValueError):
        holder = {}
    return held_by(name, holder)


def held_by(name: str, holder: Mapping[str, Any]) -> LockHeld:
    """The refusal, with as much of `host`, `pid` and `since` as is known of the holder."""
    host = f"host {holder['host']}, " if "host" in holder else ""
    who = f" ({host}pid {holder['pid']}, since {holder['since']})" if "pid" in holder else ""
    return LockHeld(
        f"{name} is being worked on by another run{who}", hint="wait for it to end, or see `shoptide status`"
    )
