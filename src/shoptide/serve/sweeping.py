"""Listens between the webhooks: now and then the store is asked what changed, and what no webhook told of is read.

Often while a stream is on the move, seldom while it rests: a lost delivery is made good within seconds in a busy shop
and within half a minute in a quiet one. What even this misses (deletes, streams that can't be asked) pulls find.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shoptide.errors import Interrupted, ShoptideError
from shoptide.inbound.sweep import Recent, compared, recent
from shoptide.resources.changes import changes_document
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse

log = logging.getLogger(__name__)

BUSY, QUIET = 1.5, 30.0  # seconds between two looks
STIRRED = 60.0  # seconds that a stream is taken for busy after a change
ON_ITS_WAY = timedelta(seconds=2)  # a change may be told so much later and is not missed yet
BEHIND = timedelta(seconds=20)  # how far each look goes back: Shopify's search shows changes late, usually by seconds
SHARE = 0.1  # of the points that come back, at most for looking
COST = 11.0  # points of a look that finds little


@dataclass
class Sweeper:
    """Looks at one shop's streams. `missed` counts by stream what no webhook had told of."""

    client: AdminClient
    warehouse: Warehouse
    stop: Callable[[], bool]
    waiting: Callable[[list[str]], set[str]]  # which records a delivery waits for: they are told of
    missed: dict[str, int] = field(default_factory=dict)
    _stirred: dict[str, float] = field(default_factory=dict)  # when it was busy last, monotonic
    _looked: dict[str, float] = field(default_factory=dict)
    _since: dict[str, datetime] = field(default_factory=dict)
    _early: dict[str, dict[str, str]] = field(default_factory=dict)  # by stream, what is to be read once more
    _sure: dict[str, dict[str, str]] = field(default_factory=dict)  # and what was, as of which change
    _began: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.client.clock.now() - BEHIND

    def stir(self, streams: Iterable[str]) -> None:
        """Something of these changes: look at them more often for a while."""
        now = self.client.clock.monotonic()
        self._stirred |= dict.fromkeys(streams, now)

    def due(self, plans: Iterable[StreamPlan]) -> list[StreamPlan]:
        """The streams that it is time to look at."""
        now = self.client.clock.monotonic()
        able = [plan for plan in plans if changes_document(plan)]
        least = len(able) * COST / (SHARE * max(1.0, self.client.governor.allowance.restore_rate))
        found = []
        for plan in able:
            name = plan.stream.name
            busy = now - self._stirred.get(name, -STIRRED) < STIRRED
            if now - self._looked.setdefault(name, now) >= (max(BUSY, least) if busy else QUIET):
                found.append(plan)
        return found

    def look(self, plan: StreamPlan, *, keep: bool) -> list[str]:
        """The ids of records that changed untold, or may have. With `keep` the next look begins where this one did.

        Trouble is told and costs one look; the next one goes back as far.
        """
        name, now = plan.stream.name, self.client.clock.now()
        since = self._since.get(name, self._began)
        self._looked[name] = self.client.clock.monotonic()
        try:
            found = recent(self.client, plan, since, self.stop)
            settled = _settled(found, now)
            held = compared(self.warehouse, plan, self.client.domain, settled)
            told = self.waiting(held.stale)
            gids = [gid for gid in held.stale if gid not in told]
            early = self._unsure(name, settled, held.early)
        except Interrupted:
            raise
        except ShoptideError as error:
            log.warning("sweep.failed", extra={"stream": name, "reason": error.message})
            return []
        if not keep or not found.whole:
            self._since[name] = now - BEHIND
        if gids:
            self.stir([name])
            self.missed[name] = self.missed.get(name, 0) + len(gids)
            log.info("sweep.found", extra={"stream": name, "records": len(gids)})
        return gids + early

    def _unsure(self, stream: str, changed: dict[str, str], early: Iterable[str]) -> list[str]:
        """Those that were not read a second time since their last change."""
        sure = {gid: at for gid, at in self._sure.get(stream, {}).items() if changed.get(gid) == at}
        self._sure[stream] = sure
        self._early[stream] = {gid: changed[gid] for gid in early if gid not in sure}
        return list(self._early[stream])

    def was_read(self, stream: str, gid: str) -> None:
        """A record was read that a look had named."""
        if moment := self._early.get(stream, {}).get(gid):
            self._sure[stream][gid] = moment


def _settled(found: Recent, now: datetime) -> dict[str, str]:
    return {gid: moment for gid, moment in found.changed.items() if now - datetime.fromisoformat(moment) >= ON_ITS_WAY}
