"""Which streams a pull reads, and their plans: those that ship with Shoptide and those that the configuration names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from shoptide.config import PullConfig, QueryConfig, StreamConfig
from shoptide.errors import ConfigError
from shoptide.resources.extraction import StreamPlan
from shoptide.resources.planning import plan_stream
from shoptide.resources.stream import Stream
from shoptide.resources.streams import STREAMS
from shoptide.resources.streams.by_configuration import of_query, table_names
from shoptide.shopify.client import AdminClient
from shoptide.shopify.schema import Schema

ALL = ("all",)


def chosen_streams(config: PullConfig, wanted: Iterable[str] = ()) -> list[str]:
    """The streams a pull reads, in their order; raises ConfigError for names that don't exist."""
    known = [*(name for name in STREAMS if name not in config.query), *config.query]
    configured = list(known) if config.streams == ALL else [*config.streams, *config.query]
    unknown = [name for name in [*configured, *wanted] if name not in known]
    if unknown:
        raise ConfigError(f"[pull.{config.name}] there is no stream {unknown[0]!r}", hint=_near(unknown[0], known))
    absent = [name for name in wanted if name not in configured]
    if absent:
        raise ConfigError(
            f"--stream {absent[0]}: [pull.{config.name}] reads {', '.join(configured)}", hint="add it to streams"
        )
    unkept = [name for name in config.history if name not in configured and name != "all"]
    if unkept:
        raise ConfigError(
            f"[pull.{config.name}] history: {unkept[0]!r} is none of its streams",
            hint=f'it reads {", ".join(configured)}; history = ["all"] keeps every stream\'s',
        )
    names = [name for name in configured if not wanted or name in wanted]
    return sorted(dict.fromkeys(names), key=known.index)


def _near(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=3)
    told = f"did you mean {', '.join(near)}? " if near else ""
    return (
        f"{told}streams are {', '.join(known)}; any other connection of the API: [pull.….query.{name}] root = "
        '"its name"'
    )


def plan_streams(
    config: PullConfig, client: AdminClient, scopes: frozenset[str] | None, names: Iterable[str]
) -> list[StreamPlan]:
    return [plan_one(config, client.schema, scopes, name) for name in names]


def plan_one(
    config: PullConfig,
    schema: Schema,
    scopes: frozenset[str] | None,
    name: str,
    denied: Mapping[str, str] | None = None,
) -> StreamPlan:
    """Plan a stream as the pull wants it. `denied` are fields that the store refused, and its words."""
    chosen = config.stream.get(name, StreamConfig())
    query = config.query.get(name)
    if query is None:
        stream, include = STREAMS[name], chosen.include
    else:
        stream, include = _configured(config, name, query, schema), (*query.fields, *chosen.include)
    if chosen.refresh is not None:
        stream = replace(stream, refresh=chosen.refresh)
    return plan_stream(
        stream,
        schema,
        scopes=scopes,
        include=include,
        exclude=chosen.exclude,
        metafields=chosen.metafields,
        denied=denied,
    )


def _configured(config: PullConfig, name: str, query: QueryConfig, schema: Schema) -> Stream:
    taken = {table: stream for stream in STREAMS if stream != name for table in table_names(STREAMS[stream])}
    where = f"[pull.{config.name}.query.{name}]"
    if name in taken:
        raise ConfigError(f"{where} {name} is a table of the stream {taken[name]}", hint="choose another name")
    return of_query(name, query.root, schema, search=query.filter, arguments=query.arguments, where=where)
