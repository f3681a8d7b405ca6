"""When syncs are due, and how a schedule that can't be is named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from shoptide.config import Config
from shoptide.config_file import load_config
from shoptide.errors import ConfigError, UsageError
from shoptide.serve.control import sync_named
from shoptide.serve.schedules import Schedule, last_moment, schedules_of

FILE = """
[shop.main]
name = "acme"
access_token = "shpat_x"
[pull.store]
streams = ["customers"]
schedule = "*/15 * * * *"
[push.vip]
object = "customers"
strategy = "upsert"
source = "vip.csv"
key = "id"
match = ["email"]
"""


def read(path: Path, extra: str = "") -> Config:
    (path / "shoptide.toml").write_text(FILE + extra)
    return load_config(path / "shoptide.toml", environment={})


def test_schedules_and_triggers_are_told_apart(tmp_path: Path) -> None:
    """A push may have both: one asks for a run, the other asks its query first."""
    config = read(tmp_path, 'schedule = "0 3 * * *"\ntrigger = "select count(*) from crm.vip"\nafter = ["store"]\n')
    assert schedules_of(config) == [
        Schedule("pull.store", "*/15 * * * *"),
        Schedule("push.vip", "0 3 * * *"),
        Schedule("push.vip", "* * * * *", asks=False),
    ]
    assert config.pushes["vip"].after == ("store",)


@pytest.mark.parametrize("cron", ["61 * * * *", "* * * *", "daily", "0 0 LW * *", "0 0 * * 5L"])
def test_a_wrong_schedule_names_its_key(tmp_path: Path, cron: str) -> None:
    """With an example of a right one."""
    with pytest.raises(ConfigError, match=r"\[push.vip\] schedule: ") as refused:
        read(tmp_path, f'schedule = "{cron}"\n')
    assert "*/15" in str(refused.value.hint)


def test_a_time_zone_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Cron expressions are read in it."""
    with pytest.raises(ConfigError, match=r"\[serve\] timezone: 'Mars/Olympus' is no time zone"):
        read(tmp_path, '[serve]\ntimezone = "Mars/Olympus"\n')


def test_a_push_follows_a_pull_that_is_there(tmp_path: Path) -> None:
    """A name that is not configured is an error with the near one."""
    with pytest.raises(ConfigError, match=r"\[push.vip\] after: 'stor'") as refused:
        read(tmp_path, 'after = ["stor"]\n')
    assert "store" in str(refused.value.hint)


def test_the_last_moment_is_reckoned_in_the_time_zone() -> None:
    """Three in the morning in Berlin is two in UTC in winter; what is seconds old may still be on its way."""
    now = datetime(2026, 11, 28, 2, 0, 10, tzinfo=UTC)
    assert last_moment("0 3 * * *", "Europe/Berlin", now) == datetime(2026, 11, 27, 2, 0, tzinfo=UTC)
    assert last_moment("0 3 * * *", "UTC", now) == datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
    assert last_moment("*/15 * * * *", "UTC", now) == datetime(2026, 11, 28, 1, 45, tzinfo=UTC)


def test_a_sync_is_named_alone_or_with_its_kind(tmp_path: Path) -> None:
    """Where a pull and a push have one name, the kind has to be said."""
    config = read(tmp_path)
    assert (sync_named(config, "store"), sync_named(config, "push.vip")) == ("pull.store", "push.vip")
    both = read(tmp_path, '[pull.vip]\nstreams = "all"\n')
    with pytest.raises(UsageError, match="vip is a pull and a push"):
        sync_named(both, "vip")
    with pytest.raises(UsageError, match="there is no pull or push nothing"):
        sync_named(both, "nothing")
