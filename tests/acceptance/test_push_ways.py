"""The three ways a push's writes leave: row by row, in common documents, in files of bulk mutations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

from shoptide.ledger import Sending
from shoptide.outbound import bulk_recovery
from shoptide.outbound.events import PushReport
from shoptide.outbound.rows import content_hash
from shoptide.shopify import bulk
from shoptide.simulator.world import World

CUSTOMERS = """select 'k' || i as k, 'c' || i || '@example.com' as email, 'First' || i as first_name, {note} as note
  from range({rows}) t(i)"""
BAD = "if(i = 7, 'nonsense', 'c' || i || '@example.com')"
TOGETHER = ("documents", "bulk")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        found.running.world.shop.settings["bulk_seconds"] = 0.05
        yield found


def customers(project: Project, rows: int, note: str = "'n'", **options: Any) -> PushReport:
    source = CUSTOMERS.format(rows=rows, note=note)
    return project.push(project.config("vip", "customers", "upsert", source, match=("email",)), **options)


def held(project: Project, field: str = "note") -> dict[str, Any]:
    shop = project.running.world.shop
    with shop.lock:
        return {record["email"]: record[field] for record in shop.table("Customer")}


@pytest.mark.parametrize("way", ["rows", *TOGETHER])
def test_every_way_ends_in_the_same_store(project: Project, way: str) -> None:
    """Made, then changed, then left alone; states as if each row had gone alone."""
    assert customers(project, 60, apply=way).outcomes == {"applied": 60}
    assert customers(project, 60, "case when i % 2 = 0 then 'even' else 'n' end", apply=way).outcomes == {"applied": 30}
    assert held(project) == {f"c{i}@example.com": "even" if i % 2 == 0 else "n" for i in range(60)}
    again = customers(project, 60, "case when i % 2 = 0 then 'even' else 'n' end", apply=way)
    assert (again.outcomes, again.unchanged, again.calls) == ({}, 60, 0)
    assert project.ledger.unsettled("vip") == []
    assert {state.outcome for state in project.states("vip").values()} == {"applied"}


@pytest.mark.parametrize("way", TOGETHER)
def test_a_refused_row_is_told_and_the_others_are_applied(project: Project, way: str) -> None:
    """The store's words, the column and the value, as when it goes alone."""
    source = CUSTOMERS.format(rows=30, note="'n'").replace("'c' || i || '@example.com'", BAD)
    report = project.push(project.config("vip", "customers", "create", source), apply=way)
    assert report.outcomes == {"applied": 29, "rejected": 1}
    state = project.states("vip")["k7"]
    assert (state.message, state.column, state.value) == ("Email is invalid", "email", "nonsense")


def test_documents_take_few_requests(project: Project) -> None:
    """Fifty rows leave in two documents; one request before asked for records that carry their keys."""
    source = CUSTOMERS.format(rows=50, note="'n'")
    assert project.push(project.config("vip", "customers", "create", source), apply="documents").calls == 3


def test_bulk_takes_hardly_any_points(project: Project) -> None:
    """Upload, start and looks cost points; rows cost none."""
    source = CUSTOMERS.format(rows=300, note="'n'")
    report = project.push(project.config("vip", "customers", "create", source), apply="bulk")
    assert report.outcomes == {"applied": 300}
    assert report.cost < 60


def test_a_row_that_poisons_its_document_is_found_by_halves(project: Project) -> None:
    """The store refuses the whole document for one value; the other rows arrive."""
    rows = [{"k": f"k{i}", "email": f"c{i}@example.com", "note": "n"} for i in range(20)]
    config = project.config("vip", "customers", "create", project.rows(*rows))
    execute = project.client.execute
    sizes = []

    def poisoned(document: str, variables: Any = None, **options: Any) -> Any:
        given = dict(variables or {})
        for name, value in given.items():
            if name.startswith("input") and value.get("email") == "c13@example.com":
                given[name] = {**value, "no_such_field": 1}
        if "customerCreate" in document:
            sizes.append(len(given))
        return execute(document, given, **options)

    project.client.execute = poisoned  # type: ignore[method-assign]
    report = project.push(config, apply="documents")
    assert report.outcomes == {"applied": 19, "rejected": 1}
    assert [each.key for each in report.failures] == ["k13"]
    assert "no_such_field" in str(report.failures[0].message)
    assert sizes[0] == 20
    assert sorted(sizes) == [1, 1, 1, 2, 2, 3, 5, 5, 10, 10, 20]
    assert project.count("Customer") == 19


@pytest.mark.parametrize("action", ["reset_after", "internal_error", "status_after"])
def test_a_lost_document_is_looked_up_row_by_row(project: Project, action: str) -> None:
    """The store did the work of all its rows: none is made twice."""
    extra = {"status": 502} if action == "status_after" else {}
    project.fault(action=action, operation="customerCreate", nth=1, **extra)
    report = customers(project, 40, apply="documents")
    assert report.outcomes == {"applied": 40}
    assert project.count("Customer") == 40
    assert customers(project, 40, apply="documents").unchanged + len(project.states("vip")) >= 40
    assert project.ledger.unsettled("vip") == []


# what rows cost


def paid(project: Project, rows: int) -> list[float | None]:
    """What the latest write of each row cost."""
    return [project.ledger.history("vip", f"k{i}")[-1].cost for i in range(rows)]


@pytest.mark.parametrize("way", ["rows", *TOGETHER])
def test_what_rows_cost_adds_up_to_what_the_store_charged(project: Project, way: str) -> None:
    """Records that are known need no look-up: all that the run pays for is its rows'. A refused row pays as well."""
    customers(project, 60, apply="bulk")
    source = CUSTOMERS.format(rows=60, note="'m'").replace("'c' || i || '@example.com'", BAD)
    report = project.push(project.config("vip", "customers", "upsert", source, match=("email",)), apply=way)
    assert report.outcomes == {"applied": 59, "rejected": 1}
    costs = [cost or 0.0 for cost in paid(project, 60)]
    assert sum(costs) == pytest.approx(report.cost)
    assert costs == [pytest.approx(report.cost / 60)] * 60
    assert (report.cost < 60) if way == "bulk" else (report.cost == 600)


def test_a_document_that_is_sent_again_is_paid_by_its_rows(project: Project) -> None:
    """Whatever the store charged, throttled or not; what was never sent has no cost."""
    customers(project, 20, apply="documents")
    project.fault(action="throttle", operation="customerUpdate", nth=1)
    report = customers(project, 20, "'m'", apply="documents")
    assert sum(cost or 0.0 for cost in paid(project, 20)) == pytest.approx(report.cost)
    blocked = project.config("vip", "customers", "update", project.rows({"k": "x", "email": "nobody@example.com"}))
    assert project.push(blocked).outcomes == {"blocked": 1}
    assert project.ledger.history("vip", "x")[-1].cost is None


# bulk mutations


def operations(project: Project) -> list[bulk.BulkOperation]:
    return [each for each in bulk.recent(project.client) if each.type == "MUTATION"]


@pytest.mark.parametrize("action", ["internal_error", "internal_error_before"])
def test_lines_without_an_answer_are_looked_up(project: Project, action: str) -> None:
    """Some lines failed inside the store, after or before the work: the end is the same."""
    project.fault(on="line", action=action, operation="customerCreate", every=5)
    customers(project, 50, apply="bulk")
    project.fault(on="line", action=action, operation="customerCreate", nth=10**9)
    customers(project, 50, apply="rows")
    assert project.count("Customer") == 50
    assert {state.outcome for state in project.states("vip").values()} == {"applied"}


@pytest.mark.parametrize("rule", [{"action": "fail"}, {"action": "cancel"}, {"action": "wrong_counts"},
                                  {"action": "lose_lines", "lines": 7}, {"action": "fail", "lines": 0}])  # fmt: skip
def test_an_operation_that_breaks_off_leaves_no_row_behind(project: Project, rule: dict[str, Any]) -> None:
    """What it did is read from its partial result; what it didn't is sent again, and nothing twice."""
    project.fault(on="bulk", operation="mutation", nth=1, **rule)
    first = customers(project, 50, apply="bulk")
    assert set(first.outcomes) <= {"applied", "delayed"}
    customers(project, 50, apply="bulk")
    assert customers(project, 50).unchanged == 50
    assert project.count("Customer") == 50


@pytest.mark.parametrize("action", ["reset_after", "internal_error"])
def test_a_lost_start_is_found_by_its_name(project: Project, action: str) -> None:
    """The operation runs though its start was never answered: it is taken over, not started again."""
    project.fault(action=action, operation="bulkOperationRunMutation", nth=1)
    assert customers(project, 50, apply="bulk").outcomes == {"applied": 50}
    assert len(operations(project)) == 1
    assert project.count("Customer") == 50


@pytest.mark.parametrize(("looked_through", "became"), [(100, {"rejected": 3}), (1, {})])
def test_rows_of_a_file_that_nobody_remembers_are_looked_up(
    project: Project, monkeypatch: pytest.MonkeyPatch, looked_through: int, became: dict[str, int]
) -> None:
    """The store had so many operations since that it can't be told whether the file's was started: no row is sent again
    on hope. Where all of the store's operations were seen, it never was."""
    source = CUSTOMERS.format(rows=3, note="'n'")
    config = project.config("vip", "customers", "create", source)
    assert project.push(config, apply="bulk").outcomes == {"applied": 3}
    lost = [
        Sending("again", f"k{i}", "run", "create", None, {"email": f"c{i}@example.com"}, content_hash(sent), sent,
                "Shoptide_gone_0_3", i)
        for i in range(3)
        for sent in [{"email": f"c{i}@example.com", "firstName": f"First{i}", "note": "n"}]
    ]  # fmt: skip
    project.ledger.journal(lost)
    monkeypatch.setattr(bulk_recovery, "RECENT", looked_through)
    report = project.push(project.config("again", "customers", "create", source))
    assert report.outcomes == became
    assert project.count("Customer") == 3


def test_files_are_split_over_the_slots_and_one_stays_free(project: Project) -> None:
    """Four operations of at least a thousand rows each; all lines come back to their rows."""
    source = CUSTOMERS.format(rows=4_400, note="'note ' || i")
    report = project.push(project.config("vip", "customers", "create", source), apply="bulk")
    assert report.outcomes == {"applied": 4_400}
    assert len(operations(project)) == 4
    states = project.states("vip")
    gids = held(project, "id")
    assert all(states[f"k{i}"].gid == gids[f"c{i}@example.com"] for i in range(4_400))


def test_new_products_with_variants_and_publications_go_by_bulk_and_documents(project: Project) -> None:
    """The first step by bulk, publishing afterwards in common documents."""
    names = project.ask("{ publications(first: 1) { nodes { id } } }")["publications"]["nodes"]
    rows = [{"k": f"p{i}", "title": f"Product {i}", "handle": f"p-{i}", "sku": f"S{i}", "price": "5.00",
             "publish_to": [names[0]["id"]]} for i in range(30)]  # fmt: skip
    config = project.config("p", "products", "upsert", project.rows(*rows), match=("handle",))
    assert project.push(config, apply="bulk").outcomes == {"applied": 30}
    read = """query($on: ID!) { products(first: 50) {
      nodes { handle publishedOnPublication(publicationId: $on) variants(first: 2) { nodes { sku } } } } }"""
    asked = project.ask(read, on=names[0]["id"])
    assert len(asked["products"]["nodes"]) == 30
    assert all(each["publishedOnPublication"] for each in asked["products"]["nodes"])
    assert project.push(config).unchanged == 30


@pytest.mark.parametrize("way", TOGETHER)
def test_fulfillments_go_one_by_one_whatever_is_asked_for(tmp_path: Path, way: str) -> None:
    """Their writer reads the order it changes: every parcel of every location leaves, and the estimate says how."""
    world = World.seeded(customers=20, products=20, orders=60, plan="plus", seed=1)
    with opened(tmp_path, world=world) as project:
        found = project.ask("{ orders(first: 60) { nodes { id displayFulfillmentStatus cancelledAt } } }")
        open_orders = [each for each in found["orders"]["nodes"] if not each["cancelledAt"]]
        waiting = [each["id"] for each in open_orders if each["displayFulfillmentStatus"] == "UNFULFILLED"]
        rows = [{"k": gid, "order": gid, "tracking_number": f"T{gid}"} for gid in waiting]
        config = project.config("f", "fulfillments", "create", project.rows(*rows), apply=way)
        estimate = project.plan(config).estimate
        assert estimate is not None
        assert estimate.way == "rows"
        assert project.push(config).outcomes == {"applied": len(waiting)}
        left = project.ask("{ orders(first: 60) { nodes { id displayFulfillmentStatus } } }")["orders"]["nodes"]
        assert {each["displayFulfillmentStatus"] for each in left if each["id"] in waiting} == {"FULFILLED"}


def test_rows_of_one_record_never_travel_together(project: Project) -> None:
    """Two new customers of one address: the store refuses the second, which came after the first was done."""
    rows = [{"k": f"k{i}", "email": f"{'Twin' if i in (3, 9) else f'c{i}'}@example.com"} for i in range(12)]
    config = project.config("vip", "customers", "create", project.rows(*rows))
    for way in TOGETHER:
        report = project.push(config, apply=way, retry="rejected" if way == "bulk" else None)
    assert project.count("Customer") == 11
    assert project.states("vip")["k9"].outcome == "rejected"
    assert report.outcomes == {"rejected": 1}
