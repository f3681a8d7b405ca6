"""A shop's truth over its control addresses: dumped, restored, reset, read, changed; several shops in a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import simulated

from shoptide.simulator import state
from shoptide.simulator.server import Running, start
from shoptide.simulator.world import Opening, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAMES = ("north", "south")
CREATE = """mutation { customerCreate(input: {email: "ann@example.com"}) {
  customer { id } userErrors { message } } }"""
COUNT = "{ customersCount { count } }"


@pytest.fixture
def running() -> Iterator[Running]:
    openings = [Opening(name, token=f"token-of-{name}", faults=({"action": "throttle", "nth": 9},)) for name in NAMES]
    with start(World(openings)) as found:
        yield found


def ask(running: Running, name: str, query: str, status: int = 200, token: str | None = None) -> Any:
    url = f"{running.url}/shops/{name}/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": token or f"token-of-{name}"}
    answer = httpx2.post(url, json={"query": query}, headers=headers)
    assert answer.status_code == status
    return answer.json().get("data") if status == 200 else answer.json()


def control(running: Running, method: str, path: str, body: Any = None, **asked: str) -> httpx2.Response:
    return httpx2.request(method, f"{running.url}/_simulator/{path}", json=body, params=asked)


def created(running: Running, name: str) -> str:
    return str(ask(running, name, CREATE)["customerCreate"]["customer"]["id"])


def test_shops_of_one_process_share_nothing(running: Running) -> None:
    """Each has its address, its token, its records and its faults; a name nobody has is not found."""
    created(running, "north")
    assert ask(running, "north", COUNT)["customersCount"]["count"] == 1
    assert ask(running, "south", COUNT)["customersCount"]["count"] == 0
    ask(running, "south", COUNT, status=401, token="token-of-north")
    ask(running, "west", COUNT, status=404)
    control(running, "POST", "faults", {"action": "status", "status": 402}, shop="south")
    ask(running, "south", COUNT, status=402)
    ask(running, "north", COUNT)
    assert control(running, "GET", "records", shop="west").status_code == 422


def test_reset_begins_again_as_it_began(running: Running) -> None:
    """Records go, the opening's faults come back; the other shop is left alone unless all are meant."""
    created(running, "north")
    created(running, "south")
    control(running, "DELETE", "faults", shop="north")
    control(running, "POST", "settings", {"bulk_seconds": 9}, shop="north")
    control(running, "POST", "reset", shop="north")
    assert ask(running, "north", COUNT)["customersCount"]["count"] == 0
    assert [rule["nth"] for rule in control(running, "GET", "faults", shop="north").json()["faults"]] == [9]
    assert "bulk_seconds" not in control(running, "GET", "settings", shop="north").json()["settings"]
    assert ask(running, "south", COUNT)["customersCount"]["count"] == 1
    control(running, "POST", "reset")
    assert ask(running, "south", COUNT)["customersCount"]["count"] == 0


def test_reset_lets_go_of_what_was_there(running: Running) -> None:
    """A large shop is not held twice: the old one has no records left once it is opened anew."""
    created(running, "north")
    old = running.world.shop
    control(running, "POST", "reset", shop="north")
    assert running.world.shop is not old
    assert old.tables == {}


def test_reset_to_a_dump_that_is_gone_is_told(tmp_path: Path) -> None:
    """422 with the path, no stack of the server's."""
    path = tmp_path / "shop.json"
    state.save(simulated.world(1).shop, path)
    with start(World([Opening("other", dump=path)])) as running:
        path.unlink()
        answer = httpx2.post(f"{running.url}/_simulator/reset")
    assert (answer.status_code, str(path) in answer.json()["error"]) == (422, True)


def test_truth_is_read_and_changed_behind_the_api(running: Running) -> None:
    """A value changes with nothing else: no updatedAt, no event, unless asked for."""
    gid = created(running, "north")
    before = control(running, "GET", "records", id=gid).json()["record"]
    running.world.shop.clock.move(60)
    control(running, "POST", "records", {"id": gid, "set": {"note": "changed behind the API"}})
    read = f'{{ customer(id: "{gid}") {{ note updatedAt }} }}'
    found = ask(running, "north", read)["customer"]
    assert found == {"note": "changed behind the API", "updatedAt": before["updatedAt"]}
    control(running, "POST", "records", {"id": gid, "touch": True})
    assert ask(running, "north", read)["customer"]["updatedAt"] > before["updatedAt"]
    assert [row["id"] for row in control(running, "GET", "records", kind="Customer").json()["records"]] == [gid]
    assert control(running, "GET", "records").json()["counts"]["Customer"] == 1


def test_listeners_hear_of_a_change_when_they_are_to(running: Running) -> None:
    """`emit` names the topic that is told."""
    heard: list[tuple[str, str]] = []
    running.world.shop.listeners.append(lambda topic, record: heard.append((topic, record["id"])))
    gid = created(running, "north")
    heard.clear()
    control(running, "POST", "records", {"id": gid, "set": {"note": "x"}})
    assert heard == []
    control(running, "POST", "records", {"id": gid, "emit": "customers/update"})
    assert heard == [("customers/update", gid)]


def test_record_can_vanish_without_a_trace(running: Running) -> None:
    """A deletion that no event tells of."""
    gid = created(running, "north")
    assert control(running, "DELETE", "records", id=gid).json() == {"removed": gid}
    assert ask(running, "north", f'{{ customer(id: "{gid}") {{ id }} }}')["customer"] is None
    events = '{ events(first: 9, query: "action:destroy") { nodes { id } } }'
    assert ask(running, "north", events)["events"]["nodes"] == []


@pytest.mark.parametrize(
    ("method", "body", "asked"),
    [
        ("GET", None, {"kind": "Nothing"}),
        ("GET", None, {"id": "12"}),
        ("GET", None, {"colour": "red"}),
        ("POST", {"id": "gid://shopify/Order/1", "set": {}}, {}),
        ("POST", {"set": {}}, {}),
        ("POST", [1], {}),
        ("POST", {"id": "gid://shopify/Order/1", "put": {}}, {}),
        ("DELETE", None, {}),
    ],
)
def test_mistaken_request_is_told(method: str, body: Any, asked: dict[str, str], running: Running) -> None:
    """422 with words, nothing changed."""
    answer = control(running, method, "records", body, **asked)
    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "given", [{"index_lag": {"Nothing": 1}}, {"bulk_seconds": "long"}, {"colour": 1}, {"bulk_files": ["orders"]}, [1]]
)
def test_mistaken_setting_is_told(given: Any, running: Running) -> None:
    """422 with words, nothing changed."""
    before = control(running, "GET", "settings").json()
    answer = control(running, "POST", "settings", given)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert control(running, "GET", "settings").json()["settings"] == before["settings"]


def test_dump_goes_through_a_file_into_another_shop(tmp_path: Path) -> None:
    """Records, counters, settings and the shop's facts are as they were; a running bulk operation has failed."""
    first = simulated.world(2)
    first.shop.settings["late_bump"] = 3
    running = {"id": first.shop.new_id("BulkOperation"), "type": "QUERY", "status": "RUNNING", "createdAt": "2026"}
    first.shop.table("BulkOperation").put(running)
    path = tmp_path / "shop.json"
    state.save(first.shop, path)
    second = World([Opening("other", dump=path)])
    assert second.shop.table("Product").all() == first.shop.table("Product").all()
    assert second.shop.settings["late_bump"] == 3
    assert second.shop.new_id("Product") == first.shop.new_id("Product")
    assert second.shop.table("BulkOperation").all()[0]["status"] == "FAILED"
    assert not (tmp_path / "shop.json.part").exists()
    second.shop.table("Product").remove(second.shop.table("Product").all()[0]["id"])
    second.reset()
    assert len(second.shop.table("Product")) == 2


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"format": 99}', b'{"format": 1}'])
def test_file_that_is_no_dump_is_refused(content: bytes | None, tmp_path: Path) -> None:
    """Missing, broken or of another make: ValueError with words, and the shop as it was."""
    path = tmp_path / "shop.json"
    if content is not None:
        path.write_bytes(content)
    world = simulated.world(1)
    with pytest.raises(ValueError, match=r"dump|read"):
        state.restore(world.shop, state.load(path))
    assert len(world.shop.table("Product")) == 1
