"""A simulated store in a process of its own: prints its address, answers until its input is closed."""

from __future__ import annotations

import json
import sys

from shoptide.simulator.server import start
from shoptide.simulator.world import Opening, World

if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    if "scopes" in settings:
        settings["scopes"] = frozenset(settings["scopes"])
    with start(World([Opening(**settings)])) as running:
        print(running.url, flush=True)
        sys.stdin.read()
