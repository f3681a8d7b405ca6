"""The tests' own Postgres."""

from __future__ import annotations

import psycopg


def test_every_test_has_an_empty_database(postgres_url: str) -> None:
    """What one test leaves behind can't help another."""
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert found == (0,)
