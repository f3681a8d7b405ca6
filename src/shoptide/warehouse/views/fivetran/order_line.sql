SELECT
  l.id,
  l.is_gift_card,
  l.name,
  NUMBER_OF(l.order_gid) AS order_id,
  NUMBER_OF(l.product_gid) AS product_id,
  l.quantity,
  l.requires_shipping,
  l.sku,
  l.taxable,
  l.title,
  l.unfulfilled_quantity,
  NUMBER_OF(l.variant_gid) AS variant_id,
  l.variant_title,
  l.vendor,
  MONEY(l.original_total_set),
  MONEY(l.original_unit_price_set),
  MONEY(l.total_discount_set)
FROM order_line_items AS l
