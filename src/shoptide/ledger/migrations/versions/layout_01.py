"""Runs, bulk operations, record states, their history and the journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shoptide.ledger.schema import Text

revision = "1"
down_revision = None


def upgrade() -> None:
    op.create_table("shoptide_layout", sa.Column("version", sa.Integer, nullable=False))
    op.execute("INSERT INTO shoptide_layout (version) VALUES (1)")
    _runs()
    _states()
    op.create_table(
        "journal",
        sa.Column("push", Text, primary_key=True),
        sa.Column("key", Text, primary_key=True),
        sa.Column("run_id", Text, nullable=False),
        sa.Column("action", Text, nullable=False),
        sa.Column("gid", Text),
        sa.Column("marks", sa.JSON, nullable=False),
        sa.Column("hash", Text),
        sa.Column("sent", sa.JSON),
        sa.Column("at", Text, nullable=False),
    )


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", Text, primary_key=True),
        sa.Column("kind", Text, nullable=False),
        sa.Column("name", Text, nullable=False),
        sa.Column("shop", Text, nullable=False),
        sa.Column("outcome", Text),
        sa.Column("started_at", Text, nullable=False),
        sa.Column("ended_at", Text),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("summary", sa.JSON, nullable=False),
    )
    op.create_index("runs_by_name", "runs", ["name", "started_at"])
    op.create_table(
        "bulk_operations",
        sa.Column("gid", Text, primary_key=True),
        sa.Column("shop", Text, primary_key=True),
        sa.Column("run_id", Text, nullable=False),
        sa.Column("sync", Text, nullable=False),
        sa.Column("stream", Text, nullable=False),
        sa.Column("search", Text, nullable=False),
        sa.Column("document_hash", Text, nullable=False),
        sa.Column("status", Text, nullable=False),
        sa.Column("started_at", Text),
        sa.Column("closed_at", Text),
    )


def _states() -> None:
    op.create_table(
        "record_states",
        sa.Column("push", Text, primary_key=True),
        sa.Column("key", Text, primary_key=True),
        *(sa.Column(name, Text, nullable=name not in ("outcome", "action")) for name in ("gid", "outcome", "action")),
        sa.Column("hash", Text),
        sa.Column("sent", sa.JSON),
        *(sa.Column(name, Text) for name in ("message", "code", "field", "column", "value")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("order", Text),
        sa.Column("run_id", Text, nullable=False),
        sa.Column("updated_at", Text, nullable=False),
    )
    op.create_index("states_by_outcome", "record_states", ["push", "outcome"])
    op.create_table(
        "record_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        *(sa.Column(name, Text, nullable=False) for name in ("push", "key", "run_id", "at", "action", "outcome")),
        sa.Column("gid", Text),
        sa.Column("hash", Text),
        sa.Column("changes", sa.JSON),
        *(sa.Column(name, Text) for name in ("message", "code", "field")),
        sa.Column("cost", sa.Float),
    )
    op.create_index("history_by_key", "record_history", ["push", "key", "id"])
