"""Runs every benchmark beside it and writes build/bench.json: one flat map of name → number."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def figures(path: Path) -> dict[str, float]:
    """The figures of one benchmark module."""
    module = importlib.import_module(path.stem)  # a script's own folder is where Python looks first
    found: dict[str, float] = module.figures()
    return found


def main() -> None:
    chosen = sys.argv[1:]
    measured: dict[str, float] = {}
    target = HERE.parent / "build" / "bench.json"
    if target.exists() and chosen:
        measured = json.loads(target.read_text())
    for path in sorted(HERE.glob("*.py")):
        # What serves is measured by serve.py: it takes minutes.
        if path.name == "run.py" or path.name.startswith("serve") or (chosen and path.stem not in chosen):
            continue
        print(f"{path.stem} …", file=sys.stderr, flush=True)  # noqa: T201  # progress of a script
        for name, number in figures(path).items():
            measured[name] = number
            print(f"{name} = {number}", flush=True)  # noqa: T201  # the result of a script
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
