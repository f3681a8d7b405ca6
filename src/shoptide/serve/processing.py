"""A part for each shop: takes what waits in its inbox, as soon as something does, and has it worked off.

One process at a time works for a shop, by a lock: two could land an older state over a newer one. Others that share
the ledger stand by and take over when it lets go or dies.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

from shoptide.clock import Clock
from shoptide.config import PullConfig, ShopConfig
from shoptide.errors import Interrupted, LockHeld, ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import KEPT, Delivery, Inbox
from shoptide.serve.following import Follower
from shoptide.serve.work import Work, heard_streams
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse

log = logging.getLogger(__name__)

TAKEN = 2_000  # deliveries at once: what names the same record is read once
GLANCE = 1.0  # seconds between looks that nobody asked for: other processes take webhooks too
LONGEST = 120.0  # between tries while the shop lets nobody in
STANDBY = 10.0  # until another process is asked again whether it works for the shop still
RENEWED = 3_600.0  # how long what the token may read is taken for granted

Comply = Callable[[AdminClient, Warehouse], Callable[[Delivery], None]]


class Processor:
    """Works for one shop until it is drained; `wake` says that something came."""

    def __init__(
        self,
        shop: ShopConfig,
        pulls: list[PullConfig],
        *,
        ledger: Ledger,
        warehouse: Warehouse,
        open_client: Callable[[str], AdminClient],
        comply: Comply,
        follower: Follower,
        clock: Clock,
        spool: Path,
        fail: Callable[[BaseException], None],
    ) -> None:
        self.name = f"inbox of {shop.alias}"
        self.shop = shop
        self.pulls = pulls
        self.ledger = ledger
        self.inbox = Inbox(ledger)
        self.warehouse = warehouse
        self.open_client = open_client
        self.comply = comply
        self.follower = follower
        self.clock = clock
        self.spool = spool
        self.fail = fail
        self._came = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._came.set()

    def drain(self, deadline: float) -> None:
        """What is being landed is landed; what is only being read is left for the next start."""
        self._stop.set()
        self._came.set()
        self._thread.join(max(0.0, deadline - self.clock.monotonic()))

    def _run(self) -> None:
        failed = 0
        while not self._stop.is_set():
            began = self.clock.monotonic()
            try:
                with self.ledger.lock(f"inbox:{self.shop.domain}"):
                    self._listen()
            except Interrupted:
                return
            except LockHeld:
                failed = 0
            except ShoptideError as error:
                failed = failed + 1 if self.clock.monotonic() - began < STANDBY else 0
                log.warning("webhook.processing_failed", extra={"shop": self.shop.domain, "reason": error.message})
            except BaseException as bug:  # noqa: BLE001  # a thread that dies unheard would let the inbox fill up
                self.fail(bug)
                return
            self._stop.wait(min(STANDBY * 2**failed, LONGEST))

    def _listen(self) -> None:
        """Work off what comes, as one run, until told to stop or until rights may have changed."""
        warehouse = self.warehouse.beside()
        client = self.open_client(self.shop.alias)
        run_id = self.ledger.begin_run("webhooks", self.shop.alias, client.domain, {})
        outcome, work = "failed", None
        try:
            work = self._work(client, warehouse, run_id)
            while not self._stop.is_set():
                self._for_a_while(work)
                work.renew(heard_streams(self.pulls, client), sees_all_orders(client))
            outcome = "interrupted"
        finally:
            told = {"landed": work.landed, "missed": work.sweeper.missed} if work else {}
            self.ledger.end_run(run_id, outcome, told)  # type: ignore[arg-type]  # one of the four
            client.close()
            warehouse.close()

    def _work(self, client: AdminClient, warehouse: Warehouse, run_id: str) -> Work:
        return Work(
            client=client,
            warehouse=warehouse,
            ledger=self.ledger,
            clock=self.clock,
            run_id=run_id,
            spool=self.spool / f"{client.domain}.webhooks",
            stop=self._stop.is_set,
            streams=heard_streams(self.pulls, client),
            comply=self.comply(client, warehouse),
            sees_all_orders=sees_all_orders(client),
            told=partial(self.follower.landed, warehouse, run_id),
        )

    def _for_a_while(self, work: Work) -> None:
        until = self.clock.monotonic() + RENEWED
        self.inbox.purge(self.clock.now() - KEPT)
        while not self._stop.is_set() and self.clock.monotonic() < until:
            self._came.clear()
            work.sweep()
            found = self._waiting(work)
            if found or work.untold:
                work.do(found)
            else:
                self._came.wait(GLANCE)

    def _waiting(self, work: Work) -> list[Delivery]:
        now = self.clock.now()
        found = self.inbox.open(work.client.domain, now, TAKEN, ("waiting",))
        if not found and (again := self.inbox.open(work.client.domain, now, TAKEN, ("again",))):
            if not work.pull_under_way():
                return again
            self.inbox.put_off([each.id for each in again], now + timedelta(seconds=GLANCE), "a pull is under way", 0)
        return found


def sees_all_orders(client: AdminClient) -> bool:
    """Whether the token may read orders of any age; without that the store hides those of more than 60 days."""
    return client.access().has("read_all_orders")
