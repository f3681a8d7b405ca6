"""What people do to syncs by hand: pause, resume, cancel, run now. For the command line and the management pages."""

from __future__ import annotations

from shoptide.config import Config
from shoptide.errors import UsageError
from shoptide.ledger import Ledger
from shoptide.ledger.syncs import Syncs
from shoptide.serve.queue import open_queue


def sync_named(config: Config, name: str) -> str:
    """`store` or `pull.store` → `pull.store`. Raises UsageError for none, or for a pull and a push of one name."""
    all_syncs = [*(f"pull.{each}" for each in config.pulls), *(f"push.{each}" for each in config.pushes)]
    found = [each for each in all_syncs if name in (each, each.partition(".")[2])]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{name} is a pull and a push", hint=f"say {' or '.join(found)}")
    raise UsageError(f"there is no pull or push {name}", hint=f"there are {', '.join(all_syncs) or 'none yet'}")


def pause(ledger: Ledger, sync: str) -> None:
    """Begin no more runs of it by schedule, trigger or pull; one that is under way goes on."""
    Syncs(ledger).pause(sync)


def resume(ledger: Ledger, sync: str) -> None:
    """Let it run again from its next moment on."""
    Syncs(ledger).resume(sync)


def cancel(config: Config, ledger: Ledger, sync: str) -> str:
    """End the run that is under way, in good order, and take back one that waits; says what there was to cancel."""
    syncs = Syncs(ledger)
    try:
        with open_queue(config, ledger) as queue:
            withdrawn = queue.withdraw(sync)
    except UsageError:
        withdrawn = 0
    if is_running(ledger, sync):
        syncs.cancel(sync)
        return "the run under way is told to end"
    return "the run that waited is taken back" if withdrawn else "nothing was under way"


def run_now(config: Config, ledger: Ledger, sync: str) -> bool:
    """Queue a run, also of a paused sync; returns False when one waits already. Raises UsageError without workers."""
    with open_queue(config, ledger) as queue:
        return queue.ask(sync, "asked for by hand")


def is_running(ledger: Ledger, sync: str) -> bool:
    """Whether a run of it has begun and not ended; of a run that was killed this says so until its next one."""
    kind, _, name = sync.partition(".")
    last = next((run for run in ledger.runs(name=name, limit=50) if run.kind == kind), None)
    return last is not None and last.outcome is None
