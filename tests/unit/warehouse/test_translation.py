"""SQL written once in DuckDB's dialect, as other engines are asked."""

from __future__ import annotations

import pytest

from shoptide.warehouse.translation import translated


@pytest.mark.parametrize(
    ("sql", "asked"),
    [
        (
            """UPDATE "s"."order" t SET x = ? WHERE t.y = 'a?''b' AND t.z IN (SELECT unnest(?))""",
            """UPDATE "s"."order" AS "t" SET "x" = $1 WHERE "t"."y" = 'a?''b' AND "t"."z" IN (SELECT UNNEST($2))""",
        ),
        (
            "DELETE FROM t USING s WHERE t.a IS NOT DISTINCT FROM s.a AND NOT (t.h = s.h)",
            """DELETE FROM "t" USING "s" WHERE "t"."a" IS NOT DISTINCT FROM "s"."a" AND NOT ("t"."h" = "s"."h")""",
        ),
        (
            "SELECT count(*) FILTER (t.a = ?), ? FROM t",
            """SELECT COUNT(*) FILTER(WHERE "t"."a" = $1), $2 FROM "t\"""",
        ),
    ],
)
def test_statements_for_postgres(sql: str, asked: str) -> None:
    """Marks are numbered as they stand, also around a question mark that is text; names are quoted."""
    assert translated(sql, "postgres", numbered=True) == asked


def test_names_can_be_changed_on_the_way() -> None:
    found = translated("SELECT longer AS b FROM longer", "postgres", rename=lambda name: name[:3])
    assert found == 'SELECT "lon" AS "b" FROM "lon"'
