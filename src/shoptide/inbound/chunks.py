"""Files of lines in chunks, each typed by DuckDB while the chunks before it are taken over.

Each chunk's lines stand in a temporary table of a connection of their own, outside of the landing's transaction, since
what a transaction drops is kept until it ends.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import TypeVar

import duckdb

from shoptide.inbound.extraction import unreadable
from shoptide.inbound.reading import LARGEST_LINE, USUAL_LINE, Tree, scan
from shoptide.warehouse import Warehouse

LANDED = "_landed"
CHUNK = 128 * 1024 * 1024  # bytes of files that are typed at once; each chunk costs a fifth of a second by itself
BLOCK = 256 * 1024  # bytes of a file that are copied at once

T = TypeVar("T")


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
        readers = cycle([self._reader(0), self._reader(1)])
        # A piece is cut while the one before is typed, and typed while the one before that is taken over.
        with pieces(paths, CHUNK) as cut, ThreadPoolExecutor(2, thread_name_prefix="chunks") as pool:
            for reader in _ahead((self._type(piece, next(readers)) for piece in _ahead(cut, pool)), pool):
                yield reader
                reader.execute(f"DROP TABLE {LANDED}")  # at once: the next is in memory already

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


def _ahead(items: Iterator[T], pool: ThreadPoolExecutor) -> Generator[T, None, None]:
    """The same items, each next one made by the pool in the meantime."""
    coming = pool.submit(next, items, None)
    while (item := coming.result()) is not None:
        coming = pool.submit(next, items, None)
        yield item


@contextmanager
def pieces(paths: list[Path], size: int) -> Iterator[Iterator[list[Path]]]:
    """The files in their order: small ones together up to `size` bytes, larger ones cut into pieces.

    A piece is there until the second after it is asked for, or the context ends.
    """
    spare = [paths[0].with_suffix(f".{number}.chunk") for number in range(2)]
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
    """A file's whole lines in pieces of about `size` bytes, the first a quarter of it: taking over waits for that."""
    begin, whole = 0, path.stat().st_size
    while begin < whole:
        about = begin + (size if begin else size // 4)
        end = _line_end(path, about) if about < whole else whole
        piece = next(spare)
        _copy(path, piece, begin, end)
        begin = end
        yield piece


def _line_end(path: Path, place: int) -> int:
    """Where the line ends that a place in a file is in."""
    with path.open("rb") as file:
        file.seek(place)
        file.readline()
        return file.tell()


def _copy(path: Path, piece: Path, begin: int, end: int) -> None:
    # One buffer again and again: a gigabyte in new ones takes twice the time.
    room = memoryview(bytearray(BLOCK))
    with path.open("rb", buffering=0) as file, piece.open("wb") as part:
        file.seek(begin)
        while begin < end and (read := file.readinto(room[: end - begin])):
            part.write(room[:read])
            begin += read
