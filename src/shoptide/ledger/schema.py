"""The ledger's tables, in SQLAlchemy Core, and the steps from each older layout to the present one."""

from __future__ import annotations

import sqlalchemy as sa

VERSION = 2
# What an older layout lacks, by the version that brought it.
STEPS = {
    2: (
        "ALTER TABLE journal ADD COLUMN operation VARCHAR",
        "ALTER TABLE journal ADD COLUMN line INTEGER",
        "ALTER TABLE record_states ADD COLUMN tried VARCHAR",
        "ALTER TABLE record_states ADD COLUMN tried_at VARCHAR",
    ),
}

metadata = sa.MetaData()

layout = sa.Table("shoptide_layout", metadata, sa.Column("version", sa.Integer, nullable=False))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("shop", sa.String, nullable=False),
    sa.Column("outcome", sa.String),  # null while it runs, or when it was killed
    sa.Column("started_at", sa.String, nullable=False),
    sa.Column("ended_at", sa.String),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("summary", sa.JSON, nullable=False),
    sa.Index("runs_by_name", "name", "started_at"),
)

operations = sa.Table(
    "bulk_operations",
    metadata,
    sa.Column("gid", sa.String, primary_key=True),
    sa.Column("shop", sa.String, primary_key=True),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("sync", sa.String, nullable=False),
    sa.Column("stream", sa.String, nullable=False),
    sa.Column("search", sa.String, nullable=False),
    sa.Column("document_hash", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("started_at", sa.String),
    sa.Column("closed_at", sa.String),
)

states = sa.Table(
    "record_states",
    metadata,
    sa.Column("push", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("gid", sa.String),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("hash", sa.String),  # of the values that the store accepted last
    sa.Column("sent", sa.JSON),  # those values
    sa.Column("message", sa.String),
    sa.Column("code", sa.String),
    sa.Column("field", sa.String),
    sa.Column("column", sa.String),
    sa.Column("value", sa.String),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tried", sa.String),  # hash of the values that were refused last
    sa.Column("tried_at", sa.String),
    sa.Column("order", sa.String),  # resync, skip_once, skip_always: what a user asked for this record
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("updated_at", sa.String, nullable=False),
    sa.Index("states_by_outcome", "push", "outcome"),
)

history = sa.Table(
    "record_history",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("push", sa.String, nullable=False),
    sa.Column("key", sa.String, nullable=False),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("outcome", sa.String, nullable=False),
    sa.Column("gid", sa.String),
    sa.Column("hash", sa.String),
    sa.Column("changes", sa.JSON),
    sa.Column("message", sa.String),
    sa.Column("code", sa.String),
    sa.Column("field", sa.String),
    sa.Column("cost", sa.Float),
    sa.Index("history_by_key", "push", "key", "id"),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("push", sa.String, primary_key=True),
    sa.Column("key", sa.String, primary_key=True),
    sa.Column("run_id", sa.String, nullable=False),
    sa.Column("action", sa.String, nullable=False),
    sa.Column("gid", sa.String),
    sa.Column("marks", sa.JSON, nullable=False),  # what the record can be found by in the store
    sa.Column("hash", sa.String),
    sa.Column("sent", sa.JSON),
    sa.Column("at", sa.String, nullable=False),
    sa.Column("operation", sa.String),  # the token of the bulk mutation's file that the write left in
    sa.Column("line", sa.Integer),  # its place in that file, from 0
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", sa.String, primary_key=True),  # digest of shop, topic, event and subject: a delivery comes twice
    sa.Column("shop", sa.String, nullable=False),
    sa.Column("topic", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),  # the record's gid; empty where the delivery names none
    sa.Column("event", sa.String, nullable=False),
    sa.Column("api_version", sa.String),
    sa.Column("triggered_at", sa.String),
    sa.Column("received_at", sa.String, nullable=False),
    sa.Column("body", sa.String),  # only where what to do is nowhere else: compliance requests
    sa.Column("state", sa.String, nullable=False),  # waiting, again, done, ignored, failed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", sa.String, nullable=False),
    sa.Column("settled_at", sa.String),
    sa.Column("note", sa.String),
    sa.Index("inbox_by_state", "shop", "state", "due_at"),
    sa.Index("inbox_by_subject", "shop", "subject"),
)

subscriptions = sa.Table(
    "webhook_subscriptions",
    metadata,
    sa.Column("gid", sa.String, primary_key=True),
    sa.Column("shop", sa.String, primary_key=True),
    sa.Column("topic", sa.String, nullable=False),
    sa.Column("uri", sa.String, nullable=False),
    sa.Column("since", sa.String, nullable=False),
    sa.Column("gone_at", sa.String),  # when it was found missing in the store
)
