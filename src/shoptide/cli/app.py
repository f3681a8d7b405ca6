"""The group of commands and the flags that every one of them takes, before or after its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import rich_click as click

from shoptide import __version__

# Name → module and what its help says; nothing is imported until it is called, so that --help is instant.
COMMANDS = {
    "demo": "Show the whole loop on a simulated store: pull, push, both sides.",
    "init": "Write a shoptide.toml.",
    "check": "Check shop, token, scopes, API version, warehouse and ledger.",
    "discover": "List the streams and what the token may read of them.",
    "pull": "Bring the store's changes into the warehouse.",
    "plan": "Show what a push would do, row by row.",
    "push": "Make the store follow a table, a query or a file.",
    "status": "Show the health of every sync.",
    "runs": "List runs, or show one.",
    "records": "Show what became of a push's rows.",
    "resync": "Send records of a push again, changed or not.",
    "skip": "Leave records of a push out.",
    "query": "Ask the warehouse with SQL.",
    "export": "Write tables as Parquet or CSV files.",
    "views": "Make the views of other table layouts.",
    "schema": "Show tables and columns, or the columns a push accepts.",
    "serve": "Stay up: receive webhooks, keep shops current.",
    "worker": "Take turns of pulls and pushes, beside serve or on another machine.",
    "run": "Queue a run of a pull or push now.",
    "pause": "Begin no more runs of a pull or push.",
    "resume": "Let a paused pull or push run again.",
    "cancel": "End a run that is under way, or take back one that waits.",
    "omnata": "Write the plugin for Omnata, the sync engine inside Snowflake.",
    "simulate": "Run a simulated Shopify store.",
}


@dataclass
class Flags:
    """The global flags."""

    config: Path | None = None
    json: bool = False
    log_format: str = "console"
    quiet: bool = False
    verbose: int = 0
    no_input: bool = False


class Duration(click.ParamType[timedelta]):
    """A span of time as the configuration writes it: 90s, 10m, 2h."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        from shoptide.config_section import duration

        found = value if isinstance(value, timedelta) else duration(str(value))
        if found is None:
            self.fail(f"{value!r} is no duration; for example 10m, 90s or 2h", param, ctx)
        return found


def flags_of(context: click.Context) -> Flags:
    found = context.ensure_object(Flags)
    assert isinstance(found, Flags)  # noqa: S101  # ensure_object makes one
    return found


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Store a global flag wherever it stands; one that is not given changes nothing."""
    name = parameter.name or ""
    if value not in (None, False, 0):
        setattr(flags_of(context), name, value)
    return value


GLOBAL = (
    click.option(
        "--config",
        type=click.Path(path_type=Path, dir_okay=False),
        expose_value=False,
        callback=_keep,
        help="The configuration file (default: shoptide.toml).",
    ),
    click.option("--json", is_flag=True, expose_value=False, callback=_keep, help="One JSON document on stdout."),
    click.option(
        "--log-format",
        type=click.Choice(["console", "json"]),
        expose_value=False,
        callback=_keep,
        help="How logs on stderr look.",
    ),
    click.option("--quiet", is_flag=True, expose_value=False, callback=_keep, help="Only results and errors."),
    click.option(
        "-v", "--verbose", count=True, expose_value=False, callback=_keep, help="More on stderr; twice for debugging."
    ),
    click.option("--no-input", is_flag=True, expose_value=False, callback=_keep, help="Never ask."),
)


def with_flags(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the global flags."""
    for option in reversed(GLOBAL):
        function = option(function)
    return function


class LazyGroup(click.RichGroup):
    """Commands by name, each imported when it is called; the list of them imports none."""

    listing = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if self.listing or ctx.resilient_parsing:
            return click.Command(cmd_name, help=COMMANDS[cmd_name])
        found = importlib.import_module(f"shoptide.cli.{cmd_name}").command
        assert isinstance(found, click.Command)  # noqa: S101  # each module has one
        return found

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self.listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.listing = False


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="shoptide")
@with_flags
def app() -> None:
    """Two-way sync between Shopify stores and warehouses."""
