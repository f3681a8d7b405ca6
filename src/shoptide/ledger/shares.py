"""A shop's query budget divided among the processes that spend from it: each renews its share while it spends.

A share is valid for a while (`VALID`). Who comes new counts at once, so that the others divide by one more when they
renew theirs, and begins only when all of them have: at no moment do the shares add up to more than the budget. A
process that was killed stops renewing; who goes in good order leaves word of when the budget will be full again.
"""

from __future__ import annotations

import logging
import os
import platform
import re
import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from shoptide.errors import ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.schema import shares as table
from shoptide.shopify.governor import NOT_YET, Share

log = logging.getLogger(__name__)

VALID = 10.0  # seconds
REMEMBERED = 60.0  # seconds for which it is kept that somebody spent: by then every budget is full again
LEFT = ""  # the holder of the word that was left
HOLDER = re.compile(r"(?P<host>.*)-(?P<pid>\d+)-[0-9a-f]{6}")


@cache
def _named(pid: int) -> str:
    return f"{platform.node()}-{pid}-{secrets.token_hex(3)}"


def is_gone(holder: str) -> bool:
    """Whether that process certainly is no more: of this machine, and without a process of its number."""
    found = HOLDER.fullmatch(holder)
    if found is None or found["host"] != platform.node():
        return False
    try:
        os.kill(int(found["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


class LedgerShares:
    """This process's share of one budget. The ledger is opened when it is first asked, and kept until `leave`."""

    def __init__(self, open_ledger: Callable[[], Ledger], budget: str, *, holder: str | None = None) -> None:
        self.budget = budget
        self.holder = holder or _named(os.getpid())
        self._open_ledger = open_ledger
        self._ledger: Ledger | None = None
        self._last = Share(1, 0.0)

    def renew(self, refill: float) -> Share:
        """Renew the share or ask for one; `refill` is how many seconds an empty budget takes to be full.

        A ledger that can't be reached changes nothing: what was overdrawn the store would say, and is sent again.
        """
        try:
            self._ledger = self._ledger or self._open_ledger()
            with self._ledger.writing() as connection:
                self._last = self._renewed(connection, self._ledger, refill)
        except ShoptideError as error:
            log.warning("budget.unshared", extra={"reason": error.message})
            return self._last if self._last.parties else Share(1, refill)
        return self._last

    def _renewed(self, connection: sa.Connection, ledger: Ledger, refill: float) -> Share:
        ledger.store.alone(connection, f"budget:{self.budget}")
        now = ledger.store.seconds(connection)
        query = sa.select(table).where(table.c.budget == self.budget)
        rows = {row["holder"]: row for row in connection.execute(query).mappings()}
        mine, left = rows.pop(self.holder, None), rows.pop(LEFT, None)
        # One of this machine that was killed is missed at once, others when their share has run out.
        ended = {name: now if is_gone(name) else row["until"] for name, row in rows.items()}
        others = [row for name, row in rows.items() if ended[name] > now]
        parties = len(others) + 1
        held = mine is not None and mine["until"] > now and mine["spends"]
        spends = held or all(row["parties"] >= parties for row in others)
        self._note(connection, self.holder, parties=parties, spends=spends, until=now + VALID)
        connection.execute(table.delete().where(table.c.budget == self.budget, table.c.until < now - REMEMBERED))
        if not spends:
            return NOT_YET
        # Somebody who fell silent may have spent all of it up to the end of his share.
        silent = [min(row["until"], ended[name]) + refill for name, row in rows.items() if ended[name] <= now]
        full_at = max([now, *silent, *([left["until"]] if left else [])])
        return Share(parties, full_at - now)

    def leave(self, full_in: float) -> None:
        """Give the share back; the budget is full in so many seconds if nobody else spends from it."""
        ledger, self._ledger, self._last = self._ledger, None, Share(1, 0.0)
        if ledger is None:
            return
        try:
            with ledger, ledger.writing() as connection:
                ledger.store.alone(connection, f"budget:{self.budget}")
                mine = table.c.budget == self.budget, table.c.holder == self.holder
                connection.execute(table.delete().where(*mine))
                until = ledger.store.seconds(connection) + full_in
                self._note(connection, LEFT, parties=0, spends=False, until=until)
        except ShoptideError as error:
            log.warning("budget.unshared", extra={"reason": error.message})

    def _note(self, connection: sa.Connection, holder: str, **values: Any) -> None:
        dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
        insert = dialect.insert(table).values(budget=self.budget, holder=holder, **values)
        connection.execute(insert.on_conflict_do_update(index_elements=["budget", "holder"], set_=values))
