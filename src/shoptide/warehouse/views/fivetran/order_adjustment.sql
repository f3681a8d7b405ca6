-- Shipping that was refunded is no adjustment in GraphQL, but was one in REST, where the sum of an order's adjustments
-- and refund lines is all that went back. A refund that tells it as an adjustment itself has it once.
SELECT
  a.id,
  NUMBER_OF(a.order_refund_gid) AS refund_id,
  a.reason,
  MONEY(a.amount_set),
  MONEY(a.tax_amount_set)
FROM order_refund_adjustments AS a
UNION ALL
SELECT
  s.id,
  NUMBER_OF(s.order_refund_gid) AS refund_id,
  'SHIPPING_REFUND' AS reason,
  -CAST(s.subtotal_amount_set_presentment_amount AS DOUBLE) AS amount_set_pres_amount,
  s.subtotal_amount_set_presentment_currency AS amount_set_pres_currency_code,
  -CAST(s.subtotal_amount_set_amount AS DOUBLE) AS amount_set_shop_amount,
  s.subtotal_amount_set_currency AS amount_set_shop_currency_code,
  -CAST(s.tax_amount_set_presentment_amount AS DOUBLE) AS tax_amount_set_pres_amount,
  s.tax_amount_set_presentment_currency AS tax_amount_set_pres_currency_code,
  -CAST(s.tax_amount_set_amount AS DOUBLE) AS tax_amount_set_shop_amount,
  s.tax_amount_set_currency AS tax_amount_set_shop_currency_code
FROM order_refund_shipping_lines AS s
WHERE NOT EXISTS (
  SELECT 1 FROM order_refund_adjustments AS k
  WHERE k._shop = s._shop
    AND k.order_refund_gid = s.order_refund_gid
    AND k.reason IS NULL
    AND CAST(k.amount_set_amount AS DOUBLE) = -CAST(s.subtotal_amount_set_amount AS DOUBLE)
    AND k._deleted_at IS NULL
)
