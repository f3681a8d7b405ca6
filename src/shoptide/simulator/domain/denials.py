"""Roots and mutations that only other kinds of apps, shops or users may use, whatever their scopes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from shoptide.simulator.access import refusal
from shoptide.simulator.refusals import CLOSED, SAID
from shoptide.simulator.registry import Args, RootResolver, mutation, root

if TYPE_CHECKING:
    from shoptide.simulator.context import Context

QUERIES = ("customerPaymentMethod",)


def _refusing(name: str) -> RootResolver:
    def refuse(_args: Args, _ctx: Context) -> NoReturn:
        raise refusal(name, SAID[name])

    return refuse


for _name in CLOSED:
    (root if _name in QUERIES else mutation)(_name)(_refusing(_name))
