"""One simulated shop: the truth behind the API, and its clock. Knows records and ids, not GraphQL."""

from __future__ import annotations

import random
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shoptide.simulator.faults import Faults
from shoptide.simulator.vault import Vault

if TYPE_CHECKING:
    from shoptide.simulator.index import Index

Record = dict[str, Any]
IndexKey = Callable[[Record], Any]

UTC = timezone.utc  # noqa: UP017  # one spelling with the rest of the package
ALL_SCOPES = frozenset({"*"})
FIRST_DOMAIN = "simulated.myshopify.com"


class SimClock:
    """The shop's time: real time moved by an offset, or standing still."""

    def __init__(self, start: datetime | None = None) -> None:
        self._offset = timedelta(0)
        self._stopped: datetime | None = None
        if start is not None:
            self.set(start)

    @staticmethod
    def _real() -> datetime:
        return datetime.now(UTC)

    def now(self) -> datetime:
        return self._stopped if self._stopped is not None else self._real() + self._offset

    def set(self, moment: datetime) -> None:
        if self._stopped is not None:
            self._stopped = moment
        else:
            self._offset = moment - self._real()

    def stop(self) -> None:
        self._stopped = self.now()

    def go(self) -> None:
        if self._stopped is not None:
            moment, self._stopped = self._stopped, None
            self.set(moment)

    def move(self, seconds: float) -> None:
        self.set(self.now() + timedelta(seconds=seconds))

    @property
    def stopped(self) -> bool:
        return self._stopped is not None


class Tally:
    """How often the tables of a shop were changed."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Table:
    """Records of one type by gid, in the order they were created, with indexes for what is looked up often."""

    def __init__(self, kind: str, tally: Tally) -> None:
        self.kind = kind
        self.tally = tally
        self.index: Index | None = None  # the search index, where it lags behind the records
        self.changes = 0
        self.ascending = True  # whether the order is that of the ids' numbers
        self._newest = 0
        self._rows: dict[str, Record] = {}
        self._indexes: dict[str, tuple[IndexKey, dict[Any, dict[str, Record]]]] = {}
        self._indexed: dict[str, dict[str, Any]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._rows.values())

    def get(self, gid: str | None) -> Record | None:
        return self._rows.get(gid) if gid is not None else None

    def all(self) -> list[Record]:
        return list(self._rows.values())

    def put(self, record: Record) -> Record:
        """Add or replace; call it again after changing a value that an index reads."""
        gid = record["id"]
        self.changes += 1
        self.tally.count += 1
        if gid not in self._rows and self.ascending:
            self._look_at_order(gid)
        self._rows[gid] = record
        for name in self._indexes:
            self._index(name, gid, record)
        if self.index is not None:
            self.index.note(gid, record)
        return record

    def _look_at_order(self, gid: str) -> None:
        tail = tail_of(gid)
        number = int(tail) if tail.isdigit() else 0
        self.ascending = number > self._newest
        self._newest = number

    def remove(self, gid: str) -> Record | None:
        self.changes += 1
        self.tally.count += 1
        record = self._rows.pop(gid, None)
        if record is not None:
            for name in self._indexes:
                self._unindex(name, gid)
            if self.index is not None:
                self.index.note(gid, None)
        return record

    def clear(self) -> None:
        self._rows.clear()
        self._indexes.clear()
        self._indexed.clear()
        self.index = None

    def add_index(self, name: str, key: IndexKey) -> None:
        if name not in self._indexes:
            self._indexes[name] = (key, {})
            self._indexed[name] = {}
            for gid, record in self._rows.items():
                self._index(name, gid, record)

    def by(self, name: str, value: Any) -> list[Record]:
        """The records whose index key is the value, oldest first."""
        return list(self._indexes[name][1].get(value, {}).values())

    def _index(self, name: str, gid: str, record: Record) -> None:
        key, rows = self._indexes[name]
        value = key(record)
        old = self._indexed[name].get(gid)
        if old is not None and old != value:
            self._unindex(name, gid)
        if value is not None:
            self._indexed[name][gid] = value
            rows.setdefault(value, {})[gid] = record

    def _unindex(self, name: str, gid: str) -> None:
        value = self._indexed[name].pop(gid, None)
        group = self._indexes[name][1].get(value)
        if group is not None:
            group.pop(gid, None)
            if not group:
                del self._indexes[name][1][value]


def kind_of(gid: str) -> str:
    """`gid://shopify/Order/12?x=1` → Order; the empty string for what is no gid."""
    parts = gid.split("/")
    return parts[3] if gid.startswith("gid://shopify/") and len(parts) >= 5 else ""


def tail_of(gid: str) -> str:
    """The last segment of a gid without its parameters: its number, mostly."""
    return gid.rsplit("/", 1)[-1].split("?", 1)[0]


def stamp_of(moment: datetime) -> str:
    """An instant as the API writes it: UTC, whole seconds."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat()[:19]}Z"


class Shop:
    """A shop's records, settings and clock. Whoever reads or changes records while the server runs holds `lock`.

    Everything in a record and in `settings` is JSON (no sets, dates or objects), so that a shop can be dumped.
    """

    def __init__(
        self,
        domain: str = FIRST_DOMAIN,
        *,
        name: str = "Simulated Store",
        currency: str = "CAD",
        timezone: str = "America/Toronto",
        plan: str = "standard",
        scopes: Iterable[str] = ALL_SCOPES,
        token: str = "shpat_simulated",  # noqa: S107  # the simulator's published default
        clock: SimClock | None = None,
    ) -> None:
        self.domain = domain
        self.number = 10_000_000_001 + zlib.crc32(domain.encode()) - zlib.crc32(FIRST_DOMAIN.encode())
        self.name = name
        self.currency = currency
        self.timezone = timezone
        self.plan = plan
        self.scopes = set(scopes)
        self.tokens = {token}
        self.clock = clock or SimClock()
        self.lock = threading.RLock()
        self.vault = Vault()
        self.faults = Faults()
        self.random = random.Random(0)  # noqa: S311  # reproducible data, nothing secret
        self.settings: dict[str, Any] = {}
        self.idempotent: dict[str, Any] = {}  # answers by idempotency key, oldest first
        self.tables: dict[str, Table] = {}
        self.counters: dict[str, int] = {}
        self.tally = Tally()
        self.changes = 0
        self.listings: dict[str, Any] = {}  # sorted root listings, kept while nothing changes
        self.listeners: list[Callable[[str, Record], None]] = []
        self.ears: list[Callable[[str], bool]] = []  # whether a listener would do something about a topic
        self.settled: list[Callable[[], None]] = []
        self.created_at = self.stamp()

    def close(self) -> None:
        """Let go of all records: a shop that is opened anew needs their memory."""
        with self.lock:
            for table in self.tables.values():
                table.clear()
            self.tables.clear()
            self.listings.clear()
            self.listeners.clear()

    def new_number(self, kind: str) -> int:
        """The next number of a kind; kinds start apart, as real ids never meet by chance."""
        number = self.counters.get(kind)
        if number is None:
            number = 1_000_000_000 + (sum(map(ord, kind)) % 900) * 10_000_000
        self.counters[kind] = number + 1
        return number + 1

    def new_id(self, kind: str) -> str:
        return f"gid://shopify/{kind}/{self.new_number(kind)}"

    def table(self, kind: str) -> Table:
        if kind not in self.tables:
            self.tables[kind] = Table(kind, self.tally)
        return self.tables[kind]

    def get(self, gid: str | None) -> Record | None:
        """The record of that gid, of whatever kind."""
        return self.table(kind_of(gid)).get(gid) if gid else None

    @property
    def revision(self) -> int:
        """Moves with every change of a table and after every mutation: sorted listings are kept until it does."""
        return self.changes + self.tally.count

    def stamp(self) -> str:
        return stamp_of(self.clock.now())

    def touch(self, record: Record) -> None:
        """Note a change: updatedAt moves to the present whole second, and indexes hear of it."""
        record["updatedAt"] = self.stamp()
        table = self.tables.get(kind_of(record.get("id", "")))
        if table is not None and table.get(record["id"]) is record:
            table.put(record)

    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def emit(self, topic: str, record: Record, **facts: Any) -> None:
        """Tell listeners (events, webhooks) what happened: topic as Shopify writes it, `customers/create`.

        `facts` of what happened, which the record does not keep, go with a copy of it.
        """
        told = {**record, **facts} if facts else record
        for listener in self.listeners:
            listener(topic, told)

    def heeds(self, topic: str) -> bool:
        """Whether anybody would do something about a topic: ask before working out whether there is one to tell."""
        return any(ear(topic) for ear in self.ears)

    def settle(self) -> None:
        """A change is complete: whoever listens may look at the records now. Hold the lock."""
        for act in self.settled:
            act()
