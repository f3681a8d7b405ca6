"""What the store refuses of options and their values. Registers nothing."""

from __future__ import annotations

from shoptide.simulator.context import Context
from shoptide.simulator.domain import linked_options
from shoptide.simulator.registry import Args, user_error
from shoptide.simulator.shop import Record

MOST = 3
SEPARATOR = " / "
LONGEST = 255
REFUSED_SEPARATOR = "The name contains unsupported sequence ' / '"


def value_names(given: Args) -> list[str]:
    return [value["name"] for value in given.get("values") or [] if value.get("name")]


# creating


def creation_problems(kept: list[Record], given: list[Args], ctx: Context) -> list[Record]:
    """`kept` are the options the product keeps beside the new ones."""
    if len(kept) + len(given) > MOST:
        message = f"Can only specify a maximum of {MOST} options"
        return [user_error(["options"], message, "OPTIONS_OVER_LIMIT")]
    held, seen, errors = {entry["name"].lower() for entry in kept}, set(), []
    for index, entry in enumerate(given):
        name, path = (entry.get("name") or "").strip(), ["options", str(index)]
        if not name:
            errors.append(user_error(path, "Option name can't be blank.", "OPTION_NAME_MISSING"))
        elif len(name) > LONGEST:
            errors.append(user_error(path, "Option name is too long.", "OPTION_NAME_TOO_LONG"))
        elif SEPARATOR in name:
            errors.append(user_error([*path, "name"], REFUSED_SEPARATOR, "INVALID_NAME"))
        elif name.lower() in seen:
            errors.append(user_error(path, "Duplicated option name.", "DUPLICATED_OPTION_NAME"))
        elif name.lower() in held:
            errors.append(user_error(path, f"Option '{name}' already exists.", "OPTION_ALREADY_EXISTS"))
        elif code := linked_options.problem(entry, kept, given[:index], ctx):
            errors.append(linked_options.error(code, [*path, "linkedMetafield"]))
        else:
            errors += _value_problems(entry, name, path)
        seen.add(name.lower())
    return errors or _position_problems(given, len(kept))


def _value_problems(entry: Args, name: str, path: list[str]) -> list[Record]:
    names = value_names(entry)
    if entry.get("linkedMetafield"):
        return []
    if not names:
        message = f"Option '{name}' must specify at least one option value."
        return [user_error(path, message, "OPTION_VALUES_MISSING")]
    found = []
    for place, value in enumerate(names):
        at = [*path, "values", str(place)]
        if len(value) > LONGEST:
            found.append(user_error(at, "Option value name is too long.", "OPTION_VALUE_NAME_TOO_LONG"))
        elif value.lower() in {other.lower() for other in names[:place]}:
            found.append(user_error(at, f"Duplicated option value '{value}'.", "DUPLICATED_OPTION_VALUE"))
    return found


def _position_problems(given: list[Args], kept: int) -> list[Record]:
    places = [entry.get("position") for entry in given]
    if any(places) and not all(places):
        message = "If specified, position field must be present in all option inputs."
        return [user_error(["options"], message, "OPTION_POSITION_MISSING")]
    message = "Position must be between 1 and the maximum number of options per product."
    return [
        user_error(["options", str(index)], message, "POSITION_OUT_OF_BOUNDS")
        for index, place in enumerate(places)
        if place is not None and not 1 <= place <= max(MOST, kept + len(given))
    ]


# changing


def update_problems(product: Record, held: Record, args: Args, used: set[str]) -> list[Record]:
    """`used` are the values that variants have."""
    given, errors = args["option"], []
    name = given.get("name")
    if name and len(name) > LONGEST:
        errors.append(user_error(["option", "name"], "Option name is too long.", "OPTION_NAME_TOO_LONG"))
    elif name and SEPARATOR in name:
        errors.append(user_error(["option", "name"], REFUSED_SEPARATOR, "INVALID_NAME"))
    elif name and any(entry is not held and entry["name"].lower() == name.lower() for entry in product["_options"]):
        errors.append(user_error(["option"], f"Option '{name}' already exists.", "OPTION_ALREADY_EXISTS"))
    place = given.get("position")
    if place is not None and not 1 <= place <= len(product["_options"]):
        errors.append(
            user_error(["option", "position"], "The option position provided is not valid.", "INVALID_POSITION")
        )
    return [*errors, *_added(held, args), *_updated(held, args), *_deleted(held, args, used)]


def _added(held: Record, args: Args) -> list[Record]:
    found, seen = [], set()
    for place, entry in enumerate(args.get("optionValuesToAdd") or []):
        name, path = entry.get("name") or "", ["optionValuesToAdd", str(place)]
        if name in held["_values"]:
            message = f"Option value '{name}' already exists."
            found.append(user_error(path, message, "OPTION_VALUE_ALREADY_EXISTS"))
        elif name and name in seen:
            found.append(user_error(path, f"Duplicated option value '{name}'.", "DUPLICATED_OPTION_VALUE"))
        elif len(name) > LONGEST:
            found.append(user_error(path, "Option value name is too long.", "OPTION_VALUE_NAME_TOO_LONG"))
        seen.add(name)
    return found


def _updated(held: Record, args: Args) -> list[Record]:
    by_id = {gid: value for value, gid in held["_values"].items()}
    deleted = set(args.get("optionValuesToDelete") or [])
    found = []
    for place, entry in enumerate(args.get("optionValuesToUpdate") or []):
        name, path = entry.get("name"), ["optionValuesToUpdate", str(place)]
        if entry["id"] not in by_id:
            found.append(user_error(path, "Option value does not exist.", "OPTION_VALUE_DOES_NOT_EXIST"))
        elif entry["id"] in deleted:
            message = "Performing conflicting actions on an option value."
            found.append(user_error(path, message, "OPTION_VALUE_CONFLICTING_OPERATION"))
        elif name and held["_values"].get(name, entry["id"]) != entry["id"]:
            message = f"Option value '{name}' already exists."
            found.append(user_error(path, message, "OPTION_VALUE_ALREADY_EXISTS"))
    return found


def _deleted(held: Record, args: Args, used: set[str]) -> list[Record]:
    """Variants are deleted with a value only where the caller wants them managed."""
    by_id = {gid: value for value, gid in held["_values"].items()}
    gids, found = args.get("optionValuesToDelete") or [], []
    for place, gid in enumerate(gids):
        path = ["optionValuesToDelete", str(place)]
        if gid not in by_id:
            found.append(user_error(path, "Option value does not exist.", "OPTION_VALUE_DOES_NOT_EXIST"))
        elif by_id[gid] in used and args.get("variantStrategy") != "MANAGE":
            message = "Option value with variants linked cannot be deleted."
            found.append(user_error(path, message, "OPTION_VALUE_HAS_VARIANTS"))
    if not found and gids and set(gids) == set(by_id) and not args.get("optionValuesToAdd"):
        message = "Deleting all option values of an option is not allowed."
        found.append(user_error(["optionValuesToDelete"], message, "CANNOT_DELETE_ALL_OPTION_VALUES_IN_OPTION"))
    return found
