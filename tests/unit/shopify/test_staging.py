"""Bringing rows to where a bulk mutation reads them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from modelled_time import ModelClock
from python_multipart import parse_form
from shop_server import Heard, Says, ShopServer, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import BadRequest, InputTooLarge, ServerFault
from shoptide.shopify import staging
from shoptide.shopify.client import AdminClient

if TYPE_CHECKING:
    from pathlib import Path

KEY = "tmp/1/bulk/34872c4a/rows.jsonl"
PARAMETERS = [("Content-Type", "text/jsonl"), ("success_action_status", "201"), ("acl", "private"), ("key", KEY)]
ROWS = b'{"input":{"email":"a@b.example"}}\n' * 40_000


def client_of(server: ShopServer) -> AdminClient:
    config = ShopConfig("main", "acme", access_token=Secret("shpat_1"), base_url=server.url)
    return AdminClient(config, clock=ModelClock())


def target(url: str) -> Says:
    parameters = [{"name": name, "value": value} for name, value in PARAMETERS]
    return graphql(
        {"stagedUploadsCreate": {"stagedTargets": [{"url": url, "parameters": parameters}], "userErrors": []}}
    )


def bucket(server: list[ShopServer], status: int) -> object:
    def answer(heard: Heard) -> Says:
        if heard.path.endswith("graphql.json"):
            return target(f"{server[0].url}/bucket/")
        return Says(status, b"<PostResponse/>")

    return answer


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(ROWS)
    return path


def test_uploads_the_parameters_in_order_and_the_file_last(rows: Path) -> None:
    """As the bucket demands; our token stays with Shopify."""
    here: list[ShopServer] = []
    with serving(bucket(here, 201)) as server, client_of(server) as client:  # type: ignore[arg-type]
        here.append(server)
        assert staging.upload(client, rows) == KEY
        _, sent = server.heard
    assert sent.token is None
    assert fields_of(sent) == [*PARAMETERS, ("file", ROWS.decode())]


def fields_of(sent: Heard) -> list[tuple[str, str]]:
    """The form as an independent parser reads it."""
    found: list[tuple[str, str]] = []

    def on_field(field: object) -> None:
        found.append((field.field_name.decode(), field.value.decode()))  # type: ignore[attr-defined]

    def on_file(file: object) -> None:
        file.file_object.seek(0)  # type: ignore[attr-defined]
        found.append((file.field_name.decode(), file.file_object.read().decode()))  # type: ignore[attr-defined]
        file.close()  # type: ignore[attr-defined]

    headers = {
        "Content-Type": sent.headers["content-type"].encode(),
        "Content-Length": sent.headers["content-length"].encode(),
    }
    parse_form(headers, io.BytesIO(sent.body), on_field, on_file)
    return found


@pytest.mark.parametrize(("status", "kind"), [(403, BadRequest), (400, BadRequest), (503, ServerFault)])
def test_a_refused_upload_is_told(rows: Path, status: int, kind: type[Exception]) -> None:
    """Before a bulk mutation looks for a file that is not there."""
    here: list[ShopServer] = []
    with serving(bucket(here, status)) as server, client_of(server) as client:  # type: ignore[arg-type]
        here.append(server)
        with pytest.raises(kind, match=str(status)):
            staging.upload(client, rows)


def test_files_that_shopify_would_refuse_are_not_uploaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty, or above 100 MB."""
    empty, large = tmp_path / "empty.jsonl", tmp_path / "large.jsonl"
    empty.touch()
    large.write_bytes(b"{}\n" * 10)
    monkeypatch.setattr(staging, "LIMIT", 29)
    with serving(Says(500)) as server, client_of(server) as client:
        with pytest.raises(BadRequest, match="empty"):
            staging.upload(client, empty)
        with pytest.raises(InputTooLarge, match="30 bytes"):
            staging.upload(client, large)
        assert server.heard == []


def test_no_place_for_the_upload_is_told_in_the_stores_words(rows: Path) -> None:
    """userErrors are never swallowed."""
    errors = [{"field": ["input", "0"], "message": "filename is invalid"}]
    said = graphql({"stagedUploadsCreate": {"stagedTargets": [], "userErrors": errors}})
    with serving(said) as server, client_of(server) as client, pytest.raises(BadRequest, match="filename is invalid"):
        staging.upload(client, rows)
