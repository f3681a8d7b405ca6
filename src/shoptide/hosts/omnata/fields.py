"""The fields that columns of a source can be mapped to, object by object and strategy by strategy."""

from __future__ import annotations

from dataclasses import dataclass

from shoptide.config import PushConfig
from shoptide.hosts.omnata.sending import KEY
from shoptide.outbound.rows import fields_for, snaked
from shoptide.resources.objects import IDENTITY, OBJECTS
from shoptide.shopify.schema import load


@dataclass(frozen=True)
class MappedField:
    """A field by its name in the source; `required` where a new record can't be without it."""

    name: str
    kind: str
    required: bool = False


def mapped_fields(object_: str, strategy: str, version: str) -> list[MappedField]:
    """What can be mapped: first what names the record, then the object's fields by name."""
    target, schema = OBJECTS[object_], load(version)
    known = fields_for(PushConfig("omnata", "omnata", object_, strategy, "", KEY), target, schema)
    if strategy == "delete":
        known = {name: kind for name, kind in known.items() if name in (*target.match, *target.finding)}
    needed = {names[0] for names in target.required} if strategy in ("create", "upsert", "mirror") else set()
    naming = [] if strategy == "create" else [MappedField(name, "ID") for name in IDENTITY]
    return [*naming, *(MappedField(snaked(name), kind, name in needed) for name, kind in sorted(known.items()))]
