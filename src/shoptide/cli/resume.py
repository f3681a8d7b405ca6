"""`shoptide resume`: a paused pull or push runs again."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session


@click.command("resume")
@click.argument("name")
@with_flags
@click.pass_context
def command(context: click.Context, name: str) -> None:
    """Let a paused pull or push run again, from its next moment on."""
    from shoptide.serve.control import resume, sync_named

    flags = flags_of(context)
    session = open_session(flags)
    sync = sync_named(session.config, name)
    with session.ledger() as ledger:
        resume(ledger, sync)
    output.done(flags, {"sync": sync, "paused": False}, f"{sync} runs again from its next moment on")
