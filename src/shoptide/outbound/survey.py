"""Looks up many new rows at once: one bulk read of what the store's records are found by, instead of a point a row.

What may be looked up so, and why it is as safe as asking for each row:

- Only keys that the store itself holds unique: a customer's e-mail address and phone number, a product's handle
  (FACTS 37). SKUs and order names are not, and for id metafields it is not certain: those are asked for row by row.
- Only where rows would make records, by upsert and create. A record that is missed is then refused by the store as
  taken, never doubled, and the next run finds it. For update and delete nobody would notice: those are asked for.
- What is found counts for nothing by itself: each hit is asked for and verified exactly as without a survey.
- The read is proved against the store's own counts. What others made or changed while it ran, or in the quarter of an
  hour before, is read from the list of the latest changes. Where that is long, or anything fails, each row is asked
  for.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from shoptide.errors import ApiError, Interrupted, ProofFailed, ShoptideError
from shoptide.outbound import lookup
from shoptide.outbound.planning import Planned
from shoptide.outbound.session import Session
from shoptide.shopify import bulk
from shoptide.shopify.bulk import BulkOperation
from shoptide.shopify.pages import paged

log = logging.getLogger(__name__)

LEAST = 5_000  # values to ask for, below which nothing is surveyed
UNIQUE = {"customers": ("email", "phone"), "products": ("handle",)}
MAKING = ("upsert", "create")
BULK_SECONDS = 20.0  # start, queue and polling
BULK_ROWS_A_SECOND = 500.0
ROUND_TRIP = 0.25  # seconds of a look-up's document
FRESH = timedelta(minutes=15)  # before the read began: nobody says how old the copy is that it reads
PAGE, MOST_PAGES = 250, 20  # of the latest changes

COUNTS = {each: f"{{ {each}Count(limit: null) {{ count }} }}" for each in UNIQUE}
READS = {each: f"{{ {each} {{ edges {{ node {{ id {' '.join(names)} }} }} }} }}" for each, names in UNIQUE.items()}
LATEST = {
    each: f"query($after: String) {{ {each}(first: {PAGE}, after: $after, sortKey: UPDATED_AT, reverse: true)"
    f" {{ nodes {{ id updatedAt {' '.join(names)} }} pageInfo {{ hasNextPage endCursor }} }} }}"
    for each, names in UNIQUE.items()
}
DECODER = msgspec.json.Decoder()


class TooMuch(Exception):  # noqa: N818  # control flow: asking for each row is the better way
    """More has changed lately than is worth reading."""


@dataclass(frozen=True)
class Survey:
    """Of the values that rows have, those that the store may have too: by match key, folded.

    Of other match keys nothing is known.
    """

    values: Mapping[str, set[str]] = field(default_factory=dict)
    note: str | None = None

    def among(self, name: str, values: dict[str, str]) -> dict[str, str]:
        """Those of the rows' values that the store has to be asked for."""
        if name not in self.values:
            return values
        held = self.values[name]
        return {key: value for key, value in values.items() if lookup.folded(name, value) in held}


def survey(session: Session, rows: Iterable[Planned], spool: Path) -> Survey:
    """What the store has of the rows' match values, where one bulk read of it is done sooner than asking for each.

    Empty where it is not, or where the read came to nothing. Raises Interrupted.
    """
    target = session.push.object
    names = [name for name in session.push.match if name in UNIQUE.get(target, ())]
    if not names or session.push.strategy not in MAKING:
        return Survey()
    wanted: dict[str, set[str]] = {name: set() for name in names}
    for row in rows:
        for name in names:
            if value := lookup.value_of(session, row.draft, name):
                wanted[name].add(lookup.folded(name, value))
    asked = sum(map(len, wanted.values()))
    if asked < LEAST:
        return Survey()
    try:
        return _surveyed(session, wanted, asked, spool)
    except (ApiError, ProofFailed, TooMuch) as error:
        log.warning("push.survey_failed", extra={"push": session.push.name, "reason": str(error)})
        return Survey(note=f"each of {asked} match values was asked for: reading all {target} came to nothing: {error}")


def _surveyed(session: Session, wanted: dict[str, set[str]], asked: int, spool: Path) -> Survey:
    target = session.push.object
    count = int(session.query(COUNTS[target])[f"{target}Count"]["count"])
    singly, whole = asking_seconds(session, asked), reading_seconds(session, count, asked)
    told = f"{asked} match values: about {singly:.0f} s and {asked} points to ask for each"
    told += f", {whole:.0f} s to read all {count} {target}"
    chosen = "survey" if whole < singly else "each"
    log.info("push.look_up_chosen", extra={"push": session.push.name, "way": chosen, "reason": told})
    if chosen == "each":
        return Survey(note=f"{told}: each was asked for")
    held: dict[str, set[str]] = {name: set() for name in wanted}
    for record in _records(session, spool):
        for name, values in wanted.items():
            value = _value(name, record.get(name))
            if value in values:
                held[name].add(value)
    return Survey(held, f"{told}: all were read")


def reading_seconds(session: Session, count: int, asked: int) -> float:
    """What reading all records takes, and asking for those that seem to fit: half of what can, as nobody knows yet."""
    return BULK_SECONDS + count / BULK_ROWS_A_SECOND + asking_seconds(session, min(count, asked) // 2)


def asking_seconds(session: Session, values: int) -> float:
    """What asking for each value takes: a point each beyond the budget's burst, and a round trip for so many."""
    governor = session.client.governor
    restoring = (values - governor.available()) / governor.allowance.restore_rate
    return max(math.ceil(values / lookup.BATCH) * ROUND_TRIP, restoring)


def _value(name: str, value: Any) -> str | None:
    if not value:
        return None
    return (lookup.fold_phone(value) or value) if name == "phone" else lookup.folded(name, value)


def _records(session: Session, spool: Path) -> Iterator[dict[str, Any]]:
    """All records, and once more those that changed lately. Raises ApiError, ProofFailed and TooMuch."""
    client = session.client
    operation = bulk.start_query(client, READS[session.push.object], patience=0.0)
    try:
        done = bulk.wait(client, operation.id)
    except Interrupted:
        with suppress(ShoptideError):
            bulk.cancel(client, operation.id)
        raise
    yield from _lines(session, done, spool)
    yield from _latest(session, operation.created_at - FRESH)


def _lines(session: Session, done: BulkOperation, spool: Path) -> Iterator[dict[str, Any]]:
    spool.mkdir(parents=True, exist_ok=True)
    target = spool / f"survey-{done.id.rsplit('/', 1)[-1]}.jsonl"
    try:
        bulk.download(session.client, done, target)
        with target.open("rb") as file:
            yield from map(DECODER.decode, file)
    finally:
        target.unlink(missing_ok=True)


def _latest(session: Session, since: datetime) -> Iterator[dict[str, Any]]:
    pages = paged(session.client, LATEST[session.push.object], {}, session.push.object)
    for number, page in enumerate(pages):
        if number == MOST_PAGES:
            raise TooMuch(f"more than {MOST_PAGES * PAGE} have changed since {since:%H:%M}")
        yield from page
        if not page or datetime.fromisoformat(page[-1]["updatedAt"]) < since:
            return
