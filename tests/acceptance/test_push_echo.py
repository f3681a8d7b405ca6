"""A push's own changes that come back, by a pull or a webhook: they are known, and start nothing again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from outbound_store import Project, opened

from shoptide.clock import SystemClock
from shoptide.config import PullConfig
from shoptide.inbound.pull import pull
from shoptide.outbound.echo import KEPT, changed_by_others, landed_by_others


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


def forward(project: Project, seconds: int) -> None:
    """Move the store's clock: its versions are whole seconds."""
    httpx2.post(f"{project.running.url}/_simulator/clock", json={"move": seconds}).raise_for_status()


def customers(project: Project, number: int = 3) -> list[str]:
    return [
        project.mutate(
            "customerCreate",
            f'input: {{email: "c{index}@example.com", phone: "+1613555010{index}", tags: ["b", "A{index}"]}}',
            "customer { id }",
        )["customer"]["id"]
        for index in range(number)
    ]


CONSENT = {"marketing_state": "SUBSCRIBED", "marketing_opt_in_level": "SINGLE_OPT_IN"}
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


def others(project: Project, table: str, run_id: str) -> set[str]:
    return landed_by_others(project.ledger, project.warehouse, project.client.domain, table, run_id)


@pytest.mark.parametrize("way", ["rows", "documents", "bulk"])
def test_what_a_push_wrote_is_told_from_what_others_changed(project: Project, way: str) -> None:
    """A pull brings both; only what others changed, made or deleted counts, however the push's rows left."""
    project.running.world.shop.settings["bulk_seconds"] = 0.05
    gids = customers(project, 4)
    assert others(project, "customers", pulled(project, "customers")) == set(gids)
    source = project.rows(*({"k": gid, "gid": gid, "note": "ours", "sms_marketing_consent": CONSENT} for gid in gids),
                          {"k": "new", "email": "new@example.com"})  # fmt: skip
    assert project.push(project.config("vip", "customers", "upsert", source, apply=way)).outcomes == {"applied": 5}
    forward(project, 60)
    project.mutate("customerUpdate", f'input: {{id: "{gids[0]}", note: "theirs"}}', "customer { id }")
    project.mutate("customerDelete", f'input: {{id: "{gids[1]}"}}', "deletedCustomerId")
    run_id = pulled(project, "customers")
    assert others(project, "customers", run_id) == {gids[0], gids[1]}
    assert others(project, "customers", "another run") == set()
    told = """select count(*) from shopify.customers c anti join shopify._shoptide_written_versions w
      on w.shop = c._shop and w.gid = c.gid and w.version = c.updated_at where c._deleted_at is null"""
    assert project.warehouse.run_query(told)[1] == [(1,)]


def test_own_deletions_and_orders_come_back_as_own(project: Project) -> None:
    """A deletion by mirror; orders and parcels by their own versions; another shop's record of that id is not ours."""
    line = {"title": "Engraving", "quantity": 1, "price": "5.00"}
    rows = [{"k": index, "line_items": [line]} for index in range(3)]
    config = project.config("o", "orders", "mirror", project.rows(*rows))
    assert project.push(config).outcomes == {"applied": 3}
    assert others(project, "orders", pulled(project, "orders")) == set()
    gone = project.states("o")["2"].gid
    assert gone is not None
    project.rows(*rows[:2])
    assert project.push(config).outcomes == {"applied": 1}
    run_id = pulled(project, "orders")
    assert project.warehouse.run_query("select gid from shopify.orders where _deleted_at is not null")[1] == [(gone,)]
    assert others(project, "orders", run_id) == set()
    assert changed_by_others(project.ledger, "other.myshopify.com", {gone: None}) == {gone}


def test_a_lost_answer_counts_as_a_change_of_others(project: Project) -> None:
    """Its version is not known: whoever reacts to it finds nothing to send."""
    project.fault(action="reset_after", operation="customerCreate", nth=1)
    config = project.config("vip", "customers", "upsert", project.rows({"k": 1, "email": "a@example.com"}))
    assert project.push(config).outcomes == {"applied": 1}
    gid = project.states("vip")["1"].gid
    assert others(project, "customers", pulled(project, "customers")) == {gid}
    assert project.push(config).unchanged == 1


def test_versions_are_forgotten_after_a_month(project: Project) -> None:
    """The ledger does not grow for ever, and the published table follows it."""
    config = project.config("vip", "customers", "upsert", project.rows({"k": 1, "email": "a@example.com"}))
    project.push(config)
    count = "select count(*) from shopify._shoptide_written_versions"
    assert project.warehouse.run_query(count)[1] == [(1,)]
    assert project.ledger.forget_written(project.ledger.clock.now() - KEPT) == 0
    assert project.ledger.forget_written(project.ledger.clock.now() + timedelta(seconds=1)) == 1
    project.push(config)
    assert project.warehouse.run_query(count)[1] == [(0,)]
