"""The entry point: runs a command and turns whatever ends it into the promised exit code and one clear message."""

from __future__ import annotations

import json
import os
import sys

import click

from shoptide.cli.app import Flags, app
from shoptide.errors import ShoptideError


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run a command line; returns the exit code."""
    flags = Flags()
    try:
        result = app.main(args=arguments, prog_name="shoptide", standalone_mode=False, obj=flags)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as wrong:
        return _usage(wrong, flags)
    except ShoptideError as error:
        return report(error, flags)
    except (KeyboardInterrupt, click.Abort):
        sys.stderr.write("Interrupted. The next run goes on from here.\n")
        return 130
    except BrokenPipeError:
        # Whoever read us has gone; Python must not complain about it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as bug:  # noqa: BLE001  # the last resort: a bug must not look like a user's mistake
        return _bug(bug, flags)
    return int(result) if isinstance(result, int) else 0


def report(error: ShoptideError, flags: Flags) -> int:
    """Say what happened and what to do; returns the error's exit code."""
    if flags.json:
        body = error.document | {"exit_code": error.exit_code}
        sys.stdout.write(json.dumps({"error": body}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"Error: {error.message}\n")
    if error.hint:
        sys.stderr.write(f"  → {error.hint}\n")
    return error.exit_code


def _usage(wrong: click.ClickException, flags: Flags) -> int:
    if flags.json:
        body = {"kind": "usage", "message": wrong.format_message(), "hint": None, "exit_code": 2}
        sys.stdout.write(json.dumps({"error": body}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"Error: {wrong.format_message()}\n")
    context = getattr(wrong, "ctx", None)
    if context is not None:
        sys.stderr.write(f"  → {context.command_path} --help\n")
    return 2


def _bug(bug: Exception, flags: Flags) -> int:
    if flags.verbose:
        import traceback

        traceback.print_exception(bug)
    else:
        sys.stderr.write(f"Error: this is a bug in Shoptide: {type(bug).__name__}: {bug}\n  → -v shows where\n")
    return 1
