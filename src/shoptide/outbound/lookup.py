"""Finds the records that rows mean, in batches: by e-mail, phone, handle, SKU, name or custom id, each hit verified."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from shoptide.errors import NotFound
from shoptide.outbound.rows import Draft
from shoptide.outbound.session import Session
from shoptide.resources.phone_numbers import e164

BATCH = 40  # aliases in one document
WIDEST = 250  # answers of a search


@dataclass(frozen=True)
class Match:
    """What a look-up found for a row: one record, none, or several."""

    gid: str | None = None
    several: tuple[str, ...] = ()
    by: str | None = None


def fold_email(value: str) -> str:
    return re.sub(r"\s+", "", value).lower()


def fold_phone(value: str) -> str | None:
    """E.164, for numbers written with their country code; without one there is nothing exact to compare."""
    return e164(value)


# What two spellings of a customer's e-mail address or phone number (E.164 already) have in common.
FOLDS: dict[str, Callable[[str], str]] = {"email": fold_email, "phone": str}


def fold_handle(value: str) -> str:
    """`Summer Hat!` → summer-hat, as the store makes handles of what it is given; accents go, other letters stay."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", value) if not unicodedata.combining(sign))
    plain = unicodedata.normalize("NFC", plain).lower().replace("'", "").replace("’", "")
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def fold_name(value: str) -> str:
    return value.strip().lstrip("#").lower()


@dataclass(frozen=True)
class Way:
    """One way to find records: an aliased field, its variable for a value, and which of its answers really fit."""

    type: str  # of the variable
    field: str  # the selection, with $v for the variable
    variable: Callable[[str], Any]
    hits: Callable[[Any, str], list[str]]
    page: int = 0  # of a search: how many answers it takes, of which those that fit may be any

    @property
    def widest(self) -> Way:
        """The search with as many answers as the store gives at once."""
        return replace(self, field=self.field.replace(f"first: {self.page},", f"first: {WIDEST},"), page=WIDEST)

    def is_cut(self, answer: Any) -> bool:
        """Whether more than the answer may fit: a search finds what is only like the value, too."""
        return 0 < self.page < WIDEST and len(answer["nodes"]) == self.page


def _single(root: str, name: str, key: str, fold: Callable[[str], Any]) -> Way:
    """By an identifier input: one record or none, checked against the field it was looked up by."""

    def hits(answer: Any, value: str) -> list[str]:
        return [answer["id"]] if answer and fold(answer[name] or "") == fold(value) else []

    return Way(f"{root[0].upper()}{root[1:]}IdentifierInput!", f"{root}ByIdentifier(identifier: $v) {{ id {name} }}",
               lambda value: {key: value}, hits)  # fmt: skip


def _custom(root: str, namespace: str, key: str) -> Way:
    def variable(value: str) -> Any:
        return {"customId": {"namespace": namespace, "key": key, "value": value}}

    # The store itself holds the value unique; there is nothing else to verify it by.
    return Way(f"{root[0].upper()}{root[1:]}IdentifierInput!", f"{root}ByIdentifier(identifier: $v) {{ id }}", variable,
               lambda answer, _value: [answer["id"]] if answer else [])  # fmt: skip


def custom(root: str, name: str) -> Way:
    """By `namespace.key` of an id metafield."""
    namespace, _, key = name.rpartition(".")
    return _custom(root, namespace, key)


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _by_sku(answer: Any, value: str) -> list[str]:
    return sorted({each["product"]["id"] for each in answer["nodes"] if each["sku"] == value})


def _by_name(answer: Any, value: str) -> list[str]:
    return [each["id"] for each in answer["nodes"] if fold_name(each["name"]) == fold_name(value)]


SKU = Way(
    "String!",
    "productVariants(first: 10, query: $v) { nodes { id sku product { id } } }",
    lambda value: f"sku:{_quoted(value)}",
    _by_sku,
    page=10,
)
ORDER_NAME = Way(
    "String!",
    "orders(first: 5, query: $v) { nodes { id name } }",
    lambda value: f"name:{_quoted(value.strip())}",
    _by_name,
    page=5,
)
VARIANT_BY_SKU = Way(
    "String!",
    "productVariants(first: 10, query: $v) { nodes { id sku } }",
    lambda value: f"sku:{_quoted(value)}",
    lambda answer, value: [each["id"] for each in answer["nodes"] if each["sku"] == value],
    page=10,
)
WAYS: dict[tuple[str, str], Way] = {
    ("customers", "email"): _single("customer", "email", "emailAddress", fold_email),
    ("customers", "phone"): _single("customer", "phone", "phoneNumber", fold_phone),
    ("products", "handle"): _single("product", "handle", "handle", fold_handle),
    ("products", "sku"): SKU,
    ("orders", "name"): ORDER_NAME,
}
ROOTS = {"customers": "customer", "products": "product", "orders": "order"}


def way_of(session: Session, name: str) -> Way:
    if "." in name:
        return custom(ROOTS[session.push.object], name)
    return WAYS[session.push.object, name]


def value_of(session: Session, draft: Draft, name: str) -> str | None:
    """What a row has to be found by; None when it says nothing exact."""
    if "." in name:
        return session.marker_value(draft.key, draft.values)
    value = draft.values.get(name)
    if name == "sku" and value is None:
        variants = draft.values.get("variants") or []
        skus = [each.get("sku") for each in variants if each.get("sku")]
        value = skus[0] if skus else None
    if not value:
        return None
    if name == "handle":
        return fold_handle(str(value)) or None
    if name == "phone":
        return session.phone(str(value))
    return str(value)


def folded(name: str, value: str) -> str:
    """A match key's value as two spellings of it have it in common."""
    fold = {"email": fold_email, "handle": fold_handle, "name": fold_name}.get(name)
    return fold(value) if fold else value


class Possible(Protocol):
    def __call__(self, name: str, values: dict[str, str]) -> dict[str, str]:
        """Those of rows' values of a match key that the store may have: the others it certainly has not."""


def find(session: Session, drafts: Iterable[Draft], possible: Possible | None = None) -> dict[str, Match]:
    """Look rows up by the push's match keys in their order; by key. A row that nothing finds has an empty Match."""
    waiting = {draft.key: draft for draft in drafts}
    found = {key: Match() for key in waiting}
    for name in session.push.match:
        if name in ("gid", "id", "record_id"):
            continue  # the row's own id, which its draft carries already
        values = {key: value for key, draft in waiting.items() if (value := value_of(session, draft, name))}
        asked = possible(name, values) if possible else values
        for key, hits in by_way(session, way_of(session, name), asked).items():
            if hits:
                found[key] = Match(hits[0], by=name) if len(hits) == 1 else Match(several=tuple(hits), by=name)
                del waiting[key]
    return found


def find_marked(session: Session, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The records that carry rows' keys in the push's id metafield: rows are values by key, the answer gids by key."""
    wanted = {key: session.marker_value(key, values) for key, values in rows.items()}
    if not wanted or not session.target.marker_owner or not session.has_marker():
        return {}
    way = _custom(ROOTS[session.push.object], session.marker["namespace"], session.marker["key"])
    return {key: hits[0] for key, hits in by_way(session, way, wanted).items() if hits}


def by_way(session: Session, way: Way, values: dict[str, str]) -> dict[str, list[str]]:
    """Records by value, for many values at once: key → gids."""
    found: dict[str, list[str]] = {}
    cut: dict[str, str] = {}
    items = list(values.items())
    size = BATCH if way.page < WIDEST else 1
    for start in range(0, len(items), size):
        batch = items[start : start + size]
        declared = ", ".join(f"$v{index}: {way.type}" for index in range(len(batch)))
        fields = " ".join(f"a{index}: {way.field.replace('$v', f'$v{index}')}" for index in range(len(batch)))
        variables = {f"v{index}": way.variable(value) for index, (_key, value) in enumerate(batch)}
        try:
            data = session.query(f"query({declared}) {{ {fields} }}", variables)
        except NotFound:
            continue  # no id definition of that name: nothing can carry such a value yet
        for index, (key, value) in enumerate(batch):
            found[key] = way.hits(data[f"a{index}"], value)
            if way.is_cut(data[f"a{index}"]):
                cut[key] = value
    return found | by_way(session, way.widest, cut) if cut else found


def variants_by_sku(session: Session, skus: Iterable[str]) -> dict[str, list[str]]:
    """Variants by SKU for lines of orders; what one row found the others of the run don't ask for again."""
    asked = set(skus)
    found = by_way(session, VARIANT_BY_SKU, {sku: sku for sku in asked if sku not in session.skus})
    session.skus.update({sku: hits[0] for sku, hits in found.items() if len(hits) == 1})
    return {sku: found[sku] if sku in found else [session.skus[sku]] for sku in asked}
