"""Build the compact Admin API schemas that ship with the package from Shopify's published introspection.

    python scripts/build_schema.py INTROSPECTION.json.gz [...] --out src/shoptide/shopify/schema

Only names and types are kept: no descriptions. Three things that the introspection says in prose are kept as data:
the access scopes of a type or field, the search fields of a root connection's `query` argument, and the kinds of
record an id argument takes. `shoptide.shopify.schema` describes the format and reads it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import pathlib
import re
from typing import Any

Json = dict[str, Any]

# One row of the table of search fields in a `query` argument's description: `| created_at | time | …`.
SEARCH_FIELD = re.compile(r"^\| (?P<name>[a-z_0-9.]+) \| (?P<type>[a-z_]+) \|", re.MULTILINE)
SCOPE = re.compile(r"`((?:read|write)_[a-z_]+)`")


def type_text(reference: Json) -> str:
    """Write a type reference the way SDL does: `[LineItem!]!`."""
    if reference["kind"] == "NON_NULL":
        return type_text(reference["ofType"]) + "!"
    if reference["kind"] == "LIST":
        return f"[{type_text(reference['ofType'])}]"
    return str(reference["name"])


def scopes(text: str | None) -> list[list[str]]:
    """Read "Required access" prose as groups: every group is needed, any scope of a group will do."""
    # What stands after "Also:" speaks of users and shops; the part before it names the app's scopes.
    clause = (text or "").split("Also:")[0]
    clause = clause.split(" for queries and both ")[0]
    parts = re.split(r" as well as | and \(", clause)
    groups = [sorted(set(SCOPE.findall(part))) for part in parts]
    return [group for group in groups if group]


def inputs(values: list[Json]) -> Json:
    """Arguments or input fields: name → type, or [type, default]."""
    return {
        value["name"]: type_text(value["type"])
        if value["defaultValue"] is None
        else [type_text(value["type"]), value["defaultValue"]]
        for value in values
    }


def compact_fields(entry: Json) -> Json:
    fields = entry["fields"] or []
    result: Json = {
        "fields": {field["name"]: type_text(field["type"]) for field in fields},
        "args": {field["name"]: inputs(field["args"]) for field in fields if field["args"]},
        "deprecated": [field["name"] for field in fields if field["isDeprecated"]],
        "access": {
            field["name"]: scopes(field.get("requiredAccess"))
            for field in fields
            if scopes(field.get("requiredAccess"))
        },
        "id_args": {field["name"]: found for field in fields if (found := id_kinds(field["args"]))},
    }
    return {name: value for name, value in result.items() if value or name == "fields"}


def id_kinds(values: list[Json]) -> Json:
    """The record types an ID argument or input field takes, where Shopify says."""
    return {value["name"]: value["gidTypes"] for value in values if value.get("gidTypes")}


def compact_inputs(entry: Json) -> Json:
    values = entry["inputFields"] or []
    result: Json = {"inputs": inputs(values)}
    if deprecated := [value["name"] for value in values if value["isDeprecated"]]:
        result["deprecated"] = deprecated
    if kinds := id_kinds(values):
        result["ids"] = kinds
    if entry.get("isOneOf"):
        result["one_of"] = True
    return result


def compact_type(entry: Json) -> Json:
    kind = entry["kind"]
    result: Json = {"kind": kind}
    if kind in ("OBJECT", "INTERFACE"):
        result |= compact_fields(entry)
        if entry["interfaces"]:
            result["interfaces"] = [interface["name"] for interface in entry["interfaces"]]
    if kind in ("INTERFACE", "UNION"):
        result["types"] = [possible["name"] for possible in entry["possibleTypes"] or []]
    if kind == "INPUT_OBJECT":
        result |= compact_inputs(entry)
    if kind == "ENUM":
        result["values"] = [value["name"] for value in entry["enumValues"]]
    if groups := scopes(entry.get("requiredAccess")):
        result["type_access"] = groups
    return result


def search_fields(query_root: Json) -> Json:
    """Root connection → its documented search fields and their types."""
    found: Json = {}
    for field in query_root["fields"]:
        for argument in field["args"]:
            if argument["name"] == "query" and argument["description"]:
                rows = {row["name"]: row["type"] for row in SEARCH_FIELD.finditer(argument["description"])}
                rows.pop("name", None) if rows.get("name") == "type" else None
                found[field["name"]] = rows
    return found


def compact(introspection: Json, version: str) -> Json:
    schema = introspection["data"]["__schema"]
    types = {entry["name"]: entry for entry in schema["types"] if not entry["name"].startswith("__")}
    return {
        "version": version,
        "query": schema["queryType"]["name"],
        "mutation": schema["mutationType"]["name"],
        "directives": {
            entry["name"]: {"locations": entry["locations"], "args": inputs(entry["args"])}
            for entry in schema["directives"]
        },
        "search": search_fields(types[schema["queryType"]["name"]]),
        "types": {name: compact_type(types[name]) for name in sorted(types)},
    }


def write(path: pathlib.Path, schema: Json) -> None:
    text = json.dumps(schema, separators=(",", ":"), sort_keys=False)
    # mtime=0: the same introspection gives the same bytes.
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("introspection", nargs="+", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    for source in arguments.introspection:
        found = re.search(r"\d{4}-\d\d", source.name)
        if not found:
            parser.error(f"{source}: the file name must contain the API version, as in admin_2026-10.json.gz")
        target = arguments.out / f"{found[0]}.json.gz"
        write(target, compact(json.loads(gzip.decompress(source.read_bytes())), found[0]))
        print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
