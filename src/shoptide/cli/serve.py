"""`shoptide serve`: what keeps shops current, in one process, until it is told to stop."""

from __future__ import annotations

import sys
from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import Flags, flags_of, with_flags
from shoptide.cli.session import open_session, stopping
from shoptide.errors import UsageError

PUBLIC_URL = (
    "Where the store sends webhooks: an https URL that leads here, an EventBridge ARN or pubsub://project:topic."
)


@click.command("serve")
@click.option("--host", help="Address to listen on (default: 127.0.0.1, this machine only).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port (default: 8080); 0 picks a free one.")
@click.option("--manage-host", help="Address of the management side (default: 127.0.0.1).")
@click.option("--manage-port", type=click.IntRange(0, 65535), help="Its port (default: 8081); 0 picks a free one.")
@click.option("--hash-password", is_flag=True, help="Print a hash for [serve] password_hash, and end.")
@click.option("--public-url", metavar="URL", help=PUBLIC_URL)
@with_flags
@click.pass_context
def command(context: click.Context, /, hash_password: bool, **given: Any) -> None:
    """Stay up: receive webhooks and bring what they tell of into the warehouse, until Ctrl-C or SIGTERM.

    Ends within 30 seconds; what was received and not yet brought in is brought in at the next start.
    """
    try:
        from shoptide.serve.parts import Opened, open_parts
    except ImportError as missing:
        raise UsageError(f"serve needs {missing.name}", hint="pip install 'shoptide[serve]'") from None
    flags = flags_of(context)
    if hash_password:
        output.line(hashed(flags))
        return
    session = open_session(flags, {f"serve.{name}": value for name, value in given.items()})
    with stopping(session), session.warehouse() as warehouse, session.ledger() as ledger:
        clock = session.clock
        opened = Opened(session.config, clock, clock.stop, ledger, warehouse, session.client, session.state_folder)
        process, http, manage = open_parts(opened)

        def ready() -> None:
            if flags.json:
                output.document({"event": "ready", "url": http.url, "manage_url": manage.url})
                return
            output.note(flags, f"Receiving webhooks on {http.url}/webhooks/<shop> (Ctrl-C stops it)")
            output.note(flags, f"Health, metrics and management on {manage.url}")

        process.run(ready)


def hashed(flags: Flags) -> str:
    """The hash of a password that is asked for twice, or read from a pipe. Raises UsageError for a short one."""
    from shoptide.serve.access import PASSWORD_LENGTH, hash_password

    if sys.stdin.isatty() and not flags.no_input:
        given = str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if len(given) < PASSWORD_LENGTH:
        raise UsageError(f"a password needs at least {PASSWORD_LENGTH} characters", hint="a few words make a good one")
    return hash_password(given)
