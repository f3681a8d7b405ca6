"""Works off deliveries of one shop: the records they name are read from the store as they are now, and landed.

When a delivery is done
-----------------------
A delivery is done when its records were read after it came, and landed, while no pull of their stream was under way.
A pull lands what it read earlier, perhaps before the change, over what was landed meanwhile. So deliveries worked off
beside a pull are landed at once, for freshness, and once more (`again`) when that pull has ended. This needs no order
between the two and holds for pulls of other processes: the ledger knows when a pull began and when it ended.

A row of the inbox is settled after its records are committed, never before. Whatever dies in between is done twice,
which changes nothing: a record as it is now is the same record.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from shoptide.clock import Clock
from shoptide.config import PullConfig
from shoptide.errors import AccessError, ApiError, Interrupted, LockHeld, ShoptideError, ShopUnavailable
from shoptide.inbound.paging import NotByPages
from shoptide.inbound.plans import chosen_streams, plan_one
from shoptide.inbound.pull import Options, pull
from shoptide.inbound.refresh import Refresher
from shoptide.inbound.refused import refusals
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Delivery, Inbox
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.topics import COMPLIANCE, HINTS, UNINSTALLED, hint_of
from shoptide.serve.compliance import ComplianceError
from shoptide.serve.sweeping import Sweeper
from shoptide.shopify.client import AdminClient
from shoptide.warehouse import Warehouse

log = logging.getLogger(__name__)

GIVE_UP = 6  # attempts at what is refused; what may pass is tried until it does
LONGEST_PAUSE = 300.0
PULL_PAUSE = timedelta(seconds=5)  # between two pulls for what names no record
CLOCKS_APART = timedelta(seconds=1)  # how far the clocks of machines that share a ledger may differ
LOOKED_BACK = 10  # runs of a name
TOLD_OF = frozenset(stream for hint in HINTS for stream in hint.streams)

Task = tuple[str, str]  # a stream, and the record its root lists; "" for whatever changed in it
Outcome = ShoptideError | None


@dataclass(frozen=True)
class Heard:
    """A stream that webhooks keep current, and the pull it belongs to. Without a plan it is pulled."""

    pull: PullConfig
    plan: StreamPlan | None


def heard_streams(pulls: Iterable[PullConfig], client: AdminClient) -> dict[str, Heard]:
    """The streams of a shop that webhooks tell of and that can be read, by name; of several pulls the first counts."""
    scopes = client.access(refresh=True).scopes
    found: dict[str, Heard] = {}
    for config in pulls:
        for name in chosen_streams(config):
            if name in found or name not in TOLD_OF:
                continue
            plan = plan_one(config, client.schema, scopes, name)
            if plan.closed:
                continue
            by_ids = name not in config.query and not plan.stream.filter and plan.carriers_document() is not None
            found[name] = Heard(config, plan if by_ids else None)
    return found


@dataclass
class Work:
    """One shop's work. `comply` carries out a compliance request and raises ShoptideError when it can't yet."""

    client: AdminClient
    warehouse: Warehouse
    ledger: Ledger
    clock: Clock
    run_id: str
    spool: Path
    stop: Callable[[], bool]
    streams: dict[str, Heard]
    comply: Callable[[Delivery], None]
    sees_all_orders: bool
    told: Callable[[str, StreamPlan, Sequence[str]], None]  # a pull, its stream and records of it whose rows changed
    untold: set[Task] = field(default_factory=set)  # found by looking
    landed: dict[str, int] = field(default_factory=dict)  # rows new, changed or deleted, by stream
    _pulled: dict[str, datetime] = field(default_factory=dict)  # when a pull was last run for what names no record

    def __post_init__(self) -> None:
        self.inbox = Inbox(self.ledger)
        self.refresher = Refresher(
            self.client, self.warehouse, self.run_id, self.spool / "told", self._is_kept, self.stop
        )
        self.sweeper = Sweeper(
            self.client, self.warehouse, self.stop, lambda gids: self.inbox.among_waiting(self.client.domain, gids)
        )

    def sweep(self) -> None:
        """Look for what no webhook told of, where it is time to; it is read with what is worked off next.

        A landing of few records costs as much as one of many.
        """
        plans = [heard.plan for heard in self.streams.values() if heard.plan is not None]
        for plan in self.sweeper.due(plans):
            began = self.clock.now()
            beside = self._ran(self.streams[plan.stream.name].pull.name, began)
            self.untold |= {(plan.stream.name, gid) for gid in self.sweeper.look(plan, keep=beside)}

    def renew(self, streams: dict[str, Heard], sees_all_orders: bool) -> None:
        """Go on with what the token may read now."""
        self.streams, self.sees_all_orders = streams, sees_all_orders

    def _is_kept(self, stream: str) -> bool:
        history = self.streams[stream].pull.history
        return history == ("all",) or stream in history

    def do(self, deliveries: Sequence[Delivery]) -> None:
        """Work these off as far as it goes now; each row says what became of it. Raises Interrupted."""
        tasks: dict[str, list[Task]] = {}
        for delivery in deliveries:
            if delivery.topic in COMPLIANCE:
                self._comply(delivery)
            else:
                tasks[delivery.id] = self._tasks(delivery)
        self.inbox.settle([each for each, wanted in tasks.items() if not wanted], "ignored")
        self.sweeper.stir({stream for wanted in tasks.values() for stream, _ in wanted})
        began = self.clock.now()
        doubtful = self._doubtful(deliveries)
        # What fails of the untold is found again by the next look.
        plans = {name for name, heard in self.streams.items() if heard.plan is not None}
        untold, self.untold = {task for task in self.untold if task[0] in plans}, set()
        by_ids = {task for wanted in tasks.values() for task in wanted if task[1]}
        outcomes = self._refresh_all(by_ids | untold, doubtful | {gid for _, gid in untold - by_ids})
        for task in untold:
            if outcomes[task] is None:
                self.sweeper.was_read(*task)
        beside = self._beside(began)
        told = {each.id: each for each in deliveries}
        self._settle({told[each]: wanted for each, wanted in tasks.items() if wanted}, outcomes, beside)
        unnamed = {told[each]: wanted for each, wanted in tasks.items() if wanted and not wanted[0][1]}
        if unnamed:
            outcomes = self._pull_all({stream for wanted in unnamed.values() for stream, _ in wanted})
            self._settle(unnamed, outcomes, frozenset())

    def _tasks(self, delivery: Delivery) -> list[Task]:
        """What a delivery asks for; nothing where none of its streams is pulled."""
        if delivery.topic == UNINSTALLED:
            log.error("webhook.app_uninstalled", extra={"shop": delivery.shop})
        streams = [name for name in hint_of(delivery.topic).streams if name in self.streams]
        named = delivery.subject and all(self.streams[name].plan for name in streams)
        return [(name, delivery.subject if named else "") for name in streams]

    def _doubtful(self, deliveries: Iterable[Delivery]) -> frozenset[str]:
        """Orders that the store may hide for their age: only a webhook that says so tells that they are gone."""
        if self.sees_all_orders:
            return frozenset()
        gone = {each.subject for each in deliveries if each.topic in hint_of(each.topic).gone}
        return frozenset(each.subject for each in deliveries if "/Order/" in each.subject) - gone

    # by ids

    def _refresh_all(self, tasks: set[Task], doubtful: frozenset[str]) -> dict[Task, Outcome]:
        by_stream: dict[str, list[str]] = {}
        for stream, gid in sorted(tasks):
            by_stream.setdefault(stream, []).append(gid)
        # What is landed soonest first: most changes need not wait for the widest stream.
        return {
            (stream, gid): outcome
            for stream, gids in sorted(by_stream.items(), key=self._width)
            for gid, outcome in self._refresh(stream, gids, doubtful).items()
        }

    def _width(self, work: tuple[str, list[str]]) -> tuple[int, str]:
        plan = self.streams[work[0]].plan
        return (len(plan.tables) if plan else 0, work[0])

    def _refresh(self, stream: str, gids: list[str], doubtful: frozenset[str]) -> dict[str, Outcome]:
        """Refresh records; where something is wrong with one of them, the others are found out by halves."""
        plan = self.streams[stream].plan
        assert plan is not None  # noqa: S101  # tasks name records of such streams only
        try:
            changes = self.refresher.refresh(plan, gids, self.clock.now(), doubtful=doubtful)
        except Interrupted:
            raise
        except NotByPages:
            # More hangs on one of these than pages show: the pull reads it by a bulk operation.
            return self._leave_to_pulls(stream, gids)
        except ShoptideError as error:
            if isinstance(error, ApiError) and refusals(self.client, plan, error):
                # A part that the token may not read, whatever its scopes say: the pull finds out how to do without.
                return self._leave_to_pulls(stream, gids)
            if len(gids) == 1 or error.retry.helps or isinstance(error, AccessError | ShopUnavailable):
                log.warning("webhook.refresh_failed", extra={"stream": stream, "reason": error.message})
                return dict.fromkeys(gids, error)
            middle = len(gids) // 2
            halves = [self._refresh(stream, some, doubtful) for some in (gids[:middle], gids[middle:])]
            return {**halves[0], **halves[1]}
        rows = sum(each.new + each.changed + each.deleted for each in changes)
        self.landed[stream] = self.landed.get(stream, 0) + rows
        if rows:
            self.told(self.streams[stream].pull.name, plan, gids)
        log.info("webhook.landed", extra={"stream": stream, "records": len(gids), "rows": rows})
        return dict.fromkeys(gids, None)

    def _leave_to_pulls(self, stream: str, gids: Iterable[str]) -> dict[str, Outcome]:
        self.streams[stream] = Heard(self.streams[stream].pull, None)
        log.info("webhook.left_to_pulls", extra={"stream": stream})
        return dict.fromkeys(gids, LockHeld(f"{stream} is read by pulls from now on"))

    def _beside(self, began: datetime) -> frozenset[str]:
        """The pulls of which a run was under way at any moment since then."""
        names = {each.pull.name for each in self.streams.values()}
        return frozenset(name for name in names if self._ran(name, began - CLOCKS_APART))

    def _ran(self, name: str, since: datetime) -> bool:
        runs = [run for run in self.ledger.runs(name=name, limit=LOOKED_BACK) if run.kind == "pull"]
        # Of runs without an end only the newest can be at work, and only while it holds its lock.
        ended = [run for run in runs if run.ended_at is not None and run.ended_at >= since]
        return bool(ended) or (bool(runs) and runs[0].ended_at is None and self._is_locked(name))

    def _is_locked(self, name: str) -> bool:
        try:
            with self.ledger.lock(f"pull:{self.client.domain}:{name}"):
                return False
        except LockHeld:
            return True

    def pull_under_way(self) -> bool:
        """Whether deliveries that were worked off beside a pull have to wait for its end still."""
        return any(self._ran(name, self.clock.now()) for name in {each.pull.name for each in self.streams.values()})

    # by a pull

    def _pull_all(self, streams: set[str]) -> dict[Task, Outcome]:
        outcomes: dict[Task, Outcome] = {}
        for config in {each.pull.name: each.pull for name, each in self.streams.items() if name in streams}.values():
            own = tuple(name for name in streams if self.streams[name].pull.name == config.name)
            outcomes |= {(name, ""): outcome for name, outcome in self._pull(config, own).items()}
        return outcomes

    def _pull(self, config: PullConfig, streams: tuple[str, ...]) -> dict[str, Outcome]:
        last = self._pulled.get(config.name)
        if last is not None and self.clock.now() - last < PULL_PAUSE:
            return dict.fromkeys(streams, LockHeld("a pull for the same has just ended"))
        try:
            report = pull(
                config,
                client=self.client,
                warehouse=self.warehouse,
                ledger=self.ledger,
                clock=self.clock,
                spool=self.spool,
                options=Options(streams=streams),
                stop=self.stop,
            )
        except Interrupted:
            raise
        except ShoptideError as error:
            return dict.fromkeys(streams, error)
        finally:
            self._pulled[config.name] = self.clock.now()
        return {each.stream: each.error for each in report.streams}

    # outcomes

    def _settle(
        self, wanted: dict[Delivery, list[Task]], outcomes: dict[Task, Outcome], beside: frozenset[str]
    ) -> None:
        """Note what became of those deliveries whose tasks all have an outcome."""
        states: dict[str, list[str]] = {"done": [], "again": []}
        for delivery, tasks in wanted.items():
            if any(task not in outcomes for task in tasks):
                continue
            failed = next((error for task in tasks if (error := outcomes[task]) is not None), None)
            if failed is not None:
                self._put_off(delivery, failed)
            else:
                later = any(self.streams[stream].pull.name in beside for stream, _ in tasks)
                states["again" if later else "done"].append(delivery.id)
        for state, ids in states.items():
            self.inbox.settle(ids, state)

    def _put_off(self, delivery: Delivery, error: ShoptideError) -> None:
        if isinstance(error, LockHeld):  # nothing was tried
            self.inbox.put_off([delivery.id], self.clock.now() + PULL_PAUSE, error.message, attempts=0)
        elif self._is_hopeless(delivery, error):
            log.error("webhook.given_up", extra={"topic": delivery.topic, "reason": error.message})
            self.inbox.settle([delivery.id], "failed", error.message)
        else:
            pause = min(2.0**delivery.attempts, LONGEST_PAUSE)
            self.inbox.put_off([delivery.id], self.clock.now() + timedelta(seconds=pause), error.message)

    @staticmethod
    def _is_hopeless(delivery: Delivery, error: ShoptideError) -> bool:
        """A person's request is only given up for what is wrong with it, not for what is wrong with us."""
        if delivery.topic in COMPLIANCE:
            return isinstance(error, ComplianceError)
        return not error.retry.helps and delivery.attempts + 1 >= GIVE_UP

    def _comply(self, delivery: Delivery) -> None:
        try:
            self.comply(delivery)
        except Interrupted:
            raise
        except ShoptideError as error:
            log.warning("compliance.failed", extra={"topic": delivery.topic, "reason": error.message})
            self._put_off(delivery, error)
        else:
            self.inbox.settle([delivery.id], "done")
