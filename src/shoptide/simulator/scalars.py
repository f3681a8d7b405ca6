"""Shopify's scalars as graphql-core scalars: what a literal or variable may be, and what it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphql import GraphQLScalarType

SCALARS: dict[str, GraphQLScalarType] = {}
