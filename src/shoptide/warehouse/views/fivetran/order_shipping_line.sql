SELECT
  s.id,
  s.carrier_identifier,
  s.code,
  s.delivery_category,
  NUMBER_OF(s.order_gid) AS order_id,
  s.phone,
  s.source,
  s.title,
  MONEY(s.discounted_price_set),
  MONEY(s.original_price_set)
FROM order_shipping_lines AS s
