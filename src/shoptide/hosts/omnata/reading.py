"""One stream of a run on its way into Omnata: pages read, cut into records of its tables, a state after each page.

A state says up to when nothing is missing (`read_to`, by the store's own clock); the next read begins an overlap before
that. Pages come by last change, oldest first, where the store sorts so: then a page's state is its last record's
change, and a run that is cut off goes on from there. Where it sorts otherwise the state holds the page's cursor.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoptide.errors import ApiError, BulkBusy, BulkFailed, ProofFailed, ScopeMissing, ShoptideError
from shoptide.hosts.omnata.bulk_reading import BulkReading, better_in_bulk, with_passes
from shoptide.hosts.omnata.layout import owner_columns, record_of, unselected
from shoptide.inbound import departures
from shoptide.inbound.paging import Line, NotByPages, Page, batches, lines_of, pages
from shoptide.inbound.refused import refusals, widening
from shoptide.inbound.window import next_floor, search_from, stamp
from shoptide.resources.rows import GID_KINDS, Row, parent_kinds, rows_of
from shoptide.resources.tables import Table

if TYPE_CHECKING:
    from shoptide.inbound.departures import Deletions
    from shoptide.resources.extraction import StreamPlan
    from shoptide.shopify.client import AdminClient

log = logging.getLogger("omnata_plugin")

OVERLAP = timedelta(minutes=10)  # rows that the store's index shows late
MOST_FORGOTTEN = 2_000  # criteria that may wait for an upload
RESUMABLE = timedelta(hours=12)  # how long a page's cursor is gone on from
State = dict[str, Any]


@dataclass(frozen=True)
class Member:
    """A table of a stream that was selected: whether it is read whole, and its state of the last run."""

    name: str
    whole: bool
    state: State


@dataclass
class Inbound:
    """What the streams of one run share."""

    client: AdminClient
    sink: Any  # an InboundSyncRequest, or what takes in records and states as it does
    stop: Callable[[], bool]
    planned: Callable[[str, Mapping[str, str]], StreamPlan]  # by name, without what the second names
    deletions_since: datetime | None = None
    _forgotten: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _deletions: list[Deletions | None] = field(default_factory=list)

    def deletions(self) -> Deletions | None:
        """What the store's events say was deleted, asked once a run; None where that can't be known."""
        with self._lock:
            if not self._deletions:
                self._deletions.append(self._read_deletions())
            return self._deletions[0]

    def forget(self, stream: str, criteria: State) -> None:
        """Have records with these values replaced by those that come with the stream's next state."""
        self.sink.delete_by_criteria(stream, criteria, None)
        with self._lock:
            self._forgotten += 1

    def hand_over(self) -> None:
        """Have Omnata upload what waits, when much is to be replaced: its runtime goes through all that waits each time
        something is added."""
        with self._lock:
            if self._forgotten < MOST_FORGOTTEN:
                return
            self._forgotten = 0
        self.sink.apply_results_queue()

    def _read_deletions(self) -> Deletions | None:
        if self.deletions_since is None:
            return None
        try:
            return departures.read(self.client, next_floor(self.deletions_since, OVERLAP), stop=self.stop)
        except ScopeMissing as refused:
            log.warning("deletes are found by a full refresh only: %s", refused.message)
        except ApiError as error:
            log.warning("deletes are looked for next time: %s", error.message)
        return None


class Reading:
    """One stream: its own table and those children of it that were selected."""

    def __init__(self, inbound: Inbound, stream: str, members: Mapping[str, Member]) -> None:
        self.inbound = inbound
        self.members = members
        self.left_out: dict[str, str] = {}
        whole = inbound.planned(stream, {})
        self.left_out = unselected(whole, members)
        self.plan = inbound.planned(stream, self.left_out)
        if self.plan.closed:
            raise ScopeMissing(f"stream {stream} can't be read: {self.plan.closed}")
        self.states = [member.state for member in members.values()]
        self.read_to = self._read_to()
        self.search = self._search()

    # from where

    def _read_to(self) -> datetime | None:
        """Up to when all members are read; None when one has to be read whole."""
        if self.plan.stream.search is None or any(member.whole for member in self.members.values()):
            return None
        moments = [instant(state.get("read_to")) for state in self.states]
        return None if None in moments else min(moment for moment in moments if moment)

    def _search(self) -> str | None:
        window = None
        if self.read_to is not None and self.plan.stream.search and not self._is_time_for_all():
            window = search_from(self.plan.stream.search, next_floor(self.read_to, OVERLAP))
        self.windowed = window is not None
        return " ".join(part for part in (self.plan.stream.always, window) if part) or None

    def _is_time_for_all(self) -> bool:
        """Whether what changes without its carrier's last change is due to be read again."""
        every = self.plan.stream.refresh
        moments = [instant(state.get("whole_at")) for state in self.states]
        if every is None or None in moments:
            return False  # a first read that was cut off goes on
        return self.inbound.client.clock.now() - min(moment for moment in moments if moment) >= every

    # reading

    def read(self) -> None:
        """Read to the end. Raises Interrupted when the run is to stop, and the ShoptideError that fits."""
        while True:
            try:
                self._read_all()
            except ApiError as error:
                if not self._without(refusals(self.inbound.client, self.plan, error)):
                    raise
            except NotByPages as told:
                raise ProofFailed(
                    f"stream {self.plan.stream.name}: more hangs on one record than pages show ({told})",
                    hint="leave that field out of the sync",
                ) from None
            else:
                return

    def _without(self, refused: Mapping[str, str]) -> bool:
        """Plan anew without what the store refuses though the scopes allow it; whether that changes anything."""
        before = self.plan.page_document()
        for field_path, words in refused.items():
            for path in widening(field_path):
                plan = self.inbound.planned(self.plan.stream.name, {**self.left_out, path: words})
                if plan.page_document() != self.plan.page_document():
                    self.left_out[path], self.plan = words, plan
                    log.warning("stream %s is read without %s: %s", plan.stream.name, path, words)
                    break
        return self.plan.page_document() != before

    def _read_all(self) -> None:
        cursors, began = self._resumed()
        if cursors is None and not self.windowed and self._has_read_in_bulk():
            return
        read_at = began
        for page in pages(
            self.inbound.client,
            self.plan,
            search=self.search,
            first=self.plan.page_size,
            cursors=cursors,
            stop=self.inbound.stop,
        ):
            if read_at is None:
                read_at = page.read_at
            if page.counted is not None and began is None and not self.plan.stream.via:
                self._estimate(page.counted)
            self._take(page, self._state_after(page, read_at))
        assert read_at is not None  # noqa: S101  # there is a first page
        self._finish(read_at)

    def _has_read_in_bulk(self) -> bool:
        """Read everything by bulk operations where that is sooner done, and they come to their end."""
        count = better_in_bulk(self.inbound.client, self.plan, self.search)
        if count is None:
            return False
        self._estimate(count)
        try:
            self._finish(self._read_in_bulk())
        except (BulkBusy, BulkFailed) as failed:
            if refusals(self.inbound.client, self.plan, failed):
                raise
            log.warning("stream %s is read by pages: %s", self.plan.stream.name, failed.message)
            return False
        return True

    def _read_in_bulk(self) -> datetime:
        """Have the store write everything into files, and take those; returns when it was read."""
        marks = [state.get("bulk") for state in self.states]
        known = (
            dict(marks[0]) if marks and isinstance(marks[0], dict) and all(each == marks[0] for each in marks) else {}
        )
        with tempfile.TemporaryDirectory() as folder:
            bulk = BulkReading(self.inbound.client, self.plan, Path(folder), self.inbound.stop, dict(known or {}))
            for path in bulk.files(self.search, lambda: self._remember(bulk.known)):
                for rows in bulk.rows(path):
                    self._put(rows, self._state_in_bulk(bulk.known))
            return bulk.read_at

    def _remember(self, operations: Mapping[str, str]) -> None:
        """Keep which operations were started: a run that comes after this one's end takes them up."""
        for name in self.members:
            self.inbound.sink.enqueue_state(name, self._state_in_bulk(operations))

    def _state_in_bulk(self, operations: Mapping[str, str]) -> State:
        if any(member.whole for member in self.members.values()):
            return {"partial": True}
        return {**self._kept(), "bulk": dict(operations)}

    def _put(self, rows: Mapping[str, list[Row]], state: State) -> None:
        for table in self.plan.tables:
            if table.name in self.members and rows[table.name]:
                records = [record_of(self.plan, table, row) for row in rows[table.name]]
                self.inbound.sink.enqueue_results(table.name, records, state)

    def _estimate(self, count: int) -> None:
        if self.plan.tables[0].name in self.members:
            self.inbound.sink.set_stream_total_records_estimate(self.plan.tables[0].name, count)

    def _take(self, page: Page, state: State) -> None:
        rows = rows_of(self.plan, self._lines(page))
        roots = [node["id"] for node in page.nodes]
        for table in self.plan.tables:
            if table.name not in self.members:
                continue
            forgotten = self._forget(table, roots, rows)
            records = [record_of(self.plan, table, row) for row in rows[table.name]]
            if records or forgotten:
                self.inbound.sink.enqueue_results(table.name, records, state)
        self.inbound.hand_over()

    def _lines(self, page: Page) -> list[Line]:
        lines = [
            line
            for node in page.nodes
            for line in lines_of(self.inbound.client, node, self.plan.paged_children, self.search)
        ]
        return with_passes(self.inbound.client, self.plan, lines)

    def _forget(self, table: Table, roots: list[str], rows: Mapping[str, list[Row]]) -> bool:
        """Have rows of records that changed replaced: what is gone of a record is not among what came."""
        if not self.windowed or self.plan.stream.search_via:
            return False
        root, carrier = owner_columns(self.plan, table)
        if table.parent is None and carrier is None:
            return False
        stale = roots if carrier else [gid for gid in roots if gid not in self._new(rows)]
        for gid in stale:
            self.inbound.forget(table.name, {carrier or root: gid})
        return bool(stale)

    def _new(self, rows: Mapping[str, list[Row]]) -> set[str]:
        """Records made after everything was read last: nothing of theirs is there to be replaced."""
        last = stamp(self.read_to) if self.read_to else ""
        own = rows[self.plan.tables[0].name]
        return {row.root for row in own if str(row.values.get("created_at") or "") > last}

    # states

    def _resumed(self) -> tuple[Any, datetime | None]:
        """The page that the last run would have read next, if it read the same; and when it began."""
        marks = [state.get("page") for state in self.states]
        mark = marks[0] if marks and all(each == marks[0] for each in marks) else None
        if not isinstance(mark, dict) or any(member.whole for member in self.members.values()):
            return None, None
        began = instant(mark.get("read_at"))
        same = mark.get("search") == self.search and mark.get("version") == self.plan.version
        if began is None or not same or self.inbound.client.clock.now() - began > RESUMABLE:
            return None, None
        return mark["cursors"], began

    def _state_after(self, page: Page, read_at: datetime) -> State:
        """What holds once this page is kept; a run that reads whole starts over, so its states promise nothing."""
        if self.read_to is None and any(member.whole for member in self.members.values()):
            return {"partial": True}
        if self.plan.stream.sort_key == "UPDATED_AT" and self.plan.stream.cursor and page.nodes:
            changed = instant(page.nodes[-1].get(self.plan.stream.cursor))
            if changed is not None:
                return {**self._kept(), "read_to": stamp(max(changed, self.read_to or changed))}
        read_the_same = {"search": self.search, "version": self.plan.version, "read_at": stamp(read_at)}
        return {**self._kept(), "page": {"cursors": page.following, **read_the_same}}

    def _kept(self) -> State:
        """What states keep until a read is through: the earliest of all members'."""
        names = ("read_to", "deletes_to", "whole_at")
        found = {name: [str(state.get(name) or "") for state in self.states] for name in names}
        return {name: min(moments) for name, moments in found.items() if moments and all(moments)}

    def _finish(self, read_at: datetime) -> None:
        state = {**self._kept(), "read_to": stamp(read_at), "api_version": self.plan.version}
        if not self.windowed or "whole_at" not in state:
            state["whole_at"] = stamp(read_at)
        if self.read_to is None:
            state["deletes_to"] = stamp(read_at)  # what was there when all was read, was read
        elif (found := self.inbound.deletions()) is not None:
            self._delete(found.gids)
            state["deletes_to"] = stamp(found.read_at)
        for name in self.members:
            self.inbound.sink.enqueue_state(name, state)

    def _delete(self, gids: tuple[str, ...]) -> None:
        """Tell of records that went, and have what hung on them forgotten."""
        own = self.plan.tables[0]
        kinds = {kind for name in (own.node_type, *own.typenames) for kind in (name, *GID_KINDS.get(name, ()))}
        carriers = set(parent_kinds(self.plan, own)) if self.plan.stream.via else set()
        for table in self.plan.tables:
            if table.name not in self.members:
                continue
            gone = [gid for gid in gids if gid.split("/")[3] in kinds]
            with_carriers = [gid for gid in gids if gid.split("/")[3] in carriers]
            root, carrier = owner_columns(self.plan, table)
            if table is own and gone:
                self.inbound.sink.enqueue_results(table.name, [{"gid": gid} for gid in gone], None, is_delete=True)
            criteria = [{root: gid} for gid in gone] if table is not own else []
            criteria += [{carrier: gid} for gid in with_carriers] if carrier else []
            for some in batches(criteria, MOST_FORGOTTEN):
                for each in some:
                    self.inbound.forget(table.name, each)
                # Nothing is uploaded without a state after it; this one promises no more than the last did.
                self.inbound.sink.enqueue_state(table.name, self._kept())
                self.inbound.hand_over()


def instant(text: object) -> datetime | None:
    """An instant of a state or an answer; None for what is none."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162  # Python 3.10 knows no Z
    except ValueError:
        return None


def earliest(states: Iterator[State]) -> datetime | None:
    """From when deletions have to be asked for: the earliest moment that any state tells."""
    moments = [instant(state.get("deletes_to") or state.get("read_to")) for state in states]
    return min((moment for moment in moments if moment), default=None)


def words_of(error: ShoptideError) -> str:
    """An error as a stream's: what happened and what to do."""
    return f"{error.message}. {error.hint}" if error.hint else error.message
