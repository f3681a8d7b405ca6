{% set rate = fivetran_utils.json_parse('receipt_json', ['charges', 'data', 0, 'balance_transaction', 'exchange_rate']) %}
select
  id as transaction_id,
  order_id,
  lower(kind) as kind,
  coalesce(cast(nullif({{ rate }}, '') as {{ dbt.type_numeric() }}), 1) * amount_set_shop_amount as amount
from {{ ref('stg_transaction_tmp') }}
where lower(status) = 'success'
