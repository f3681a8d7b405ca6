"""Pushes that come after a pull, started by what webhooks told of; what a push did itself starts none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pulling import store
from serving import Serving, config_of, serving, until

from shoptide.config import PushConfig
from shoptide.simulator.server import Running

CHANGE = (
    """mutation($input: CustomerInput!) { customerUpdate(input: $input) { customer { id } userErrors { message } } }"""
)


@pytest.fixture
def running() -> Iterator[Running]:
    with store(customers=3, products=1, orders=1) as found:
        yield found


def ends(found: Serving) -> list[str | None]:
    return [run.outcome for run in found.ledger.runs(name="vip")]


def test_a_change_of_others_starts_it_and_its_own_do_not(tmp_path: Path, running: Running) -> None:
    """No pull runs here: webhooks alone bring the change, and the push's own customer when it comes back."""
    (tmp_path / "vip.csv").write_text("crm_id,email,note\n1,vip@example.com,hello\n")
    push = PushConfig("vip", "main", "customers", "upsert", "vip.csv", "crm_id", ("email",), after=("store",))
    config = replace(config_of(tmp_path, running, "customers"), pushes={"vip": push})
    with serving(tmp_path, running, "customers", config=config) as found:
        until(lambda: ends(found) == ["succeeded"], 60)
        own = "select gid from customers where email = 'vip@example.com'"
        until(lambda: found.warehouse.has_table("customers") and found.rows(own), 60)
        until(found.settled)
        assert ends(found) == ["succeeded"]
        gid = found.rows(own)[0][0]
        found.running.world.shop.clock.move(
            5
        )  # versions are seconds: in the push's own one the change would be its own
        found.ask(CHANGE, input={"id": gid, "note": "by somebody else"})
        until(lambda: ends(found) == ["succeeded", "succeeded"], 60)
        until(found.settled)
        assert [run.kind for run in found.ledger.runs(name="store")] == []
