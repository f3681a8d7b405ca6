"""`shoptide skip`: records of a push left out, until told otherwise."""

from __future__ import annotations

import rich_click as click

from shoptide.cli.app import with_flags
from shoptide.cli.resync import order
from shoptide.errors import UsageError


@click.command("skip")
@click.argument("name")
@click.option("--key", "keys", multiple=True, help="This record (repeatable).")
@click.option("--all", "everything", is_flag=True, help="Every record of the push.")
@click.option("--once", is_flag=True, help="Only in the next run.")
@click.option("--undo", is_flag=True, help="Take them in again.")
@with_flags
@click.pass_context
def command(context: click.Context, name: str, keys: tuple[str, ...], everything: bool, once: bool, undo: bool) -> None:
    """Leave records of a push out of its runs until --undo."""
    if once and undo:
        raise UsageError("--once leaves records out, --undo takes them in: give one of them")
    what = None if undo else "skip_once" if once else "skip_always"
    words = "taken in again" if undo else "left out of the next run" if once else "left out"
    order(context, name, keys, everything, what, words)
