with lines as (
  select order_id, count(*) as line_item_count, sum(quantity) as quantity from {{ ref('stg_order_line_tmp') }} group by 1
), refunded as (
  select refund.order_id, sum(line.subtotal_set_shop_amount + line.total_tax_set_shop_amount) as amount
  from {{ ref('stg_refund_tmp') }} as refund
  join {{ ref('stg_refund_line_item_tmp') }} as line on line.refund_id = refund.id
  group by 1
), adjusted as (
  select refund.order_id, sum(adjustment.amount_set_shop_amount + adjustment.tax_amount_set_shop_amount) as amount
  from {{ ref('stg_order_adjustment_tmp') }} as adjustment
  join {{ ref('stg_refund_tmp') }} as refund on refund.id = adjustment.refund_id
  group by 1
)
select
  orders.*,
  lines.line_item_count,
  lines.quantity,
  orders.total_price + coalesce(adjusted.amount, 0) - coalesce(refunded.amount, 0) as order_adjusted_total,
  {{ dbt.datediff('cast(orders.created_timestamp as date)', 'current_date', 'day') }} as age_in_days
from {{ ref('stg_order') }} as orders
left join lines on lines.order_id = orders.order_id
left join refunded on refunded.order_id = orders.order_id
left join adjusted on adjusted.order_id = orders.order_id
