"""Tokens that end: renewed ahead of time, once on 401, by one thread at a time, and never lost."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
from modelled_time import EPOCH, ModelClock
from shop_server import Heard, Says, ShopServer, graphql, serving

from shoptide.config import Secret, ShopConfig
from shoptide.errors import ConfigError, ServerFault, TokenRejected
from shoptide.shopify.client import AdminClient
from shoptide.shopify.tokens import FileTokenStore, Grant

if TYPE_CHECKING:
    from pathlib import Path

QUERY = "{ shop { name } }"
REJECTED = Says(401, b'{"errors": "[API] Invalid API key or access token"}')


class Shop:
    """A store that grants numbered tokens and accepts only the newest; refresh tokens work once."""

    def __init__(self, life: float = 86399) -> None:
        self.life = life
        self.granted = 0
        self.refresh = "refresh-0"
        self.forms: list[dict[str, str]] = []

    def __call__(self, heard: Heard) -> Says:
        if heard.path == "/admin/oauth/access_token":
            return self.grant({name: values[0] for name, values in parse_qs(heard.body.decode()).items()})
        return graphql({"shop": {"name": "Acme"}}) if heard.token == f"token-{self.granted}" else REJECTED

    def grant(self, form: dict[str, str]) -> Says:
        self.forms.append(form)
        if form.get("client_secret") != "hush":
            return Says(400, b'{"error": "invalid_client", "error_description": "client is unknown"}')
        if form["grant_type"] == "refresh_token" and form["refresh_token"] != self.refresh:
            return Says(400, b'{"error": "invalid_grant"}')
        self.granted += 1
        body: dict[str, object] = {
            "access_token": f"token-{self.granted}",
            "scope": "read_orders",
            "expires_in": self.life,
        }
        if form["grant_type"] == "refresh_token":
            self.refresh = f"refresh-{self.granted}"
            body["refresh_token"] = self.refresh
        return Says(200, json.dumps(body).encode())


def credentials(server: ShopServer, secret: str = "hush") -> ShopConfig:  # made up
    return ShopConfig("main", "acme", client_id="app", client_secret=Secret(secret), base_url=server.url)


def refreshing(server: ShopServer, token: str = "refresh-0") -> ShopConfig:  # made up
    config = credentials(server)
    return ShopConfig(**{**config.__dict__, "refresh_token": Secret(token)})


def test_client_credentials_get_a_token_and_keep_it() -> None:
    """One form, then the same token for all requests of its day."""
    shop, clock = Shop(), ModelClock()
    with serving(shop) as server, AdminClient(credentials(server), clock=clock) as client:
        client.execute(QUERY)
        clock.sleep(80_000)
        client.execute(QUERY)
    assert shop.forms == [{"grant_type": "client_credentials", "client_id": "app", "client_secret": "hush"}]


def test_a_token_is_renewed_before_it_ends() -> None:
    """Five minutes ahead: no request ever travels with one that ends on the way."""
    shop, clock = Shop(), ModelClock()
    with serving(shop) as server, AdminClient(credentials(server), clock=clock) as client:
        client.execute(QUERY)
        clock.sleep(86399 - 299)
        client.execute(QUERY)
        assert [each.token for each in server.heard if each.token] == ["token-1", "token-2"]


def test_a_short_lived_token_is_not_renewed_at_every_request() -> None:
    """The margin is a tenth of a life shorter than 50 minutes."""
    shop, clock = Shop(life=60), ModelClock()
    with serving(shop) as server, AdminClient(credentials(server), clock=clock) as client:
        for _ in range(5):
            client.execute(QUERY)
            clock.sleep(10)
    assert shop.granted == 1


def test_a_rejected_token_is_renewed_once_and_the_request_sent_again() -> None:
    """401 means that nothing was done: a mutation goes again too."""
    shop = Shop()
    with serving(shop) as server, AdminClient(credentials(server), clock=ModelClock()) as client:
        client.execute(QUERY)
        shop.granted += 1  # the store has forgotten token-1
        client.execute('mutation { customerDelete(input: {id: "1"}) { deletedCustomerId } }')
        assert [each.token for each in server.heard if each.token] == ["token-1", "token-1", "token-3"]


def test_a_token_rejected_again_is_the_users_to_mend() -> None:
    """Once is renewal, twice would be hammering."""

    def refuses(heard: Heard) -> Says:
        return (
            Shop().grant({"grant_type": "client_credentials", "client_secret": "hush"})
            if "oauth" in heard.path
            else REJECTED
        )

    with serving(refuses) as server, AdminClient(credentials(server), clock=ModelClock()) as client:
        with pytest.raises(TokenRejected):
            client.execute(QUERY)
        assert [each.path.rsplit("/", 1)[-1] for each in server.heard] == [
            "access_token",
            "graphql.json",
            "access_token",
            "graphql.json",
        ]


def test_sixteen_threads_renew_once() -> None:
    """Whoever waits for the renewal takes its result."""
    shop = Shop()
    with (
        serving(shop) as server,
        AdminClient(credentials(server), clock=ModelClock()) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        list(pool.map(lambda _: client.execute(QUERY), range(32)))
        assert shop.granted == 1
        shop.granted += 1  # all sixteen meet the 401
        list(pool.map(lambda _: client.execute(QUERY), range(32)))
    assert shop.granted == 3


def test_clients_of_one_app_share_a_token() -> None:
    """One renewal at a time per shop: the second client asks for none."""
    shop, clock = Shop(), ModelClock()
    with serving(shop) as server:
        for _ in range(2):
            with AdminClient(credentials(server), clock=clock) as client:
                client.execute(QUERY)
    assert shop.granted == 1


def test_wrong_credentials_are_told_with_what_to_check() -> None:
    """And without the secret."""
    with (
        serving(Shop()) as server,
        AdminClient(credentials(server, "wrong-secret"), clock=ModelClock()) as client,
        pytest.raises(TokenRejected) as caught,
    ):
        client.execute(QUERY)
    assert "client is unknown" in caught.value.message
    assert "client_id and client_secret" in str(caught.value.hint)
    assert "wrong-secret" not in f"{caught.value!r}{caught.value.hint}"
    assert caught.value.exit_code == 3


def test_an_outage_of_the_token_endpoint_is_no_wrong_token() -> None:
    """The user is not sent to look for a mistake that is not theirs."""
    with (
        serving(Says(503, b"<html>")) as server,
        AdminClient(credentials(server), clock=ModelClock()) as client,
        pytest.raises(ServerFault),
    ):
        client.execute(QUERY)


def test_a_shop_without_credentials_is_told_so() -> None:
    """Before any request."""
    with pytest.raises(ConfigError, match=r"\[shop.main\] has no client_id"):
        AdminClient(ShopConfig("main", "acme"))


def test_a_rotated_refresh_token_survives_the_process(tmp_path: Path) -> None:
    """Each is good for one use: the next run goes on with the one that was kept."""
    shop, clock = Shop(life=3600), ModelClock()
    store = FileTokenStore(tmp_path / "tokens" / "acme.json")
    with serving(shop) as server:
        with AdminClient(refreshing(server), clock=clock, token_store=store) as client:
            client.execute(QUERY)
        clock.sleep(4000)
        later = ModelClock()  # another process: it shares nothing but the file
        later.seconds = clock.seconds
        with AdminClient(refreshing(server), clock=later, token_store=store) as client:
            client.execute(QUERY)
            client.execute(QUERY)
    assert [form["refresh_token"] for form in shop.forms] == ["refresh-0", "refresh-1"]
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_a_fresh_kept_token_is_used_without_asking(tmp_path: Path) -> None:
    """A second process within the hour needs no renewal."""
    shop, store = Shop(life=3600), FileTokenStore(tmp_path / "acme.json")
    with serving(shop) as server:
        for _ in range(2):
            with AdminClient(refreshing(server), clock=ModelClock(), token_store=store) as client:
                client.execute(QUERY)
    assert shop.granted == 1


def test_a_newly_configured_refresh_token_beats_the_kept_one(tmp_path: Path) -> None:
    """Who installs the app again and pastes the new token expects it to count."""
    shop, store = Shop(life=3600), FileTokenStore(tmp_path / "acme.json")
    with serving(shop) as server:
        with AdminClient(refreshing(server), clock=ModelClock(), token_store=store) as client:
            client.execute(QUERY)
        shop.refresh = "pasted"
        clock = ModelClock()
        clock.sleep(4000)
        with AdminClient(refreshing(server, "pasted"), clock=clock, token_store=store) as client:
            client.execute(QUERY)
    assert shop.forms[-1]["refresh_token"] == "pasted"


def test_the_kept_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    """A crash in the middle of writing leaves the old file, and no other."""
    store = FileTokenStore(tmp_path / "acme.json")
    grant = Grant(Secret("a"), EPOCH, timedelta(minutes=1), Secret("r"), "seed")
    store.save(grant)
    broken = Grant(Secret("b"), "no time", timedelta(minutes=1))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        store.save(broken)
    assert store.load() == grant
    assert [each.name for each in tmp_path.iterdir()] == ["acme.json"]


def test_an_unreadable_kept_file_is_told_with_its_path(tmp_path: Path) -> None:
    """Not a traceback, and not silently a new start that would lose the refresh token."""
    path = tmp_path / "acme.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match=str(path)):
        FileTokenStore(path).load()


def test_an_outage_while_renewing_passes_and_the_mutation_goes_out() -> None:
    """No token means that the mutation never left: trying again repeats nothing."""
    shop = Shop()
    first: list[Says] = [Says(503, b"<html>"), Says(reset=True)]

    def falters(heard: Heard) -> Says:
        return first.pop() if "oauth" in heard.path and first else shop(heard)

    with serving(falters) as server, AdminClient(credentials(server), clock=ModelClock()) as client:
        assert client.execute('mutation { customerDelete(input: {id: "1"}) { deletedCustomerId } }').data
        assert len([each for each in server.heard if each.token]) == 1
