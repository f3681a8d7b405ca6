"""Which fields an app's scopes open, and what Shopify says of the closed ones (FACTS 19)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shoptide.simulator.refusals import SAID
from shoptide.simulator.registry import TopLevelError

if TYPE_CHECKING:
    from shoptide.shopify.schema import Schema, ScopeGroups
    from shoptide.simulator.context import App

DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"
# What Shopify asks for besides the scope.
ALSO = {
    ("read_users",): "The app must be a finance embedded app or installed on a Shopify Plus or Advanced store. "
    "Contact Shopify Support to enable this scope for your app."
}


def needed(source: Schema, kind: str, name: str) -> ScopeGroups:
    """The scopes a field asks for itself, and those of the type it returns."""
    field = source.type(kind).fields[name]
    groups = field.scopes
    target = source.type(field.type.name)
    if target.kind == "OBJECT" and kind != target.name:
        groups += target.scopes
        if target.is_connection:
            groups += source.type(source.connection_node(target.name)).scopes
    return groups


def wording(groups: ScopeGroups) -> str:
    """Scopes as Shopify lists them: one, or several with "or" before the last."""
    clauses = []
    for group in groups:
        names = [f"`{scope}` access scope" for scope in group]
        clauses.append(names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1])
    return " as well as ".join(dict.fromkeys(clauses)) + "."


def denial(source: Schema, kind: str, name: str, app: App) -> TopLevelError | None:
    groups = needed(source, kind, name)
    if app.may(groups):
        return None
    missing = tuple(group for group in groups if not app.may((group,)))
    required = wording(missing) + "".join(f" Also: {ALSO[group]}" for group in missing if group in ALSO)
    if kind in ("QueryRoot", "Mutation") and name in SAID:
        return refusal(name, SAID[name])
    return refusal(name, required)


def refusal(name: str, required: str | None) -> TopLevelError:
    """The error for a field and what it takes, if Shopify says."""
    more = {"requiredAccess": required} if required else {}
    message = f"Access denied for {name} field." + (f" Required access: {required}" if required else "")
    return TopLevelError("ACCESS_DENIED", message, documentation=DOCUMENTATION, **more)
