{% set keys = customer_metafields() %}
{% set most = shopify.max_columns(20, 'customer_id') %}
select
  customer.id as customer_id,
  customer.total_spent,
  string_agg(distinct tag.value, ', ') as tags
  {% for key in keys[:most] %}
  , max(case when metafield.namespace || '_' || metafield.key = '{{ key }}' then metafield.value end) as metafield_{{ key }}
  {% endfor %}
from {{ ref('stg_customer_tmp') }} as customer
left join {{ ref('stg_customer_tag_tmp') }} as tag on tag.customer_id = customer.id
left join {{ ref('stg_metafield_tmp') }} as metafield
  on metafield.owner_id = customer.id and lower(metafield.owner_resource) in ('customer')
group by 1, 2
