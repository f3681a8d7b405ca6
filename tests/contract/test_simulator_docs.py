"""Every example of docs/simulator.md is run: its files written, its commands given, what it shows looked for.

In a console block a line with `$` is a command, `# exits with N` its exit code; what follows is part of its output,
word by word, `…` for anything. Each section runs in a folder of its own, against a store that it starts itself.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "simulator.md"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"^`([\w.]+\.(?:toml|jsonl))`[^\n]*\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT = re.compile(r"\s+# exits with (\d+)$")


def sections() -> dict[str, str]:
    """The parts of the page by heading."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def examples(kind: str) -> list[tuple[str, str]]:
    """The blocks of a kind by section, those of one section together."""
    found = [
        (name, "".join(body for lang, body in FENCE.findall(text) if lang == kind)) for name, text in sections().items()
    ]
    return [(name, body) for name, body in found if body]


@dataclass
class Terminal:
    """A folder with the page's files, a port instead of 4000, and the store that was started last."""

    folder: Path
    port: int
    store: subprocess.Popen[str] | None = None
    environment: dict[str, str] = field(default_factory=lambda: {**os.environ, "SHOPIFY_TOKEN": "shpat_simulated"})

    def command(self, text: str) -> tuple[int, str]:
        """Give a command; its exit code and all it said."""
        words = shlex.split(text.replace("4000", str(self.port)))
        if words[:2] == ["shoptide", "simulate"]:
            return self.simulate(words)
        return self.shoptide(words) if words[0] == "shoptide" else self.curl(words)

    def simulate(self, words: list[str]) -> tuple[int, str]:
        self.stop()
        self.store = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=self.folder, stdout=subprocess.PIPE, text=True, env=self.environment
        )
        assert self.store.stdout is not None
        return 0, self.store.stdout.readline()

    def stop(self) -> None:
        if self.store is not None:
            self.store.terminate()
            self.store.communicate(timeout=20)
            self.store = None

    def shoptide(self, words: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout + done.stderr

    def curl(self, words: list[str]) -> tuple[int, str]:
        """The options of curl that the page uses; a body that is not form data is sent as it stands."""
        method, body, target, headers, url = "GET", None, None, {}, ""
        rest = iter(words[1:])
        for word in rest:
            if word == "-X":
                method = next(rest)
            elif word == "-d":
                body = next(rest)
            elif word == "-o":
                target = self.folder / next(rest)
            elif word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            else:
                url = word
        content = (self.folder / body[1:]).read_bytes() if body and body.startswith("@") else (body or "").encode()
        address = "http://" + url.replace("localhost", "127.0.0.1")
        answer = httpx2.request(method, address, content=content, headers=headers, timeout=30)
        if target is not None:
            target.write_bytes(answer.content)
        return (0 if answer.is_success else 22), answer.text


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path, free_port())
    for name, body in NAMED.findall(PAGE.read_text()):
        (tmp_path / name).write_text(body.replace("4000", str(made.port)))
    try:
        yield made
    finally:
        made.stop()


def commands(block: str) -> Iterator[tuple[str, int, list[str]]]:
    """The commands of a block with their exit codes and what they show."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        told = EXIT.search(command)
        yield EXIT.sub("", command), int(told[1]) if told else 0, [line for line in shown if line.strip()]


def shows(output: str, expected: str) -> bool:
    """Whether one line of the output has the words in their order, `…` for any between."""
    pattern = r"\s+".join(re.escape(word).replace("…", ".*") for word in expected.split())
    return any(re.search(pattern, line) for line in output.splitlines())


@pytest.mark.parametrize(("name", "block"), examples("console"), ids=[name for name, _ in examples("console")])
def test_example_does_what_the_page_says(name: str, block: str, terminal: Terminal) -> None:
    """Commands end as told and show what the page shows."""
    for command, code, expected in commands(block):
        ended, output = terminal.command(command)
        assert ended == code, f"{command}\n{output}"
        for line in expected:
            assert shows(output, line), f"{command}\nshows no {line!r}:\n{output}"


@pytest.mark.parametrize(("name", "block"), examples("python"), ids=[name for name, _ in examples("python")])
def test_python_example_runs(name: str, block: str) -> None:
    """It runs to its end; its own assertions hold."""
    exec(compile(block, name, "exec"), {})  # noqa: S102  # the page's own text


def test_page_names_every_action_and_setting() -> None:
    """What rules and settings may say is on the page, and nothing else."""
    from shoptide.simulator import settings
    from shoptide.simulator.faults import ACTIONS

    text = PAGE.read_text()
    missing = [action for actions in ACTIONS.values() for action in actions if f"`{action}`" not in text]
    missing += [name for name in settings.NAMES if f"`{name}`" not in text]
    assert missing == []
    rows = re.findall(r"^\| ([a-z, ]+) \| (`[^|]+) \|", sections()["Faults"], flags=re.MULTILINE)
    for places, actions in rows:
        for place in places.split(", "):
            assert set(re.findall(r"`(\w+)`", actions)) <= ACTIONS[place], (place, actions)


def test_bodies_of_examples_are_json() -> None:
    """A reader who copies a body gets no syntax error."""
    for _name, block in examples("console"):
        for command, _code, _shown in commands(block):
            words = shlex.split(command)
            if "-d" in words and not (body := words[words.index("-d") + 1]).startswith("@"):
                json.loads(body)
