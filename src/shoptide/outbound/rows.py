"""From source rows to drafts: columns known, keys unique, values as the store takes them; errors are a row's own."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from shoptide.config import PushConfig
from shoptide.errors import ConfigError, SourceError
from shoptide.outbound.current import selection
from shoptide.resources.inputs import Mismatch, Problem, Shaper, camel, checked_length, near, shown
from shoptide.resources.objects import IDENTITY, OBJECTS, PushObject
from shoptide.resources.objects.parcel_lines import parcel_lines
from shoptide.resources.spellings import Spelling
from shoptide.shopify.schema import Schema

STRATEGIES = ("create", "update", "upsert", "delete", "mirror")
POLICIES = ("overwrite", "set_if_empty", "append")
DELETES = {"products": ("delete", "archive"), "orders": ("delete", "cancel")}
CANCEL = {"reason": str, "refund": bool, "restock": bool, "notify_customer": bool, "staff_note": str}
CANCEL_REASONS = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "OTHER", "STAFF")
REPLACED = ("variants",)  # lists that may be made exactly the row's; all others are added to or changed


@dataclass(frozen=True)
class Draft:
    """A source row ready to be compared: `values` under GraphQL names, `gid` where the row names its record."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    gid: str | None = None
    problem: Problem | None = None
    named_by: str | None = None  # the column that `gid` came from

    @property
    def hash(self) -> str:
        found: str | None = self.__dict__.get("_hash")
        if found is None:  # asked for several times on a row's way
            found = self.__dict__["_hash"] = content_hash(self.values)
        return found


@cache
def encoder() -> Callable[[Mapping[str, Any]], bytes]:
    """Canonical JSON. An engine without msgspec, which is compiled, has the standard library's: the same text but for
    numbers with an exponent, and nobody compares hashes of both."""
    try:
        import msgspec
    except ModuleNotFoundError:
        plain = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        return lambda values: plain.encode(values).encode()
    return msgspec.json.Encoder(enc_hook=str, order="sorted").encode


def content_hash(values: Mapping[str, Any]) -> str:
    """A short hash that is the same for the same values, whatever their order. DuckDB makes it too (`canonical`)."""
    return hashlib.md5(encoder()(values), usedforsecurity=False).hexdigest()


def checked_config(push: PushConfig) -> PushObject:
    """The object of a push; raises ConfigError for settings that can't work together."""
    where = f"[push.{push.name}]"
    if push.object not in OBJECTS:
        raise ConfigError(f"{where} object {push.object!r}: choose one of {', '.join(OBJECTS)}")
    if push.strategy not in STRATEGIES:
        raise ConfigError(f"{where} strategy {push.strategy!r}: choose one of {', '.join(STRATEGIES)}")
    target = OBJECTS[push.object]
    for name in push.match:
        if name not in (*IDENTITY, *target.match) and "." not in name:
            choices = ", ".join((*IDENTITY, *target.match))
            raise ConfigError(f"{where} match {name!r}: choose from {choices}, or namespace.key of an id metafield")
    for column, policy in push.columns.items():
        allowed = (*POLICIES, "replace") if column in REPLACED else POLICIES
        if policy not in allowed:
            raise ConfigError(f"{where} columns.{column} = {policy!r}: choose one of {', '.join(allowed)}")
    if push.nulls not in ("ignore", "clear"):
        raise ConfigError(f'{where} nulls {push.nulls!r}: choose "ignore" or "clear"')
    _check_deletes(push, where)
    return target


def _check_deletes(push: PushConfig, where: str) -> None:
    allowed = DELETES.get(push.object, ("delete",))
    if push.deletes not in allowed:
        raise ConfigError(f"{where} deletes {push.deletes!r}: {push.object} know {' or '.join(allowed)}")
    if push.cancel and push.deletes != "cancel":
        raise ConfigError(f'{where} cancel: it is for deletes = "cancel"')
    for name, value in push.cancel.items():
        if name not in CANCEL:
            raise ConfigError(f"{where} cancel.{name}: choose among {', '.join(CANCEL)}")
        kind = CANCEL[name]
        if not isinstance(value, kind):
            raise ConfigError(
                f"{where} cancel.{name} = {value!r}: must be {'true or false' if kind is bool else 'text'}"
            )
    reason = str(push.cancel.get("reason", "other"))
    if reason.upper() not in CANCEL_REASONS:
        choices = ", ".join(each.lower() for each in CANCEL_REASONS)
        raise ConfigError(f"{where} cancel.reason = {reason!r}: choose one of {choices}")


@dataclass(frozen=True)
class Columns:
    """How a source's columns are read: which is the key, which names the record, which are fields of what type."""

    key: str
    identity: dict[str, str]  # column → gid, id or record_id
    fields: dict[str, tuple[str, str]]  # column → (GraphQL name, type)


def read_columns(push: PushConfig, target: PushObject, schema: Schema, names: Iterable[str]) -> Columns:
    """Sort a source's columns; raises SourceError for a missing key and for columns the object doesn't have."""
    columns = list(names)
    folded = {name.lower(): name for name in columns}
    key = folded.get(push.key.lower()) or folded.get(re.sub(r"[\s\-/]+", "_", push.key.strip()).lower())
    if key is None:
        raise SourceError(
            f"[push.{push.name}] the source has no column {push.key!r}, which `key` names",
            hint=f"its columns are {', '.join(columns)}",
        )
    known = fields_for(push, target, schema)
    identity: dict[str, str] = {}
    fields: dict[str, tuple[str, str]] = {}
    unknown = []
    for column in columns:
        name = camel(column if "_" in column or not column.isupper() else column.lower())
        lowered = {each.lower(): each for each in known}
        if column.lower() in IDENTITY:
            identity[column] = column.lower()
        elif name.lower() in lowered:
            found = lowered[name.lower()]
            fields[column] = (found, known[found])
        elif column != key:
            unknown.append(column)
    _refuse_unknown(push, target, schema, unknown, known)
    _check_policies(push, target, schema)
    return Columns(key, identity, fields)


def _check_policies(push: PushConfig, target: PushObject, schema: Schema) -> None:
    """Raise ConfigError for a policy that could not be kept: it would overwrite what it was to save."""
    known = target.fields(schema)
    for column, policy in push.columns.items():
        name = camel(column)
        where = f"[push.{push.name}] columns.{column} = {policy!r}"
        if name not in known:
            raise ConfigError(f"{where}: {push.object} have no column {column}")
        if policy == "append" and not known[name].startswith("["):
            raise ConfigError(f"{where}: only lists are appended to; {column} is {known[name]}")
        if policy == "set_if_empty" and name not in target.filled and selection(target, schema, name) is None:
            raise ConfigError(f"{where}: the store does not show what {column} holds")


def fills(push: PushConfig, name: str) -> bool:
    """Whether a field is only given where the store has nothing."""
    return any(policy == "set_if_empty" and camel(column) == name for column, policy in push.columns.items())


def fields_for(push: PushConfig, target: PushObject, schema: Schema) -> dict[str, str]:
    if push.strategy == "create":
        return target.create_fields(schema)
    if push.strategy == "update":
        finding = {*push.match, *target.match, *target.finding}
        found_by = {name: kind for name, kind in target.create_fields(schema).items() if name in finding}
        return found_by | target.update_fields(schema)
    return target.fields(schema)


def _refuse_unknown(
    push: PushConfig, target: PushObject, schema: Schema, unknown: list[str], known: dict[str, str]
) -> None:
    if not unknown:
        return
    elsewhere = [column for column in unknown if camel(column) in target.fields(schema)]
    if elsewhere:
        raise SourceError(
            f"[push.{push.name}] {push.object} can't be {push.strategy}d with the column {elsewhere[0]}",
            hint="the store does not change it once the record exists: leave it out of the source",
        )
    told = []
    for column in unknown:
        alike = near(camel(column), known)
        told.append(f"{column} (did you mean {', '.join(snaked(name) for name in alike)}?)" if alike else column)
    raise SourceError(
        f"[push.{push.name}] {push.object} have no column {'; '.join(told)}",
        hint=f"select only columns of {push.object}: `shoptide schema {push.object}` lists them",
    )


def snaked(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


class Drafter:
    """Turns rows into drafts for one push."""

    def __init__(
        self,
        push: PushConfig,
        target: PushObject,
        schema: Schema,
        columns: Columns,
        currency: Callable[[], str] | None = None,
    ) -> None:
        self.push = push
        self.target = target
        self.columns = columns
        self.shaper = Shaper(schema, currency, Spelling(push.file.dates, push.file.decimal))

    def draft(self, row: Mapping[str, Any], key: str | None) -> Draft:
        """A row as a draft; `key` is its key as text."""
        if key is None or not key.strip():
            return Draft("", problem=Problem(self.columns.key, "the key is empty", None))
        try:
            gid, named_by = self._gid(row)
            return Draft(key, self._values(row), gid, named_by=named_by)
        except Mismatch as wrong:
            return Draft(key, problem=wrong.problem)

    def _gid(self, row: Mapping[str, Any]) -> tuple[str | None, str | None]:
        for column in self.columns.identity:
            value = row[column]
            if value is not None and str(value).strip():
                found: str = self.shaper.fits("ID", value, column, kinds=(self.target.kind,))
                return found, column
        return None, None

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for column, (name, kind) in self.columns.fields.items():
            value = row[column]
            if value is None:
                if self.push.nulls == "clear":
                    with suppress(KeyError):
                        values[name] = self.shaper.cleared(kind, name)
                continue
            owner = self.target.create or self.target.name
            shaped = self._shaped(name, kind, value, column)
            values[name] = checked_length(owner, name, shaped, column)
        return values

    def _shaped(self, name: str, kind: str, value: Any, column: str) -> Any:
        """A value as the store takes it, conveniences made into what they stand for."""
        if name == "customer" and isinstance(value, (str, int)) and not str(value).lstrip().startswith("{"):
            return str(value)  # an id, e-mail or phone number, looked up when the order is made
        if name == "lineItems" and self.target.name == "fulfillments":
            return parcel_lines(self.shaper, value, column)
        return self.shaper.fits(kind, value, column)


def refuse_doubles(drafts: list[Draft], key_column: str) -> list[Draft]:
    """Every row whose key another row has too becomes a problem: none of them is picked for the user."""
    counts = Counter(draft.key for draft in drafts if draft.key)
    return [
        Draft(draft.key, problem=Problem(key_column, f"{counts[draft.key]} rows have this key", shown(draft.key)))
        if counts[draft.key] > 1
        else draft
        for draft in drafts
    ]
