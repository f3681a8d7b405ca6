"""`shoptide resync`: records of a push sent again by its next run, changed or not."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session
from shoptide.errors import UsageError


@click.command("resync")
@click.argument("name")
@click.option("--key", "keys", multiple=True, help="This record (repeatable).")
@click.option("--all", "everything", is_flag=True, help="Every record of the push.")
@with_flags
@click.pass_context
def command(context: click.Context, name: str, keys: tuple[str, ...], everything: bool) -> None:
    """Send records of a push again with its next run."""
    order(context, name, keys, everything, "resync", "sent again")


def order(
    context: click.Context, name: str, keys: tuple[str, ...], everything: bool, what: str | None, words: str
) -> None:
    flags = flags_of(context)
    session = open_session(flags)
    session.push(name)
    if bool(keys) == everything:
        raise UsageError("say which records: --key K (repeatable), or --all")
    with session.ledger() as ledger:
        count = ledger.order(name, None if everything else keys, what)
    if not count:
        raise UsageError(f"push {name} has no such record", hint=f"`shoptide records {name}` lists them")
    if flags.json:
        output.document({"push": name, "records": count, "order": what})
    else:
        output.line(f"{count} records of {name} will be {words}")
