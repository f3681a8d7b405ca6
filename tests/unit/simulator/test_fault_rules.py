"""Rules for faults as text: what a flag says is the rule that its JSON would be."""

from __future__ import annotations

from typing import Any

import pytest

from shoptide.simulator.faults import ACTIONS, Faults, UnknownFault, rule_of


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("reset_after,operation=orderCreate,nth=3", {"action": "reset_after", "operation": "orderCreate", "nth": 3}),
        ("download:truncate,times=1", {"on": "download", "action": "truncate", "times": 1}),
        (
            "status,status=503,probability=0.1,seed=7",
            {"action": "status", "status": 503, "probability": 0.1, "seed": 7},
        ),
        ("status, status=503, every=2", {"action": "status", "status": 503, "every": 2}),
        ('{"action": "slow", "seconds": 2}', {"action": "slow", "seconds": 2}),
    ],
)
def test_text_becomes_a_rule(text: str, rule: dict[str, Any]) -> None:
    """Numbers are numbers, names are text."""
    assert rule_of(text) == rule


@pytest.mark.parametrize(
    "text",
    ["", "explode", "moon:reset", "reset,nth", "reset,nth=x", "reset,nth=1.5", "status", "{", "reset,colour=red"],
)
def test_text_nobody_can_follow_is_refused(text: str) -> None:
    """UnknownFault, whatever is wrong with it."""
    with pytest.raises(UnknownFault):
        rule_of(text)


def test_rule_strikes_its_place_and_operation_only() -> None:
    """Other places and names are not counted."""
    faults = Faults()
    faults.set([rule_of("reset,operation=orderCreate,nth=2"), rule_of("download:truncate")])
    assert faults.strike("graphql", ["orderUpdate"]) is None
    assert faults.strike("graphql", ["orderCreate", "Push"]) is None
    assert (struck := faults.strike("graphql", ["orderCreate"])) is not None
    assert struck.action == "reset"
    assert faults.strike("download", ["results/1"]) is not None
    assert [(rule["seen"], rule["struck"]) for rule in faults.report()] == [(2, 1), (1, 1)]


def test_rule_strikes_no_more_often_than_told() -> None:
    """`times` ends it, `every` spaces it."""
    faults = Faults()
    faults.set([rule_of("reset,every=2,times=2")])
    assert [faults.strike("graphql", []) is not None for _ in range(8)] == [False, True, False, True, *[False] * 4]


def test_every_place_has_actions() -> None:
    """What the reference of faults lists is what rules may say."""
    assert {"graphql", "bulk", "line", "download", "upload", "token"} <= set(ACTIONS)
