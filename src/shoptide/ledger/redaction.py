"""Takes what pushes sent for a person out of the ledger, as the compliance request `customers/redact` asks.

That something was sent, when, and what became of it stays; the values go. A row's key stays too: it is the source's.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from shoptide.ledger import Ledger, schema

EMPTIED = {
    "record_states": ("sent", "value", "message"),
    "record_history": ("changes", "message"),
    "journal": ("sent",),
}


def redact(ledger: Ledger, gids: Sequence[str]) -> dict[str, int]:
    """Empty the values of all that was sent for these records, in one commit; returns rows, by table."""
    found: dict[str, int] = {}
    with ledger.writing() as connection:
        for name, columns in EMPTIED.items():
            table = schema.metadata.tables[name]
            change = table.update().where(table.c.gid.in_(gids)).values({column: sa.null() for column in columns})
            if number := connection.execute(change).rowcount:
                found[name] = number
    return found
