"""One table of shoptide.toml, read key by key: every mistake names its key, and what nothing asked for is refused."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shoptide.config import Secret
from shoptide.errors import ConfigError

DURATION = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds?|m|min|minutes?|h|hours?|d|days?)\s*$")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
LAST = re.compile(r"\bLW\b|\dL\b|\b[A-Z]{3}L\b")  # what DBOS, which keeps the schedules, does not know
KEPT_ELSEWHERE = ("env:", "file:", "keyring:")

Warn = Callable[[str], None]


def duration(text: str) -> timedelta | None:
    """`90s`, `10m`, `2h` as a span of time; None for other text."""
    found = DURATION.match(text)
    return timedelta(seconds=float(found[1]) * SECONDS[found[2][0]]) if found else None


@dataclass
class Section:
    """A table of the file, read key by key: what is left over at the end is unknown."""

    path: str
    values: dict[str, Any]
    base: Path
    warn: Warn
    asked: set[str] = field(default_factory=set)

    def wrong(self, key: str, reason: str, *, hint: str | None = None) -> ConfigError:
        return ConfigError(f"[{self.path}] {key}: {reason}", hint=hint)

    def take(self, key: str, kind: type | tuple[type, ...], name: str) -> Any:
        self.asked.add(key)
        value = self.values.get(key)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            raise self.wrong(key, f"must be {name}, not {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> str | None:
        value = self.take(key, str, "text")
        return default if value is None else str(value)

    def needed(self, key: str, example: str) -> str:
        value = self.text(key)
        if not value:
            meant = difflib.get_close_matches(key, [each for each in self.values if each not in self.asked], n=1)
            raise self.wrong(
                key, "is missing", hint=f"is {meant[0]} meant?" if meant else f"for example {key} = {example}"
            )
        return value

    def table(self, key: str, example: str) -> dict[str, object]:
        return self.take(key, dict, f"a table such as {example}") or {}

    def number(self, key: str) -> int | None:
        value = self.take(key, (int, str), "a whole number")
        if isinstance(value, str) and not value.isdigit():
            raise self.wrong(key, f"must be a whole number, not {value!r}")
        return None if value is None else int(value)

    def whole(self, key: str, default: int, *, least: int, most: int | None = None) -> int:
        value = self.number(key)
        if value is not None and (value < least or (most is not None and value > most)):
            bounds = f"at least {least}" if most is None else f"from {least} to {most}"
            raise self.wrong(key, f"must be {bounds}, not {value}")
        return default if value is None else value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.take(key, (list, str), "a list of texts")
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        if value is not None and not all(isinstance(each, str) for each in value):
            raise self.wrong(key, f"must be a list of texts, not {value!r}")
        return tuple(value or ())

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        value = (self.text(key, default) or default).lower()
        if value not in choices:
            raise self.wrong(key, f"{value!r} is none of {', '.join(choices)}", hint=near(value, choices))
        return value

    def duration(self, key: str, default: timedelta) -> timedelta:
        value = self.text(key)
        if value is None:
            return default
        found = duration(value)
        if found is None:
            raise self.wrong(key, f"{value!r} is no duration", hint='for example "10m", "90s" or "2h"')
        return found

    def cron(self, key: str) -> str | None:
        """A time table such as `*/15 * * * *`. It is checked where the extra that runs by it is installed."""
        value = self.text(key)
        if value is None:
            return None
        try:
            from cronsim import CronSim, CronSimError
        except ImportError:
            return value
        hint = 'minute, hour, day, month and weekday, for example "*/15 * * * *"'
        if LAST.search(value.upper()):
            raise self.wrong(key, f"{value!r}: last weekdays (LW, 5L) can't be scheduled", hint=hint)
        try:
            CronSim(value, datetime(2026, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            raise self.wrong(key, f"{value!r} is no cron expression: {error}", hint=hint) from None
        return value

    def timezone(self, key: str, default: str) -> str:
        value = self.text(key, default) or default
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise self.wrong(key, f"{value!r} is no time zone", hint='for example "Europe/Berlin"') from None
        return value

    def secret(self, key: str) -> Secret | None:
        value = self.text(key)
        return None if value is None else secret_of(self, key, value)

    def secrets(self, key: str) -> tuple[Secret, ...]:
        return tuple(secret_of(self, key, value) for value in self.texts(key))

    def below(self, key: str) -> dict[str, Section]:
        """The tables inside a table, by name."""
        value = self.take(key, dict, "a table") or {}
        found = {}
        for name, inner in value.items():
            if not isinstance(inner, dict):
                raise self.wrong(f"{key}.{name}", f"must be a table [{self.path}.{key}.{name}]".replace("[.", "["))
            found[name] = Section(f"{self.path}.{key}.{name}".lstrip("."), inner, self.base, self.warn)
        return found

    def finish(self) -> None:
        """Refuse keys that nothing asked for."""
        for key in self.values:
            if key not in self.asked:
                hint = near(key, self.asked) or f"known here: {', '.join(sorted(self.asked))}"
                where = f"[{self.path}] " if self.path else ""
                raise ConfigError(f"{where}{key}: unknown key", hint=hint)


def near(word: str, words: Any) -> str | None:
    found = difflib.get_close_matches(word, sorted(words), n=3, cutoff=0.6)
    return f"did you mean {', '.join(found)}?" if found else None


def secret_of(section: Section, key: str, value: str) -> Secret:
    kind, _, rest = value.partition(":")
    if kind == "env" and rest:
        found = os.environ.get(rest)
        if not found:
            raise section.wrong(key, f"the environment variable {rest} is not set", hint=f"export {rest}=…")
        return Secret(found.strip())
    if kind == "file" and rest:
        path = section.base / Path(rest).expanduser()
        try:
            return Secret(path.read_text(encoding="utf-8").strip())
        except (OSError, UnicodeError) as error:
            raise section.wrong(key, f"{path} can't be read: {error}") from None
    if kind == "keyring" and "/" in rest:
        return _from_keyring(section, key, rest)
    section.warn(f"[{section.path}] {key} stands in the file as it is: env:NAME or file:PATH keeps it out of it")
    return Secret(value)


def _from_keyring(section: Section, key: str, rest: str) -> Secret:
    service, _, user = rest.rpartition("/")
    try:
        import keyring  # type: ignore[import-not-found, unused-ignore]  # an extra
    except ImportError:
        raise section.wrong(key, "keyring: is not installed", hint="pip install 'shoptide[keyring]'") from None
    found = keyring.get_password(service, user)
    if not found:
        raise section.wrong(key, f"the keyring has nothing for {service}/{user}")
    return Secret(found)
