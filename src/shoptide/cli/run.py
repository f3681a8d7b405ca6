"""`shoptide run`: a worker is to run a pull or push now."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session


@click.command("run")
@click.argument("name")
@with_flags
@click.pass_context
def command(context: click.Context, name: str) -> None:
    """Queue a run of a pull or push for the workers there are, also of a paused one."""
    from shoptide.serve.control import run_now, sync_named

    flags = flags_of(context)
    session = open_session(flags)
    sync = sync_named(session.config, name)
    with session.ledger() as ledger:
        queued = run_now(session.config, ledger, sync)
    told = "is queued" if queued else "waits in the queue already"
    output.done(flags, {"sync": sync, "queued": queued}, f"{sync} {told}")
