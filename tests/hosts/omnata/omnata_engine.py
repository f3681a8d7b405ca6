"""Omnata's side of a sync, as far as the runtime sees it: a Snowflake session that remembers what was written."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pandas

SYNC_ID = 7
RESULTS = "OMNATA.DATA.RESULTS"


class Secrets(ModuleType):
    """The module `_snowflake`, which Snowflake puts beside a procedure."""

    def __init__(self, secrets: dict[str, str]) -> None:
        super().__init__("_snowflake")
        self.secrets = secrets

    def get_generic_secret_string(self, _name: str) -> str:
        return json.dumps({name: {"value": value, "metadata": {}} for name, value in self.secrets.items()})


@dataclass
class Engine:
    """What the session was told: rows by table, states of streams in their order, messages."""

    records: list[dict[str, Any]] = field(default_factory=list)
    written: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    states: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    cancelled: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def _conn(self) -> Any:
        return SimpleNamespace(_cursor=SimpleNamespace(connection=self))

    def write_pandas(self, df: pandas.DataFrame, table_name: str, **_: Any) -> tuple[bool, int, int, None]:
        rows = json.loads(df.to_json(orient="records", date_format="iso"))
        with self.lock:
            self.written.setdefault(table_name, []).extend(rows)
        return True, 1, len(rows), None

    def sql(self, query: str, binds: list[Any] | None = None) -> Asked:
        return Asked(self, query, binds or [])

    def table(self, _name: str) -> Records:
        return Records(self.records)

    # what tests look at

    def rows(self, stream: str) -> list[dict[str, Any]]:
        """The records of a stream, as they stand after all that was written."""
        found: dict[str, dict[str, Any]] = {}
        for row in self.written.get(RESULTS, []):
            if row["STREAM_NAME"] == stream and not row["IS_DELETED"]:
                found[row["APP_IDENTIFIER"]] = json.loads(row["RECORD_DATA"])
            elif row["STREAM_NAME"] == stream:
                found.pop(row["APP_IDENTIFIER"], None)
        return list(found.values())

    def deleted(self, stream: str) -> list[str]:
        rows = self.written.get(RESULTS, [])
        return [row["APP_IDENTIFIER"] for row in rows if row["STREAM_NAME"] == stream and row["IS_DELETED"]]

    def criteria(self, stream: str) -> list[dict[str, Any]]:
        """What was asked to be deleted by values of a stream."""
        name = next((name for name in self.written if "CRITERIA_DELETES" in name), "")
        return [row["DELETE_CRITERIA"] for row in self.written.get(name, []) if row["STREAM_NAME"] == stream]

    def results(self) -> dict[str, dict[str, Any]]:
        """The outcome of each record, with its result taken apart."""
        found = {}
        for row in self.written.get(RESULTS, []):
            found[row["IDENTIFIER"]] = {**row, "RESULT": json.loads(row["RESULT"]) if row["RESULT"] else None}
        return found

    def message(self, kind: str) -> list[dict[str, Any]]:
        return [each for each in self.messages if each["message_type"] == kind]


@dataclass
class Asked:
    """A statement on its way."""

    engine: Engine
    query: str
    binds: list[Any]
    query_id: str = "01b0-0000"

    def collect(self) -> list[tuple[Any, ...]]:
        if "PLUGIN_CANCELLATION_CHECK" in self.query:
            return _answer({"is_cancelled": self.engine.cancelled})
        if "PLUGIN_MESSAGE" in self.query:
            return self._message()
        if "_STATE_REGISTER" in self.query:
            with self.engine.lock:
                for stream, _id, state in zip(*[iter(self.binds)] * 3, strict=True):
                    self.engine.states.setdefault(stream, []).append(json.loads(state))
        return [(None,)]

    def collect_nowait(self) -> Asked:
        return self

    def result(self) -> list[tuple[Any, ...]]:
        return self.collect()

    def _message(self) -> list[tuple[Any, ...]]:
        found = re.search(r"PARSE_JSON\(\$\$(.*)\$\$\)", self.query, re.DOTALL)
        assert found
        message = json.loads(found[1])
        self.engine.messages.append(message)
        if message["message_type"] != "rate_limit_state":
            return _answer({})
        kept = {str(SYNC_ID): {"main": message["rate_limit_state"]}}
        return _answer({"sync_id": SYNC_ID, "sync_branch_name": "main", "latest_state": kept})


def _answer(data: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(json.dumps({"success": True, "data": data}),)]


class Records:
    """The table of records to send, read as the runtime reads it."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records

    def filter(self, condition: Any) -> Records:
        wanted = {literal.value for literal in condition._expression.values}
        return Records([row for row in self.records if row["SYNC_ACTION"] in wanted])

    def select(self, *_: Any) -> Records:
        return self

    def sort(self, *_: Any) -> Records:
        return self

    def to_pandas(self) -> pandas.DataFrame:
        columns = ["IDENTIFIER", "APP_IDENTIFIER", "RESULT", "SYNC_ACTION", "TRANSFORMED_RECORD"]
        return pandas.DataFrame(self.records, columns=[*columns, "TRANSFORMED_RECORD_PREVIOUS"], dtype=object)

    def to_pandas_batches(self) -> Iterator[pandas.DataFrame]:
        yield self.to_pandas()


def record(identifier: str, action: str, values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A row of the record state, as Omnata hands it over."""
    previous = more.get("previous")
    return {
        "IDENTIFIER": identifier,
        "APP_IDENTIFIER": more.get("gid"),
        "RESULT": json.dumps(more["result"]) if "result" in more else None,
        "SYNC_ACTION": action,
        "TRANSFORMED_RECORD": json.dumps(values),
        "TRANSFORMED_RECORD_PREVIOUS": None if previous is None else json.dumps(previous),
    }
