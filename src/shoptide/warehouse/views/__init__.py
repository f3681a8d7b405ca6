"""Other people's table layouts, as views over our tables.

A layout is a folder: `layout.toml` has its tables with columns and types, and for each there is a `.sql`, written once
in DuckDB's dialect with a few marks of our own (`marks.py`). `building.py` makes the view's statement of that for an
engine and for the tables and columns that are really there: what was not pulled is an empty view, or NULL, of the right
types. `making.py` puts the views into a warehouse, and `aside.py` out of the way of a change where Postgres wants that.
"""

from __future__ import annotations

from shoptide.warehouse.views.layout import Gaps, Layout, layout
from shoptide.warehouse.views.making import Made, make_views, views_aside

__all__ = ["Gaps", "Layout", "Made", "layout", "make_views", "views_aside"]
