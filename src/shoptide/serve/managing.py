"""The management side as a part of a process: its controls on the queue, its gauges, its readiness."""

from __future__ import annotations

from collections.abc import Callable

from shoptide.clock import Clock
from shoptide.config import Config
from shoptide.errors import ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.inbox import Inbox
from shoptide.ledger.syncs import Syncs
from shoptide.serve import control
from shoptide.serve.access import Keys
from shoptide.serve.http import HttpPart
from shoptide.serve.management import Management, management_app
from shoptide.serve.metrics import Metrics

UNSETTLED = ("waiting", "again")  # of the inbox's states


class SyncControls:
    """What is asked of syncs by HTTP, done as the command line does it."""

    def __init__(self, config: Config, ledger: Ledger) -> None:
        self.config, self.ledger = config, ledger

    def run(self, sync: str) -> str:
        asked = control.run_now(self.config, self.ledger, sync)
        return "queued" if asked else "a run waits already"

    def pause(self, sync: str) -> str:
        control.pause(self.ledger, sync)
        return "paused"

    def resume(self, sync: str) -> str:
        control.resume(self.ledger, sync)
        return "resumed"

    def cancel(self, sync: str) -> str:
        return control.cancel(self.config, self.ledger, sync)

    def paused(self) -> set[str]:
        return {name for name, state in Syncs(self.ledger).states().items() if state.paused_at is not None}


def management_part(
    config: Config,
    ledger: Ledger,
    clock: Clock,
    *,
    stopping: Callable[[], bool],
    fail: Callable[[BaseException], None],
) -> HttpPart:
    """The part that answers on [serve] manage_host and manage_port."""
    serve = config.serve
    side = Management(
        config,
        ledger,
        clock,
        Keys(clock, serve.token, serve.password_hash),
        SyncControls(config, ledger),
        Metrics(config, ledger, clock, gauges(ledger)),
        lambda: not_ready(ledger, stopping),
        serve.manage_names,
    )
    return HttpPart("management", management_app(side), serve.manage_host, serve.manage_port, clock=clock, fail=fail)


def gauges(ledger: Ledger) -> dict[str, Callable[[], float]]:
    """Numbers of the process's surroundings, read at each scrape."""
    inbox, syncs = Inbox(ledger), Syncs(ledger)

    def depth(*states: str) -> float:
        found = inbox.depth()
        return float(sum(found.get(state, 0) for state in states))

    return {
        "inbox_depth": lambda: depth(*UNSETTLED),
        "inbox_failed": lambda: depth("failed"),
        "workers": lambda: float(sum(syncs.lives(each.id) for each in syncs.workers())),
    }


def not_ready(ledger: Ledger, stopping: Callable[[], bool]) -> str | None:
    """Why the process can't do its work now; None when it can."""
    if stopping():
        return "stopping"
    try:
        ledger.runs(limit=1)
    except ShoptideError as error:
        return error.message
    return None
