with fields as (
  select {{ shopify.filled(ref('stg_order_tmp'), {
    'id': dbt.type_int(), 'customer_id': dbt.type_int(), 'email': dbt.type_string(), 'created_at': dbt.type_timestamp(),
    'display_financial_status': dbt.type_string(), 'total_price_set_shop_amount': dbt.type_float(), 'test': 'boolean',
    '_fivetran_deleted': 'boolean', 'a_column_of_tomorrow': dbt.type_string()
  }) }}
  from {{ ref('stg_order_tmp') }}
)
select
  id as order_id,
  customer_id,
  lower(email) as email,
  {{ shopify.in_timezone('created_at') }} as created_timestamp,
  lower(display_financial_status) as financial_status,
  total_price_set_shop_amount as total_price,
  a_column_of_tomorrow
from fields
where not coalesce(test, false) and not coalesce(_fivetran_deleted, false)
