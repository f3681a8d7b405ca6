SELECT
  t.id,
  t.authorization_code,
  t.authorization_expires_at,
  t.created_at,
  t.error_code,
  t.gateway,
  t.kind,
  NUMBER_OF(t.order_gid) AS order_id,
  NUMBER_OF(t.parent_transaction_gid) AS parent_id,
  t.payment_details ->> '$.avsResultCode' AS payment_avs_result_code,
  t.payment_details ->> '$.bin' AS payment_credit_card_bin,
  t.payment_details ->> '$.company' AS payment_credit_card_company,
  COALESCE(t.payment_details ->> '$.number', t.account_number) AS payment_credit_card_number,
  t.payment_details ->> '$.cvvResultCode' AS payment_cvv_result_code,
  t.processed_at,
  JSON_TEXT(t.receipt_json) AS receipt_json,
  NULL AS refund_id,  -- known to the refund only, as a connection that costs a request of its own
  NULL AS staff_member_id,  -- Shopify tells staff to few apps
  t.status,
  t.test,
  NULL AS device_id,  -- Shopify tells devices to few apps
  NUMBER_OF(t.currency_exchange_adjustment_gid) AS currency_exchange_id,
  NULL AS currency_exchange_adjustment,  -- the adjustment is read as a reference
  NULL AS currency_exchange_original_amount,  -- the adjustment is read as a reference
  NULL AS currency_exchange_final_amount,  -- the adjustment is read as a reference
  NULL AS currency_exchange_currency,  -- the adjustment is read as a reference
  MONEY(t.amount_set)
FROM order_transactions AS t
