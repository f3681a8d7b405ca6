"""Outbound syncs in Omnata's terms: the form, the fields that can be mapped, records in and results out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas
from omnata_plugin_runtime.forms import (
    FormCheckboxField,
    FormFieldMappingSelector,
    FormInputField,
    FormOption,
    FormTextAreaField,
    InformationBoxField,
    OutboundSyncConfigurationForm,
    StaticFormOptionsDataSource,
)

from shoptide.config import ON_CONFLICT, PushConfig
from shoptide.errors import ConfigError
from shoptide.hosts.omnata.connection_form import choice
from shoptide.hosts.omnata.fields import mapped_fields
from shoptide.hosts.omnata.sending import KEY, Record, Result
from shoptide.hosts.omnata.shop import entered
from shoptide.outbound.rows import CANCEL_REASONS, DELETES, POLICIES
from shoptide.resources.objects import OBJECTS, PushObject

HELP = {
    "match": (
        "How an existing record is found, tried in this order, with commas: {ways}, or namespace.key of an id "
        "metafield. Empty: by the record's own id where it is mapped, else what this sync made itself."
    ),
    "nulls": "Whether an empty value leaves the field as it is (ignore) or empties it (clear).",
    "columns": (
        "Fields that are not simply overwritten, one a line: `tags: append`, `note: set_if_empty`. Lists can be "
        "appended to; variants can be replaced."
    ),
    "on_conflict": "What to do with a record that was changed in Shopify since this sync wrote it last.",
    "deletes": "What deleting does.",
    "max_deletes": "A run of Mirror deletes at most so many records; the others fail with the reason. Empty: no limit.",
    "cancel_reason": "Why orders are cancelled.",
}


def configuration_form(object_: str, strategy: str, version: str, warnings: str) -> OutboundSyncConfigurationForm:
    """The form for an object and a strategy: how records are found, policies, and the fields to map."""
    target = OBJECTS[object_]
    told = [InformationBoxField(name="warnings", markdown_content=warnings, box_type="warning")] if warnings else []
    options = field_options(object_, strategy, version)
    return OutboundSyncConfigurationForm(
        fields=[*told, *_finding(target, strategy), *_writing(strategy), *_deleting(target, strategy)],
        mapper=FormFieldMappingSelector(data_source=StaticFormOptionsDataSource(values=options)),
    )


def _finding(target: PushObject, strategy: str) -> list[Any]:
    if strategy == "create" and not target.match:
        return []
    ways = ", ".join(target.match)
    return [FormInputField(name="match", label="Match by", help_text=HELP["match"].format(ways=ways))]


def _writing(strategy: str) -> list[Any]:
    if strategy == "delete":
        return []
    return [
        choice("nulls", "Empty values", ("ignore", "clear"), default="ignore", help_text=HELP["nulls"]),
        FormTextAreaField(name="columns", label="Field policies", help_text=HELP["columns"]),
        choice(
            "on_conflict",
            "Changed in Shopify meanwhile",
            [each for each in ON_CONFLICT if each != "stop"],
            default="overwrite",
            help_text=HELP["on_conflict"],
        ),
    ]


def _deleting(target: PushObject, strategy: str) -> list[Any]:
    if strategy not in ("delete", "mirror"):
        return []
    found: list[Any] = []
    if target.name in DELETES:
        ways = DELETES[target.name]
        found.append(choice("deletes", "Deleting means", ways, default=ways[0], help_text=HELP["deletes"]))
    if target.name == "orders":
        reasons = [reason.lower() for reason in CANCEL_REASONS]
        found += [
            choice("cancel_reason", "Reason", reasons, default="other", help_text=HELP["cancel_reason"]),
            FormCheckboxField(name="cancel_refund", label="Refund what was paid"),
            FormCheckboxField(name="cancel_restock", label="Restock the items"),
            FormCheckboxField(name="cancel_notify_customer", label="Notify the customer"),
        ]
    if strategy == "mirror":
        found.append(FormInputField(name="max_deletes", label="Most deletions", help_text=HELP["max_deletes"]))
    return found


def field_options(object_: str, strategy: str, version: str) -> list[FormOption]:
    """The fields that columns can be mapped to; what a validator has to know of the sync goes along with each."""
    shared = {"object": object_, "strategy": strategy, "version": version}
    return [
        FormOption(
            value=field.name,
            label=f"{field.name} ({field.kind})",
            metadata={**shared, "type": field.kind},
            required=field.required,
        )
        for field in mapped_fields(object_, strategy, version)
    ]


def push_of(object_: str, strategy: str, parameters: Mapping[str, Any] | None, name: str) -> PushConfig:
    """The sync as the configuration of a push. Raises ConfigError that names the field."""
    text = {each: entered(parameters, each) for each in (*HELP, "cancel_refund", "cancel_restock")}
    deletes = text["deletes"] or "delete"
    cancel: dict[str, Any] = {}
    if deletes == "cancel":
        flags = ("refund", "restock", "notify_customer")
        cancel = {flag: entered(parameters, f"cancel_{flag}").lower() == "true" for flag in flags}
        cancel["reason"] = text["cancel_reason"] or "other"
    return PushConfig(
        name,
        "omnata",
        object_,
        strategy,
        "",
        KEY,
        match=tuple(filter(None, map(str.strip, text["match"].split(",")))),
        columns=_policies(text["columns"]),
        nulls=text["nulls"] or "ignore",
        max_deletes=_number(text["max_deletes"]),
        deletes=deletes,
        cancel=cancel,
        on_conflict=text["on_conflict"] or "overwrite",
    )


def _policies(text: str) -> dict[str, str]:
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, policy = line.partition(":")
        if not colon or not policy.strip():
            raise ConfigError(
                f"field policies: {line!r} is not understood", hint=f"write `tags: append`; policies are {POLICIES}"
            )
        found[name.strip()] = policy.strip()
    return found


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit():
        raise ConfigError(f"most deletions: {text!r} is no number", hint="leave it empty for no limit")
    return int(text)


def name_of(request: Any) -> str:
    """What the sync is called in the id metafield of records that it makes: the same from run to run."""
    branch = getattr(request, "_branch_name", None) or "main"
    name = f"omnata_{getattr(request, '_sync_id', None) or 'sync'}"
    return name if branch == "main" else f"{name}_{branch}"


# records and results


def records_of(frame: pandas.DataFrame) -> list[Record]:
    """A frame of records as Omnata's runtime gives it; what is missing may be None or NaN."""
    return [
        Record(
            str(row["IDENTIFIER"]),
            str(row["SYNC_ACTION"]),
            row["TRANSFORMED_RECORD"],
            _text(row.get("APP_IDENTIFIER")),
            row["TRANSFORMED_RECORD_PREVIOUS"] if isinstance(row["TRANSFORMED_RECORD_PREVIOUS"], dict) else None,
            _result(row.get("RESULT")),
        )
        for row in frame.to_dict("records")
    ]


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return str(value).strip() or None


def _result(value: Any) -> dict[str, Any] | None:
    """The last result, which Snowflake gives as JSON text."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, dict) else None


def frame_of(results: Sequence[Result]) -> pandas.DataFrame:
    """Results as Omnata's runtime takes them; plain objects, since pandas would make NaN of what is None."""
    rows = [
        {
            "IDENTIFIER": each.identifier,
            "APP_IDENTIFIER": each.gid,
            "SUCCESS": each.success,
            "RESULT": each.told,
        }
        for each in results
    ]
    return pandas.DataFrame(rows, dtype=object)
