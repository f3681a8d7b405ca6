"""Keeps writes that mean the same record apart: what must not be in flight together goes in waves. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from shoptide.outbound import order_writers
from shoptide.outbound.lookup import fold_email
from shoptide.outbound.planning import Planned
from shoptide.outbound.session import Session


def waves(session: Session, rows: Sequence[Planned]) -> list[list[Planned]]:
    """The rows in their order, cut so that no two of one wave mean the same record."""
    found: list[list[Planned]] = []
    used: dict[str, int] = {}  # what a row means → how many waves have it already
    made: dict[str, int] = {}  # a customer that an order makes → the wave it is in
    for row in rows:
        names = list(meant(session, row))
        turn = max((used.get(name, 0) for name in names), default=0)
        if session.push.object == "orders" and row.action == "create":
            newcomer = order_writers.unknown_customer(session, row.draft.values)
            if newcomer in made:  # the first order makes them, all others find them there
                turn = max(turn, made[newcomer] + 1)
            elif newcomer:
                made[newcomer] = turn
        used.update(dict.fromkeys(names, turn + 1))
        if turn == len(found):
            found.append([])
        found[turn].append(row)
    return found or [[]]


def meant(session: Session, row: Planned) -> Iterable[str]:
    """What a write touches: its record, what a new record is known by, the order that a parcel is of."""
    if row.gid:
        yield row.gid
    values = row.draft.values
    if session.push.object == "fulfillments" and values.get("order"):
        yield f"order {values['order']}"
    if row.action == "create":
        for name in session.target.natural:
            if values.get(name):
                yield f"{name} {_folded(name, str(values[name]))}"


def _folded(name: str, value: str) -> str:
    """What two spellings have in common; two records taken for one only wait for each other."""
    return re.sub(r"\D", "", value)[-8:] if name == "phone" else fold_email(value)
