"""What is written for containers and systemd: images can't be built in a test, so the files are linted and read."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shoptide.config_file import load_config

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def instructions(text: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, continued lines joined."""
    joined = text.replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def test_the_dockerfile_passes_its_linter() -> None:
    done = subprocess.run([BIN / "hadolint", DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_compose_file_fits_its_schema() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_passes_systemds_own_check(tmp_path: Path) -> None:
    """The program it starts isn't there, so one of this machine's stands in its place."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("there is no systemd-analyze on this machine")
    text = (DEPLOY / "shoptide.service").read_text().replace("/opt/shoptide/bin/shoptide", "/bin/true")
    unit = tmp_path / "shoptide.service"
    unit.write_text(text)
    done = subprocess.run([analyze, "verify", unit], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "shoptide.service" in line]
    assert (done.returncode, told) == (0, [])


def test_the_container_runs_as_nobody_in_particular() -> None:
    """Non-root, one volume for what must stay, a health check, signals that reach the process."""
    last_stage = (DEPLOY / "Dockerfile").read_text().split("\nFROM ")[-1]
    held = dict(instructions(f"FROM {last_stage}"))
    assert held["USER"] == "10001:10001"
    assert held["VOLUME"] == "/data"
    assert "/healthz" in held["HEALTHCHECK"]
    assert held["STOPSIGNAL"] == "SIGTERM"
    assert held["ENTRYPOINT"] == '["shoptide"]'  # no shell between: it would swallow the signal


def test_what_the_container_installs_is_pinned_by_hash() -> None:
    """Every requirement of the image's lock has its hashes, and no index is named."""
    lock = (ROOT / "requirements" / "container.txt").read_text()
    entries = lock.replace("\\\n", " ").splitlines()
    assert all("--hash=sha256:" in line for line in entries if line and not line.startswith("#"))
    assert "://" not in lock


def test_the_example_of_a_configuration_is_understood(tmp_path: Path) -> None:
    """Its secrets are where compose mounts them; here they are files of the test's own."""
    text = (DEPLOY / "example.toml").read_text()
    for name in ("shopify_token", "postgres_password", "shopify_client_secret", "management_token"):
        (tmp_path / name).write_text("made-up-secret-of-this-test")
    path = tmp_path / "shoptide.toml"
    path.write_text(text.replace("/run/secrets", str(tmp_path)))
    found = load_config(path, environment={})
    assert found.serve.manage_host == "0.0.0.0"  # noqa: S104  # what the example says
    assert found.warehouse.secrets["password"].reveal() == "made-up-secret-of-this-test"
    mounted = yaml_secrets((DEPLOY / "compose.yaml").read_text())
    assert set(re.findall(r"/run/secrets/(\w+)", text)) == mounted


def yaml_secrets(text: str) -> set[str]:
    """The names below `secrets:` at the end of the compose file."""
    return set(re.findall(r"^  (\w+):$", text.split("\nsecrets:\n")[1], re.MULTILINE))
