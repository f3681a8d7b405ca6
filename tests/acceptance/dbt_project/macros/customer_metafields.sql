{# The metafields that customers have, as columns are named by them. #}
{% macro customer_metafields() %}
  {% set query %}
    select distinct namespace || '_' || key from {{ ref('stg_metafield_tmp') }} where owner_resource = 'customer' order by 1
  {% endset %}
  {{ return(run_query(query).columns[0].values() | list if execute else []) }}
{% endmacro %}
