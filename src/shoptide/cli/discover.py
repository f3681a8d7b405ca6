"""`shoptide discover`: the streams, what the token may read of them, how many rows, what reading costs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import Session, open_session
from shoptide.config import PullConfig
from shoptide.errors import ShoptideError
from shoptide.resources.extraction import StreamPlan
from shoptide.shopify.client import AdminClient

BULK_POINTS = 30  # a bulk operation is free; starting it and asking now and then how far it is, is not


@click.command("discover")
@click.option("--fields", "show_fields", is_flag=True, help="List every column of every table.")
@with_flags
@click.pass_context
def command(context: click.Context, show_fields: bool) -> None:
    """List the streams with the fields the token may read, row counts, estimated cost and time."""
    flags = flags_of(context)
    session = open_session(flags)
    found = [stream for alias in session.config.shops for stream in _streams(session, alias)]
    if flags.json:
        output.document({"streams": found})
        return
    rows = [
        (
            s["shop"],
            s["stream"],
            s["rows"],
            s["columns"],
            len(s["left_out"]),
            f"{s['points']} points",
            f"{s['seconds']:.0f} s",
        )
        for s in found
    ]
    output.table(["shop", "stream", "rows", "columns", "left out", "first pull", "about"], rows)
    for stream in found:
        for left in stream["left_out"]:
            name = stream["stream"] if left["field"] == "*" else f"{stream['stream']}.{left['field']}"
            output.line(f"  {name} is left out: {left['reason']}")
        if show_fields:
            for table in stream["tables"]:
                output.line(f"  {table['table']}: {', '.join(table['columns'])}")


def _streams(session: Session, alias: str) -> list[dict[str, Any]]:
    """Every stream as the shop's first pull has it; those of its configuration too."""
    from shoptide.inbound.plans import ALL, chosen_streams, plan_streams

    config = next((each for each in session.config.pulls.values() if each.shop == alias), PullConfig("all", alias, ALL))
    names = chosen_streams(replace(config, streams=ALL, history=()))
    with session.client(alias) as client:
        scopes = client.access().scopes
        return [_stream(alias, client, plan) for plan in plan_streams(config, client, scopes, names)]


def _stream(alias: str, client: AdminClient, plan: StreamPlan) -> dict[str, Any]:
    rows = None if plan.closed else _count(client, plan)
    points, seconds = (0, 0.0) if plan.closed else _first_pull(client, plan, rows)
    return {
        "shop": alias,
        "stream": plan.stream.name,
        "rows": rows,
        "columns": sum(len(table.columns) for table in plan.tables),
        "tables": [
            {"table": table.name, "columns": [column.name for column in table.columns]} for table in plan.tables
        ],
        "left_out": [{"field": left.field, "reason": left.reason} for left in plan.left_out],
        "points": points,
        "seconds": seconds,
    }


def _first_pull(client: AdminClient, plan: StreamPlan, rows: int | None) -> tuple[int, float]:
    """Points and seconds of the way that a first pull takes; of a stream that nobody counts, of its first page."""
    from shoptide.inbound.choice import Budget, bulk_seconds, cheaper, page_points, paged_seconds

    budget = Budget(client.governor.available(), client.governor.allowance.restore_rate)
    pages = max(1, -(-(rows or 0) // plan.page_size))
    if cheaper(plan, rows or 0, None, budget).path == "bulk":
        return BULK_POINTS, bulk_seconds(rows or 0)
    return pages * page_points(plan), paged_seconds(plan, pages, budget)


def _count(client: AdminClient, plan: StreamPlan) -> int | None:
    document = plan.count_document()
    if document is None or plan.stream.via is not None:
        return None
    try:
        data = client.execute(document, {"query": None}).data
    except ShoptideError:
        return None  # the scope is missing: the list of what is left out says so
    found = data[plan.stream.count_root or ""]
    return None if found is None else int(found["count"])
