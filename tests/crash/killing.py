"""Kills a command at a random moment, again and again, against one simulated store; what is left must be whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

TOKEN = "shpat_simulated"


def environment() -> dict[str, str]:
    return {**os.environ, "SHOPIFY_TOKEN": TOKEN}


def killed(folder: Path, arguments: list[str], after: float) -> bool:
    """Run a command and kill -9 it after some seconds; False when it ended before that."""
    process = subprocess.Popen(
        [sys.executable, "-m", "shoptide", *arguments],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        process.wait(timeout=after)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
        return True
    return False


def finish(folder: Path, arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "shoptide", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def moments(seed: int, count: int, first: float, last: float) -> list[float]:
    """When to kill: seeded, spread over the part of a run that does the work."""
    chance = random.Random(seed)
    return [chance.uniform(first, last) for _ in range(count)]


def length(folder: Path, arguments: list[str]) -> float:
    """How long a command takes undisturbed, in seconds."""
    began = time.monotonic()
    finish(folder, arguments)
    return time.monotonic() - began
