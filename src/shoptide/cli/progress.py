"""Long work shown on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import Any

from shoptide.cli import output
from shoptide.cli.app import Flags

EVERY = 5.0  # seconds between plain lines of one piece of work


class Progress:
    """Pieces of work by name; quiet shows nothing."""

    def __init__(self, flags: Flags) -> None:
        self.flags = flags
        self.bars: Any = None
        self.tasks: dict[str, Any] = {}
        self.said: dict[str, float] = {}
        self.expected: dict[str, int | None] = {}

    def __enter__(self) -> Progress:
        if sys.stderr.isatty() and not self.flags.quiet:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self.bars = Bars(*columns, console=Console(stderr=True), transient=True)
            self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars is not None:
            self.bars.stop()

    def say(self, text: str) -> None:
        if self.bars is not None:
            self.bars.console.print(text, highlight=False, markup=False)
        else:
            output.note(self.flags, text)

    def start(self, name: str, text: str, expected: int | None) -> None:
        self.expected[name] = expected
        self.said[name] = time.monotonic()
        self.say(f"{name}: {text}")
        self.finish(name)  # a stream whose pages were too many begins anew
        if self.bars is not None:
            self.tasks[name] = self.bars.add_task(name, total=expected)

    def advance(self, name: str, done: int) -> None:
        if self.bars is not None and name in self.tasks:
            self.bars.update(self.tasks[name], completed=done)
        elif time.monotonic() - self.said.get(name, 0.0) >= EVERY:
            self.said[name] = time.monotonic()
            total = self.expected.get(name)
            self.say(f"{name}: {done}{f' of {total}' if total else ''}")

    def finish(self, name: str) -> None:
        if self.bars is not None and name in self.tasks:
            self.bars.remove_task(self.tasks.pop(name))

    def fail(self, name: str, reason: str) -> None:
        self.finish(name)
        self.say(f"{name} failed: {reason}")
