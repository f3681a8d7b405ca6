"""No token, secret or signed address shows anywhere: a search over every log line, error and repr of a bad day."""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING

import pytest
from modelled_time import ModelClock
from shop_server import Heard, Says, error, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import ShoptideError
from shoptide.shopify import bulk
from shoptide.shopify.client import AdminClient, Patience
from shoptide.shopify.tokens import FileTokenStore

if TYPE_CHECKING:
    from pathlib import Path

SECRETS = ("shpat_s3cret", "client-s3cret", "refresh-s3cret", "granted-s3cret", "rotated-s3cret", "signature-s3cret")
QUERY = "{ shop { name } }"
MUTATION = 'mutation { customerDelete(input: {id: "1"}) { deletedCustomerId } }'


def bad_day() -> list[Says]:
    """One answer of each kind of refusal."""
    statuses = [Says(status, b'{"errors": "no"}') for status in (401, 402, 403, 404, 422, 423, 429, 430, 502)]
    codes = [graphql(errors=[error(code)]) for code in ("THROTTLED", "ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "x")]
    return [*statuses, *codes, Says(200, b"<html>"), Says(reset=True), Says(200, b"{}", cut=1)]


def configs(url: str) -> list[ShopConfig]:
    static = ShopConfig("main", "acme", access_token=Secret("shpat_s3cret"), base_url=url)
    app = ShopConfig("main", "acme", client_id="app", client_secret=Secret("client-s3cret"), base_url=url)
    return [static, app, ShopConfig(**{**app.__dict__, "refresh_token": Secret("refresh-s3cret")})]


def told(wrong: BaseException) -> str:
    """All that could be printed of an error."""
    hint = wrong.hint if isinstance(wrong, ShoptideError) else ""
    return f"{wrong} {wrong!r} {hint} {''.join(traceback.format_exception(wrong))} {vars(wrong)}"


def test_nothing_secret_is_ever_shown(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Everything at DEBUG, the HTTP library's own lines included."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    grant = {"access_token": "granted-s3cret", "refresh_token": "rotated-s3cret", "expires_in": 3600}

    def shop(heard: Heard) -> Says:
        if "oauth" in heard.path:
            return Says(200, json.dumps(grant).encode())
        return day[0]

    with serving(shop) as server:
        for number, config in enumerate(configs(server.url)):
            store = FileTokenStore(tmp_path / f"{number}.json")
            for answer in bad_day():
                day = [answer]
                with AdminClient(
                    config, clock=ModelClock(), token_store=store, patience=Patience(faults=1, throttles=1)
                ) as client:
                    for document in (QUERY, MUTATION):
                        with pytest.raises(ShoptideError) as caught:
                            client.execute(document)
                        shown += [told(caught.value), repr(client), repr(config), repr(vars(client))]
    assert len(shown) > 300
    _nothing_leaks(shown, caplog)


def test_no_signed_address_is_ever_shown(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """The URL of a bulk result opens it to everybody for a week."""
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    raw = {"id": "gid://shopify/BulkOperation/7", "status": "COMPLETED", "createdAt": "2026-10-01T12:00:00Z"}
    for answer in (Says(200, b"{}\n"), Says(403), Says(500), Says(200, b"{}\n{}\n", cut=2), Says(reset=True)):
        with serving(answer) as server:
            config = configs(server.url)[0]
            url = f"{server.url}/result?X-Goog-Signature=signature-s3cret"
            found = bulk.BulkOperation.of(
                {**raw, "url": url, "partialDataUrl": url, "fileSize": "3", "objectCount": "1"}
            )
            with AdminClient(config, clock=ModelClock()) as client:
                shown.append(repr(found))
                try:
                    bulk.download(client, found, tmp_path / "r.jsonl")
                except ShoptideError as wrong:
                    shown.append(told(wrong))
    assert any("bulk.download" in line.getMessage() for line in caplog.records)
    _nothing_leaks(shown, caplog)


def _nothing_leaks(shown: list[str], caplog: pytest.LogCaptureFixture) -> None:
    logged = [f"{line.getMessage()} {line.args} {line.__dict__}" for line in caplog.records]
    assert logged
    for secret in SECRETS:
        assert not [text for text in shown + logged if secret in text]
