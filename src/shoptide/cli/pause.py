"""`shoptide pause`: no more runs of a pull or push until it is resumed."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session


@click.command("pause")
@click.argument("name")
@with_flags
@click.pass_context
def command(context: click.Context, name: str) -> None:
    """Begin no more runs of a pull or push by schedule or trigger; one that is under way goes on."""
    from shoptide.serve.control import pause, sync_named

    flags = flags_of(context)
    session = open_session(flags)
    sync = sync_named(session.config, name)
    with session.ledger() as ledger:
        pause(ledger, sync)
    output.done(flags, {"sync": sync, "paused": True}, f"{sync} is paused; `shoptide resume {sync}` lets it run again")
