"""One warehouse for the turns of a worker: opened when the first of them needs it, let go after the last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoptide.warehouse import Warehouse


class SharedWarehouse:
    """Connections to one warehouse, a thread's own each. Between turns a DuckDB file is free for other processes."""

    def __init__(self, open_one: Callable[[], Warehouse]) -> None:
        self._open_one = open_one
        self._lock = threading.Lock()
        self._opened: Warehouse | None = None
        self._users = 0

    @contextmanager
    def use(self) -> Iterator[Warehouse]:
        """A connection for a thread. Raises WarehouseLocked while another process holds the file."""
        with self._lock:
            if self._opened is None:
                self._opened = self._open_one()
            self._users += 1
            opened = self._opened
        try:
            with opened.beside() as own:
                yield own
        finally:
            with self._lock:
                self._users -= 1
                if self._users == 0:
                    opened.close()
                    self._opened = None
