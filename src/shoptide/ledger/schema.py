"""The ledger's tables, in SQLAlchemy Core. How an older layout becomes this one is told in `migrations`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

VERSION = 7  # the newest revision in migrations/versions

# Compared and sorted byte by byte on every engine: run ids and times are texts that sort by time.
Text = sa.String().with_variant(postgresql.VARCHAR(collation="C"), "postgresql")

metadata = sa.MetaData()

# Written for releases that know no migrations: they refuse a layout that is newer than theirs by it.
layout = sa.Table("shoptide_layout", metadata, sa.Column("version", sa.Integer, nullable=False))

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("kind", Text, nullable=False),
    sa.Column("name", Text, nullable=False),
    sa.Column("shop", Text, nullable=False),
    sa.Column("outcome", Text),  # null while it runs, or when it was killed
    sa.Column("started_at", Text, nullable=False),
    sa.Column("ended_at", Text),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("summary", sa.JSON, nullable=False),
    sa.Index("runs_by_name", "name", "started_at"),
)

operations = sa.Table(
    "bulk_operations",
    metadata,
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

states = sa.Table(
    "record_states",
    metadata,
    sa.Column("push", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("gid", Text),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("action", Text, nullable=False),
    sa.Column("hash", Text),  # of the values that the store accepted last
    sa.Column("sent", sa.JSON),  # those values
    sa.Column("message", Text),
    sa.Column("code", Text),
    sa.Column("field", Text),
    sa.Column("column", Text),
    sa.Column("value", Text),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tried", Text),  # hash of the values that were refused last
    sa.Column("tried_at", Text),
    sa.Column("order", Text),  # resync, skip_once, skip_always: what a user asked for this record
    sa.Column("run_id", Text, nullable=False),
    sa.Column("updated_at", Text, nullable=False),
    sa.Index("states_by_outcome", "push", "outcome"),
    sa.Index("states_by_gid", "push", "gid"),
)

history = sa.Table(
    "record_history",
    metadata,
    # A plain INTEGER counts rows by itself in SQLite; in Postgres it would end at two billion.
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("push", Text, nullable=False),
    sa.Column("key", Text, nullable=False),
    sa.Column("run_id", Text, nullable=False),
    sa.Column("at", Text, nullable=False),
    sa.Column("action", Text, nullable=False),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("gid", Text),
    sa.Column("hash", Text),  # of the values that were sent, also where they were refused
    sa.Column("changes", sa.JSON),
    sa.Column("message", Text),
    sa.Column("code", Text),
    sa.Column("field", Text),
    sa.Column("cost", sa.Float),  # points that the store charged
    sa.Index("history_by_key", "push", "key", "id"),
)

written = sa.Table(
    "written_versions",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("shop", Text, nullable=False),
    sa.Column("gid", Text, nullable=False),
    sa.Column("version", Text),  # the store's updatedAt after a write of ours; null where that deleted the record
    sa.Column("push", Text, nullable=False),
    sa.Column("key", Text, nullable=False),
    sa.Column("run_id", Text, nullable=False),
    sa.Column("at", Text, nullable=False),
    sa.Index("written_by_gid", "shop", "gid"),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("push", Text, primary_key=True),
    sa.Column("key", Text, primary_key=True),
    sa.Column("run_id", Text, nullable=False),
    sa.Column("action", Text, nullable=False),
    sa.Column("gid", Text),
    sa.Column("marks", sa.JSON, nullable=False),  # what the record can be found by in the store
    sa.Column("hash", Text),
    sa.Column("sent", sa.JSON),
    sa.Column("at", Text, nullable=False),
    sa.Column("operation", Text),  # the token of the bulk mutation's file that the write left in
    sa.Column("line", sa.Integer),  # its place in that file, from 0
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("id", Text, primary_key=True),  # digest of shop, topic, event and subject: a delivery comes twice
    sa.Column("shop", Text, nullable=False),
    sa.Column("topic", Text, nullable=False),
    sa.Column("subject", Text, nullable=False),  # the record's gid; empty where the delivery names none
    sa.Column("event", Text, nullable=False),
    sa.Column("api_version", Text),
    sa.Column("triggered_at", Text),
    sa.Column("received_at", Text, nullable=False),
    sa.Column("body", Text),  # only where what to do is nowhere else: compliance requests
    sa.Column("state", Text, nullable=False),  # waiting, again, done, ignored, failed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Text, nullable=False),
    sa.Column("settled_at", Text),
    sa.Column("note", Text),
    sa.Index("inbox_by_state", "shop", "state", "due_at"),
    sa.Index("inbox_by_subject", "shop", "subject"),
)

subscriptions = sa.Table(
    "webhook_subscriptions",
    metadata,
    sa.Column("gid", Text, primary_key=True),
    sa.Column("shop", Text, primary_key=True),
    sa.Column("topic", Text, nullable=False),
    sa.Column("uri", Text, nullable=False),
    sa.Column("since", Text, nullable=False),
    sa.Column("gone_at", Text),  # when it was found missing in the store
)

# Who took a lock last, for the message that it is held. The lock itself is the database session's; SQLite's are files.
holders = sa.Table(
    "lock_holders",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("host", Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("since", Text, nullable=False),
)

# The health of each sync as it was last looked at, and what is to be told of its changes.
healths = sa.Table(
    "sync_healths",
    metadata,
    sa.Column("sync", Text, primary_key=True),
    sa.Column("health", Text, nullable=False),
    sa.Column("since", Text, nullable=False),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("channel", Text, nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("created_at", Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due_at", Text, nullable=False),
    sa.Column("settled_at", Text),
    sa.Column("error", Text),
    sa.Index("notices_by_due", "settled_at", "due_at"),
)

# What people and workers say of a pull or push (`pull.store`), beside what its runs tell.
syncs = sa.Table(
    "syncs",
    metadata,
    sa.Column("sync", Text, primary_key=True),
    sa.Column("paused_at", Text),  # nothing is begun while this is set, unless somebody asks for it by hand
    sa.Column("cancel_at", Text),  # somebody wants the run that is under way to end
    sa.Column("ticked_at", Text),  # the last moment of its schedule that was seen to
    sa.Column("seen", Text),  # what its trigger answered last
    sa.Column("waiting_at", Text),  # since when a run of it waits in the queue
    sa.Column("error", Text),  # why its last turn came to nothing
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", Text, primary_key=True),  # also the name of the lock that says whether it lives
    sa.Column("host", Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("since", Text, nullable=False),
)

# Processes that spend from one shop's query budget at the same time, each from its share.
shares = sa.Table(
    "budget_shares",
    metadata,
    sa.Column("budget", Text, primary_key=True),
    sa.Column("holder", Text, primary_key=True),
    sa.Column("parties", sa.Integer, nullable=False),  # by how many it divides the budget
    sa.Column("spends", sa.Boolean, nullable=False),  # whether it began: all others had made room for it
    sa.Column("until", sa.Float, nullable=False),  # seconds of the database's clock
)
