"""Which rows are looked up by reading all records, and what that tells of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoptide.config import PushConfig, Secret, ShopConfig
from shoptide.outbound.planning import Planned
from shoptide.outbound.rows import Draft
from shoptide.outbound.session import Session
from shoptide.outbound.survey import LEAST, Survey, asking_seconds, reading_seconds, survey
from shoptide.resources.objects import OBJECTS
from shoptide.shopify.client import AdminClient


class Silent(Session):
    """A session that must not ask anything."""

    def query(self, document: str, variables: Any = None) -> dict[str, Any]:  # noqa: ARG002  # the session's
        raise AssertionError(document)


def session(name: str = "customers", **settings: Any) -> Session:
    shop = ShopConfig("main", "acme.myshopify.com", access_token=Secret("t"))
    given = {"strategy": "upsert", "match": ("email",)} | settings
    push = PushConfig("p", "main", name, source="s", key="k", **given)
    return Silent(push, OBJECTS[name], AdminClient(shop))


def rows(count: int, **values: str) -> list[Planned]:
    return [
        Planned(f"k{i}", "find", Draft(f"k{i}", {name: f"{i}{value}" for name, value in values.items()}))
        for i in range(count)
    ]


def test_only_keys_that_the_store_holds_unique_are_surveyed(tmp_path: Path) -> None:
    """A record that is missed by another key would be doubled; where nothing is made, nobody would notice the miss."""
    many = rows(LEAST, email="@example.com", name="N", handle="-h")
    assert survey(session(strategy="update"), many, tmp_path) == Survey()
    assert survey(session(strategy="delete"), many, tmp_path) == Survey()
    assert survey(session(match=("custom.erp_id",)), many, tmp_path) == Survey()
    assert survey(session("orders", match=("name",)), many, tmp_path) == Survey()
    assert survey(session("products", match=("sku",)), many, tmp_path) == Survey()


def test_few_rows_are_asked_for(tmp_path: Path) -> None:
    """So are many that mean few values."""
    few = rows(LEAST - 1, email="@example.com")
    assert survey(session(), few, tmp_path) == Survey()
    assert survey(session(), few * 3, tmp_path) == Survey()
    with pytest.raises(AssertionError, match="customersCount"):
        survey(session(), rows(LEAST, email="@example.com"), tmp_path)


def test_the_way_that_is_done_sooner_is_taken() -> None:
    """By the store's count, the rows and the rate of the shop's plan."""
    at = session()
    assert reading_seconds(at, 1_000, 100_000) < asking_seconds(at, 100_000)
    assert reading_seconds(at, 50_000, 100_000) < asking_seconds(at, 100_000)
    assert reading_seconds(at, 1_000_000, 100_000) > asking_seconds(at, 100_000)
    assert reading_seconds(at, 5_000, 5_000) > asking_seconds(at, 5_000)


def test_a_key_that_was_not_surveyed_is_asked_for() -> None:
    """Spellings of one value are one."""
    values = {"a": "A@Example.com", "b": "b@example.com"}
    found = Survey({"email": {"a@example.com"}})
    assert found.among("email", values) == {"a": "A@Example.com"}
    assert found.among("phone", values) == values
    assert Survey().among("email", values) == values
