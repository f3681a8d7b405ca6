"""What keeps a push from doing harm: guards, plans applied exactly, conflicts, waiting rows, limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

from shoptide.config import PushConfig
from shoptide.errors import UsageError
from shoptide.outbound.plan_files import plan_document


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def vip(project: Project, *rows: dict[str, Any], strategy: str = "upsert", **settings: Any) -> PushConfig:
    return project.config("vip", "customers", strategy, project.rows(*rows), match=("email",), **settings)


def row(number: int, **values: Any) -> dict[str, Any]:
    return {"k": f"k{number}", "email": f"c{number}@example.com", "note": f"n{number}"} | values


def notes(project: Project) -> dict[str, Any]:
    shop = project.running.world.shop
    with shop.lock:
        return {record["email"].partition("@")[0]: record["note"] for record in shop.table("Customer")}


def changed_in_store(project: Project, number: int, note: str) -> None:
    gid = project.states("vip")[f"k{number}"].gid
    project.mutate("customerUpdate", f'input: {{ id: "{gid}", note: "{note}" }}', "customer { id }")


# deletions


def test_a_source_that_shrank_by_more_than_half_stops_and_asks(project: Project) -> None:
    """Nothing is sent until somebody agrees; half or less is an ordinary day."""
    project.push(vip(project, *map(row, range(10)), strategy="mirror"))
    less = vip(project, *map(row, range(4)), strategy="mirror")
    assert "the source lost 6 of the 10 records" in project.plan(less).notes[0]
    with pytest.raises(UsageError, match="lost 6 of the 10 records that push vip made or changed: nothing was sent"):
        project.push(less)
    asked: list[str] = []

    def no(question: str) -> bool:
        asked.append(question)
        return False

    with pytest.raises(UsageError):
        project.push(less, confirm=no)
    assert project.count("Customer") == 10
    assert project.push(less, confirm=lambda _question: True).outcomes == {"applied": 6}
    assert "lost 6 of the 10" in asked[0]
    assert project.push(vip(project, *map(row, range(2)), strategy="mirror")).outcomes == {"applied": 2}


def test_the_limit_counts_writes_and_leaves_the_rest_for_the_next_run(project: Project) -> None:
    """Five rows, two a run."""
    config = vip(project, *map(row, range(5)))
    assert [project.push(config, limit=2).outcomes for _ in range(4)] == [{"applied": 2}, {"applied": 2},
                                                                         {"applied": 1}, {}]  # fmt: skip


def test_the_time_limit_leaves_the_rest_for_the_next_run(project: Project) -> None:
    """Rows that were not sent are delayed, and not lost."""
    config = vip(project, *map(row, range(300)))
    project.fault(action="slow", operation="customerCreate", seconds=0.1)
    report = project.push(config, apply="rows", time_limit=timedelta(seconds=1.0))
    assert report.outcomes["applied"] >= 8
    assert sum(report.outcomes.values()) == 300
    assert set(report.outcomes) == {"applied", "delayed"}
    assert report.outcome == "incomplete"
    assert "time limit" in report.notes[-1]
    assert project.count("Customer") == report.outcomes["applied"]
    project.fault(action="slow", operation="customerCreate", nth=10**9)
    assert project.push(config, apply="documents").outcomes == {"applied": 300 - report.outcomes["applied"]}
    assert project.count("Customer") == 300


# plans


def test_a_plan_is_applied_exactly_and_what_changed_since_is_refused(project: Project) -> None:
    """A changed row, a new one and one that left are not touched; the others are."""
    project.push(vip(project, *map(row, range(4))))
    document = json.loads(
        json.dumps(plan_document(project.plan(vip(project, *(row(i, note="new") for i in range(4))))))
    )
    now = vip(project, row(0, note="new"), row(1, note="newer"), row(3, note="new"), row(9))
    changed_elsewhere = project.push(replace(now, source=project.rows(row(3, note="between"))))
    assert changed_elsewhere.outcomes == {"applied": 1}
    now = vip(project, row(0, note="new"), row(1, note="newer"), row(3, note="new"), row(9))
    report = project.push(now, plan=document)
    assert report.outcomes == {"applied": 1, "skipped": 3}
    assert notes(project) == {"c0": "new", "c1": "n1", "c2": "n2", "c3": "between"}


def test_a_live_plan_is_applied_against_the_store_as_it_was_seen(project: Project) -> None:
    """What the store lost in the meantime is part of the plan; a later change of it is not overwritten unseen."""
    project.push(vip(project, *map(row, range(3))))
    for number in range(2):
        changed_in_store(project, number, "by hand")
    rows = [row(number, last_name="L") for number in range(3)]
    found = project.plan(vip(project, *rows), live=True)
    assert {each.key: set(each.changes) for each in found.rows} == {
        "k0": {"note", "lastName"}, "k1": {"note", "lastName"}, "k2": {"lastName"},
    }  # fmt: skip
    assert {each.key for each in found.rows if each.conflicts} == {"k0", "k1"}
    document = json.loads(json.dumps(plan_document(found)))
    changed_in_store(project, 1, "by hand again")
    assert project.push(vip(project, *rows), plan=document).outcomes == {"applied": 2, "skipped": 1}
    assert notes(project) == {"c0": "n0", "c1": "by hand again", "c2": "n2"}


@pytest.mark.parametrize("wrong", [{"push": "other"}, {"shop": "elsewhere.myshopify.com"}, {"strategy": "mirror"}])
def test_a_plan_of_something_else_is_refused(project: Project, wrong: dict[str, str]) -> None:
    """With what it is for."""
    config = vip(project, row(1))
    document = plan_document(project.plan(config)) | wrong
    with pytest.raises(UsageError, match=next(iter(wrong.values()))):
        project.push(config, plan=document)


# conflicts


def test_records_changed_in_the_store_are_skipped_overwritten_or_stop_the_push(project: Project) -> None:
    """As configured; a field that nobody touched is no conflict, and neither is one that has the new value already."""
    project.push(vip(project, *map(row, range(3))))
    changed_in_store(project, 0, "by hand")
    changed_in_store(project, 1, "new")
    rows = [row(number, note="new") for number in range(3)]
    with pytest.raises(UsageError, match="1 records of push vip were changed in the store since the last push: k0"):
        project.push(vip(project, *rows, on_conflict="stop"))
    report = project.push(vip(project, *rows, on_conflict="skip"))
    assert report.outcomes == {"applied": 2, "skipped": 1}
    assert notes(project)["c0"] == "by hand"
    assert project.push(vip(project, *rows)).outcomes == {"applied": 1}
    assert set(notes(project).values()) == {"new"}


# rows that were refused


class Later:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 10, 1, 12, tzinfo=timezone.utc)  # noqa: UP017  # one spelling with the package

    def now(self) -> datetime:
        return self.at


def test_a_row_that_is_refused_again_and_again_waits_longer_each_time(project: Project) -> None:
    """At once, after five minutes, after fifteen; a change or --retry sends it at once."""
    clock = project.ledger.store.clock = Later()  # type: ignore[assignment]  # only now() is asked
    config = vip(project, row(1, email="nonsense"))

    def calls() -> int:
        report = project.push(config)
        assert report.outcomes == {"rejected": 1}
        return report.calls

    assert calls() > 0  # the first time
    assert calls() > 0  # the next run
    assert calls() == 0  # refused twice: not before five minutes are over
    assert "refused 2 times" in str(project.plan(config).rows[0].reason)
    clock.at += timedelta(minutes=6)
    assert calls() > 0
    clock.at += timedelta(minutes=6)
    assert calls() == 0
    assert project.push(config, retry="rejected").calls > 0
    assert project.push(vip(project, row(1))).outcomes == {"applied": 1}


def test_a_row_is_skipped_once_or_always(project: Project) -> None:
    """Once means the next run."""
    config = vip(project, row(1), row(2))
    project.push(config)
    changed = vip(project, row(1, note="x"), row(2, note="x"))
    project.ledger.order("vip", ["k1"], "skip_once")
    project.ledger.order("vip", ["k2"], "skip_always")
    assert project.push(changed).outcomes == {"skipped": 2}
    assert project.push(changed).outcomes == {"applied": 1, "skipped": 1}
    assert project.push(changed).outcomes == {"skipped": 1}


def test_a_column_that_left_the_source_changes_nothing_and_is_forgotten(project: Project) -> None:
    """The rows are looked at once; from then on DuckDB knows them as unchanged."""
    project.push(vip(project, row(1), row(2)))
    fewer = vip(project, {"k": "k1", "email": "c1@example.com"}, {"k": "k2", "email": "c2@example.com"})
    assert project.push(fewer).unchanged == 2
    hashes = {state.hash for state in project.states("vip").values()}
    assert project.plan(fewer).rehashed == []
    assert project.push(fewer).unchanged == 2
    assert {state.hash for state in project.states("vip").values()} == hashes
