"""How writes will leave and what that takes: chosen by number and cost, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import LedgerConfig, PushConfig, Secret, ShopConfig
from shoptide.ledger import Ledger, open_ledger
from shoptide.outbound.bulk_files import Group, files, lines_of, mutation_of
from shoptide.outbound.estimate import Estimate, estimate
from shoptide.outbound.planning import Change, Planned
from shoptide.outbound.replay import Attempt, Mutation
from shoptide.outbound.rows import Draft
from shoptide.outbound.session import Session
from shoptide.outbound.waves import waves
from shoptide.resources.objects import OBJECTS
from shoptide.shopify.client import AdminClient


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(LedgerConfig("sqlite:///ledger.db"), base=tmp_path) as found:
        yield found


class Here:
    """A clock that stands still: nothing is restored while a test thinks."""

    def monotonic(self) -> float:
        return 0.0

    def now(self) -> Any:
        raise AssertionError("nobody asks the date")

    def sleep(self, seconds: float) -> None:  # noqa: ARG002  # a clock's
        raise AssertionError("nobody waits")


def session(object_: str = "customers", plan: str = "standard") -> Session:
    shop = ShopConfig("main", "acme.myshopify.com", access_token=Secret("t"), plan=plan)
    push = PushConfig("p", "main", object_, "upsert", "s", "k")
    return Session(push, OBJECTS[object_], AdminClient(shop, clock=Here()))


def creates(number: int) -> list[Planned]:
    return [Planned(f"k{i}", "create", Draft(f"k{i}", {"email": f"c{i}@x.com"})) for i in range(number)]


@pytest.mark.parametrize(
    ("plan", "writes", "way"),
    [
        ("standard", 1, "rows"),
        ("standard", 300, "rows"),
        ("standard", 2_000, "bulk"),
        ("standard", 100_000, "bulk"),
        ("advanced", 40, "rows"),
        ("advanced", 400, "documents"),
        ("plus", 2_000, "documents"),
        ("enterprise", 20_000, "documents"),
    ],
)
def test_the_way_follows_number_and_budget(ledger: Ledger, plan: str, writes: int, way: str) -> None:
    """Few go one by one, many together, and in files where that is sooner done than the budget allows."""
    assert estimate(session(plan=plan), ledger, creates(writes)).way == way


def test_points_and_seconds_are_those_of_the_budget(ledger: Ledger) -> None:
    """A customer is ten points; 2,000 are there at once, a hundred come back each second."""
    found = estimate(session(), ledger, creates(250))
    assert (found.points, found.seconds) == (2_500, 5.0)
    assert str(found) == "250 writes row by row: about 2500 points, 5 s"


def test_a_measured_speed_takes_the_place_of_the_guess(ledger: Ledger) -> None:
    """The last run that used bulk mutations knows better."""
    guessed = estimate(session(plan="plus"), ledger, creates(20_000), "bulk")
    run = ledger.begin_run("push", "p", "acme", {})
    ledger.end_run(run, "succeeded", {"bulk_speed": 500.0})
    measured = estimate(session(plan="plus"), ledger, creates(20_000), "bulk")
    assert guessed.seconds == pytest.approx(20 + 20_000 / (20 * 4))
    assert measured.seconds == pytest.approx(20 + 20_000 / (500 * 4))
    assert estimate(session(plan="plus"), ledger, creates(20_000)).way == "bulk"


def test_rows_whose_writers_ask_first_are_no_work_for_files(ledger: Ledger) -> None:
    """A product's variants are looked up before they are changed; the estimate has both costs."""
    changed = {"variants": Change(None, [{"sku": "A"}])}
    rows = [Planned(f"k{i}", "update", Draft(f"k{i}", {}), "gid://shopify/Product/1", changed) for i in range(5_000)]
    found = estimate(session("products"), ledger, rows)
    assert found.way == "rows"
    assert found.points > 5_000 * 15


def test_nothing_to_send_is_said(ledger: Ledger) -> None:
    """And costs nothing."""
    assert str(estimate(session(), ledger, [])) == "nothing to send"
    assert (
        str(Estimate("bulk", 9, 20, 7_300, 4)) == "9 writes by bulk mutations (4 at once): about 20 points, 2 h 2 min"
    )


# files


def group(lines: list[bytes]) -> Group:
    return Group("customerCreate", "mutation($input: CustomerInput!) { customerCreate(input: $input) { x } }",
                 [Attempt(row) for row in creates(len(lines))], lines)  # fmt: skip


def test_files_hold_all_lines_once_and_fill_the_slots(ledger: Ledger) -> None:
    """As many files as operations may run, none smaller than is worth it, none larger than the store takes."""
    lines = [b"%05d\n" % number for number in range(10_000)]
    assert [len(each.lines) for each in files([group(lines)], "T", 4, 1_000)] == [2_500] * 4
    assert [len(each.lines) for each in files([group(lines[:1_500])], "T", 4, 1_000)] == [1_000, 500]
    small = files([group(lines)], "T", 4, 1_000, most_bytes=6 * 100)
    assert {len(each.lines) for each in small} == {100}
    assert [line for each in small for line in each.lines] == lines
    assert [attempt.row.key for each in small for attempt in each.attempts] == [f"k{i}" for i in range(10_000)]


def test_a_line_larger_than_the_rest_has_its_own_file() -> None:
    """It is never lost."""
    cut = files([group([b"a\n", b"b" * 50 + b"\n", b"c\n"])], "T", 1, 1, most_bytes=20)
    assert [len(each.lines) for each in cut] == [1, 1, 1]


def test_a_files_token_names_its_operation_and_its_lines() -> None:
    """By it a lost start is found, with the number of lines and the mutation."""
    (file,) = files([group([b"a\n", b"b\n"])], "Shoptide_run", 4, 1_000)
    assert file.token == "Shoptide_run_0_2"
    assert lines_of(file.token) == 2
    assert mutation_of(file.document, file.token) == "customerCreate"
    assert mutation_of(file.document, "Shoptide_run_0_3") is None


# waves


def test_rows_that_mean_one_record_go_one_after_the_other() -> None:
    """By gid, e-mail whatever its case, phone; all others together and in their order."""
    rows = [
        Planned("1", "create", Draft("1", {"email": "a@x.com"})),
        Planned("2", "create", Draft("2", {"email": "A@X.com", "phone": "+49 30 1234567"})),
        Planned("3", "create", Draft("3", {"phone": "030/1234567"})),
        Planned("4", "update", Draft("4", {"email": "a@x.com"}), "gid://shopify/Customer/4"),
        Planned("5", "delete", Draft("5"), "gid://shopify/Customer/4"),
        Planned("6", "create", Draft("6", {})),
    ]
    found = [[row.key for row in wave] for wave in waves(session(), rows)]
    assert found == [["1", "4", "6"], ["2", "5"], ["3"]]


def test_a_mutation_has_its_variables_and_key() -> None:
    """As it is sent."""
    assert Mutation("m", {"a": 1}, "x", "key").given == {"a": 1, "idempotencyKey": "key"}
