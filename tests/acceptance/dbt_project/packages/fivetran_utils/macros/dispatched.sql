{% macro json_parse(string, string_path) %}
  {{ adapter.dispatch('json_parse', 'fivetran_utils')(string, string_path) }}
{% endmacro %}

{% macro default__json_parse(string, string_path) %}
  {{ exceptions.raise_compiler_error('no json_parse for ' ~ target.type) }}
{% endmacro %}
