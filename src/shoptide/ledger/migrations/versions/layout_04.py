"""The versions that writes of pushes gave records, by which they are known when they come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shoptide.ledger.schema import Text

revision = "4"
down_revision = "3"


def upgrade() -> None:
    op.create_table(
        "written_versions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("shop", Text, nullable=False),
        sa.Column("gid", Text, nullable=False),
        sa.Column("version", Text),
        *(sa.Column(name, Text, nullable=False) for name in ("push", "key", "run_id", "at")),
    )
    op.create_index("written_by_gid", "written_versions", ["shop", "gid"])
