"""A file as a push's source, read into a table of DuckDB's whole or not at all: CSV, JSON lines, Parquet."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb

from shoptide.config import FileConfig
from shoptide.errors import SourceError
from shoptide.warehouse import delimited, json_lines
from shoptide.warehouse.delimited import Layout, Rows
from shoptide.warehouse.encoding import NAME_IT, Broken, broken_at, contradicted, encoding_of, transcoded
from shoptide.warehouse.names import literal, quoted
from shoptide.warehouse.source import in_plain_times, refuse_names

log = logging.getLogger(__name__)

DELIMITED, LINES, PARQUET = (".csv", ".tsv"), (".jsonl", ".ndjson"), (".parquet",)
SUFFIXES = (*DELIMITED, *LINES, *PARQUET)
UTF8 = ("utf-8", "utf-8-sig", "ascii")
LARGEST = 64 * 1024 * 1024  # bytes of a line of CSV


Places = Callable[[Iterable[int]], dict[int, str]]  # row numbers, from 0 → where in the file each is


def load(connection: duckdb.DuckDBPyConnection, table: str, path: Path, source: str, config: FileConfig) -> Places:
    """Read a file into a temporary table. Raises SourceError that names file, line and column where it can't be.

    What is returned tells where in the file rows stand, at the cost of reading it again.
    """
    what = f"source {source}"
    kind = path.suffix.lower()
    with tempfile.TemporaryDirectory() as folder:
        if kind in DELIMITED:
            rows = _load_delimited(connection, table, path, config, what, Path(folder) / "rows.csv")
            return lambda numbers: _lines(path.name, rows, numbers)
        if kind in LINES:
            encoding = _load_lines(connection, table, path, config, what, Path(folder) / "rows.jsonl")
            return lambda numbers: _lines(path.name, json_lines.Numbers(path, encoding), numbers)
        _load_parquet(connection, table, path, what)
        return lambda numbers: {number: f"{path.name}, row {number + 1}" for number in numbers}


def _lines(name: str, rows: Rows | json_lines.Numbers, numbers: Iterable[int]) -> dict[int, str]:
    wanted = set(numbers)
    found: dict[int, str] = {}
    for number, _row in enumerate(rows):
        if number in wanted:
            found[number] = f"{name}, line {rows.line}"
            if len(found) == len(wanted):
                break
    return found


# CSV


def _load_delimited(
    connection: duckdb.DuckDBPyConnection, table: str, path: Path, config: FileConfig, what: str, spare: Path
) -> Rows:
    encoding = encoding_of(path, config.encoding, what)
    layout = delimited.layout_of(path, encoding, config.delimiter or ("\t" if path.suffix == ".tsv" else ""), what)
    columns = [name for name in layout.columns if name is not None]
    refuse_names(what.removeprefix("source "), columns)
    if _made_at_once(connection, table, path, encoding, layout, spare):
        return Rows(path, encoding, layout, what)
    found = _believed(path, encoding, config, what)
    if found != encoding:
        encoding, layout = found, delimited.layout_of(path, found, layout.delimiter, what)
        if _made_at_once(connection, table, path, encoding, layout, spare):
            return Rows(path, encoding, layout, what)
    rows = Rows(path, encoding, layout, what)
    delimited.rewritten(rows, columns, spare)
    try:
        _make(connection, table, _read(spare, ",", columns))
    except duckdb.Error as error:
        raise _unexplained(what, error) from None
    return rows


def _made_at_once(
    connection: duckdb.DuckDBPyConnection, table: str, path: Path, encoding: str, layout: Layout, spare: Path
) -> bool:
    """Whether DuckDB took the file as it is, or as it is in UTF-8."""
    columns = [name for name in layout.columns if name is not None]
    if not layout.plain or (encoding not in UTF8 and not transcoded(path, encoding, spare)):
        return False
    try:
        _make(connection, table, _read(path if encoding in UTF8 else spare, layout.delimiter, columns))
    except duckdb.Error as error:
        log.info("source.read_row_by_row", extra={"file": path.name, "reason": str(error).split("\n")[0]})
        return False
    return True


def _believed(path: Path, encoding: str, config: FileConfig, what: str) -> str:
    """What a file is in that was not taken at once: UTF-8 that nobody named and no mark told may be something else."""
    found = contradicted(path, what) if encoding == "utf-8" and not config.encoding else encoding
    if found != encoding:
        log.warning("source.encoding_guessed", extra={"source": what, "encoding": found})
    return found


def _read(path: Path, delimiter: str, columns: list[str]) -> str:
    typed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    options = (
        f"delim = {literal(delimiter)}, quote = '\"', escape = '\"', header = true, auto_detect = false,"
        f" null_padding = false, strict_mode = true, max_line_size = {LARGEST}"
    )
    return f"SELECT * FROM read_csv({literal(str(path))}, columns = {{{typed}}}, {options})"


# JSON lines


def _load_lines(
    connection: duckdb.DuckDBPyConnection, table: str, path: Path, config: FileConfig, what: str, spare: Path
) -> str:
    encoding = encoding_of(path, config.encoding, what)
    if encoding not in ("utf-8", "ascii"):
        if not transcoded(path, encoding, spare):
            raise _undecodable(broken_at(path, encoding), encoding, what)
        path = spare
    try:
        _make(connection, table, json_lines.select(connection, path, what))
    except duckdb.Error:
        raise json_lines.wrong_line(path, what) from None
    return encoding


def _undecodable(broken: Broken | None, encoding: str, what: str) -> SourceError:
    where = f"{what}, line {broken.line}: byte 0x{broken.byte:02X}" if broken else f"{what}: a byte of it"
    return SourceError(f"{where} is no {encoding}", hint=NAME_IT)


# Parquet


def _load_parquet(connection: duckdb.DuckDBPyConnection, table: str, path: Path, what: str) -> None:
    query = f"SELECT * FROM read_parquet({literal(str(path))})"
    try:
        described = connection.execute(f"DESCRIBE {query}").fetchall()
        refuse_names(what.removeprefix("source "), [str(row[0]) for row in described])
        _make(connection, table, in_plain_times(query, described))
    except duckdb.Error as error:
        raise _broken_parquet(connection, path, what, error) from None


def _broken_parquet(connection: duckdb.DuckDBPyConnection, path: Path, what: str, error: duckdb.Error) -> SourceError:
    """Whether it is no Parquet file at all, or which of its columns can't be read."""
    with path.open("rb") as file:
        begins = file.read(4)
        file.seek(max(0, path.stat().st_size - 4))
        ends = file.read(4)
    if begins != b"PAR1":
        return SourceError(f"{what} is no Parquet file", hint="write it again, or give it the ending it should have")
    if ends != b"PAR1":
        return SourceError(f"{what} was cut off: a Parquet file ends with its index", hint="write it again")
    file_name = literal(str(path))
    try:
        names = [str(row[0]) for row in connection.execute(f"DESCRIBE FROM read_parquet({file_name})").fetchall()]
        for name in names:
            try:
                connection.execute(f"SELECT max(hash({quoted(name)})) FROM read_parquet({file_name})").fetchall()
            except duckdb.Error as found:
                reason = str(found).split("\n")[0]
                return SourceError(f"{what}, column {name} can't be read: {reason}", hint="write the file again")
    except duckdb.Error:
        pass
    return _unexplained(what, error)


def _make(connection: duckdb.DuckDBPyConnection, table: str, query: str) -> None:
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {quoted(table)} AS {query}")


def _unexplained(what: str, error: duckdb.Error) -> SourceError:
    reason = str(error).split("\n")[0].strip()
    return SourceError(f"{what} can't be read: {reason}", hint="write the file again, or load it into a table first")
