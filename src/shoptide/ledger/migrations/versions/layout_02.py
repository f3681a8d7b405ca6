"""Writes that left in files of bulk mutations; what was refused last."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shoptide.ledger.schema import Text

revision = "2"
down_revision = "1"


def upgrade() -> None:
    op.add_column("journal", sa.Column("operation", Text))
    op.add_column("journal", sa.Column("line", sa.Integer))
    op.add_column("record_states", sa.Column("tried", Text))
    op.add_column("record_states", sa.Column("tried_at", Text))
