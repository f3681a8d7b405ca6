"""`shoptide views`: other people's table layouts beside our tables, made without a pull."""

from __future__ import annotations

from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session
from shoptide.errors import UsageError


@click.command("views")
@with_flags
@click.pass_context
def command(context: click.Context) -> None:
    """Make the configured layouts' views as the tables are now, and say what is in them. A pull does so by itself."""
    from shoptide.inbound.layouts import keep_layouts

    flags = flags_of(context)
    session = open_session(flags)
    if not session.config.warehouse.views:
        raise UsageError("no views are configured", hint='views = ["fivetran"] under [warehouse]')
    with session.warehouse() as warehouse:
        kept = keep_layouts(warehouse)
    if error := next((each.error for each in kept if each.error is not None), None):
        raise error
    if flags.json:
        output.document({"layouts": [shown(each) for each in kept]})
        return
    for each in kept:
        rows = [[row["view"], *(", ".join(row[key]) for key in LISTS)] for row in shown(each)["views"]]
        output.table(["view", "made of", "empty without streams", "lacks streams"], rows)
        output.note(flags, f"{each.name}: in {', '.join(each.schemas)}, {each.anew} made anew")


LISTS = ("made_of", "empty_without", "lacks")


def shown(kept: Any) -> dict[str, Any]:
    """A layout with its views: the tables each is made of, the streams without which it is empty or lacks something."""
    from shoptide.warehouse.views import layout

    chosen = layout(kept.name)
    views = [
        {
            "view": view,
            "made_of": chosen.sources(view),
            "empty_without": kept.empty.get(view, ()),
            "lacks": kept.partial.get(view, ()),
        }
        for view in chosen.columns
    ]
    return {"layout": kept.name, "schemas": kept.schemas, "made_anew": kept.anew, "views": views}
