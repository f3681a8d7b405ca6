"""A shortfall is a failure, and only a shortfall that stays: what the store counts may be behind what it has."""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "shopify"))

from modelled_time import ModelClock
from shop_server import ShopServer, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import ProofFailed
from shoptide.inbound.extraction import Extract
from shoptide.inbound.proof import refuse_lost_lines, refuse_shortfall
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.client import AdminClient
from shoptide.shopify.schema import load

READ_AT = datetime(2026, 10, 1, 12, 0, 30, tzinfo=UTC)
FOUND = Extract((), READ_AT, records=9, lines=20)
SEARCH = "updated_at:>='2026-09-01T00:00:00Z'"


def client_of(server: ShopServer) -> AdminClient:
    config = ShopConfig("main", "acme", access_token=Secret("shpat_1"), base_url=server.url)
    return AdminClient(config, clock=ModelClock(), chance=random.Random(1))


def check(client: AdminClient, search: str | None = SEARCH, stream: str = "customers") -> None:
    plan = plan_stream(STREAMS[stream], load("2026-10"))
    refuse_shortfall(client, plan, FOUND, search=search, overlap=timedelta(minutes=10))


def counts(*numbers: int) -> list[object]:
    return [graphql({"customersCount": {"count": number, "precision": "EXACT"}}) for number in numbers]


def test_only_records_that_stood_still_before_the_read_are_counted() -> None:
    """Later ones may have come, changed or gone meanwhile; the read's own search holds as well."""
    with serving(*counts(9)) as server, client_of(server) as client:  # type: ignore[arg-type]  # answers
        check(client)
        assert server.heard[0].json["variables"] == {"query": f"{SEARCH} updated_at:<'2026-10-01T11:50:30Z'"}
        check(client, None)
        assert server.heard[1].json["variables"] == {"query": "updated_at:<'2026-10-01T11:50:30Z'"}


def test_a_shortfall_that_stays_is_a_failure() -> None:
    with serving(*counts(10)) as server, client_of(server) as client:  # type: ignore[arg-type]  # answers
        with pytest.raises(ProofFailed, match="counts 10 records that it had before the read, and 9 came"):
            check(client)
        assert len(server.heard) > 1


def test_a_count_that_is_behind_a_delete_is_waited_for() -> None:
    """The index shows deletes late: what it still counted is gone a moment later."""
    with serving(*counts(10, 10, 9)) as server, client_of(server) as client:  # type: ignore[arg-type]  # answers
        check(client)
        assert len(server.heard) == 3


def test_lines_and_records_are_counted_again_when_they_are_read() -> None:
    refuse_lost_lines("customers", FOUND, lines=20, roots=9)
    with pytest.raises(ProofFailed, match="20 lines came and 19 could be read"):
        refuse_lost_lines("customers", FOUND, lines=19, roots=9)
    with pytest.raises(ProofFailed, match="9 records were counted and 8 came"):
        refuse_lost_lines("customers", replace(FOUND, roots=9), lines=20, roots=8)
