{# Stands where the package's own macros stand: dispatched, without one for DuckDB. #}
{% macro max_columns(source_table_column_count=0, id_column='') %}
  {{ return(adapter.dispatch('max_columns', 'shopify')(source_table_column_count, id_column)) }}
{% endmacro %}

{% macro default__max_columns(source_table_column_count, id_column) %}
  {{ exceptions.raise_compiler_error('no max_columns for ' ~ target.type) }}
{% endmacro %}

{% macro in_timezone(column) %}
  cast(cast({{ column }} as {{ dbt.type_timestamp() }}) at time zone 'UTC' at time zone '{{ var("shopify_timezone") }}'
    as {{ dbt.type_timestamp() }})
{% endmacro %}

{# The columns that a staging model wants, NULL of their type where the source lacks one. #}
{% macro filled(relation, wanted) %}
  {% set there = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list %}
  {% for name, kind in wanted.items() %}
    {% if name in there %}{{ adapter.quote(name) }}{% else %}cast(null as {{ kind }}){% endif %} as {{ name }}
    {%- if not loop.last %},{% endif %}
  {% endfor %}
{% endmacro %}

{# The source's table as it is found in the database: nothing where it is not there. #}
{% macro found(name) %}
  {% set there = adapter.get_relation(
    database=source('shopify_graphql', name).database,
    schema=source('shopify_graphql', name).schema,
    identifier=source('shopify_graphql', name).identifier
  ) %}
  {% if execute and there is none %}{{ exceptions.raise_compiler_error('there is no ' ~ name) }}{% endif %}
  select * from {{ there or source('shopify_graphql', name) }}
{% endmacro %}
