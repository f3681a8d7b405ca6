"""The app's client id and secret, and the tokens given out so far with the moment each ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass
class Credentials:
    client_id: str = "simulated-client"
    client_secret: str = "simulated-secret"  # noqa: S105  # the simulator's published default
    refresh_tokens: set[str] = field(default_factory=lambda: {"shprt_simulated"})
    expires: dict[str, datetime] = field(default_factory=dict)
