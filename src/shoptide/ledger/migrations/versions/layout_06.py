"""What is said of syncs, the workers there are, and who shares a shop's query budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shoptide.ledger.schema import Text

revision = "6"
down_revision = "5"


def upgrade() -> None:
    op.create_table(
        "syncs",
        sa.Column("sync", Text, primary_key=True),
        *(sa.Column(name, Text) for name in ("paused_at", "cancel_at", "ticked_at", "seen", "waiting_at", "error")),
    )
    op.create_table(
        "workers",
        sa.Column("id", Text, primary_key=True),
        sa.Column("host", Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("since", Text, nullable=False),
    )
    op.create_table(
        "budget_shares",
        sa.Column("budget", Text, primary_key=True),
        sa.Column("holder", Text, primary_key=True),
        sa.Column("parties", sa.Integer, nullable=False),
        sa.Column("spends", sa.Boolean, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
