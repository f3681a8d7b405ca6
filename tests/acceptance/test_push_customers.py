"""Customers pushed to a simulated store over a socket: every strategy, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from outbound_store import Project, opened

from shoptide.errors import LockHeld, SourceError, UsageError

CUSTOMERS = """select 'k' || i as k, 'c' || i || '@example.com' as email, 'First' || i as first_name,
  'vip,new' as tags, 'note ' || i as note from range(5) t(i)"""
READ = "query($q: String) { customers(first: 50, query: $q) { nodes { id email firstName note tags } } }"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with opened(tmp_path) as found:
        yield found


def store(project: Project) -> dict[str, dict[str, object]]:
    return {node["email"]: node for node in project.ask(READ)["customers"]["nodes"]}


def test_upsert_creates_then_leaves_alone_then_updates(project: Project) -> None:
    """The second run of the same rows makes no call that writes; a changed row changes its fields only."""
    config = project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",))
    assert project.push(config).outcomes == {"applied": 5}
    assert store(project)["c3@example.com"]["firstName"] == "First3"
    again = project.push(config)
    assert (again.unchanged, again.outcomes, again.calls) == (5, {}, 0)
    changed = project.config(
        "vip", "customers", "upsert", CUSTOMERS.replace("'note ' || i", "'changed'"), match=("email",)
    )
    planned = project.plan(changed)
    assert planned.counts() == {"update": 5}
    assert set(planned.rows[0].changes) == {"note"}
    assert project.push(changed).outcomes == {"applied": 5}
    assert {each["note"] for each in store(project).values()} == {"changed"}


def test_upsert_finds_existing_customers_by_email_whatever_the_case(project: Project) -> None:
    """No double is made of a customer that the store knows."""
    project.ask(
        'mutation { customerCreate(input: {email: "C1@Example.com"}) { customer { id } userErrors { message } } }'
    )
    config = project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",))
    assert project.plan(config).counts() == {"create": 4, "update": 1}
    project.push(config)
    assert project.count("Customer") == 5


def test_update_blocks_rows_the_store_does_not_have(project: Project) -> None:
    """The strict strategy creates nothing; the reason says how it looked."""
    config = project.config("vip", "customers", "update", CUSTOMERS, match=("email",))
    report = project.push(config)
    assert report.outcomes == {"blocked": 5}
    assert "no such record" in str(report.failures[0].message)
    assert project.count("Customer") == 0


def test_create_refuses_what_the_store_has(project: Project) -> None:
    """Create with a match key never makes a double."""
    project.ask(
        'mutation { customerCreate(input: {email: "c1@example.com"}) { customer { id } userErrors { message } } }'
    )
    report = project.push(project.config("vip", "customers", "create", CUSTOMERS, match=("email",)))
    assert report.outcomes == {"applied": 4, "blocked": 1}
    assert project.count("Customer") == 5


def test_a_rejected_row_has_the_stores_words_and_is_tried_again(project: Project) -> None:
    """The message, the column and the value; the other rows are applied; the next run tries it again."""
    bad = CUSTOMERS.replace("'c' || i || '@example.com'", "if(i = 2, 'nonsense', 'c' || i || '@example.com')")
    report = project.push(project.config("vip", "customers", "upsert", bad, match=("email",)))
    assert report.outcomes == {"applied": 4, "rejected": 1}
    state = project.states("vip")["k2"]
    assert (state.outcome, state.message, state.column, state.value) == (
        "rejected",
        "Email is invalid",
        "email",
        "nonsense",
    )
    assert project.push(project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",))).outcomes == {
        "applied": 1
    }
    assert [entry.outcome for entry in project.ledger.history("vip", "k2")] == ["rejected", "applied"]


def test_a_row_that_does_not_fit_is_rejected_before_anything_is_sent(project: Project) -> None:
    """Column and reason, and no call for it."""
    source = "select 'a' as k, 'a@example.com' as email, repeat('x', 300) as first_name"
    report = project.push(project.config("vip", "customers", "create", source))
    assert report.outcomes == {"rejected": 1}
    assert report.failures[0].column == "first_name"
    assert "at most 255" in str(report.failures[0].message)
    assert project.count("Customer") == 0


def test_two_rows_that_mean_one_customer_are_both_left(project: Project) -> None:
    """None of them wins by chance."""
    project.ask(
        'mutation { customerCreate(input: {email: "a@example.com"}) { customer { id } userErrors { message } } }'
    )
    source = "select i as k, 'A@example.com' as email, 'F' || i as first_name from range(2) t(i)"
    report = project.push(project.config("vip", "customers", "upsert", source, match=("email",)))
    assert report.outcomes == {"ambiguous": 2}


def test_two_rows_that_would_make_one_customer_are_both_left(project: Project) -> None:
    """The first is not made by chance, to be overwritten by the second in the next run; corrected, both are made."""
    rows = [{"k": 1, "email": "a@example.com"}, {"k": 2, "email": " A@example.com"}, {"k": 3, "email": "c@example.com"}]
    config = project.config("vip", "customers", "upsert", project.rows(*rows), match=("email",))
    for _run in range(2):
        report = project.push(config)
        assert report.outcomes.get("ambiguous") == 2
        assert "2 rows would make the record with the email a@example.com" in str(report.failures[0].message)
    assert project.count("Customer") == 1
    rows[1]["email"] = "b@example.com"
    project.rows(*rows)
    assert project.push(config).outcomes == {"applied": 2}
    assert project.count("Customer") == 3


def test_a_record_that_a_row_has_is_not_another_rows(project: Project) -> None:
    """A row that comes later and means it is left, though the first did not change; a row that is gone has none."""
    rows = [{"k": 1, "email": "a@example.com", "note": "first"}]
    config = project.config("vip", "customers", "upsert", project.rows(*rows), match=("email",))
    assert project.push(config).outcomes == {"applied": 1}
    rows.append({"k": 2, "email": "A@example.com", "note": "second"})
    project.rows(*rows)
    for _run in range(2):
        report = project.push(config)
        assert (report.outcomes, report.unchanged) == ({"ambiguous": 1}, 1)
        assert report.failures[0].message is not None
        assert report.failures[0].message.startswith("row 1 has the record gid://")
    project.rows(rows[1])
    assert project.push(config).outcomes == {"applied": 1}
    assert project.count("Customer") == 1


def test_column_policies_keep_what_the_store_has(project: Project) -> None:
    """append adds to tags, set_if_empty fills only what is empty."""
    project.ask(
        'mutation { customerCreate(input: {email: "c0@example.com", note: "kept", tags: ["old"]})'
        " { customer { id } userErrors { message } } }"
    )
    config = project.config(
        "vip",
        "customers",
        "upsert",
        CUSTOMERS + " where i < 1",
        match=("email",),
        columns={"tags": "append", "note": "set_if_empty"},
    )
    assert project.push(config).outcomes == {"applied": 1}
    found = store(project)["c0@example.com"]
    assert (found["note"], found["tags"], found["firstName"]) == ("kept", ["new", "old", "vip"], "First0")


def test_mirror_deletes_what_left_and_stops_at_max_deletes(project: Project) -> None:
    """An empty source deletes nothing; more than allowed is refused with the way on."""
    whole = project.config("vip", "customers", "mirror", CUSTOMERS, match=("email",), max_deletes=2)
    project.push(whole)
    less = project.config("vip", "customers", "mirror", CUSTOMERS + " where i < 2", match=("email",), max_deletes=2)
    with pytest.raises(UsageError, match="would delete 3 records; max_deletes is 2"):
        project.push(less)
    assert project.count("Customer") == 5
    empty = project.config("vip", "customers", "mirror", CUSTOMERS + " where false", match=("email",))
    report = project.push(empty)
    assert (report.outcomes, report.notes) == ({}, ["the source is empty: nothing is deleted"])
    assert project.push(less, allow_deletes=True).outcomes == {"applied": 3}
    assert project.count("Customer") == 2
    assert project.push(less).outcomes == {}


def test_delete_removes_by_match_and_passes_over_what_is_gone(project: Project) -> None:
    """A second run finds nothing left to do."""
    project.push(project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",)))
    gone = project.config("gone", "customers", "delete", CUSTOMERS + " where i < 3", match=("email",))
    assert project.push(gone).outcomes == {"applied": 3}
    assert project.count("Customer") == 2
    again = project.push(gone)
    assert (again.unchanged, again.outcomes) == (3, {})


def test_an_unknown_column_stops_the_push_with_near_names(project: Project) -> None:
    """The source is wrong as a whole: nothing is sent."""
    config = project.config("vip", "customers", "upsert", "select 1 as k, 'x' as frist_name")
    with pytest.raises(SourceError, match="did you mean first_name"):
        project.push(config)


def test_a_failing_source_says_why(project: Project) -> None:
    """DuckDB's own reason, and no run that looks fine."""
    with pytest.raises(SourceError, match="no_such_table"):
        project.push(project.config("vip", "customers", "upsert", "select * from no_such_table"))
    assert project.ledger.runs()[0].outcome == "failed"


def test_only_one_push_of_a_name_at_a_time(project: Project) -> None:
    """The second is refused and names the first."""
    config = project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",))
    with project.ledger.lock("push:simulated.myshopify.com:vip"), pytest.raises(LockHeld):
        project.push(config)


def test_files_are_sources(project: Project) -> None:
    """CSV, Parquet and JSONL beside the configuration."""
    project.warehouse.connection.execute(f"copy ({CUSTOMERS}) to '{project.base}/vip.csv' (header)")
    project.warehouse.connection.execute(f"copy ({CUSTOMERS}) to '{project.base}/vip.parquet'")
    project.warehouse.connection.execute(f"copy ({CUSTOMERS}) to '{project.base}/vip.jsonl' (format json)")
    assert project.push(project.config("vip", "customers", "upsert", "vip.csv", match=("email",))).outcomes == {
        "applied": 5
    }
    for name in ("vip.parquet", "vip.jsonl"):
        assert project.push(project.config("vip", "customers", "upsert", name, match=("email",))).unchanged == 5


@pytest.mark.parametrize("action", ["reset_after", "internal_error", "timeout_after"])
def test_a_lost_answer_is_looked_up_and_never_doubled(project: Project, action: str) -> None:
    """The store did the work and the answer was lost: the record is found and taken over."""
    project.client.http.timeout = 2.0  # type: ignore[attr-defined]  # it is an httpx2.Client
    project.fault(action=action, operation="customerCreate", every=2, times=2)
    config = project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",))
    report = project.push(config)
    assert report.outcomes == {"applied": 5}, report.failures
    project.push(config)
    assert project.count("Customer") == 5
    assert project.ledger.unsettled("vip") == []
    assert {each["firstName"] for each in store(project).values()} == {f"First{i}" for i in range(5)}


def test_consent_goes_inline_on_create_and_by_its_own_mutation_later(project: Project) -> None:
    """Both ways end in the same state."""
    source = """select 'a' as k, 'a@example.com' as email, {state} as email_marketing_consent"""
    subscribed = "{'marketingState': 'SUBSCRIBED', 'marketingOptInLevel': 'SINGLE_OPT_IN'}"
    config = project.config("vip", "customers", "upsert", source.format(state=subscribed), match=("email",))
    assert project.push(config).outcomes == {"applied": 1}
    unsubscribed = subscribed.replace("'SUBSCRIBED'", "'UNSUBSCRIBED'")
    config = project.config("vip", "customers", "upsert", source.format(state=unsubscribed), match=("email",))
    report = project.push(config)
    assert report.outcomes == {"applied": 1}, report.failures
    asked = project.ask("{ customers(first: 1) { nodes { defaultEmailAddress { marketingState } } } }")
    assert asked["customers"]["nodes"][0]["defaultEmailAddress"]["marketingState"] == "UNSUBSCRIBED"


def test_states_and_history_are_published_as_tables(project: Project) -> None:
    """Outcomes can be asked for with SQL."""
    project.push(project.config("vip", "customers", "upsert", CUSTOMERS, match=("email",)))
    _columns, rows = project.warehouse.run_query("select outcome, count(*) from _shoptide_record_states group by all")
    assert rows == [("applied", 5)]
    _columns, rows = project.warehouse.run_query(
        "select count(*) from _shoptide_record_history where action = 'create'"
    )
    assert rows == [(5,)]


@pytest.mark.parametrize("way", ["rows", "documents"])
def test_an_answer_without_error_and_record_is_looked_up(project: Project, way: str) -> None:
    """Nothing is said of what became of the row: it is found, and not made again."""
    execute = project.client.execute

    def emptied(document: str, variables: Any = None, **options: Any) -> Any:
        answer = execute(document, variables, **options)
        if "customerCreate" in document:
            for payload in answer.data.values():
                payload["customer"] = None
        return answer

    project.client.execute = emptied  # type: ignore[method-assign]
    rows = [{"k": index, "email": f"c{index}@example.com"} for index in range(3)]
    report = project.push(
        project.config("vip", "customers", "upsert", project.rows(*rows), match=("email",)), apply=way
    )
    assert report.outcomes == {"applied": 3}
    assert project.count("Customer") == 3
    assert all(state.gid for state in project.states("vip").values())


def test_no_time_is_a_time_limit(project: Project) -> None:
    """Nothing is sent."""
    config = project.config("vip", "customers", "upsert", project.rows({"k": 1, "email": "a@example.com"}))
    assert project.push(config, time_limit=timedelta(0)).outcomes == {"delayed": 1}
    assert project.count("Customer") == 0
