"""Views that stand in the way of a change in Postgres: put aside, and made again in the same transaction.

Postgres changes no column that a view reads. Whose view it is does not matter: a layout's, a dbt model that is a view
of one, or a query that somebody saved. A layout's view is made anew as the table is then; another one as it was, with
its owner, its grants and its comment. DuckDB looks at what a view reads when it is asked, and needs none of this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shoptide.errors import WarehouseError
from shoptide.warehouse.names import literal, quoted

if TYPE_CHECKING:
    from shoptide.warehouse.views.making import Engine

MATERIALIZED = "m"
STANDING = """
WITH RECURSIVE standing(oid, height) AS (
  SELECT c.oid, 0 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = {schema} AND c.relname = {name}
  UNION
  SELECT r.ev_class, s.height + 1 FROM standing s
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
    AND d.classid = 'pg_rewrite'::regclass AND d.deptype = 'n'
  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> s.oid
)
SELECT n.nspname, c.relname, c.relkind::text, pg_get_viewdef(c.oid), pg_get_userbyid(c.relowner)::text,
  obj_description(c.oid, 'pg_class'), array_to_string(c.reloptions, ', ')
FROM (SELECT oid, max(height) AS height FROM standing WHERE height > 0 GROUP BY oid) s
JOIN pg_class c ON c.oid = s.oid JOIN pg_namespace n ON n.oid = c.relnamespace
ORDER BY s.height, 1, 2
"""
GRANTED = """
SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, a.privilege_type,
  a.is_grantable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) a
WHERE n.nspname = {schema} AND c.relname = {name} AND a.grantee <> c.relowner
"""


@dataclass(frozen=True)
class Standing:
    """A view that stands on something, with all that makes it what it is."""

    schema: str
    name: str
    kind: str
    query: str
    owner: str
    comment: str | None
    options: str | None
    grants: tuple[tuple[str, str, bool], ...]

    @property
    def at(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


Remake = Callable[[Standing], str | None]  # a view → its query as it is to be now, None: as it was


@contextmanager
def put_aside(engine: Engine, schema: str, name: str, remake: Remake) -> Iterator[None]:
    """Drop every view that stands on a table or view while that is changed; call it inside a transaction.

    Raises WarehouseError, which names the view, for one that is materialized or can't be made again.
    """
    found = _standing_on(engine, schema, name)
    for view in reversed(found):
        engine.execute(f"DROP VIEW {view.at}")
    yield
    for view in found:
        try:
            _make(engine, view, remake(view) or view.query)
        except WarehouseError as error:
            raise WarehouseError(
                f"the view {view.at} stands on {schema}.{name} and can't be made again: {error.message}",
                hint="drop it, run this again, and make it as the table is then; nothing was changed",
            ) from error


def _standing_on(engine: Engine, schema: str, name: str) -> list[Standing]:
    """The views on a relation, those that others stand on first."""
    # Definitions name schemas only where the search path does not find the name without.
    path = str(engine.execute("SELECT current_setting('search_path')")[1][0][0])
    engine.execute("SELECT set_config('search_path', '', true)")
    try:
        rows = engine.execute(STANDING.format(schema=literal(schema), name=literal(name)))[1]
    finally:
        engine.execute(f"SELECT set_config('search_path', {literal(path)}, true)")
    found = [
        Standing(at, view, kind, query, owner, comment, options, granted(engine, at, view))
        for at, view, kind, query, owner, comment, options in rows
    ]
    for view in found:
        if view.kind == MATERIALIZED:
            raise WarehouseError(
                f"the materialized view {view.at} stands on {schema}.{name}, which is to be changed",
                hint="drop it, run this again, and make it anew; nothing was changed",
            )
    return found


def granted(engine: Engine, schema: str, name: str) -> tuple[tuple[str, str, bool], ...]:
    """What others than its owner may do with a relation: role, privilege, whether they may grant it."""
    rows = engine.execute(GRANTED.format(schema=literal(schema), name=literal(name)))[1]
    return tuple((str(role), str(privilege), bool(on)) for role, privilege, on in rows)


def grant(engine: Engine, at: str, grants: tuple[tuple[str, str, bool], ...]) -> None:
    for role, privilege, on in grants:
        engine.execute(f"GRANT {privilege} ON {at} TO {role}{' WITH GRANT OPTION' if on else ''}")


def _make(engine: Engine, view: Standing, query: str) -> None:
    engine.execute(f"CREATE VIEW {view.at}{f' WITH ({view.options})' if view.options else ''} AS {query}")
    if view.owner != engine.execute("SELECT current_user::text")[1][0][0]:
        engine.execute(f"ALTER VIEW {view.at} OWNER TO {quoted(view.owner)}")
    if view.comment:
        engine.execute(f"COMMENT ON VIEW {view.at} IS {literal(view.comment)}")
    grant(engine, view.at, view.grants)
