"""A ledger in Postgres, in a schema of its own: what several machines share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from shoptide.clock import Clock
from shoptide.config import LedgerConfig, Secret, without_secrets
from shoptide.errors import ConfigError
from shoptide.ledger.session_locks import SessionLocks, lock_key
from shoptide.ledger.store import Store, dump

BLOCK = 1 << 18  # bytes a block of lines
# A machine that has gone without a word is noticed in half a minute, by us and by the server.
CONNECTING = {
    "application_name": "shoptide",
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 4,
}
NUL, INSTEAD = "\x00", "\ufffd"


class PostgresStore(Store):
    """Connections may be direct or through a pooler in session mode: locks belong to sessions."""

    dialect = PGDialect_psycopg(paramstyle="format")  # type: ignore[no-untyped-call]

    def __init__(self, config: LedgerConfig, folder: Path, clock: Clock) -> None:
        shown, found = without_secrets(config.url)
        secrets = found | config.secrets
        super().__init__(f"the ledger {shown}", folder, clock)
        self.schema = config.schema
        url = _url(shown, secrets)
        self._hidden = [form for secret in secrets.values() for form in _forms(secret.reveal())]
        # Servers allow about a hundred sessions in all: few are kept, and a run's threads share them.
        self.engine = _engine(url, self.schema, pool_pre_ping=True, pool_size=2, max_overflow=6)
        # Connections that hold locks are kept apart: waiting for one must not keep a run from its writes.
        self._lonely = _engine(url, self.schema, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        self.locks = SessionLocks(self._lonely, self)

    def beside(self) -> Self:
        other = super().beside()
        other.locks = SessionLocks(self._lonely, other)
        return other

    def make_room(self) -> None:
        with self.write() as connection:
            self.alone(connection)
            connection.execute(sa.schema.CreateSchema(self.schema, if_not_exists=True))

    def alone(self, connection: sa.Connection, name: str = "layout") -> None:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_key(self.schema, name))))

    def seconds(self, connection: sa.Connection) -> float:
        return float(connection.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())

    def insert(self, table: sa.Table) -> Any:
        return postgresql.insert(table)

    def lock(self, name: str) -> AbstractContextManager[None]:
        return self.locks.hold(name)

    def check_locks(self) -> None:
        self.locks.check()

    def text(self, value: str) -> str:
        """Postgres keeps every character in a text but NUL."""
        return value.replace(NUL, INSTEAD) if NUL in value else value

    def clean(self, message: str) -> str:
        for hidden in self._hidden:
            message = message.replace(hidden, "…")
        return message

    def marks(self, fate: str, push: str) -> Iterator[str]:
        query = (
            f"COPY (SELECT encode(convert_to(key, 'UTF8'), 'hex'), coalesce(hash, ''), {fate}"  # noqa: S608  # fixed text
            " FROM record_states WHERE push = %s) TO STDOUT"
        )
        return self._copied(query, (push,))

    def lines(self, table: sa.Table, columns: Sequence[str], newer: str | None, since: Any) -> Iterator[str]:
        members = ", ".join(f"'{name}', \"{name}\"" for name in columns)
        where = f' WHERE "{newer}" >= %s' if newer else ""
        # JSON has no control characters of its own, so with these nothing in a line is ever quoted.
        query = (
            f"COPY (SELECT json_build_object({members})::text FROM {table.name}{where})"  # noqa: S608  # names of ours
            " TO STDOUT (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')"
        )
        return self._copied(query, (since,) if newer else ())

    def _copied(self, query: str, values: tuple[Any, ...]) -> Iterator[str]:
        """What COPY sends, in blocks of whole lines."""
        with self.errors(), closing(self.engine.raw_connection()) as connection:
            driver: Any = connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(query, values) as copy:
                block: list[bytes] = []
                size = 0
                for piece in copy:
                    block.append(bytes(piece))
                    size += len(piece)
                    if size >= BLOCK and block[-1].endswith(b"\n"):
                        yield b"".join(block).decode()
                        block, size = [], 0
                if block:
                    yield b"".join(block).decode()


def _url(shown: str, secrets: dict[str, Secret]) -> sa.URL:
    """The URL for the driver. Raises ConfigError, in which nothing of what may be a password is shown."""
    hint = 'for example "postgresql://user@host:5432/database"; write @ / : # in a password as %40 %2F %3A %23'
    try:
        import psycopg  # noqa: F401  # an extra
    except ImportError:
        hint = "pip install 'shoptide[postgres]'"
        raise ConfigError("[ledger] url: psycopg, which speaks to Postgres, is not installed", hint=hint) from None
    try:
        url = sa.make_url(shown).set(drivername="postgresql+psycopg")
    except (sa.exc.ArgumentError, ValueError):
        raise ConfigError("[ledger] url can't be read", hint=hint) from None
    options = {name: secret.reveal() for name, secret in secrets.items()}
    password = options.pop("password", None)
    return (url.set(password=password) if password else url).update_query_dict(options)


def _forms(secret: str) -> set[str]:
    """How a secret may appear in a message."""
    return {secret, quote(secret, safe="")} - {""}


def _engine(url: sa.URL, schema: str, **settings: Any) -> sa.Engine:
    engine = sa.create_engine(
        url,
        json_serializer=dump,
        json_deserializer=msgspec.json.decode,
        connect_args={name: value for name, value in CONNECTING.items() if name not in url.query},
        hide_parameters=True,
        **settings,
    )
    path = engine.dialect.identifier_preparer.quote_identifier(schema)

    def configure(connection: Any, _record: object) -> None:
        held, connection.autocommit = connection.autocommit, True
        connection.execute(f"SET search_path TO {path}")
        connection.autocommit = held

    sa.event.listen(engine, "connect", configure)
    return engine
