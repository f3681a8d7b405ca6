"""`shoptide serve` from the command line: what is wrong is said at once, and nothing is started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from command_line import Folder
from pulling import store

SERVE = '\n[serve]\npublic_url = "http://127.0.0.1:9"\n'


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        (SERVE, "[serve] secrets: is missing"),
        ('\n[serve]\npublic_url = "ftp://x"\n', "is no address a store sends webhooks to"),
        ("\n[serve]\nport = 70000\n", "must be from 0 to 65535"),
        ('\n[serve]\nsecrets = ["env:NOT_SET_ANYWHERE"]\n', "NOT_SET_ANYWHERE is not set"),
        ("\n[serve]\nportt = 1\n", "did you mean port"),
    ],
)
def test_a_mistake_in_the_configuration_is_named(extra: str, told: str, tmp_path: Path) -> None:
    """With the key, and exit code 2."""
    with store() as running:
        done = Folder.of(tmp_path, running, extra).run("serve")
    assert (done.code, done.out) == (2, "")
    assert told in done.err


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    """By what to change."""
    with store() as running, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = Folder.of(tmp_path, running).run("serve", "--port", str(port))
    assert done.code == 2
    assert f"port {port} on 127.0.0.1 can't be taken" in done.err
    assert "--port" in done.err
