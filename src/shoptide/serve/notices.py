"""Tells people when a sync's health changes: by a command, a webhook, an e-mail.

What is to be told is noted in the ledger in the commit that notes the change, once for each who is to be told, and
struck off when it was: a process that dies in between, or a mail server that is away, delays a notice and loses none.
"""

from __future__ import annotations

import json
import logging
import os
import smtplib
import ssl
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import httpx2

from shoptide.clock import Clock
from shoptide.config import Config, MailConfig, NotifyConfig
from shoptide.errors import ShoptideError
from shoptide.ledger import Ledger
from shoptide.ledger.health import SyncHealth
from shoptide.serve.health import healths

log = logging.getLogger(__name__)

PATIENCE = 15.0  # seconds that a receiver has
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=1)  # before a notice is tried again
GIVEN_UP = 20  # attempts, which take most of a day


class NoticeFailed(ShoptideError):  # noqa: N818  # says what happened, as all of errors.py
    """A notice could not be delivered; it is tried again."""


@dataclass(frozen=True)
class HealthChange:
    """A sync's health before and after; `before` is None when it was never looked at."""

    sync: str
    shop: str
    before: str | None
    after: str
    run_id: str | None
    told: str
    at: str  # ISO, UTC

    @property
    def sentence(self) -> str:
        return f"Shoptide: {self.sync} ({self.shop}) is {self.after}, was {self.before or 'new'}: {self.told}"


def note_changes(config: Config, ledger: Ledger, clock: Clock) -> list[HealthChange]:
    """Note which syncs changed health since the last look, and who is to be told. Several processes may look at once.

    A sync's first look tells nothing unless its health is one to worry about.
    """
    changes = []
    for found in healths(config, ledger):
        before = ledger.health(found.sync)
        if before == found.health or (before is None and found.health == "Pending"):
            continue
        change = HealthChange(
            found.sync, found.shop, before, found.health, found.run_id, found.told, clock.now().isoformat()
        )
        if ledger.change_health(found.sync, before, found.health, told_of(config, found, before), asdict(change)):
            log.info("health.changed", extra={"sync": change.sync, "before": before, "after": change.after})
            changes.append(change)
    return changes


def look(config: Config, ledger: Ledger, clock: Clock) -> None:
    """Note changes and deliver what is due. What the ledger refuses now is looked at again the next time."""
    try:
        note_changes(config, ledger, clock)
        deliver(config, ledger, clock)
    except ShoptideError as error:
        log.warning("notices.failed", extra={"reason": error.message})


def told_of(config: Config, found: SyncHealth, before: str | None) -> list[str]:
    """Who wants to hear of this change, by which way: `ops.email`. Each is a notice of its own, tried on its own."""
    if before is None and found.health == "Healthy":
        return []
    return [
        f"{each.name}.{way}"
        for each in config.notify.values()
        if (not each.on or found.health in each.on) and (not each.syncs or found.sync in each.syncs)
        for way in WAYS
        if getattr(each, way)
    ]


def deliver(config: Config, ledger: Ledger, clock: Clock) -> int:
    """Deliver the notices that are due; returns how many were. What fails is tried again later, with longer pauses."""
    delivered = 0
    for notice in ledger.due_notices(clock.now()):
        if not ledger.claim_notice(notice, clock.now() + pause(notice.attempts)):
            continue  # another process has it
        name, _, way = notice.channel.rpartition(".")
        to = config.notify.get(name)
        if to is None or not getattr(to, way):
            ledger.settle_notice(notice.id, f"[notify.{name}] has no {way} any more")
            continue
        try:
            WAYS[way](to, HealthChange(**notice.body))
        except NoticeFailed as failed:
            log.warning("notice.failed", extra={"notify": notice.channel, "reason": failed.message})
            if notice.attempts + 1 >= GIVEN_UP:
                ledger.settle_notice(notice.id, f"given up: {failed.message}")
        else:
            ledger.settle_notice(notice.id, None)
            delivered += 1
    return delivered


def pause(attempts: int) -> timedelta:
    """How long a notice waits after so many attempts that failed; a process that dies meanwhile holds it no longer."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * (1 << min(attempts, 10)))


def document(change: HealthChange) -> dict[str, Any]:
    """What a command or a webhook is given; `text` is what chat services show."""
    return {"event": "health", "text": change.sentence, **asdict(change)}


def _run(to: NotifyConfig, change: HealthChange) -> None:
    told = {"SHOPTIDE_SYNC": change.sync, "SHOPTIDE_HEALTH": change.after, "SHOPTIDE_TEXT": change.sentence}
    # No secret of ours goes to a command: what it needs it is given by name.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SHOPTIDE_", "SHOPIFY_"))}
    try:
        subprocess.run(  # noqa: S603  # the operator's own command, without a shell
            to.command,
            input=json.dumps(document(change)),
            env=kept | told,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise NoticeFailed(f"command {to.command[0]} ended with {error.returncode}") from None
    except subprocess.TimeoutExpired:
        raise NoticeFailed(f"command {to.command[0]} took longer than {PATIENCE:.0f} s") from None
    except OSError as error:
        raise NoticeFailed(f"command {to.command[0]} can't be run: {error.strerror}") from None


def _post(to: NotifyConfig, change: HealthChange) -> None:
    url = to.webhook.reveal() if to.webhook else ""
    host = urlsplit(url).hostname or "its host"  # the rest of such a URL is a key
    try:
        answer = httpx2.post(url, json=document(change), timeout=PATIENCE)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise NoticeFailed(f"webhook at {host}: {type(error).__name__}") from None
    if not answer.is_success:
        raise NoticeFailed(f"webhook at {host} answered {answer.status_code}")


def _mail(to: NotifyConfig, change: HealthChange) -> None:
    assert to.mail is not None  # noqa: S101  # the configuration refuses e-mail without a server
    message = EmailMessage()
    message["Subject"] = f"Shoptide: {change.sync} is {change.after}"
    message["From"], message["To"] = to.mail.sender, ", ".join(to.email)
    message.set_content(f"{change.sentence}\n\nRun {change.run_id or '-'} · shoptide runs {change.run_id or ''}\n")
    try:
        with _server(to.mail) as server:
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        # An answer of the server may quote a login.
        raise NoticeFailed(f"mail server {urlsplit(to.mail.server).hostname}: {type(error).__name__}") from None


def _server(mail: MailConfig) -> smtplib.SMTP:
    parts = urlsplit(mail.server)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=PATIENCE, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=PATIENCE)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif mail.password and host not in ("localhost", "127.0.0.1", "::1"):
            server.close()
            raise smtplib.SMTPNotSupportedError("no STARTTLS, and a password is not sent in the clear")
    if mail.user and mail.password:
        server.login(mail.user, mail.password.reveal())
    return server


WAYS: dict[str, Callable[[NotifyConfig, HealthChange], None]] = {"command": _run, "webhook": _post, "email": _mail}
