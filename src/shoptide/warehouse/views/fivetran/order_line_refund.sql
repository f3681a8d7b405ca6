SELECT
  r.id,
  NUMBER_OF(r.location_gid) AS location_id,
  NUMBER_OF(r.line_item_gid) AS order_line_id,
  r.quantity,
  NUMBER_OF(r.order_refund_gid) AS refund_id,
  r.restocked,
  r.restock_type,
  MONEY(r.price_set),
  MONEY(r.subtotal_set),
  MONEY(r.total_tax_set)
FROM order_refund_line_items AS r
