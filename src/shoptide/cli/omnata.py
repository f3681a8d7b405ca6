"""`shoptide omnata package`: the folder that Omnata's own tool uploads to Snowflake."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags


@click.group("omnata")
def command() -> None:
    """Shoptide as a plugin of Omnata, the sync engine inside Snowflake."""


@command.command("package")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@with_flags
@click.pass_context
def package_command(context: click.Context, target: Path) -> None:
    """Write the plugin's folder: plugin.py, the modules it needs, requirements.txt, icon.svg."""
    from shoptide.hosts.omnata.packaging import package

    files = package(target)
    if flags_of(context).json:
        output.document({"folder": str(target), "files": [str(path) for path in files]})
        return
    output.line(f"{len(files)} files in {target}: upload them with Omnata's plugin_dev tool")
