"""One push's conversation with the store: mutations with their userErrors read, and what many rows look up once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shoptide.config import PushConfig
from shoptide.errors import ApiError, RateLimited, ServerFault, WriteOutcome
from shoptide.outbound.pace import Pace
from shoptide.resources.objects import PushObject
from shoptide.resources.phone_numbers import e164
from shoptide.shopify.client import AdminClient
from shoptide.shopify.schema import Schema

MARKER_NAMESPACE = "shoptide"
TOO_MANY = "Too many attempts"  # a limit that the store words as a userError (FACTS 46): later it may do


@dataclass(frozen=True)
class UserError:
    message: str
    path: tuple[str, ...] = ()
    code: str | None = None
    mutation: str | None = None  # whose answer it was


class Refused(Exception):  # noqa: N818  # an answer of the store, not a fault of ours
    """The store took the request and refused it. `blocked` when no retry can change that; `gid` when the record was
    made before a later step was refused."""

    def __init__(self, errors: tuple[UserError, ...], *, blocked: bool = False, gid: str | None = None) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.blocked = blocked
        self.gid = gid


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
    skus: dict[str, str] = field(default_factory=dict)  # SKU → the gid of the only variant that has it
    orders: dict[str, str] = field(default_factory=dict)  # what rows call an order → its gid
    # E-mail address or phone number → the customer's gid, None where the store had nobody when it was asked.
    customers: dict[tuple[str, str], str | None] = field(default_factory=dict)
    ahead: dict[str, dict[str, Any]] = field(default_factory=dict)  # orders read for the journal, for one write each
    locks: dict[str, threading.Lock] = field(default_factory=dict)
    marks_all: bool = False  # every new record carries its row's key, also where it has a key of its own
    heard: threading.local = field(default_factory=threading.local)  # versions of records, a thread's own

    @property
    def schema(self) -> Schema:
        return self.client.schema

    def __post_init__(self) -> None:
        self.country: str | None = None
        self.pace = Pace(self.client.clock)

    @property
    def currency(self) -> str:
        return self.client.access().currency

    def phone(self, text: str) -> str | None:
        """A number as E.164: without a code it is one of the shop's country, as the store takes it (FACTS 30)."""
        found = e164(text)
        if found is None:
            with self.lock:
                if self.country is None:
                    address = self.query("{ shop { billingAddress { countryCodeV2 } } }")["shop"]["billingAddress"]
                    self.country = address["countryCodeV2"] or ""
            found = e164(text, self.country)
        return found

    def alone(self, gid: str) -> threading.Lock:
        """A lock for a record: what is read of it and then written is one step to this process's other threads."""
        with self.lock:
            return self.locks.setdefault(gid, threading.Lock())

    @contextmanager
    def listening(self) -> Iterator[list[tuple[str, str]]]:
        """The versions that this thread's mutations gave records meanwhile: gid and the store's updatedAt, in order.

        By them a push's own changes are told from those of others when they come back.
        """
        told: list[tuple[str, str]] = []
        self.heard.told = told
        try:
            yield told
        finally:
            del self.heard.told

    # mutations

    def mutate(
        self, name: str, variables: Mapping[str, Any], select: str, *, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Run a mutation; returns its payload. Raises Refused for userErrors, ApiError as the client does."""
        document = self.document(name, variables, select, idempotent=idempotency_key is not None)
        given = {**variables, "idempotencyKey": idempotency_key} if idempotency_key else variables
        return self.judged(name, self.client.execute(document, given).data[name])

    def make(self, name: str, variables: Mapping[str, Any], select: str) -> str:
        """Run a mutation that makes the record it selects; returns its gid. Raises Refused and ApiError.

        An answer without errors and without the record leaves in doubt whether there is one: it is looked up.
        """
        payload = self.mutate(name, variables, select)
        record = payload.get(select.partition(" ")[0])
        if not record or not record.get("id"):
            told = f"{self.client.domain}: {name}: the store named neither an error nor the record"
            raise ServerFault(told, outcome=WriteOutcome.UNKNOWN)
        return str(record["id"])

    def judged(self, name: str, payload: dict[str, Any] | None) -> dict[str, Any]:
        """A mutation's payload, if it is no refusal. Raises Refused, and RateLimited for limits told as userErrors."""
        if not payload:
            raise refused("the store answered without a result")
        found = [
            UserError(error["message"], tuple(error.get("field") or ()), error.get("code"), name)
            for error in payload.get(self._errors_field(name)) or ()
        ]
        if any(error.message.startswith(TOO_MANY) for error in found):
            raise RateLimited(f"{name}: {found[0].message}", outcome=WriteOutcome.NOT_APPLIED)
        if found:
            raise Refused(tuple(found))
        told: list[tuple[str, str]] | None = getattr(self.heard, "told", None)
        if told is not None:
            told += [
                (each["id"], each["updatedAt"])
                for each in payload.values()
                if isinstance(each, dict) and each.get("id") and each.get("updatedAt")
            ]
        return payload

    def document(self, name: str, variables: Mapping[str, Any], select: str, *, idempotent: bool = False) -> str:
        """The mutation's text with just the arguments given; the error's `code` where its type has one (FACTS 21)."""
        definition = self.schema.mutation_root.fields[name]
        declared = ", ".join(f"${each}: {definition.arguments[each].type.text}" for each in variables)
        given = ", ".join(f"{each}: ${each}" for each in variables)
        told = self._errors_field(name)
        errors = self.schema.type(self.schema.type(definition.type.name).fields[told].type.name)
        code = " code" if "code" in errors.fields else ""
        key, directive = (
            (", $idempotencyKey: String!", " @idempotent(key: $idempotencyKey)") if idempotent else ("", "")
        )
        errors_asked = f"{told} {{ field message{code} }}"
        return f"mutation({declared}{key}) {{ {name}({given}){directive} {{ {select} {errors_asked} }} }}"

    def _errors_field(self, name: str) -> str:
        """`orderCancelUserErrors` where there is one of the mutation's own: it has codes (FACTS 43)."""
        own = f"{name}UserErrors"
        payload = self.schema.type(self.schema.mutation_root.fields[name].type.name)
        return own if own in payload.fields else "userErrors"

    def query(self, document: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self.client.execute(document, variables).data

    # the row's key in the store

    @property
    def custom_id(self) -> str | None:
        """The id metafield of the shop's own that rows are matched by, if any."""
        return next((name for name in self.push.match if "." in name), None)

    @property
    def marker(self) -> dict[str, str]:
        """Namespace and key of the id metafield that new records carry."""
        if self.custom_id:
            namespace, _, key = self.custom_id.rpartition(".")
            return {"namespace": namespace, "key": key}
        return {"namespace": MARKER_NAMESPACE, "key": marker_key(self.push.name)}

    def marker_metafield(self, key: str) -> dict[str, str]:
        """The metafield that carries a row's key; its definition is made when the first one is written."""
        self.ensure_marker()
        return {**self.marker, "type": "id", "value": key}

    def marker_value(self, key: str, values: Mapping[str, Any]) -> str:
        """What a row's record is found by in the id metafield: its own value for it, else its key."""
        for each in values.get("metafields") or ():
            if {"namespace": each.get("namespace"), "key": each.get("key")} == self.marker and each.get("value"):
                return str(each["value"])
        return key

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
        if self.marked:
            return True
        found = self.query(
            "query($owner: MetafieldOwnerType!, $namespace: String!, $key: String!) {"
            " metafieldDefinitions(first: 1, ownerType: $owner, namespace: $namespace, key: $key) { nodes { id } } }",
            {"owner": self.target.marker_owner, **self.marker},
        )
        self.marked = bool(found["metafieldDefinitions"]["nodes"])
        return self.marked

    def publication(self, name: str, column: str = "publishTo") -> str:
        """The gid of a publication by its name or gid; raises Refused that lists them."""
        if name.startswith("gid://"):
            return name
        held = self.load_publications()
        known = {each.lower(): gid for each, gid in held.items()}.get(name.lower())
        if known is None:
            raise refused(f"there is no publication {name!r}; the store has {', '.join(held)}", column)
        return known

    def load_publications(self) -> dict[str, str]:
        """The store's publications, name → gid, asked once."""
        with self.lock:
            if self.publications is None:
                found = self.query("{ publications(first: 50) { nodes { id name } } }")["publications"]["nodes"]
                self.publications = {each["name"]: each["id"] for each in found}
            return self.publications


def store_words(error: ApiError) -> str:
    """What the store said, for a row's record."""
    return error.messages[0].message if error.messages else error.message
