"""`shoptide skip`: records of a push left out, until told otherwise."""

from __future__ import annotations

import rich_click as click

from shoptide.cli.app import with_flags
from shoptide.cli.resync import order


@click.command("skip")
@click.argument("name")
@click.option("--key", "keys", multiple=True, help="This record (repeatable).")
@click.option("--all", "everything", is_flag=True, help="Every record of the push.")
@click.option("--undo", is_flag=True, help="Take them in again.")
@with_flags
@click.pass_context
def command(context: click.Context, name: str, keys: tuple[str, ...], everything: bool, undo: bool) -> None:
    """Leave records of a push out of its runs until --undo."""
    order(context, name, keys, everything, None if undo else "skip_always", "taken in again" if undo else "left out")
