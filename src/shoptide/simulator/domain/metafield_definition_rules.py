"""Rules of metafield definitions: constraints to subtypes, access, what standard ones keep. Registers nothing."""

from __future__ import annotations

from shoptide.simulator import metafield_validations as validations
from shoptide.simulator.registry import user_error
from shoptide.simulator.shop import Record

NO_PINNING = "Constrained metafield definitions do not support pinning."


def constraints(given: Record | None) -> Record | None:
    """The subtypes of its owner that a definition is for; none: all of them."""
    if not given or not given.get("key"):
        return None
    return {"key": given["key"], "values": list(given.get("values") or [])}


def pinning_problems(given: Record) -> list[Record]:
    if not given.get("pin") or not constraints(given.get("constraints")):
        return []
    return [user_error(["definition"], NO_PINNING, "UNSUPPORTED_PINNING")]


def access_problems(given: Record, namespace: str, code: str) -> list[Record]:
    """Only an app's own namespaces can be closed to others."""
    if not (given.get("access") or {}).get("admin") or namespace.startswith("app--"):
        return []
    message = 'Setting this access control is not permitted. It must be one of ["public_read_write"].'
    return [user_error(["definition"], message, code)]


def changed_constraints(held: Record | None, updates: Record | None) -> Record | None:
    """A definition's constraints after an update: another key starts anew, null takes them away."""
    if updates is None:
        return held
    key = updates["key"] if "key" in updates else (held or {}).get("key")
    if key is None:
        return None
    values = list(held["values"]) if held and held["key"] == key else []
    for change in updates.get("values") or []:
        if change.get("create") and change["create"] not in values:
            values.append(change["create"])
        if change.get("delete") in values:
            values.remove(change["delete"])
    return {"key": key, "values": values}


def constraint_problems(record: Record, given: Record) -> list[Record]:
    held, updates = record.get("_constraints"), given.get("constraintsUpdates")
    wanted = changed_constraints(held, updates)
    if updates and wanted and (held is None or wanted["key"] != held["key"]) and not updates.get("values"):
        message = "Cannot change the constraint key without providing values."
        return [user_error(["definition"], message, "INVALID_INPUT")]
    pinned = given.get("pin") or (record["pinnedPosition"] and given.get("pin") is not False)
    if wanted and pinned:
        return [user_error(["definition"], NO_PINNING, "UNSUPPORTED_PINNING")]
    return []


def metaobject_problems(record: Record, given: Record) -> list[Record]:
    """A definition goes on referring to metaobjects of the same definition."""
    before = {row["name"]: row["value"] for row in record["validations"]}
    for row in given.get("validations") or []:
        if row["name"] == "metaobject_definition_id" and row["value"] != before.get(row["name"]):
            message = "Validations must not change the existing metaobject definition value"
            return [user_error(["definition", "validations"], message, "METAOBJECT_DEFINITION_CHANGED")]
    return []


def standard_problems(record: Record, given: Record) -> list[Record]:
    """What makes a standard definition standard stays as it is."""
    if not record.get("_standard"):
        return []
    found = []
    for name in ("name", "description"):
        if name in given and given[name] != record[name]:
            message = f"{name.capitalize()} cannot be changed in a standard definition."
            found.append(user_error(["definition", name], message, "INVALID_INPUT"))
    wanted = given.get("validations")
    if wanted is not None and validations.records(wanted, record["type"]) != record["validations"]:
        message = "Validations cannot be changed in a standard definition."
        found.append(user_error(["definition", "validations"], message, "INVALID_INPUT"))
    return found
