SELECT
  NUMBER_OF(a.order_line_item_gid) AS order_line_id,
  a.discount_application ->> '$.index' AS discount_application_index,
  MONEY(a.allocated_amount_set),
  a.position AS index
FROM order_line_item_discount_allocations AS a
