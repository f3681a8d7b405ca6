"""Reads shoptide.toml and the environment into the frozen objects of `shoptide.config`; every mistake names its key."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from shoptide.config import (
    APPLY,
    DATES,
    DECIMALS,
    LAYOUTS,
    ON_CONFLICT,
    Config,
    FileConfig,
    LedgerConfig,
    MailConfig,
    NotifyConfig,
    PullConfig,
    PushConfig,
    QueryConfig,
    Secret,
    ServeConfig,
    ShopConfig,
    StreamConfig,
    WarehouseConfig,
    without_secrets,
)
from shoptide.config_section import KEPT_ELSEWHERE, Section, Warn, near, secret_of
from shoptide.errors import ConfigError
from shoptide.shopify.endpoint import shop_domain
from shoptide.shopify.schema import SUPPORTED_VERSIONS

PREFIX = "SHOPTIDE_"
PLANS = ("standard", "advanced", "plus", "enterprise")
DEFAULT_LEDGER = "sqlite:///.shoptide/ledger.db"
# Variables of the environment that are no settings of the file.
RESERVED = ("SHOPTIDE_CONFIG",)


def load_config(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, Any] | None = None,
    warn: Warn | None = None,
) -> Config:
    """Read the configuration: flags over environment over file over defaults. Raises ConfigError."""
    values = os.environ if environment is None else environment
    chosen = path or Path(values.get("SHOPTIDE_CONFIG") or "shoptide.toml")
    tree = _read(chosen)
    _overlay(tree, values)
    for dotted, value in (flags or {}).items():
        if value is not None:
            _put(tree, dotted.split("."), value)
    return _config(chosen.resolve(), tree, warn or (lambda _text: None))


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "make one with `shoptide init`, or name another with --config"
        raise ConfigError(f"there is no {path}", hint=hint) from None
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no valid TOML: {error}") from None


def _overlay(tree: dict[str, Any], environment: Mapping[str, str]) -> None:
    """SHOPTIDE_SHOP__MAIN__ACCESS_TOKEN=… stands for [shop.main] access_token."""
    for name, value in environment.items():
        if name.startswith(PREFIX) and name not in RESERVED and "__" in name:
            _put(tree, [part.lower() for part in name[len(PREFIX) :].split("__")], value)


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        # The file's own spelling of a name wins: [shop.Main] is meant by SHOPTIDE_SHOP__MAIN__….
        known = next((key for key in tree if key.lower() == part), part)
        tree = tree.setdefault(known, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"{'.'.join(path)}: {part} is no table")
    tree[path[-1]] = value


def _config(path: Path, tree: dict[str, Any], warn: Warn) -> Config:
    root = Section("", tree, path.parent, warn)
    shops = {name: _shop(name, section) for name, section in _named(root, "shop").items()}
    warehouse = _warehouse(_table(root, "warehouse"))
    ledger = _ledger(_table(root, "ledger"))
    pulls = {name: _pull(name, section, shops) for name, section in _named(root, "pull").items()}
    pushes = {name: _push(name, section, shops, pulls) for name, section in _named(root, "push").items()}
    syncs = [*(f"pull.{each}" for each in pulls), *(f"push.{each}" for each in pushes)]
    notify = {name: _notify(name, section, syncs) for name, section in _named(root, "notify").items()}
    serve = _serve(_table(root, "serve"))
    root.finish()
    if not shops:
        hint = "add [shop.main] with name and access_token, or run `shoptide init`"
        raise ConfigError(f"{path} names no shop", hint=hint)
    return Config(path, shops, warehouse, ledger, pulls, pushes, notify, serve)


def _named(root: Section, key: str) -> dict[str, Section]:
    return {name: Section(f"{key}.{name}", each.values, root.base, root.warn) for name, each in root.below(key).items()}


def _table(root: Section, key: str) -> Section:
    root.asked.add(key)
    value = root.values.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(f"{key}: must be a table [{key}]")
    return Section(key, value, root.base, root.warn)


def _shop(alias: str, section: Section) -> ShopConfig:
    name = section.needed("name", '"acme"')
    try:
        domain = shop_domain(name)
    except ConfigError as error:
        raise section.wrong("name", error.message, hint=error.hint) from None
    version = section.text("api_version", SUPPORTED_VERSIONS[-1]) or ""
    if version not in SUPPORTED_VERSIONS:
        known = ", ".join(SUPPORTED_VERSIONS)
        raise section.wrong("api_version", f"{version!r} is not supported", hint=f"choose one of {known}")
    found = ShopConfig(
        alias,
        domain,
        section.secret("access_token"),
        section.text("client_id"),
        section.secret("client_secret"),
        section.secret("refresh_token"),
        version,
        section.choice("plan", PLANS, "standard"),
        section.text("base_url"),
        section.whole("free_bulk_slots", 1, least=0, most=4),
    )
    section.finish()
    if found.access_token is None and not (found.client_id and found.client_secret):
        hint = 'access_token = "env:SHOPIFY_TOKEN", or client_id and client_secret of a Dev Dashboard app'
        raise section.wrong("access_token", "is missing", hint=hint)
    return found


def _warehouse(section: Section) -> WarehouseConfig:
    url, secrets = _database(section, "duckdb:///shoptide.duckdb")
    views = tuple(_one_of(section, "views", each, LAYOUTS) for each in section.texts("views"))
    found = WarehouseConfig(url, section.text("schema", "shopify") or "", views, secrets)
    section.finish()
    return found


def _ledger(section: Section) -> LedgerConfig:
    url, secrets = _database(section, DEFAULT_LEDGER)
    found = LedgerConfig(url, section.text("schema", "shoptide") or "", secrets)
    section.finish()
    return found


def _database(section: Section, default: str) -> tuple[str, dict[str, Secret]]:
    """A URL and its secrets; it may itself be kept elsewhere (`env:NAME`), and so may a password in it or beside it."""
    written = section.text("url", default) or ""
    kept = written.startswith(KEPT_ELSEWHERE)
    url, secrets = without_secrets(secret_of(section, "url", written).reveal() if kept else written)
    for name, value in secrets.items():
        if value.reveal().startswith(KEPT_ELSEWHERE):
            secrets[name] = secret_of(section, "url", value.reveal())
        elif not kept:
            section.warn(f'[{section.path}] url holds a {name} as it is: url = "env:NAME" keeps it out of the file')
    if (password := section.secret("password")) is not None:
        secrets["password"] = password
    return url, secrets


def _password_hash(section: Section) -> Secret | None:
    """A hash may stand in the file: it is made so that nobody gets the password out of it."""
    written = section.text("password_hash")
    if written is None or written.startswith("$argon2"):
        return None if written is None else Secret(written)
    found = section.secret("password_hash") if written.startswith(KEPT_ELSEWHERE) else None
    if found is None or not found.reveal().startswith("$argon2"):
        raise section.wrong("password_hash", "is no argon2 hash", hint="`shoptide serve --hash-password` makes one")
    return found


TOKEN_LENGTH = 20
ADDRESSES = ("https://", "http://127.0.0.1", "http://localhost", "http://[::1]", "arn:aws:events:", "pubsub://")


def _serve(section: Section) -> ServeConfig:
    default = ServeConfig()
    address = section.text("public_url")
    if address and not address.startswith(ADDRESSES):
        hint = 'for example "https://hooks.example.com", an EventBridge ARN or "pubsub://project:topic"'
        raise section.wrong("public_url", f"{address!r} is no address a store sends webhooks to", hint=hint)
    found = ServeConfig(
        section.text("host", default.host) or "",
        section.whole("port", default.port, least=0, most=65535),
        address.rstrip("/") if address else None,
        section.secrets("secrets"),
        section.whole("max_body", default.max_body, least=1024),
        section.text("compliance", default.compliance) or "",
        section.text("manage_host", default.manage_host) or "",
        section.whole("manage_port", default.manage_port, least=0, most=65535),
        section.texts("manage_names"),
        section.secret("token"),
        _password_hash(section),
        section.timezone("timezone", default.timezone),
        section.whole("at_once", default.at_once, least=1, most=64),
    )
    section.finish()
    if found.token is not None and len(found.token.reveal()) < TOKEN_LENGTH:
        hint = 'make one with `python3 -c "import secrets; print(secrets.token_urlsafe(32))"`'
        raise section.wrong("token", f"has fewer than {TOKEN_LENGTH} characters: it could be guessed", hint=hint)
    return found


def _shop_of(section: Section, shops: dict[str, ShopConfig]) -> str:
    name = section.text("shop") or (next(iter(shops)) if len(shops) == 1 else None)
    if name is None:
        raise section.wrong("shop", "is missing", hint=f"shops are {', '.join(shops) or 'none yet'}")
    if name not in shops:
        raise section.wrong(
            "shop", f"there is no [shop.{name}]", hint=near(name, shops) or f"shops are {', '.join(shops)}"
        )
    return name


def _pull(name: str, section: Section, shops: dict[str, ShopConfig]) -> PullConfig:
    streams = section.texts("streams")
    if not streams:
        raise section.wrong("streams", "is missing", hint='streams = ["customers", "orders"], or streams = "all"')
    found = PullConfig(
        name,
        _shop_of(section, shops),
        streams,
        section.cron("schedule"),
        section.texts("history"),
        section.duration("overlap", timedelta(minutes=10)),
        section.whole("window_records", 50_000, least=100),
        section.duration("stalled_after", timedelta(minutes=30)),
        {each: _stream(inner) for each, inner in section.below("stream").items()},
        {each: _query(inner) for each, inner in section.below("query").items()},
        section.duration("reconcile_every", timedelta()) or None,
    )
    section.finish()
    return found


def _stream(section: Section) -> StreamConfig:
    section.asked.add("fields")
    fields = section.values.get("fields", {})
    if not isinstance(fields, dict):
        raise section.wrong("fields", "must be { include = […] } or { exclude = […] }")
    inner = Section(f"{section.path}.fields", fields, section.base, section.warn)
    refresh = section.duration("refresh", timedelta()) if "refresh" in section.values else None
    found = StreamConfig(inner.texts("include"), inner.texts("exclude"), section.texts("metafields"), refresh)
    inner.finish()
    section.finish()
    return found


def _query(section: Section) -> QueryConfig:
    arguments = section.take("arguments", dict, 'a table such as { ownerType = "PRODUCT" }') or {}
    found = QueryConfig(
        section.needed("root", '"giftCards"'),
        section.texts("fields"),
        section.text("filter", "") or "",
        {str(key): value for key, value in arguments.items()},
    )
    section.finish()
    return found


def _push(name: str, section: Section, shops: dict[str, ShopConfig], pulls: Iterable[str]) -> PushConfig:
    from shoptide.outbound.rows import checked_config

    columns = section.table("columns", '{ tags = "append" }')
    found = PushConfig(
        name,
        _shop_of(section, shops),
        section.needed("object", '"customers"'),
        section.needed("strategy", '"upsert"'),
        section.needed("source", '"select * from crm.vip"'),
        section.needed("key", '"crm_id"'),
        section.texts("match"),
        {str(column): str(policy) for column, policy in columns.items()},
        section.text("nulls", "ignore") or "",
        section.number("max_deletes"),
        section.text("deletes", "delete") or "",
        section.cron("schedule"),
        section.table("cancel", '{ reason = "customer", refund = true, restock = true }'),
        apply=section.choice("apply", APPLY, "auto"),
        on_conflict=section.choice("on_conflict", ON_CONFLICT, "overwrite"),
        time_limit=section.duration("time_limit", timedelta(0)) or None,
        file=_file(section),
        after=tuple(_one_of(section, "after", each, pulls) for each in section.texts("after")),
        trigger=section.text("trigger"),
        trigger_schedule=section.cron("trigger_schedule") or "* * * * *",
    )
    section.finish()
    checked_config(found)
    return found


HEALTHS = ("Pending", "Healthy", "Incomplete", "Failed", "Delayed")


def _notify(name: str, section: Section, known: list[str]) -> NotifyConfig:
    found = NotifyConfig(
        name,
        section.texts("command"),
        section.secret("webhook"),
        section.texts("email"),
        _mail(section),
        tuple(_one_of(section, "on", each, HEALTHS) for each in section.texts("on")),
        tuple(_one_of(section, "syncs", each, known) for each in section.texts("syncs")),
    )
    section.finish()
    if not (found.command or found.webhook or found.email):
        hint = 'add command = ["…"], webhook = "env:NOTIFY_URL" or email = ["ops@example.com"]'
        raise section.wrong("command", "nobody would be told", hint=hint)
    if found.email and found.mail is None:
        raise section.wrong("smtp", "is missing", hint='for example smtp = "smtp://mail.example.com:587"')
    return found


def _one_of(section: Section, key: str, value: str, known: Any) -> str:
    for each in known:
        if each.lower() == value.lower():
            return str(each)
    hint = near(value, known) or f"known here: {', '.join(known)}"
    raise section.wrong(key, f"{value!r} is none of {', '.join(known)}", hint=hint)


def _mail(section: Section) -> MailConfig | None:
    server, sender = section.text("smtp"), section.text("from")
    user, password = section.text("user"), section.secret("password")
    if server is None:
        return None
    if not re.fullmatch(r"smtps?://[^\s/:@]+(:\d{1,5})?/?", server):
        hint = 'for example "smtp://mail.example.com:587"; user and password are keys of their own'
        raise section.wrong("smtp", f"{_without_login(server)!r} is no mail server's URL", hint=hint)
    if not sender:
        raise section.wrong("from", "is missing", hint='for example from = "shoptide@example.com"')
    return MailConfig(server, sender, user, password)


def _without_login(url: str) -> str:
    """A URL that may hold a password, for an error."""
    return re.sub(r"//[^/@]*@", "//…@", url)


def _file(section: Section) -> FileConfig:
    """How the push's file is written, as far as it is said."""
    inner = Section(
        f"{section.path}.file",
        dict(section.table("file", '{ encoding = "cp1252", delimiter = ";" }')),
        section.base,
        section.warn,
    )
    found = FileConfig(
        inner.text("encoding", "") or "",
        inner.text("delimiter", "") or "",
        inner.choice("dates", ("", *DATES), ""),
        inner.choice("decimal", ("", *DECIMALS), ""),
    )
    inner.finish()
    if len(found.delimiter) > 1 or found.delimiter in ('"', "\n", "\r"):
        raise inner.wrong(
            "delimiter", f"must be one character, not {found.delimiter!r}", hint='for example ";" or "\\t"'
        )
    return found
