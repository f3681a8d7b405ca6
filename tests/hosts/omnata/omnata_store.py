"""A simulated shop in a process of its own: the project's environment runs it, which the plugin does without."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).parents[3]
SOURCE = PROJECT / "src"
PYTHON = os.environ.get("SHOPTIDE_PYTHON") or str(PROJECT / ".venv" / "bin" / "python")
TOKEN = "shpat_simulated"


@dataclass
class Store:
    """A simulated shop in a process of its own."""

    url: str

    def ask(self, document: str, **variables: Any) -> dict[str, Any]:
        answer = requests.post(
            f"{self.url}/admin/api/2026-10/graphql.json",
            json={"query": document, "variables": variables},
            headers={"X-Shopify-Access-Token": TOKEN},
            timeout=30,
        ).json()
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def fault(self, **rule: Any) -> None:
        requests.post(f"{self.url}/_simulator/faults", json=rule, timeout=30).raise_for_status()

    def heal(self) -> None:
        requests.delete(f"{self.url}/_simulator/faults", timeout=30).raise_for_status()

    def gids(self, root: str) -> set[str]:
        """The ids of the first 250 records of a root."""
        return {node["id"] for node in self.ask(f"{{ {root}(first: 250) {{ nodes {{ id }} }} }}")[root]["nodes"]}

    def count(self, root: str) -> int:
        return int(self.ask(f"{{ {root}Count(limit: null) {{ count }} }}")[f"{root}Count"]["count"])


@contextmanager
def opened(**settings: Any) -> Iterator[Store]:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    process = subprocess.Popen(
        [PYTHON, str(Path(__file__).with_name("omnata_simulated.py")), json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield Store(process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.wait(timeout=20)
