"""The webhook inbox and subscriptions; who took a lock last, for several machines on one ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shoptide.ledger.schema import Text

revision = "3"
down_revision = "2"


def upgrade() -> None:
    op.create_table(
        "lock_holders",
        sa.Column("name", Text, primary_key=True),
        sa.Column("host", Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("since", Text, nullable=False),
    )
    # A ledger of layout 2 may have the others: they were made beside it before there were migrations.
    _inbox()
    op.create_table(
        "webhook_subscriptions",
        sa.Column("gid", Text, primary_key=True),
        sa.Column("shop", Text, primary_key=True),
        *(sa.Column(name, Text, nullable=False) for name in ("topic", "uri", "since")),
        sa.Column("gone_at", Text),
        if_not_exists=True,
    )


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", Text, primary_key=True),
        *(sa.Column(name, Text, nullable=False) for name in ("shop", "topic", "subject", "event")),
        sa.Column("api_version", Text),
        sa.Column("triggered_at", Text),
        sa.Column("received_at", Text, nullable=False),
        sa.Column("body", Text),
        sa.Column("state", Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", Text, nullable=False),
        sa.Column("settled_at", Text),
        sa.Column("note", Text),
        if_not_exists=True,
    )
    op.create_index("inbox_by_state", "inbox", ["shop", "state", "due_at"], if_not_exists=True)
    op.create_index("inbox_by_subject", "inbox", ["shop", "subject"], if_not_exists=True)
