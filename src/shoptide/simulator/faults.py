"""Faults on request: rules that say which calls go wrong and how. Which call a rule strikes is decided here;
`disturbance` makes it happen on the wire.

A rule is a JSON object: `action` (below), `on` (`graphql`, `bulk`, `download`, `upload`, `token`; graphql if absent),
`operation` (an operation's name or root field; absent: any), `nth` (the nth matching call, counted from 1), `every`,
`times` (how often at most), `probability` with `seed`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

Rule = dict[str, Any]

ACTIONS: dict[str, frozenset[str]] = {
    "graphql": frozenset(
        {
            "refuse",
            "reset",
            "reset_after",
            "timeout",
            "timeout_after",
            "status",
            "internal_error",
            "partial",
            "slow",
            "throttle",
        }
    ),
    "bulk": frozenset({"stuck", "fail", "wrong_counts"}),
    "download": frozenset({"truncate", "corrupt", "reset", "status", "slow"}),
    "upload": frozenset({"reset", "status", "slow"}),
    "token": frozenset({"reset", "status", "slow"}),
}
KNOWN = frozenset(
    {
        "action",
        "on",
        "operation",
        "nth",
        "every",
        "times",
        "probability",
        "seed",
        "status",
        "seconds",
        "code",
        "field",
        "bytes",
    }
)


class UnknownFault(ValueError):  # noqa: N818  # the reader's word for it
    """A rule nobody can follow; the message names what is wrong with it."""


@dataclass
class Standing:
    """A rule with its counts."""

    rule: Rule
    random: random.Random
    seen: int = 0
    struck: int = 0

    def matches(self, point: str, names: Iterable[str]) -> bool:
        wanted = self.rule.get("operation")
        return bool(self.rule.get("on", "graphql") == point and (wanted is None or wanted in names))

    def strikes(self) -> bool:
        self.seen += 1
        times = self.rule.get("times")
        if times is not None and self.struck >= times:
            return False
        if not self._due():
            return False
        self.struck += 1
        return True

    def _due(self) -> bool:
        rule = self.rule
        if "nth" in rule:
            return bool(self.seen == rule["nth"])
        if "every" in rule:
            return bool(self.seen % rule["every"] == 0)
        return bool(self.random.random() < rule.get("probability", 1.0))


@dataclass(frozen=True)
class Fault:
    """What goes wrong with this one call."""

    rule: Rule

    @property
    def action(self) -> str:
        return str(self.rule["action"])

    @property
    def seconds(self) -> float:
        return float(self.rule.get("seconds", 30))


@dataclass
class Faults:
    """The rules of a shop, in the order they were given; the first that is due strikes."""

    standing: list[Standing] = field(default_factory=list)

    def set(self, rules: Iterable[Rule]) -> None:
        self.standing = [Standing(checked(rule), random.Random(rule.get("seed", 0))) for rule in rules]  # noqa: S311  # reproducible

    def strike(self, point: str, names: Iterable[str]) -> Fault | None:
        names = set(names)
        for standing in self.standing:
            if standing.matches(point, names) and standing.strikes():
                return Fault(standing.rule)
        return None

    def report(self) -> list[Rule]:
        return [{**one.rule, "seen": one.seen, "struck": one.struck} for one in self.standing]


def checked(rule: Rule) -> Rule:
    """The rule itself; raises UnknownFault."""
    if not isinstance(rule, dict) or "action" not in rule:
        raise UnknownFault(f"a fault is an object with an action, not {rule!r}")
    point = rule.get("on", "graphql")
    if point not in ACTIONS:
        raise UnknownFault(f"on {point!r}: choose one of {', '.join(ACTIONS)}")
    if rule["action"] not in ACTIONS[point]:
        raise UnknownFault(f"action {rule['action']!r} on {point}: choose one of {', '.join(sorted(ACTIONS[point]))}")
    if unknown := set(rule) - KNOWN:
        raise UnknownFault(f"unknown keys {', '.join(sorted(unknown))}: a fault has {', '.join(sorted(KNOWN))}")
    if rule["action"] == "status" and not isinstance(rule.get("status"), int):
        raise UnknownFault("action 'status' needs the HTTP status, such as 503")
    return rule
