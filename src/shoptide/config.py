"""What a user configures: shoptide.toml and the environment, read and checked into frozen objects."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote


class Secret:
    """A value that never shows itself: not in repr, str, logs or errors. `reveal()` where it goes on the wire."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('…')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value  # same class

    def __hash__(self) -> int:
        return hash(self._value)


SECRET_PARAMETERS = re.compile(
    r"password|passwd|passphrase|secret|token|private_?key(?!_(file|path))|credentials", re.IGNORECASE
)


def without_secrets(url: str) -> tuple[str, dict[str, Secret]]:
    """A database's URL without its password and whatever else of it is secret, and those by name.

    `postgresql://me:pa@host/db?sslpassword=pb` → `postgresql://me@host/db`, password and sslpassword.
    """
    found: dict[str, Secret] = {}
    head, mark, query = url.partition("?")
    if re.fullmatch(r"[a-z0-9+.-]+://[^/@:]*:[^/@]*[^/@0-9][^/@]*", head) and "@" in query:
        head, mark, query = url, "", ""  # a question mark of the password itself
    if held := re.fullmatch(
        r"(?P<start>[a-z0-9+.-]+://[^/@:]*):(?P<password>.*)(?P<rest>@[^@]*)", head, re.IGNORECASE | re.DOTALL
    ):
        if held["password"]:
            found["password"] = Secret(unquote(held["password"]))
        head = held["start"] + held["rest"]
    kept = []
    for part in query.split("&") if mark else []:
        name, _, value = part.partition("=")
        if SECRET_PARAMETERS.search(name) and value:
            found[unquote(name)] = Secret(unquote(value))
        else:
            kept.append(part)
    return head + (f"?{'&'.join(kept)}" if kept else ""), found


@dataclass(frozen=True)
class ShopConfig:
    """One shop: `alias` is the name in the file, `domain` is `acme.myshopify.com`."""

    alias: str
    domain: str
    access_token: Secret | None = None
    client_id: str | None = None
    client_secret: Secret | None = None
    refresh_token: Secret | None = None
    api_version: str = "2026-10"
    plan: str = "standard"
    base_url: str | None = None
    free_bulk_slots: int = 1  # of the five that a shop gives an app, left to its other work


LAYOUTS = ("fivetran",)  # other people's table layouts that there are views for


@dataclass(frozen=True)
class WarehouseConfig:
    """Where the tables are. What is secret of the URL stands in `secrets`, by name (`password`, …), not in `url`.

    `views` are the layouts that are kept beside the tables, each in a schema of its own: `shopify_fivetran`.
    """

    url: str
    schema: str = "shopify"
    views: tuple[str, ...] = ()
    secrets: dict[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True)
class LedgerConfig:
    """Where the ledger lies; `schema` is for Postgres. What is secret of the URL stands in `secrets`, as above."""

    url: str
    schema: str = "shoptide"
    secrets: dict[str, Secret] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamConfig:
    """Per-stream settings of a pull: GraphQL field names to leave out or keep, metafields as columns, `refresh`.

    `refresh` is how often everything is read again; None: as the stream declares it.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    metafields: tuple[str, ...] = ()
    refresh: timedelta | None = None


@dataclass(frozen=True)
class QueryConfig:
    """A stream of the user's own: a root connection, chosen fields (all when empty), a search filter, arguments."""

    root: str
    fields: tuple[str, ...] = ()
    filter: str = ""
    arguments: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class PullConfig:
    name: str
    shop: str
    streams: tuple[str, ...]  # ("all",) for every stream
    schedule: str | None = None
    history: tuple[str, ...] = ()
    overlap: timedelta = timedelta(minutes=10)
    window_records: int = 50_000  # at most so many in one bulk operation, where the store counts them
    stalled_after: timedelta = timedelta(minutes=30)  # without a new object, an operation is started again
    stream: dict[str, StreamConfig] = field(default_factory=dict)
    query: dict[str, QueryConfig] = field(default_factory=dict)  # by stream name
    reconcile_every: timedelta | None = None  # a pull compares ids when the last time is so long ago


DATES, DECIMALS = ("dmy", "mdy"), (".", ",")


@dataclass(frozen=True)
class FileConfig:
    """How the file of a push is written, where the file itself does not tell; empty: it does.

    `dates` is the order of 03/04/2026 (dmy or mdy), `decimal` the mark before the cents (. or ,).
    """

    encoding: str = ""
    delimiter: str = ""
    dates: str = ""
    decimal: str = ""


APPLY = ("auto", "rows", "documents", "bulk")
ON_CONFLICT = ("overwrite", "skip", "stop")


@dataclass(frozen=True)
class PushConfig:
    name: str
    shop: str
    object: str
    strategy: str
    source: str
    key: str
    match: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)  # column → overwrite | set_if_empty | append
    nulls: str = "ignore"
    max_deletes: int | None = None
    deletes: str = "delete"  # or "archive" (products), "cancel" (orders)
    schedule: str | None = None  # cron, in [serve] timezone
    cancel: dict[str, Any] = field(default_factory=dict)  # reason, refund, restock, notify_customer, staff_note
    apply: str = "auto"  # rows | documents | bulk: how writes leave, when not chosen by number and cost
    on_conflict: str = "overwrite"  # skip | stop: rows whose record was changed in the store since the last push
    time_limit: timedelta | None = None  # after which no further row is sent
    file: FileConfig = FileConfig()
    after: tuple[str, ...] = ()  # pulls: when one of them has brought something, the push runs
    trigger: str | None = None  # a cheap query of the warehouse: when its answer is another one, the push runs
    trigger_schedule: str = "* * * * *"  # when the trigger is asked


@dataclass(frozen=True)
class MailConfig:
    """A mail server that takes messages: `smtp://host:587` (STARTTLS where it is offered) or `smtps://host:465`."""

    server: str
    sender: str
    user: str | None = None
    password: Secret | None = None


@dataclass(frozen=True)
class NotifyConfig:
    """Who is told when a sync's health changes: a command, a webhook, people by e-mail; any of them.

    `on` are the healths that are worth telling (all when empty), `syncs` the names of syncs (`pull.store`; all when
    empty).
    """

    name: str
    command: tuple[str, ...] = ()
    webhook: Secret | None = None  # such URLs are keys
    email: tuple[str, ...] = ()
    mail: MailConfig | None = None
    on: tuple[str, ...] = ()
    syncs: tuple[str, ...] = ()


@dataclass(frozen=True)
class ServeConfig:
    """What `shoptide serve` listens on and is told by.

    `public_url` is where the store sends its webhooks: the https URL that leads here, an EventBridge ARN or
    `pubsub://project:topic`; without one no subscription is made. `secrets` sign webhooks, beside each shop's own
    client secret; several while one is replaced by another. `compliance` is the folder of what is handed out.
    The management side listens on its own address; `token` or `password_hash` (argon2) open it, `manage_names` are
    the host names by which it may be asked beside loopback's.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str | None = None
    secrets: tuple[Secret, ...] = ()
    max_body: int = 2 * 1024 * 1024  # bytes of one webhook
    compliance: str = ".shoptide/compliance"
    manage_host: str = "127.0.0.1"
    manage_port: int = 8081
    manage_names: tuple[str, ...] = ()
    token: Secret | None = None
    password_hash: Secret | None = None
    timezone: str = "UTC"  # of schedules
    at_once: int = 4  # pulls, and pushes, that one process works on at the same time


@dataclass(frozen=True)
class Config:
    path: Path  # the file; paths in it are relative to its folder
    shops: dict[str, ShopConfig]
    warehouse: WarehouseConfig
    ledger: LedgerConfig
    pulls: dict[str, PullConfig]
    pushes: dict[str, PushConfig]
    notify: dict[str, NotifyConfig] = field(default_factory=dict)
    serve: ServeConfig = field(default_factory=ServeConfig)
