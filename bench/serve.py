"""Measures what `shoptide serve` promises and writes build/serve.json: one flat map of name → number.

Names of parts (freshness, load, attack, …) measure only those, and keep the figures of the others.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
TARGET = HERE.parent / "build" / "serve.json"


def main() -> None:
    chosen = sys.argv[1:]
    measured: dict[str, float] = json.loads(TARGET.read_text()) if TARGET.exists() and chosen else {}
    parts = [path for path in sorted(HERE.glob("serve_*.py")) if "def figures(" in path.read_text(encoding="utf-8")]
    for path in parts:
        if chosen and path.stem.removeprefix("serve_") not in chosen:
            continue
        print(f"{path.stem} …", file=sys.stderr, flush=True)  # noqa: T201  # progress of a script
        for name, number in importlib.import_module(path.stem).figures().items():
            measured[name] = number
            print(f"{name} = {number}", flush=True)  # noqa: T201  # the result of a script
        TARGET.parent.mkdir(exist_ok=True)
        TARGET.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
