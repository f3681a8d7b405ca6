"""Files as people write them: read as they mean them, or refused with file, line and column; no row left out."""

from __future__ import annotations

import csv
import io
import json
import logging
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoptide.config import FileConfig
from shoptide.errors import SourceError
from shoptide.warehouse.staged import stage

Rows = list[dict[str, Any]]


def read(path: Path, **settings: str) -> Rows:
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    with stage(connection, path.name, path.parent, FileConfig(**settings)) as staged:
        found = connection.execute(f"select * from {staged.rows} order by rowid").fetchall()
        return [dict(zip(staged.columns, row, strict=True)) for row in found]


def text(folder: Path, content: str | bytes, name: str = "vip.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def refusal(path: Path, **settings: str) -> str:
    with pytest.raises(SourceError) as found:
        read(path, **settings)
    assert found.value.hint
    return f"{found.value.message} → {found.value.hint}"


# CSV that is read


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("\ufeffid,Email\n1,a@x\n", ["id", "Email"]),
        (' Customer Id , "First Name",firstName\n1,Ada,x\n', ["customer_id", "first_name", "firstName"]),
        ('"id","Street\nand number"\n1,x\n', ["id", "street_and_number"]),
        ("id,e-mail,\n1,a@x,\n2,b@x\n", ["id", "e_mail"]),
        ("sep=;\nid;note\n1;a,b\n", ["id", "note"]),
        ("\n\nid,note\n1,x\n", ["id", "note"]),
        ("id,\u200bnote\u00a0\n1,x\n", ["id", "note"]),
    ],
)
def test_headers_become_names(content: str, columns: list[str], tmp_path: Path) -> None:
    """With marks, spaces, line breaks and Excel's first line; a column without name or values is none."""
    assert list(read(text(tmp_path, content))[0]) == columns


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_are_told_from_the_file(encoding: str, end: str, tmp_path: Path) -> None:
    content = end.join(["id,name,note", "1,Ünal €,plain", f'2,Zoë,"two{end}lines"', ""])
    rows = read(text(tmp_path, content, encoding=encoding))
    assert rows == [
        {"id": "1", "name": "Ünal €", "note": "plain"},
        {"id": "2", "name": "Zoë", "note": f"two{end}lines"},
    ]


def test_a_guess_is_told_and_a_name_is_believed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Latin text is cp1252 unless it is said to be something else."""
    path = text(tmp_path, "id,name\n1,\u017eenich\n", encoding="cp1250")
    with caplog.at_level(logging.WARNING):
        assert read(path)[0]["name"] == "ženich".encode("cp1250").decode("cp1252")
    assert [record.message for record in caplog.records] == ["source.encoding_guessed"]
    assert read(path, encoding="cp1250")[0]["name"] == "ženich"


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_separators_are_told_from_the_file(mark: str, tmp_path: Path) -> None:
    content = mark.join(["id", "note", "price"]) + "\n" + mark.join(["1", '"a,b;c\td|e"', "2.50"]) + "\n"
    assert read(text(tmp_path, content)) == [{"id": "1", "note": "a,b;c\td|e", "price": "2.50"}]
    assert read(text(tmp_path, "id;a,b\n1;2,3\n"), delimiter=";") == [{"id": "1", "a,b": "2,3"}]


def test_one_column_and_no_rows(tmp_path: Path) -> None:
    assert read(text(tmp_path, "email\na@x\nb@x\n")) == [{"email": "a@x"}, {"email": "b@x"}]
    assert read(text(tmp_path, "id,email\n")) == []


def test_rows_that_only_end_in_separators_are_whole(tmp_path: Path) -> None:
    """As spreadsheets write them; a blank line is no row, a missing value none, and texts keep their spaces."""
    rows = read(text(tmp_path, 'id,note,,\n1, a ,,\n\n2,"x\ny"\n3,,,,,\n'))
    assert rows == [{"id": "1", "note": " a "}, {"id": "2", "note": "x\ny"}, {"id": "3", "note": None}]


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8) | st.text(
    ' ,;"\n\r\tab', max_size=6
)


@settings(max_examples=60)
@given(
    rows=st.lists(st.tuples(FIELD, FIELD), min_size=1, max_size=6),
    end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from([",", ";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_whatever_is_written_is_read(
    rows: list[tuple[str, str]], end: str, mark: str, encoding: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """As the csv module writes it, in any encoding, with any separator: both ways of reading agree with it."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=mark, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "note"), *rows])
    path = text(tmp_path_factory.mktemp("csv"), written.getvalue(), encoding=encoding)
    assert [tuple(row.values()) for row in read(path)] == [(a or None, b or None) for a, b in rows]


@pytest.mark.parametrize(
    ("name", "content", "places"),
    [
        ("vip.csv", 'id,a\n1,"x\ny"\n\n2,z\n3,z\n', {0: "line 2", 2: "line 6"}),
        ("vip.csv", '\nid;a;\n1;"x\ny"\n\n2;z\n3;z\n', {0: "line 3", 2: "line 7"}),
        ("vip.jsonl", '{"id": 1}\n\n{"id": 2}\n{"id": 3}\n', {0: "line 1", 2: "line 4"}),
    ],
)
def test_rows_know_their_lines(name: str, content: str, places: dict[int, str], tmp_path: Path) -> None:
    """After values with breaks, blank lines and what stands above the header."""
    path = text(tmp_path, content, name)
    with stage(duckdb.connect(), name, path.parent) as staged:
        staged.mark("id", None)
        staged.know([])
        staged.select(done="a", by_hash=False)
        assert staged.whereabouts(list(places)) == {index: f"{name}, {line}" for index, line in places.items()}
        assert staged.whereabouts([]) == {}


# CSV that is refused


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "vip.csv is empty"),
        (b"\n\n", "vip.csv is empty"),
        (b",,\n1,2,3\n", "line 1 names no column"),
        (b"id,Email, email\n1,a,b\n", "line 1: column 2 ('Email') and column 3 ('email') are named alike"),
        (b"id,,note\n1,x,y\n", "line 2: column 2 has no name, but the value 'x'"),
        (b"id,a,b\n1,2,3\n4,5\n", "line 3: 2 values for 3 columns; none for b"),
        (b"id,a\n1,2\n\n3,4,5\n", "line 4: 3 values for 2 columns; '5' belongs to none"),
        (b'id,a\n1,"x\ny"\n2,"never\nclosed\n', "line 4, column a: a quote is opened and never closed"),
        (b'id,a,b\n1,"x",2\n2,"x"y,3\n', "line 3, column a: something follows the closing quote"),
        (b'id,a\r\n1,x\n2, "x"\n', "line 3, column a: a quote after a space"),
        ("id,a\n1,ä\n2,ö\n".encode() + b"3,\xe4\n", "line 4: byte 0xE4 is no UTF-8, which the rest of the file is"),
        (b"id,a\n1,\x81\n", "line 2: byte 0x81 is no UTF-8, and what else it is can't be told"),
        (b"id,a;b\n1,2;3\n", "its values may be separated by commas or by semicolons"),
        (b"id,rowid\n1,2\n", "named rowid"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(content: bytes, said: str, tmp_path: Path) -> None:
    """In our words: nothing of the reader's own inner life."""
    told = refusal(text(tmp_path, content))
    assert "vip.csv" in told
    assert said in told
    assert "strict_mode" not in told


def test_named_encodings_are_held_to(tmp_path: Path) -> None:
    path = text(tmp_path, b"id,a,b\n1,x,y\n2,\xff\xfe,z\n")
    assert "line 3, column a: byte 0xFF is no utf-8" in refusal(path, encoding="utf-8")
    assert "did you mean utf-8" in refusal(path, encoding="utf8-8")


def test_the_line_of_a_broken_byte_is_right_in_a_large_file(tmp_path: Path) -> None:
    """Beyond the blocks that the file is looked at in; after lines with breaks in their values."""
    body = '1,"ä\nb"\n' * 300_000
    path = text(tmp_path, f"id,a\n{body}".encode() + b"2,x\xe4\n")
    assert "line 600002: byte 0xE4" in refusal(path)


# JSON lines


def test_json_lines_keep_what_they_say(tmp_path: Path) -> None:
    """Texts that look like dates or numbers stay texts; a key that comes late is a column; kinds may differ."""
    late = "".join(json.dumps({"id": f"{number:03}", "at": "2026-01-01T00:00:00Z"}) + "\n" for number in range(30_000))
    last = json.dumps({"id": 7, "tags": ["a", "b"], "address": {"city": "Köln", "zip": 50667}, "mixed": {"a": 1}})
    rows = read(text(tmp_path, f"{late}\n{last}\n", "vip.jsonl"))
    assert len(rows) == 30_001
    assert rows[0] == {"id": "000", "at": "2026-01-01T00:00:00Z", "tags": None, "address": None, "mixed": None}
    assert rows[-1] == {
        "id": "7",
        "at": None,
        "tags": ["a", "b"],
        "address": {"city": "Köln", "zip": 50667},
        "mixed": {"a": 1},
    } | {"mixed": rows[-1]["mixed"]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_json_lines_in_other_encodings(encoding: str, tmp_path: Path) -> None:
    assert read(text(tmp_path, '{"id": 1, "name": "Ünal"}\r\n', "vip.jsonl", encoding)) == [{"id": 1, "name": "Ünal"}]


def test_json_lines_that_are_not_in_their_encoding_are_named(tmp_path: Path) -> None:
    path = text(tmp_path, b'{"id": 1}\n{"id": "\x81"}\n', "vip.jsonl")
    assert "vip.jsonl, line 2: byte 0x81 is no cp1252" in refusal(path, encoding="cp1252")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "vip.jsonl is empty"),
        (b'{"id": 1}\n\n{"id": }\n', "line 3, character 8: Expecting value"),
        (b'{"id": 1}\n{"id": 2', "line 2, character 9: "),
        (b'{"id": 1}\n{"id": 2, "a": 1, "a": 2}\n', "line 2, column a: named twice"),
        (b'{"id": 1}\n[1, 2]\n', "line 2: a JSON array and no object"),
        (b'[{"id": 1},\n{"id": 2}]\n', "line 1: a JSON array that goes over several lines"),
        (b"5\n", "line 1: 5 and no object"),
        (b'{"id": 1}\n{"id": "\xe4"}\n', "line 2, character 9: byte 0xE4 is no UTF-8"),
        (b'{"id": 1, "ID": 2}\n', "two columns are named id"),
        (b'{"id": 1} {"id": 2}\n', "line 1, character 11: Extra data"),
    ],
)
def test_json_lines_that_are_wrong_are_named(content: bytes, said: str, tmp_path: Path) -> None:
    told = refusal(text(tmp_path, content, "vip.jsonl"))
    assert "vip.jsonl" in told
    assert said in told


# Parquet


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    duckdb.execute(
        "copy (select 1::bigint as id, 1.50::decimal(10, 2) as price, timestamptz '2026-01-01 02:00:00+02' as moment,"
        f" ['a'] as tags, {{'a': 'b'}} as address) to '{tmp_path}/vip.parquet'"
    )
    [row] = read(tmp_path / "vip.parquet")
    assert (row["id"], str(row["price"]), row["tags"], row["address"]) == (1, "1.50", ["a"], {"a": "b"})
    assert row["moment"] == datetime(2026, 1, 1)  # noqa: DTZ001  # UTC, as DuckDB gives them


def test_broken_parquet_is_told_apart(tmp_path: Path) -> None:
    """No Parquet at all, cut off, or one column damaged."""
    assert "is no Parquet file" in refusal(text(tmp_path, "id\n1\n", "vip.parquet"))
    path = tmp_path / "vip.parquet"
    duckdb.execute(
        f"copy (select range as id, md5(range::varchar) as a from range(9999)) to '{path}' (compression zstd)"
    )
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    assert "was cut off" in refusal(path)
    path.write_bytes(whole[:4] + bytes(200) + whole[204:])
    assert "column id can't be read" in refusal(path)
