"""In which encoding a text file is: as named, by its mark, by its zeros, or what its bytes allow. Never on a hunch.

UTF-8 is taken for granted until a byte contradicts; only then `contradicted` looks at all of them.
"""

from __future__ import annotations

import codecs
import difflib
from dataclasses import dataclass
from pathlib import Path

from shoptide.errors import SourceError

HEAD, BLOCK = 64 * 1024, 1024 * 1024
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
USUAL = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "latin-1",
    "cp1252",
    "iso-8859-15",
    "cp1250",
    "cp437",
)
WESTERN = "cp1252"  # what spreadsheets of western Europe and America write when they don't write UTF-8
UNUSED = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))  # bytes that stand for nothing in it
NAME_IT = 'name it: file = { encoding = "cp1252" } (or utf-8, utf-16, latin-1 …)'


@dataclass(frozen=True)
class Broken:
    """Where bytes are not what the encoding allows: the line's number, and the byte."""

    line: int
    byte: int
    above: str  # the line up to there


def encoding_of(path: Path, named: str, what: str) -> str:
    """The codec that reads the file, as Python calls it. Raises SourceError for a name that Python does not know."""
    if named:
        return _known(named, what)
    with path.open("rb") as file:
        head = file.read(HEAD)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    # Latin text in UTF-16 has a zero in every other byte; no other text has any.
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) * 5 > len(head):
        return "utf-16-be" if even > odd else "utf-16-le"
    return "utf-8"


def _known(named: str, what: str) -> str:
    try:
        return codecs.lookup(named).name
    except LookupError:
        near = difflib.get_close_matches(named.lower(), USUAL, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"for example {', '.join(USUAL)}"
        raise SourceError(f"{what}: there is no encoding {named!r}", hint=hint) from None


def contradicted(path: Path, what: str) -> str:
    """The encoding of a file that turned out not to be UTF-8. Raises SourceError where it can't be told.

    A file without one proper character of UTF-8 beyond ASCII is Western. One that has some is UTF-8 that was damaged:
    reading it otherwise would make `Ã©` of every `é`.
    """
    broken = broken_at(path, "utf-8")
    if broken is None:
        return "utf-8"
    where = f"{what}, line {broken.line}: byte 0x{broken.byte:02X} is no UTF-8"
    proper, unused = _beyond_ascii(path)
    if proper:
        raise SourceError(f"{where}, which the rest of the file is", hint=f"correct that line; or {NAME_IT}")
    if unused:
        raise SourceError(f"{where}, and what else it is can't be told", hint=NAME_IT)
    return WESTERN


def _beyond_ascii(path: Path) -> tuple[bool, bool]:
    """Whether the file has characters of UTF-8 beyond ASCII, and bytes that Western text has not."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    proper = unused = False
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            proper = proper or any(char > "\x7f" and not "\udc80" <= char <= "\udcff" for char in text)
            unused = unused or bool(set(block) & set(UNUSED))
    return proper, unused


def broken_at(path: Path, encoding: str) -> Broken | None:
    """The first place that the encoding does not allow."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines, above = 1, ""
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            held = decoder.getstate()[0]
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                good = (held + block)[: error.start].decode(encoding, errors="ignore")
                lines, above = lines + good.count("\n"), (above + good).rpartition("\n")[2]
                return Broken(lines, error.object[error.start], above)
            if not block:
                return None
            lines, above = lines + text.count("\n"), (above + text).rpartition("\n")[2]


def transcoded(path: Path, encoding: str, into: Path) -> bool:
    """Write a file anew in UTF-8; False where a byte of it is not what the encoding allows."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as raw, into.open("wb") as file:
        try:
            while block := raw.read(BLOCK):
                file.write(decoder.decode(block).encode())
            file.write(decoder.decode(b"", final=True).encode())
        except UnicodeDecodeError:
            return False
    return True
