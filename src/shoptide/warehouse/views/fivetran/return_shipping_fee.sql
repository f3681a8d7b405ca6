SELECT
  f.id,
  f.amount_set_presentment_amount AS amount_set_presentment_money_amount,
  f.amount_set_presentment_currency AS amount_set_presentment_money_currency_code,
  f.amount_set_amount AS amount_set_shop_money_amount,
  f.amount_set_currency AS amount_set_shop_money_currency_code,
  NUMBER_OF(f.return_gid) AS return_id
FROM return_shipping_fees AS f
