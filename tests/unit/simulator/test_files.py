"""Files of the simulated store: what kind an address makes, names that are taken, changes, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from asking import Store

CREATE = """mutation($files: [FileCreateInput!]!) { fileCreate(files: $files) {
  files { __typename id alt fileStatus } userErrors { field code } } }"""
UPDATE = """mutation($files: [FileUpdateInput!]!) { fileUpdate(files: $files) {
  files { id alt } userErrors { field message code } } }"""
PICTURE = "https://example.com/a/picture.png"


@pytest.fixture
def store() -> Store:
    return Store()


def made(store: Store, source: str = PICTURE, **given: Any) -> Any:
    return store.ask(CREATE, files=[{"originalSource": source, **given}])


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        (PICTURE, "MediaImage"),
        ("https://example.com/manual.pdf", "GenericFile"),
        ("https://example.com/film.mp4", "Video"),
        ("https://example.com/chair.glb", "Model3d"),
        ("https://www.youtube.com/watch?v=abc", "ExternalVideo"),
    ],
)
def test_the_address_tells_the_kind(store: Store, source: str, kind: str) -> None:
    found = made(store, source)["files"][0]
    assert (found["__typename"], found["fileStatus"]) == (kind, "UPLOADED")
    assert made(store, source, contentType="FILE")["files"][0]["__typename"] == "GenericFile"


def test_a_generic_file_gets_an_address_when_it_is_ready(store: Store) -> None:
    gid = made(store, "https://example.com/manual.pdf", alt="Manual")["files"][0]["id"]
    query = "query($id: ID!) { node(id: $id) { ... on GenericFile { alt mimeType url fileStatus } } }"
    assert store.ask(query, id=gid) == {"alt": "Manual", "mimeType": None, "url": None, "fileStatus": "UPLOADED"}
    store.later(20)
    found = store.ask(query, id=gid)
    assert (found["mimeType"], found["fileStatus"]) == ("application/pdf", "READY")
    assert "/files/manual.pdf?v=" in found["url"]
    listed = store.ask('{ files(first: 5, query: "filename:manual") { nodes { id } } }')["nodes"]
    assert listed == [{"id": gid}]


def test_a_name_is_taken_once(store: Store) -> None:
    """The next file of the name gets another, replaces it, or is refused."""
    first = made(store)["files"][0]["id"]
    assert made(store)["files"][0]["id"] != first
    query = '{ files(first: 5, query: "filename:picture.png") { nodes { id } } }'
    assert store.ask(query)["nodes"] == [{"id": first}]
    again = made(store, filename="picture.png", duplicateResolutionMode="REPLACE", alt="New")["files"][0]
    assert (again["id"], again["alt"]) == (first, "New")
    refused = made(store, duplicateResolutionMode="RAISE_ERROR")["userErrors"]
    assert refused == [{"field": ["files", "0", "filename"], "code": "FILENAME_ALREADY_EXISTS"}]


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"source": "nowhere"}, "originalSource", "INVALID"),
        ({"alt": "a" * 513}, "alt", "ALT_VALUE_LIMIT_EXCEEDED"),
        ({"filename": "picture.pdf"}, "filename", "MISMATCHED_FILENAME_AND_ORIGINAL_SOURCE"),
        ({"duplicateResolutionMode": "REPLACE"}, "filename", "MISSING_FILENAME_FOR_DUPLICATE_MODE_REPLACE"),
    ],
)
def test_what_is_refused_of_a_new_file(store: Store, given: Any, path: str, code: str) -> None:
    assert made(store, **given)["userErrors"] == [{"field": ["files", "0", path], "code": code}]


def test_a_file_joins_a_product_and_leaves_it(store: Store) -> None:
    gid = made(store)["files"][0]["id"]
    product = store.ask('mutation { productCreate(product: {title: "P"}) { product { id } } }')["product"]["id"]
    early = store.ask(UPDATE, files=[{"id": gid, "alt": "x"}])["userErrors"]
    assert [error["code"] for error in early] == ["NON_READY_STATE"]
    store.later(20)
    found = store.ask(UPDATE, files=[{"id": gid, "alt": "Front", "referencesToAdd": [product]}])
    assert found == {"files": [{"id": gid, "alt": "Front"}], "userErrors": []}
    query = "query($id: ID!) { product(id: $id) { media(first: 5) { nodes { id } } } }"
    assert store.ask(query, id=product)["media"]["nodes"] == [{"id": gid}]
    store.ask(UPDATE, files=[{"id": gid, "referencesToRemove": [product]}])
    assert store.ask(query, id=product)["media"]["nodes"] == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"filename": "picture.jpg"}, "INVALID_FILENAME_EXTENSION"),
        ({"referencesToAdd": ["gid://shopify/Product/1"]}, "REFERENCE_TARGET_DOES_NOT_EXIST"),
        ({"referencesToAdd": ["gid://shopify/Customer/1"]}, "UNSUPPORTED_FILE_REFERENCE"),
        ({"originalSource": PICTURE, "previewImageSource": PICTURE}, "INVALID"),
        ({"id": "gid://shopify/MediaImage/1"}, "FILE_DOES_NOT_EXIST"),
    ],
)
def test_what_is_refused_of_a_change(store: Store, given: Any, code: str) -> None:
    gid = made(store)["files"][0]["id"]
    store.later(20)
    errors = store.ask(UPDATE, files=[{"id": gid, **given}])["userErrors"]
    assert [error["code"] for error in errors] == [code]
