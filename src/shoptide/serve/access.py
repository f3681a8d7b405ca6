"""Who may use the management side: a token or a password, sessions, forms that only our page can send, and limits.

Guessing is slow by design: the password is an argon2 hash, and an address that fails too often waits.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import deque
from dataclasses import dataclass, field

from shoptide.clock import Clock
from shoptide.config import Secret

PASSWORD_LENGTH = 10
SESSION_SECONDS = 12 * 3600
SESSIONS = 100  # at once; the oldest goes
ADDRESSES = 10_000  # whose requests are counted; the one heard of longest ago is forgotten


class Limit:
    """At most `most` events of one address in `span` seconds."""

    def __init__(self, most: int, span: float, clock: Clock) -> None:
        self.most, self.span, self.clock = most, span, clock
        self._seen: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def wait(self, address: str) -> float:
        """Seconds until the address may again; 0 when it may now."""
        with self._lock:
            seen = self._recent(address)
            return 0.0 if len(seen) < self.most else max(0.0, seen[0] + self.span - self.clock.monotonic())

    def count(self, address: str) -> None:
        with self._lock:
            seen = self._recent(address)
            seen.append(self.clock.monotonic())
            self._seen.pop(address, None)
            self._seen[address] = seen  # the newest stands last
            if len(self._seen) > ADDRESSES:
                self._seen.pop(next(iter(self._seen)))

    def _recent(self, address: str) -> deque[float]:
        seen = self._seen.get(address) or deque(maxlen=self.most)
        while seen and seen[0] <= self.clock.monotonic() - self.span:
            seen.popleft()
        return seen


@dataclass(frozen=True)
class Login:
    """A signed-in browser: the token that its forms carry, and until when."""

    csrf: str
    until: float


@dataclass
class Keys:
    """What opens the management side. With neither token nor password it stays closed."""

    clock: Clock
    token: Secret | None = None
    password_hash: Secret | None = None  # argon2, as `shoptide serve --hash-password` prints it
    _logins: dict[str, Login] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def exist(self) -> bool:
        return self.token is not None or self.password_hash is not None

    def is_token(self, given: str) -> bool:
        return self.token is not None and hmac.compare_digest(given.encode(), self.token.reveal().encode())

    def is_password(self, given: str) -> bool:
        """Whether this is the password, or the token typed into its place."""
        return self.is_token(given) or (self.password_hash is not None and verify(self.password_hash.reveal(), given))

    def log_in(self) -> str:
        """Begin a session; returns the cookie's value, of which only a digest is kept."""
        cookie = secrets.token_urlsafe(32)
        with self._lock:
            self._logins[_digest(cookie)] = Login(secrets.token_urlsafe(32), self.clock.monotonic() + SESSION_SECONDS)
            while len(self._logins) > SESSIONS:
                self._logins.pop(next(iter(self._logins)))
        return cookie

    def login(self, cookie: str) -> Login | None:
        with self._lock:
            found = self._logins.get(_digest(cookie))
            return found if found is not None and found.until > self.clock.monotonic() else None

    def log_out(self, cookie: str) -> None:
        with self._lock:
            self._logins.pop(_digest(cookie), None)


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


def verify(hashed: str, given: str) -> bool:
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(hashed, given)
    except (InvalidHashError, VerificationError):
        return False


def hash_password(password: str) -> str:
    """The argon2 hash of a password, for `password_hash` under [serve]."""
    from argon2 import PasswordHasher

    return PasswordHasher().hash(password)
