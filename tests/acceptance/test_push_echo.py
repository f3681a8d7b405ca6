"""A push's own changes that come back, by a pull or a webhook: they are known, and start nothing again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

from shoptide.clock import SystemClock
from shoptide.config import PullConfig
from shoptide.inbound.pull import pull


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def pulled(project: Project, *streams: str) -> str:
    """Pull, and the run's id."""
    report = pull(
        PullConfig("store", "main", streams),
        client=project.client,
        warehouse=project.warehouse,
        ledger=project.ledger,
        clock=SystemClock(),
        spool=project.base / "spool",
    )
    assert [each.error for each in report.failed] == []
    return report.run_id


def customers(project: Project, number: int = 3) -> list[str]:
    return [
        project.mutate(
            "customerCreate",
            f'input: {{email: "c{index}@example.com", phone: "+1613555010{index}", tags: ["b", "A{index}"]}}',
            "customer { id }",
        )["customer"]["id"]
        for index in range(number)
    ]


# What each row says next is made of what the store says now: tags grow, spellings differ from what is kept.
GROWING = """select gid as k, gid, list_concat(['vip', 'Zoo, loud'], tags::varchar[]) as tags, upper(email) as email,
  '(613) 555-010' || right(email[:2], 1) as phone from shopify.customers where _deleted_at is null"""


def test_a_source_that_reads_what_it_wrote_comes_to_rest(project: Project) -> None:
    """Pull, push, pull, push: what the store made of the values is no change."""
    customers(project)
    config = project.config("vip", "customers", "update", GROWING)
    pulled(project, "customers")
    assert project.push(config).outcomes == {"applied": 3}
    for _turn in range(2):
        pulled(project, "customers")
        again = project.push(config)
        assert (again.outcomes, again.unchanged) == ({}, 3)
        assert again.cost < 3  # at most the shop's country, to read phone numbers by
    held: Any = project.ask("{ customers(first: 1) { nodes { tags } } }")["customers"]["nodes"][0]["tags"]
    assert sorted(held) == ["A0", "Zoo", "b", "loud", "vip"]
