"""Records of pages on disk: each once, as it came last."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shoptide.inbound.spool import Spool


def kept(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_record_that_comes_again_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """With its children: those it lost meanwhile are gone."""
    path = tmp_path / "x.jsonl"
    with Spool(path) as spool:
        spool.add("a", [{"id": "a", "v": 1}, {"id": "child", "__parentId": "a"}])
        spool.add("b", [{"id": "b", "v": 1}])
        spool.add("a", [{"id": "a", "v": 2}])
    assert kept(path) == [{"id": "b", "v": 1}, {"id": "a", "v": 2}]
    assert (spool.records, spool.lines) == (2, 2)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), max_size=30))
def test_the_file_holds_the_last_of_each(comings: list[tuple[int, int]]) -> None:
    """Whatever comes however often, counts and file agree."""
    last: dict[int, list[dict[str, int]]] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        found = written(path, comings, last)
        assert kept(path) == [line for lines in last.values() for line in lines]
    assert found == (len(last), sum(len(lines) for lines in last.values()))


def written(path: Path, comings: list[tuple[int, int]], last: dict[int, list[dict[str, int]]]) -> tuple[int, int]:
    with Spool(path) as spool:
        for turn, (name, number) in enumerate(comings):
            lines = [{"record": name, "turn": turn, "line": line} for line in range(number)]
            last.pop(name, None)
            last[name] = lines
            spool.add(str(name), lines)
    return spool.records, spool.lines
