"""Looks at a record before the run: which fields Shopify would not take, and why. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from shoptide.config import PushConfig
from shoptide.errors import SourceError
from shoptide.hosts.omnata.sending import KEY
from shoptide.outbound.rows import Drafter, read_columns, snaked
from shoptide.resources.objects import OBJECTS, PushObject
from shoptide.shopify.schema import Schema, load


def wrong_fields(mappings: Iterable[Any], record: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a record's fields: name → reason. The mapped fields say what the sync writes and how."""
    about: dict[str, Any] = next((each.app_metadata for each in mappings if each.app_metadata.get("object")), {})
    if not about:
        return {}
    target, schema = OBJECTS[about["object"]], load(about["version"])
    push = PushConfig("omnata", "omnata", target.name, about["strategy"], "", KEY)
    found = {name: reason for name, value in record.items() if (reason := _wrong(push, target, schema, name, value))}
    if push.strategy == "create":
        found |= _missing(target, record)
    return found


def _wrong(push: PushConfig, target: PushObject, schema: Schema, name: str, value: Any) -> str | None:
    try:
        columns = read_columns(push, target, schema, [KEY, name])
    except SourceError as unknown:
        return unknown.message.partition("] ")[2] or unknown.message
    # Any currency will do to see whether an amount is one.
    draft = Drafter(push, target, schema, columns, lambda: "USD").draft({KEY: "1", name: value}, "1")
    if draft.problem is None:
        return None
    told = f" ({draft.problem.value})" if draft.problem.value is not None else ""
    return f"{draft.problem.reason}{told}"


def _missing(target: PushObject, record: Mapping[str, Any]) -> dict[str, str]:
    given = {name.replace("_", "").lower() for name, value in record.items() if value not in (None, "", [])}
    return {
        snaked(names[0]): f"is required to create {target.name}"
        for names in target.required
        if not given & {name.lower() for name in names}
    }
