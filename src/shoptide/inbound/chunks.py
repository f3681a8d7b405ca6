"""Files of lines in chunks, each typed by DuckDB while the chunks before it are taken over.

Each chunk's lines stand in a temporary table of a connection of their own, outside of the landing's transaction, since
what a transaction drops is kept until it ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import duckdb

from shoptide.inbound.extraction import unreadable
from shoptide.inbound.reading import LARGEST_LINE, USUAL_LINE, Tree, scan
from shoptide.warehouse import Warehouse

LANDED = "_landed"
CHUNK = 96 * 1024 * 1024  # bytes of files that are typed at once; each chunk costs a quarter of a second by itself
AHEAD = 2  # chunks that are typed while another is taken over: taking over needs less than a processor
BLOCK = 1024 * 1024  # bytes of a file that are copied at once


class Chunks:
    """Types the lines of a stream's files."""

    def __init__(self, warehouse: Warehouse, stream: str, tree: Tree) -> None:
        self.warehouse = warehouse
        self.stream = stream
        self.tree = tree
        self._readers: list[duckdb.DuckDBPyConnection] = []

    def typed(self, paths: list[Path]) -> Generator[duckdb.DuckDBPyConnection, None, None]:
        """Chunk by chunk, in order, the connection that has its lines in `LANDED` until the next is asked for.

        Raises ProofFailed for what does not fit the types.
        """
        if sum(path.stat().st_size for path in paths) <= CHUNK:
            yield self._type(paths, self._reader(0))
            return
        spare = deque(map(self._reader, range(AHEAD + 1)))
        with pieces(paths, CHUNK, AHEAD) as files, ThreadPoolExecutor(AHEAD, thread_name_prefix="typing") as pool:
            first = islice(files, AHEAD)
            ahead = deque(pool.submit(self._type, chunk, spare.popleft()) for chunk in first)
            while ahead:
                reader = ahead.popleft().result()
                if chunk := next(files, None):
                    ahead.append(pool.submit(self._type, chunk, spare.popleft()))
                yield reader
                reader.execute(f"DROP TABLE {LANDED}")
                spare.append(reader)

    def _type(self, paths: list[Path], reader: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
        into = f"CREATE OR REPLACE TEMP TABLE {LANDED} AS SELECT * FROM "
        try:
            reader.execute(into + scan(paths, self.tree, longest=USUAL_LINE))
        except duckdb.InvalidInputException as error:
            if "maximum_object_size" not in str(error):
                raise unreadable(self.stream, error) from None
            try:
                reader.execute(into + scan(paths, self.tree, longest=LARGEST_LINE))
            except duckdb.InvalidInputException as again:
                raise unreadable(self.stream, again) from None
        return reader

    def _reader(self, number: int) -> duckdb.DuckDBPyConnection:
        while len(self._readers) <= number:
            reader = self.warehouse.reader()
            reader.execute("SET arrow_lossless_conversion = true")  # rows keep their types: JSON stays JSON
            self._readers.append(reader)
        return self._readers[number]

    def close(self) -> None:
        while self._readers:
            self._readers.pop().close()


@contextmanager
def pieces(paths: list[Path], size: int, ahead: int) -> Iterator[Iterator[list[Path]]]:
    """The files in their order: small ones together up to `size` bytes, larger ones cut into pieces.

    A piece is there until `ahead` later ones have been asked for, or the context ends.
    """
    spare = [paths[0].with_suffix(f".{number}.chunk") for number in range(ahead)]
    try:
        yield _pieces(paths, size, cycle(spare))
    finally:
        for piece in spare:
            piece.unlink(missing_ok=True)


def _pieces(paths: list[Path], size: int, spare: Iterator[Path]) -> Iterator[list[Path]]:
    together: list[Path] = []
    for path in paths:
        if together and sum(each.stat().st_size for each in (*together, path)) > size:
            yield together
            together = []
        if path.stat().st_size > size:
            yield from ([piece] for piece in _cut(path, size, spare))
        else:
            together.append(path)
    if together:
        yield together


def _cut(path: Path, size: int, spare: Iterator[Path]) -> Iterator[Path]:
    """A file's whole lines in pieces of about `size` bytes."""
    few = min(BLOCK, size)
    with path.open("rb") as file:
        while begin := file.read(few):
            piece = next(spare)
            with piece.open("wb") as part:
                part.write(begin)
                while part.tell() < size and (block := file.read(few)):
                    part.write(block)
                part.write(file.readline())
            yield piece
