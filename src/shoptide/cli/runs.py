"""`shoptide runs`: what was run, and what each did."""

from __future__ import annotations

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import flags_of, with_flags
from shoptide.cli.session import open_session
from shoptide.errors import UsageError
from shoptide.ledger import Run


@click.command("runs")
@click.argument("run_id", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@with_flags
@click.pass_context
def command(context: click.Context, run_id: str | None, limit: int) -> None:
    """List runs, newest first, or show one whole. Works while another process holds the warehouse."""
    flags = flags_of(context)
    session = open_session(flags)
    with session.ledger() as ledger:
        found = ledger.runs(limit=limit) if run_id is None else [_one(ledger.run(run_id), run_id)]
    if flags.json:
        output.document({"runs": [run.document for run in found]} if run_id is None else found[0].document)
    elif run_id is None:
        rows = [
            (
                run.id,
                run.kind,
                run.name,
                run.outcome or "running, or killed",
                run.summary.get("calls"),
                run.summary.get("seconds"),
            )
            for run in found
        ]
        output.table(["run", "kind", "name", "outcome", "calls", "seconds"], rows)
    else:
        _show(found[0])


def _one(run: Run | None, run_id: str) -> Run:
    if run is None:
        raise UsageError(f"there is no run {run_id}", hint="`shoptide runs` lists them")
    return run


def _show(run: Run) -> None:
    output.line(f"{run.id}  {run.kind} {run.name} on {run.shop}: {run.outcome or 'running, or killed'}")
    if run.options.get("by"):
        output.line(f"  by: {run.options['by']}")
    for name, value in run.summary.items():
        if name != "streams":
            output.line(f"  {name}: {value}")
    for stream in run.summary.get("streams", []):
        proof = f"expected {stream['expected']}, seen {stream['seen']}"
        output.line(f"  {stream['stream']}: {stream['path']}: {stream['reason']}; {proof}")
        if stream["error"]:
            output.line(f"    failed: {stream['error']['message']}")
        for table in stream["tables"]:
            counts = ", ".join(
                f"{table[name]} {name}" for name in ("new", "changed", "unchanged", "deleted") if table[name]
            )
            if counts:
                output.line(f"    {table['table']}: {counts}")
