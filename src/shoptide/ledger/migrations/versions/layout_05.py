"""Healths of syncs, and notices of their changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shoptide.ledger.schema import Text

revision = "5"
down_revision = "4"


def upgrade() -> None:
    op.create_table(
        "sync_healths",
        sa.Column("sync", Text, primary_key=True),
        sa.Column("health", Text, nullable=False),
        sa.Column("since", Text, nullable=False),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("channel", Text, nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("created_at", Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", Text, nullable=False),
        sa.Column("settled_at", Text),
        sa.Column("error", Text),
    )
    op.create_index("notices_by_due", "notices", ["settled_at", "due_at"])
