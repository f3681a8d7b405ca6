"""Who gets into the management side, and how often somebody may be wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from shoptide.config import Secret
from shoptide.serve.access import ADDRESSES, SESSION_SECONDS, SESSIONS, Keys, Limit, hash_password


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_an_address_waits_after_its_last_allowed_event() -> None:
    """The wait lasts until the first of the counted events is out of the span; others don't wait."""
    clock = Hands()
    limit = Limit(3, 60, clock)
    for _ in range(3):
        assert limit.wait("10.0.0.1") == 0
        limit.count("10.0.0.1")
        clock.sleep(1)
    assert limit.wait("10.0.0.1") == 57
    assert limit.wait("10.0.0.2") == 0
    clock.sleep(57)
    assert limit.wait("10.0.0.1") == 0


def test_many_addresses_do_not_fill_the_memory() -> None:
    limit = Limit(3, 60, Hands())
    for number in range(ADDRESSES + 50):
        limit.count(f"address {number}")
    assert len(limit._seen) == ADDRESSES


def test_a_password_is_checked_against_its_hash() -> None:
    keys = Keys(Hands(), password_hash=Secret(hash_password("correct horse")))
    assert keys.is_password("correct horse")
    assert not keys.is_password("wrong horse")
    assert not keys.is_token("correct horse")


def test_a_broken_hash_opens_nothing() -> None:
    assert not Keys(Hands(), password_hash=Secret("not a hash")).is_password("not a hash")


def test_without_keys_nothing_fits() -> None:
    keys = Keys(Hands())
    assert not keys.exist
    assert not keys.is_token("")
    assert not keys.is_password("")


def test_a_session_ends_by_itself_by_logging_out_and_when_there_are_too_many() -> None:
    clock = Hands()
    keys = Keys(clock, token=Secret("t0ken"))
    first = keys.log_in()
    assert keys.login(first) is not None
    assert keys.login(first + "x") is None
    second = keys.log_in()
    keys.log_out(second)
    assert keys.login(second) is None
    for _ in range(SESSIONS):
        newest = keys.log_in()
    assert keys.login(first) is None
    clock.sleep(SESSION_SECONDS)
    assert keys.login(newest) is None


def test_keys_show_no_secret() -> None:
    keys = Keys(Hands(), token=Secret("t0ken-of-mine"))
    cookie = keys.log_in()
    assert "t0ken-of-mine" not in repr(keys)
    assert cookie not in repr(keys)
