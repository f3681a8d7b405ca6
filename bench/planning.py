"""How long a fresh process takes to load the schema and plan the largest stream: what every command waits for first."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import time
began = time.perf_counter()
from shoptide.resources.planning import plan_stream
from shoptide.resources.streams import STREAMS
from shoptide.shopify.schema import load
plan_stream(STREAMS["orders"], load("2026-10")).bulk_documents()
print(time.perf_counter() - began)
"""


def figures() -> dict[str, float]:
    command = [sys.executable, "-c", CODE]
    runs = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(3)]
    return {"inbound.planning_s": round(min(runs), 3)}
