"""`shoptide worker`: takes turns of pulls and pushes, beside `serve` or on another machine."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session, stopping
from shoptide.errors import UsageError


@click.command("worker")
@click.option("--at-once", type=click.IntRange(1, 64), help="Pulls, and pushes, worked on at the same time.")
@with_flags
@click.pass_context
def command(context: click.Context, /, **given: Any) -> None:
    """Work off schedules and the queue, until Ctrl-C or SIGTERM.

    Several workers share one ledger; on several machines it is in Postgres, and so is the warehouse.
    """
    try:
        import dbos  # noqa: F401  # the extra is asked for before anything is begun

        from shoptide.serve.fleet import open_worker
    except ImportError as missing:
        raise UsageError(f"worker needs {missing.name}", hint="pip install 'shoptide[serve]'") from None
    flags = flags_of(context)
    session = open_session(flags, {f"serve.{name}": value for name, value in given.items()})
    with stopping(session):
        process, worker = open_worker(
            session.config, session.clock, session.ledger, session.warehouse, session.client, session.state_folder
        )

        def ready() -> None:
            if flags.json:
                output.document({"event": "ready", "worker": worker.id})
            else:
                output.note(flags, f"Worker {worker.id} takes turns (Ctrl-C stops it)")

        process.run(ready)
