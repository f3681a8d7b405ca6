"""Record states by gid, for the question which rows of a push have these records."""

from __future__ import annotations

from alembic import op

revision = "7"
down_revision = "6"


def upgrade() -> None:
    op.create_index("states_by_gid", "record_states", ["push", "gid"])
