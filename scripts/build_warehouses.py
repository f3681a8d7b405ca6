"""Run the conformance kit on every warehouse and write docs/reference/warehouses.md from what it showed.

python scripts/build_warehouses.py

A warehouse whose stand-in is not at hand (Snowflake's needs environments of its own) is shown as it is declared.
"""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).parent.parent
KIT = ROOT / "tests" / "warehouses"


def main() -> None:
    sys.path.insert(0, str(KIT / "parts"))
    import page  # beside the kit's tests, whose page it is

    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder) / "results.json"
        environment = {**os.environ, "SHOPTIDE_KIT_RESULTS": str(results)}
        command = [sys.executable, "-m", "pytest", "-q", str(KIT), "--deselect", str(KIT / "test_page.py")]
        done = subprocess.run(command, env=environment, cwd=ROOT, check=False)  # noqa: S603  # our own tests
        if done.returncode:
            sys.exit("the kit is not green: nothing was written")
        seen = {(kind, capability): told for kind, capability, told in json.loads(results.read_text())}
    declared = page.declared()
    for missing in sorted({kind for kind, capability in declared if (kind, capability) not in seen}):
        print(f"{missing} was not run here, or not whole: as declared")
    page.PAGE.write_text(page.page(declared | seen), encoding="utf-8")


if __name__ == "__main__":
    main()
