"""Identifiers and literals in SQL: quoted here and nowhere else."""

from __future__ import annotations


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(quoted(name) for name in names)
