"""What other connectors make of the same bulk file: `make bench-peers`. Each runs in an environment of its own.

The packages are installed into build/peers/ by pip, as configured on this machine; none of them is a dependency. Each
script reads the file given to it and prints its seconds as JSON. Ours goes from file to merged tables; Airbyte's and
the Singer tap's readers only make Python records of the lines; dlt loads them into DuckDB as it does by default.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MEGABYTES = int(os.environ.get("SHOPTIDE_PEERS_MB", "100"))
PEERS = {
    "airbyte": ["airbyte-source-shopify==4.3.0"],
    "tap_shopify": ["tap-shopify==3.13.0"],
    "dlt": ["dlt[duckdb]==1.31.0"],
}


def inbound() -> ModuleType:
    """The benchmark that makes the file."""
    sys.path.append(str(ROOT / "bench"))
    return importlib.import_module("inbound")


def environment(name: str) -> Path:
    """The interpreter of a peer's environment, made when it is not there yet."""
    folder = ROOT / "build" / "peers" / name
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS[name]], check=True)
        (folder / "ready").touch()
    return python


def seconds(name: str, path: Path) -> float:
    command = [str(environment(name)), str(HERE / f"{name}.py"), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path.parent)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr.strip().splitlines()[-1:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def main() -> None:
    ours = inbound()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        path = base / "orders.jsonl"
        with path.open("wb") as file:
            for text in ours.repeated(ours.sample(base), MEGABYTES * 1_000_000):
                file.write(text)
        megabytes = path.stat().st_size / 1e6
        landed = ours.measured("land", path, base / "land.duckdb")
        print(f"shoptide, file to merged tables: {megabytes / landed.seconds:.1f} MB/s, peak {landed.peak_mb:.0f} MB")
        for name in sys.argv[1:] or PEERS:
            took = seconds(name, path)
            print(f"{name}: {megabytes / took:.1f} MB/s, ours is {took / landed.seconds:.1f} times as fast")


if __name__ == "__main__":
    main()
