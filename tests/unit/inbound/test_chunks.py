"""Files are cut into pieces of whole lines, in order, and nothing of the pieces stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoptide.inbound.chunks import pieces


@given(
    files=st.lists(st.lists(st.integers(0, 60), min_size=0, max_size=30), min_size=1, max_size=4),
    size=st.integers(4, 400),
    ended=st.booleans(),
)
def test_pieces_are_all_lines_in_order(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]], size: int, *, ended: bool
) -> None:
    folder = tmp_path_factory.mktemp("lines")
    paths = []
    for number, lines in enumerate(files):
        paths.append(folder / f"{number}.jsonl")
        text = "".join(f"{'x' * length}{place}\n" for place, length in enumerate(lines))
        paths[-1].write_text(text if ended else text.removesuffix("\n"))
    met = []
    with pieces(paths, size) as cut:
        for chunk in cut:
            texts = [path.read_text() for path in chunk]
            assert len(chunk) == 1 or sum(map(len, texts)) <= size
            met += [line for text in texts for line in text.splitlines()]
    assert met == [line for path in paths for line in path.read_text().splitlines()]
    assert sorted(folder.iterdir()) == paths
