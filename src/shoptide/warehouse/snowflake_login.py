"""Who speaks to Snowflake, and where: the URL and its secrets as the driver takes them; its errors in our words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from shoptide.config import WarehouseConfig
from shoptide.errors import (
    ConfigError,
    WarehouseDenied,
    WarehouseError,
    WarehouseLocked,
    WarehouseUnreachable,
)

EXAMPLE = '"snowflake://me@account/database/schema?warehouse=load_wh&role=loader&private_key_file=rsa_key.p8"'
PLAIN = ("warehouse", "role", "private_key_file", "host", "port", "protocol")
SECRET = ("password", "private_key", "private_key_passphrase")
SETTINGS = {
    "TIMEZONE": "UTC",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "QUERY_TAG": "shoptide",
    "LOCK_TIMEOUT": 600,  # seconds
    "CLIENT_TELEMETRY_ENABLED": False,
}
DENIED = (250001, 251001, 390100, 390101, 390144, 3001, 3003)
LOCKED = (625, 604, 57014)
DEFAULT_SCHEMA = WarehouseConfig("").schema


def parameters(config: WarehouseConfig, base: Path) -> dict[str, Any]:
    """What the driver's `connect` takes. Raises ConfigError for a URL that says too little, or something unknown."""
    parts = urlsplit(config.url)
    path = [unquote(each) for each in parts.path.split("/") if each]
    if not parts.hostname or not parts.username or not path or len(path) > 2:
        raise ConfigError(f"[warehouse] url {config.url!r} is not understood", hint=f"for example {EXAMPLE}")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    for name in (*given, *config.secrets):
        if name not in (*PLAIN, *SECRET):
            raise ConfigError(
                f"[warehouse] url: {name} is nothing that Snowflake is told",
                hint=f"known are {', '.join((*PLAIN, *SECRET))}",
            )
    found: dict[str, Any] = {name: given[name] for name in PLAIN if name in given and name != "private_key_file"}
    found |= {
        "account": parts.netloc.rpartition("@")[2],
        "user": unquote(parts.username),
        "database": path[0].upper(),
        "schema": schema_of(config).upper(),
        **_proof(config, given.get("private_key_file"), base),
        "paramstyle": "qmark",
        "application": "Shoptide",
        "autocommit": True,
        "client_session_keep_alive": True,
        "enable_server_session_keep_alive_auto_detection": False,  # nothing of ours goes on without its session
        "login_timeout": 30,
        "session_parameters": SETTINGS,
    }
    if "port" in found:
        found["port"] = int(found["port"])
    return found


def schema_of(config: WarehouseConfig) -> str:
    """The schema: of the configuration, or of the URL where the configuration names none."""
    path = [unquote(each) for each in urlsplit(config.url).path.split("/") if each]
    if len(path) < 2 or path[1].lower() == config.schema.lower():
        return config.schema
    if config.schema != DEFAULT_SCHEMA:
        raise ConfigError(
            f"[warehouse] schema is {config.schema!r}, and the url names {path[1]!r}", hint="leave one of them out"
        )
    return path[1]


def _proof(config: WarehouseConfig, file: str | None, base: Path) -> dict[str, Any]:
    """The password, or the private key as the driver takes it: PKCS #8 in DER."""
    secrets = config.secrets
    if "private_key" in secrets:
        pem, where = secrets["private_key"].reveal().encode(), "private_key"
    elif file:
        path, where = base / Path(file).expanduser(), "private_key_file"
        try:
            pem = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"[warehouse] url: private_key_file {path} can't be read: {error.strerror}") from None
    elif "password" in secrets:
        return {"password": secrets["password"].reveal()}
    else:
        raise ConfigError(
            "[warehouse] Snowflake is told neither a key nor a password",
            hint='add private_key_file=rsa_key.p8 to the url, or password = "env:SNOWFLAKE_PASSWORD" beside it',
        )
    passphrase = secrets.get("private_key_passphrase")
    return {"private_key": _key(pem, passphrase.reveal() if passphrase else None, where)}


def _key(pem: bytes, passphrase: str | None, where: str) -> bytes:
    try:
        # It comes with the driver.
        from cryptography.hazmat.primitives import serialization  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        raise missing() from None
    try:
        key = serialization.load_pem_private_key(pem, passphrase.encode() if passphrase else None)
    except TypeError:  # encrypted and no passphrase, or the reverse
        told = "has a passphrase" if passphrase is None else "has none"
        hint = "private_key_passphrase=env:NAME in the url says it" if passphrase is None else "leave it out"
        raise ConfigError(f"[warehouse] the key of {where} {told}", hint=hint) from None
    except ValueError:
        hint = "a PEM file that begins with -----BEGIN PRIVATE KEY----- (or ENCRYPTED), and its passphrase"
        raise ConfigError(f"[warehouse] {where} is no private key, or its passphrase is wrong", hint=hint) from None
    found: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return found


def missing() -> ConfigError:
    return ConfigError("Snowflake needs its driver, which is not installed", hint="pip install 'shoptide[snowflake]'")


def mapped(error: Any, what: str, secrets: Mapping[str, str]) -> WarehouseError:
    """A driver's error in our words, without anything secret. It tells them apart by Snowflake's numbers."""
    text = next(iter(str(error).strip().splitlines()), type(error).__name__)
    for secret in secrets.values():
        text = text.replace(secret, "…")
    told, number, state = f"{what}: {text}", getattr(error, "errno", None), getattr(error, "sqlstate", None)
    if number in LOCKED:
        return WarehouseLocked(told, hint="another run or query is in the way: run the same command again later")
    if state in ("08001", "08S01") and "password" not in text and "JWT" not in text and "oken is invalid" not in text:
        return WarehouseUnreachable(told, hint="check [warehouse] url and the network, then run the command again")
    if number in DENIED or state in ("42501", "28000", "08001"):
        hint = "check user, key or password, and what docs/howto/snowflake.md says of rights"
        return WarehouseDenied(told, hint=hint)
    if type(error).__name__ in ("OperationalError", "InterfaceError"):
        return WarehouseUnreachable(told, hint="check the network, then run the command again")
    return WarehouseError(told)
