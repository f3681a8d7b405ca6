"""`shoptide push`: the store made to follow a table, a query or a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import Duration, Flags, flags_of, with_flags
from shoptide.cli.progress import Progress
from shoptide.cli.session import open_session, stopping
from shoptide.config import APPLY
from shoptide.errors import UsageError
from shoptide.outbound.events import Event, OperationMoved, PushPlanned, PushReport, RowSettled

SHOWN = 20  # failures printed; `records` has them all


@click.command("push")
@click.argument("name")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="Apply exactly this plan (`shoptide plan --out`)."
)
@click.option("--limit", type=click.IntRange(min=1), help="At most this many writes.")
@click.option("--retry", type=click.Choice(["rejected"]), help="Only rows that were not applied last time.")
@click.option("--allow-deletes", is_flag=True, help="Delete more than max_deletes.")
@click.option("--apply", type=click.Choice(APPLY), help="How writes leave, instead of the cheaper way.")
@click.option("--time-limit", type=Duration(), help="Send nothing more after this long, such as 90s, 10m, 2h.")
@with_flags
@click.pass_context
def command(
    context: click.Context,
    name: str,
    plan_file: Path | None,
    limit: int | None,
    retry: str | None,
    allow_deletes: bool,
    apply: str | None,
    time_limit: timedelta | None,
) -> int:
    """Make the store follow the push's source."""
    from shoptide.inbound.runs import publish_runs
    from shoptide.outbound.push import Options, push, summary

    flags = flags_of(context)
    session = open_session(flags)
    config = session.push(name)
    plan = read_plan(plan_file)
    options = Options(limit, retry, allow_deletes, False, plan, asking(flags), apply, time_limit)
    with (
        stopping(session),
        session.warehouse() as warehouse,
        session.ledger_that_tells() as ledger,
        session.client(config.shop) as client,
        told(flags) as tell,
    ):
        try:
            report = push(
                config,
                client=client,
                warehouse=warehouse,
                ledger=ledger,
                clock=session.clock,
                base=session.base,
                options=options,
                on_event=tell,
                stop=session.stop,
            )
        finally:
            publish_runs(warehouse, ledger)
    if flags.json:
        body = {"event": "summary", "run_id": report.run_id, "push": report.push, "shop": report.shop}
        output.document(body | {"outcome": report.outcome} | summary(report))
    else:
        _show(flags, report)
    return 0 if report.outcome == "succeeded" else 1


def asking(flags: Flags) -> Callable[[str], bool] | None:
    """How to ask a person; None where there is nobody to ask."""
    if flags.no_input or flags.json or not sys.stdin.isatty():
        return None
    return lambda question: click.confirm(question, default=False, err=True)


def read_plan(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"--plan {path} can't be read: {error.strerror}") from None
    except ValueError:
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("rows"), list):
        raise UsageError(f"--plan {path} is no plan", hint="write one with `shoptide plan NAME --out FILE`")
    return found


@contextmanager
def told(flags: Flags) -> Iterator[Any]:
    """A listener: JSON lines on stdout, a bar on a terminal, plain lines elsewhere."""
    if flags.json:
        yield lambda event: output.document(event_document(event))
        return
    moving: dict[str, int] = {}
    with Progress(flags) as progress:

        def tell(event: Event) -> None:
            match event:
                case PushPlanned(counts=counts, estimate=estimate):
                    progress.start("rows", f"{_counted(counts)}; {estimate}", None)
                case RowSettled(done=done, total=total):
                    progress.expected["rows"] = total
                    progress.advance("rows", done)
                case OperationMoved(operation=operation, done=done, total=total):
                    moving[operation] = done
                    progress.advance("rows", sum(moving.values()))

        yield tell


def event_document(event: Event) -> dict[str, Any]:
    if isinstance(event, RowSettled):
        return {"event": "row", **asdict(event.outcome)}
    return {"event": "planned" if isinstance(event, PushPlanned) else "operation", **asdict(event)}


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "no rows"


def _show(flags: Flags, report: PushReport) -> None:
    if report.failures:
        rows = [
            (each.key, each.action, each.outcome, each.column or each.path, each.value, each.message)
            for each in report.failures[:SHOWN]
        ]
        output.table(["key", "action", "outcome", "column", "value", "reason"], rows)
    if len(report.failures) > SHOWN:
        output.line(f"… and {len(report.failures) - SHOWN} more: shoptide records {report.push} --outcome rejected")
    for text in report.notes:
        output.note(flags, text)
    done = _counted(report.outcomes | ({"unchanged": report.unchanged} if report.unchanged else {}))
    output.line(
        f"{report.push}: {report.outcome}: {done} in {report.seconds:.1f} s,"
        f" {report.calls} API calls, {report.cost:.0f} cost points"
    )
