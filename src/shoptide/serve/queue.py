"""The queue of runs: which pull or push is to run, where it waits, whose turn it is. DBOS keeps it, beside the ledger.

Two queues, of pulls and of pushes, divided by shop: of each, one run of a shop is under way at a time, whichever worker
has it. A run waits once: asking for one that waits already changes nothing, so a worker that was away for a night finds
one run of each sync, not a night's worth.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from shoptide.config import Config, LedgerConfig, without_secrets
from shoptide.errors import LedgerError, UsageError
from shoptide.ledger import Ledger
from shoptide.ledger.syncs import Syncs

if TYPE_CHECKING:
    from dbos import DBOSClient

APPLICATION = "shoptide"
# Runs are begun anew wherever they were left, so any release may go on with what another has queued.
VERSION = "1"
RUN, TICK, WATCH = "shoptide.run", "shoptide.tick", "shoptide.watch"
QUEUES = {"pull": "pulls", "push": "pushes"}
WAITING = ("ENQUEUED", "DELAYED")
FILE = "queue.db"
LOOK = 1.0  # seconds between two looks at a queue


def system_database(config: LedgerConfig, ledger: Ledger) -> str:
    """The URL of DBOS's own tables: a schema beside a ledger in Postgres, a file beside one in SQLite."""
    if ledger.engine.dialect.name == "sqlite":
        return sa.URL.create("sqlite", database=str(ledger.folder / FILE)).render_as_string()
    url, found = without_secrets(config.url)
    options = {name: secret.reveal() for name, secret in (found | config.secrets).items()}
    password = options.pop("password", None)
    whole = sa.make_url(url).set(drivername="postgresql+psycopg").update_query_dict(options)
    return whole.set(password=password or whole.password).render_as_string(hide_password=False)


def system_schema(config: LedgerConfig) -> str:
    return f"{config.schema}_queue"


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Let DBOS log as the rest of the process does, warnings and worse, instead of to a console of its own."""
    log = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    log.propagate = True
    yield


class Queue:
    """The queue as commands and workers see it. `open_queue` opens it."""

    def __init__(self, client: DBOSClient, config: Config, syncs: Syncs) -> None:
        self.client = client
        self.config = config
        self.syncs = syncs

    def ask(self, sync: str, why: str, *, after: float = 0.0, attempt: int = 0) -> bool:
        """Queue a run unless one waits already; returns whether it did. `after` is in seconds.

        Who asks for it now gets ahead of a run that was put off.
        """
        waiting = self.waiting(sync)
        if any(each.status == "ENQUEUED" for each in waiting) or (waiting and after):
            return False
        if waiting:
            self.client.cancel_workflows([each.workflow_id for each in waiting])
        options: Any = {
            "workflow_name": RUN,
            "queue_name": QUEUES[sync.partition(".")[0]],
            "workflow_id": f"{sync}:{secrets.token_hex(8)}",
            "queue_partition_key": self.shop_of(sync),
            "app_version": VERSION,
            "application_name": APPLICATION,
        }
        if after:
            options["delay_seconds"] = after
        self.syncs.waits(sync)
        with self._errors():
            self.client.enqueue(options, sync, why, attempt)
        return True

    def waiting(self, sync: str) -> list[Any]:
        """The runs of a sync that have not begun."""
        with self._errors():
            return self.client.list_workflows(
                workflow_id_prefix=f"{sync}:", status=list(WAITING), load_input=False, load_output=False
            )

    def busy(self, sync: str) -> bool:
        """Whether a run of it waits or is a worker's."""
        with self._errors():
            found = self.client.list_workflows(
                workflow_id_prefix=f"{sync}:", status=[*WAITING, "PENDING"], load_input=False, load_output=False
            )
        return bool(found)

    def withdraw(self, sync: str) -> int:
        """Take back runs that have not begun; returns how many."""
        found = [each.workflow_id for each in self.waiting(sync)]
        if found:
            with self._errors():
                self.client.cancel_workflows(found)
            self.syncs.begins(sync)
        return len(found)

    def shop_of(self, sync: str) -> str:
        kind, _, name = sync.partition(".")
        alias = (self.config.pulls if kind == "pull" else self.config.pushes)[name].shop
        return self.config.shops[alias].domain

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            told = self.syncs.ledger.store.clean(str(error.orig).strip().partition("\n")[0])
            raise LedgerError(f"the queue beside {self.syncs.ledger.store.shown}: {told}") from None


@contextmanager
def open_queue(config: Config, ledger: Ledger) -> Iterator[Queue]:
    """Open the queue of a ledger. Raises UsageError where no worker has ever made one."""
    try:
        from dbos import DBOSClient, DBOSPortableJSONSerializer
    except ImportError:
        raise UsageError("the queue needs dbos", hint="pip install 'shoptide[serve]'") from None
    url = system_database(config.ledger, ledger)
    never = UsageError("nothing has ever worked off this queue", hint="start `shoptide serve` or `shoptide worker`")
    if ledger.engine.dialect.name == "sqlite" and not (ledger.folder / FILE).exists():
        raise never
    with quiet_logs():
        client = DBOSClient(
            system_database_url=url,
            dbos_system_schema=system_schema(config.ledger),
            serializer=DBOSPortableJSONSerializer(),  # pickle would run what anybody wrote there
            application_name=APPLICATION,
            system_database_pool_size=2,
            lazy=True,
            retry_connection_errors=False,
        )
    try:
        yield Queue(client, config, Syncs(ledger))
    finally:
        client.destroy()
