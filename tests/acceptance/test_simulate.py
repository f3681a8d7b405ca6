"""`shoptide simulate` as a process: its flags, several shops, a dump when it stops, mistakes told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

HEADERS = {"X-Shopify-Access-Token": "shpat_simulated"}
COMMAND = (sys.executable, "-m", "shoptide", "simulate", "--port", "0", "--json")


@contextmanager
def simulating(*flags: str) -> Iterator[dict[str, Any]]:
    """The document that the command prints, while it runs; stopped as a supervisor would."""
    with subprocess.Popen([*COMMAND, *flags], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def ask(url: str, query: str) -> httpx2.Response:
    return httpx2.post(f"{url}/admin/api/2026-10/graphql.json", json={"query": query}, headers=HEADERS)


def test_flags_shape_the_shop_and_its_faults(tmp_path: Path) -> None:
    """Several shops, each with the faults, the prepared file and the lag that the flags name."""
    file = tmp_path / "orders.jsonl"
    file.write_text('{"id":"gid:\\/\\/shopify\\/Order\\/1"}\n' * 3)
    flags = ("--empty", "--name", "north", "--name", "south", "--fault", "status,status=503,operation=Look,nth=2")
    more = ("--bulk-file", f"orders={file}", "--index-lag", "Product=60", "--late-bump", "1", "--bulk-slots", "1")
    with simulating(*flags, *more) as told:
        first, second = told["shops"]
        assert (told["shop"], first["url"]) == ("north.myshopify.com", told["url"])
        assert second["url"] == f"{told['url']}/shops/south"
        for shop in (first, second):
            found = [ask(shop["url"], "query Look { shop { name } }").status_code for _ in range(3)]
            assert found == [200, 503, 200]
        assert ask(told["url"], "{ ordersCount { count } }").json()["data"]["ordersCount"]["count"] == 3
        settings = httpx2.get(f"{told['url']}/_simulator/settings").json()["settings"]
        assert settings["index_lag"] == {"Product": 60.0}
        assert (settings["late_bump"], settings["bulk_slots"]) == (1.0, 1)


def test_shop_goes_on_from_its_dump(tmp_path: Path) -> None:
    """Stopped with --save and started with --state, the store has what it had."""
    file = tmp_path / "shop.json"
    create = 'mutation { customerCreate(input: {email: "ann@example.com"}) { customer { id } } }'
    with simulating("--empty", "--save", str(file)) as told:
        gid = ask(told["url"], create).json()["data"]["customerCreate"]["customer"]["id"]
    with simulating("--state", str(file)) as told:
        answer = ask(told["url"], f'{{ customer(id: "{gid}") {{ email }} }}').json()
        assert answer["data"]["customer"] == {"email": "ann@example.com"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--fault", "explode"), "explode"),
        (("--fault", "reset,nth=soon"), "nth"),
        (("--fault", "{nonsense"), "no JSON"),
        (("--bulk-file", "orders"), "NAME=VALUE"),
        (("--bulk-file", "orders=/nowhere.jsonl"), "/nowhere.jsonl"),
        (("--index-lag", "soon"), "--index-lag"),
        (("--index-lag", "Nothing=3"), "Nothing"),
        (("--state", "/nowhere.json"), "/nowhere.json"),
        (("--name", "a", "--name", "b", "--save", "x"), "--save"),
    ],
)
def test_mistaken_flag_is_told(flags: tuple[str, ...], words: str) -> None:
    """Exit code 2 and the flag's value in the message, before anything is served."""
    command = [*COMMAND, "--empty", *flags]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
