"""What stands on stdout: a JSON document or lines of them, or tables for people; progress goes to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from shoptide.cli.app import Flags


def plain(value: Any) -> Any:
    """A value as JSON has it: instants as ISO with Z, decimals as text."""
    if isinstance(value, datetime):
        return value.isoformat() + ("Z" if value.tzinfo is None else "")
    if isinstance(value, (date, Decimal)):
        return str(value)
    return str(value)


def document(value: Any) -> None:
    """The one JSON document of a command."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=plain) + "\n")
    sys.stdout.flush()


def line(text: str = "") -> None:
    sys.stdout.write(text + "\n")


def done(flags: Flags, body: dict[str, Any], told: str) -> None:
    """What a command did: one document, or a line for people."""
    if flags.json:
        document(body)
    else:
        line(told)


def note(flags: Flags, text: str) -> None:
    """Something to know that is no result: stderr, and not when quiet."""
    if not flags.quiet:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


def shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """A table for people: as wide as the terminal, or as its text asks where there is none."""
    from rich.console import Console
    from rich.table import Table

    wide = not sys.stdout.isatty()
    console = Console(file=sys.stdout, width=240 if wide else None, soft_wrap=wide, highlight=False)
    found = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", show_edge=False)
    data = [[shown(value) for value in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(data) and all(row[index].replace(".", "", 1).replace("-", "", 1).isdigit() for row in data)
        found.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in data:
        found.add_row(*(value.replace("[", "\\[") for value in row))
    console.print(found)
