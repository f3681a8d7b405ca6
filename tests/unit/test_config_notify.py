"""[notify.…]: who is told of a sync's health, and the mistakes that are made in saying so."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoptide.config import Config
from shoptide.config_file import load_config
from shoptide.errors import ConfigError

BASE = """
[shop.main]
name = "acme"
access_token = "shpat_made_up"
[pull.store]
streams = ["orders"]
"""


def read(folder: Path, notify: str) -> Config:
    path = folder / "shoptide.toml"
    path.write_text(BASE + notify)
    return load_config(path, environment={"HOOK": "https://chat.example.com/services/T0/secret"})


def test_all_ways_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command, a webhook whose URL is a secret, and e-mail, for some healths of some syncs."""
    monkeypatch.setenv("HOOK", "https://chat.example.com/services/T0/secret")
    told = """
[notify.ops]
command = ["/usr/local/bin/page", "--now"]
webhook = "env:HOOK"
email = ["ops@example.com"]
smtp = "smtp://mail.example.com:587"
from = "shoptide@example.com"
on = ["failed", "Incomplete"]
syncs = ["pull.store"]
"""
    found = read(tmp_path, told).notify["ops"]
    assert found.command == ("/usr/local/bin/page", "--now")
    assert found.on == ("Failed", "Incomplete")
    assert found.syncs == ("pull.store",)
    assert found.mail is not None
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("[notify.ops]", "[notify.ops] command: nobody would be told"),
        ('[notify.ops]\nemail = "a@example.com"', "[notify.ops] smtp: is missing"),
        ('[notify.ops]\ncommand = "x"\non = ["Broken"]', "[notify.ops] on: 'Broken' is none of Pending, Healthy"),
        ('[notify.ops]\ncommand = "x"\nsyncs = ["pull.stroe"]', "[notify.ops] syncs: 'pull.stroe' is none of"),
        (
            '[notify.ops]\nemail = "a@example.com"\nsmtp = "smtp://me:hunter2@mail"\nfrom = "b@example.com"',
            "[notify.ops] smtp: 'smtp://…@mail' is no mail server's URL",
        ),
    ],
)
def test_mistakes_are_named(tmp_path: Path, told: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, told)
    assert caught.value.message.startswith(said)
