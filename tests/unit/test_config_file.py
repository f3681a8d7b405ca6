"""shoptide.toml and the environment: what is read, and how each mistake is named."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from shoptide.config import Config
from shoptide.config_file import load_config
from shoptide.errors import ConfigError

GOOD = """
[shop.main]
name = "acme"
access_token = "env:TEST_SHOP_TOKEN"
[warehouse]
url = "duckdb:///acme.duckdb"
[pull.store]
streams = ["customers", "orders"]
"""
PUSH = """
[push.vip]
object = "customers"
strategy = "upsert"
source = "select 1 as id"
key = "id"
match = ["email"]
"""


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Reads a text as shoptide.toml; returns the configuration and what was warned of."""
    monkeypatch.setenv("TEST_SHOP_TOKEN", "shpat_123456")

    def run(text: str, environment: dict[str, str] | None = None) -> tuple[Config, list[str]]:
        path = tmp_path / "shoptide.toml"
        path.write_text(text)
        warned: list[str] = []
        return load_config(path, environment=environment or {}, flags={}, warn=warned.append), warned

    return run


def test_a_short_file_is_enough(read) -> None:  # type: ignore[no-untyped-def]
    config, warned = read(GOOD + PUSH)
    assert config.shops["main"].domain == "acme.myshopify.com"
    assert config.pulls["store"].streams == ("customers", "orders")
    assert config.pushes["vip"].match == ("email",)
    assert warned == []


def test_secrets_show_nowhere(read) -> None:  # type: ignore[no-untyped-def]
    config, _ = read(GOOD)
    assert "shpat_123456" not in repr(config)
    assert "shpat_123456" not in str(config.shops["main"])


def test_a_secret_in_the_file_is_warned_of_without_being_shown(read) -> None:  # type: ignore[no-untyped-def]
    _, warned = read(GOOD.replace("env:TEST_SHOP_TOKEN", "shpat_plain99"))
    assert len(warned) == 1
    assert "access_token" in warned[0]
    assert "shpat_plain99" not in warned[0]


def test_the_environment_stands_over_the_file(read) -> None:  # type: ignore[no-untyped-def]
    config, _ = read(GOOD, {"SHOPTIDE_WAREHOUSE__URL": "duckdb:///other.duckdb"})
    assert config.warehouse.url == "duckdb:///other.duckdb"


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('name = "acme"', 'nmae = "acme"', "nmae"),
        ("[warehouse]", "[warehose]", "warehose"),
        ("env:TEST_SHOP_TOKEN", "env:NOT_SET_ANYWHERE", "NOT_SET_ANYWHERE"),
        ("env:TEST_SHOP_TOKEN", "file:nowhere.txt", "nowhere.txt"),
        ('name = "acme"', "name = 7", "must be text"),
        ('streams = ["customers", "orders"]', 'streams = ["customers"]\noverlap = "soon"', "no duration"),
        ('name = "acme"', 'name = "acme"\nfree_bulk_slots = 5', "must be from 0 to 4, not 5"),
        (
            'streams = ["customers", "orders"]',
            'streams = ["customers"]\nwindow_records = 5',
            "must be at least 100, not 5",
        ),
        ('streams = ["customers", "orders"]', 'streams = ["customers"]\nstalled_after = "ever"', "no duration"),
        ('url = "duckdb:///acme.duckdb"', 'url = "duckdb:///acme.duckdb', "shoptide.toml"),
        ('strategy = "upsert"', 'strategy = "upsart"', "upsert"),
        ('object = "customers"', 'object = "customer"', "customers"),
    ],
)
def test_mistakes_are_named(was: str, becomes: str, said: str, read) -> None:  # type: ignore[no-untyped-def]
    text = GOOD + PUSH
    assert was in text
    with pytest.raises(ConfigError) as found:
        read(text.replace(was, becomes, 1))
    assert said in f"{found.value} {found.value.hint or ''}"


def test_durations_are_read(read) -> None:  # type: ignore[no-untyped-def]
    config, _ = read(GOOD + 'overlap = "90s"\n')
    assert config.pulls["store"].overlap == timedelta(seconds=90)


def test_how_a_pull_reads_is_configured(read) -> None:  # type: ignore[no-untyped-def]
    config, _ = read(GOOD)
    assert config.shops["main"].free_bulk_slots == 1
    assert (config.pulls["store"].window_records, config.pulls["store"].stalled_after) == (
        50_000,
        timedelta(minutes=30),
    )
    config, _ = read(
        GOOD.replace('name = "acme"', 'name = "acme"\nfree_bulk_slots = 0')
        + 'window_records = 2000\nstalled_after = "2h"\n'
    )
    assert config.shops["main"].free_bulk_slots == 0
    assert (config.pulls["store"].window_records, config.pulls["store"].stalled_after) == (2_000, timedelta(hours=2))


def test_no_file_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as found:
        load_config(tmp_path / "shoptide.toml", environment={}, flags={}, warn=lambda _text: None)
    assert "shoptide init" in f"{found.value} {found.value.hint}"


WAREHOUSE = """
[shop.main]
name = "acme"
access_token = "env:TEST_SHOP_TOKEN"
[pull.store]
streams = "all"
[warehouse]
"""


@pytest.mark.parametrize(
    ("lines", "url", "warns"),
    [
        ('url = "postgresql://me:geheim%40@db:5432/x"', "postgresql://me@db:5432/x", True),
        ('url = "postgresql://me:env:TEST_PG_PASSWORD@db/x"', "postgresql://me@db/x", False),
        ('url = "postgresql://me:geheim@@db/x"', "postgresql://me@db/x", True),
        ('url = "env:TEST_PG_URL"', "postgresql://me@db/x?sslmode=require", False),
        ('url = "postgresql://me@db/x"\npassword = "env:TEST_PG_PASSWORD"', "postgresql://me@db/x", False),
        ('url = "postgresql://db/x?user=me&password=geheim%40"', "postgresql://db/x?user=me", True),
    ],
)
def test_a_warehouses_password_is_kept_apart_from_its_url(
    read: Any,
    monkeypatch: pytest.MonkeyPatch,
    lines: str,
    url: str,
    warns: bool,
) -> None:
    """Wherever it was written: nothing that shows the URL can show it."""
    monkeypatch.setenv("TEST_PG_PASSWORD", "geheim@")
    monkeypatch.setenv("TEST_PG_URL", "postgresql://me:geheim%40@db/x?sslmode=require")
    config, warned = read(WAREHOUSE + lines)
    assert config.warehouse.url == url
    assert config.warehouse.secrets["password"].reveal() == "geheim@"
    assert "geheim" not in repr(config) + repr(warned)
    assert bool(warned) == warns


def test_a_url_without_secrets_is_left_as_it_is(read) -> None:  # type: ignore[no-untyped-def]
    for url in (
        "duckdb:///a:b@c.duckdb",
        "postgresql:///x?host=/tmp/run",
        "snowflake://me@account/db/schema?warehouse=w",
    ):
        config, _ = read(WAREHOUSE + f'url = "{url}"')
        assert (config.warehouse.url, config.warehouse.secrets) == (url, {})


def test_a_password_with_a_question_mark_is_kept_apart_too(read) -> None:  # type: ignore[no-untyped-def]
    config, _ = read(WAREHOUSE + 'url = "postgresql://me:ge?heim@db/x"')
    assert config.warehouse.secrets["password"].reveal() == "ge?heim"
    assert config.warehouse.url == "postgresql://me@db/x"


def test_the_ledgers_url_and_password_may_lie_elsewhere(read, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A URL from a file or the environment; one that has a password in the file itself is warned of."""
    (tmp_path / "url").write_text("postgresql://me:hunter2@db/shop\n")
    config, warned = read(GOOD + '[ledger]\nurl = "file:url"\n')
    assert (config.ledger.url, config.ledger.secrets["password"].reveal()) == ("postgresql://me@db/shop", "hunter2")
    assert warned == []
    config, warned = read(GOOD + '[ledger]\nurl = "postgresql://me@db/shop"\npassword = "file:url"\n')
    assert (set(config.ledger.secrets), warned) == ({"password"}, [])
    config, warned = read(GOOD + '[ledger]\nurl = "postgresql://me:hunter2@db/shop"\n')
    assert "[ledger] url holds a password" in warned[0]
    assert "hunter2" not in f"{warned} {config}"
