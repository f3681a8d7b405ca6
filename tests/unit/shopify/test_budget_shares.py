"""A query budget divided among processes through the ledger: together they never overdraw it, and use nearly all."""

from __future__ import annotations

import os
import platform
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from modelled_bucket import ModelBucket
from modelled_time import ModelClock, SharedClock

from shoptide.config import LedgerConfig
from shoptide.ledger import Ledger, open_ledger
from shoptide.ledger.shares import VALID, LedgerShares
from shoptide.shopify.governor import NOT_YET, PLANS, RENEWED_EVERY, Governor, Share

SIZE = PLANS["standard"]
REFILL = SIZE.maximum / SIZE.restore_rate


@pytest.fixture(params=["sqlite", "postgres"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Ledger]:
    """Opens the one ledger, as each process does for itself."""
    url = "sqlite:///ledger.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return lambda: open_ledger(LedgerConfig(url), base=tmp_path)


@pytest.fixture
def processes(opening: Callable[[], Ledger]) -> Iterator[list[LedgerShares]]:
    """Three processes that may spend from one budget."""
    found = [LedgerShares(opening, "acme", holder=name) for name in "abc"]
    yield found
    for each in found:
        each.leave(0.0)


def test_who_comes_new_waits_until_the_others_have_made_room(processes: list[LedgerShares]) -> None:
    """The first has all of it; the second begins once the first knows of it, and so on."""
    first, second, third = processes
    assert first.renew(REFILL) == Share(1, 0.0)
    assert second.renew(REFILL) == NOT_YET
    assert first.renew(REFILL).parties == 2
    assert second.renew(REFILL).parties == 2
    assert [third.renew(REFILL), second.renew(REFILL).parties, third.renew(REFILL)] == [NOT_YET, 3, NOT_YET]
    assert [first.renew(REFILL).parties, third.renew(REFILL).parties] == [3, 3]


def test_who_leaves_makes_room_and_tells_what_is_left(processes: list[LedgerShares]) -> None:
    """Whoever comes next knows when the budget will be full again."""
    first, second, _ = processes
    first.renew(REFILL)
    second.renew(REFILL)
    first.leave(7.0)
    share = second.renew(REFILL)
    assert share.parties == 1
    assert 6.0 < share.full_in <= 7.0


def test_a_silent_process_loses_its_share_and_counts_as_having_spent_it(tmp_path: Path) -> None:
    """As one that was killed."""
    clock = ModelClock()
    first, second = (
        LedgerShares(lambda: open_ledger(LedgerConfig("sqlite:///l.db"), base=tmp_path, clock=clock), "x", holder=name)
        for name in "ab"
    )
    assert first.renew(REFILL).parties == 1
    assert second.renew(REFILL) == NOT_YET
    clock.sleep(VALID + 1)
    share = second.renew(REFILL)
    assert share == Share(1, REFILL - 1)
    first.leave(0)
    second.leave(0)


def test_a_killed_process_of_this_machine_is_missed_at_once(opening: Callable[[], Ledger]) -> None:
    """Who starts again after a kill doesn't wait for a share to run out; what was spent is reckoned with."""
    with subprocess.Popen([sys.executable, "-c", ""]) as short:
        pass
    killed = LedgerShares(opening, "acme", holder=f"{platform.node()}-{short.pid}-abcdef")
    alive = LedgerShares(opening, "acme", holder=f"{platform.node()}-{os.getpid()}-abcdef")
    again = LedgerShares(opening, "acme")
    assert killed.renew(REFILL).parties == 1
    share = again.renew(REFILL)
    assert share.parties == 1
    assert REFILL - 5 < share.full_in <= REFILL
    assert alive.renew(REFILL) == NOT_YET
    for each in (killed, alive, again):
        each.leave(0)


def test_a_share_that_is_renewed_stays(tmp_path: Path) -> None:
    """However long it takes; one renewal a moment is enough."""
    clock = ModelClock()
    shares = LedgerShares(lambda: open_ledger(LedgerConfig("sqlite:///l.db"), base=tmp_path, clock=clock), "x")
    for _ in range(20):
        assert shares.renew(REFILL).parties == 1
        clock.sleep(RENEWED_EVERY)
    shares.leave(0)


def test_three_processes_never_overdraw_one_budget(tmp_path: Path) -> None:
    """They come one after the other and leave again; the store never has to say no, and most it restores is used."""
    clock = SharedClock()
    store = ModelBucket(SIZE, now=clock.monotonic())
    counting = threading.Lock()
    began, seconds = clock.monotonic(), 60.0

    def work(number: int) -> None:
        chance = random.Random(number)
        governor = Governor("standard", clock)
        shares = LedgerShares(lambda: open_ledger(LedgerConfig("sqlite:///l.db"), base=tmp_path, clock=clock), "x",
                              holder=f"p{number}")  # fmt: skip
        governor.used_by(shares)
        with clock.working():
            clock.sleep(5.0 * number)
            while clock.monotonic() < began + seconds - 10.0 * number:
                cost = chance.choice([10, 10, 10, 60])
                ticket, _ = governor.reserve(cost)
                clock.sleep(chance.uniform(0.005, 0.05))
                with counting:
                    taken = store.arrive(clock.monotonic(), cost)
                clock.sleep(chance.uniform(0.001, 0.05))
                with counting:
                    now = clock.monotonic()
                    status = store.finish(now, cost, cost / 2) if taken else store.status(now)
                governor.settle(ticket, actual=cost / 2 if taken else 0.0, status=status)
            governor.left_by()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for _ in threads:
        clock.join()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert store.throttled == 0
    assert store.spent >= 0.6 * seconds * SIZE.restore_rate


def test_a_ledger_that_is_away_stops_nobody(tmp_path: Path) -> None:
    """Then each process counts for itself, and the store says when it is too much."""
    (tmp_path / "file").write_text("x")
    shares = LedgerShares(lambda: open_ledger(LedgerConfig("sqlite:///file/l.db"), base=tmp_path), "x")
    assert shares.renew(REFILL) == Share(1, 0.0)
    shares.leave(0.0)
