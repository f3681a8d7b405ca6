"""A first push of many rows: what they mean is found by one read of the store's records, as safely as by asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

from shoptide.outbound.planning import Plan

ROWS = 6_000
SOURCE = """select 'k' || i as k, ' C' || i || '@Example.com' as email, '+1613555' || lpad(i::varchar, 4, '0') as phone
  from range({rows}) t(i)"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path, leaping=True) as found:
        found.running.world.shop.settings["bulk_seconds"] = 0.05
        yield found


def customer(project: Project, fields: str) -> str:
    gid: str = project.mutate("customerCreate", f"input: {{{fields}}}", "customer { id }")["customer"]["id"]
    return gid


def planned(project: Project, match: tuple[str, ...] = ("email",)) -> tuple[Plan, float]:
    """A plan of all rows, and the points it cost."""
    before = project.client.meter.snapshot()
    config = project.config("vip", "customers", "upsert", SOURCE.format(rows=ROWS), match=match)
    return project.plan(config), (project.client.meter.snapshot() - before).cost


def updates(found: Plan) -> dict[str, str | None]:
    return {row.key: row.gid for row in found.rows if row.action == "update"}


def test_many_new_rows_cost_few_points(project: Project) -> None:
    """What is there is found whatever its spelling and by each match key, and the plan says which way it took."""
    by_email = {f"k{i}": customer(project, f'email: "c{i}@example.com"') for i in range(0, 40, 2)}
    by_phone = {f"k{i}": customer(project, f'phone: "+1613555{i:04}"') for i in range(1, 40, 2)}
    found, cost = planned(project, ("email", "phone"))
    assert found.counts() == {"update": 40, "create": ROWS - 40}
    assert updates(found) == by_email | by_phone
    assert cost < 250
    assert any("to read all 40 customers: all were read" in note for note in found.notes)


def test_who_came_while_the_store_was_read_is_found(project: Project) -> None:
    """A customer made after the bulk operation ended is in the list of the latest changes."""
    execute = project.client.execute
    came: list[str] = []

    def late(document: str, variables: Any = None, **options: Any) -> Any:
        if "sortKey: UPDATED_AT" in document and not came:
            came.append("")
            came[0] = customer(project, 'email: "c77@example.com"')
        return execute(document, variables, **options)

    project.client.execute = late  # type: ignore[method-assign]
    found, _cost = planned(project)
    assert updates(found) == {"k77": came[0]}


@pytest.mark.parametrize("action", ["fail", "wrong_counts"])
def test_where_the_read_fails_each_row_is_asked_for(project: Project, action: str) -> None:
    """It takes longer, and finds the same."""
    gid = customer(project, 'email: "c5@example.com"')
    project.fault(on="bulk", action=action, operation="query")
    found, cost = planned(project)
    assert updates(found) == {"k5": gid}
    assert cost > ROWS * 0.9
    assert any("came to nothing" in note for note in found.notes)
