"""`shoptide pull`: the store's changes into the warehouse."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import rich_click as click

from shoptide.cli import output
from shoptide.cli.app import Flags, flags_of, with_flags
from shoptide.cli.progress import Progress
from shoptide.cli.session import Session, open_session, stopping
from shoptide.errors import Interrupted, ShoptideError, UsageError
from shoptide.inbound.events import (
    Event,
    PullReport,
    StreamFailed,
    StreamLanded,
    StreamProgress,
    StreamReport,
    StreamStarted,
)
from shoptide.resources.selection import BY_CONFIGURATION


@click.command("pull")
@click.argument("names", nargs=-1)
@click.option("--stream", "streams", multiple=True, help="Only this stream (repeatable).")
@click.option("--full-refresh", is_flag=True, help="Read everything again.")
@click.option("--since", metavar="T", help="What changed since then (ISO time or date, UTC); no cursor moves.")
@click.option("--reconcile", is_flag=True, help="Find deletes by comparing ids.")
@click.option("--limit", type=click.IntRange(min=1), help="At most this many records a stream; no cursor moves.")
@with_flags
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    streams: tuple[str, ...],
    full_refresh: bool,
    since: str | None,
    reconcile: bool,
    limit: int | None,
) -> int:
    """Bring the store's changes into the warehouse: all pulls of the configuration, or those named."""
    from shoptide.inbound.pull import Options

    session = open_session(flags_of(context))
    options = Options(streams, full_refresh, moment(since), reconcile, limit)
    codes = []
    with stopping(session), session.warehouse() as warehouse, session.ledger_that_tells() as ledger:
        configs = session.pulls(names)
        for config in configs:
            try:
                with session.client(config.shop) as client:
                    report = _run(session, config, options, client, warehouse, ledger)
                codes.append(_exit_code(report))
            except Interrupted:
                raise
            except ShoptideError as error:
                if len(configs) == 1:
                    raise
                codes.append(_failed(session.flags, config.name, error))
    return together(codes)


def _failed(flags: Flags, name: str, error: ShoptideError) -> int:
    """One shop's failure is told and doesn't stop the others."""
    if flags.json:
        body = error.document | {"exit_code": error.exit_code}
        output.document({"event": "summary", "pull": name, "outcome": "failed", "error": body})
    sys.stderr.write(f"Error: {name}: failed: {error.message}\n" + (f"  → {error.hint}\n" if error.hint else ""))
    return error.exit_code


def together(codes: list[int]) -> int:
    """The exit code of several pulls: what all of them ended with, else 1 for some that failed."""
    return codes[0] if len(set(codes)) == 1 else int(any(codes))


def moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since {text!r} is no time", hint="for example 2026-10-01T12:00:00Z or 2026-10-01"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _run(session: Session, config: Any, options: Any, client: Any, warehouse: Any, ledger: Any) -> PullReport:
    from shoptide.inbound.pull import pull, summary

    flags = session.flags
    with told(flags) as tell:
        report = pull(
            config,
            client=client,
            warehouse=warehouse,
            ledger=ledger,
            clock=session.clock,
            spool=session.spool,
            options=options,
            on_event=tell,
            stop=session.stop,
        )
    if flags.json:
        body = {"event": "summary", "run_id": report.run_id, "pull": report.pull, "shop": report.shop}
        output.document(body | {"outcome": report.outcome} | summary(report))
    else:
        _show(flags, report)
    return report


@contextmanager
def told(flags: Flags) -> Iterator[Any]:
    """A listener: JSON lines on stdout, a bar on a terminal, plain lines elsewhere."""
    if flags.json:
        yield lambda event: output.document(event_document(event))
        return
    with Progress(flags) as progress:

        def tell(event: Event) -> None:
            match event:
                case StreamStarted(stream=stream, path="none", reason=reason):
                    progress.say(f"{stream}: {reason}")
                case StreamStarted(stream=stream, path=path, reason=reason, expected=expected):
                    progress.start(stream, f"{path}: {reason}", expected)
                case StreamProgress(stream=stream, objects=objects):
                    progress.advance(stream, objects)
                case StreamLanded(stream=stream):
                    progress.finish(stream)
                case StreamFailed(stream=stream, error=error):
                    progress.fail(stream, error.message)

        yield tell


def event_document(event: Event) -> dict[str, Any]:
    names = {
        StreamStarted: "stream_started",
        StreamProgress: "stream_progress",
        StreamLanded: "stream_landed",
        StreamFailed: "stream_failed",
    }
    if isinstance(event, StreamFailed):
        error = event.error.document
        return {"event": names[type(event)], "stream": event.stream, "error": error}
    return {"event": names[type(event)], **asdict(event)}


def _show(flags: Flags, report: PullReport) -> None:
    rows = [
        (change.table, change.new, change.changed, change.unchanged, change.deleted)
        for stream in report.streams
        for change in stream.changes
    ]
    if rows:
        output.table(["table", "new", "changed", "unchanged", "deleted"], rows)
    used = f"{report.calls} API calls, {report.cost:.0f} cost points"
    output.line(f"{report.pull}: {report.outcome} in {report.seconds:.1f} s, {used}")
    for text in report.notes:
        output.note(flags, text)
    for stream in report.streams:
        for text in left_out(stream):
            output.note(flags, text)
        for text in stream.altered:
            output.note(flags, f"{stream.stream}: {text}")
        if stream.error is not None:
            output.note(flags, f"{stream.stream} failed: {stream.error.message}")
            if stream.error.hint:
                output.note(flags, f"  → {stream.error.hint}")


def left_out(stream: StreamReport) -> list[str]:
    """What was not read and why, fields of one reason together."""
    if any(each.field == "*" for each in stream.pruned):
        return [f"{stream.stream} was left out: {stream.pruned[0].reason}"]
    fields: dict[str, list[str]] = {}
    for each in stream.pruned:
        if each.reason != BY_CONFIGURATION:
            fields.setdefault(each.reason, []).append(each.field)
    return [f"{stream.stream}: left out {', '.join(names)}: {reason}" for reason, names in fields.items()]


def _exit_code(report: PullReport) -> int:
    """1 when some failed; when all failed for one reason, that reason's own code."""
    errors: list[ShoptideError] = [stream.error for stream in report.failed if stream.error is not None]
    if not errors:
        return int(report.outcome != "succeeded")
    codes = {error.exit_code for error in errors}
    return codes.pop() if report.outcome == "failed" and len(codes) == 1 else 1
