"""When syncs are due: the configuration's cron expressions as schedules of DBOS, and moments that nobody was there for.

A moment of a schedule asks for a run. Moments that went by while no worker was up ask for one run together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from shoptide.config import Config
from shoptide.errors import ConfigError

if TYPE_CHECKING:
    from shoptide.serve.queue import Queue

# A moment this young may still be on its way: schedules are seen to up to ten seconds late, so that many don't meet.
ON_ITS_WAY = timedelta(seconds=30)


@dataclass(frozen=True)
class Schedule:
    """A cron expression of a sync; `asks` for a run, or else asks the push's trigger."""

    sync: str
    cron: str
    asks: bool = True

    @property
    def name(self) -> str:
        return self.sync if self.asks else f"{self.sync}.trigger"


def schedules_of(config: Config) -> list[Schedule]:
    """What the configuration schedules, pulls first."""
    found = [Schedule(f"pull.{each.name}", each.schedule) for each in config.pulls.values() if each.schedule]
    for push in config.pushes.values():
        if push.schedule:
            found.append(Schedule(f"push.{push.name}", push.schedule))
        if push.trigger:
            found.append(Schedule(f"push.{push.name}", push.trigger_schedule, asks=False))
    return found


def apply(config: Config, tick: Callable[..., str], watch: Callable[..., str]) -> None:
    """Make DBOS's schedules those of the configuration; what is right already is left alone. Raises ConfigError."""
    from dbos import DBOS

    zone = config.serve.timezone
    wanted = {each.name: each for each in schedules_of(config)}
    there: dict[str, Any] = {each["schedule_name"]: each for each in DBOS.list_schedules()}
    for name in there.keys() - wanted.keys():
        DBOS.delete_schedule(name)
    for name, each in wanted.items():
        held = there.get(name)
        if held is None or (held["schedule"], held.get("cron_timezone")) != (each.cron, zone):
            _apply_one(name, each, zone, tick if each.asks else watch)


def _apply_one(name: str, each: Schedule, zone: str, function: Callable[..., Any]) -> None:
    from dbos import DBOS
    from dbos._error import DBOSException

    try:
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": name,
                    "workflow_fn": function,
                    "schedule": each.cron,
                    "context": each.sync,
                    "cron_timezone": zone,
                }
            ]
        )
    except DBOSException as error:
        key = "schedule" if each.asks else "trigger_schedule"
        raise ConfigError(f"[{each.sync}] {key}: {each.cron!r} can't be scheduled: {error}") from None


def make_up(config: Config, queue: Queue, now: datetime) -> list[str]:
    """Ask for a run of each sync whose last moment nobody saw to; returns their names."""
    late = []
    for each in schedules_of(config):
        if not each.asks:
            continue
        state = queue.syncs.state(each.sync)
        if state.ticked_at is None:
            queue.syncs.ticked(each.sync, now)  # new here: its first moment is still to come
        elif state.paused_at is None and state.ticked_at < last_moment(each.cron, config.serve.timezone, now):
            queue.syncs.ticked(each.sync, now)
            queue.ask(each.sync, "moments of its schedule that went by")
            late.append(each.sync)
    return late


def last_moment(cron: str, timezone: str, now: datetime) -> datetime:
    """The last moment of a schedule that is certainly past."""
    from cronsim import CronSim

    moment: datetime = next(CronSim(cron, (now - ON_ITS_WAY).astimezone(ZoneInfo(timezone)), reverse=True))
    return moment.astimezone(UTC)
