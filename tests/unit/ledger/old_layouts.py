"""Ledgers as earlier releases made them, in their own words: layouts 1 and 2, which knew no migrations."""

from __future__ import annotations

LAYOUT_1 = """
CREATE TABLE shoptide_layout (version INTEGER NOT NULL);
INSERT INTO shoptide_layout VALUES (1);
CREATE TABLE runs (id VARCHAR NOT NULL, kind VARCHAR NOT NULL, name VARCHAR NOT NULL, shop VARCHAR NOT NULL,
    outcome VARCHAR, started_at VARCHAR NOT NULL, ended_at VARCHAR, options JSON NOT NULL, summary JSON NOT NULL,
    PRIMARY KEY (id));
CREATE INDEX runs_by_name ON runs (name, started_at);
CREATE TABLE bulk_operations (gid VARCHAR NOT NULL, shop VARCHAR NOT NULL, run_id VARCHAR NOT NULL,
    sync VARCHAR NOT NULL, stream VARCHAR NOT NULL, search VARCHAR NOT NULL, document_hash VARCHAR NOT NULL,
    status VARCHAR NOT NULL, started_at VARCHAR, closed_at VARCHAR, PRIMARY KEY (gid, shop));
CREATE TABLE record_states (push VARCHAR NOT NULL, "key" VARCHAR NOT NULL, gid VARCHAR, outcome VARCHAR NOT NULL,
    action VARCHAR NOT NULL, hash VARCHAR, sent JSON, message VARCHAR, code VARCHAR, field VARCHAR, "column" VARCHAR,
    value VARCHAR, attempts INTEGER NOT NULL, "order" VARCHAR, run_id VARCHAR NOT NULL, updated_at VARCHAR NOT NULL,
    PRIMARY KEY (push, "key"));
CREATE INDEX states_by_outcome ON record_states (push, outcome);
CREATE TABLE record_history (id {counted}, push VARCHAR NOT NULL, "key" VARCHAR NOT NULL, run_id VARCHAR NOT NULL,
    at VARCHAR NOT NULL, action VARCHAR NOT NULL, outcome VARCHAR NOT NULL, gid VARCHAR, hash VARCHAR, changes JSON,
    message VARCHAR, code VARCHAR, field VARCHAR, cost FLOAT, PRIMARY KEY (id));
CREATE INDEX history_by_key ON record_history (push, "key", id);
CREATE TABLE journal (push VARCHAR NOT NULL, "key" VARCHAR NOT NULL, run_id VARCHAR NOT NULL, action VARCHAR NOT NULL,
    gid VARCHAR, marks JSON NOT NULL, hash VARCHAR, sent JSON, at VARCHAR NOT NULL, PRIMARY KEY (push, "key"));
INSERT INTO runs VALUES ('r1', 'push', 'vip', 'acme', 'succeeded', '2026-10-01T08:00:00+00:00', NULL, '{{}}', '{{}}');
INSERT INTO record_states VALUES ('vip', '1', 'g', 'applied', 'create', 'h', '{{"note": "x"}}', NULL, NULL, NULL, NULL,
    NULL, 1, NULL, 'r1', '2026-10-01T08:00:01+00:00');
INSERT INTO record_history (push, "key", run_id, at, action, outcome, cost)
    VALUES ('vip', '1', 'r1', '2026-10-01T08:00:01+00:00', 'create', 'applied', 10.5);
INSERT INTO journal VALUES ('vip', '2', 'r1', 'create', NULL, '{{"email": "a@x.com"}}', 'h', NULL,
    '2026-10-01T08:00:02+00:00');
"""

LAYOUT_2 = (
    LAYOUT_1
    + """
ALTER TABLE journal ADD COLUMN operation VARCHAR;
ALTER TABLE journal ADD COLUMN line INTEGER;
ALTER TABLE record_states ADD COLUMN tried VARCHAR;
ALTER TABLE record_states ADD COLUMN tried_at VARCHAR;
UPDATE shoptide_layout SET version = 2;
"""
)

COUNTED = {"sqlite": "INTEGER NOT NULL", "postgres": "SERIAL NOT NULL"}


def statements(layout: int, engine: str) -> list[str]:
    """What made a ledger of that layout, with a run, a record and a write whose outcome is open."""
    text = {1: LAYOUT_1, 2: LAYOUT_2}[layout].format(counted=COUNTED[engine])
    return [each for each in text.split(";") if each.strip()]
