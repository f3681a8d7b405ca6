"""Granted access tokens and where they are kept between runs: a file per shop and app that only its owner can read."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from shoptide.config import Secret
from shoptide.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

# Renewal starts this long before a token ends, or at a tenth of its life when that is shorter.
MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Grant:
    """What an access token endpoint gave; `seed` marks the configured refresh token it descends from."""

    access_token: Secret
    expires_at: datetime
    margin: timedelta = MARGIN
    refresh_token: Secret | None = None
    seed: str | None = None

    def is_fresh(self, now: datetime) -> bool:
        return now < self.expires_at - self.margin


class TokenStore(Protocol):
    """Keeps a grant over the process's end."""

    def load(self) -> Grant | None:
        """The grant kept last."""

    def save(self, grant: Grant) -> None:
        """Keep the grant; it must survive a crash right after this returns."""

    def locked(self) -> contextlib.AbstractContextManager[None]:
        """Hold off other processes that would renew the same grant."""


class FileTokenStore:
    """Keeps a grant in a JSON file with mode 0600, replaced in one step; a lock file makes processes take turns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def default(cls, domain: str, client_id: str) -> FileTokenStore:
        """The user's own state folder: a refresh token that is lost with a checkout locks the user out."""
        state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        name = "".join(c if c.isalnum() or c in "-." else "_" for c in f"{domain}-{client_id}")
        return cls(Path(state) / "shoptide" / "tokens" / f"{name}.json")

    def load(self) -> Grant | None:
        try:
            raw = json.loads(self.path.read_text("utf-8"))
            return _grant(raw)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as broken:
            raise ConfigError(
                f"The kept access token in {self.path} can't be read ({type(broken).__name__})",
                hint="delete the file and set refresh_token to a new one",
            ) from None

    def save(self, grant: Grant) -> None:
        """Replace the file: written beside it, flushed to disk, renamed."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # mkstemp creates with 0600, so there is no moment at which others could read it.
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(_raw(grant), file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self.path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.path.with_suffix(".lock").open("a") as file, _file_lock(file.fileno()):
            yield


@contextlib.contextmanager
def _file_lock(descriptor: int) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows: threads are still kept apart by the source's own lock
        yield
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _raw(grant: Grant) -> dict[str, Any]:
    return {
        "access_token": grant.access_token.reveal(),
        "expires_at": grant.expires_at.isoformat(),
        "margin": grant.margin.total_seconds(),
        "refresh_token": grant.refresh_token.reveal() if grant.refresh_token else None,
        "seed": grant.seed,
    }


def _grant(raw: dict[str, Any]) -> Grant:
    return Grant(
        Secret(raw["access_token"]),
        datetime.fromisoformat(raw["expires_at"]),
        timedelta(seconds=raw["margin"]),
        Secret(raw["refresh_token"]) if raw["refresh_token"] else None,
        raw["seed"],
    )
