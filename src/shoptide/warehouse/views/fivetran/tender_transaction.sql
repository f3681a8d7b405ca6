SELECT
  t.id,
  t.amount_amount AS amount,
  t.amount_currency AS currency_code,
  NUMBER_OF(t.order_gid) AS order_id,
  t.payment_method,
  t.processed_at,
  t.remote_reference,
  t.test,
  NULL AS user_id  -- Shopify tells staff to few apps
FROM tender_transactions AS t
