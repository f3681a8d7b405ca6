"""Runs every benchmark beside it and writes build/bench.json: one flat map of name → number."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def figures(path: Path) -> dict[str, float]:
    """The figures of one benchmark module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # where its dataclasses look
    spec.loader.exec_module(module)
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
