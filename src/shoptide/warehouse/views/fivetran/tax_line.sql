SELECT
  NUMBER_OF(t.order_line_item_gid) AS order_line_id,
  t.position AS index,
  t.rate,
  t.title,
  MONEY(t.price_set)
FROM order_line_item_tax_lines AS t
