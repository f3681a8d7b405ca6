"""The command line as a user runs it: a project folder, a store on a socket, `shoptide` in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoptide.simulator.server import Running

TOKEN = "shpat_simulated"
PROJECT = """[shop.main]
name = "simulated"
access_token = "env:SHOPIFY_TOKEN"
base_url = "{url}"
[warehouse]
url = "duckdb:///acme.duckdb"
[pull.store]
streams = "all"
[push.vip]
object = "customers"
strategy = "upsert"
source = "vip.csv"
key = "crm_id"
match = ["email"]
"""


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document of stdout."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Folder:
    """A user's project."""

    path: Path

    @classmethod
    def of(cls, path: Path, running: Running, extra: str = "") -> Folder:
        (path / "shoptide.toml").write_text(PROJECT.format(url=running.url) + extra)
        return cls(path)

    def run(self, *arguments: str, **environment: str) -> Done:
        """Run a command to its end; what would be a traceback fails the test at once."""
        done = subprocess.run(
            [sys.executable, "-m", "shoptide", *arguments],
            cwd=self.path,
            env={**os.environ, "SHOPIFY_TOKEN": TOKEN, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert TOKEN not in done.stdout + done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    def write(self, name: str, text: str) -> None:
        (self.path / name).write_text(text)

    def edit(self, before: str, after: str) -> None:
        path = self.path / "shoptide.toml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
