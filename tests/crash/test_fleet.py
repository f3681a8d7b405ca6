"""Several workers on one Postgres ledger, killed at random: all is done, nothing twice, one writer a shop at a time.

A short form of bench/serve_fleet.py, which `make bench-fleet` runs with 50 shops.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def fleet() -> ModuleType:
    """The benchmark as a module."""
    path = Path(__file__).parents[2] / "bench" / "serve_fleet.py"
    spec = importlib.util.spec_from_file_location("serve_fleet", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["serve_fleet"] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def test_killed_workers_leave_nothing_undone_and_nothing_doubled(fleet: ModuleType) -> None:
    """Three workers, four shops: every run ends well, every order is there once."""
    told = fleet.play(4, 3, 16.0, 4.0, later=False)
    assert (told.double_writers, told.doubled_orders, told.missing_orders, told.unfinished_runs) == (0, 0, 0, 0)
    assert told.killed > 0
    assert told.mutations >= 4 * fleet.FIRST
    assert told.runs >= 8


def test_two_writers_at_a_time_would_be_seen(fleet: ModuleType) -> None:
    """What counts them is no blind eye: of two that meet in one shop it tells, of two in two shops it doesn't."""
    watch = fleet.Watch(None)
    with watch.writing("a", "worker-1"), watch.writing("b", "worker-2"), watch.writing("a", "worker-1"):
        assert watch.doubles == []
        with watch.writing("a", "worker-2"):
            assert [shop for shop, _ in watch.doubles] == ["a"]
    with watch.writing("a", "worker-2"):
        assert len(watch.doubles) == 1
