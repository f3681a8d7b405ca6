"""Brings a ledger's tables to the present layout: made whole where there are none, migrated where they are older.

A ledger that is up to date costs one query. Only who finds something to do takes the database's lock for it, and looks
again: of several that open an older ledger at once, one works and the others find it done.
"""

from __future__ import annotations

import sqlalchemy as sa

from shoptide.errors import LedgerError
from shoptide.ledger import schema
from shoptide.ledger.store import Store

MIGRATIONS = "shoptide:ledger/migrations"
HEAD = str(schema.VERSION)
VERSIONS = sa.table("alembic_version", sa.column("version_num"))


def prepare(store: Store) -> None:
    """Make or upgrade the tables. Raises LedgerError for a layout this program does not know."""
    with store.read() as connection:
        found = _version(connection)
    if found != HEAD:
        store.make_room()
        with store.write() as connection:
            store.alone(connection)
            _bring_up(store, connection)


def _bring_up(store: Store, connection: sa.Connection) -> None:
    found = _version(connection)
    if found is None:
        # As a release that knew no migrations left it, or nothing at all yet.
        found = _older(connection)
    if found is None:
        schema.metadata.create_all(connection)
        connection.execute(schema.layout.insert().values(version=schema.VERSION))
        stamp(connection, HEAD)
    elif not found.isdecimal() or int(found) > schema.VERSION:
        raise LedgerError(f"{store.shown} was written by a newer Shoptide (layout {found})", hint="upgrade Shoptide")
    elif found != HEAD:
        stamp(connection, found)
        migrate(connection)
        connection.execute(schema.layout.update().values(version=schema.VERSION))


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSIONS.name):
        return None
    version: str | None = connection.execute(sa.select(VERSIONS.c.version_num)).scalar()
    return version


def _older(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(schema.layout.name):
        return None
    version = connection.execute(sa.select(schema.layout.c.version)).scalar()
    return None if version is None else str(version)


def stamp(connection: sa.Connection, version: str) -> None:
    """Note that the tables are of this layout."""
    if not sa.inspect(connection).has_table(VERSIONS.name):
        table = sa.Table(VERSIONS.name, sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
        table.create(connection)
        connection.execute(VERSIONS.insert().values(version_num=version))


def migrate(connection: sa.Connection, to: str = HEAD) -> None:
    """Run the migrations from the noted layout on, in the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
