"""The shop's places for bulk operations: how many a run may fill, so that one stays free for whoever else needs it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from shoptide.errors import Interrupted
from shoptide.shopify import bulk
from shoptide.shopify.bulk import BulkOperation
from shoptide.shopify.client import AdminClient

T = TypeVar("T")
Stop = Callable[[], bool]

GLANCE = 0.5  # seconds between looks whether to stop, while another thread starts its operation
# Others' operations may run for hours; who waits longer than this for one to end is told who holds the slots.
PATIENCE = 3 * 3600.0


class Slots:
    """One run's share of the slots: so many operations are worked on at once, and started only where there is room.

    The store counts operations by app and shop, so those of earlier runs and of other processes take slots too.
    """

    def __init__(self, client: AdminClient, *, free: int = 1) -> None:
        self.client = client
        self.most = max(1, bulk.slots(client.api_version) - free)
        self._pool = ThreadPoolExecutor(self.most, thread_name_prefix="bulk")
        self._starting = threading.Lock()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Work on an operation when one of our slots is free."""
        return self._pool.submit(work)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, document: str, stop: Stop) -> BulkOperation:
        """Start a query where that leaves the free slot free. Raises BulkBusy when none came free for hours."""
        with self._turn(stop):
            bulk.await_room(self.client, self.most, kind="QUERY", patience=PATIENCE, stop=stop)
            return bulk.start_query(self.client, document, patience=PATIENCE, stop=stop)

    @contextmanager
    def _turn(self, stop: Stop) -> Iterator[None]:
        """One at a time looks for room and takes it."""
        while not self._starting.acquire(timeout=GLANCE):
            if stop():
                raise Interrupted("stopped while waiting for a bulk operation", hint="run the same command again")
        try:
            yield
        finally:
            self._starting.release()
