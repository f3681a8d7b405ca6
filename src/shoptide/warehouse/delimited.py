"""CSV files as people have them: separator, columns, and what DuckDB would not take as it is, rewritten or explained.

DuckDB reads a file that keeps to RFC 4180 itself, at disk speed. One that it refuses is read here, row by row: it is
either made into one that DuckDB takes, or the line and column are told that can't be read. No row is left out.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from shoptide.errors import SourceError
from shoptide.warehouse.encoding import NAME_IT, broken_at

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLE, SAMPLE_ROWS = 256 * 1024, 200  # characters and rows that the separator is told from
SEPARATOR = re.compile(r'^\ufeff?"?sep=(?P<mark>[^"\r\n])"?[\r\n]+', re.IGNORECASE)  # Excel's own first line
INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060"))
LONGEST = 64 * 1024 * 1024  # characters of a value


@dataclass(frozen=True)
class Layout:
    """How a file is written: its separator, its columns' names (None: a column without name or values), what is above.

    `plain` says that the header is the first line, so that DuckDB can skip it.
    """

    delimiter: str
    columns: tuple[str | None, ...]
    plain: bool
    above: int = 0  # lines before the header


def column_name(text: str) -> str:
    """A header as a column's name: ` First Name` → first_name; one that is a name already stays as it is."""
    clean = unicodedata.normalize("NFC", text.translate(INVISIBLE)).strip()
    name = re.sub(r"[\s\-/]+", "_", clean)
    return name if name == clean else name.lower().strip("_")


def layout_of(path: Path, encoding: str, delimiter: str, what: str) -> Layout:
    """Look at a file's beginning. Raises SourceError where the separator or the columns can't be told."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        sample = file.read(SAMPLE)
    told = SEPARATOR.match(sample)
    body = sample[told.end() :] if told else sample
    blank = len(body) - len(body.lstrip("\r\n"))
    above = (1 if told else 0) + len(body[:blank].splitlines())
    body = body[blank:].removeprefix("\ufeff")
    if not body.strip():
        raise SourceError(f"{what} is empty", hint="its first line must name the columns")
    mark = delimiter or (told["mark"] if told else _delimiter(body, len(sample) == SAMPLE, what))
    records = _records(body, mark)
    header = next(records)
    names = _named(header, what, above + 1)
    return Layout(mark, names, plain=not above and None not in names, above=above)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(LONGEST)
    try:
        yield from csv.reader(text.splitlines(keepends=True), delimiter=delimiter, skipinitialspace=True)
    except csv.Error:
        return  # told with its line when the file is read


def _delimiter(text: str, cut: bool, what: str) -> str:
    """The separator that gives every row of the sample as many values as the header has, and more than one."""
    fitting = {}
    for mark in DELIMITERS:
        rows = [row for _, row in zip(range(SAMPLE_ROWS), _records(text, mark), strict=False) if row]
        if cut and len(rows) < SAMPLE_ROWS:
            rows = rows[:-1] or rows
        if rows and len(rows[0]) > 1:
            fitting[mark] = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
    if not fitting:
        return ","
    best = max(fitting.values())
    found = [mark for mark, share in fitting.items() if share == best]
    if len(found) > 1:
        raise SourceError(
            f"{what}: its values may be separated by {' or by '.join(DELIMITERS[mark] for mark in found)}",
            hint=f'name it: file = {{ delimiter = "{found[0]}" }}',
        )
    return found[0]


def _named(header: list[str], what: str, line: int) -> tuple[str | None, ...]:
    names = tuple(column_name(each) or None for each in header)
    where = f"{what}, line {line}"
    if not any(names):
        raise SourceError(f"{where} names no column", hint="the first line must name the columns")
    places: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        if name is not None:
            places.setdefault(name.lower(), []).append(number)
    for numbers in places.values():
        if len(numbers) > 1:
            told = " and ".join(f"column {number + 1} ({header[number]!r})" for number in numbers)
            raise SourceError(f"{where}: {told} are named alike", hint="give each column its own name")
    return names


# reading row by row


@dataclass
class _Lines:
    """Lines of a text on their way to the csv module, those of the present row kept for what is told of it."""

    file: TextIO
    number: int = 0
    held: list[str] = field(default_factory=list)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self.file)
        self.number += 1
        self.held.append(line)
        return line


@dataclass
class Rows:
    """The rows of a file below its header, each as wide as the header; `line` is where the present one begins."""

    path: Path
    encoding: str
    layout: Layout
    what: str
    line: int = 0

    def __iter__(self) -> Iterator[list[str]]:
        csv.field_size_limit(LONGEST)
        with self.path.open(encoding=self.encoding, newline="") as file:
            lines = _Lines(file)
            try:
                for _ in range(self.layout.above):
                    next(lines)
                lines.held.clear()
                reader = csv.reader(lines, delimiter=self.layout.delimiter, strict=True)
                next(reader)
                lines.held.clear()
                for row in reader:
                    self.line = lines.number - len(lines.held) + 1
                    if row or len(self.layout.columns) == 1:
                        yield self._fitted(row, "".join(lines.held))
                    lines.held.clear()
            except csv.Error as error:
                raise self._torn(lines, error) from None
            except UnicodeDecodeError:
                raise self._undecodable() from None

    def _fitted(self, row: list[str], text: str) -> list[str]:
        """The values of the named columns. Raises SourceError for more or fewer than the header has."""
        columns = self.layout.columns
        where = f"{self.what}, line {self.line}"
        if len(row) < len(columns) and any(columns[len(row) :]):
            lacking = ", ".join(name for name in columns[len(row) :] if name)
            raise SourceError(
                f"{where}: {len(row)} values for {len(columns)} columns; none for {lacking}",
                hint="a value with a line break or a separator in it must stand in quotes",
            )
        surplus = [value for value in row[len(columns) :] if value]
        if surplus:
            raise SourceError(
                f"{where}: {len(row)} values for {len(columns)} columns; {_short(surplus[0])} belongs to none",
                hint=f"put values with {DELIMITERS.get(self.layout.delimiter, 'separators')} in them into quotes",
            )
        for number, (name, value) in enumerate(zip(columns, row, strict=False), 1):
            if name is None and value:
                raise SourceError(
                    f"{where}: column {number} has no name, but the value {_short(value)}", hint="name it in the header"
                )
            if value[:1] in " \t" and value.lstrip().startswith('"') and f"{self.layout.delimiter}{value}" in text:
                raise SourceError(
                    f"{where}, column {name}: a quote after a space", hint="remove the space before the quote"
                )
        return [value for name, value in zip(columns, row, strict=False) if name is not None]

    def _torn(self, lines: _Lines, error: csv.Error) -> SourceError:
        """What is wrong with the quotes of a row, and in which column."""
        begins = lines.number - len(lines.held) + 1
        column = self._column("".join(lines.held))
        if "unexpected end" in str(error):
            told, hint = "a quote is opened and never closed", 'close it; a quote inside a value is written ""'
        elif "field larger" in str(error):
            told, hint = f"the value is longer than {LONGEST:,} characters", "is a quote left open?"
        else:
            told, hint = "something follows the closing quote", 'a quote inside a value is written ""'
        return SourceError(f"{self.what}, line {begins}, column {column}: {told}", hint=hint)

    def _column(self, text: str) -> str:
        """The name of the column whose quotes go wrong in a row's text."""
        mark = re.escape(self.layout.delimiter)
        values = re.compile(rf'(?:"(?:[^"]|"")*"|[^"{mark}\r\n][^{mark}\r\n]*|)(?P<end>{mark}|\r?\n|\Z)')
        number, at = 0, 0
        while (found := values.match(text, at)) and found["end"] == self.layout.delimiter:
            number, at = number + 1, found.end()
        names = self.layout.columns
        return (names[number] if number < len(names) else None) or str(number + 1)

    def _undecodable(self) -> SourceError:
        broken = broken_at(self.path, self.encoding)
        if broken is None:  # it was another file a moment ago
            return SourceError(f"{self.what} changed while it was read", hint="run the command again")
        values = next(csv.reader([broken.above or " "], delimiter=self.layout.delimiter))
        name = dict(enumerate(self.layout.columns)).get(len(values) - 1)
        return SourceError(
            f"{self.what}, line {broken.line}, column {name or len(values)}: byte 0x{broken.byte:02X} is no"
            f" {self.encoding}",
            hint=NAME_IT,
        )


def rewritten(rows: Iterable[list[str]], columns: list[str], into: Path) -> None:
    """Write rows as DuckDB takes them."""
    with into.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)  # it would leave a lone CR unquoted
        writer.writerow(columns)
        writer.writerows(rows)


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else value[:39] + "…")
