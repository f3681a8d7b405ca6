"""`shoptide cancel`: the run of a pull or push that is under way or waits is ended."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session


@click.command("cancel")
@click.argument("name")
@with_flags
@click.pass_context
def command(context: click.Context, name: str) -> None:
    """End a worker's run of a pull or push in good order, or take it back while it waits.

    The next one goes on from there.
    """
    from shoptide.serve.control import cancel, sync_named

    flags = flags_of(context)
    session = open_session(flags)
    sync = sync_named(session.config, name)
    with session.ledger() as ledger:
        told = cancel(session.config, ledger, sync)
    output.done(flags, {"sync": sync, "told": told}, f"{sync}: {told}")
