"""One push's conversation with the store: mutations with their userErrors read, and what many rows look up once."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shoptide.config import PushConfig
from shoptide.errors import ApiError
from shoptide.resources.objects import PushObject
from shoptide.shopify.client import AdminClient
from shoptide.shopify.schema import Schema

MARKER_NAMESPACE = "shoptide"


@dataclass(frozen=True)
class UserError:
    message: str
    path: tuple[str, ...] = ()
    code: str | None = None


class Refused(Exception):  # noqa: N818  # an answer of the store, not a fault of ours
    """The store took the request and refused it: nothing was applied. `blocked` when no retry can change that."""

    def __init__(self, errors: tuple[UserError, ...], *, blocked: bool = False) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.blocked = blocked


class Ambiguous(Exception):  # noqa: N818  # an outcome of a row
    """More than one record of the store fits: none is picked."""


def refused(message: str, *path: str, code: str | None = None, blocked: bool = False) -> Refused:
    return Refused((UserError(message, path, code),), blocked=blocked)


def marker_key(push: str) -> str:
    """The key of the id metafield that carries a push's row keys: letters, digits, _ and -, 2 to 64 long."""
    plain = "".join(char if char.isalnum() and char.isascii() else "_" for char in push)[:64]
    return plain if len(plain) > 1 else f"{plain}_key"


@dataclass
class Session:
    """What the writers of a push share. Threads use it at once."""

    push: PushConfig
    target: PushObject
    client: AdminClient
    lock: threading.Lock = field(default_factory=threading.Lock)
    marked: bool = False
    publications: dict[str, str] | None = None

    @property
    def schema(self) -> Schema:
        return self.client.schema

    @property
    def currency(self) -> str:
        return self.client.access().currency

    # mutations

    def mutate(self, name: str, variables: Mapping[str, Any], select: str) -> dict[str, Any]:
        """Run a mutation; returns its payload. Raises Refused for userErrors, ApiError as the client does."""
        payload = self.client.execute(self.document(name, variables, select), variables).data[name]
        if payload is None:
            raise refused("the store answered without a result")
        found = [
            UserError(error["message"], tuple(error.get("field") or ()), error.get("code"))
            for error in payload.get("userErrors") or ()
        ]
        if found:
            raise Refused(tuple(found))
        result: dict[str, Any] = payload
        return result

    def document(self, name: str, variables: Mapping[str, Any], select: str) -> str:
        """The mutation's text with just the arguments given; the error's `code` where its type has one (FACTS 21)."""
        definition = self.schema.mutation_root.fields[name]
        declared = ", ".join(f"${each}: {definition.arguments[each].type.text}" for each in variables)
        given = ", ".join(f"{each}: ${each}" for each in variables)
        errors = self.schema.type(self.schema.type(definition.type.name).fields["userErrors"].type.name)
        code = " code" if "code" in errors.fields else ""
        return f"mutation({declared}) {{ {name}({given}) {{ {select} userErrors {{ field message{code} }} }} }}"

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self.client.execute(document, variables).data

    # the row's key in the store

    @property
    def marker(self) -> dict[str, str]:
        return {"namespace": MARKER_NAMESPACE, "key": marker_key(self.push.name)}

    def marker_metafield(self, key: str) -> dict[str, str]:
        """The metafield that carries a row's key; its definition is made when the first one is written."""
        self.ensure_marker()
        return {**self.marker, "type": "id", "value": key}

    def ensure_marker(self) -> None:
        with self.lock:
            if self.marked:
                return
            if not self.has_marker():
                definition = {
                    **self.marker,
                    "name": f"Shoptide key of {self.push.name}",
                    "type": "id",
                    "ownerType": self.target.marker_owner,
                }
                try:
                    self.mutate("metafieldDefinitionCreate", {"definition": definition}, "createdDefinition { id }")
                except Refused as answer:
                    # Another run made it a moment ago.
                    if not any(error.code == "TAKEN" for error in answer.errors):
                        raise
            self.marked = True

    def has_marker(self) -> bool:
        """Whether the definition exists: asking for a custom id without it is an error of its own (FACTS 34)."""
        found = self.query(
            "query($owner: MetafieldOwnerType!, $namespace: String!, $key: String!) {"
            " metafieldDefinitions(first: 1, ownerType: $owner, namespace: $namespace, key: $key) { nodes { id } } }",
            {"owner": self.target.marker_owner, **self.marker},
        )
        return bool(found["metafieldDefinitions"]["nodes"])

    def publication(self, name: str) -> str:
        """The gid of a publication by its name or gid; raises Refused that lists them."""
        if name.startswith("gid://"):
            return name
        with self.lock:
            if self.publications is None:
                found = self.query("{ publications(first: 50) { nodes { id name } } }")["publications"]["nodes"]
                self.publications = {each["name"].lower(): each["id"] for each in found}
        known = self.publications.get(name.lower())
        if known is None:
            raise refused(
                f"there is no publication {name!r}; the store has {', '.join(self.publications)}", "publishTo"
            )
        return known


def store_words(error: ApiError) -> str:
    """What the store said, for a row's record."""
    return error.messages[0].message if error.messages else error.message
