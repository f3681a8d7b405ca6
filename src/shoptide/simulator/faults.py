"""Faults on request: rules that say which calls go wrong and how. Which call a rule strikes is decided here;
`disturbance` makes it happen on the wire, `bulk_worker` inside a bulk operation.

A rule is a JSON object, or the same as text: `reset_after,operation=orderCreate,nth=3`, `download:truncate,times=1`.
Its keys: `action` (ACTIONS), `on` (where it strikes, graphql if absent), `operation` (an operation's name or root
field; of a bulk operation also `query` or `mutation`; absent: any), `nth` (the nth matching call, counted from 1),
`every`, `times` (how often at most), `probability` with `seed`, and what the action needs: `status`, `retry_after`,
`seconds`, `code`, `field` (with dots: `orders.nodes.0.customer`), `bytes`, `lines`, `by`. Of a webhook `operation` is
its topic, `by` how many more copies are sent, or how many later deliveries overtake it at most.
"""

from __future__ import annotations

import json
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
            "status_after",
            "internal_error",
            "internal_error_before",
            "partial",
            "slow",
            "throttle",
        }
    ),
    "bulk": frozenset({"stuck", "slow", "fail", "cancel", "wrong_counts", "lose_lines"}),
    "line": frozenset({"internal_error", "internal_error_before"}),
    "download": frozenset({"truncate", "corrupt", "refuse", "reset", "timeout", "status", "slow"}),
    "upload": frozenset({"refuse", "reset", "reset_after", "timeout", "status", "slow"}),
    "token": frozenset({"refuse", "reset", "timeout", "status", "slow"}),
    "webhook": frozenset({"lose", "duplicate", "delay", "disorder"}),
}
# What each key of a rule holds; keys of an action are checked when the rule is given, not when it strikes.
KEYS: dict[str, tuple[type, ...]] = {
    "action": (str,),
    "on": (str,),
    "operation": (str,),
    "nth": (int,),
    "every": (int,),
    "times": (int,),
    "probability": (int, float),
    "seed": (int, str),
    "status": (int,),
    "retry_after": (int, float),
    "seconds": (int, float),
    "code": (str,),
    "field": (str,),
    "bytes": (int,),
    "lines": (int,),
    "by": (int,),
}
CODES = frozenset({"ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "TIMEOUT"})


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
    random: random.Random = field(default_factory=random.Random)  # the rule's own, seeded

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
                return Fault(standing.rule, standing.random)
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
    if unknown := set(rule) - set(KEYS):
        raise UnknownFault(f"unknown keys {', '.join(sorted(unknown))}: a fault has {', '.join(KEYS)}")
    _check_values(rule)
    return rule


def _check_values(rule: Rule) -> None:
    for key, value in rule.items():
        if not isinstance(value, KEYS[key]) or isinstance(value, bool):
            raise UnknownFault(f"{key} of a fault is {_described(KEYS[key])}, not {value!r}")
    for key in ("nth", "every", "times"):
        if key in rule and rule[key] < 1:
            raise UnknownFault(f"{key} of a fault counts from 1, not {rule[key]}")
    if not 0 <= rule.get("probability", 1) <= 1:
        raise UnknownFault(f"probability of a fault is between 0 and 1, not {rule['probability']}")
    if rule["action"] in ("status", "status_after") and not 400 <= rule.get("status", 0) <= 599:
        raise UnknownFault(f"action {rule['action']!r} needs the HTTP status of an error, such as status=503")
    if rule.get("code", "TIMEOUT") not in CODES:
        raise UnknownFault(f"code {rule['code']!r}: an operation fails with one of {', '.join(sorted(CODES))}")


def _described(kinds: tuple[type, ...]) -> str:
    return (
        "text"
        if kinds == (str,)
        else "a number"
        if float in kinds
        else "a whole number"
        if kinds == (int,)
        else "a seed"
    )


def rule_of(text: str) -> Rule:
    """A rule as a flag gives it: JSON, or `on:action,key=value,…`. Raises UnknownFault."""
    if text.lstrip().startswith("{"):
        try:
            return checked(json.loads(text))
        except ValueError as error:
            if isinstance(error, UnknownFault):
                raise
            raise UnknownFault(f"{text!r} is no JSON: {error}") from None
    head, *rest = [part.strip() for part in text.split(",")]
    point, colon, action = head.rpartition(":")
    rule: Rule = {"on": point, "action": action} if colon else {"action": action}
    for part in rest:
        key, equals, value = part.partition("=")
        if not equals:
            raise UnknownFault(f"{part!r} in {text!r} is no key=value")
        rule[key] = _number(value) if key in KEYS and KEYS[key] != (str,) else value
    return checked(rule)


def _number(value: str) -> Any:
    for convert in (int, float):
        try:
            return convert(value)
        except ValueError:
            continue
    return value
